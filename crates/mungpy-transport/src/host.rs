//! What becomes of one connection: TLS, HTTP, requests.

use std::{
    convert::Infallible,
    io,
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use http::{Request, Response};
use hyper::{body::Incoming, service::service_fn};
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto::Builder,
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
    time::Instant,
};
use tokio_rustls::{TlsAcceptor, server::TlsStream};
use tower::{Service, ServiceExt};

use super::{
    Budget, MeteredBody, Pace, Peer, Protocol, Tls, answer::AnswerBody, certificate,
    connection::Connection, occasional::Occasional,
};

/// When the head of a request had arrived; an extension of each request.
#[derive(Debug, Clone, Copy)]
pub struct Arrival(pub Instant);

/// What all connections of a server share.
pub(crate) struct Host<S> {
    pub(crate) builder: Builder<TokioExecutor>,
    pub(crate) budget: Budget,
    /// How far a body may fall behind.
    pub(crate) patience: Duration,
    pub(crate) protocol: Protocol,
    pub(crate) tls: Option<Tls>,
    /// Handshakes that failed.
    pub(crate) failed: Mutex<Occasional>,
    pub(crate) app: S,
}

/// Frees the place of a connection, whatever ended it.
struct Place(Arc<Connection>);

impl Drop for Place {
    fn drop(&mut self) {
        self.0.ended();
    }
}

impl<S, B> Host<S>
where
    S: Service<Request<MeteredBody>, Response = Response<B>, Error = Infallible>,
    S: Clone + Send + Sync + 'static,
    S::Future: Send + 'static,
    B: http_body::Body<Data = Bytes, Error: Into<Box<dyn std::error::Error + Send + Sync>>>,
    B: Send + 'static,
{
    /// Serves a connection to its end.
    pub(crate) async fn receive(
        self: Arc<Self>,
        stream: TcpStream,
        address: SocketAddr,
        connection: Arc<Connection>,
    ) {
        let place = Place(connection);
        let encrypted = self.tls.is_some();
        let mut peer = Peer { address, encrypted, subject: None };
        // The large futures are boxed when they are needed, so that a silent caller costs little.
        if let Some(tls) = &self.tls {
            let handshake = TlsAcceptor::from(tls.config(self.protocol)).accept(stream);
            match place.0.prepare(Box::pin(handshake)).await {
                Some(Ok(stream)) => {
                    peer.subject = subject(&stream);
                    Box::pin(self.converse(stream, peer, &place.0)).await;
                }
                Some(Err(error)) => self.handshake_failed(&error),
                None => {}
            }
        } else if let Some(Ok(1..)) = place.0.prepare(stream.peek(&mut [0])).await {
            Box::pin(self.converse(stream, peer, &place.0)).await;
        }
    }

    async fn converse(
        &self,
        stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static,
        peer: Peer,
        connection: &Arc<Connection>,
    ) {
        let meter = service_fn(|request| self.answer(request, &peer, connection));
        let io = self.builder.serve_connection(TokioIo::new(stream), meter);
        connection.drive(io).await;
    }

    /// Answers one request.
    fn answer(
        &self,
        request: Request<Incoming>,
        peer: &Peer,
        connection: &Arc<Connection>,
    ) -> impl Future<Output = Result<Response<AnswerBody<B>>, Infallible>> + use<S, B> {
        let mut in_flight = connection.begin();
        let charge = self.budget.charge();
        let (mut parts, body) = request.into_parts();
        parts.extensions.insert(Arrival(Instant::now()));
        let pace = Pace::new(Arc::clone(connection));
        parts.extensions.insert(charge.clone());
        parts.extensions.insert(pace.clone());
        parts.extensions.insert(peer.clone());
        let body = MeteredBody::new(body, charge.clone(), pace, self.patience);
        let answer = self.app.clone().oneshot(Request::from_parts(parts, body));
        async move {
            let response = answer.await?;
            drop(charge);
            in_flight.answered();
            Ok(response.map(|body| AnswerBody::new(body, in_flight)))
        }
    }
}

impl<S> Host<S> {
    /// Counts a failed handshake, and logs it now and then. It says nothing about the caller.
    fn handshake_failed(&self, error: &io::Error) {
        let times = self.failed.lock().unwrap_or_else(PoisonError::into_inner).happened();
        if let Some(times) = times {
            tracing::warn!(times, %error, "TLS handshakes failed");
        }
    }
}

/// The subject of the certificate that the caller has shown.
fn subject(stream: &TlsStream<TcpStream>) -> Option<Arc<str>> {
    certificate::subject(stream.get_ref().1.peer_certificates()?.first()?)
}
