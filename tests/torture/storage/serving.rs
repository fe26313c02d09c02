//! Servers beside a batch: what they load, what they refuse, and who may read it.

use std::{
    fs::{self, Permissions},
    io::{BufRead, BufReader},
    os::unix::fs::PermissionsExt,
    process::{Child, Command, Stdio},
    sync::{Arc, mpsc},
    thread,
    time::Duration,
};

use mungpy::{catalogue::Catalogue, service::LiveCatalogue};
use mungpy_core::{
    reason::{Reason, WithReason},
    resemblance::PersonEstimator,
    temperament::Questionnaire,
};

use super::{Place, run};
use crate::common;

/// A server that checks the models, as `mungpy serve` does.
fn live(place: &Place) -> Arc<LiveCatalogue> {
    let persons = PersonEstimator::shipped().population;
    let live = LiveCatalogue::new(place.catalogue(), Questionnaire::default(), persons);
    Arc::new(live.of_models(common::dog_models()))
}

fn catalogue(version: u64, model_version: &str) -> Catalogue {
    let model_version = model_version.to_owned();
    Catalogue { version, model_version, ..common::composite_catalogue() }
}

#[test]
fn others_may_read_a_catalogue_as_the_umask_says() {
    for (umask, expected) in [("022", 0o644), ("027", 0o640), ("077", 0o600)] {
        let place = Place::with(&["long-nose.jpg"]);
        fs::remove_file(place.source().join("long-nose.jpg")).unwrap();
        let batch = place.batch();
        let mut command = Command::new("bash");
        command.args(["-c", &format!("umask {umask}; exec \"$@\""), "masked"]);
        command.arg(batch.get_program()).args(batch.get_args());
        command.current_dir(env!("CARGO_MANIFEST_DIR"));
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        run(&mut command).report();
        let mode = fs::metadata(place.catalogue()).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, expected, "umask {umask}");
    }
}

#[test]
fn a_catalogue_of_other_models_or_of_another_layout_is_not_served() {
    let place = Place::with(&[]);
    let live = live(&place);
    catalogue(1, &common::dog_models()).publish(&place.catalogue()).unwrap();
    assert_eq!(live.load().unwrap().version, 1);
    catalogue(2, "some-detector@12345678+v7").publish(&place.catalogue()).unwrap();
    let error = live.load().err().unwrap();
    assert_eq!(error.reason(), Reason::CatalogueOfOtherModels);
    for part in ["some-detector@12345678+v7", &common::dog_models(), "mungpy batch"] {
        assert!(error.to_string().contains(part), "no {part} in {error}");
    }
    fs::write(place.catalogue(), b"MUNGPY\x00\x07whatever").unwrap();
    assert_eq!(live.load().err().unwrap().reason(), Reason::CatalogueLayoutUnknown);
    assert_eq!(live.current().unwrap().version, 1, "it goes on with what it has");
    catalogue(3, &common::dog_models()).publish(&place.catalogue()).unwrap();
    assert_eq!(live.load().unwrap().version, 3);
}

#[test]
fn a_match_from_the_data_directory_refuses_other_models_as_well() {
    let place = Place::with(&[]);
    catalogue(1, "some-detector@12345678+v7").publish(&place.catalogue()).unwrap();
    let mut command = super::mungpy(super::MEMORY_KIB);
    command.arg("--data-dir").arg(place.data()).arg("match");
    run(command.arg(common::data("persons/wide-set-eyes.jpg")))
        .failed_as("CATALOGUE_OF_OTHER_MODELS");
}

/// A server whose log is read line by line.
struct Server {
    child: Child,
    log: mpsc::Receiver<String>,
}

impl Server {
    fn start(place: &Place) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_mungpy"));
        command.current_dir(env!("CARGO_MANIFEST_DIR")).args(["serve", "--workers", "1"]);
        command.args(["--listen", "127.0.0.1:0", "--data-dir"]).arg(place.data());
        let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let (told, log) = mpsc::channel();
        thread::spawn(move || lines.map_while(Result::ok).try_for_each(|line| told.send(line)));
        Self { child, log }
    }

    /// Waits for a line with `text`; returns how many lines with `counted` came before it.
    fn says(&self, text: &str, counted: &str) -> usize {
        let mut count = 0;
        loop {
            let line = self.log.recv_timeout(super::PATIENCE).expect("the server says it in time");
            if line.contains(text) {
                return count;
            }
            count += usize::from(line.contains(counted));
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn a_server_tries_again_and_says_each_fault_once() {
    let place = Place::with(&[]);
    // A folder cannot be read as a file by anyone, root included.
    fs::create_dir(place.catalogue()).unwrap();
    let server = Server::start(&place);
    server.says("catalogue not loaded", "catalogue loaded");
    // It changes without being mended, and is not told again.
    for number in 0..3 {
        fs::write(place.catalogue().join(number.to_string()), b"x").unwrap();
        thread::sleep(Duration::from_millis(1100));
    }
    fs::remove_dir_all(place.catalogue()).unwrap();
    catalogue(1, &common::dog_models()).publish(&place.catalogue()).unwrap();
    assert_eq!(server.says("catalogue loaded", "catalogue not loaded"), 0);
    catalogue(2, "other models").publish(&place.catalogue()).unwrap();
    server.says("CATALOGUE_OF_OTHER_MODELS", "catalogue loaded");
    catalogue(3, &common::dog_models()).publish(&place.catalogue()).unwrap();
    server.says("catalogue loaded", "catalogue not loaded");
}

#[test]
fn a_catalogue_becomes_readable_without_being_replaced() {
    let place = Place::with(&[]);
    catalogue(1, &common::dog_models()).publish(&place.catalogue()).unwrap();
    fs::set_permissions(place.catalogue(), Permissions::from_mode(0o000)).unwrap();
    if fs::read(place.catalogue()).is_ok() {
        eprintln!("left out: root may read everything");
        return;
    }
    let server = Server::start(&place);
    server.says("catalogue not loaded", "catalogue loaded");
    fs::set_permissions(place.catalogue(), Permissions::from_mode(0o644)).unwrap();
    server.says("catalogue loaded", "catalogue not loaded");
}
