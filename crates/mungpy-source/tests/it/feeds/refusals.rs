//! Refusals and answers that are no lists, in all forms that services have for them. None tells the
//! key.

use mungpy_core::reason::{Reason, WithReason};
use mungpy_source::{
    AsmSource, DogSource, KoreaSource, RescueGroupsSource, ShelterluvSource, SourceError,
};
use serde_json::json;

use super::{KEY, all, client};
use crate::server::{Reply, Server};

/// The service in question, which gives one answer to everything.
fn answered(service: &str, reply: &Reply) -> (Server, Box<dyn DogSource>) {
    let server = Server::start();
    for path in [
        "/1543061/abandonmentPublicService_v2/abandonmentPublic_v2",
        "/v5/public/animals/search/available/dogs/haspic",
        "/api/v1/animals",
        "/service",
    ] {
        server.always(path, reply.clone());
    }
    let base = server.url("/");
    let source: Box<dyn DogSource> = match service {
        "korea" => Box::new(KoreaSource::new(client(), base, KEY)),
        "rescuegroups" => Box::new(RescueGroupsSource::new(client(), base, KEY)),
        "shelterluv" => Box::new(ShelterluvSource::new(client(), base, KEY)),
        _ => Box::new(AsmSource::new(client(), base, "shelter", "user", KEY)),
    };
    (server, source)
}

fn error_of(service: &str, reply: &Reply) -> SourceError {
    let (_server, source) = answered(service, reply);
    let error = all(source.as_ref()).unwrap_err();
    let encoded: String = url::form_urlencoded::byte_serialize(KEY.as_bytes()).collect();
    for text in [error.to_string(), format!("{error:?}")] {
        assert!(!text.contains(KEY) && !text.contains(&encoded), "{text}");
        assert!(!text.contains('\n'), "{text}");
    }
    error
}

fn assert_refused(service: &str, reply: &Reply, says: &str) {
    let error = error_of(service, reply);
    assert_eq!(error.reason(), Reason::SourceRefused, "{error}");
    assert!(error.to_string().contains(says), "{error}");
}

const SERVICES: [&str; 4] = ["korea", "rescuegroups", "shelterluv", "asm"];

#[test]
fn korea_refuses_in_many_forms() {
    let header = |code: &str, message: &str| json!({ "errMsg": "SERVICE ERROR", "returnAuthMsg": message, "returnReasonCode": code });
    let of_gateway = |code, message| {
        json!({ "OpenAPI_ServiceResponse": { "cmmMsgHeader": header(code, message) } }).to_string()
    };
    let unknown = "SERVICE_KEY_IS_NOT_REGISTERED_ERROR";
    let quota = "LIMITED_NUMBER_OF_SERVICE_REQUESTS_EXCEEDS_ERROR";
    let xml = format!(
        "<OpenAPI_ServiceResponse><cmmMsgHeader><errMsg>SERVICE ERROR</errMsg>\n\
         <returnAuthMsg>{unknown}</returnAuthMsg><returnReasonCode>30</returnReasonCode>\n\
         </cmmMsgHeader></OpenAPI_ServiceResponse>"
    );
    let forbidden = Reply::status(403).body(of_gateway("30", unknown));
    assert_refused("korea", &forbidden, "code 30: SERVICE_KEY");
    assert_refused("korea", &Reply::ok(xml), "code 30: SERVICE_KEY");
    assert_refused("korea", &Reply::ok(of_gateway("22", quota)), "code 22: LIMITED");
    let inside = json!({ "response": { "header": { "resultCode": "22", "resultMsg": quota } } });
    assert_refused("korea", &Reply::json(&inside), "code 22: LIMITED");
    let nothing = json!({ "response": { "header": { "resultCode": "03" } } });
    assert_refused("korea", &Reply::json(&nothing), "code 03");
    assert_refused("korea", &Reply::status(429).body("API token quota exceeded"), "22");
    assert_refused("korea", &Reply::ok("API token quota exceeded"), "code 22");
    let echo = Reply::status(403).body(of_gateway("30", &format!("key {KEY} is unknown")));
    assert_refused("korea", &echo, "key *** is unknown");
}

#[test]
fn the_others_refuse_in_their_own_words() {
    let errors = json!({ "errors": [{ "status": "401", "detail": format!("bad key {KEY}") }] });
    let unauthorised = Reply::status(401).body(errors.to_string());
    assert_refused("rescuegroups", &unauthorised, "bad key ***");
    assert_refused("rescuegroups", &Reply::json(&errors), "bad key ***");
    let failed = json!({ "success": 0, "animals": [], "error_message": "Invalid API key" });
    assert_refused("shelterluv", &Reply::json(&failed), "Invalid API key");
    assert_refused("shelterluv", &Reply::status(403).body("no"), "HTTP 403");
    let said = format!("ERROR: Invalid username and password {KEY}");
    assert_refused("asm", &Reply::ok(said), "Invalid username");
}

#[test]
fn what_is_no_list_is_malformed() {
    for service in SERVICES {
        for body in [
            &b"<!DOCTYPE html><html><body>maintenance</body></html>"[..],
            b"",
            b"[{\"ID\": 1",
            b"{\"data\": [{\"id\": \"",
            b"\"list\"",
            b"{}",
            b"{\"data\": 7, \"animals\": 7, \"response\": 7}",
            b"{\"name\": \"\xff\"}",
        ] {
            let error = error_of(service, &Reply::ok(body));
            assert_eq!(error.reason(), Reason::SourceMalformed, "{service}: {error}");
        }
    }
}

#[test]
fn a_service_that_is_down_is_unreachable() {
    for service in SERVICES {
        let reply = Reply::status(500).body(format!("cannot parse {KEY}"));
        let error = error_of(service, &reply);
        assert_eq!(error.reason(), Reason::SourceUnreachable, "{service}: {error}");
    }
}

#[test]
fn no_source_shows_its_key() {
    let (server, _) = answered("korea", &Reply::ok(""));
    let shown = [
        format!("{:?}", KoreaSource::new(client(), server.url("/"), KEY)),
        format!("{:?}", RescueGroupsSource::new(client(), server.url("/"), KEY)),
        format!("{:?}", ShelterluvSource::new(client(), server.url("/"), KEY)),
        format!("{:?}", AsmSource::new(client(), server.url("/"), "a", "u", KEY)),
    ];
    assert!(shown.iter().all(|text| !text.contains(KEY)), "{shown:?}");
}
