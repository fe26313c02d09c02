//! The public feed of rescued animals in Korea.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicUsize, Ordering},
};

use mungpy_source::KoreaSource;
use serde_json::{Value, json};

use super::{KEY, all, changes, client, ids, reasons};
use crate::server::{Asked, Reply, Server};

const PATH: &str = "/1543061/abandonmentPublicService_v2/abandonmentPublic_v2";

fn row(id: usize) -> Value {
    json!({
        "desertionNo": id.to_string(), "upKindCd": "417000", "processState": "보호중",
        "kindFullNm": "[개] 믹스견", "careNm": "보호소", "careTel": "02-000-0000",
        "noticeEdt": "20200101", "specialMark": "사람을 잘 따르지 않음, 온순함",
        "popfile1": format!("http://photos.example/{id}[1].jpg"),
    })
}

fn page_of(asked: &Asked, rows: &[Value]) -> Reply {
    let number = |name| asked.parameter(name).unwrap().parse::<usize>().unwrap();
    let (page, size) = (number("pageNo"), number("numOfRows"));
    let shown: Vec<_> = rows.iter().skip((page - 1) * size).take(size).cloned().collect();
    let items = match shown.as_slice() {
        [] => json!(""),
        // With one row it is an object.
        [row] => json!({ "item": row }),
        rows => json!({ "item": rows }),
    };
    Reply::json(&json!({ "response": {
        "header": { "resultCode": "00", "resultMsg": "NORMAL SERVICE." },
        // Numbers come as strings or numbers.
        "body": { "items": items, "pageNo": page, "totalCount": rows.len().to_string() },
    } }))
}

/// A server of rows that are changed by `step` before each request, which it numbers.
fn changing(
    rows: Vec<Value>,
    step: impl Fn(usize, &mut Vec<Value>) + Send + Sync + 'static,
) -> Server {
    let server = Server::start();
    let rows = Mutex::new(rows);
    let requests = AtomicUsize::new(0);
    server.on(PATH, move |asked| {
        let mut rows = rows.lock().unwrap();
        step(requests.fetch_add(1, Ordering::Relaxed), &mut rows);
        page_of(asked, &rows)
    });
    server
}

fn source(server: &Server, rows: usize) -> KoreaSource {
    KoreaSource::new(client(), server.url("/"), KEY).with_rows(rows)
}

fn newest_first(from: usize) -> Vec<Value> {
    (1..=from).rev().map(row).collect()
}

#[test]
fn every_page_is_asked_for_once() {
    let server = changing(newest_first(5), |_, _| {});
    let listing = all(&source(&server, 2)).unwrap();
    assert_eq!(ids(&listing), ["1", "2", "3", "4", "5"]);
    assert!(listing.faults.is_empty() && !listing.is_of_changes);
    assert_eq!(server.count(PATH), 3);
    let dog = &listing.dogs[0];
    assert_eq!(dog.photos[0].place.to_string(), "http://photos.example/1%5B1%5D.jpg");
    assert_eq!(dog.traits["sociability"], "shy");
    assert_eq!(dog.traits["sensitivity"], "unflappable");
    assert_eq!(dog.attributes["shelter"], "보호소");
    assert_eq!(dog.expires_at, None, "past its notice and still in care");
    let asked = &server.asked(PATH)[0];
    assert_eq!(asked.parameter("upkind").unwrap(), "417000");
    assert_eq!(asked.parameter("_type").unwrap(), "json");
}

#[test]
fn no_dog_is_lost_while_pages_shift() {
    let server = changing(newest_first(6), |request, rows| match request {
        1 => rows.splice(0..0, [row(9), row(8), row(7)]).for_each(drop),
        2 => drop(rows.remove(0)),
        _ => {}
    });
    let listing = all(&source(&server, 2)).unwrap();
    for id in 1..=8 {
        assert!(ids(&listing).contains(&id.to_string().as_str()), "{id} of {:?}", ids(&listing));
    }
}

#[test]
fn a_row_that_is_twice_in_the_list_is_one_dog() {
    let server = changing(vec![row(2), row(1), row(2), row(1)], |_, _| {});
    let listing = all(&source(&server, 3)).unwrap();
    assert_eq!(ids(&listing), ["1", "2"]);
    assert_eq!(reasons(&listing), [("2", "DUPLICATE_DOG_ID")], "1 may have moved to the next page");
}

#[test]
fn one_row_and_no_rows_are_lists_too() {
    assert_eq!(ids(&all(&source(&changing(vec![row(1)], |_, _| {}), 10)).unwrap()), ["1"]);
    for items in [json!(""), json!({}), Value::Null, json!({ "item": [] })] {
        let server = Server::start();
        let body = json!({ "items": items, "totalCount": 0 });
        let header = json!({ "resultCode": "00" });
        let reply = json!({ "response": { "header": header, "body": body } });
        server.always(PATH, Reply::json(&reply));
        assert!(all(&source(&server, 10)).unwrap().dogs.is_empty());
    }
}

#[test]
fn a_bad_row_costs_only_itself() {
    let mut gone = row(4);
    gone["processState"] = json!("종료(입양)");
    let mut photoless = row(5);
    photoless["popfile1"] = json!("");
    let mut unclear = row(6);
    unclear["processState"] = json!("?");
    let nameless = json!({ "processState": "보호중" });
    let rows = vec![row(1), nameless, json!("row"), row(2), gone, photoless, unclear];
    let listing = all(&source(&changing(rows, |_, _| {}), 3)).unwrap();
    assert_eq!(ids(&listing), ["1", "2"]);
    let mut codes: Vec<_> = reasons(&listing).into_iter().map(|(_, code)| code).collect();
    codes.sort_unstable();
    assert_eq!(codes, ["DOG_WITHOUT_PHOTO", "ROW_INVALID", "ROW_INVALID", "ROW_INVALID"]);
    assert!(listing.unlisted.iter().eq(["5", "6"]));
    assert!(listing.gone.is_empty(), "only a listing of changes tells who has gone");
}

#[test]
fn changes_are_asked_for_by_days_of_korea_with_an_overlap() {
    let mut gone = row(3);
    gone["processState"] = json!("종료(반환)");
    let server = changing(vec![gone, row(2)], |_, _| {});
    let source = source(&server, 10);
    // 16:30 in London is half past one of the next day in Seoul.
    let listing = changes(&source, "2026-09-03T16:30:00Z", "2026-09-30T15:00:00Z").unwrap();
    assert!(listing.is_of_changes);
    assert_eq!(ids(&listing), ["2"]);
    assert!(listing.gone.iter().eq(["3"]));
    let asked = &server.asked(PATH)[0];
    assert_eq!(asked.parameter("bgupd").unwrap(), "20260903");
    assert_eq!(asked.parameter("enupd").unwrap(), "20261001");
    changes(&source, "2026-09-03T16:30:00Z", "2026-08-01T00:00:00Z").unwrap();
    let asked = server.asked(PATH).pop().unwrap();
    assert_eq!(asked.parameter("enupd").unwrap(), "20260904", "a clock that jumped back");
}

#[test]
fn a_key_arrives_the_same_however_it_is_held() {
    let encoded = "Ab%2Bc%2Fd3fGh1JkLmN0pQ%3D%3D";
    let lower = "Ab%2bc%2fd3fGh1JkLmN0pQ%3d%3d\n";
    for key in [KEY, encoded, lower] {
        let server = changing(vec![row(1)], |_, _| {});
        all(&KoreaSource::new(client(), server.url("/"), key)).unwrap();
        let query = &server.asked(PATH)[0].query;
        assert!(query.contains(&format!("serviceKey={encoded}&")), "{query}");
    }
}

#[test]
fn a_list_that_dies_halfway_is_no_list() {
    let failures: [fn() -> Reply; 5] = [
        || Reply::status(500),
        || Reply::ok("{\"response\": {\"header\": {\"resultCode\": \"00\"}, \"bo"),
        || Reply::ok(b"{\"a\": \"\xff\xfe\"}".to_vec()),
        || Reply::ok("<html><body>점검 중</body></html>"),
        Reply::silence,
    ];
    for failure in failures {
        let server = Server::start();
        let pages = Arc::new(newest_first(6));
        server.on(PATH, move |asked| match asked.parameter("pageNo").as_deref() {
            Some("2") => failure(),
            _ => page_of(asked, &pages),
        });
        assert!(all(&source(&server, 2)).is_err());
    }
}

#[test]
fn pages_that_run_dry_before_the_total_are_no_list() {
    let server = Server::start();
    server.on(PATH, |asked| match asked.parameter("pageNo").as_deref() {
        Some("1") => page_of(asked, &newest_first(6)),
        _ => Reply::json(&json!({ "response": {
            "header": { "resultCode": "00" }, "body": { "items": "", "totalCount": 6 },
        } })),
    });
    let error = all(&source(&server, 2)).unwrap_err().to_string();
    assert!(error.contains("after 2 of 6 rows"), "{error}");
}
