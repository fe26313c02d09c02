//! `mungpy config`.

use mungpy_runtime::output;

use super::{
    Failure,
    args::{Config, ConfigAction},
};
use crate::settings::Layers;

pub(super) fn run(command: &Config, layers: &Layers) -> Result<(), Failure> {
    match command.action {
        ConfigAction::Show => {
            let settings = layers.shown();
            let width = settings.iter().map(|shown| shown.key.chars().count()).max().unwrap_or(0);
            let width = width + 2;
            output::line(format_args!("{:<width$}{:<13}value", "key", "origin"))?;
            for shown in settings {
                let line = format!("{:<width$}{:<13}{}", shown.key, shown.origin, shown.value);
                output::line(line.trim_end())?;
            }
        }
    }
    Ok(())
}
