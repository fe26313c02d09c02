//! Sizes of messages: each method takes as much as it needs.

use std::{
    convert::Infallible,
    sync::Arc,
    task::{Context, Poll},
};

use http::{Request, Response};
use mungpy_proto::{
    limits::{MAX_LIST_REQUEST_BYTES, MAX_PUSH_BYTES, MAX_SMALL_REQUEST_BYTES},
    v1::catalogue_service_server::{CatalogueService, CatalogueServiceServer, SERVICE_NAME},
};
use tonic::{body::Body, server::NamedService};
use tower::Service;

/// The service, with a limit of its own for each method.
#[derive(Debug)]
pub(in crate::service) struct SizedService<T> {
    small: CatalogueServiceServer<T>,
    lists: CatalogueServiceServer<T>,
    pushes: CatalogueServiceServer<T>,
}

impl<T: CatalogueService> SizedService<T> {
    pub(in crate::service) fn new(handler: T) -> Self {
        let handler = Arc::new(handler);
        let within = |bytes| {
            CatalogueServiceServer::from_arc(Arc::clone(&handler)).max_decoding_message_size(bytes)
        };
        Self {
            small: within(MAX_SMALL_REQUEST_BYTES),
            lists: within(MAX_LIST_REQUEST_BYTES),
            pushes: within(MAX_PUSH_BYTES),
        }
    }
}

impl<T> Clone for SizedService<T> {
    fn clone(&self) -> Self {
        let (small, lists, pushes) = (self.small.clone(), self.lists.clone(), self.pushes.clone());
        Self { small, lists, pushes }
    }
}

impl<T> NamedService for SizedService<T> {
    const NAME: &'static str = SERVICE_NAME;
}

impl<T: CatalogueService> Service<Request<Body>> for SizedService<T> {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = <CatalogueServiceServer<T> as Service<Request<Body>>>::Future;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        // The generated services are always ready.
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let method = request.uri().path().rsplit('/').next();
        match method {
            Some("UpsertDogs") => self.pushes.call(request),
            Some("ListDogs" | "DeleteDogs") => self.lists.call(request),
            _ => self.small.call(request),
        }
    }
}
