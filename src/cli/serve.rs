//! `mungpy serve`.

use std::{process::ExitCode, sync::Arc, time::Duration};

use mungpy_core::{face::Species, reason::Reason};
use mungpy_runtime::shutdown;
use tokio::{net::TcpListener, runtime::Runtime};

use super::Failure;
use crate::{
    extract::{self, Extractor},
    matching::Matcher,
    service::{self, Engine, LiveCatalogue, PublicSums, WorkerPool},
    settings::{Layers, Settings},
};

/// How long measuring may go on after the last caller was answered or cut off.
const LAST_WORK: Duration = Duration::from_millis(500);

pub(super) fn run(layers: &Layers, settings: &Settings) -> Result<ExitCode, Failure> {
    extract::check_memory(settings.workers)?;
    let extractor = Extractor::load(Species::Person, &settings.models)?;
    let listen = layers.listen();
    let public = layers.serve.public_sums.as_deref();
    let public = public.map(|path| PublicSums::open(path, extractor.version()));
    let workers = WorkerPool::new(extractor, settings.workers)?;
    let matcher = Matcher::new(settings.questionnaire.clone(), settings.policy);
    let catalogue = LiveCatalogue::new(
        settings.data_dir.catalogue_path(),
        settings.questionnaire.clone(),
        settings.persons(),
    )
    .of_models(extract::dog_version(&settings.models));
    let engine = Engine { matcher, workers, catalogue: Arc::new(catalogue), public };
    let failed = |error| Failure::new(Reason::ServerFailed, error);
    let limits = layers.serve.limits();
    let runtime = Runtime::new().map_err(failed)?;
    let served = runtime.block_on(async {
        let listener = TcpListener::bind(listen).await.map_err(|error| {
            Failure::new(Reason::AddressUnusable, format!("cannot listen on {listen}: {error}"))
        })?;
        let address = listener.local_addr().map_err(failed)?;
        let stop = shutdown::requested().map_err(failed)?;
        tracing::info!(%address, workers = settings.workers, "mungpy serves gRPC");
        service::serve_within(limits, listener, engine, stop).await?;
        Ok(ExitCode::SUCCESS)
    });
    // A photo that is still being measured was cut off and must not hold up the end.
    runtime.shutdown_timeout(LAST_WORK);
    served
}
