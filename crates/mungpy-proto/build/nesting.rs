//! Which messages the requests may hold, and in which fields.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write,
};

use prost_types::{DescriptorProto, FileDescriptorProto, field_descriptor_proto::Type};

/// Numbers of the fields that hold messages, and the names of these messages.
type Fields = Vec<(i32, String)>;

/// A table, as Rust source: for each message that a request is or may hold, by name, the numbers of
/// the fields that hold messages and the places of these messages in the table.
pub(crate) fn table(files: &[FileDescriptorProto]) -> String {
    let (mut messages, mut requests) = (BTreeMap::new(), Vec::new());
    for file in files {
        for message in &file.message_type {
            collect(file.package(), message, &mut messages);
        }
        for service in &file.service {
            requests.extend(service.method.iter().map(|method| plain(method.input_type())));
        }
    }
    let held = held(requests, &messages);
    let place = |name: &str| held.iter().position(|known| known == name).expect("it is held");
    let mut source = String::from("static NESTING: &[(&str, &[(u32, usize)])] = &[\n");
    for name in &held {
        let fields = messages[name].iter().map(|(number, held)| (*number, place(held)));
        let fields: Vec<_> = fields.collect();
        let _ = writeln!(source, "    ({name:?}, &{fields:?}),");
    }
    source + "];\n"
}

/// The name of a message without the dot that full names begin with.
fn plain(name: &str) -> String {
    name.trim_start_matches('.').to_owned()
}

fn collect(scope: &str, message: &DescriptorProto, messages: &mut BTreeMap<String, Fields>) {
    let name = format!("{scope}.{}", message.name());
    let holding = message.field.iter().filter(|field| field.r#type() == Type::Message);
    let fields = holding.map(|field| (field.number(), plain(field.type_name()))).collect();
    for nested in &message.nested_type {
        collect(&name, nested, messages);
    }
    messages.insert(name, fields);
}

/// The requests, and all that they may hold.
fn held(requests: Vec<String>, messages: &BTreeMap<String, Fields>) -> BTreeSet<String> {
    let (mut left, mut held) = (requests, BTreeSet::new());
    while let Some(name) = left.pop() {
        if !held.contains(&name) {
            left.extend(messages[&name].iter().map(|(_, held)| held.clone()));
            held.insert(name);
        }
    }
    held
}
