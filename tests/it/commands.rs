//! The commands as users run them.

use std::{
    fs,
    io::{BufRead, BufReader, Write},
    net::TcpListener,
    path::Path,
    process::{Child, Command, Output, Stdio},
    thread,
};

use mungpy::catalogue::DataDir;
use serde_json::Value;

use crate::common::{composite_catalogue, data, shared};

const PERSON: &str = "persons/wide-set-eyes.jpg";

/// The command, isolated from the environment of the tests.
pub(crate) fn mungpy(data_dir: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mungpy"));
    command
        .env("MUNGPY_DATA_DIR", data_dir)
        .env_remove("MUNGPY_MODELS")
        .env_remove("MUNGPY_CONFIG");
    command.current_dir(env!("CARGO_MANIFEST_DIR"));
    command
}

pub(crate) fn run(command: &mut Command) -> (Output, String, String) {
    let output = command.output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    let (out, err) = (text(&output.stdout), text(&output.stderr));
    (output, out, err)
}

/// A data directory with a published catalogue of the composite dogs.
fn published() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    composite_catalogue().publish(&DataDir::new(folder.path()).catalogue_path()).unwrap();
    folder
}

/// Width and height of a PNG file.
fn size_of_png(path: &Path) -> (u32, u32) {
    let bytes = fs::read(path).unwrap();
    let side = |at: usize| u32::from_be_bytes(bytes[at..at + 4].try_into().unwrap());
    (side(16), side(20))
}

#[test]
fn extract_writes_one_object_a_line_in_the_order_of_the_photos() {
    let folder = tempfile::tempdir().unwrap();
    let photos = [PERSON, "photos/animated.png", "photos/cat.jpg", "photos/grey.jpg"].map(data);
    let mut command = mungpy(folder.path());
    let (output, out, _) = run(command
        .args(["extract", "--species", "person", "--json"])
        .args(&photos)
        .arg("nothing.jpg"));
    assert!(output.status.success(), "at least one succeeded");
    let lines: Vec<Value> = out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let names: Vec<&str> = lines.iter().map(|line| line["photo"].as_str().unwrap()).collect();
    let expected: Vec<&str> = photos.iter().map(|path| path.to_str().unwrap()).collect();
    assert_eq!(names[..4], expected[..]);
    let face = &lines[0];
    assert_eq!(face["landmarks"].as_array().unwrap().len(), 16);
    assert_eq!(face["ratios"].as_object().unwrap().len(), 10);
    assert!(face["face"]["right"].as_f64() > face["face"]["left"].as_f64());
    assert_eq!(face["quality"]["usable"], true);
    let reasons: Vec<&Value> = lines.iter().map(|line| &line["error"]["reason"]).collect();
    assert_eq!(reasons[1], "PHOTO_ANIMATED");
    assert_eq!(reasons[2], "NO_FACE");
    assert_eq!(reasons[4], "PHOTO_UNREADABLE");
}

#[test]
fn extract_fails_when_no_photo_succeeds_and_draws_what_it_found() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = mungpy(folder.path());
    let (output, out, _) =
        run(command.args(["extract", "--species", "person"]).arg(data("photos/cat.jpg")));
    assert!(!output.status.success());
    assert!(out.contains("[NO_FACE]"), "{out}");
    let picture = folder.path().join("out.png");
    let mut command = mungpy(folder.path());
    command.args(["extract", "--species", "person", "--picture"]).arg(&picture).arg(data(PERSON));
    assert!(run(&mut command).0.status.success());
    let (width, height) = size_of_png(&picture);
    assert!(width > 700 && height >= 400, "{width}x{height}");
}

#[test]
fn match_prints_the_contract_as_json_and_draws_the_pair() {
    let folder = published();
    let picture = folder.path().join("pair.png");
    let mut command = mungpy(folder.path());
    command.args(["match", "--top", "3", "--json", "--answer", "energy=homebody", "--picture"]);
    let (output, out, err) = run(command.arg(&picture).arg(data(PERSON)));
    assert!(output.status.success(), "{err}");
    let answer: Value = serde_json::from_str(&out).unwrap();
    let matches = answer["matches"].as_array().unwrap();
    assert_eq!(matches.len(), 3);
    for key in ["dogId", "dogImageId", "score"] {
        assert_eq!(answer[key], matches[0][key], "{key}");
    }
    assert_eq!(answer["explanation"]["ratios"].as_array().unwrap().len(), 3);
    assert_eq!(answer["imageId"], "wide-set-eyes.jpg");
    let (width, height) = size_of_png(&picture);
    assert!(width > 900 && height > 500, "{width}x{height}");
}

#[test]
fn failures_have_a_message_and_a_reason() {
    let empty = tempfile::tempdir().unwrap();
    let failure = |command: &mut Command, reason: &str| {
        let (output, _, err) = run(command);
        assert_eq!(output.status.code(), Some(1), "{err}");
        assert!(err.contains(&format!("[{reason}]")), "{reason} is not in {err}");
    };
    let on = |folder: &Path, args: &[&str]| {
        let mut command = mungpy(folder);
        command.args(args).arg(data(PERSON));
        command
    };
    failure(&mut on(empty.path(), &["match"]), "CATALOGUE_NOT_PUBLISHED");
    let folder = published();
    failure(&mut on(folder.path(), &["match", "--answer", "energy"]), "ANSWER_INVALID");
    failure(&mut on(folder.path(), &["match", "--answer", "energy=sad"]), "UNKNOWN_SIDE");
    failure(&mut on(folder.path(), &["match", "--top", "500"]), "TOP_TOO_LARGE");
    failure(&mut on(folder.path(), &["--policy", "all", "match"]), "CONFIG_INVALID");
    failure(&mut on(folder.path(), &["--config", "nothing.toml", "match"]), "FILE_UNUSABLE");
    failure(
        &mut on(folder.path(), &["match", "--server", "http://127.0.0.1:1"]),
        "SERVER_UNREACHABLE",
    );
    fs::write(DataDir::new(folder.path()).catalogue_path(), b"damaged").unwrap();
    failure(&mut on(folder.path(), &["match"]), "CATALOGUE_DAMAGED");
}

#[test]
fn the_configuration_file_gives_way_to_arguments() {
    let folder = published();
    let config = folder.path().join("mungpy.toml");
    fs::write(&config, "data_dir = \"/nothing\"\npolicy = \"at_least(0)\"\nworkers = 1\n").unwrap();
    let mut command = mungpy(folder.path());
    command.arg("--config").arg(&config).arg("match").arg(data(PERSON));
    assert!(run(&mut command).0.status.success(), "the environment names the data directory");
    command.env_remove("MUNGPY_DATA_DIR");
    let (output, _, err) = run(&mut command);
    assert!(!output.status.success());
    assert!(err.contains("/nothing"), "{err}");
}

#[test]
fn verify_names_what_is_missing_and_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let (output, out, _) = run(mungpy(folder.path()).args(["models", "verify"]));
    assert!(out.contains("ok       dog-face-landmarks-16@"), "{out}");
    assert!(out.contains("ok       person-face-landmarks-16@"), "{out}");
    if !output.status.success() {
        assert!(out.contains("[MODEL_MISSING]") && out.contains("--models"), "{out}");
    }
}

/// Answers one HTTP request for any path with `body`; returns the address.
fn mirror(body: Vec<u8>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}/models/", listener.local_addr().unwrap());
    thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let head = BufReader::new(&stream).lines().map_while(Result::ok);
        let request = head.take_while(|line| !line.is_empty()).next().unwrap();
        assert!(request.starts_with("GET /models/dogHeadDetector.dat "), "{request}");
        let length = body.len();
        write!(stream, "HTTP/1.1 200 OK\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n")
            .unwrap();
        stream.write_all(&body).unwrap();
    });
    address
}

#[test]
fn a_mirror_that_serves_another_file_is_refused_and_nothing_stays() {
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("models");
    let address = mirror(b"not the model".to_vec());
    let fetch = ["models", "fetch", "--from", &address, "--to"];
    let (output, _, err) = run(mungpy(folder.path()).args(fetch).arg(&target));
    assert!(!output.status.success());
    assert!(err.contains("[MODEL_CORRUPTED]") && err.contains("dogHeadDetector.dat"), "{err}");
    assert_eq!(fs::read_dir(&target).unwrap().count(), 0);
    let (output, _, err) =
        run(mungpy(folder.path()).args(["models", "fetch", "--from", "http://127.0.0.1:9"]));
    assert!(!output.status.success());
    assert!(err.contains("[FETCH_FAILED]"), "{err}");
}

#[test]
#[ignore = "needs ../shared"]
fn the_detector_of_dlib_is_fetched_over_http() {
    let folder = tempfile::tempdir().unwrap();
    let model = fs::read(shared("models/dogHeadDetector.dat")).unwrap();
    let address = mirror(model.clone());
    let fetch = ["models", "fetch", "--from", &address, "--to"];
    let (output, _, err) = run(mungpy(folder.path()).args(fetch).arg(folder.path()));
    assert!(output.status.success(), "{err}");
    assert_eq!(fs::read(folder.path().join("dogHeadDetector.dat")).unwrap(), model);
}

#[test]
fn commands_that_moved_are_run_by_the_lab_beside_the_program() {
    let folder = tempfile::tempdir().unwrap();
    let (output, out, err) = run(mungpy(folder.path()).args(["population", "--help"]));
    let beside = Path::new(env!("CARGO_BIN_EXE_mungpy")).with_file_name("mungpy-lab").is_file();
    if beside {
        assert!(output.status.success() && out.contains("mungpy-lab population"), "{out}{err}");
    } else {
        assert!(err.contains("[PROGRAM_MISSING]"), "{err}");
    }
}

#[test]
fn settings_are_shown_with_their_origin_and_no_password() {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("mungpy.toml");
    fs::write(&config, "workers = 3\n[batch]\ndatabase = \"postgres://u:geheim@h/d\"\n").unwrap();
    let mut command = mungpy(folder.path());
    command.arg("--config").arg(&config).env("MUNGPY_POLICY", "best(7)");
    let (output, out, err) = run(command.args(["config", "show"]));
    assert!(output.status.success(), "{err}");
    let row = |key: &str| -> Vec<&str> {
        let line = out.lines().find(|line| line.split_whitespace().next() == Some(key));
        line.unwrap_or_else(|| panic!("{key}: {out}")).split_whitespace().skip(1).collect()
    };
    assert_eq!(row("workers"), ["file", "3"]);
    assert_eq!(row("policy"), ["environment", "best(7)"]);
    assert_eq!(row("data_dir")[0], "environment");
    assert_eq!(row("detector"), ["default", "own"]);
    assert_eq!(row("batch.database"), ["file", "postgres://u:***@h/d"]);
    assert!(!out.contains("geheim") && !err.contains("geheim"));
}

/// A server process on a free port.
struct Server {
    child: Child,
    address: String,
}

impl Server {
    fn start(data_dir: &Path) -> Self {
        let mut command = mungpy(data_dir);
        command.args(["serve", "--listen", "127.0.0.1:0"]).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let mut address = String::new();
        for line in lines.by_ref() {
            let line = line.unwrap();
            if let Some(rest) = line.split("address=").nth(1) {
                rest.split_whitespace().next().unwrap().clone_into(&mut address);
            }
            if line.contains("catalogue loaded") {
                break;
            }
        }
        // Keep reading the log, or the server blocks when the pipe is full.
        std::thread::spawn(move || lines.for_each(drop));
        Self { child, address }
    }
}

#[test]
fn a_server_answers_the_client_and_stops_when_asked() {
    let folder = published();
    let mut server = Server::start(folder.path());
    let url = format!("http://{}", server.address);
    let mut command = mungpy(folder.path());
    let (output, out, err) =
        run(command.args(["match", "--json", "--server", &url]).arg(data(PERSON)));
    assert!(output.status.success(), "{err}");
    let answer: Value = serde_json::from_str(&out).unwrap();
    let mut command = mungpy(folder.path());
    let (_, here, _) = run(command.args(["match", "--json"]).arg(data(PERSON)));
    let here: Value = serde_json::from_str(&here).unwrap();
    assert_eq!(answer, here, "with and without a server the answer is the same");
    let mut command = mungpy(folder.path());
    let (_, _, err) = run(command.args(["match", "--server", &url]).arg(data("photos/cat.jpg")));
    assert!(err.contains("[NO_FACE]"), "{err}");
    let pid = server.child.id().to_string();
    assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
    assert_eq!(server.child.wait().unwrap().code(), Some(0));
}
