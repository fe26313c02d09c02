//! An engine that speaks the contract and measures nothing: the content of a photo says what it
//! answers. Engines that measure are in front of the gateway in the tests of the whole.

mod answers;

use std::{
    collections::{BTreeMap, HashMap},
    net::SocketAddr,
    pin::Pin,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use mungpy_core::reason::Reason;
use mungpy_proto::v1::{
    self, Advice, AdviceCode, AnsweredDog, AttributeValue, Axis, Batch, BatchMatchRequest,
    BatchMatchResponse, BatchState, CancelBatchRequest, Catalogue, DeleteDogsRequest,
    DeleteDogsResponse, DescribeRequest, DescribeResponse, DescribedFace, Dog, DogPhoto,
    GetCatalogueRequest, GetDogPhotoRequest, GetDogRequest, GetQuestionnaireRequest,
    GetStatusRequest, ListAttributeValuesRequest, ListAttributeValuesResponse, ListBatchesRequest,
    ListBatchesResponse, ListDogsRequest, ListDogsResponse, MatchRequest, MatchResponse,
    Questionnaire, RollbackCatalogueRequest, RunBatchRequest, ServerStatus, Side,
    UpsertDogsRequest, UpsertDogsResponse, WatchBatchRequest,
    batch_match_response::Result as Said,
    catalogue_service_server::{CatalogueService, CatalogueServiceServer},
    match_service_server::{MatchService, MatchServiceServer},
    operations_service_server::{OperationsService, OperationsServiceServer},
};
use tokio::{net::TcpListener, sync::oneshot};
use tokio_stream::{Stream, StreamExt, wrappers::TcpListenerStream};
use tonic::{Code, Request, Response, Status, Streaming, metadata::MetadataMap};
use tonic_types::{ErrorDetails, StatusExt};

pub(super) use answers::{DOG_ID, LARGE};
use answers::{adoption, found, point, refusal};

type Answer<T> = Result<Response<T>, Status>;
type Lines<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;

/// A running engine. Dropping it stops it.
pub(super) struct Engine {
    pub(super) address: SocketAddr,
    state: Arc<State>,
    stop: Option<oneshot::Sender<()>>,
}

/// What it was asked.
#[derive(Default)]
struct State {
    requests: Mutex<Vec<(MatchRequest, MetadataMap)>>,
    calls: AtomicUsize,
    items: AtomicUsize,
    ended: AtomicUsize,
}

#[derive(Clone)]
struct StandIn(Arc<State>);

impl Engine {
    pub(super) async fn start() -> Self {
        Self::start_at("127.0.0.1:0".parse().unwrap()).await
    }

    pub(super) async fn start_at(address: SocketAddr) -> Self {
        let listener = TcpListener::bind(address).await.unwrap();
        let address = listener.local_addr().unwrap();
        let state = Arc::new(State::default());
        let (stop, stopped) = oneshot::channel::<()>();
        let stand_in = StandIn(Arc::clone(&state));
        let matching = MatchServiceServer::new(stand_in.clone())
            .max_decoding_message_size(mungpy_proto::limits::MAX_REQUEST_BYTES);
        let server = tonic::transport::Server::builder()
            .add_service(matching)
            .add_service(CatalogueServiceServer::new(stand_in.clone()))
            .add_service(OperationsServiceServer::new(stand_in))
            .serve_with_incoming_shutdown(TcpListenerStream::new(listener), async move {
                let _ = stopped.await;
            });
        tokio::spawn(async move { server.await.unwrap() });
        Self { address, state, stop: Some(stop) }
    }

    pub(super) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The last request for a match, and what was said beside it.
    pub(super) fn last(&self) -> (MatchRequest, MetadataMap) {
        self.state.requests.lock().unwrap().last().cloned().expect("a match was asked for")
    }

    /// Calls of any method so far.
    pub(super) fn calls(&self) -> usize {
        self.state.calls.load(Ordering::Relaxed)
    }

    /// Items of streams that were read so far.
    pub(super) fn items(&self) -> usize {
        self.state.items.load(Ordering::Relaxed)
    }

    /// Streams that came to their end so far and were not cut off.
    pub(super) fn ended(&self) -> usize {
        self.state.ended.load(Ordering::Relaxed)
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        // It tells its callers and ends their connections.
        let _ = self.stop.take().map(|stop| stop.send(()));
    }
}

/// Whether the first photo of an item has this content.
fn is_about(item: &Result<BatchMatchRequest, Status>, content: &str) -> bool {
    let request = item.as_ref().ok().and_then(|item| item.request.as_ref());
    request.and_then(|request| request.photos.first()).is_some_and(|photo| *photo == content)
}

impl StandIn {
    fn called(&self) {
        self.0.calls.fetch_add(1, Ordering::Relaxed);
    }

    async fn find(
        &self,
        request: MatchRequest,
        metadata: MetadataMap,
    ) -> Result<MatchResponse, Status> {
        let photo =
            String::from_utf8_lossy(request.photos.first().map_or(b"", |photo| photo)).into_owned();
        self.0.requests.lock().unwrap().push((request.clone(), metadata));
        match photo.as_str() {
            "" => Err(refusal(Reason::PhotoEmpty, "the photo has no bytes")),
            "wait" => {
                tokio::time::sleep(Duration::from_secs(30)).await;
                Err(refusal(Reason::Internal, "nobody waits so long"))
            }
            "nap" => {
                tokio::time::sleep(Duration::from_millis(50)).await;
                Ok(found(&request))
            }
            "new" => {
                let mut details = ErrorDetails::new();
                details.set_error_info("REASON_OF_TOMORROW", "mungpy", HashMap::new());
                Err(Status::with_error_details(Code::ResourceExhausted, "later", details))
            }
            code => match Reason::from_code(code) {
                Some(reason) => Err(refusal(reason, "refused")),
                None => Ok(found(&request)),
            },
        }
    }
}

#[tonic::async_trait]
impl MatchService for StandIn {
    async fn r#match(&self, request: Request<MatchRequest>) -> Answer<MatchResponse> {
        self.called();
        let (metadata, _, message) = request.into_parts();
        self.find(message, metadata).await.map(Response::new)
    }

    type BatchMatchStream = Lines<BatchMatchResponse>;

    async fn batch_match(
        &self,
        request: Request<Streaming<BatchMatchRequest>>,
    ) -> Answer<Self::BatchMatchStream> {
        self.called();
        let (metadata, _, items) = request.into_parts();
        let this = self.clone();
        let answers = items.take_while(|item| !is_about(item, "end")).then(move |item| {
            let (this, metadata) = (this.clone(), metadata.clone());
            async move {
                if is_about(&item, "break") {
                    return Err(Status::internal("broken"));
                }
                let item = item?;
                this.0.items.fetch_add(1, Ordering::Relaxed);
                let result = match this.find(item.request.unwrap_or_default(), metadata).await {
                    Ok(response) => Said::Response(response),
                    Err(status) => Said::Status(tonic_types::Status {
                        code: status.code() as i32,
                        message: status.message().to_owned(),
                        details: prost::Message::decode(status.details())
                            .map(|status: tonic_types::Status| status.details)
                            .unwrap_or_default(),
                    }),
                };
                Ok(BatchMatchResponse { id: item.id, result: Some(result) })
            }
        });
        let state = Arc::clone(&self.0);
        let end = tokio_stream::once(()).then(move |()| {
            let state = Arc::clone(&state);
            async move {
                // The end comes after the last answer, and whoever does not wait cuts it off.
                tokio::time::sleep(Duration::from_millis(50)).await;
                state.ended.fetch_add(1, Ordering::Relaxed);
            }
        });
        Ok(Response::new(Box::pin(answers.chain(end.filter_map(|()| None)))))
    }

    async fn describe(&self, request: Request<DescribeRequest>) -> Answer<DescribeResponse> {
        self.called();
        let request = request.into_inner();
        let sentence = if request.language == "ko" { "가까이 오세요" } else { "come closer" };
        let advice =
            vec![Advice { code: AdviceCode::ComeCloser.into(), sentence: sentence.to_owned() }];
        let face = DescribedFace {
            r#box: Some(v1::Box { left: 1.0, top: 2.0, right: 3.0, bottom: 4.0, confidence: 0.5 }),
            landmarks: vec![point(1.0, 2.0); 16],
            usable: true,
            advice: advice.clone(),
            brightness: 0.4,
            ..DescribedFace::default()
        };
        Ok(Response::new(DescribeResponse { width: 640, height: 480, faces: vec![face], advice }))
    }
}

#[tonic::async_trait]
impl CatalogueService for StandIn {
    async fn get_catalogue(&self, request: Request<GetCatalogueRequest>) -> Answer<Catalogue> {
        self.called();
        if request.metadata().get("authorization").is_some_and(|token| token == "Bearer wrong") {
            return Err(refusal(Reason::TokenRefused, "unknown token"));
        }
        let catalogue = Catalogue {
            version: 3,
            published_at: "2026-01-01T00:00:00Z".to_owned(),
            dogs: 17,
            model_version: "m".to_owned(),
        };
        Ok(Response::new(catalogue))
    }

    async fn get_questionnaire(
        &self,
        _: Request<GetQuestionnaireRequest>,
    ) -> Answer<Questionnaire> {
        self.called();
        let side = |key: &str, korean: &str, english: &str| Side {
            key: key.to_owned(),
            korean: korean.to_owned(),
            english: english.to_owned(),
        };
        let axes = vec![
            Axis {
                key: "sociability".to_owned(),
                sides: vec![
                    side("outgoing", "사교적인", "outgoing"),
                    side("shy", "낯가림", "shy with strangers"),
                ],
            },
            Axis {
                key: "closeness".to_owned(),
                sides: vec![
                    side("clingy", "더워도 껌딱지", "clingy"),
                    side("loner", "독고다이", "a loner"),
                ],
            },
        ];
        Ok(Response::new(Questionnaire { axes }))
    }

    async fn get_dog(&self, request: Request<GetDogRequest>) -> Answer<Dog> {
        self.called();
        let dog_id = request.into_inner().dog_id;
        if dog_id != DOG_ID {
            return Err(refusal(Reason::DogUnknown, "the catalogue holds no such dog"));
        }
        Ok(Response::new(Dog {
            dog_id,
            image_id: "dog-1.jpg".to_owned(),
            source: "folder".to_owned(),
            traits: BTreeMap::from([("sociability".to_owned(), "shy".to_owned())]),
            adoption: Some(adoption()),
            ..Dog::default()
        }))
    }

    async fn list_dogs(&self, _: Request<ListDogsRequest>) -> Answer<ListDogsResponse> {
        Err(Status::unimplemented(""))
    }

    async fn list_attribute_values(
        &self,
        request: Request<ListAttributeValuesRequest>,
    ) -> Answer<ListAttributeValuesResponse> {
        self.called();
        let attribute = request.into_inner().attribute;
        let values = vec![AttributeValue { value: format!("a {attribute}"), dogs: 12 }];
        Ok(Response::new(ListAttributeValuesResponse { values }))
    }

    async fn get_dog_photo(&self, request: Request<GetDogPhotoRequest>) -> Answer<DogPhoto> {
        self.called();
        let request = request.into_inner();
        if request.dog_id != DOG_ID {
            return Err(refusal(Reason::DogUnknown, "the catalogue holds no such dog"));
        }
        let entity_tag = format!("{}-{}", request.size, request.view);
        let is_known = request.if_none_match == entity_tag;
        let jpeg = if is_known { Vec::new() } else { vec![0xFF, 0xD8, 0xFF] };
        let photo = DogPhoto { jpeg: jpeg.into(), width: 8, height: 6, entity_tag, scale: 0.5 };
        Ok(Response::new(photo))
    }

    async fn upsert_dogs(
        &self,
        _: Request<Streaming<UpsertDogsRequest>>,
    ) -> Answer<UpsertDogsResponse> {
        Err(Status::unimplemented(""))
    }

    async fn delete_dogs(&self, _: Request<DeleteDogsRequest>) -> Answer<DeleteDogsResponse> {
        Err(Status::unimplemented(""))
    }

    async fn run_batch(&self, _: Request<RunBatchRequest>) -> Answer<Batch> {
        Err(Status::unimplemented(""))
    }

    type WatchBatchStream = Lines<Batch>;

    async fn watch_batch(&self, _: Request<WatchBatchRequest>) -> Answer<Self::WatchBatchStream> {
        Err(Status::unimplemented(""))
    }

    async fn cancel_batch(&self, _: Request<CancelBatchRequest>) -> Answer<Batch> {
        Err(Status::unimplemented(""))
    }

    async fn list_batches(&self, _: Request<ListBatchesRequest>) -> Answer<ListBatchesResponse> {
        self.called();
        let batch = Batch {
            started_at: "2026-01-01T00:00:00Z".to_owned(),
            state: BatchState::Published.into(),
            refusals: BTreeMap::from([("NO_FACE".to_owned(), 2)]),
            ..Batch::default()
        };
        Ok(Response::new(ListBatchesResponse { batches: vec![batch], ..Default::default() }))
    }

    async fn rollback_catalogue(&self, _: Request<RollbackCatalogueRequest>) -> Answer<Catalogue> {
        Err(Status::unimplemented(""))
    }
}

#[tonic::async_trait]
impl OperationsService for StandIn {
    async fn get_status(&self, _: Request<GetStatusRequest>) -> Answer<ServerStatus> {
        self.called();
        Ok(Response::new(ServerStatus {
            workers: 2,
            p50_ms: 12.5,
            most_answered: vec![AnsweredDog { dog_id: DOG_ID.to_owned(), answers: 3 }],
            ..ServerStatus::default()
        }))
    }
}
