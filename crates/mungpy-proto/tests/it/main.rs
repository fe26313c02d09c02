//! The contract explains itself: whatever it declares has a comment.

use mungpy_proto::DESCRIPTORS;
use prost::Message;

/// What is read here of `google.protobuf.FileDescriptorSet`.
#[derive(Clone, PartialEq, Message)]
struct Files {
    #[prost(message, repeated, tag = "1")]
    files: Vec<File>,
}

#[derive(Clone, PartialEq, Message)]
struct File {
    #[prost(string, tag = "1")]
    name: String,
    #[prost(message, optional, tag = "9")]
    source: Option<Source>,
}

#[derive(Clone, PartialEq, Message)]
struct Source {
    #[prost(message, repeated, tag = "1")]
    locations: Vec<Location>,
}

#[derive(Clone, PartialEq, Message)]
struct Location {
    #[prost(int32, repeated, tag = "1")]
    path: Vec<i32>,
    /// Its line, counted from 0, and columns.
    #[prost(int32, repeated, tag = "2")]
    span: Vec<i32>,
    #[prost(string, tag = "3")]
    comment: String,
}

/// Whether a path through a file's descriptor ends at something that callers name.
fn is_declaration(path: &[i32]) -> bool {
    match path {
        // A message, enum or service; a value or method; a field, enum, oneof, value of a message.
        [4..=6, _] | [5 | 6, _, 2, _] | [4, _, 2 | 4 | 8, _] | [4, _, 4, _, 2, _] => true,
        [4, _, 3, message, part @ ..] => is_declaration(&[&[4, *message][..], part].concat()),
        _ => false,
    }
}

fn files() -> impl Iterator<Item = File> {
    let all = Files::decode(DESCRIPTORS).unwrap().files.into_iter();
    all.filter(|file| file.name.starts_with("mungpy/"))
}

/// Each declaration without a comment before it: file, line, and what stands there.
fn uncommented(File { name, source }: File) -> Vec<String> {
    let path = format!("{}/../../proto/{name}", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(path).unwrap();
    let all = source.expect("the build keeps comments").locations.into_iter();
    let bare = all.filter(|at| is_declaration(&at.path) && at.comment.trim().is_empty());
    let lines = bare.map(|at| at.span[0] as usize);
    lines.map(|line| format!("{name}:{}:{}", line + 1, text.lines().nth(line).unwrap())).collect()
}

#[test]
fn every_declaration_has_a_comment() {
    let bare: Vec<String> = files().flat_map(uncommented).collect();
    assert!(bare.is_empty(), "without a comment:\n{}", bare.join("\n"));
}

#[test]
fn a_declaration_that_loses_its_comment_is_named() {
    let mut file = files().find(|file| file.name == "mungpy/v1/match.proto").unwrap();
    let source = file.source.as_mut().unwrap();
    source.locations.iter_mut().for_each(|at| at.comment.clear());
    let bare = uncommented(file).join("\n");
    for lost in ["service MatchService", "rpc Match", "message Answer", "top = 5", "_RELAX = 2"] {
        assert!(bare.contains(lost), "{lost} is not among\n{bare}");
    }
}
