//! Compiles the C++ bridges to dlib and libjpeg-turbo, and turns the constants shared with the training into Rust.

use std::{
    env,
    error::Error,
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use cc::Build;
use toml::{Table, Value};

/// What is compiled of `src/vision`.
const UNITS: [&str; 5] = [
    "dlib_bridge.cc",
    "dlib_cnn.cc",
    "dlib_landmarks.cc",
    "dlib_descriptor.cc",
    "convolution_test.cc",
];
/// What these include.
const HEADERS: [&str; 6] =
    ["dlib_bridge.h", "dlib_memory.h", "networks.h", "convolution.h", "winograd.h", "scratch.h"];
/// What is compiled for several processors.
const HOG: &str = "dlib_hog.cc";

/// The shim of libjpeg-turbo.
const LIBJPEG: &str = "src/photo/libjpeg";

const LANDMARKING: &str = "landmark-models/landmarking.toml";

fn main() -> Result<(), Box<dyn Error>> {
    write_landmarking()?;
    compile_bridge()
}

/// Writes one constant for each key of each table: `[chip] side = 128` becomes `CHIP_SIDE`.
fn write_landmarking() -> Result<(), Box<dyn Error>> {
    println!("cargo:rerun-if-changed={LANDMARKING}");
    let tables: Table = toml::from_str(&fs::read_to_string(LANDMARKING)?)?;
    let mut code = String::new();
    for (table, keys) in &tables {
        for (key, value) in keys.as_table().ok_or("constants stand in tables")? {
            let name = format!("{table}_{key}").to_uppercase();
            let (kind, value) = literal(value)?;
            writeln!(code, "/// `{key}` of `[{table}]`.\npub const {name}: {kind} = {value};")?;
        }
    }
    fs::write(Path::new(&env::var("OUT_DIR")?).join("landmarking.rs"), code)?;
    Ok(())
}

/// Rust type and literal of a value.
fn literal(value: &Value) -> Result<(String, String), Box<dyn Error>> {
    match value {
        Value::Integer(number) => Ok(("usize".to_owned(), number.to_string())),
        Value::Float(number) => Ok(("f64".to_owned(), format!("{number:?}"))),
        Value::Array(values) => {
            let items = values.iter().map(literal).collect::<Result<Vec<_>, _>>()?;
            let kind = items.first().map(|(kind, _)| kind.clone()).ok_or("empty array")?;
            let items: Vec<String> = items.into_iter().map(|(_, item)| item).collect();
            Ok((format!("[{kind}; {}]", items.len()), format!("[{}]", items.join(", "))))
        }
        other => Err(format!("{} is no constant", other.type_str()).into()),
    }
}

/// Optimised in every profile, because dlib's detectors and networks live in header templates.
fn compile_bridge() -> Result<(), Box<dyn Error>> {
    for file in HEADERS.iter().chain(&UNITS).chain(&["bridge.rs", HOG]) {
        println!("cargo:rerun-if-changed=src/vision/{file}");
    }
    for file in ["mod.rs", "libjpeg.h", "libjpeg.cc"] {
        println!("cargo:rerun-if-changed={LIBJPEG}/{file}");
    }
    let libjpeg = format!("{LIBJPEG}/mod.rs");
    let mut bridge = cxx_build::bridges(["src/vision/bridge.rs", &libjpeg]);
    set_flags(&mut bridge);
    bridge
        .files(UNITS.map(|unit| format!("src/vision/{unit}")))
        .file(format!("{LIBJPEG}/libjpeg.cc"))
        .object(hog("base", &[])?);
    if has_variants() {
        bridge.define("MUNGPY_AVX2", None).object(hog("avx2", &["-mavx2", "-mfma"])?);
    }
    bridge.compile("mungpy-bridges");
    println!("cargo:rustc-link-lib=jpeg");
    println!("cargo:rustc-link-lib=dlib");
    println!("cargo:rustc-link-lib=openblas");
    println!("cargo:rustc-link-lib=lapack");
    Ok(())
}

fn set_flags(build: &mut Build) {
    if env::var_os("CARGO_FEATURE_CUDA").is_some() {
        build.define("MUNGPY_CUDA", None);
    }
    build
        .include("src/vision")
        .std("c++17")
        .opt_level(3)
        .flag_if_supported("-Wno-unused-parameter")
        // Such symbols could not be made local.
        .flag_if_supported("-fno-gnu-unique");
}

/// Whether the program chooses between processors when it starts. Their code is told apart with the
/// linker of GNU.
fn has_variants() -> bool {
    let target = |what: &str| env::var(format!("CARGO_CFG_TARGET_{what}")).unwrap_or_default();
    target("ARCH") == "x86_64" && target("OS") == "linux" && target("ENV") == "gnu"
}

/// The HOG detector for one kind of processor, in a namespace with the name of the variant.
///
/// Templates compiled for two processors have the same names, of which a linker keeps one. So all
/// names but those of the namespace are made local to the object.
fn hog(variant: &str, flags: &[&str]) -> Result<PathBuf, Box<dyn Error>> {
    let out = PathBuf::from(env::var("OUT_DIR")?);
    let mut build = Build::new();
    set_flags(&mut build);
    build
        .cpp(true)
        .include(out.join("cxxbridge/include"))
        .define("MUNGPY_VARIANT", variant)
        .out_dir(out.join(variant))
        .file(format!("src/vision/{HOG}"));
    for flag in flags {
        build.flag(flag);
    }
    let compiled = build.try_compile_intermediates()?.remove(0);
    if !has_variants() {
        return Ok(compiled);
    }
    let object = out.join(format!("hog-{variant}.o"));
    // A group that the linker may drop in favour of another object's must not hold local names.
    run(Command::new("ld")
        .args(["-r", "--force-group-allocation", "-o"])
        .arg(&object)
        .arg(compiled))?;
    let kept = format!("_ZN6mungpy{}{variant}*", variant.len());
    run(Command::new("objcopy").args(["--wildcard", "--keep-global-symbol", &kept]).arg(&object))?;
    Ok(object)
}

fn run(command: &mut Command) -> Result<(), Box<dyn Error>> {
    let status = command.status().map_err(|error| format!("{command:?}: {error}"))?;
    if status.success() { Ok(()) } else { Err(format!("{command:?}: {status}").into()) }
}
