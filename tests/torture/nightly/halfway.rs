//! Sources that die while they list their dogs. Nothing is removed, the run says why, and the next
//! one that hears all is as good as if nothing had been.

use std::{collections::HashMap, fs, sync::Arc};

use super::server::Reply;
use super::{LIST, Night, Timeless, days::Shelter, is_tidy, reasons, seed};
use crate::storage::run;

/// Half of a list, and of its line in the middle.
fn middle(list: &[u8]) -> usize {
    let lines = list.split_inclusive(|byte| *byte == b'\n');
    let mut lines = lines.collect::<Vec<_>>();
    lines.truncate(lines.len() / 2);
    lines.iter().map(|line| line.len()).sum::<usize>() + 30
}

/// The ways in which a list breaks off, with the reasons that are told.
fn deaths(list: &[u8]) -> Vec<(&'static str, Reply, &'static str)> {
    let whole = Arc::new(list.to_vec());
    let cut = middle(list);
    let at_line = cut - 30;
    let short = |announced, sent| Reply::Short { body: Arc::clone(&whole), announced, sent };
    vec![
        ("cut in a line", short(list.len(), cut), "SOURCE_UNREACHABLE"),
        ("cut between lines", short(list.len(), at_line), "SOURCE_UNREACHABLE"),
        ("nothing of it comes", short(list.len(), 0), "SOURCE_UNREACHABLE"),
        (
            "more is announced than there is",
            short(list.len() + 9, list.len()),
            "SOURCE_UNREACHABLE",
        ),
        ("less is announced", short(cut, cut), "SOURCE_MALFORMED"),
        ("nothing is announced", Reply::Unannounced(list[..cut].to_vec()), "SOURCE_MALFORMED"),
        (
            "the last chunk is missing",
            Reply::Unfinished(list[..at_line].to_vec()),
            "SOURCE_UNREACHABLE",
        ),
        ("500", Reply::Status(500), "SOURCE_UNREACHABLE"),
        ("404", Reply::Status(404), "SOURCE_UNREACHABLE"),
        ("403", Reply::Status(403), "SOURCE_REFUSED"),
        ("204", Reply::Status(204), "SOURCE_UNREACHABLE"),
        ("hung up", Reply::Dropped, "SOURCE_UNREACHABLE"),
        ("emptied", Reply::of("[]"), "SOURCE_EMPTY"),
    ]
}

fn with(replies: &HashMap<String, Reply>, list: &str, reply: Reply) -> HashMap<String, Reply> {
    let mut replies = replies.clone();
    replies.insert(list.to_owned(), reply);
    replies
}

#[test]
fn a_source_that_dies_halfway_removes_nothing() {
    let seed = seed();
    let night = Night::new();
    let mut shelter = Shelter::open(seed, "photos");
    let yesterday = shelter.replies(LIST);
    night.answer(yesterday);
    run(&mut night.batch("disturbed")).report();
    run(&mut night.batch("undisturbed")).report();
    shelter.sleep();
    let today = shelter.replies(LIST);
    let published = fs::read(night.catalogue("disturbed")).unwrap();
    for (death, reply, reason) in deaths(&shelter.manifest()) {
        night.answer(with(&today, LIST, reply));
        let ended = run(night.batch("disturbed").args(["--fetch-attempts", "1"]));
        assert_eq!(ended.code, Some(1), "{death}: {}; seed {seed}", ended.out);
        assert!(ended.err.contains(&format!("[{reason}]")), "{death}: {}; seed {seed}", ended.err);
        let now = fs::read(night.catalogue("disturbed")).unwrap();
        assert_eq!(now, published, "{death}; seed {seed}");
        let history = fs::read_to_string(night.data("disturbed").join("runs.jsonl")).unwrap();
        let last = history.lines().last().unwrap();
        assert!(last.contains(reason), "{death}: {last}");
    }
    night.answer(today);
    for data in ["disturbed", "undisturbed"] {
        run(&mut night.batch(data)).report();
        is_tidy(&night.data(data));
    }
    let [found, expected] = ["disturbed", "undisturbed"].map(|data| Timeless::of(night.read(data)));
    assert_eq!(found.difference(&expected), "", "seed {seed}");
}

#[test]
fn a_list_that_ends_between_two_lines_is_held_back_by_its_size() {
    let night = Night::new();
    night.list_from(&[("shelter", LIST)], "");
    let replies = night.publish_composites("data", "shelter");
    let published = fs::read(night.catalogue("data")).unwrap();
    let Reply::Whole(list) = replies[LIST].clone() else { unreachable!() };
    let lines: Vec<&[u8]> = list.split_inclusive(|byte| *byte == b'\n').collect();
    // Nobody can tell such a list from one that is whole.
    let cut = Reply::Unannounced(lines[..5].concat());
    night.answer(with(&replies, LIST, cut));
    run(&mut night.batch("data")).failed_as("CATALOGUE_SHRINKS");
    assert_eq!(fs::read(night.catalogue("data")).unwrap(), published);
    night.answer(replies);
    let report = run(&mut night.batch("data")).report();
    assert_eq!((&report["dogs"], &report["removed"]), (&lines.len().into(), &0.into()));
}

#[test]
fn of_two_sources_the_one_that_lives_is_followed_and_the_other_keeps_its_dogs() {
    const OTHER: &str = "/other.jsonl";
    let seed = seed();
    let night = Night::new();
    night.list_from(&[("north", LIST), ("south", OTHER)], "max_loss = 1.0\n");
    let with_prefix = fs::read_to_string(night.config()).unwrap();
    let with_prefix = with_prefix.replace("name = \"south\"", "name = \"south\"\nprefix = \"s-\"");
    fs::write(night.config(), with_prefix).unwrap();
    let mut north = Shelter::open(seed, "north");
    let mut south = Shelter::open(seed.wrapping_add(1), "south");
    let replies = |north: &Shelter, south: &Shelter| {
        let mut replies = north.replies(LIST);
        replies.extend(south.replies(OTHER));
        replies
    };
    night.answer(replies(&north, &south));
    run(&mut night.batch("disturbed")).report();
    run(&mut night.batch("undisturbed")).report();
    let before = Timeless::of(night.read("disturbed"));
    let of = |catalogue: &Timeless, source: &str| {
        let dogs = catalogue.dogs.iter().filter(|dog| dog.source == source);
        let timeless = |dog: &mungpy::catalogue::DogRecord| {
            (dog.dog_id.clone(), dog.measurement, dog.attributes.clone())
        };
        dogs.map(timeless).collect::<Vec<_>>()
    };
    for (death, reply, reason) in deaths(&south.manifest()) {
        north.sleep();
        south.sleep();
        let today = replies(&north, &south);
        night.answer(with(&today, OTHER, reply));
        let report = run(night.batch("disturbed").args(["--fetch-attempts", "1"])).report();
        assert_eq!(reasons(&report, "source south"), [reason], "{death}: {report}; seed {seed}");
        let found = Timeless::of(night.read("disturbed"));
        assert_eq!(of(&found, "south"), of(&before, "south"), "{death}; seed {seed}");
        night.answer(today);
        run(&mut night.batch("undisturbed")).report();
        let whole = Timeless::of(night.read("undisturbed"));
        assert_eq!(of(&found, "north"), of(&whole, "north"), "{death}; seed {seed}");
    }
    run(&mut night.batch("disturbed")).report();
    let [found, expected] = ["disturbed", "undisturbed"].map(|data| Timeless::of(night.read(data)));
    assert_eq!(found.difference(&expected), "", "seed {seed}");
}
