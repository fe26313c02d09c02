//! `mungpy extract`.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::ExitCode,
};

use mungpy_core::face::{Measurement, Ratio, Species};
use mungpy_core::reason::{Reason, WithReason};
use mungpy_runtime::output;
use serde_json::{Value, json};

use super::{Failure, args};
use crate::{
    extract::{self, Extraction, Extractor, STAGES, Stages},
    files,
    photo::Photo,
    picture,
    settings::Settings,
};

pub(super) fn run(command: &args::Extract, settings: &Settings) -> Result<ExitCode, Failure> {
    if command.picture.is_some() && command.photos.len() > 1 {
        return Err(Failure::new(Reason::ArgumentsConflict, "--picture goes with a single photo"));
    }
    extract::check_memory(settings.workers.min(command.photos.len()))?;
    let extractor = Extractor::load(command.species.into(), &settings.models)?;
    let work =
        |extractor: &mut Extractor, paths: Vec<&PathBuf>| examine(extractor, &paths, command);
    let mut waiting = BTreeMap::new();
    let (mut next, mut succeeded) = (0, 0);
    extract::for_each_batch(
        extractor,
        settings.batches(),
        command.photos.iter(),
        work,
        |number, result| {
            waiting.insert(number, result);
            // Print lines in the order of the photos, each as early as possible.
            while let Some(result) = waiting.remove(&next) {
                let result = result?;
                succeeded += usize::from(result.is_ok());
                print(&command.photos[next], &result, command.json)?;
                next += 1;
            }
            Ok::<_, Failure>(())
        },
    )?;
    Ok(if succeeded > 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Why one photo was refused: reason and message.
type Refusal = (Reason, String);

/// Measures some photos; an outer error ends the command.
fn examine(
    extractor: &mut Extractor,
    paths: &[&PathBuf],
    command: &args::Extract,
) -> Vec<Result<Result<Extraction, Refusal>, Failure>> {
    match extractor.species() {
        Species::Person => paths.iter().map(|path| examine_one(extractor, path, command)).collect(),
        Species::Dog => examine_many(extractor, paths, command),
    }
}

/// Measures a photo as a match does, which decodes no more of it than it needs.
fn examine_one(
    extractor: &mut Extractor,
    path: &Path,
    command: &args::Extract,
) -> Result<Result<Extraction, Refusal>, Failure> {
    let bytes = match files::read_photo(path) {
        Ok(bytes) => bytes,
        Err(error) => return Ok(Err((error.reason(), error.to_string()))),
    };
    match extractor.extract(&bytes) {
        Ok(found) => {
            if command.picture.is_some() {
                draw(command, &Photo::decode(&bytes)?, &found)?;
            }
            Ok(Ok(found))
        }
        Err(error) => Ok(Err((error.reason(), error.to_string()))),
    }
}

fn examine_many(
    extractor: &mut Extractor,
    paths: &[&PathBuf],
    command: &args::Extract,
) -> Vec<Result<Result<Extraction, Refusal>, Failure>> {
    let mut stages = Stages::begin();
    let photos: Vec<Result<Photo, Refusal>> = paths.iter().map(|path| decode(path)).collect();
    tracing::debug!(target: STAGES, decode_us = stages.end(), "decoded");
    let good: Vec<&Photo> = photos.iter().flatten().collect();
    let mut found = extractor.extract_many(&good).into_iter();
    let mut result = |photo: Result<Photo, Refusal>| {
        let photo = match photo {
            Ok(photo) => photo,
            Err(refusal) => return Ok(Err(refusal)),
        };
        match found.next().expect("one for each photo") {
            Ok(found) => {
                draw(command, &photo, &found)?;
                Ok(Ok(found))
            }
            Err(error) => Ok(Err((error.reason(), error.to_string()))),
        }
    };
    photos.into_iter().map(&mut result).collect()
}

fn decode(path: &Path) -> Result<Photo, Refusal> {
    let bytes = files::read_photo(path).map_err(|error| (error.reason(), error.to_string()))?;
    Photo::decode(&bytes).map_err(|error| (error.reason(), error.to_string()))
}

fn draw(command: &args::Extract, photo: &Photo, found: &Extraction) -> Result<(), Failure> {
    match &command.picture {
        Some(out) => write_picture(out, &picture::of_extraction(photo, found)?.encode_png()?),
        None => Ok(()),
    }
}

/// Writes a picture to the path that the user gave.
pub(super) fn write_picture(out: &Path, bytes: &[u8]) -> Result<(), Failure> {
    fs::write(out, bytes).map_err(|error| Failure::file(out, &error))
}

fn print(path: &Path, result: &Result<Extraction, Refusal>, as_json: bool) -> Result<(), Failure> {
    let name = path.display().to_string();
    let line = match (result, as_json) {
        (Ok(found), true) => to_json(&name, found).to_string(),
        (Ok(found), false) => to_text(&name, found),
        (Err((reason, message)), true) => {
            json!({"photo": name, "error": {"reason": reason.code(), "message": message}})
                .to_string()
        }
        (Err((reason, message)), false) => format!("{name}: {message} [{reason}]"),
    };
    output::line(line)
}

fn to_json(name: &str, found: &Extraction) -> Value {
    let ratios = |measurement: &Measurement| -> Value {
        let values = Ratio::ALL.iter().zip(measurement.log_ratios);
        values.map(|(ratio, log)| (ratio.key().to_owned(), json!(log.exp()))).collect()
    };
    let refusal = found.check().err();
    json!({
        "photo": name,
        "face": {
            "left": found.face.left,
            "top": found.face.top,
            "right": found.face.right,
            "bottom": found.face.bottom,
            "confidence": found.face.confidence,
        },
        "facesFound": found.faces_found,
        "turned": found.turn.degrees(),
        "landmarks": found.landmarks.0,
        "ratios": ratios(&found.measurement),
        "measuredRatios": ratios(&found.measured),
        "quality": {
            "yaw": found.quality.yaw,
            "pitch": found.quality.pitch,
            "roll": found.quality.roll,
            "interocular": found.quality.interocular,
            "sharpness": found.quality.sharpness,
            "landmarkSpread": found.quality.landmark_disagreement,
            "usable": refusal.is_none(),
            "refusal": refusal.map(|e| json!({"reason": e.reason().code(), "message": e.to_string()})),
        },
    })
}

fn to_text(name: &str, found: &Extraction) -> String {
    let quality = &found.quality;
    let mut lines = vec![format!(
        "{name}: {} px between the eyes, yaw {:.0}°, pitch {:.0}°, roll {:.0}°, landmarks disagree by {:.1} %",
        quality.interocular.round(),
        quality.yaw,
        quality.pitch,
        quality.roll,
        quality.landmark_disagreement * 100.0
    )];
    if let Err(error) = found.check() {
        lines.push(format!("  not usable: {error} [{}]", error.reason()));
    }
    let ratios = Ratio::ALL.iter().zip(found.measurement.log_ratios);
    lines.extend(ratios.map(|(ratio, log)| format!("  {:<26}{:.3}", ratio.key(), log.exp())));
    lines.join("\n")
}
