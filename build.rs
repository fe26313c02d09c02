//! Generates the protobuf code and compiles the C++ bridge to dlib.

use std::{env, error::Error, fs, path::PathBuf};

use prost::Message;

const PROTOS: [&str; 3] =
    ["mungpy/v1/match.proto", "mungpy/v1/catalogue.proto", "mungpy/store/v1/store.proto"];

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo:rerun-if-changed=proto");
    generate_protobuf()?;
    if env::var_os("CARGO_FEATURE_ENGINE").is_some() {
        compile_bridge();
    }
    Ok(())
}

/// Messages, services, the descriptor set for reflection, and proto3 JSON.
fn generate_protobuf() -> Result<(), Box<dyn Error>> {
    let out_dir = PathBuf::from(env::var("OUT_DIR")?);
    let descriptors = protox::compile(PROTOS, ["proto"])?;
    let encoded = descriptors.encode_to_vec();
    fs::write(out_dir.join("descriptors.bin"), &encoded)?;
    tonic_prost_build::configure()
        .bytes(".mungpy.v1.MatchRequest.photos")
        .btree_map(".mungpy.store.v1.DogRecord.traits")
        .compile_fds(descriptors)?;
    pbjson_build::Builder::new().register_descriptors(&encoded)?.build(&[".mungpy.v1"])?;
    Ok(())
}

/// The only C++ of this package: one unit, optimised in every profile, because
/// dlib's detectors live in header templates.
fn compile_bridge() {
    for file in ["bridge.rs", "dlib_bridge.h", "dlib_bridge.cc"] {
        println!("cargo:rerun-if-changed=src/vision/{file}");
    }
    let mut bridge = cxx_build::bridge("src/vision/bridge.rs");
    if env::var_os("CARGO_FEATURE_CUDA").is_some() {
        bridge.define("MUNGPY_CUDA", None);
    }
    bridge
        .file("src/vision/dlib_bridge.cc")
        .include("src/vision")
        .std("c++17")
        .opt_level(3)
        .flag_if_supported("-Wno-unused-parameter")
        .compile("mungpy-dlib-bridge");
    println!("cargo:rustc-link-lib=dlib");
    println!("cargo:rustc-link-lib=openblas");
    println!("cargo:rustc-link-lib=lapack");
}
