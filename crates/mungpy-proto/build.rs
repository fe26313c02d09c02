//! Generates messages, clients and servers, the descriptor set for reflection, proto3 JSON, and a table
//! of which messages a request may hold.

#[path = "build/nesting.rs"]
mod nesting;

use std::{env, error::Error, fs, path::PathBuf};

use prost::Message;
use tonic_prost_build::Config;

const PROTOS: [&str; 5] = [
    "mungpy/v1/face.proto",
    "mungpy/v1/match.proto",
    "mungpy/v1/catalogue.proto",
    "mungpy/v1/operations.proto",
    "mungpy/store/v1/store.proto",
];
/// Messages with a `google.rpc.Status` in them have no JSON of ours.
const WITHOUT_JSON: [&str; 3] =
    [".mungpy.v1.BatchMatchResponse", ".mungpy.v1.UpsertDogsResponse", ".mungpy.v1.RefusedDog"];
const ROOT: &str = "../../proto";

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo:rerun-if-changed={ROOT}");
    let out_dir = PathBuf::from(env::var("OUT_DIR")?);
    let descriptors = protox::compile(PROTOS, [ROOT])?;
    let encoded = descriptors.encode_to_vec();
    fs::write(out_dir.join("descriptors.bin"), &encoded)?;
    fs::write(out_dir.join("nesting.rs"), nesting::table(&descriptors.file))?;
    let mut config = Config::new();
    config.enable_type_names();
    tonic_prost_build::configure()
        .codec_path("crate::codec::BoundedCodec")
        .bytes(".mungpy.v1.MatchRequest.photos")
        .bytes(".mungpy.v1.DescribeRequest.photo")
        .bytes(".mungpy.v1.PushedPhoto.kind.content")
        .bytes(".mungpy.v1.DogPhoto.jpeg")
        .bytes(".mungpy.store.v1.EncodedCatalogue.dogs")
        .extern_path(".google.rpc.Status", "::tonic_types::Status")
        .btree_map(".mungpy.v1")
        .btree_map(".mungpy.store.v1.DogRecord")
        .compile_fds_with_config(descriptors, config)?;
    pbjson_build::Builder::new()
        .btree_map(["."])
        .exclude(WITHOUT_JSON)
        .register_descriptors(&encoded)?
        .build(&[".mungpy.v1"])?;
    Ok(())
}
