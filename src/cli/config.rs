//! `mungpy config`.

use std::io::{self, Write};

use mungpy_core::reason::Reason;

use super::{
    Failure,
    args::{Config, ConfigAction},
};
use crate::settings::Layers;

pub(super) fn run(command: &Config, layers: &Layers) -> Result<(), Failure> {
    match command.action {
        ConfigAction::Show => {
            let failed = |error| Failure::new(Reason::OutputFailed, error);
            let mut out = io::stdout().lock();
            writeln!(out, "{:<20}{:<13}value", "key", "origin").map_err(failed)?;
            for shown in layers.shown() {
                let line = format!("{:<20}{:<13}{}", shown.key, shown.origin, shown.value);
                writeln!(out, "{}", line.trim_end()).map_err(failed)?;
            }
        }
    }
    Ok(())
}
