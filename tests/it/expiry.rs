//! Dogs whose time is over while the server runs: nothing shows them any more, although no new
//! catalogue has come.

use std::{collections::BTreeMap, time::Duration};

use chrono::{TimeDelta, Utc};
use mungpy::catalogue::Catalogue;
use mungpy_proto::v1::{
    BatchMatchRequest, GetDogPhotoRequest, ListAttributeValuesRequest, ListDogsRequest,
    MatchRequest, MatchResponse, batch_match_response::Result as Outcome,
    catalogue_service_client::CatalogueServiceClient, match_service_client::MatchServiceClient,
};

use crate::{
    catalogue_service::reason,
    common::{Authorized, TestServer, authorized, composite_catalogue, composites, with_token},
    match_service::given,
};

/// The composite dogs in Jeju but for one in Seoul, who leaves in a few seconds; and its id.
fn with_one_who_leaves() -> (Catalogue, String) {
    let region = |name: &str| BTreeMap::from([("region".to_owned(), name.to_owned())]);
    let mut catalogue = composite_catalogue();
    for dog in &mut catalogue.dogs {
        dog.attributes = region("Jeju");
    }
    let leaving = &mut catalogue.dogs[4];
    leaving.attributes = region("Seoul");
    // Long enough to look at it before.
    leaving.expires_at = Some(Utc::now() + TimeDelta::seconds(6));
    let dog_id = leaving.dog_id.clone();
    (catalogue, dog_id)
}

/// Waits until the dog who leaves has left.
async fn until_it_has_left(catalogue: &Catalogue) {
    let end = catalogue.dogs.iter().find_map(|dog| dog.expires_at).unwrap();
    let left = (end - Utc::now()).to_std().unwrap_or_default();
    tokio::time::sleep(left + Duration::from_millis(50)).await;
}

/// What the catalogue service shows of a dog.
#[derive(Debug, PartialEq)]
struct Shown {
    /// Number of all dogs that are listed.
    total: u64,
    is_listed: bool,
    /// Regions, and how many dogs each has.
    regions: Vec<(String, u64)>,
    /// Why there is no photo, if there is none.
    photo_refused: Option<String>,
}

async fn shown(client: &mut CatalogueServiceClient<Authorized>, dog_id: &str) -> Shown {
    let page = client.list_dogs(ListDogsRequest::default()).await.unwrap().into_inner();
    let request = ListAttributeValuesRequest { attribute: "region".to_owned() };
    let values = client.list_attribute_values(request).await.unwrap().into_inner().values;
    let request = GetDogPhotoRequest { dog_id: dog_id.to_owned(), ..GetDogPhotoRequest::default() };
    let photo = client.get_dog_photo(request).await;
    Shown {
        total: page.total_size,
        is_listed: page.dogs.iter().any(|dog| dog.dog_id == dog_id),
        regions: values.into_iter().map(|value| (value.value, value.dogs)).collect(),
        photo_refused: photo.err().map(|status| reason(&status)),
    }
}

#[tokio::test]
async fn a_dog_whose_time_is_over_is_neither_listed_nor_counted_nor_shown() {
    let (catalogue, leaving) = with_one_who_leaves();
    let server = TestServer::start_on(with_token(), Some(&catalogue)).await;
    let mut client = CatalogueServiceClient::new(authorized(&server.url()).await);
    let all = catalogue.dogs.len() as u64;
    let (jeju, seoul) = (("Jeju".to_owned(), all - 1), ("Seoul".to_owned(), 1));
    let before = Shown {
        total: all,
        is_listed: true,
        regions: vec![jeju.clone(), seoul],
        photo_refused: None,
    };
    assert_eq!(shown(&mut client, &leaving).await, before);
    until_it_has_left(&catalogue).await;
    // The server has made the photo before and keeps it, but shows it no more.
    let after = Shown {
        total: all - 1,
        is_listed: false,
        regions: vec![jeju],
        photo_refused: Some("DOG_UNKNOWN".to_owned()),
    };
    assert_eq!(shown(&mut client, &leaving).await, after);
    server.stop().await;
}

/// All dogs for a person, who need not be measured.
fn item() -> BatchMatchRequest {
    let landmarks = vec![given(&composites("persons/")[0].landmarks())];
    let request = Some(MatchRequest { landmarks, top: 100, ..MatchRequest::default() });
    BatchMatchRequest { request, ..BatchMatchRequest::default() }
}

#[tokio::test]
async fn a_call_that_began_before_answers_no_dog_whose_time_is_over() {
    let (catalogue, leaving) = with_one_who_leaves();
    let server = TestServer::start(Some(&catalogue)).await;
    let (items, inbound) = tokio::sync::mpsc::channel(1);
    let inbound = tokio_stream::wrappers::ReceiverStream::new(inbound);
    let mut client = MatchServiceClient::connect(server.url()).await.unwrap();
    let mut answers = client.batch_match(inbound).await.unwrap().into_inner();
    let mut ask = async || {
        items.send(item()).await.unwrap();
        match answers.message().await.unwrap().unwrap().result.unwrap() {
            Outcome::Response(response) => response,
            Outcome::Status(status) => panic!("{status:?}"),
        }
    };
    let names_it = |answer: &MatchResponse| answer.matches.iter().any(|dog| dog.dog_id == leaving);
    let before = ask().await;
    assert!(names_it(&before));
    until_it_has_left(&catalogue).await;
    let after = ask().await;
    assert!(!names_it(&after), "the catalogue of the beginning still holds it");
    assert_eq!(after.candidates, before.candidates - 1);
    assert_eq!(after.catalogue_version, before.catalogue_version);
    drop(items);
    assert!(answers.message().await.unwrap().is_none());
    server.stop().await;
}
