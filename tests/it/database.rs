//! Dogs listed by a real PostgreSQL server, started anew for each test.

use std::{
    fs,
    net::TcpListener,
    os::unix::fs::chown,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use mungpy::catalogue::{Catalogue, DataDir};
use mungpy_core::reason::{Reason, WithReason};
use mungpy_core::temperament::Questionnaire;
use mungpy_source::{DogSource, ListRequest, Listing, PhotoPlace, PostgresSource, SourceError};

use crate::common::data;

const PASSWORD: &str = "wuff-wuff";

/// A table like a real backend's: numeric ids, Korean words, and columns that do not concern
/// Mungpy.
const ANIMALS: &str = "
    CREATE TABLE animals (id integer, file text, energy text, phone text);
    INSERT INTO animals VALUES
        (7, 'long-nose.jpg', '방콕러', '02-000-0000'),
        (12, 'wide-eyes.jpg', 'energetic', NULL),
        (12, 'round-eyes.jpg', NULL, NULL),
        (13, NULL, NULL, NULL),
        (14, '../secret.jpg', NULL, NULL),
        (15, 'small-nose.jpg', 'sleepy', NULL),
        (NULL, 'small-eyes.jpg', NULL, NULL);";
const QUERY: &str = "SELECT id AS dog_id, file AS photo, energy, phone FROM animals ORDER BY file";

/// A PostgreSQL server from Debian's package on a free port, with TLS.
struct Server {
    folder: tempfile::TempDir,
    port: u16,
    process: Child,
}

impl Server {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        if let Some(postgres) = postgres_user() {
            chown(root, Some(postgres), None).unwrap();
        }
        fs::write(root.join("password"), PASSWORD).unwrap();
        let cluster = root.join("cluster");
        succeed(program("initdb").args(["--auth=scram-sha-256", "--username=mungpy"]).args([
            "-D".as_ref(),
            cluster.as_os_str(),
            "--pwfile".as_ref(),
            root.join("password").as_os_str(),
        ]));
        certify(root);
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let process = program("postgres")
            .args(["-D".as_ref(), cluster.as_os_str(), "-k".as_ref(), root.as_os_str()])
            .args(["-p", &port.to_string(), "-c", "listen_addresses=127.0.0.1", "-c", "ssl=on"])
            .args(["-c", &format!("ssl_cert_file={}", root.join("server.crt").display())])
            .args(["-c", &format!("ssl_key_file={}", root.join("server.key").display())])
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let server = Self { folder, port, process };
        server.fill();
        server
    }

    fn url(&self, password: &str, sslmode: &str) -> String {
        format!("postgres://mungpy:{password}@localhost:{}/postgres?sslmode={sslmode}", self.port)
    }

    /// Waits until the server responds and creates the table.
    fn fill(&self) {
        let begun = Instant::now();
        let mut client = loop {
            match postgres::Client::connect(&self.url(PASSWORD, "disable"), postgres::NoTls) {
                Ok(client) => break client,
                Err(error) if begun.elapsed() > Duration::from_secs(60) => panic!("{error}"),
                Err(_) => thread::sleep(Duration::from_millis(100)),
            }
        };
        client.batch_execute(ANIMALS).unwrap();
    }

    fn list(&self, password: &str, query: &str) -> Result<Listing, SourceError> {
        PostgresSource::new(&self.url(password, "disable"), query, &data("dogs"))?
            .list(&ListRequest::all(&Questionnaire::default()))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // On SIGINT the server ends its sessions and then exits.
        let _ = Command::new("kill").args(["-INT", &self.process.id().to_string()]).status();
        let _ = self.process.wait();
    }
}

/// The user `postgres`, under which the server runs if the tests run as root, because it refuses to
/// run as root.
fn postgres_user() -> Option<u32> {
    let id = |arguments: &[&str]| {
        let output = Command::new("id").args(arguments).output().unwrap();
        String::from_utf8(output.stdout).unwrap().trim().parse::<u32>().ok()
    };
    if id(&["-u"]) == Some(0) { id(&["-u", "postgres"]) } else { None }
}

fn program(name: &str) -> Command {
    let installed = fs::read_dir("/usr/lib/postgresql").into_iter().flatten();
    let path = installed
        .filter_map(|version| Some(version.ok()?.path().join("bin").join(name)))
        .find(|path| path.exists())
        .unwrap_or_else(|| PathBuf::from(name));
    match postgres_user() {
        Some(user) => {
            let mut command = Command::new("setpriv");
            command.args(["--reuid", &user.to_string(), "--clear-groups"]).arg(path);
            command
        }
        None => Command::new(path),
    }
}

fn succeed(command: &mut Command) {
    let output = command.output().expect("the package postgresql is installed");
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {error}");
}

/// A self-signed certificate for localhost.
fn certify(folder: &Path) {
    let mut openssl = Command::new("openssl");
    openssl.current_dir(folder).args("req -x509 -nodes -newkey rsa:2048 -days 2".split(' '));
    openssl.args("-keyout server.key -out server.crt -subj /CN=localhost".split(' '));
    openssl
        .args("-addext subjectAltName=DNS:localhost -addext basicConstraints=CA:FALSE".split(' '));
    succeed(&mut openssl);
    if let Some(postgres) = postgres_user() {
        chown(folder.join("server.key"), Some(postgres), None).unwrap();
    }
}

/// Runs `mungpy batch` with the composites as photos; the error is its standard error.
fn batch(server: &Server, url: &str, data_dir: &Path, authorities: &Path) -> Result<(), String> {
    let output = Command::new(env!("CARGO_BIN_EXE_mungpy"))
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .args(["batch", "--query", QUERY, "--source"])
        .arg(data("dogs"))
        .env("MUNGPY_DATABASE", url)
        .env("MUNGPY_DATA_DIR", data_dir)
        .env("SSL_CERT_FILE", server.folder.path().join(authorities))
        .output()
        .unwrap();
    let error = String::from_utf8(output.stderr).unwrap();
    if output.status.success() { Ok(()) } else { Err(error) }
}

#[test]
fn a_query_lists_dogs_with_photos_and_traits_and_its_faults() {
    let server = Server::start();
    let listing = server.list(PASSWORD, QUERY).unwrap();
    let dogs: Vec<_> = listing.dogs.iter().map(|dog| (&*dog.dog_id, dog.photos.len())).collect();
    assert_eq!(dogs, [("12", 2), ("15", 1), ("7", 1)]);
    assert_eq!(listing.dogs[2].traits["energy"], "homebody", "Korean words are understood");
    assert_eq!(listing.dogs[2].photos[0].place, PhotoPlace::File(data("dogs/long-nose.jpg")));
    let mut faults: Vec<_> =
        listing.faults.iter().map(|fault| (&*fault.dog_id, fault.reason)).collect();
    faults.sort_unstable();
    let expected = [
        ("13", Reason::DogWithoutPhoto),
        ("14", Reason::PhotoUnreadable),
        ("15", Reason::UnknownSide),
        ("row 4", Reason::DogIdInvalid),
    ];
    assert_eq!(faults, expected);
}

#[test]
fn what_the_database_refuses_is_said_without_the_password() {
    let server = Server::start();
    let refused = |password, query| {
        let error = server.list(password, query).unwrap_err();
        assert_eq!(error.reason(), Reason::SourceDatabaseFailed);
        assert!(!error.to_string().contains(password), "{error}");
        error.to_string()
    };
    assert!(refused("not-the-password", QUERY).contains("password authentication failed"));
    assert!(refused(PASSWORD, "SELECT 1 AS dog_id").contains("photo"));
    assert!(refused(PASSWORD, PostgresSource::QUERY).contains("\"dogs\" does not exist"));
    let write = "DELETE FROM animals RETURNING id AS dog_id, file AS photo";
    assert!(refused(PASSWORD, write).contains("read-only"));
    assert_eq!(server.list(PASSWORD, QUERY).unwrap().dogs.len(), 3, "nothing was deleted");
}

#[test]
fn a_batch_over_tls_enrols_the_dogs_of_a_server_that_is_trusted() {
    let server = Server::start();
    let folder = tempfile::tempdir().unwrap();
    let url = server.url(PASSWORD, "require");
    let error = batch(&server, &url, folder.path(), "password".as_ref()).unwrap_err();
    assert!(
        error.contains("SOURCE_DATABASE_FAILED") && error.contains("invalid peer certificate"),
        "{error}"
    );
    batch(&server, &url, folder.path(), "server.crt".as_ref()).unwrap();
    let catalogue = Catalogue::read(&DataDir::new(folder.path()).catalogue_path()).unwrap();
    let ids: Vec<_> = catalogue.dogs.iter().map(|dog| &*dog.dog_id).collect();
    assert_eq!(ids, ["12", "15", "7"]);
}
