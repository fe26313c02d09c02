//! The batch that stays and runs at its fixed time, and the commands around it.

use std::{
    fs,
    io::{BufRead, BufReader, Lines},
    path::Path,
    process::{Child, ChildStderr, Command, Stdio},
};

use mungpy::{
    batch::{History, RunEnd},
    catalogue::{Catalogue, DataDir},
};
use serde_json::Value;

use crate::{
    commands::{mungpy, run},
    common::data,
};

/// A folder of one dog.
fn shelter() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::copy(data("dogs/long-nose.jpg"), folder.path().join("bori.jpg")).unwrap();
    folder
}

/// A process that stays, and its log.
pub(crate) struct Daemon {
    pub(crate) child: Child,
    log: Lines<BufReader<ChildStderr>>,
}

impl Daemon {
    pub(crate) fn start(command: &mut Command) -> Self {
        Self::start_as_set(command.env("MUNGPY_LOG", "info"))
    }

    /// The same with the log filter that its settings name.
    pub(crate) fn start_as_set(command: &mut Command) -> Self {
        let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
        let log = BufReader::new(child.stderr.take().unwrap()).lines();
        Self { child, log }
    }

    /// Reads the log up to a line that holds the text, and returns the line.
    pub(crate) fn read_to(&mut self, text: &str) -> String {
        self.lines_to(text).pop().unwrap()
    }

    /// The same with all lines before.
    pub(crate) fn lines_to(&mut self, text: &str) -> Vec<String> {
        let mut seen = Vec::new();
        for line in self.log.by_ref() {
            let line = line.unwrap();
            let is_found = line.contains(text);
            seen.push(line);
            if is_found {
                return seen;
            }
        }
        panic!("no {text:?} in {seen:#?}");
    }

    pub(crate) fn signal(&self, name: &str) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args([name, &pid]).status().unwrap().success());
    }
}

/// A test that fails leaves no process behind.
impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn dogs(data_dir: &Path) -> usize {
    Catalogue::read(&DataDir::new(data_dir).catalogue_path()).unwrap().dogs.len()
}

#[test]
fn a_daemon_runs_at_once_and_on_demand_and_stops_when_asked() {
    let (folder, shelter) = (tempfile::tempdir().unwrap(), shelter());
    let mut command = mungpy(folder.path());
    command.args(["batch", "--daemon", "--schedule", "0 3 * * *", "--source"]).arg(shelter.path());
    let mut daemon = Daemon::start(&mut command);
    daemon.read_to("batch ended");
    assert_eq!(dogs(folder.path()), 1, "a new installation does not wait for the night");
    daemon.read_to("the batch waits");
    fs::copy(data("dogs/short-nose.jpg"), shelter.path().join("kong.jpg")).unwrap();
    daemon.signal("-USR1");
    assert!(daemon.read_to("batch begins").contains("on demand"));
    daemon.read_to("the batch waits");
    assert_eq!(dogs(folder.path()), 2);
    daemon.signal("-TERM");
    assert_eq!(daemon.child.wait().unwrap().code(), Some(0));
    let runs = History::of(&DataDir::new(folder.path())).read().unwrap();
    let ends: Vec<_> = runs.iter().map(|run| run.end.unwrap()).collect();
    assert_eq!(ends, [RunEnd::Published, RunEnd::Published]);
    assert_eq!(runs[1].trigger, "on demand");
    let (_, out, _) = run(mungpy(folder.path()).args(["batch", "history", "--json"]));
    let last: Value = serde_json::from_str(out.lines().last().unwrap()).unwrap();
    assert_eq!((&last["end"], &last["dogs"]), (&"published".into(), &2.into()));
}

#[test]
fn a_server_runs_the_batch_beside_itself_and_serves_what_it_publishes() {
    let (folder, shelter) = (tempfile::tempdir().unwrap(), shelter());
    let mut command = mungpy(folder.path());
    command.args(["serve", "--batch", "--listen", "127.0.0.1:0"]);
    command.env("MUNGPY_SOURCE", shelter.path());
    let mut server = Daemon::start(&mut command);
    let line = server.read_to("catalogue loaded");
    assert!(line.contains("dogs=1"), "{line}");
    server.signal("-TERM");
    assert_eq!(server.child.wait().unwrap().code(), Some(0));
}

#[test]
fn a_server_that_is_stopped_in_the_middle_of_a_batch_ends_well() {
    let (folder, shelter) = (tempfile::tempdir().unwrap(), shelter());
    for number in 0..200 {
        let copy = shelter.path().join(format!("{number}.jpg"));
        fs::copy(shelter.path().join("bori.jpg"), copy).unwrap();
    }
    let mut command = mungpy(folder.path());
    command.args(["serve", "--batch", "--listen", "127.0.0.1:0"]);
    command.env("MUNGPY_SOURCE", shelter.path());
    let mut server = Daemon::start(&mut command);
    server.read_to("batch begins");
    std::thread::sleep(std::time::Duration::from_millis(300));
    server.signal("-TERM");
    server.read_to("batch stopped");
    assert_eq!(server.child.wait().unwrap().code(), Some(0));
    let run = History::of(&DataDir::new(folder.path())).read().unwrap().pop().unwrap();
    assert_eq!(run.end, Some(RunEnd::Cancelled));
}

#[test]
fn a_schedule_or_source_that_is_wrong_is_told_before_the_night() {
    let folder = tempfile::tempdir().unwrap();
    let refused = |arguments: &[&str]| {
        let mut command = mungpy(folder.path());
        let (output, _, err) = run(command.args(["batch", "--daemon"]).args(arguments));
        assert_eq!(output.status.code(), Some(1));
        err
    };
    let source = ["--source", "tests/data/dogs"];
    let wrong = refused(&[&source[..], &["--schedule", "0 25 * * *"]].concat());
    assert!(wrong.contains("[CONFIG_INVALID]"), "{wrong}");
    let nowhere = refused(&[&source[..], &["--time-zone", "Asia/Atlantis"]].concat());
    assert!(nowhere.contains("Asia/Atlantis"), "{nowhere}");
    let config = folder.path().join("mungpy.toml");
    fs::write(&config, "[[source]]\nkind = \"korea\"\n").unwrap();
    let keyless = refused(&["--config", config.to_str().unwrap()]);
    assert!(keyless.contains("MUNGPY_KOREA_SERVICE_KEY"), "{keyless}");
}

#[test]
fn a_plan_changes_nothing_and_the_catalogue_can_be_looked_into() {
    let (folder, shelter) = (tempfile::tempdir().unwrap(), shelter());
    let source = || {
        let mut command = mungpy(folder.path());
        command.args(["batch", "--json", "--source"]).arg(shelter.path());
        command
    };
    let (_, out, _) = run(source().arg("--dry-run"));
    let plan: Value = serde_json::from_str(&out).unwrap();
    assert_eq!((&plan["listed"], &plan["new"]), (&1.into(), &1.into()));
    assert!(!DataDir::new(folder.path()).catalogue_path().exists());
    run(&mut source());
    let catalogue =
        |arguments: &[&str]| run(mungpy(folder.path()).arg("catalogue").args(arguments));
    assert!(catalogue(&["list"]).1.starts_with("bori "));
    let shown: Value = serde_json::from_str(&catalogue(&["show", "bori"]).1).unwrap();
    assert_eq!(shown["landmarks"].as_array().unwrap().len(), 16);
    assert!(catalogue(&["show", "kong"]).2.contains("[DOG_UNKNOWN]"));
    let exported = folder.path().join("export.jsonl");
    let file = exported.to_str().unwrap();
    catalogue(&["export", "--to", file]);
    fs::remove_file(shelter.path().join("bori.jpg")).unwrap();
    let (output, _, err) = run(&mut source());
    assert!(!output.status.success() && err.contains("[SOURCE_EMPTY]"), "{err}");
    run(source().arg("--allow-removals"));
    assert_eq!(dogs(folder.path()), 0);
    assert!(catalogue(&["import", file]).1.contains("imported 1 dogs as version 3"));
    let stats: Value = serde_json::from_str(&catalogue(&["stats", "--json"]).1).unwrap();
    assert_eq!((&stats["dogs"], &stats["version"]), (&1.into(), &3.into()));
    fs::write(&exported, fs::read_to_string(&exported).unwrap().replace("bori", "nobody")).unwrap();
    let (output, _, err) = catalogue(&["import", file]);
    assert!(!output.status.success() && err.contains("[IMPORT_MALFORMED]"), "{err}");
    assert_eq!(dogs(folder.path()), 1);
}
