use std::{collections::BTreeSet, fs, path::PathBuf, process::Command};

use serde_json::Value;

use crate::{busy_engine, busy_gateway, scraping::has_promtool};

fn deployed(path: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../deploy").join(path)
}

/// Names of the samples that both programs render.
fn rendered() -> BTreeSet<String> {
    let text = busy_engine().render() + &busy_gateway().render();
    let samples = text.lines().filter(|line| !line.starts_with('#'));
    samples.filter_map(|line| Some(line.split(['{', ' ']).next()?.to_owned())).collect()
}

/// Metrics of ours that an expression names.
fn named(text: &str) -> BTreeSet<String> {
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == ':';
    let words = text.split(|c| !is_part(c));
    let is_ours = |word: &&str| {
        ["mungpy_", "rpc_server_", "http_server_", "process_"]
            .iter()
            .any(|start| word.starts_with(start))
    };
    words.filter(is_ours).map(ToOwned::to_owned).collect()
}

/// Every expression of a dashboard.
fn expressions(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            for (key, value) in fields {
                match value {
                    Value::String(text) if key == "expr" || key == "definition" => {
                        found.push(text.clone());
                    }
                    _ => expressions(value, found),
                }
            }
        }
        Value::Array(values) => values.iter().for_each(|value| expressions(value, found)),
        _ => {}
    }
}

#[test]
fn every_metric_of_the_dashboard_exists_and_every_metric_is_on_it() {
    let text = fs::read_to_string(deployed("grafana/mungpy.json")).unwrap();
    let mut found = Vec::new();
    expressions(&serde_json::from_str(&text).unwrap(), &mut found);
    let (shown, rendered) = (named(&found.join("\n")), rendered());
    let unknown: Vec<_> = shown.difference(&rendered).collect();
    assert!(unknown.is_empty(), "the dashboard names {unknown:?}");
    let shown = |name: &&String| {
        let family = ["_bucket", "_sum", "_count"].iter().find_map(|end| name.strip_suffix(end));
        let family = family.unwrap_or(name);
        shown.iter().any(|shown| shown.starts_with(family))
    };
    // The time since the last success tells more.
    let missing: Vec<_> = rendered.iter().filter(|name| !shown(name)).collect();
    assert_eq!(missing, ["mungpy_batch_last_end_timestamp_seconds"]);
}

#[test]
fn every_metric_of_the_alerts_exists() {
    for file in ["alerts.yml", "alerts_test.yml"] {
        let text = fs::read_to_string(deployed("prometheus").join(file)).unwrap();
        let (named, rendered) = (named(&text), rendered());
        assert!(named.len() > 8, "{named:?}");
        let unknown: Vec<_> = named.difference(&rendered).collect();
        assert!(unknown.is_empty(), "{file} names {unknown:?}");
    }
}

#[test]
fn every_metric_and_alert_is_explained() {
    let page = fs::read_to_string(deployed("../docs/OPERATIONS.md")).unwrap();
    for name in rendered() {
        let family = ["_bucket", "_sum", "_count"].iter().find_map(|end| name.strip_suffix(end));
        let family = family.unwrap_or(&name);
        assert!(page.contains(&format!("`{family}`")), "{family} is not explained");
    }
    let alerts = fs::read_to_string(deployed("prometheus/alerts.yml")).unwrap();
    for alert in alerts.lines().filter_map(|line| line.trim().strip_prefix("- alert: ")) {
        assert!(page.contains(&format!("`{alert}`")), "{alert} is not explained");
    }
}

#[test]
fn the_alerts_pass_their_tests() {
    if !has_promtool() {
        return;
    }
    for (check, file) in [("check", "alerts.yml"), ("test", "alerts_test.yml")] {
        let path = deployed("prometheus").join(file);
        let output = Command::new("promtool").args([check, "rules"]).arg(path).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
}
