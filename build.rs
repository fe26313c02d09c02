//! Compiles the C++ bridge to dlib.

use std::env;

/// One unit, optimised in every profile, because dlib's detectors live in header templates.
fn main() {
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
