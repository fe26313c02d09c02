//! A server that answers a few paths.

use std::{convert::Infallible, net::SocketAddr, sync::Arc, time::Duration};

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Full, combinators::BoxBody};
use mungpy_transport::{
    Limits, MeteredBody, Peer, Protocol, RateLimit, Scope, Tls, Tokens, bearer,
};
use tokio::{net::TcpListener, sync::oneshot, task::JoinHandle, time::sleep};
use tower::service_fn;

use super::parts;

/// Bytes of the answer at `/large`.
pub(crate) const LARGE: usize = 1024 * 1024;

/// Limits with which a test need not wait long.
pub(crate) const BRIEF: Limits = Limits {
    receive_timeout: Duration::from_secs(1),
    idle_timeout: Duration::from_secs(1),
    grace: Duration::from_secs(5),
    ..Limits::DEFAULT
};

/// A server that runs until it is stopped or dropped.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

/// Who is let in.
#[derive(Clone, Default)]
pub(crate) struct Guard {
    pub(crate) tokens: Option<Tokens>,
    pub(crate) rate: Option<Arc<RateLimit>>,
}

impl Server {
    pub(crate) async fn start(limits: Limits) -> Self {
        Self::with(Guard::default(), |server| server.limits(limits)).await
    }

    pub(crate) async fn encrypted(tls: &Tls, protocol: Protocol) -> Self {
        let setting =
            |server: mungpy_transport::Server| server.limits(BRIEF).tls(Some(tls.clone()));
        Self::speaking(protocol, Guard::default(), setting).await
    }

    pub(crate) async fn with(
        guard: Guard,
        setting: impl FnOnce(mungpy_transport::Server) -> mungpy_transport::Server,
    ) -> Self {
        Self::speaking(Protocol::Http2, guard, setting).await
    }

    pub(crate) async fn speaking(
        protocol: Protocol,
        guard: Guard,
        setting: impl FnOnce(mungpy_transport::Server) -> mungpy_transport::Server,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let server = setting(mungpy_transport::Server::new(listener, protocol));
        let app = service_fn(move |request| answer(request, guard.clone()));
        let (stop, stopped) = oneshot::channel();
        let task = tokio::spawn(server.serve(app, async { _ = stopped.await }));
        Self { address, stop, task }
    }

    pub(crate) async fn stop(self) {
        self.stop.send(()).unwrap();
        self.task.await.unwrap();
    }
}

pub(crate) type Answer = BoxBody<Bytes, Infallible>;

async fn answer(
    request: Request<MeteredBody>,
    guard: Guard,
) -> Result<Response<Answer>, Infallible> {
    let peer = request.extensions().get::<Peer>().cloned().unwrap();
    if let Some(rate) = &guard.rate
        && let Err(refused) = rate.check(peer.address.ip())
    {
        return Ok(status(StatusCode::TOO_MANY_REQUESTS, refused.to_string()));
    }
    if let Some(tokens) = &guard.tokens {
        let caller = bearer(request.headers()).and_then(|token| tokens.scopes_of(token));
        match caller {
            None => return Ok(status(StatusCode::UNAUTHORIZED, String::new())),
            Some(caller) if !caller.may(Scope::CatalogueWrite) => {
                return Ok(status(StatusCode::FORBIDDEN, caller.name.to_string()));
            }
            Some(_) => {}
        }
    }
    let body = match request.uri().path() {
        "/empty" => Bytes::new(),
        "/large" => Bytes::from(vec![b'x'; LARGE]),
        "/slow" => {
            sleep(Duration::from_secs(3)).await;
            "slow".into()
        }
        "/peer" => format!("{peer:?}").into(),
        "/count" => match request.into_body().collect().await {
            Ok(body) => body.to_bytes().len().to_string().into(),
            Err(error) => return Ok(status(StatusCode::REQUEST_TIMEOUT, error.to_string())),
        },
        "/watch" | "/ticks" | "/work" | "/talk" => {
            return Ok(Response::new(parts::answer(request)));
        }
        _ => "ok".into(),
    };
    Ok(Response::new(Full::new(body).boxed()))
}

fn status(status: StatusCode, body: String) -> Response<Answer> {
    Response::builder().status(status).body(Full::new(body.into()).boxed()).unwrap()
}
