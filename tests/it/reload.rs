//! SIGHUP: what a running server follows of its settings, and what waits for a restart.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
};

use mungpy::catalogue::DataDir;
use mungpy_proto::v1::{
    Answer, GetDogPhotoRequest, GetStatusRequest, MatchRequest,
    catalogue_service_client::CatalogueServiceClient, match_service_client::MatchServiceClient,
    operations_service_client::OperationsServiceClient,
};
use tonic::{Request, transport::Channel};

use crate::{
    catalogue_service::reason,
    commands::mungpy,
    common::{composite_catalogue, composites},
    daemon::Daemon,
    match_service::given,
};

const FIRST: &str = "the-first-token-0123";
/// As long as the first one.
const OTHER: &str = "the-other-token-0123";

/// A server in a process of its own, whose settings are in a file.
struct Serving {
    folder: tempfile::TempDir,
    daemon: Daemon,
    channel: Channel,
}

impl Serving {
    /// Starts it with the first token over the composite dogs, of which one has lost its photo.
    async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let lost = folder.path().join("nothing.jpg");
        let mut catalogue = composite_catalogue();
        lost.to_str().unwrap().clone_into(&mut catalogue.dogs[0].photo_location);
        catalogue.publish(&DataDir::new(folder.path()).catalogue_path()).unwrap();
        write_settings(folder.path(), 1, "best(10)", "info");
        write_token(folder.path(), FIRST);
        let mut command = mungpy(folder.path());
        command.args(["serve", "--listen", "127.0.0.1:0", "--config"]).arg(config(folder.path()));
        for variable in ["MUNGPY_LOG", "MUNGPY_POLICY", "MUNGPY_TOKENS", "MUNGPY_WORKERS"] {
            command.env_remove(variable);
        }
        let mut daemon = Daemon::start_as_set(&mut command);
        let line = daemon.read_to("mungpy serves gRPC");
        let address = line.split("address=").nth(1).unwrap().split_whitespace().next().unwrap();
        let endpoint = Channel::from_shared(format!("http://{address}")).unwrap();
        let channel = endpoint.connect().await.unwrap();
        Self { folder, daemon, channel }
    }

    /// Sends SIGHUP. Returns the lines of the log up to the one that says what came of it.
    fn hang_up(&mut self) -> Vec<String> {
        self.daemon.signal("-HUP");
        self.daemon.lines_to("reloaded")
    }

    /// How many dogs fit somebody who wants a homebody; the server's policy decides.
    async fn candidates(&self, token: &str) -> Result<u64, String> {
        let (axis, side) = ("energy".to_owned(), "homebody".to_owned());
        let answers = vec![Answer { axis, side, required: false }];
        let landmarks = vec![given(&composites("persons/")[0].landmarks())];
        let request = MatchRequest { answers, landmarks, ..MatchRequest::default() };
        let mut client = MatchServiceClient::new(self.channel.clone());
        let answer = client.r#match(with_token(request, token)).await;
        answer.map(|answer| answer.into_inner().candidates).map_err(|status| reason(&status))
    }

    /// Asks for the photo that is lost, of which the server tells in its log at `debug`.
    async fn ask_for_lost_photo(&self, token: &str) {
        let dog_id = composite_catalogue().dogs[0].dog_id.clone();
        let request = GetDogPhotoRequest { dog_id, ..GetDogPhotoRequest::default() };
        let mut client = CatalogueServiceClient::new(self.channel.clone());
        let refused = client.get_dog_photo(with_token(request, token)).await.unwrap_err();
        assert_eq!(reason(&refused), "PHOTO_UNAVAILABLE");
    }

    async fn workers(&self, token: &str) -> u32 {
        let mut client = OperationsServiceClient::new(self.channel.clone());
        let status = client.get_status(with_token(GetStatusRequest {}, token)).await.unwrap();
        status.into_inner().workers
    }

    fn stop(mut self) {
        self.daemon.signal("-TERM");
        assert_eq!(self.daemon.child.wait().unwrap().code(), Some(0));
    }
}

fn config(folder: &Path) -> PathBuf {
    folder.join("mungpy.toml")
}

fn tokens(folder: &Path) -> PathBuf {
    folder.join("tokens.toml")
}

fn write_settings(folder: &Path, workers: usize, policy: &str, log: &str) {
    let tokens = tokens(folder);
    let text = format!(
        "workers = {workers}\npolicy = \"{policy}\"\nlog = \"{log}\"\n\
         [serve]\ntokens = \"{}\"\n",
        tokens.display()
    );
    fs::write(config(folder), text).unwrap();
}

/// Writes a file with one token, which may read.
fn write_token(folder: &Path, token: &str) {
    let text = format!(
        "[[token]]\nname = \"all\"\ntoken = \"{token}\"\nscopes = [\"match\", \"catalogue:read\"]\n"
    );
    fs::write(tokens(folder), text).unwrap();
}

/// Writes another token so that the file looks the same. The server looks at the file every second
/// anyway, and is to read it because of the signal.
fn replace_token_unseen(folder: &Path, token: &str) {
    let modified = fs::metadata(tokens(folder)).unwrap().modified().unwrap();
    write_token(folder, token);
    let file = File::options().write(true).open(tokens(folder)).unwrap();
    file.set_modified(modified).unwrap();
}

fn with_token<T>(message: T, token: &str) -> Request<T> {
    let mut request = Request::new(message);
    let value = format!("Bearer {token}").parse().unwrap();
    request.metadata_mut().insert("authorization", value);
    request
}

fn holding<'a>(lines: &'a [String], text: &str) -> Vec<&'a String> {
    lines.iter().filter(|line| line.contains(text)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_policy_and_log_follow_a_signal_and_what_needs_a_restart_is_named() {
    let mut serving = Serving::start().await;
    let dogs = composite_catalogue().dogs;
    let homebodies = dogs.iter().filter(|dog| dog.traits["energy"] == "homebody").count();
    assert!(homebodies < 10, "best(10) lets all others tie with the tenth");
    assert_eq!(serving.candidates(FIRST).await, Ok(dogs.len() as u64));
    assert_eq!(serving.candidates(OTHER).await, Err("TOKEN_REFUSED".to_owned()));
    serving.ask_for_lost_photo(FIRST).await;

    write_settings(serving.folder.path(), 2, "at_least(1)", "info,mungpy=debug");
    replace_token_unseen(serving.folder.path(), OTHER);
    let told = serving.hang_up();
    assert!(told.last().unwrap().contains("settings reloaded"), "{told:#?}");
    assert!(holding(&told, "cannot be read").is_empty(), "{told:#?}");
    let waiting = holding(&told, "takes effect after a restart");
    assert_eq!(waiting.len(), 1, "{told:#?}");
    assert!(waiting[0].contains("WARN") && waiting[0].contains("workers"), "{waiting:?}");

    assert_eq!(serving.candidates(FIRST).await, Err("TOKEN_REFUSED".to_owned()));
    assert_eq!(serving.candidates(OTHER).await, Ok(homebodies as u64));
    assert_eq!(serving.workers(OTHER).await, 1);
    serving.ask_for_lost_photo(OTHER).await;
    let told = serving.hang_up();
    assert_eq!(holding(&told, "cannot be read").len(), 1, "the log tells more: {told:#?}");
    serving.stop();
}

#[tokio::test(flavor = "multi_thread")]
async fn settings_that_are_wrong_are_told_and_all_stays_as_it_was() {
    let mut serving = Serving::start().await;
    let all = Ok(composite_catalogue().dogs.len() as u64);
    fs::write(tokens(serving.folder.path()), "[[token]]\nname = 1\n").unwrap();
    write_settings(serving.folder.path(), 1, "some(3)", "info");
    let mut told = serving.hang_up();
    assert!(told.last().unwrap().contains("a setting was not reloaded"), "{told:#?}");
    assert_eq!(serving.candidates(FIRST).await, all);
    write_token(serving.folder.path(), FIRST);
    write_settings(serving.folder.path(), 1, "best(10)", "info");
    serving.daemon.signal("-HUP");
    told.extend(serving.daemon.lines_to("settings reloaded"));
    let faults = holding(&told, "a setting was not reloaded");
    assert_eq!(faults.len(), 2, "{told:#?}");
    assert!(faults[0].contains("tokens.toml") && faults[1].contains("some(3)"), "{faults:?}");
    assert_eq!(serving.candidates(FIRST).await, all);
    serving.stop();
}
