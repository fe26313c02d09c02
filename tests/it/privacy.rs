//! A person's descriptor leaves no trace: not in the answer, the log, or a file.

use std::{
    fs,
    io::Read,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use mungpy::{catalogue::DataDir, vision::DESCRIPTOR_LEN};

use crate::common::{bytes, composite_catalogue, data, person_extractor, shipped_models};

const PERSON: &str = "persons/wide-set-eyes.jpg";

/// The descriptor that an extractor holds while it works on the photo.
fn descriptor() -> [f32; DESCRIPTOR_LEN] {
    let (_, descriptor) = person_extractor().describe(&bytes(PERSON)).unwrap();
    *descriptor.expect("proportions are estimated by default").values()
}

/// Whether a text holds numbers of the descriptor. Five decimals that agree may be chance; four
/// such numbers are not.
fn tells(text: &str, descriptor: &[f32]) -> bool {
    let shown = |value: &f32| text.contains(&format!("{:.8}", value.abs())[1..7]);
    descriptor.iter().filter(|value| shown(value)).count() >= 4
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

#[test]
fn the_descriptor_is_in_no_answer_no_log_and_no_file() {
    let descriptor = descriptor();
    let folder = tempfile::tempdir().unwrap();
    let data_dir = DataDir::new(folder.path());
    composite_catalogue().publish(&data_dir.catalogue_path()).unwrap();
    let photo = data(PERSON);
    let mut outputs = Vec::new();
    for command in [&["match", "--json"][..], &["extract", "--species", "person", "--json"]] {
        let mut child = Command::new(env!("CARGO_BIN_EXE_mungpy"))
            .args(command)
            .arg(&photo)
            .arg("--data-dir")
            .arg(folder.path())
            .arg("--models")
            .arg(shipped_models())
            .env("MUNGPY_LOG", "trace")
            .current_dir(folder.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut text = String::new();
        child.stdout.take().unwrap().read_to_string(&mut text).unwrap();
        child.stderr.take().unwrap().read_to_string(&mut text).unwrap();
        assert!(child.wait().unwrap().success(), "{text}");
        outputs.push(text);
    }
    for text in &outputs {
        assert!(!tells(text, &descriptor), "{text}");
    }
    // The check itself notices a descriptor.
    assert!(tells(&format!("{:?}", &descriptor[..8]), &descriptor));
    let raw: Vec<u8> = descriptor[..2].iter().flat_map(|value| value.to_le_bytes()).collect();
    for file in files(folder.path()) {
        let content = fs::read(&file).unwrap();
        let holds = content.windows(raw.len()).any(|window| window == raw);
        assert!(!holds && !tells(&String::from_utf8_lossy(&content), &descriptor), "{file:?}");
    }
}
