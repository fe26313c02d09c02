//! `mungpy catalogue`.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    io::{BufWriter, Write},
    path::Path,
    process::ExitCode,
};

use chrono::{DateTime, SecondsFormat, Utc};
use mungpy_core::reason::Reason;
use mungpy_runtime::output;
use serde_json::json;

use super::{
    Failure,
    args::{CatalogueAction, CatalogueArgs},
};
use crate::{
    batch::History,
    catalogue::{Catalogue, DogRecord, Entry, SearchTables, dog_as_json},
    extract, files,
    settings::{Layers, Settings},
};

/// Largest export that is read. A million dogs take about 2 GB.
const MAX_EXPORT_BYTES: u64 = 4 << 30;

pub(super) fn run(
    command: &CatalogueArgs,
    layers: &Layers,
    settings: &Settings,
) -> Result<ExitCode, Failure> {
    match &command.action {
        CatalogueAction::Export { to } => export(settings, to.as_deref())?,
        CatalogueAction::Import { file } => import(layers, settings, file)?,
        CatalogueAction::List { json, refused: true } => refused(settings, *json)?,
        CatalogueAction::List { json, refused: false } => list(settings, *json)?,
        CatalogueAction::Show { dog_id } => show(settings, dog_id)?,
        CatalogueAction::Stats { json } => stats(settings, *json)?,
        CatalogueAction::Rollback { version } => {
            let catalogue = settings.data_dir.roll_back(
                *version,
                &extract::dog_version(&settings.models),
                layers.kept(),
            )?;
            output::line(format_args!(
                "published {} dogs as version {}; the next batch publishes what the sources list then",
                catalogue.dogs.len(),
                catalogue.version
            ))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn published(settings: &Settings) -> Result<Catalogue, Failure> {
    Ok(Catalogue::read(&settings.data_dir.catalogue_path())?)
}

fn export(settings: &Settings, to: Option<&Path>) -> Result<(), Failure> {
    let catalogue = published(settings)?;
    match to {
        None => catalogue.export(&mut std::io::stdout()).map_err(|error| Failure::output(&error)),
        Some(path) => {
            let failed = |error| Failure::file(path, &error);
            // Beside the file first, so that a full disk leaves no half of an export.
            let mut partial = path.as_os_str().to_owned();
            partial.push(".partial");
            let mut file = BufWriter::new(File::create(&partial).map_err(failed)?);
            catalogue.export(&mut file).and_then(|()| file.flush()).map_err(failed)?;
            fs::rename(&partial, path).map_err(failed)?;
            let dogs = catalogue.dogs.len();
            output::line(format_args!("exported {dogs} dogs to {}", path.display()))
        }
    }
}

/// Reads the whole file before anything is changed.
fn import(layers: &Layers, settings: &Settings, path: &Path) -> Result<(), Failure> {
    let text =
        files::read_text(path, MAX_EXPORT_BYTES).map_err(|error| Failure::file(path, &error))?;
    let mut catalogue = Catalogue::import(&text, path)?;
    let models = extract::dog_version(&settings.models);
    if catalogue.model_version != models {
        let found = &catalogue.model_version;
        let message =
            format!("its dogs were measured by {found}, this program compares with {models}");
        return Err(Failure::new(Reason::CatalogueOfOtherModels, message));
    }
    let data_dir = &settings.data_dir;
    let store = data_dir.open_store()?;
    data_dir.clear_partial(&store)?;
    catalogue.tables = Some(SearchTables::assign(&settings.persons(), &mut catalogue.dogs));
    for dog in &catalogue.dogs {
        store.put(&Entry::Dog(Box::new(dog.clone())))?;
    }
    let current = data_dir.current_version();
    data_dir.publish_anew(&store, &mut catalogue, current, layers.kept())?;
    let (dogs, version) = (catalogue.dogs.len(), catalogue.version);
    output::line(format_args!("imported {dogs} dogs as version {version}"))
}

fn list(settings: &Settings, as_json: bool) -> Result<(), Failure> {
    for dog in &published(settings)?.dogs {
        if as_json {
            output::line(dog_as_json(dog))?;
            continue;
        }
        let name = dog.attributes.get("name").map_or("", String::as_str);
        let until = dog.expires_at.map(|time| format!("until {}", utc(time))).unwrap_or_default();
        let line = format!("{:<24} {:<16} {name:<16} {until}", dog.dog_id, dog.source);
        output::line(printable(line.trim_end()))?;
    }
    Ok(())
}

/// Lists the dogs that cannot be matched, with the reasons.
fn refused(settings: &Settings, as_json: bool) -> Result<(), Failure> {
    // Where no batch has run, looking must not create a store.
    published(settings)?;
    let store = settings.data_dir.open_store()?;
    let trials = store.trials()?;
    for entry in store.entries()? {
        let Entry::Rejected(rejection) = entry else { continue };
        let (dog_id, reason, message) = (rejection.dog_id, rejection.reason, rejection.message);
        if as_json {
            output::line(json!({"dogId": dog_id, "reason": reason.code(), "message": message}))?;
        } else {
            output::line(printable(&format!("{dog_id}: {message} [{reason}]")))?;
        }
    }
    for (dog_id, trial) in trials {
        let (attempts, reason) = (trial.attempts, trial.reason);
        let (message, next) = (trial.message, utc(trial.next_try));
        if as_json {
            output::line(json!({
                "dogId": dog_id, "reason": reason.code(), "message": message,
                "attempts": attempts, "nextTry": next,
            }))?;
        } else {
            let line =
                format!("{dog_id}: {message} [{reason}], attempts: {attempts}, next from {next}");
            output::line(printable(&line))?;
        }
    }
    Ok(())
}

fn show(settings: &Settings, dog_id: &str) -> Result<(), Failure> {
    let catalogue = published(settings)?;
    let dog = catalogue.dog(dog_id).ok_or_else(|| {
        let version = catalogue.version;
        let message = format!(
            "version {version} of the catalogue holds no dog {dog_id:?}; `mungpy catalogue list --refused` says which dogs cannot be matched"
        );
        Failure::new(Reason::DogUnknown, message)
    })?;
    output::line(format_args!("{:#}", dog_as_json(dog)))
}

fn stats(settings: &Settings, as_json: bool) -> Result<(), Failure> {
    let catalogue = published(settings)?;
    let now = Utc::now();
    let count = |key: fn(&DogRecord) -> &str| {
        let mut counts = BTreeMap::new();
        for dog in &catalogue.dogs {
            *counts.entry(key(dog).to_owned()).or_insert(0_usize) += 1;
        }
        counts
    };
    let sources = count(|dog| &dog.source);
    let expired = catalogue.dogs.iter().filter(|dog| dog.expires_at.is_some_and(|t| t <= now));
    let (dogs, expired) = (catalogue.dogs.len(), expired.count());
    let kept = settings.data_dir.kept_versions()?;
    let last = History::of(&settings.data_dir).read()?.pop();
    if as_json {
        return output::line(json!({
            "version": catalogue.version, "publishedAt": utc(catalogue.published_at),
            "modelVersion": catalogue.model_version, "dogs": dogs, "expired": expired,
            "sources": sources, "kept": kept, "lastRun": last,
        }));
    }
    let (version, at) = (catalogue.version, utc(catalogue.published_at));
    output::line(format_args!("version {version}, published {at}"))?;
    output::line(format_args!("models {}", catalogue.model_version))?;
    output::line(format_args!("{dogs} dogs, {expired} of them past their time"))?;
    for (source, dogs) in sources {
        output::line(printable(&format!("  {dogs:>6}  {source}")))?;
    }
    let kept: Vec<String> = kept.iter().map(u64::to_string).collect();
    output::line(format_args!("kept versions: {}", kept.join(" ")))?;
    match last {
        Some(run) => output::line(format_args!("last run: {run}")),
        None => Ok(()),
    }
}

fn utc(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// One line, whatever the source calls its dogs.
fn printable(line: &str) -> String {
    line.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}
