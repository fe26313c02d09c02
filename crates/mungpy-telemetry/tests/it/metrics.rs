use mungpy_core::reason::Reason;
use mungpy_telemetry::RpcStatus;

use crate::{MATCH, batch, busy_engine, busy_gateway, engine, gateway};

/// The value of a series in a scrape.
fn value(text: &str, series: &str) -> Option<f64> {
    let line = text.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' '))?;
    Some(line.parse().unwrap())
}

#[test]
fn calls_are_told_apart_by_method_and_status() {
    let text = busy_engine().render();
    let count = |method: &str, status: &str| {
        let labels = format!(
            "rpc_system_name=\"grpc\",rpc_method=\"{method}\",rpc_response_status_code=\"{status}\""
        );
        value(&text, &format!("rpc_server_call_duration_seconds_count{{{labels}}}"))
    };
    assert_eq!(count(MATCH, "OK"), Some(1.0), "{text}");
    assert_eq!(count(MATCH, "CANCELLED"), Some(1.0), "dropped before it ended");
    assert_eq!(count("_OTHER", "DEADLINE_EXCEEDED"), Some(1.0));
    assert_eq!(value(&text, "mungpy_requests_cancelled_total"), Some(1.0));
    assert_eq!(value(&text, "mungpy_requests_deadline_exceeded_total"), Some(1.0));
    assert!(!text.contains("/no/such"), "a caller invents no label");
}

#[test]
fn a_count_of_what_is_held_ends_with_it() {
    let engine = engine();
    let held = (engine.queued(), engine.queued(), engine.busy(), engine.connected());
    let text = engine.render();
    let of = |text: &str| {
        ["mungpy_queue_depth", "mungpy_workers_busy", "mungpy_connections_open"]
            .map(|name| value(text, name).unwrap() as i64)
    };
    assert_eq!(of(&text), [2, 1, 1]);
    drop(held);
    assert_eq!(of(&engine.render()), [0, 0, 0]);
}

#[test]
fn the_age_of_the_catalogue_is_that_of_the_scrape() {
    let fresh = engine().render();
    assert_eq!(value(&fresh, "mungpy_catalogue_dogs"), Some(0.0));
    assert_eq!(value(&fresh, "mungpy_catalogue_age_seconds"), None, "there is none yet");
    let engine = busy_engine();
    let age = || value(&engine.render(), "mungpy_catalogue_age_seconds").unwrap();
    let first = age();
    assert!((3600.0..7200.0).contains(&first), "{first}");
    assert!(age() > first);
    assert_eq!(value(&engine.render(), "mungpy_catalogue_version"), Some(7.0));
}

#[test]
fn a_failed_batch_leaves_the_time_of_the_last_success() {
    let engine = engine();
    let shown = |name: &str| value(&engine.render(), name);
    assert_eq!(shown("mungpy_batch_succeeded"), None, "no run is known yet");
    engine.batch_ended(&batch(true));
    let mut failed = batch(false);
    failed.ended += std::time::Duration::from_secs(60);
    failed.dogs.remove(0);
    engine.batch_ended(&failed);
    assert_eq!(shown("mungpy_batch_succeeded"), Some(0.0));
    assert_eq!(shown("mungpy_batch_last_success_timestamp_seconds"), Some(1_700_000_000.5));
    assert_eq!(shown("mungpy_batch_last_end_timestamp_seconds"), Some(1_700_000_060.5));
    assert_eq!(shown("mungpy_batch_dogs{outcome=\"refused\",reason=\"NO_FACE\"}"), Some(2.0));
    assert_eq!(shown("mungpy_batch_dogs{outcome=\"enrolled\",reason=\"\"}"), None);
}

#[test]
fn the_most_frequent_dog_shows_by_its_number_only() {
    let engine = engine();
    for dog in ["dog-1", "dog-2", "dog-2", "dog-3"] {
        engine.dog_answered(dog);
    }
    let text = engine.render();
    assert_eq!(value(&text, "mungpy_dog_answers"), Some(2.0));
    assert_eq!(value(&text, "mungpy_dog_answers_all"), Some(4.0));
    assert_eq!(value(&text, "mungpy_dog_answers_dogs"), Some(3.0));
    assert!(!text.contains("dog-2"));
    let most = engine.most_answered(1);
    assert_eq!((&*most[0].dog, most[0].answers), ("dog-2", 2));
}

#[test]
fn refusals_start_at_zero_and_count_by_reason() {
    let engine = engine();
    let refused = |reason: Reason| {
        value(&engine.render(), &format!("mungpy_requests_refused_total{{reason=\"{reason}\"}}"))
    };
    assert_eq!(refused(Reason::Overloaded), Some(0.0));
    engine.refused(Reason::Overloaded);
    engine.refused(Reason::RequestTooLarge);
    assert_eq!(refused(Reason::Overloaded), Some(1.0));
    assert_eq!(refused(Reason::RequestTooLarge), Some(1.0));
}

#[test]
fn recent_quantiles_are_there_for_an_operators_page() {
    let engine = engine();
    let method = engine.method(MATCH);
    assert_eq!(engine.recent_calls(&method), None);
    engine.call_begun(method.clone()).ended(RpcStatus::Ok);
    assert_eq!(engine.recent_calls(&method).unwrap().count, 1);
}

#[test]
fn the_gateway_counts_by_template_and_engine() {
    let fresh = gateway().render();
    let healthy = "mungpy_gateway_upstream_healthy{upstream=\"localhost:50051\"}";
    assert_eq!(value(&fresh, healthy), Some(0.0), "not known to be healthy yet");
    let text = busy_gateway().render();
    assert_eq!(value(&text, healthy), Some(1.0));
    let count = |labels: &str| {
        value(&text, &format!("http_server_request_duration_seconds_count{{{labels}}}"))
    };
    let posted = "http_request_method=\"POST\",http_route=\"/similar-dog\",\
                  http_response_status_code=\"200\"";
    assert_eq!(count(posted), Some(1.0), "{text}");
    let left =
        "http_request_method=\"GET\",http_route=\"_OTHER\",http_response_status_code=\"499\"";
    assert_eq!(count(left), Some(1.0));
}

#[test]
fn the_process_tells_its_memory_time_and_files() {
    let text = engine().render();
    assert!(value(&text, "process_resident_memory_bytes").unwrap() > 1e5, "{text}");
    assert!(value(&text, "process_cpu_seconds_total").unwrap() >= 0.0);
    assert!(value(&text, "process_open_fds").unwrap() >= 3.0);
    assert!(value(&text, "process_start_time_seconds").unwrap() > 1.7e9);
}
