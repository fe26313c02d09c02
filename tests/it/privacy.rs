//! A person leaves no trace: the descriptor is in no answer, log or file, and nothing else of the
//! person in a log line or a metric.

use std::{
    fs,
    io::Read,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use mungpy::{catalogue::DataDir, vision::DESCRIPTOR_LEN};
use mungpy_proto::v1::{
    Answer, BatchMatchRequest, DescribeRequest, FaceLandmarks, MatchRequest,
    match_service_client::MatchServiceClient,
};

use crate::{
    collector::Collector,
    common::{bytes, composite_catalogue, data, person_extractor, shipped_models},
};

const PERSON: &str = "persons/wide-set-eyes.jpg";

/// The descriptor that an extractor holds while it works on the photo.
fn descriptor() -> [f32; DESCRIPTOR_LEN] {
    let (_, descriptor) = person_extractor().describe(&bytes(PERSON)).unwrap();
    *descriptor.expect("proportions are estimated by default").values()
}

/// Whether a text holds numbers of the descriptor. Five decimals that agree may be chance; four
/// such numbers are not.
fn tells(text: &str, descriptor: &[f32]) -> bool {
    let shown = |value: &f32| text.contains(&format!("{:.8}", value.abs())[1..7]);
    descriptor.iter().filter(|value| shown(value)).count() >= 4
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

#[test]
fn the_descriptor_is_in_no_answer_no_log_and_no_file() {
    let descriptor = descriptor();
    let folder = tempfile::tempdir().unwrap();
    let data_dir = DataDir::new(folder.path());
    composite_catalogue().publish(&data_dir.catalogue_path()).unwrap();
    let photo = data(PERSON);
    let mut outputs = Vec::new();
    for command in [&["match", "--json"][..], &["extract", "--species", "person", "--json"]] {
        let mut child = Command::new(env!("CARGO_BIN_EXE_mungpy"))
            .args(command)
            .arg(&photo)
            .arg("--data-dir")
            .arg(folder.path())
            .arg("--models")
            .arg(shipped_models())
            .env("MUNGPY_LOG", "trace")
            .current_dir(folder.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut text = String::new();
        child.stdout.take().unwrap().read_to_string(&mut text).unwrap();
        child.stderr.take().unwrap().read_to_string(&mut text).unwrap();
        assert!(child.wait().unwrap().success(), "{text}");
        outputs.push(text);
    }
    for text in &outputs {
        assert!(!tells(text, &descriptor), "{text}");
    }
    // The check itself notices a descriptor.
    assert!(tells(&format!("{:?}", &descriptor[..8]), &descriptor));
    let raw: Vec<u8> = descriptor[..2].iter().flat_map(|value| value.to_le_bytes()).collect();
    for file in files(folder.path()) {
        let content = fs::read(&file).unwrap();
        let holds = content.windows(raw.len()).any(|window| window == raw);
        assert!(!holds && !tells(&String::from_utf8_lossy(&content), &descriptor), "{file:?}");
    }
}

/// A server with everything in its log, and a page of metrics.
struct Watched {
    child: std::process::Child,
    log: std::sync::mpsc::Receiver<String>,
    seen: String,
}

impl Watched {
    fn start(data_dir: &Path, tokens: &Path, collector: &str) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_mungpy"))
            .args(["serve", "--listen", "127.0.0.1:0", "--metrics", "127.0.0.1:0", "--log-json"])
            .arg("--data-dir")
            .arg(data_dir)
            .arg("--models")
            .arg(shipped_models())
            .arg("--tokens")
            .arg(tokens)
            .args(["--otlp", collector])
            .env("MUNGPY_LOG", "trace")
            .current_dir(data_dir)
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let (line, log) = std::sync::mpsc::channel();
        let stderr = std::io::BufReader::new(child.stderr.take().unwrap());
        std::thread::spawn(move || {
            for text in std::io::BufRead::lines(stderr).map_while(Result::ok) {
                let _ = line.send(text);
            }
        });
        Self { child, log, seen: String::new() }
    }

    /// Waits until the log holds a text, and returns what follows it up to the next quote.
    fn after(&mut self, begin: &str) -> String {
        loop {
            if let Some((_, rest)) = self.seen.split_once(begin) {
                return rest.split('"').next().unwrap().to_owned();
            }
            let line = self.log.recv_timeout(std::time::Duration::from_secs(30)).unwrap();
            self.seen += &line;
        }
    }

    /// Ends the server, which sends its last spans then, and returns all of its log.
    fn end(mut self) -> String {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
        assert!(self.child.wait().unwrap().success());
        self.seen.extend(self.log.iter());
        self.seen
    }
}

/// What no log line, no metric and no span may tell.
const IMAGE_ID: &str = "holiday-in-jeju-4711";
const TOKEN: &str = "secret-0123456789abcdef";

fn asked<T>(message: T) -> tonic::Request<T> {
    let mut request = tonic::Request::new(message);
    let token = format!("Bearer {TOKEN}").parse().unwrap();
    request.metadata_mut().insert("authorization", token);
    request
}

#[tokio::test]
async fn nothing_of_a_person_is_in_the_log_the_metrics_or_the_traces_at_any_level() {
    let folder = tempfile::tempdir().unwrap();
    let data_dir = DataDir::new(folder.path());
    composite_catalogue().publish(&data_dir.catalogue_path()).unwrap();
    let tokens = folder.path().join("tokens.toml");
    let text = format!("[[token]]\nname = \"m\"\ntoken = \"{TOKEN}\"\nscopes = [\"match\"]\n");
    fs::write(&tokens, text).unwrap();
    let collector = Collector::start();
    let mut server = Watched::start(folder.path(), &tokens, &collector.url);
    let metrics = server.after("\"metrics\":\"");
    let address = server.after("\"address\":\"");
    server.after("catalogue loaded");
    let mut client = MatchServiceClient::connect(format!("http://{address}")).await.unwrap();
    let answers =
        vec![Answer { axis: "energy".to_owned(), side: "방콕러".to_owned(), required: false }];
    let request = || MatchRequest {
        photos: vec![bytes(PERSON).into()],
        image_id: IMAGE_ID.to_owned(),
        answers: answers.clone(),
        detail: true,
        ..MatchRequest::default()
    };
    let answer = client.r#match(asked(request())).await.unwrap().into_inner();
    let points = answer.photos[0].landmarks.clone();
    let landmarks = vec![FaceLandmarks { points, photo_width: 640, photo_height: 640 }];
    let by_landmarks = MatchRequest { landmarks, photos: Vec::new(), ..request() };
    client.r#match(asked(by_landmarks)).await.unwrap();
    let unknown = vec![Answer { side: "안물안궁".to_owned(), ..answers[0].clone() }];
    client.r#match(asked(MatchRequest { answers: unknown, ..request() })).await.unwrap_err();
    let broken = MatchRequest { photos: vec![bytes(PERSON)[..900].to_vec().into()], ..request() };
    client.r#match(asked(broken)).await.unwrap_err();
    let photo = DescribeRequest { photo: bytes(PERSON).into(), language: String::new() };
    client.describe(asked(photo)).await.unwrap();
    let item = BatchMatchRequest {
        id: IMAGE_ID.to_owned(),
        request: Some(request()),
        ..Default::default()
    };
    let mut many =
        client.batch_match(asked(tokio_stream::iter([item]))).await.unwrap().into_inner();
    many.message().await.unwrap().unwrap();
    let _ = rustls::crypto::ring::default_provider().install_default();
    let scraped = reqwest::get(metrics).await.unwrap().text().await.unwrap();
    assert!(scraped.contains("rpc_server_call_duration_seconds"), "{scraped}");
    drop((client, many));
    let seen = server.end() + &scraped + &String::from_utf8_lossy(&collector.received());
    let number = |value: f64| format!("{value:.4}");
    let point = answer.photos[0].landmarks[13];
    let ratio = answer.explanation.as_ref().unwrap().ratios[0].person_sigma;
    for secret in [
        IMAGE_ID.to_owned(),
        TOKEN.to_owned(),
        "방콕러".to_owned(),
        "homebody".to_owned(),
        "안물안궁".to_owned(),
        answer.dog_id.clone(),
        number(point.x),
        number(point.y),
        number(ratio),
        number(answer.score),
    ] {
        assert!(!seen.contains(&secret), "{secret} is told");
    }
    assert!(seen.contains("TRACE"), "the log holds everything else");
    // Those of a stream are within its call as well. The broken photo gets no further than decoding.
    for (stage, times) in
        [("queue", 5), ("decode", 4), ("landmarks", 3), ("describe", 2), ("search", 3)]
    {
        assert!(collector.spans(stage) >= times, "{stage}: {}", collector.spans(stage));
    }
}
