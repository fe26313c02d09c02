//! `mungpy serve`.

use std::{process::ExitCode, sync::Arc};

use tokio::{
    net::TcpListener,
    runtime::Runtime,
    signal::unix::{SignalKind, signal},
};

use super::{Failure, args, settings::Settings};
use crate::{
    extract::{Extractor, ExtractorPool},
    face::Species,
    matching::Matcher,
    service::{self, Shelf},
};

pub(super) fn run(command: &args::Serve, settings: &Settings) -> Result<ExitCode, Failure> {
    let extractor = Extractor::load(Species::Person, &settings.models)?;
    let pool = ExtractorPool::new(extractor, settings.workers)?;
    let matcher = Matcher::new(pool, settings.questionnaire.clone(), settings.policy);
    let (path, questionnaire) =
        (settings.data_dir.catalogue_path(), settings.questionnaire.clone());
    let shelf = Shelf::new(path, questionnaire, settings.persons());
    let runtime = Runtime::new().map_err(|error| Failure::new("SERVER_FAILED", error))?;
    runtime.block_on(async {
        let listener = TcpListener::bind(command.listen).await.map_err(|error| {
            Failure::new(
                "ADDRESS_UNUSABLE",
                format!("cannot listen on {}: {error}", command.listen),
            )
        })?;
        let address =
            listener.local_addr().map_err(|error| Failure::new("SERVER_FAILED", error))?;
        tracing::info!(%address, workers = settings.workers, "mungpy serves gRPC");
        service::serve(listener, matcher, Arc::new(shelf), stop_signal()?).await?;
        Ok(ExitCode::SUCCESS)
    })
}

/// Done when the process is asked to stop: SIGTERM, or Ctrl-C.
fn stop_signal() -> Result<impl Future<Output = ()>, Failure> {
    let listen = |kind| signal(kind).map_err(|error| Failure::new("SERVER_FAILED", error));
    let (mut terminate, mut interrupt) =
        (listen(SignalKind::terminate())?, listen(SignalKind::interrupt())?);
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}
