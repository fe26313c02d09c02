//! `mungpy batch history`.

use mungpy_runtime::output;

use super::Failure;
use crate::{batch::History, settings::Settings};

pub(super) fn show(settings: &Settings, as_json: bool) -> Result<(), Failure> {
    for run in History::of(&settings.data_dir).read()? {
        if as_json {
            output::line(serde_json::to_string(&run).expect("a run is plain data"))?;
        } else {
            output::line(&run)?;
        }
    }
    Ok(())
}
