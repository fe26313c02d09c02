//! `CatalogueService` as clients see it: dogs, pages, photos, and what is pushed.

use std::{collections::BTreeMap, fs, time::Duration};

use chrono::{TimeDelta, Utc};
use mungpy::{
    catalogue::Catalogue,
    photo::{Header, Photo, Raster},
};
use mungpy_core::face::Landmarks;
use mungpy_proto::v1::{
    Answer, AttributeFilter, DogPhoto, GetCatalogueRequest, GetDogPhotoRequest, GetDogRequest,
    GetQuestionnaireRequest, ListAttributeValuesRequest, ListBatchesRequest, ListDogsRequest,
    ListDogsResponse, PhotoView, RollbackCatalogueRequest, RunBatchRequest, WatchBatchRequest,
    catalogue_service_client::CatalogueServiceClient,
};
use mungpy_source::web::WebOptions;
use tonic::{Code, Status};
use tonic_types::StatusExt;

use crate::{
    common::{
        Authorized, TestServer, authorized, bytes, composite_catalogue, composites, with_token,
    },
    server::{Reply, Server},
};

type Client = CatalogueServiceClient<Authorized>;

async fn client(server: &TestServer) -> Client {
    CatalogueServiceClient::new(authorized(&server.url()).await)
}

pub(crate) fn reason(status: &Status) -> String {
    status.get_error_details().error_info().expect("an ErrorInfo").reason.clone()
}

/// The composite dogs with a region each, and one that has left.
fn catalogue() -> Catalogue {
    let mut catalogue = composite_catalogue();
    let regions = ["경기도 성남시", "경기도", "경기도청", "Jeju"];
    for (number, dog) in catalogue.dogs.iter_mut().enumerate() {
        let region = regions[number % regions.len()].to_owned();
        dog.attributes = BTreeMap::from([("region".to_owned(), region)]);
    }
    catalogue
}

fn regions(values: &[&str]) -> Vec<AttributeFilter> {
    let values = values.iter().map(|&value| value.to_owned()).collect();
    vec![AttributeFilter { attribute: "region".to_owned(), values }]
}

async fn list(client: &mut Client, request: ListDogsRequest) -> Result<ListDogsResponse, Status> {
    client.list_dogs(request).await.map(tonic::Response::into_inner)
}

fn ids(page: &ListDogsResponse) -> Vec<&str> {
    page.dogs.iter().map(|dog| dog.dog_id.as_str()).collect()
}

#[tokio::test]
async fn a_dog_is_told_with_all_that_is_known_of_it() {
    let mut catalogue = catalogue();
    let gone = catalogue.dogs[1].dog_id.clone();
    catalogue.dogs[1].expires_at = Some(Utc::now() + TimeDelta::milliseconds(1500));
    let server = TestServer::start_on(with_token(), Some(&catalogue)).await;
    let mut client = client(&server).await;
    let known = &catalogue.dogs[0];
    let mut get = async |dog_id: &str| {
        let dog_id = dog_id.to_owned();
        client.get_dog(GetDogRequest { dog_id }).await.map(tonic::Response::into_inner)
    };
    let dog = get(&known.dog_id).await.unwrap();
    assert_eq!((&dog.image_id, &dog.source), (&known.image_id, &known.source));
    assert_eq!(
        (&dog.traits, &dog.adoption.unwrap().attributes),
        (&known.traits, &known.attributes)
    );
    for (point, [x, y]) in dog.landmarks.iter().zip(known.landmarks.0) {
        assert!((point.x - x).abs() < 1e-3 && (point.y - y).abs() < 1e-3);
    }
    assert_eq!((dog.landmarks.len(), dog.ratios.len()), (16, 10));
    let value = known.measurement.log_ratios[2].exp();
    assert!((dog.ratios[2].value - value).abs() < 1e-5 && dog.ratios[2].sigma.abs() < 10.0);
    tokio::time::sleep(Duration::from_millis(1600)).await;
    for unknown in ["nobody", "", "../../etc/passwd", gone.as_str()] {
        let status = get(unknown).await.unwrap_err();
        assert_eq!((status.code(), reason(&status).as_str()), (Code::NotFound, "DOG_UNKNOWN"));
    }
    assert_eq!(reason(&get(&"x".repeat(1025)).await.unwrap_err()), "DOG_ID_TOO_LONG");
    assert_eq!(reason(&get(&"x".repeat(5000)).await.unwrap_err()), "REQUEST_TOO_LARGE");
    let questionnaire = client.get_questionnaire(GetQuestionnaireRequest {}).await.unwrap();
    let axes = questionnaire.into_inner().axes;
    assert!(axes.iter().flat_map(|axis| &axis.sides).all(|side| !side.english.is_empty()));
    server.stop().await;
}

#[tokio::test]
async fn pages_go_on_where_they_were_although_a_new_catalogue_is_published() {
    let mut catalogue = catalogue();
    let server = TestServer::start_on(with_token(), Some(&catalogue)).await;
    let mut client = client(&server).await;
    let page_size = 5;
    let ask = |page_token: &str| {
        let page_token = page_token.to_owned();
        ListDogsRequest { page_size, page_token, ..ListDogsRequest::default() }
    };
    let first = list(&mut client, ask("")).await.unwrap();
    assert_eq!((first.dogs.len(), first.total_size), (5, catalogue.dogs.len() as u64));
    assert!(first.dogs.iter().all(|dog| dog.landmarks.is_empty() && dog.quality.is_some()));
    // The last dog of the page leaves, and one comes that belongs to it.
    let last = first.dogs[4].dog_id.clone();
    catalogue.dogs.retain(|dog| dog.dog_id != last);
    catalogue.dogs[0].dog_id = "aaa".to_owned();
    catalogue.version = 2;
    catalogue.publish(&server.data_dir.catalogue_path()).unwrap();
    let (mut seen, mut token) = (Vec::new(), first.next_page_token.clone());
    while !token.is_empty() {
        let page = list(&mut client, ask(&token)).await.unwrap();
        if seen.is_empty() && page.catalogue_version < 2 {
            tokio::time::sleep(Duration::from_millis(50)).await;
            continue;
        }
        seen.extend(ids(&page).into_iter().map(str::to_owned));
        token = page.next_page_token;
    }
    let mut expected: Vec<String> = catalogue.dogs.iter().map(|d| d.dog_id.clone()).collect();
    expected.sort();
    let expected_of_all = expected.len();
    expected.retain(|dog_id| *dog_id > last);
    assert_eq!(seen, expected, "no dog twice, none left out");
    let large = ListDogsRequest { page_size: u32::MAX, ..ask("") };
    assert_eq!(list(&mut client, large).await.unwrap().dogs.len(), expected_of_all);
    let mut refused = async |request| {
        let refused = list(&mut client, request).await.unwrap_err();
        let details = refused.get_error_details();
        assert_eq!(details.bad_request().unwrap().field_violations[0].field, "page_token");
        reason(&refused)
    };
    for token in ["x", "0100", &format!("{}0", first.next_page_token)] {
        assert_eq!(refused(ask(token)).await, "PAGE_INVALID");
    }
    let filtered = ListDogsRequest { attributes: regions(&["a"]), ..ask(&first.next_page_token) };
    assert_eq!(refused(filtered).await, "PAGE_INVALID");
    server.stop().await;
}

#[tokio::test]
async fn dogs_are_filtered_by_attributes_and_traits() {
    let catalogue = catalogue();
    let server = TestServer::start_on(with_token(), Some(&catalogue)).await;
    let mut client = client(&server).await;
    let count = |is_wanted: &dyn Fn(&str, &str) -> bool| {
        let of = |dog: &&mungpy::catalogue::DogRecord| {
            is_wanted(&dog.attributes["region"], &dog.traits["energy"])
        };
        catalogue.dogs.iter().filter(of).count() as u64
    };
    let mut total = async |attributes, side: Option<&str>| {
        let axis = "energy".to_owned();
        let trait_of = |side: &str| Answer { axis, side: side.to_owned(), required: false };
        let traits = side.map(trait_of).into_iter().collect();
        let request = ListDogsRequest { attributes, traits, ..ListDogsRequest::default() };
        list(&mut client, request).await.map(|page| page.total_size).map_err(|s| reason(&s))
    };
    let province = count(&|region, _| region == "경기도" || region.starts_with("경기도 "));
    assert_eq!(total(regions(&["경기도"]), None).await, Ok(province));
    assert_eq!(total(regions(&["JEJU"]), None).await, Ok(count(&|region, _| region == "Jeju")));
    let both = count(&|region, energy| region == "Jeju" && energy == "homebody");
    assert_eq!(total(regions(&["jeju"]), Some("방콕러")).await, Ok(both));
    let source = AttributeFilter { attribute: "source".into(), values: vec!["Source".into()] };
    assert_eq!(total(vec![source], None).await, Ok(catalogue.dogs.len() as u64));
    assert_eq!(total(regions(&["nowhere"]), None).await, Ok(0));
    for bad in [
        regions(&[]),
        regions(&[""]),
        regions(&[&"x".repeat(257)]),
        vec![regions(&["a"]); 17].concat(),
    ] {
        assert_eq!(total(bad, None).await, Err("FILTER_INVALID".to_owned()));
    }
    assert_eq!(total(Vec::new(), Some("sad")).await, Err("UNKNOWN_SIDE".to_owned()));
    let large = vec![regions(&["가".repeat(85).as_str(); 64]); 16].concat();
    assert_eq!(total(large, None).await, Ok(0), "the largest filters fit into a request");
    let mut values = async |attribute: &str| {
        let attribute = attribute.to_owned();
        let request = ListAttributeValuesRequest { attribute };
        client.list_attribute_values(request).await.map(|response| response.into_inner().values)
    };
    let found = values("region").await.unwrap();
    let of = |value: &str| found.iter().find(|found| found.value == value).unwrap().dogs;
    assert_eq!((found.len(), of("Jeju")), (4, count(&|region, _| region == "Jeju")));
    assert!(found.is_sorted_by(|a, b| a.dogs >= b.dogs));
    assert_eq!(values("source").await.unwrap().len(), 1);
    assert_eq!(values("colour").await.unwrap(), []);
    assert_eq!(reason(&values("").await.unwrap_err()), "FILTER_INVALID");
    server.stop().await;
}

#[tokio::test]
async fn a_server_without_dogs_or_batch_says_so() {
    let mut empty = composite_catalogue();
    empty.dogs.clear();
    let server = TestServer::start_on(with_token(), Some(&empty)).await;
    let mut client = client(&server).await;
    let page = list(&mut client, ListDogsRequest::default()).await.unwrap();
    assert_eq!((page.dogs.len(), page.total_size, page.next_page_token.as_str()), (0, 0, ""));
    assert_eq!(
        reason(&client.run_batch(RunBatchRequest::default()).await.unwrap_err()),
        "BATCH_OFF"
    );
    let watched = client.watch_batch(WatchBatchRequest {}).await;
    assert_eq!(reason(&watched.unwrap_err()), "BATCH_OFF");
    let batches = client.list_batches(ListBatchesRequest::default()).await.unwrap().into_inner();
    assert_eq!(batches.batches, []);
    let status = client.rollback_catalogue(RollbackCatalogueRequest::default()).await.unwrap_err();
    assert_eq!(reason(&status), "CATALOGUE_NOT_KEPT");
    server.stop().await;
    let server = TestServer::start_on(with_token(), None).await;
    let mut client = self::client(&server).await;
    let status = client.get_catalogue(GetCatalogueRequest {}).await.unwrap_err();
    assert_eq!(reason(&status), "CATALOGUE_NOT_PUBLISHED");
    server.stop().await;
}

/// A dog's photo with a red left and a blue right eye, turned clockwise, and its landmarks.
fn marked(degrees: f64) -> (Raster, Landmarks) {
    let dog = composites("dogs/").into_iter().next().unwrap();
    let raster = Photo::decode(&bytes(&dog.photo)).unwrap().raster;
    let [left, right] = dog.landmarks().eye_centres();
    let near = |[x, y]: [f64; 2], [a, b]: [f64; 2]| (x - a).hypot(y - b) < 4.0;
    let raster = raster.painted(|point| near(point, left), [255, 0, 0]).unwrap();
    let raster = raster.painted(|point| near(point, right), [0, 0, 255]).unwrap();
    let middle = [raster.width(), raster.height()].map(|side| (side as f64 - 1.0) / 2.0);
    let (sin, cos) = degrees.to_radians().sin_cos();
    let landmarks = dog.landmarks().map(|[x, y]| {
        let [x, y] = [x - middle[0], y - middle[1]];
        [middle[0] + cos * x - sin * y, middle[1] + sin * x + cos * y]
    });
    (raster.rotated(degrees).unwrap(), landmarks)
}

/// Mean place of the pixels in which one channel is far stronger than the others, in shares of the
/// picture's width.
fn spot(picture: &Raster, channel: usize) -> [f64; 2] {
    let (bytes, width) = (picture.bytes().unwrap(), picture.width());
    let mut sum = [0.0; 3];
    for (number, pixel) in bytes.chunks_exact(3).enumerate() {
        let others = (0..3).filter(|other| *other != channel).map(|other| pixel[other]);
        if i32::from(pixel[channel]) > 100 + i32::from(others.max().unwrap()) {
            let [x, y] = [number % width, number / width].map(|at| at as f64 + 0.5);
            sum = [sum[0] + x, sum[1] + y, sum[2] + 1.0];
        }
    }
    assert!(sum[2] > 3.0, "no spot");
    [sum[0] / sum[2] / width as f64, sum[1] / sum[2] / width as f64]
}

async fn photo(
    client: &mut Client,
    dog_id: &str,
    view: PhotoView,
    size: u32,
) -> Result<DogPhoto, Status> {
    let request = GetDogPhotoRequest {
        dog_id: dog_id.to_owned(),
        size,
        view: view.into(),
        if_none_match: String::new(),
    };
    client.get_dog_photo(request).await.map(tonic::Response::into_inner)
}

#[tokio::test]
async fn the_eyes_of_a_face_lie_where_the_contract_says() {
    let folder = tempfile::tempdir().unwrap();
    let mut catalogue = composite_catalogue();
    catalogue.dogs.truncate(3);
    for (dog, degrees) in catalogue.dogs.iter_mut().zip([0.0, 24.0, -35.0]) {
        let (raster, landmarks) = marked(degrees);
        let path = folder.path().join(format!("{}.png", dog.dog_id));
        fs::write(&path, raster.encode_png().unwrap()).unwrap();
        dog.photo_location = path.to_str().unwrap().to_owned();
        dog.landmarks = landmarks;
    }
    let server = TestServer::start_on(with_token(), Some(&catalogue)).await;
    let mut client = client(&server).await;
    for dog in &catalogue.dogs {
        for size in [160, 300, 800] {
            let face = photo(&mut client, &dog.dog_id, PhotoView::Face, size).await.unwrap();
            assert_eq!((face.width, face.height), (size, size));
            let picture = Photo::decode(&face.jpeg).unwrap().raster;
            for (channel, [x, y]) in [(0, [0.34, 0.40]), (2, [0.66, 0.40])] {
                let [a, b] = spot(&picture, channel);
                let (off, size) = ((a - x).hypot(b - y), f64::from(size));
                assert!(off * size < 1.5 + 0.004 * size, "{a} {b} in {size} px of {}", dog.dog_id);
            }
            let apart = 0.32 * f64::from(size) / dog.landmarks.interocular_distance();
            assert!((face.scale / apart - 1.0).abs() < 1e-3);
        }
    }
    server.stop().await;
}

/// A JPEG that is to be turned by 90° to be seen upright, and that says so.
fn lying() -> Vec<u8> {
    let jpeg = bytes("photos/two-faces.jpg");
    let mut exif = b"Exif\0\0II*\0\x08\0\0\0\x01\0".to_vec();
    exif.extend(b"\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0");
    let length = (exif.len() as u16 + 2).to_be_bytes();
    [&jpeg[..2], b"\xff\xe1", &length, &exif, &jpeg[2..]].concat()
}

/// Mean difference of two pictures of one size, in steps of a channel.
fn difference(a: &[u8], b: &[u8]) -> f64 {
    let [a, b] = [a, b].map(|bytes| Photo::decode(bytes).unwrap().raster);
    assert_eq!((a.width(), a.height()), (b.width(), b.height()));
    let pairs = a.bytes().unwrap().iter().zip(b.bytes().unwrap());
    let sum: u64 = pairs.map(|(a, b)| u64::from(a.abs_diff(*b))).sum();
    sum as f64 / a.bytes().unwrap().len() as f64
}

#[tokio::test]
async fn a_photo_is_upright_small_and_without_metadata() {
    let folder = tempfile::tempdir().unwrap();
    let mut catalogue = composite_catalogue();
    let path = folder.path().join("lying.jpg");
    let original = lying();
    fs::write(&path, &original).unwrap();
    catalogue.dogs[0].photo_location = path.to_string_lossy().into_owned();
    let server = TestServer::start_on(with_token(), Some(&catalogue)).await;
    let mut client = client(&server).await;
    let dog_id = catalogue.dogs[0].dog_id.clone();
    let header = Header::read(&original).unwrap();
    assert_eq!(header.orientation, 6);
    let (width, height) = header.upright_size();
    assert_ne!(width, height);
    let whole = photo(&mut client, &dog_id, PhotoView::Unspecified, 0).await.unwrap();
    assert_eq!((whole.width, whole.height), (width, height), "it is not enlarged");
    let off = difference(&whole.jpeg, &original);
    assert!(off < 4.0, "{off}");
    let small = photo(&mut client, &dog_id, PhotoView::Whole, 100).await.unwrap();
    assert_eq!(small.width.max(small.height), 100);
    assert!((small.scale - f64::from(small.width) / f64::from(width)).abs() < 1e-9);
    let made = Header::read(&small.jpeg).unwrap();
    assert_eq!((made.orientation, made.width), (1, small.width));
    assert!(!small.jpeg.windows(4).any(|window| window == b"Exif"));
    let again = GetDogPhotoRequest {
        dog_id: dog_id.clone(),
        size: 100,
        view: PhotoView::Whole.into(),
        if_none_match: small.entity_tag.clone(),
    };
    let again = client.get_dog_photo(again).await.unwrap().into_inner();
    assert!(again.jpeg.is_empty() && again.entity_tag == small.entity_tag);
    assert_ne!(whole.entity_tag, small.entity_tag);
    for size in [1, 63, 2049] {
        let status = photo(&mut client, &dog_id, PhotoView::Whole, size).await.unwrap_err();
        assert_eq!(status.code(), Code::InvalidArgument);
    }
    server.stop().await;
}

#[tokio::test]
async fn a_photo_that_cannot_be_had_is_unavailable_and_tells_no_path() {
    let folder = tempfile::tempdir().unwrap();
    let web = Server::start();
    let address = web.always("/dog.jpg", Reply::ok(bytes("dogs/long-nose.jpg")));
    web.always("/gone.jpg", Reply::status(404));
    let mut catalogue = composite_catalogue();
    let damaged = folder.path().join("damaged.jpg");
    fs::write(&damaged, &bytes("dogs/long-nose.jpg")[..2000]).unwrap();
    let places = [
        damaged.to_str().unwrap().to_owned(),
        folder.path().join("missing.jpg").to_str().unwrap().to_owned(),
        folder.path().to_str().unwrap().to_owned(),
        "/dev/zero".to_owned(),
        address.to_string(),
        web.url("/gone.jpg").to_string(),
    ];
    for (dog, place) in catalogue.dogs.iter_mut().zip(&places) {
        dog.photo_location.clone_from(place);
    }
    let server = TestServer::start_on(with_token(), Some(&catalogue)).await;
    let mut asking = client(&server).await;
    for (dog, place) in catalogue.dogs.iter().zip(&places) {
        let status = photo(&mut asking, &dog.dog_id, PhotoView::Whole, 0).await.unwrap_err();
        let told = (status.code(), reason(&status));
        assert_eq!(told, (Code::NotFound, "PHOTO_UNAVAILABLE".to_owned()), "{place}");
        assert!(!status.message().contains(place.as_str()), "{}", status.message());
    }
    assert_eq!(web.count("/dog.jpg"), 0, "an address of the own network is not asked");
    server.stop().await;
    let private = WebOptions { allow_private_addresses: true, ..WebOptions::default() };
    let server =
        TestServer::start_with(with_token(), Some(&catalogue), private, |upkeep| upkeep).await;
    let mut asking = client(&server).await;
    for _ in 0..2 {
        let dog_id = &catalogue.dogs[4].dog_id;
        assert!(photo(&mut asking, dog_id, PhotoView::Whole, 0).await.is_ok());
    }
    assert_eq!(web.count("/dog.jpg"), 1, "a picture is kept");
    let gone = photo(&mut asking, &catalogue.dogs[5].dog_id, PhotoView::Face, 0).await;
    assert_eq!(reason(&gone.unwrap_err()), "PHOTO_UNAVAILABLE");
    server.stop().await;
}
