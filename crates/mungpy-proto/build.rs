//! Generates messages, clients and servers, the descriptor set for reflection, and proto3 JSON.

use std::{env, error::Error, fs, path::PathBuf};

use prost::Message;

const PROTOS: [&str; 3] =
    ["mungpy/v1/match.proto", "mungpy/v1/catalogue.proto", "mungpy/store/v1/store.proto"];
const ROOT: &str = "../../proto";

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo:rerun-if-changed={ROOT}");
    let out_dir = PathBuf::from(env::var("OUT_DIR")?);
    let descriptors = protox::compile(PROTOS, [ROOT])?;
    let encoded = descriptors.encode_to_vec();
    fs::write(out_dir.join("descriptors.bin"), &encoded)?;
    tonic_prost_build::configure()
        .codec_path("crate::codec::BoundedCodec")
        .bytes(".mungpy.v1.MatchRequest.photos")
        .btree_map(".mungpy.store.v1.DogRecord")
        .btree_map(".mungpy.v1.Adoption.attributes")
        .compile_fds(descriptors)?;
    pbjson_build::Builder::new()
        .btree_map(["."])
        .register_descriptors(&encoded)?
        .build(&[".mungpy.v1"])?;
    Ok(())
}
