//! The `mungpy-lab` command on composites.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::Value;

/// A file or folder below `tests/data` of the workspace.
fn data(relative: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/data").join(relative)
}

fn lab(data_dir: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mungpy-lab"));
    let models = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../landmark-models");
    command.arg("--data-dir").arg(data_dir).arg("--models").arg(models);
    command
}

/// What a command that succeeds prints.
fn run(command: &mut Command) -> String {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// Makes a folder of people in which each has the same photo in two recordings.
fn people_seen_twice(folder: &Path) -> PathBuf {
    let people = folder.join("people");
    for photo in fs::read_dir(data("persons")).unwrap() {
        let photo = photo.unwrap().path();
        let own = people.join(photo.file_stem().unwrap());
        fs::create_dir_all(&own).unwrap();
        for recording in ["1.jpg", "2.jpg"] {
            fs::copy(&photo, own.join(recording)).unwrap();
        }
    }
    people
}

#[test]
fn an_evaluation_tells_that_the_same_photo_gets_the_same_dog() {
    let folder = tempfile::tempdir().unwrap();
    let report = folder.path().join("report");
    let people = people_seen_twice(folder.path());
    let evaluate = || {
        let mut command = lab(&folder.path().join("data"));
        command.arg("evaluate").arg("--people").arg(&people).arg("--dogs").arg(data("dogs"));
        run(command.arg("--report").arg(&report))
    };
    let table = evaluate();
    let findings: Value =
        serde_json::from_slice(&fs::read(report.join("findings.json")).unwrap()).unwrap();
    for method in findings["methods"].as_array().unwrap() {
        assert_eq!(method["one_photo"]["same_top"], 1.0, "{table}");
    }
    let mirrored = findings["robustness"].as_array().unwrap().last().unwrap();
    assert_eq!((&mirrored["distortion"], &mirrored["same_top"]), (&"mirrored".into(), &1.0.into()));
    let repeatability = |name: &str| {
        let conditions = findings["conditions"].as_array().unwrap();
        let condition = conditions.iter().find(|condition| condition["name"] == name);
        condition.unwrap()["repeatability"].as_f64().unwrap()
    };
    assert!((repeatability("another recording") - 1.0).abs() < 1e-12, "it is the same file");
    let disturbed = repeatability("the same photo, disturbed");
    assert!(disturbed > 0.5 && disturbed < 1.0, "{table}");
    let frequent = findings["sampled"]["most_frequent"][0].as_f64().unwrap();
    let dogs = findings["catalogue"].as_f64().unwrap();
    assert!(frequent >= 1.0 / dogs && frequent < 1.0, "{table}");
    let page = fs::read_to_string(report.join("index.html")).unwrap();
    assert!(page.contains("<svg") && page.contains("mungpy"), "plots and methods are on the page");
    assert_eq!(table, evaluate(), "what was measured before is not measured again");
}

#[test]
fn studies_print_a_row_for_each_variant() {
    let folder = tempfile::tempdir().unwrap();
    let people = people_seen_twice(folder.path());
    let study = |name: &str| {
        let mut command = lab(&folder.path().join("data"));
        command.args(["study", name, "--recordings", "--people"]).arg(&people);
        command
    };
    let rows: Value = serde_json::from_str(&run(study("space").arg("--json"))).unwrap();
    let (chance, variants) = rows.as_array().unwrap().split_last().unwrap();
    assert_eq!((variants.len(), &chance["variant"]), (7, &Value::Null));
    for row in variants {
        assert_eq!((&row["same_top"], &row["median_rank"]), (&1.0.into(), &1.0.into()), "{row}");
    }
    let table = run(study("handicap").arg("--dogs").arg(data("dogs")));
    assert!(table.contains("none handicapped") && table.contains("never in a top 10"), "{table}");
    let top = table.matches("100.0 %").count();
    assert!(top >= 14, "the same photo gets the same dogs under each rule: {table}");
}

#[test]
fn a_study_says_what_it_lacks() {
    let folder = tempfile::tempdir().unwrap();
    let study = |arguments: &[&str]| {
        let output = lab(folder.path()).arg("study").args(arguments).output().unwrap();
        assert!(!output.status.success());
        String::from_utf8(output.stderr).unwrap()
    };
    assert!(study(&["space"]).contains("--people"));
    let dogs = data("dogs");
    let few = study(&["space", "--people", dogs.to_str().unwrap()]);
    assert!(few.contains("[TOO_FEW_PEOPLE]"), "{few}");
}
