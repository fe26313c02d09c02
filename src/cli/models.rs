//! `mungpy models`.

use std::process::ExitCode;

use super::{
    args::{Models, ModelsAction},
    settings::Settings,
};

pub(super) fn run(command: &Models, settings: &Settings) -> ExitCode {
    match command.action {
        ModelsAction::Verify => verify(settings),
    }
}

fn verify(settings: &Settings) -> ExitCode {
    let mut sound = true;
    for entry in settings.models.entries() {
        match settings.models.verified(entry.role) {
            Ok(model) => println!("ok       {}  {}", model.entry.version(), model.path.display()),
            Err(error) => {
                sound = false;
                println!("failed   {}  {error} [{}]", entry.version(), error.reason());
            }
        }
    }
    if sound { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
