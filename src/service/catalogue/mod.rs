//! `mungpy.v1.CatalogueService`.

mod batches;
mod dogs;
mod page;
mod photo;
mod push;
mod sizes;
mod upkeep;

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use mungpy_core::{reason::Reason, temperament};
use mungpy_proto::v1::{
    Axis, Batch, CancelBatchRequest, Catalogue, DeleteDogsRequest, DeleteDogsResponse, Dog,
    DogPhoto, GetCatalogueRequest, GetDogPhotoRequest, GetDogRequest, GetQuestionnaireRequest,
    ListAttributeValuesRequest, ListAttributeValuesResponse, ListBatchesRequest,
    ListBatchesResponse, ListDogsRequest, ListDogsResponse, Questionnaire,
    RollbackCatalogueRequest, RunBatchRequest, Side, UpsertDogsRequest, UpsertDogsResponse,
    WatchBatchRequest, catalogue_service_server::CatalogueService,
};
use mungpy_telemetry::RequestId;
use mungpy_transport::Charge;
use tokio::sync::Semaphore;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status, Streaming};

use super::{LiveCatalogue, errand, status};
use crate::{
    batch::{ControlError, RunRequest},
    catalogue,
    matching::Snapshot,
    messages,
};
use photo::PhotoDesk;
pub(super) use sizes::SizedService;
pub use upkeep::Upkeep;

/// Callers that may push dogs at a time. Each may hold two messages of the largest size.
const PUSHERS: usize = 4;
/// Callers that may watch the batch at a time.
const WATCHERS: usize = 64;
/// Refused dogs that are named.
const MAX_REFUSED: usize = 1000;
/// How long a catalogue that was published again may take until it is searched.
const LOADING: Duration = Duration::from_secs(10);

/// Shows and changes what the server searches.
pub(super) struct CatalogueHandler {
    catalogue: Arc<LiveCatalogue>,
    questionnaire: Arc<temperament::Questionnaire>,
    upkeep: Arc<Upkeep>,
    photos: Arc<PhotoDesk>,
    pushers: Semaphore,
    watchers: Arc<Semaphore>,
}

impl CatalogueHandler {
    pub(super) fn new(
        catalogue: Arc<LiveCatalogue>,
        questionnaire: temperament::Questionnaire,
        upkeep: Upkeep,
    ) -> Self {
        Self {
            catalogue,
            questionnaire: Arc::new(questionnaire),
            photos: Arc::new(PhotoDesk::new(upkeep.web.clone())),
            upkeep: Arc::new(upkeep),
            pushers: Semaphore::new(PUSHERS),
            watchers: Arc::new(Semaphore::new(WATCHERS)),
        }
    }

    fn snapshot(&self) -> Result<Arc<Snapshot>, Status> {
        let message = "no catalogue is loaded yet";
        self.catalogue
            .current()
            .ok_or_else(|| status::status(Reason::CatalogueNotPublished, message))
    }

    /// Keeps the dogs of a stream, and tells whether any of them asks for a batch.
    async fn push_all(
        &self,
        mut dogs: Streaming<UpsertDogsRequest>,
        charge: Option<Charge>,
        told: impl Fn(Status) -> Status,
    ) -> Result<(UpsertDogsResponse, bool), Status> {
        let (mut response, mut measure_now) = (UpsertDogsResponse::default(), false);
        let mut tally = push::Tally::default();
        while let Some(dog) = dogs.message().await? {
            measure_now |= dog.measure_now;
            let dog_id = dog.dog_id.clone();
            let (upkeep, questionnaire) =
                (Arc::clone(&self.upkeep), Arc::clone(&self.questionnaire));
            let snapshot = self.catalogue.current();
            let put = move || push::put(&upkeep, &questionnaire, snapshot.as_deref(), &dog);
            match blocking(put).await? {
                Ok(()) => tally.accepted += 1,
                Err(status) => {
                    tally.refused += 1;
                    if response.refused.len() < MAX_REFUSED {
                        response.refused.push(push::refused(&dog_id, &told(status)));
                    }
                }
            }
            if let Some(charge) = &charge {
                charge.give_back(charge.bytes());
            }
        }
        response.accepted = tally.accepted;
        Ok((response, measure_now))
    }

    /// Starts a batch, unless one is under way or the server runs none.
    async fn measure(&self) -> Option<Batch> {
        match self.upkeep.batch.as_ref()?.start(RunRequest::default()).await {
            Ok(run) => Some(batches::message(&run)),
            Err(ControlError::Running) => None,
            Err(error) => {
                tracing::warn!(%error, "no batch was started for pushed dogs");
                None
            }
        }
    }

    /// Waits until a catalogue is searched.
    async fn wait_for(&self, version: u64) {
        let until = Instant::now() + LOADING;
        let is_loaded = || self.catalogue.current().is_some_and(|now| now.version >= version);
        while !is_loaded() && Instant::now() < until {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

#[tonic::async_trait]
impl CatalogueService for CatalogueHandler {
    async fn get_catalogue(
        &self,
        _: Request<GetCatalogueRequest>,
    ) -> Result<Response<Catalogue>, Status> {
        let snapshot = self.snapshot()?;
        Ok(Response::new(Catalogue {
            version: snapshot.version,
            published_at: messages::of_time(snapshot.published_at),
            dogs: snapshot.left(chrono::Utc::now()) as u64,
            model_version: snapshot.model_version.clone(),
        }))
    }

    async fn get_questionnaire(
        &self,
        _: Request<GetQuestionnaireRequest>,
    ) -> Result<Response<Questionnaire>, Status> {
        let side = |side: &temperament::Side| Side {
            key: side.key.clone(),
            korean: side.korean.clone(),
            english: side.english.clone(),
        };
        let axes = self.questionnaire.axes().iter();
        let axes = axes.map(|axis| Axis {
            key: axis.key.clone(),
            sides: axis.sides.iter().map(side).collect(),
        });
        Ok(Response::new(Questionnaire { axes: axes.collect() }))
    }

    async fn get_dog(&self, request: Request<GetDogRequest>) -> Result<Response<Dog>, Status> {
        let snapshot = self.snapshot()?;
        let number = dogs::find(&snapshot, &request.get_ref().dog_id)?;
        Ok(Response::new(dogs::whole(&snapshot, number)))
    }

    async fn list_dogs(
        &self,
        request: Request<ListDogsRequest>,
    ) -> Result<Response<ListDogsResponse>, Status> {
        let (snapshot, questionnaire) = (self.snapshot()?, Arc::clone(&self.questionnaire));
        let request = request.into_inner();
        let listed = blocking(move || dogs::list(&snapshot, &questionnaire, &request)).await?;
        listed.map(Response::new)
    }

    async fn list_attribute_values(
        &self,
        request: Request<ListAttributeValuesRequest>,
    ) -> Result<Response<ListAttributeValuesResponse>, Status> {
        let (snapshot, request) = (self.snapshot()?, request.into_inner());
        blocking(move || dogs::values(&snapshot, &request)).await?.map(Response::new)
    }

    async fn get_dog_photo(
        &self,
        request: Request<GetDogPhotoRequest>,
    ) -> Result<Response<DogPhoto>, Status> {
        let snapshot = self.snapshot()?;
        let request = request.into_inner();
        let number = dogs::find(&snapshot, &request.dog_id)?;
        self.photos.picture(snapshot.dog(number), &request).await.map(Response::new)
    }

    async fn upsert_dogs(
        &self,
        request: Request<Streaming<UpsertDogsRequest>>,
    ) -> Result<Response<UpsertDogsResponse>, Status> {
        let _turn = self
            .pushers
            .try_acquire()
            .map_err(|_| status::busy("too many callers push dogs; try again"))?;
        let charge = request.extensions().get().cloned();
        let language = errand::language("", request.metadata().as_ref());
        let id = request.extensions().get().cloned().unwrap_or_else(RequestId::make);
        let told = |refused| status::of_request(&status::for_people(refused, language), &id);
        let pushed = self.push_all(request.into_inner(), charge, told).await;
        let (mut response, measure_now) = pushed?;
        if measure_now && response.accepted > 0 {
            response.batch = self.measure().await;
        }
        Ok(Response::new(response))
    }

    async fn delete_dogs(
        &self,
        request: Request<DeleteDogsRequest>,
    ) -> Result<Response<DeleteDogsResponse>, Status> {
        let (upkeep, request) = (Arc::clone(&self.upkeep), request.into_inner());
        let delete = move || {
            let response = push::delete(&upkeep, request)?;
            let (deleted, unknown) = (response.deleted.len(), response.unknown.len());
            tracing::info!(deleted, unknown, "pushed dogs were deleted");
            Ok(Response::new(response))
        };
        blocking(delete).await?
    }

    async fn run_batch(
        &self,
        request: Request<RunBatchRequest>,
    ) -> Result<Response<Batch>, Status> {
        let control = batches::control(&self.upkeep)?;
        if control.current().is_none() && self.upkeep.data_dir.is_store_open() {
            let message = "another process runs a batch on this data directory; try again later";
            return Err(status::status(Reason::BatchRunning, message));
        }
        let run = control.start(batches::request(request.into_inner())).await?;
        Ok(Response::new(batches::message(&run)))
    }

    type WatchBatchStream = ReceiverStream<Result<Batch, Status>>;

    async fn watch_batch(
        &self,
        _: Request<WatchBatchRequest>,
    ) -> Result<Response<Self::WatchBatchStream>, Status> {
        let control = batches::control(&self.upkeep)?;
        let permit = Arc::clone(&self.watchers).try_acquire_owned();
        let permit =
            permit.map_err(|_| status::busy("too many callers watch the batch; try again"))?;
        Ok(Response::new(batches::stream(control.watch(), permit)))
    }

    async fn cancel_batch(
        &self,
        _: Request<CancelBatchRequest>,
    ) -> Result<Response<Batch>, Status> {
        let run = batches::control(&self.upkeep)?.cancel()?;
        tracing::info!("the batch was cancelled by a call");
        Ok(Response::new(batches::message(&run)))
    }

    async fn list_batches(
        &self,
        request: Request<ListBatchesRequest>,
    ) -> Result<Response<ListBatchesResponse>, Status> {
        let (upkeep, request) = (Arc::clone(&self.upkeep), request.into_inner());
        blocking(move || batches::list(&upkeep, &request)).await?.map(Response::new)
    }

    async fn rollback_catalogue(
        &self,
        request: Request<RollbackCatalogueRequest>,
    ) -> Result<Response<Catalogue>, Status> {
        let upkeep = Arc::clone(&self.upkeep);
        if upkeep.batch.as_ref().is_some_and(|batch| batch.current().is_some()) {
            return Err(ControlError::Running.into());
        }
        let version = Some(request.get_ref().version).filter(|version| *version > 0);
        let roll_back = move || {
            let published =
                upkeep.data_dir.roll_back(version, &upkeep.model_version, upkeep.kept)?;
            tracing::info!(version = published.version, "an earlier catalogue was published again");
            Ok::<catalogue::Catalogue, Status>(published)
        };
        let published = blocking(roll_back).await??;
        self.wait_for(published.version).await;
        let now = chrono::Utc::now();
        let left = published.dogs.iter().filter(|dog| dog.is_left(now));
        Ok(Response::new(Catalogue {
            version: published.version,
            published_at: messages::of_time(published.published_at),
            dogs: left.count() as u64,
            model_version: published.model_version,
        }))
    }
}

/// [`blocking_or`] for work that is the whole call.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Status> {
    blocking_or("the call failed unexpectedly", work).await
}

/// Work that reads files or takes its time, on a thread of its own, and what to say if it panics. It
/// goes on if the call ends at its deadline.
async fn blocking_or<T: Send + 'static>(
    panicked: &str,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Status> {
    let span = tracing::Span::current();
    let done = tokio::task::spawn_blocking(move || span.in_scope(work)).await;
    done.map_err(|_| status::status(Reason::Internal, panicked))
}
