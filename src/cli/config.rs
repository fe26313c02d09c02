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
            output::line(format_args!("{:<24}{:<13}value", "key", "origin"))?;
            for shown in layers.shown() {
                let line = format!("{:<24}{:<13}{}", shown.key, shown.origin, shown.value);
                output::line(line.trim_end())?;
            }
        }
    }
    Ok(())
}
