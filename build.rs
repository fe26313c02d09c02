//! Compiles the C++ bridges to dlib and libjpeg-turbo, and turns the constants shared with the training into Rust.

use std::{env, error::Error, fmt::Write as _, fs, path::Path};

use toml::{Table, Value};

/// What is compiled of `src/vision`.
const UNITS: [&str; 2] = ["dlib_bridge.cc", "dlib_descriptor.cc"];

/// The shim of libjpeg-turbo.
const LIBJPEG: &str = "src/photo/libjpeg";

const LANDMARKING: &str = "landmark-models/landmarking.toml";

fn main() -> Result<(), Box<dyn Error>> {
    write_landmarking()?;
    compile_bridge();
    Ok(())
}

/// Writes one constant for each key of each table: `[chip] side = 160` becomes `CHIP_SIDE`.
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
fn compile_bridge() {
    for file in ["bridge.rs", "dlib_bridge.h", "dlib_memory.h"].iter().chain(&UNITS) {
        println!("cargo:rerun-if-changed=src/vision/{file}");
    }
    for file in ["mod.rs", "libjpeg.h", "libjpeg.cc"] {
        println!("cargo:rerun-if-changed={LIBJPEG}/{file}");
    }
    let libjpeg = format!("{LIBJPEG}/mod.rs");
    let mut bridge = cxx_build::bridges(["src/vision/bridge.rs", &libjpeg]);
    if env::var_os("CARGO_FEATURE_CUDA").is_some() {
        bridge.define("MUNGPY_CUDA", None);
    }
    bridge
        .files(UNITS.map(|unit| format!("src/vision/{unit}")))
        .file(format!("{LIBJPEG}/libjpeg.cc"))
        .include("src/vision")
        .std("c++17")
        .opt_level(3)
        .flag_if_supported("-Wno-unused-parameter")
        .compile("mungpy-bridges");
    println!("cargo:rustc-link-lib=jpeg");
    println!("cargo:rustc-link-lib=dlib");
    println!("cargo:rustc-link-lib=openblas");
    println!("cargo:rustc-link-lib=lapack");
}
