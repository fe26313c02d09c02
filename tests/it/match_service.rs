//! What a match request can ask beyond a photo and answers; descriptions; many requests in a call.

use std::collections::BTreeMap;

use mungpy::photo::Photo;
use mungpy_core::face::Landmarks;
use mungpy_proto::v1::{
    AdviceCode, Answer, AttributeFilter, BatchMatchRequest, BatchMatchResponse, DescribeRequest,
    FaceChoice, FaceLandmarks, FaceRule, MatchRequest, MatchResponse, NoCandidate, Point,
    Proportions, TemperamentPolicy, batch_match_response::Result as Outcome,
    match_service_client::MatchServiceClient, relaxation, temperament_policy::Kind,
};
use tonic::{Code, Status, transport::Channel};
use tonic_types::StatusExt;

use crate::common::{TestServer, bytes, composite_catalogue, composites};

const PERSON: &str = "persons/wide-set-eyes.jpg";

async fn client(server: &TestServer) -> MatchServiceClient<Channel> {
    MatchServiceClient::connect(server.url()).await.unwrap()
}

async fn ask(server: &TestServer, request: MatchRequest) -> Result<MatchResponse, Status> {
    client(server).await.r#match(request).await.map(tonic::Response::into_inner)
}

fn request() -> MatchRequest {
    MatchRequest { photos: vec![bytes(PERSON).into()], ..MatchRequest::default() }
}

fn reason(status: &Status) -> String {
    status.get_error_details().error_info().cloned().expect("an ErrorInfo").reason
}

/// The landmarks of a composite by construction.
pub(crate) fn given(landmarks: &Landmarks) -> FaceLandmarks {
    let points = landmarks.0.iter().map(|[x, y]| Point { x: *x, y: *y }).collect();
    FaceLandmarks { points, photo_width: 2000, photo_height: 2000 }
}

fn by_landmarks(faces: Vec<FaceLandmarks>) -> MatchRequest {
    MatchRequest { landmarks: faces, ..MatchRequest::default() }
}

/// Two persons side by side in one PNG, and where the second one begins.
fn two_persons() -> (Vec<u8>, f64) {
    let photos = ["persons/wide-set-eyes.jpg", "persons/long-nose.jpg"]
        .map(|name| Photo::decode(&bytes(name)).unwrap().raster);
    let height = photos.iter().map(mungpy::photo::Raster::height).min().unwrap();
    let mut pixels = Vec::new();
    for row in 0..height {
        for photo in &photos {
            let line = photo.width() * 3;
            pixels.extend_from_slice(&photo.bytes().unwrap()[row * line..][..line]);
        }
    }
    let width = photos.iter().map(|photo| photo.width() as u32).sum();
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, width, height as u32);
    encoder.set_color(png::ColorType::Rgb);
    encoder.write_header().unwrap().write_image_data(&pixels).unwrap();
    (file, photos[0].width() as f64)
}

#[tokio::test]
async fn landmarks_in_place_of_a_photo_are_answered_and_said_to_be_measured() {
    let server = TestServer::start(Some(&composite_catalogue())).await;
    let mut dogs = std::collections::HashSet::new();
    for person in composites("persons/") {
        let request = MatchRequest { top: 3, ..by_landmarks(vec![given(&person.landmarks())]) };
        let answer = ask(&server, request).await.unwrap();
        assert_eq!(answer.proportions(), Proportions::Measured);
        assert_eq!((answer.matches.len(), answer.photos.len()), (3, 1));
        dogs.insert(answer.dog_id);
    }
    assert!(dogs.len() >= 3, "persons warped in different ways get different dogs: {dogs:?}");
    let photo = ask(&server, request()).await.unwrap();
    assert_eq!(photo.proportions(), Proportions::Estimated);
    server.stop().await;
}

#[tokio::test]
async fn landmarks_that_show_no_face_are_refused() {
    let server = TestServer::start(Some(&composite_catalogue())).await;
    let good = given(&composites("persons/")[0].landmarks());
    let far = Point { x: 1e9, y: 1.0 };
    let none = Point { x: f64::NAN, y: 1.0 };
    let with = |point: &Point| {
        let mut face = good.clone();
        face.points[7] = *point;
        by_landmarks(vec![face])
    };
    let few = FaceLandmarks { points: good.points[..15].to_vec(), ..good.clone() };
    let sizeless = FaceLandmarks { photo_width: 0, ..good.clone() };
    let flat = FaceLandmarks { points: vec![Point { x: 5.0, y: 5.0 }; 16], ..good.clone() };
    let both = MatchRequest { landmarks: vec![good.clone()], ..request() };
    for (request, expected) in [
        (with(&far), "LANDMARKS_INVALID"),
        (with(&none), "LANDMARKS_INVALID"),
        (by_landmarks(vec![few]), "LANDMARKS_INVALID"),
        (by_landmarks(vec![sizeless]), "LANDMARKS_INVALID"),
        (both, "LANDMARKS_INVALID"),
        (by_landmarks(vec![flat]), "LANDMARKS_DEGENERATE"),
        (by_landmarks(vec![good; 6]), "TOO_MANY_PHOTOS"),
    ] {
        let status = ask(&server, request).await.unwrap_err();
        assert_eq!((status.code(), reason(&status).as_str()), (Code::InvalidArgument, expected));
    }
    server.stop().await;
}

#[tokio::test]
async fn the_face_that_is_meant_is_measured() {
    let server = TestServer::start(Some(&composite_catalogue())).await;
    let (photo, middle) = two_persons();
    let ask_for = |rule: FaceRule, points: Vec<Point>| MatchRequest {
        photos: vec![photo.clone().into()],
        face: Some(FaceChoice { rule: rule.into(), points }),
        ..MatchRequest::default()
    };
    let single = ask(&server, ask_for(FaceRule::SingleOnly, Vec::new())).await.unwrap_err();
    assert_eq!(reason(&single), "SEVERAL_FACES");
    for (x, is_right) in [(10.0, false), (middle + 10.0, true)] {
        let request = ask_for(FaceRule::Nearest, vec![Point { x, y: 100.0 }]);
        let face = ask(&server, request).await.unwrap().photos[0].face.unwrap();
        assert_eq!(face.left > middle - 1.0, is_right, "{face:?}");
    }
    let pointless = ask(&server, ask_for(FaceRule::Nearest, Vec::new())).await.unwrap_err();
    assert_eq!(reason(&pointless), "FACE_CHOICE_INVALID");
    let single = MatchRequest {
        face: Some(FaceChoice { rule: FaceRule::SingleOnly.into(), points: Vec::new() }),
        ..request()
    };
    ask(&server, single).await.unwrap();
    server.stop().await;
}

/// The composite dogs, every third of them in Seoul, the others in two towns of Gyeonggi.
fn dogs_in_regions() -> mungpy::catalogue::Catalogue {
    let regions = ["서울특별시", "경기도 성남시", "경기도 Suwon"];
    let mut catalogue = composite_catalogue();
    for (number, dog) in catalogue.dogs.iter_mut().enumerate() {
        dog.attributes = BTreeMap::from([("region".to_owned(), regions[number % 3].to_owned())]);
    }
    catalogue
}

fn in_region(values: &[&str]) -> AttributeFilter {
    let values = values.iter().map(|value| (*value).to_owned()).collect();
    AttributeFilter { attribute: "region".to_owned(), values }
}

#[tokio::test]
async fn dogs_are_filtered_by_what_their_sources_say() {
    let server = TestServer::start(Some(&dogs_in_regions())).await;
    let regions = async |values: &[&str]| {
        let request = MatchRequest { attributes: vec![in_region(values)], top: 100, ..request() };
        let answer = ask(&server, request).await.unwrap();
        assert_eq!(answer.candidates, answer.matches.len() as u64);
        let region = |dog: &mungpy_proto::v1::DogMatch| {
            dog.adoption.as_ref().unwrap().attributes["region"].clone()
        };
        answer.matches.iter().map(region).collect::<Vec<_>>()
    };
    let dogs = dogs_in_regions().dogs;
    let living =
        |rule: fn(&str) -> bool| dogs.iter().filter(|dog| rule(&dog.attributes["region"])).count();
    let seoul = regions(&["서울특별시"]).await;
    assert_eq!(seoul.len(), living(|region| region == "서울특별시"));
    assert!(seoul.iter().all(|region| region == "서울특별시"));
    assert_eq!(regions(&["경기도"]).await.len(), living(|region| region.starts_with("경기도")));
    assert_eq!(regions(&["경기도 suwon"]).await.len(), living(|region| region.ends_with("Suwon")));
    assert_eq!(regions(&["서울특별시", "경기도"]).await.len(), dogs.len());
    let nowhere = MatchRequest { attributes: vec![in_region(&["경"])], ..request() };
    assert_eq!(reason(&ask(&server, nowhere).await.unwrap_err()), "NO_CANDIDATE");
    let empty = MatchRequest { attributes: vec![in_region(&[])], ..request() };
    let status = ask(&server, empty).await.unwrap_err();
    assert_eq!(reason(&status), "FILTER_INVALID");
    let details = status.get_error_details();
    assert_eq!(details.bad_request().unwrap().field_violations[0].field, "attributes");
    server.stop().await;
}

#[tokio::test]
async fn only_the_demand_that_is_in_the_way_is_dropped() {
    let server = TestServer::start(Some(&dogs_in_regions())).await;
    let answers =
        vec![Answer { axis: "energy".to_owned(), side: "homebody".to_owned(), required: true }];
    let asked = |attributes, answers| MatchRequest {
        attributes,
        answers,
        on_no_candidate: NoCandidate::Relax.into(),
        top: 100,
        ..request()
    };
    let kinds = |answer: &MatchResponse| {
        answer.relaxed.iter().filter_map(|one| one.kind.clone()).collect::<Vec<_>>()
    };
    let fits = ask(&server, asked(vec![in_region(&["경기도"])], answers.clone())).await.unwrap();
    assert_eq!(kinds(&fits), []);
    let nowhere = asked(vec![in_region(&["제주도"])], answers.clone());
    let found = ask(&server, nowhere).await.unwrap();
    assert_eq!(kinds(&found), [relaxation::Kind::Attribute("region".to_owned())]);
    assert!(found.matches.iter().all(|dog| dog.agreement.unwrap().agreed == 1), "still homebodies");
    let strict = TemperamentPolicy { kind: Some(Kind::AtLeast(2)) };
    let strict = MatchRequest { policy: Some(strict), ..asked(Vec::new(), answers) };
    let found = ask(&server, strict).await.unwrap();
    assert_eq!(kinds(&found), [relaxation::Kind::Temperament(true)]);
    let all = composite_catalogue().dogs.into_iter().map(|dog| dog.dog_id).collect();
    let excluded = MatchRequest { excluded_dog_ids: all, ..asked(Vec::new(), Vec::new()) };
    assert_eq!(reason(&ask(&server, excluded).await.unwrap_err()), "NO_CANDIDATE");
    server.stop().await;
}

#[tokio::test]
async fn detail_draws_both_faces_and_timings_name_the_stages() {
    let server = TestServer::start(Some(&composite_catalogue())).await;
    let plain = ask(&server, request()).await.unwrap();
    assert!(plain.timings.is_empty() && plain.matches[0].landmarks.is_empty());
    let request = MatchRequest { detail: true, timings: true, ..request() };
    let answer = ask(&server, request).await.unwrap();
    let stages: Vec<_> = answer.timings.iter().map(|timing| timing.stage.as_str()).collect();
    assert_eq!(stages, ["queue", "decode", "detect", "landmarks", "describe", "search"]);
    assert!(answer.timings[2].milliseconds > 0.0);
    let dog = composite_catalogue().dogs.into_iter().find(|dog| dog.dog_id == answer.dog_id);
    let expected = dog.unwrap().landmarks;
    for (point, [x, y]) in answer.matches[0].landmarks.iter().zip(expected.0) {
        assert!((point.x - x).hypot(point.y - y) < 0.1);
    }
    assert_eq!(answer.photos[0].landmarks.len(), 16);
    for ratio in &answer.explanation.unwrap().ratios {
        let line = ratio.person_line.as_ref().unwrap();
        let (from, to) = (line.from.unwrap(), line.to.unwrap());
        assert!((from.x - to.x).hypot(from.y - to.y) > 1.0, "{ratio:?}");
        assert!(ratio.dog_line.is_some());
    }
    server.stop().await;
}

#[tokio::test]
async fn a_photo_is_described_before_a_match_is_tried() {
    let server = TestServer::start(None).await;
    let describe = async |photo: Vec<u8>, language: &str| {
        let request = DescribeRequest { photo: photo.into(), language: language.to_owned() };
        client(&server).await.describe(request).await.map(tonic::Response::into_inner)
    };
    let one = describe(bytes(PERSON), "en").await.unwrap();
    let face = &one.faces[0];
    assert!(one.faces.len() == 1 && face.usable && face.reason.is_empty(), "{face:?}");
    assert!((0.0..=1.0).contains(&face.brightness));
    assert_eq!((face.landmarks.len(), face.ratios.len()), (16, 10));
    let (two, _) = two_persons();
    let two = describe(two, "ko").await.unwrap();
    assert_eq!(two.faces.len(), 2);
    assert_eq!(two.advice[0].code(), AdviceCode::ChooseFace);
    assert!(two.advice[0].sentence.contains("얼굴"), "{:?}", two.advice);
    let cat = describe(bytes("photos/cat.jpg"), "").await.unwrap();
    assert!(cat.faces.is_empty());
    assert_eq!(cat.advice[0].code(), AdviceCode::ShowFace);
    let broken = describe(bytes(PERSON)[..500].to_vec(), "ko").await.unwrap_err();
    assert_eq!(reason(&broken), "PHOTO_TRUNCATED");
    let details = broken.get_error_details();
    let told = details.localized_message().unwrap();
    assert_eq!(told.locale, "ko");
    assert_eq!(reason(&describe(Vec::new(), "").await.unwrap_err()), "NO_PHOTO");
    server.stop().await;
}

#[tokio::test]
async fn many_requests_are_answered_in_their_order_each_with_its_own_status() {
    let server = TestServer::start(Some(&composite_catalogue())).await;
    let persons = composites("persons/");
    let item = |number: usize| {
        let person = &persons[number % persons.len()];
        let photos = if number == 3 { Vec::new() } else { vec![bytes(&person.photo).into()] };
        let request = Some(MatchRequest { photos, language: "ko".to_owned(), ..request() });
        BatchMatchRequest { id: format!("item-{number}"), request, newest_catalogue: false }
    };
    let items: Vec<_> = (0..12).map(item).collect();
    let mut answers =
        client(&server).await.batch_match(tokio_stream::iter(items)).await.unwrap().into_inner();
    let mut number = 0;
    while let Some(answer) = answers.message().await.unwrap() {
        assert_eq!(answer.id, format!("item-{number}"));
        match answer.result.unwrap() {
            Outcome::Status(status) => {
                assert_eq!((number, status.code), (3, Code::InvalidArgument as i32));
                assert!(!status.details.is_empty(), "the reason goes along");
            }
            Outcome::Response(response) => {
                let photos = vec![bytes(&persons[number % persons.len()].photo).into()];
                let alone = MatchRequest { photos, language: "ko".to_owned(), ..request() };
                assert_eq!(response, ask(&server, alone).await.unwrap());
            }
        }
        number += 1;
    }
    assert_eq!(number, 12);
    // Eleven items, and each of them alone.
    let queued = "mungpy_stage_duration_seconds_count{stage=\"queue\"} 22";
    assert!(server.metrics.render().contains(queued));
    server.stop().await;
}

#[tokio::test]
async fn all_items_search_the_catalogue_of_the_beginning_unless_they_want_the_newest() {
    let server = TestServer::start(Some(&composite_catalogue())).await;
    let (items, inbound) = tokio::sync::mpsc::channel(4);
    let send = async |newest_catalogue| {
        let request = Some(request());
        let item = BatchMatchRequest { id: String::new(), request, newest_catalogue };
        items.send(item).await.unwrap();
    };
    send(false).await;
    let inbound = tokio_stream::wrappers::ReceiverStream::new(inbound);
    let mut answers = client(&server).await.batch_match(inbound).await.unwrap().into_inner();
    let version = |answer: Option<BatchMatchResponse>| match answer.unwrap().result.unwrap() {
        Outcome::Response(response) => response.catalogue_version,
        Outcome::Status(status) => panic!("{status:?}"),
    };
    assert_eq!(version(answers.message().await.unwrap()), 1);
    let newer = mungpy::catalogue::Catalogue { version: 2, ..composite_catalogue() };
    newer.publish(&server.data_dir.catalogue_path()).unwrap();
    while ask(&server, request()).await.unwrap().catalogue_version == 1 {
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    send(false).await;
    assert_eq!(version(answers.message().await.unwrap()), 1);
    send(true).await;
    assert_eq!(version(answers.message().await.unwrap()), 2);
    drop(items);
    assert!(answers.message().await.unwrap().is_none());
    server.stop().await;
}

#[tokio::test]
async fn a_refusal_names_the_field_and_speaks_the_callers_language() {
    let server = TestServer::start(Some(&composite_catalogue())).await;
    let bad = MatchRequest { photos: vec![b"no photo".to_vec().into()], ..request() };
    let mut asked = tonic::Request::new(bad);
    asked.metadata_mut().insert("accept-language", "ko-KR,ko;q=0.9".parse().unwrap());
    let status = client(&server).await.r#match(asked).await.unwrap_err();
    let details = status.get_error_details();
    assert_eq!(details.bad_request().unwrap().field_violations[0].field, "photos");
    let told = details.localized_message().unwrap();
    assert!(told.locale == "ko" && told.message.contains("파일"), "{told:?}");
    server.stop().await;
}

#[tokio::test]
async fn an_item_without_a_language_is_refused_in_the_one_that_the_caller_prefers() {
    let server = TestServer::start(Some(&composite_catalogue())).await;
    let item = BatchMatchRequest { request: Some(MatchRequest::default()), ..Default::default() };
    let mut asked = tonic::Request::new(tokio_stream::iter([item]));
    asked.metadata_mut().insert("accept-language", "ko,en;q=0.8".parse().unwrap());
    let mut answers = client(&server).await.batch_match(asked).await.unwrap().into_inner();
    let answer = answers.message().await.unwrap().unwrap();
    let Some(Outcome::Status(status)) = answer.result else { panic!("{answer:?}") };
    let told = status.details.iter().find(|detail| detail.type_url.ends_with("LocalizedMessage"));
    let told = String::from_utf8_lossy(&told.unwrap().value).into_owned();
    assert!(told.contains("사진을 골라 주세요"), "{told}");
    server.stop().await;
}
