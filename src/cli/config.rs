//! `mungpy config`.

use std::process::ExitCode;

use super::{
    Failure,
    args::{Config, ConfigAction},
};
use crate::settings::Layers;

pub(super) fn run(command: &Config, layers: &Layers) -> Result<ExitCode, Failure> {
    match command.action {
        ConfigAction::Show => {
            println!("{:<18}{:<13}value", "key", "origin");
            for shown in layers.shown() {
                println!("{:<18}{:<13}{}", shown.key, shown.origin, shown.value);
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}
