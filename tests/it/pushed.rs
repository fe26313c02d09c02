//! Dogs that callers push, and the batch that callers control.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use mungpy::catalogue::DataDir;
use mungpy_core::temperament::Questionnaire;
use mungpy_proto::v1::{
    Batch, BatchState, CancelBatchRequest, DeleteDogsRequest, GetCatalogueRequest,
    GetDogPhotoRequest, GetDogRequest, ListBatchesRequest, ListBatchesResponse, MatchRequest,
    PushedPhoto, RollbackCatalogueRequest, RunBatchRequest, UpsertDogsRequest, UpsertDogsResponse,
    WatchBatchRequest, catalogue_service_client::CatalogueServiceClient,
    match_service_client::MatchServiceClient, pushed_photo::Kind,
};
use mungpy_source::{
    DogSource, ListRequest, Listing,
    pushed::{PushLimits, PushedSource},
    web::WebOptions,
};
use tonic::{Code, Status};
use tonic_types::StatusExt;

use crate::{
    catalogue_service::reason,
    commands::{mungpy, run},
    common::{
        Authorized, TOKEN, TestServer, authorized, bytes, composite_catalogue, data, with_token,
    },
    daemon::Daemon,
};

type Client = CatalogueServiceClient<Authorized>;

fn content(name: &str) -> PushedPhoto {
    PushedPhoto { kind: Some(Kind::Content(bytes(name))) }
}

fn url(address: &str) -> PushedPhoto {
    PushedPhoto { kind: Some(Kind::Url(address.to_owned())) }
}

fn pairs(of: &[(&str, &str)]) -> BTreeMap<String, String> {
    of.iter().map(|&(key, value)| (key.to_owned(), value.to_owned())).collect()
}

fn dog(dog_id: &str, photo: PushedPhoto) -> UpsertDogsRequest {
    UpsertDogsRequest {
        dog_id: dog_id.to_owned(),
        photos: vec![photo],
        ..UpsertDogsRequest::default()
    }
}

async fn push(
    client: &mut Client,
    dogs: Vec<UpsertDogsRequest>,
) -> Result<UpsertDogsResponse, Status> {
    client.upsert_dogs(tokio_stream::iter(dogs)).await.map(tonic::Response::into_inner)
}

/// Id, reason and broken fields of each refused dog.
fn refused(response: &UpsertDogsResponse) -> Vec<(String, String, Vec<String>)> {
    let told = |refused: &mungpy_proto::v1::RefusedDog| {
        let status = refused.status.as_ref().unwrap();
        let details = prost::Message::encode_to_vec(status).into();
        let status = Status::with_details(status.code.into(), &status.message, details);
        let details = status.get_error_details();
        let fields = details.bad_request().into_iter().flat_map(|bad| &bad.field_violations);
        let fields = fields.map(|violation| violation.field.clone()).collect();
        (refused.dog_id.clone(), reason(&status), fields)
    };
    response.refused.iter().map(told).collect()
}

fn listed(data_dir: &DataDir) -> Listing {
    let questionnaire = Questionnaire::default();
    PushedSource::new(&data_dir.pushed_path()).list(&ListRequest::all(&questionnaire)).unwrap()
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten() {
        let path = entry.unwrap().path();
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found
}

async fn client_of(server: &TestServer) -> Client {
    Client::new(authorized(&server.url()).await)
}

#[tokio::test]
async fn each_pushed_dog_is_checked_on_its_own_and_kept_as_a_whole() {
    let catalogue = composite_catalogue();
    let server = TestServer::start_on(with_token(), Some(&catalogue)).await;
    let mut client = client_of(&server).await;
    let good = |dog_id: &str| dog(dog_id, content("dogs/long-nose.jpg"));
    let truncated = bytes("dogs/long-nose.jpg")[..3000].to_vec();
    let truncated = PushedPhoto { kind: Some(Kind::Content(truncated)) };
    let taken = &catalogue.dogs[0].dog_id;
    let first = UpsertDogsRequest {
        traits: pairs(&[("energy", "방콕러")]),
        attributes: pairs(&[("name", "보리"), ("notice_end", "2099-01-01")]),
        expires_at: "2099-01-01T00:00:00+09:00".to_owned(),
        ..good("../../../bori/.\u{00e9}")
    };
    let dogs = vec![
        first,
        good(""),
        good("a\nb"),
        UpsertDogsRequest { photos: Vec::new(), ..good("photoless") },
        UpsertDogsRequest { photos: vec![PushedPhoto::default()], ..good("empty") },
        dog("damaged", truncated),
        dog("private", url("http://127.0.0.1/dog.jpg")),
        dog("file", url("file:///etc/passwd")),
        UpsertDogsRequest { traits: pairs(&[("energy", "sad")]), ..good("sad") },
        UpsertDogsRequest { attributes: pairs(&[("note", &"x".repeat(9000))]), ..good("long") },
        UpsertDogsRequest { expires_at: "tomorrow".to_owned(), ..good("late") },
        UpsertDogsRequest { expires_at: "2001-01-01T00:00:00Z".to_owned(), ..good("over") },
        good(taken),
        dog("kong", url("https://shelter.example/kong.jpg")),
    ];
    let response = push(&mut client, dogs).await.unwrap();
    assert_eq!((response.accepted, response.batch.is_none()), (2, true));
    let told = refused(&response);
    let invalid = |dog_id: &str, field: &str| {
        (dog_id.to_owned(), "PUSH_INVALID".to_owned(), vec![field.to_owned()])
    };
    assert_eq!(
        told,
        [
            invalid("", "dog_id"),
            invalid("a\nb", "dog_id"),
            invalid("photoless", "photos"),
            invalid("empty", "photos[0]"),
            (
                "damaged".to_owned(),
                "PHOTO_TRUNCATED".to_owned(),
                vec!["photos[0].content".to_owned()]
            ),
            invalid("private", "photos[0].url"),
            invalid("file", "photos[0].url"),
            invalid("sad", "traits"),
            invalid("long", "attributes"),
            invalid("late", "expires_at"),
            invalid("over", "expires_at"),
            invalid(taken, "dog_id"),
        ]
    );
    let listing = listed(&server.data_dir);
    let ids: Vec<&str> = listing.dogs.iter().map(|dog| dog.dog_id.as_str()).collect();
    assert_eq!(ids, ["../../../bori/.\u{00e9}", "kong"]);
    assert_eq!(listing.dogs[0].traits, pairs(&[("energy", "homebody")]));
    assert_eq!(listing.dogs[0].attributes["noticeEnd"], "2099-01-01");
    assert_eq!(listing.dogs[0].image_id.as_deref(), Some("../../../bori/.\u{00e9}"));
    // One photo and two records, and nothing anywhere else.
    assert_eq!(files(&server.data_dir.pushed_path()).len(), 3);
    server.stop().await;
}

#[tokio::test]
async fn a_pushed_dog_is_replaced_and_deleted_once() {
    let limits = PushLimits { dogs: 2, bytes: 1 << 20 };
    let within = |upkeep: mungpy::service::Upkeep| upkeep.within(limits);
    let server = TestServer::start_with(with_token(), None, WebOptions::default(), within).await;
    let mut client = client_of(&server).await;
    let dogs = ["a", "b", "c"].map(|id| dog(id, content("dogs/long-nose.jpg")));
    let response = push(&mut client, dogs.to_vec()).await.unwrap();
    assert_eq!(response.accepted, 2);
    assert_eq!(refused(&response), [("c".to_owned(), "DISK_FULL".to_owned(), Vec::new())]);
    let again = UpsertDogsRequest {
        image_id: "front".to_owned(),
        ..dog("a", content("dogs/short-nose.jpg"))
    };
    assert_eq!(push(&mut client, vec![again.clone(), again]).await.unwrap().accepted, 2);
    let listing = listed(&server.data_dir);
    assert_eq!(listing.dogs[0].image_id.as_deref(), Some("front"));
    let large = vec![0xff; 11 << 20];
    let large = PushedPhoto { kind: Some(Kind::Content(large)) };
    let response = push(&mut client, vec![dog("b", large)]).await.unwrap();
    assert_eq!(refused(&response)[0].1, "PHOTO_TOO_MANY_BYTES");
    let huge = PushedPhoto { kind: Some(Kind::Content(vec![0xff; 17 << 20])) };
    let status = push(&mut client, vec![dog("b", huge)]).await.unwrap_err();
    assert_eq!(reason(&status), "REQUEST_TOO_LARGE");
    let mut delete = async |dog_ids: &[&str]| {
        let dog_ids = dog_ids.iter().map(|&id| id.to_owned()).collect();
        client.delete_dogs(DeleteDogsRequest { dog_ids }).await.map(tonic::Response::into_inner)
    };
    let response = delete(&["a", "a", "nobody", "../b"]).await.unwrap();
    assert_eq!((response.deleted, response.unknown.len()), (vec!["a".to_owned()], 3));
    let many = vec!["x"; 1001];
    let status = delete(&many).await.unwrap_err();
    assert_eq!(
        (status.code(), reason(&status)),
        (Code::InvalidArgument, "PUSH_INVALID".to_owned())
    );
    let listing = listed(&server.data_dir);
    assert_eq!((listing.dogs.len(), listing.deleted.len()), (1, 1));
    let response = push(&mut client, vec![dog("a", content("dogs/long-nose.jpg"))]).await.unwrap();
    assert_eq!(response.accepted, 1, "a deleted dog may come back");
    assert!(listed(&server.data_dir).deleted.is_empty());
    server.stop().await;
}

/// A server with its batch, as a process of its own.
struct Serving {
    daemon: Daemon,
    url: String,
    folder: tempfile::TempDir,
}

impl Serving {
    /// Starts it over a folder of dogs, or with pushed dogs alone.
    fn start(shelter: Option<&Path>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut command = mungpy(folder.path());
        command.args(["serve", "--batch", "--listen", "127.0.0.1:0", "--tokens"]);
        let tokens = folder.path().join("tokens.toml");
        let scopes = "[\"match\", \"catalogue:read\", \"catalogue:write\"]";
        let text = format!("[[token]]\nname = \"all\"\ntoken = \"{TOKEN}\"\nscopes = {scopes}\n");
        fs::write(&tokens, text).unwrap();
        command.arg(tokens);
        if let Some(shelter) = shelter {
            command.env("MUNGPY_SOURCE", shelter);
        }
        let mut daemon = Daemon::start(&mut command);
        let line = daemon.read_to("mungpy serves gRPC");
        let address = line.split("address=").nth(1).unwrap().split_whitespace().next().unwrap();
        let url = format!("http://{address}");
        // The first batch of a new installation.
        daemon.read_to("the batch waits");
        Self { daemon, url, folder }
    }

    async fn client(&self) -> Client {
        Client::new(authorized(&self.url).await)
    }

    fn stop(mut self) {
        self.daemon.signal("-TERM");
        assert_eq!(self.daemon.child.wait().unwrap().code(), Some(0));
    }
}

/// Runs a batch and watches it to its end.
async fn batch(client: &mut Client, request: RunBatchRequest) -> Batch {
    let mut watched = client.watch_batch(WatchBatchRequest {}).await.unwrap().into_inner();
    let begun = client.run_batch(request).await.unwrap().into_inner();
    assert_eq!(begun.trigger, "call");
    let mut last = begun.clone();
    while let Some(now) = watched.message().await.unwrap() {
        assert_eq!(now.started_at, begun.started_at);
        last = now;
    }
    last
}

/// Waits until the server searches what was published.
async fn searched(client: &mut Client, version: u64) {
    for _ in 0..100 {
        let now = client.get_catalogue(GetCatalogueRequest {}).await;
        if now.is_ok_and(|now| now.into_inner().version >= version) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("version {version} is not searched");
}

#[tokio::test]
async fn a_pushed_dog_is_measured_at_once_matched_shown_and_deleted() {
    let serving = Serving::start(None);
    let mut client = serving.client().await;
    let bori = UpsertDogsRequest {
        measure_now: true,
        attributes: pairs(&[("name", "보리")]),
        ..dog("bori", content("dogs/long-nose.jpg"))
    };
    let mut watched = client.watch_batch(WatchBatchRequest {}).await.unwrap().into_inner();
    let response = push(&mut client, vec![bori]).await.unwrap();
    assert_eq!((response.accepted, response.batch.unwrap().trigger.as_str()), (1, "call"));
    let mut last = Batch::default();
    while let Some(now) = watched.message().await.unwrap() {
        last = now;
    }
    assert_eq!((last.state(), last.dogs, last.enrolled), (BatchState::Published, 1, 1));
    searched(&mut client, last.catalogue_version).await;
    let shown = client.get_dog(GetDogRequest { dog_id: "bori".to_owned() }).await.unwrap();
    assert_eq!(shown.into_inner().source, "pushed");
    let request = GetDogPhotoRequest { dog_id: "bori".to_owned(), ..Default::default() };
    assert!(!client.get_dog_photo(request.clone()).await.unwrap().into_inner().jpeg.is_empty());
    let mut matching = MatchServiceClient::new(authorized(&serving.url).await);
    let photos = vec![bytes("persons/wide-set-eyes.jpg").into()];
    let person = MatchRequest { photos, ..MatchRequest::default() };
    assert_eq!(matching.r#match(person).await.unwrap().into_inner().dog_id, "bori");
    let dog_ids = vec!["bori".to_owned()];
    client.delete_dogs(DeleteDogsRequest { dog_ids }).await.unwrap();
    assert!(client.get_dog_photo(request).await.is_ok(), "it is shown until the next batch");
    let ended = batch(&mut client, RunBatchRequest::default()).await;
    assert_eq!((ended.state(), ended.dogs, ended.removed), (BatchState::Published, 0, 1));
    searched(&mut client, ended.catalogue_version).await;
    let status = client.get_dog(GetDogRequest { dog_id: "bori".to_owned() }).await.unwrap_err();
    assert_eq!(reason(&status), "DOG_UNKNOWN");
    serving.stop();
}

#[tokio::test]
async fn a_batch_is_watched_cancelled_listed_and_undone() {
    let shelter = tempfile::tempdir().unwrap();
    for number in 0..150 {
        fs::copy(data("dogs/long-nose.jpg"), shelter.path().join(format!("{number}.jpg"))).unwrap();
    }
    fs::copy(data("dogs/short-nose.jpg"), shelter.path().join("kong.jpg")).unwrap();
    let aside = tempfile::tempdir().unwrap();
    let away = |number: usize| aside.path().join(format!("{number}.jpg"));
    let there = |number: usize| shelter.path().join(format!("{number}.jpg"));
    for number in 0..150 {
        fs::rename(there(number), away(number)).unwrap();
    }
    let serving = Serving::start(Some(shelter.path()));
    let mut client = serving.client().await;
    let cancelled = client.cancel_batch(CancelBatchRequest {}).await.unwrap_err();
    assert_eq!(reason(&cancelled), "BATCH_NOT_RUNNING");
    for number in 0..150 {
        fs::rename(away(number), there(number)).unwrap();
    }
    let mut watched = client.watch_batch(WatchBatchRequest {}).await.unwrap().into_inner();
    let begun = client.run_batch(RunBatchRequest::default()).await.unwrap().into_inner();
    assert_eq!(begun.state(), BatchState::Running);
    let status = client.run_batch(RunBatchRequest::default()).await.unwrap_err();
    assert_eq!(
        (status.code(), reason(&status)),
        (Code::FailedPrecondition, "BATCH_RUNNING".to_owned())
    );
    let status = client.rollback_catalogue(RollbackCatalogueRequest::default()).await.unwrap_err();
    assert_eq!(reason(&status), "BATCH_RUNNING");
    while watched.message().await.unwrap().unwrap().done == 0 {}
    client.cancel_batch(CancelBatchRequest {}).await.unwrap();
    let mut last = Batch::default();
    while let Some(now) = watched.message().await.unwrap() {
        last = now;
    }
    assert_eq!((last.state(), last.reason.as_str()), (BatchState::Cancelled, "BATCH_CANCELLED"));
    assert!(last.done < last.listed && last.listed == 151, "{last:?}");
    // The loop lives on, and the next run measures no more than it may.
    let part = RunBatchRequest { limit: 3, ..RunBatchRequest::default() };
    let part = batch(&mut client, part).await;
    assert_eq!((part.state(), part.enrolled), (BatchState::Published, 3));
    searched(&mut client, part.catalogue_version).await;
    let undone = client.rollback_catalogue(RollbackCatalogueRequest::default()).await.unwrap();
    let undone = undone.into_inner();
    assert_eq!((undone.version, undone.dogs), (part.catalogue_version + 1, 1));
    let now = client.get_catalogue(GetCatalogueRequest {}).await.unwrap().into_inner();
    assert_eq!((now.version, now.dogs), (undone.version, 1), "it is searched at once");
    let status = client.rollback_catalogue(RollbackCatalogueRequest { version: 99 }).await;
    assert_eq!(reason(&status.unwrap_err()), "CATALOGUE_NOT_KEPT");
    let mut list = async |page_token: &str| -> ListBatchesResponse {
        let page_token = page_token.to_owned();
        let request = ListBatchesRequest { page_size: 2, page_token };
        client.list_batches(request).await.unwrap().into_inner()
    };
    let newest = list("").await;
    assert_eq!(newest.batches, [part, last]);
    let oldest = list(&newest.next_page_token).await;
    assert_eq!((oldest.batches.len(), oldest.next_page_token.as_str()), (1, ""));
    assert_eq!(oldest.batches[0].trigger, "scheduled");
    // Watching does not hold up the end of the server.
    let mut watched = client.watch_batch(WatchBatchRequest {}).await.unwrap().into_inner();
    serving.stop();
    assert_eq!(reason(&watched.message().await.unwrap_err()), "STOPPING");
}

#[test]
fn the_command_measures_pushed_dogs_without_another_source() {
    let serving = Serving::start(None);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let mut client = serving.client().await;
        push(&mut client, vec![dog("bori", content("dogs/long-nose.jpg"))]).await.unwrap();
    });
    let folder = serving.folder.path().to_owned();
    let (output, out, err) = run(mungpy(&folder).arg("batch"));
    assert!(output.status.success() && out.contains("enrolled 1"), "{out} {err}");
    let (_, out, _) = run(mungpy(&folder).args(["catalogue", "list"]));
    assert!(out.starts_with("bori") && out.contains("pushed"), "{out}");
    serving.stop();
    let empty = tempfile::tempdir().unwrap();
    let (output, _, err) = run(mungpy(empty.path()).arg("batch"));
    assert!(!output.status.success() && err.contains("--source"), "{err}");
}
