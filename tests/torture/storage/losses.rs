//! Sources that broke overnight: the catalogue of yesterday is better than that of today.

use std::{fs, path::PathBuf};

use super::{Place, mkfifo, run};

fn photos(place: &Place) -> Vec<PathBuf> {
    mungpy_source::photos_in(&place.source()).unwrap()
}

#[test]
fn truncated_photos_neither_empty_the_catalogue_nor_cost_what_was_measured() {
    let place = Place::published();
    run(&mut place.batch()).report();
    let published = fs::read(place.catalogue()).unwrap();
    let dogs = place.read().dogs.len();
    let mut sound = Vec::new();
    for photo in photos(&place) {
        sound.push((photo.clone(), fs::read(&photo).unwrap()));
        fs::write(&photo, b"").unwrap();
    }
    for night in 1..=2 {
        let ended = run(&mut place.batch());
        ended.failed_as("CATALOGUE_SHRINKS");
        let told = format!("of {dogs} dogs {dogs} would be lost (0 are no longer listed, {dogs}");
        assert!(ended.err.contains(&told), "night {night}: {}", ended.err);
        assert!(ended.err.contains("PHOTO_EMPTY"), "{}", ended.err);
        assert!(ended.err.contains("--max-loss"), "{}", ended.err);
        assert_eq!(fs::read(place.catalogue()).unwrap(), published);
    }
    for (photo, bytes) in sound {
        fs::write(photo, bytes).unwrap();
    }
    // Not even the catalogue is needed: the store has forgotten nothing.
    fs::remove_file(place.catalogue()).unwrap();
    let report = run(&mut place.batch()).report();
    assert_eq!((&report["enrolled"], &report["unchanged"]), (&0.into(), &dogs.into()));
}

#[test]
fn most_dogs_go_only_if_the_operator_says_so() {
    let place = Place::published();
    run(&mut place.batch()).report();
    let published = fs::read(place.catalogue()).unwrap();
    let photos = photos(&place);
    photos[1..].iter().for_each(|photo| fs::remove_file(photo).unwrap());
    run(&mut place.batch()).failed_as("CATALOGUE_SHRINKS");
    run(place.batch().args(["--max-loss", "0.9"])).failed_as("CATALOGUE_SHRINKS");
    assert_eq!(fs::read(place.catalogue()).unwrap(), published);
    let report = run(place.batch().args(["--max-loss", "0.95"])).report();
    assert_eq!((&report["removed"], &report["dogs"]), (&(photos.len() - 1).into(), &1.into()));
    fs::remove_file(&photos[0]).unwrap();
    run(&mut place.batch()).failed_as("SOURCE_EMPTY");
    let report = run(place.batch().arg("--allow-empty")).report();
    assert_eq!((&report["removed"], &report["dogs"]), (&1.into(), &0.into()));
}

#[test]
fn a_lost_store_does_not_disarm_the_guard() {
    let place = Place::published();
    for photo in photos(&place) {
        fs::write(photo, b"").unwrap();
    }
    run(&mut place.batch()).failed_as("CATALOGUE_SHRINKS");
    for photo in photos(&place) {
        fs::remove_file(photo).unwrap();
    }
    run(&mut place.batch()).failed_as("SOURCE_EMPTY");
}

#[test]
fn a_dog_measured_by_older_models_is_not_published_among_others() {
    let place = Place::published();
    let mut catalogue = place.read();
    let dog = &mut catalogue.dogs[0];
    dog.model_version = "older models".to_owned();
    let (dog_id, photo) = (dog.dog_id.clone(), place.source().join(&dog.image_id));
    catalogue.publish(&place.catalogue()).unwrap();
    fs::remove_file(&photo).unwrap();
    mkfifo(&photo);
    let report = run(&mut place.batch()).report();
    assert_eq!(report["refusals"][0]["reason"], "PHOTO_UNREADABLE");
    assert!(!place.ids().contains(&dog_id));
    // It comes back as soon as its photo can be read again.
    fs::remove_file(&photo).unwrap();
    place.add(photo.file_name().unwrap().to_str().unwrap());
    assert_eq!(run(&mut place.batch()).report()["enrolled"], 1);
    assert!(place.ids().contains(&dog_id));
}

#[test]
fn a_small_shelter_may_have_a_good_day() {
    let place = Place::published();
    let photos = photos(&place);
    photos[6..].iter().for_each(|photo| fs::remove_file(photo).unwrap());
    run(place.batch().args(["--max-loss", "1"])).report();
    photos[1..6].iter().for_each(|photo| fs::remove_file(photo).unwrap());
    assert_eq!(run(&mut place.batch()).report()["removed"], 5, "5 of 6 dogs found a home");
}

#[test]
fn a_share_that_is_none_is_refused() {
    let place = Place::with(&[]);
    for share in ["1.5", "-1", "NaN", "many"] {
        let ended = run(place.batch().arg(format!("--max-loss={share}")));
        assert_eq!(ended.code, Some(2), "{share}: {}", ended.err);
    }
    let config = place.root().join("mungpy.toml");
    fs::write(&config, "[batch]\nmax_loss = 50\n").unwrap();
    run(place.batch().arg("--config").arg(&config)).failed_as("CONFIG_INVALID");
}
