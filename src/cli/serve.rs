//! `mungpy serve`.

use std::{
    process::ExitCode,
    sync::{
        Arc,
        mpsc::{self, Receiver},
    },
    thread,
    time::Duration,
};

use mungpy_core::{face::Species, reason::Reason};
use mungpy_runtime::shutdown;
use mungpy_schedule::Stop;
use tokio::{net::TcpListener, runtime::Runtime};

use super::{Failure, batch::Nightly};
use crate::{
    extract::{self, Extractor, Workers},
    matching::Matcher,
    service::{self, Engine, LiveCatalogue, PublicSums, WorkerPool},
    settings::{Layers, Settings},
};

/// How long measuring may go on after the last caller was answered or cut off.
const LAST_WORK: Duration = Duration::from_millis(500);
/// How long to wait for the batch, which ends after the dogs that it is measuring.
const LAST_DOGS: Duration = Duration::from_secs(10);

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
    let nightly = layers.serve.batch.then(|| nightly(layers, settings)).transpose()?;
    let engine = Engine { matcher, workers, catalogue: Arc::new(catalogue), public };
    let failed = |error| Failure::new(Reason::ServerFailed, error);
    let limits = layers.serve.limits();
    let stop_batch = Stop::new();
    let mut batch = None;
    let runtime = Runtime::new().map_err(failed)?;
    let served = runtime.block_on(async {
        let listener = TcpListener::bind(listen).await.map_err(|error| {
            Failure::new(Reason::AddressUnusable, format!("cannot listen on {listen}: {error}"))
        })?;
        let address = listener.local_addr().map_err(failed)?;
        let stop = shutdown::requested().map_err(failed)?;
        tracing::info!(%address, workers = settings.workers, "mungpy serves gRPC");
        // Without a batch the signal does nothing, where it would end the process by default.
        let wake = stop_batch.wake();
        tokio::spawn(shutdown::woken(move || wake.request()).map_err(failed)?);
        if let Some(nightly) = nightly {
            batch = Some(beside(nightly, layers, stop_batch.clone())?);
        }
        service::serve_within(limits, listener, engine, stop).await?;
        Ok(ExitCode::SUCCESS)
    });
    stop_batch.request();
    if let Some(ended) = batch {
        // The process must not end while dlib works. A batch that waits for the web is given up: the
        // next one goes on where it was.
        let _ = ended.recv_timeout(LAST_DOGS);
    }
    // A photo that is still being measured was cut off and must not hold up the end.
    runtime.shutdown_timeout(LAST_WORK);
    served
}

/// The batch at its fixed time, with fewer threads than the server.
fn nightly(layers: &Layers, settings: &Settings) -> Result<Nightly, Failure> {
    let workers = Workers { count: layers.batch_workers(), ..settings.batches() };
    Nightly::new(layers.clone(), workers)
}

/// Runs the batch at its fixed time beside the server. The receiver is cut off once it has ended.
fn beside(nightly: Nightly, layers: &Layers, stop: Stop) -> Result<Receiver<()>, Failure> {
    let settings = Settings::resolve(layers)?;
    let (running, ended) = mpsc::channel();
    let thread = thread::Builder::new().name("batch".to_owned());
    let spawned = thread.spawn(move || {
        let _running = running;
        nightly.run(&settings, &stop);
    });
    spawned.map(|_| ended).map_err(|error| Failure::new(Reason::MemoryShort, error))
}
