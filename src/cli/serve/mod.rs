//! `mungpy serve`.

mod reload;
mod terms;

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
    batch::BatchControl,
    extract::{self, Extractor, Workers},
    matching::Matcher,
    service::{self, Engine, LiveCatalogue, PublicSums, Terms, Upkeep, WorkerPool},
    settings::{Layers, Settings},
};
use mungpy_runtime::logging::FilterHandle;
use reload::Reload;
pub(super) use reload::Reread;

/// How long measuring may go on after the last caller was answered or cut off.
const LAST_WORK: Duration = Duration::from_millis(500);
/// How long to wait for the batch, which ends after the dogs that it is measuring.
const LAST_DOGS: Duration = Duration::from_secs(10);

/// Serves until it is told to stop. `reread` reads the settings again, and `filter` is that of the
/// log.
pub(super) fn run(
    layers: &Layers,
    settings: &Settings,
    reread: Reread,
    filter: FilterHandle,
) -> Result<ExitCode, Failure> {
    extract::check_memory(settings.workers)?;
    let terms = terms::terms(layers, layers.listen())?;
    let stop_batch = Stop::new();
    let control = layers.serve.batch.then(|| BatchControl::new(&stop_batch));
    let nightly = control.clone().map(|control| nightly(layers, settings, control)).transpose()?;
    let engine = engine(layers, settings, control)?;
    let reload = Reload {
        reread,
        matcher: Arc::clone(&engine.matcher),
        tokens: terms.guard.tokens.clone(),
        tls: terms.tls.clone(),
        filter,
        begun: layers.shown(),
    };
    let runtime = Runtime::new().map_err(failed)?;
    let mut batch = None;
    let served = runtime.block_on(async {
        let listener = listen(layers, &terms).await?;
        terms::expose(layers, &engine.metrics).await?;
        let stop = signals(reload, &stop_batch)?;
        if let Some(nightly) = nightly {
            batch = Some(beside(nightly, layers, stop_batch.clone())?);
        }
        service::serve_on(terms, listener, engine, stop).await?;
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

fn failed(error: std::io::Error) -> Failure {
    Failure::new(Reason::ServerFailed, error)
}

/// What the server answers with.
fn engine(
    layers: &Layers,
    settings: &Settings,
    control: Option<BatchControl>,
) -> Result<Engine, Failure> {
    let (questionnaire, persons) = (settings.questionnaire.clone(), settings.persons());
    let matcher = Matcher::new(questionnaire.clone(), settings.policy, &persons);
    let path = settings.data_dir.catalogue_path();
    let catalogue = LiveCatalogue::new(path, questionnaire, persons)
        .of_models(extract::dog_version(&settings.models));
    let catalogue = Arc::new(catalogue);
    // While the models are loaded. Whatever goes wrong is told by the watch, which tries again.
    let loading = Arc::clone(&catalogue);
    let loading = thread::spawn(move || drop(loading.load()));
    let extractor = Extractor::load(Species::Person, &settings.models)?;
    let _ = loading.join();
    let public = layers.serve.public_sums.as_deref();
    let public = public.map(|path| PublicSums::open(path, extractor.version()));
    let metrics = service::metrics();
    terms::tell_models(settings, &metrics);
    Ok(Engine {
        matcher: Arc::new(matcher),
        workers: Arc::new(WorkerPool::new(extractor, settings.workers)?),
        catalogue,
        upkeep: upkeep(layers, settings, control)?,
        public,
        metrics,
    })
}

async fn listen(layers: &Layers, terms: &Terms) -> Result<TcpListener, Failure> {
    let listen = layers.listen();
    let listener = TcpListener::bind(listen).await.map_err(|error| {
        Failure::new(Reason::AddressUnusable, format!("cannot listen on {listen}: {error}"))
    })?;
    let (address, tls) = (listener.local_addr().map_err(failed)?, terms.tls.is_some());
    tracing::info!(%address, tls, "mungpy serves gRPC");
    Ok(listener)
}

/// Listens to signals: SIGHUP reloads, SIGUSR1 starts a batch, and the future completes when the
/// server is asked to stop.
fn signals(
    reload: Reload,
    stop_batch: &Stop,
) -> Result<impl Future<Output = ()> + Send + 'static, Failure> {
    let stop = shutdown::requested().map_err(failed)?;
    tokio::spawn(shutdown::hung_up(move || reload.run()).map_err(failed)?);
    // Without a batch the signal does nothing, where it would end the process by default.
    let wake = stop_batch.wake();
    tokio::spawn(shutdown::woken(move || wake.request()).map_err(failed)?);
    Ok(stop)
}

/// The batch at its fixed time, with fewer threads than the server.
fn nightly(
    layers: &Layers,
    settings: &Settings,
    control: BatchControl,
) -> Result<Nightly, Failure> {
    let workers = Workers { count: layers.batch_workers(), ..settings.batches() };
    Nightly::beside_server(layers.clone(), &settings.data_dir, workers, control)
}

/// What keeps the catalogue up.
fn upkeep(
    layers: &Layers,
    settings: &Settings,
    control: Option<BatchControl>,
) -> Result<Upkeep, Failure> {
    let models = extract::dog_version(&settings.models);
    let upkeep = Upkeep::new(settings.data_dir.clone(), models, layers.batch.web())?;
    let upkeep = upkeep.keeping(layers.kept());
    Ok(match control {
        Some(control) => upkeep.with_batch(control),
        None => upkeep,
    })
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
