//! The forms in which the service answers: lists, and four kinds of refusal.

use serde_json::Value;
use url::Url;

use crate::{SourceError, feed::Feed, rows::Fields};

/// The code for a list without rows.
const NO_DATA: &str = "03";

/// One page as the service gives it.
#[derive(Debug, Default)]
pub(super) struct Reply {
    pub(super) rows: Vec<Value>,
    pub(super) total: Option<usize>,
}

/// Reads a page out of an answer with status 200, which may still be a refusal.
pub(super) fn read(
    feed: &Feed,
    url: &Url,
    text: &str,
    may_be_empty: bool,
) -> Result<Reply, SourceError> {
    if !text.starts_with('{') {
        return match refusal_in(text) {
            Some(said) => Err(feed.refused(said)),
            None => Err(feed.json(url, text).map_or_else(
                |error| error,
                |_| feed.malformed(url, "the answer is JSON without an object"),
            )),
        };
    }
    let json = feed.json(url, text)?;
    let response = Fields::of(&json).and_then(|json| json.object("response"));
    let code = response.and_then(|response| response.object("header")?.text("resultCode"));
    if code.as_deref() == Some(NO_DATA) && may_be_empty {
        return Ok(Reply::default());
    }
    let is_normal = code.is_some_and(|code| is_normal(&code));
    let Some(body) = response.and_then(|response| response.object("body")).filter(|_| is_normal)
    else {
        return Err(match refusal_in(text) {
            Some(said) => feed.refused(said),
            None => feed.malformed(url, "the answer has no response.body"),
        });
    };
    let rows = rows_of(body.get("items"))
        .ok_or_else(|| feed.malformed(url, "response.body.items is no list of rows"))?;
    Ok(Reply { rows, total: body.number("totalCount") })
}

/// The rows, in every form that was ever seen.
fn rows_of(items: Option<&Value>) -> Option<Vec<Value>> {
    match items {
        None | Some(Value::Null) => Some(Vec::new()),
        Some(Value::String(text)) if text.trim().is_empty() => Some(Vec::new()),
        Some(Value::Array(rows)) => Some(rows.clone()),
        Some(Value::Object(items)) => match items.get("item") {
            Some(row @ Value::Object(_)) => Some(vec![row.clone()]),
            other => rows_of(other),
        },
        Some(_) => None,
    }
}

fn is_normal(code: &str) -> bool {
    !code.is_empty() && code.bytes().all(|byte| byte == b'0')
}

/// Code and message of a refusal, out of JSON or XML, which may be cut off.
pub(super) fn refusal_in(text: &str) -> Option<String> {
    let code = ["returnReasonCode", "resultCode"].iter().find_map(|key| value_in(text, key));
    let message = ["returnAuthMsg", "errMsg", "resultMsg"]
        .iter()
        .find_map(|key| value_in(text, key))
        .unwrap_or_default();
    match code {
        Some(code) if is_normal(&code) => None,
        Some(code) => Some(format!("code {code}: {message}").trim_end_matches(": ").to_owned()),
        // The gateway before the service answers a used-up quota in words of its own.
        None => {
            let lower = text.to_lowercase();
            let is_quota = lower.contains("quota") || lower.contains("limited_number_of_service");
            let is_short = text.len() < 1000 && !lower.contains("<html");
            (is_quota && is_short).then(|| format!("code 22: {text}"))
        }
    }
}

/// The value behind a key, in JSON (`"key": "value"`) or XML (`<key>value</key>`).
fn value_in(text: &str, key: &str) -> Option<String> {
    let xml = text.split_once(&format!("<{key}>")).and_then(|(_, rest)| rest.split('<').next());
    let json = || {
        let (_, rest) = text.split_once(&format!("\"{key}\""))?;
        let rest = rest.trim_start().strip_prefix(':')?.trim_start();
        match rest.strip_prefix('"') {
            Some(quoted) => quoted.split('"').next(),
            None => rest.split([',', '}', '\n']).next(),
        }
    };
    let value = xml.or_else(json)?.trim();
    (!value.is_empty()).then(|| value.to_owned())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn rows_come_in_many_forms() {
        let count = |items: Value| rows_of(Some(&items)).map(|rows| rows.len());
        assert_eq!(count(json!({ "item": [{}, {}] })), Some(2));
        assert_eq!(count(json!({ "item": { "desertionNo": "1" } })), Some(1));
        assert_eq!(count(json!({ "item": [] })), Some(0));
        assert_eq!(count(json!({ "item": "" })), Some(0));
        assert_eq!(count(json!("")), Some(0));
        assert_eq!(count(json!({})), Some(0));
        assert_eq!(count(Value::Null), Some(0));
        assert_eq!(count(json!([{}])), Some(1));
        assert_eq!(count(json!(7)), None);
        assert_eq!(count(json!("SERVICE ERROR")), None);
        assert_eq!(rows_of(None).map(|rows| rows.len()), Some(0));
    }

    #[test]
    fn every_form_of_a_refusal_names_code_and_message() {
        let json = r#"{"OpenAPI_ServiceResponse":{"cmmMsgHeader":{"errMsg":"SERVICE ERROR",
            "returnAuthMsg":"SERVICE_KEY_IS_NOT_REGISTERED_ERROR","returnReasonCode":"30"}}}"#;
        let expected = "code 30: SERVICE_KEY_IS_NOT_REGISTERED_ERROR";
        assert_eq!(refusal_in(json).unwrap(), expected);
        let cut_off = &json[..json.len() - 3];
        assert_eq!(refusal_in(cut_off).unwrap(), expected);
        let xml = "<OpenAPI_ServiceResponse><cmmMsgHeader><errMsg>SERVICE ERROR</errMsg>\
            <returnAuthMsg>LIMITED_NUMBER_OF_SERVICE_REQUESTS_EXCEEDS_ERROR</returnAuthMsg>\
            <returnReasonCode>22</returnReasonCode></cmmMsgHeader></OpenAPI_ServiceResponse>";
        assert!(refusal_in(xml).unwrap().starts_with("code 22: LIMITED"));
        let inside = r#"{"response":{"header":{"resultCode":22,"resultMsg":"LIMITED"}}}"#;
        assert_eq!(refusal_in(inside).unwrap(), "code 22: LIMITED");
        assert_eq!(
            refusal_in("API token quota exceeded").unwrap().split(':').next(),
            Some("code 22")
        );
        assert_eq!(refusal_in("<html><body>quota</body></html>"), None);
        assert_eq!(refusal_in(r#"{"response":{"header":{"resultCode":"00"}}}"#), None);
    }
}
