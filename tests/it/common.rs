//! Shared by several tests: test data, composites as ground truth, and a catalogue and a server
//! made from them.
#![allow(dead_code, missing_docs, unreachable_pub)]

use std::{
    collections::BTreeMap,
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
};

use chrono::Utc;
use mungpy::{
    batch::{Batch, BatchError, BatchReport, BatchSource, RunOptions},
    catalogue::{Catalogue, DataDir, DogRecord},
    extract::{self, Extractor, Workers},
    matching::Matcher,
    service::{self, Engine, Guard, LiveCatalogue, Terms, Upkeep, WorkerPool},
    vision::Models,
};
use mungpy_core::{
    face::{self, Landmarks, Quality, Species},
    resemblance::PersonEstimator,
    temperament::{Policy, Questionnaire},
};
use mungpy_schedule::Stop;
use mungpy_source::web::{WebClient, WebOptions};
use mungpy_telemetry::EngineMetrics;
use mungpy_transport::{Scope, Tokens};
use serde::Deserialize;
use tokio::{net::TcpListener, sync::oneshot, task::JoinHandle};
use tonic::{
    Status,
    service::{Interceptor, interceptor::InterceptedService},
    transport::Channel,
};

/// A file or folder below `tests/data`.
pub fn data(relative: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(relative)
}

pub fn bytes(relative: &str) -> Vec<u8> {
    let path = data(relative);
    fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// A file or folder of `../shared`. Tests that need it are ignored by default and fail here if it
/// is missing.
pub fn shared(relative: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared").join(relative);
    assert!(path.exists(), "this test needs {}", path.display());
    path
}

pub fn shipped_models() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("landmark-models")
}

pub fn person_extractor() -> Extractor {
    Extractor::load(Species::Person, &Models::new(&[shipped_models()]))
        .expect("the person models load")
}

pub fn dog_extractor() -> Extractor {
    Extractor::load(Species::Dog, &Models::new(&[shipped_models()])).expect("the dog models load")
}

/// Runs a batch over sources.
pub fn run_batch(
    sources: &[BatchSource],
    data_dir: &DataDir,
    workers: Workers,
    options: RunOptions,
) -> Result<BatchReport, BatchError> {
    with_batch(sources, data_dir, options, |batch| {
        let batch = Batch { workers, ..batch };
        batch.run(dog_extractor(), &Stop::new(), |_, _| {})
    })
}

/// A batch over sources with one worker, which may ask this machine for photos, once each.
pub fn with_batch<R>(
    sources: &[BatchSource],
    data_dir: &DataDir,
    options: RunOptions,
    act: impl FnOnce(Batch<'_>) -> R,
) -> R {
    let web = WebOptions { allow_private_addresses: true, attempts: 1, ..WebOptions::default() };
    act(Batch {
        sources,
        data_dir,
        questionnaire: &Questionnaire::default(),
        persons: &PersonEstimator::shipped().population,
        workers: Workers { count: 1, batch_size: 1 },
        web: &WebClient::new(web).unwrap(),
        options,
    })
}

/// A composite and its landmarks by construction, in pixels.
#[derive(Deserialize)]
pub struct Composite {
    pub photo: String,
    pub species: String,
    pub landmarks: [[f64; 2]; 16],
}

impl Composite {
    pub fn landmarks(&self) -> Landmarks {
        Landmarks(self.landmarks)
    }

    pub fn stem(&self) -> String {
        Path::new(&self.photo).file_stem().unwrap().to_string_lossy().into_owned()
    }
}

/// The composites whose path begins with `folder`.
pub fn composites(folder: &str) -> Vec<Composite> {
    let text = String::from_utf8(bytes("composites.jsonl")).unwrap();
    let all = text.lines().map(|line| serde_json::from_str::<Composite>(line).unwrap());
    let chosen: Vec<_> = all.filter(|composite| composite.photo.starts_with(folder)).collect();
    assert!(!chosen.is_empty(), "no composite in {folder}");
    chosen
}

/// Version of the dog models, which every catalogue that is served must have.
pub fn dog_models() -> String {
    extract::dog_version(&Models::new(&[]))
}

/// A catalogue of the composite dogs with their landmarks by construction, as a batch with perfect
/// detectors would publish it.
pub fn composite_catalogue() -> Catalogue {
    let energy = ["energetic", "homebody"];
    let model_version = dog_models();
    let dogs = composites("dogs/").into_iter().enumerate().map(|(number, composite)| {
        let landmarks = composite.landmarks();
        let (measurement, quality) = face::measure(&landmarks, Species::Dog).unwrap();
        DogRecord {
            dog_id: composite.stem(),
            image_id: format!("{}.jpg", composite.stem()),
            photo_location: data(&composite.photo).to_string_lossy().into_owned(),
            photos_digest: [0; 32],
            traits: BTreeMap::from([("energy".to_owned(), energy[number % 2].to_owned())]),
            model_version: model_version.clone(),
            landmarks,
            measurement,
            quality: Quality { interocular: landmarks.interocular_distance(), ..quality },
            enrolled_at: Utc::now(),
            source: "source".to_owned(),
            photos: Vec::new(),
            attributes: BTreeMap::new(),
            expires_at: None,
            handicap: 0.0,
        }
    });
    Catalogue {
        version: 1,
        published_at: Utc::now(),
        model_version: dog_models(),
        dogs: dogs.collect(),
        tables: None,
    }
}

/// A token that opens everything.
pub const TOKEN: &str = "opens-everything-0123";

/// Terms on which the token opens everything, and nothing goes without it.
pub fn with_token() -> Terms {
    let tokens = Some(Tokens::single("TEST", TOKEN, Scope::ALL).unwrap());
    Terms { guard: Guard { tokens, rate: None }, ..Terms::default() }
}

/// A connection of which each call shows the token.
pub type Authorized = InterceptedService<Channel, ShowToken>;

/// Shows the token.
#[derive(Clone)]
pub struct ShowToken;

impl Interceptor for ShowToken {
    fn call(&mut self, mut request: tonic::Request<()>) -> Result<tonic::Request<()>, Status> {
        request.metadata_mut().insert("authorization", format!("Bearer {TOKEN}").parse().unwrap());
        Ok(request)
    }
}

/// Connects to a server, to show the token with each call.
pub async fn authorized(url: &str) -> Authorized {
    let channel = Channel::from_shared(url.to_owned()).unwrap().connect().await.unwrap();
    InterceptedService::new(channel, ShowToken)
}

/// Requests that a [`TestServer`] measures at a time.
pub const WORKERS: usize = 2;

/// A gRPC server for a single test.
pub struct TestServer {
    pub address: SocketAddr,
    pub data_dir: DataDir,
    /// What the server counts.
    pub metrics: Arc<EngineMetrics>,
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
    _folder: tempfile::TempDir,
}

impl TestServer {
    /// Starts a server over a catalogue, or without one.
    pub async fn start(catalogue: Option<&Catalogue>) -> Self {
        Self::start_on(Terms::default(), catalogue).await
    }

    /// The same on other terms than the default ones.
    pub async fn start_on(terms: Terms, catalogue: Option<&Catalogue>) -> Self {
        Self::start_with(terms, catalogue, WebOptions::default(), |upkeep| upkeep).await
    }

    /// The same with a server that fetches photos so, and whose catalogue is kept up as said.
    pub async fn start_with(
        terms: Terms,
        catalogue: Option<&Catalogue>,
        web: WebOptions,
        change: impl FnOnce(Upkeep) -> Upkeep,
    ) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let data_dir = DataDir::new(folder.path());
        if let Some(catalogue) = catalogue {
            catalogue.publish(&data_dir.catalogue_path()).unwrap();
        }
        let questionnaire = Questionnaire::default();
        let persons = PersonEstimator::shipped().population;
        let matcher = Matcher::new(questionnaire.clone(), Policy::default(), &persons);
        let live = Arc::new(LiveCatalogue::new(data_dir.catalogue_path(), questionnaire, persons));
        if catalogue.is_some() {
            live.load().unwrap();
        }
        let workers = Arc::new(WorkerPool::new(person_extractor(), WORKERS).unwrap());
        let (matcher, metrics) = (Arc::new(matcher), service::metrics());
        let counted = Arc::clone(&metrics);
        let upkeep = change(Upkeep::new(data_dir.clone(), dog_models(), web).unwrap());
        let engine = Engine { matcher, workers, catalogue: live, upkeep, public: None, metrics };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel();
        let task = tokio::spawn(async move {
            let stopped = async move {
                let _ = stopped.await;
            };
            service::serve_on(terms, listener, engine, stopped).await.unwrap();
        });
        Self { address, data_dir, metrics: counted, stop, task, _folder: folder }
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Stops the server and waits until it has stopped.
    pub async fn stop(self) {
        let _ = self.stop.send(());
        self.task.await.unwrap();
    }
}
