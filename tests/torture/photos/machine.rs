//! Want of memory is the machine's fault: no photo is refused for it for good.

use mungpy::photo::Photo;
use mungpy_core::reason::Reason;

use super::budget::decoded_in_child;

/// The photo in each format, large enough that memory matters.
fn photos() -> [(&'static str, Vec<u8>); 4] {
    let path = |file: &str| format!("{}/tests/data/{file}", env!("CARGO_MANIFEST_DIR"));
    let read = |file: &str| std::fs::read(path(file)).unwrap();
    let large = Photo::decode(&read("persons/wide-set-eyes.jpg")).unwrap();
    let large = large.raster.resized(3000).unwrap();
    [
        ("JPEG", large.encode_jpeg(90).unwrap()),
        ("progressive JPEG", read("photos/progressive.jpg")),
        ("PNG", large.encode_png().unwrap()),
        ("WebP", read("photos/photo.webp")),
    ]
}

#[test]
fn a_good_photo_is_never_refused_for_want_of_memory() {
    for (name, photo) in photos() {
        let mut failed = 0;
        for headroom in [0, 50_000, 200_000, 1 << 20, 5 << 20, 20 << 20, 60 << 20, 400 << 20] {
            let outcome = decoded_in_child(&photo, Some(headroom));
            let is_of_machine = outcome.reason == Reason::PhotoOperationFailed.code();
            assert!(outcome.reason == "OK" || is_of_machine, "{name}, {headroom}: {outcome:?}");
            let names_a_file = [".cpp", "/"].iter().any(|part| outcome.message.contains(part));
            assert!(!names_a_file, "{name}: {outcome:?}");
            failed += u32::from(is_of_machine);
        }
        println!("{name}: {failed} failed");
        assert!(decoded_in_child(&photo, Some(400 << 20)).reason == "OK", "{name}");
    }
}
