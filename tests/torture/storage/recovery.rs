//! What a killed batch or a failing disk leaves in the data directory.

use std::fs;

use mungpy::catalogue::DataDir;

use super::{Place, TIDY, names_in, run};

/// A snapshot that sled had begun to write.
const HALF: &str = "snap.00000000FFFFFFFF.generating";

/// Two dogs in store and catalogue, and a snapshot of the store.
fn settled() -> Place {
    let place = Place::with(&["long-nose.jpg", "short-nose.jpg"]);
    assert_eq!(run(&mut place.batch()).report()["enrolled"], 2);
    assert_eq!(run(&mut place.batch()).report()["unchanged"], 2);
    assert!(names_in(&place.data().join("store")).iter().any(|name| name.starts_with("snap.")));
    // What the catalogue knows must not hide what the store has lost.
    fs::remove_file(place.catalogue()).unwrap();
    place
}

#[test]
fn a_half_written_snapshot_costs_nothing() {
    let place = settled();
    for content in [&b""[..], b"half", &[0xff; 4096]] {
        fs::write(place.data().join("store").join(HALF), content).unwrap();
        let report = run(&mut place.batch()).report();
        assert_eq!((&report["enrolled"], &report["unchanged"]), (&0.into(), &2.into()));
    }
    assert!(!names_in(&place.data().join("store")).contains(&HALF.to_owned()));
    assert_eq!(place.names(), TIDY);
}

#[test]
fn a_damaged_snapshot_is_made_anew_from_the_log() {
    let place = settled();
    let store = place.data().join("store");
    let snapshot = names_in(&store).into_iter().find(|name| name.starts_with("snap.")).unwrap();
    fs::write(store.join(&snapshot), b"no snapshot at all, but longer than its checksum").unwrap();
    let ended = run(&mut place.batch());
    let report = ended.report();
    assert_eq!((&report["enrolled"], &report["unchanged"]), (&0.into(), &2.into()));
    assert!(ended.err.contains("store mended from its log"), "{}", ended.err);
    assert_eq!(place.names(), TIDY);
    assert!(names_in(&store).iter().all(|name| !name.starts_with("unused-")));
}

#[test]
fn a_lost_store_is_rebuilt_from_the_catalogue_and_the_version_goes_on() {
    let place = Place::published();
    let before = place.read();
    assert_eq!(run(&mut place.batch()).report()["unchanged"], before.dogs.len());
    for damage in ["gone", "damaged"] {
        let version = place.read().version;
        let store = place.data().join("store");
        if damage == "gone" {
            fs::remove_dir_all(&store).unwrap();
        } else {
            fs::write(store.join("conf"), b"no configuration of sled at all").unwrap();
        }
        let lost = place.source().join(&place.read().dogs[0].image_id);
        fs::remove_file(lost).unwrap();
        let report = run(&mut place.batch()).report();
        assert_eq!((&report["enrolled"], &report["removed"]), (&0.into(), &1.into()), "{damage}");
        assert_eq!(place.read().version, version + 1, "{damage}");
    }
    assert_eq!(place.read().dogs.len(), before.dogs.len() - 2);
}

#[test]
fn the_next_batch_removes_catalogues_that_were_never_published_and_nothing_else() {
    let place = Place::published();
    let litter = [".catalogue-Ab12Cd.partial", ".tmpAb12Cd", ".tmpEf34Gh"];
    let others = [".tmpOthers", ".tmpNotOurs", "notes.txt", ".tmpAb12Ce"];
    fs::write(place.data().join(litter[0]), b"MUNGPY").unwrap();
    fs::write(place.data().join(litter[1]), b"").unwrap();
    fs::write(place.data().join(litter[2]), b"MUNGPY\x00\x01half").unwrap();
    for other in others {
        fs::write(place.data().join(other), b"another program's").unwrap();
    }
    run(&mut place.batch()).report();
    let names = place.names();
    for name in litter {
        assert!(!names.contains(&name.to_owned()), "{name} is left in {names:?}");
    }
    for name in others {
        assert!(names.contains(&name.to_owned()), "{name} was removed");
    }
}

#[test]
fn a_batch_with_too_little_memory_says_so_and_ends() {
    let place = Place::with(&["long-nose.jpg", "short-nose.jpg"]);
    let said = ["MEMORY_SHORT", "FILE_UNUSABLE", "MODEL_UNREADABLE", "MODEL_REJECTED"];
    for mib in [700, 800, 900, 1000] {
        let mut command = super::mungpy(mib << 10);
        command.args(["batch", "--workers", "4", "--source"]).arg(place.source());
        let ended = run(command.arg("--data-dir").arg(place.data()));
        assert_eq!(ended.code, Some(1), "{mib} MiB: {}{}", ended.out, ended.err);
        assert!(said.iter().any(|reason| ended.err.contains(reason)), "{}", ended.err);
    }
}

#[test]
fn a_batch_leaves_a_directory_alone_in_which_another_runs() {
    let place = Place::published();
    let other = DataDir::new(&place.data()).open_store().unwrap();
    let published = fs::read(place.catalogue()).unwrap();
    run(&mut place.batch()).failed_as("STORE_LOCKED");
    assert_eq!(fs::read(place.catalogue()).unwrap(), published);
    drop(other);
    run(&mut place.batch()).report();
}

#[test]
fn a_data_directory_that_is_no_directory_is_said_to_be() {
    let place = Place::with(&["long-nose.jpg"]);
    fs::remove_dir(place.data()).unwrap();
    fs::write(place.data(), b"a file").unwrap();
    run(&mut place.batch()).failed_as("DATA_DIR_UNUSABLE");
    // No right to write can be taken from root, but this folder takes no files from anyone.
    run(&mut super::batch(&place.source(), "/proc/self".as_ref())).failed_as("DATA_DIR_UNUSABLE");
}
