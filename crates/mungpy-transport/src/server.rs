//! Accepts connections within the limits, serves them, drains.

use std::{convert::Infallible, io, pin::pin, sync::Arc, time::Duration};

use bytes::Bytes;
use http::{Request, Response};
use hyper::{body::Incoming, service::service_fn};
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::conn::auto::Builder,
};
use tokio::{
    net::{TcpListener, TcpStream},
    task::JoinSet,
    time::{Instant, sleep, timeout},
};
use tower::{Service, ServiceExt};

use super::{
    Budget, Limits, MeteredBody, Protocol, answer::AnswerBody, connection::Connection, descriptors,
    occasional::Occasional,
};

/// The shortest and the longest pause after a connection could not be accepted.
const PAUSES: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(1));

/// When the head of a request had arrived; an extension of each request.
#[derive(Debug, Clone, Copy)]
pub struct Arrival(pub Instant);

/// Serves `app` until `stop` completes, then drains: idle connections are closed at once, requests
/// in flight are finished as far as the grace period allows.
///
/// Every request has its [`Arrival`] and its [`Charge`](super::Charge) among its extensions.
pub async fn serve<S, B>(
    listener: TcpListener,
    protocol: Protocol,
    limits: Limits,
    app: S,
    stop: impl Future<Output = ()>,
) where
    S: Service<Request<MeteredBody>, Response = Response<B>, Error = Infallible>,
    S: Clone + Send + Sync + 'static,
    S::Future: Send + 'static,
    B: http_body::Body<Data = Bytes, Error: Into<Box<dyn std::error::Error + Send + Sync>>>,
    B: Send + 'static,
{
    let limits = Limits { connections: descriptors::for_connections(limits.connections), ..limits };
    let (builder, budget) = (builder(protocol), Budget::new(limits.body_memory));
    let mut house = House::new(limits);
    let mut stop = pin!(stop);
    loop {
        let accepted = tokio::select! {
            () = &mut stop => break,
            () = house.left() => continue,
            accepted = listener.accept() => accepted.map(|(stream, _)| stream),
        };
        if let Some((stream, connection)) = house.admit(accepted).await {
            let (builder, budget) = (builder.clone(), budget.clone());
            let app = app.clone();
            house.tasks.spawn(async move {
                let meter = service_fn(|request| {
                    answer(request, app.clone(), &connection, &budget, limits)
                });
                let io = builder.serve_connection(TokioIo::new(stream), meter);
                connection.drive(io, &limits).await;
            });
        }
    }
    drop(listener);
    house.drain().await;
}

fn builder(protocol: Protocol) -> Builder<TokioExecutor> {
    let mut builder = Builder::new(TokioExecutor::new());
    // Without a timer HTTP/1 has no timeouts of its own; `Connection` has them for both.
    builder.http1().max_buf_size(2 * Limits::HEAD);
    builder
        .http2()
        .timer(TokioTimer::new())
        .keep_alive_interval(Limits::PING_INTERVAL)
        .keep_alive_timeout(Limits::PING_TIMEOUT)
        .max_concurrent_streams(Limits::STREAMS)
        .max_header_list_size(Limits::HEAD as u32);
    match protocol {
        Protocol::Http2 => builder.http2_only(),
        Protocol::Any => builder,
    }
}

/// Answers one request.
fn answer<S, B>(
    request: Request<Incoming>,
    app: S,
    connection: &Arc<Connection>,
    budget: &Budget,
    limits: Limits,
) -> impl Future<Output = Result<Response<AnswerBody<B>>, Infallible>> + use<S, B>
where
    S: Service<Request<MeteredBody>, Response = Response<B>, Error = Infallible>,
{
    let mut in_flight = connection.begin();
    let charge = budget.charge();
    let (mut parts, body) = request.into_parts();
    parts.extensions.insert(Arrival(Instant::now()));
    parts.extensions.insert(charge.clone());
    let body = MeteredBody::new(body, charge.clone(), limits.receive_timeout);
    let answer = app.oneshot(Request::from_parts(parts, body));
    async move {
        let response = answer.await?;
        drop(charge);
        in_flight.answered();
        Ok(response.map(|body| AnswerBody::new(body, in_flight)))
    }
}

/// The connections that are open.
struct House {
    limits: Limits,
    open: Vec<Arc<Connection>>,
    tasks: JoinSet<()>,
    pause: Duration,
    refused: Occasional,
    failed: Occasional,
}

impl House {
    fn new(limits: Limits) -> Self {
        Self {
            limits,
            open: Vec::new(),
            tasks: JoinSet::new(),
            pause: PAUSES.0,
            refused: Occasional::default(),
            failed: Occasional::default(),
        }
    }

    /// Waits until a connection has ended.
    async fn left(&mut self) {
        if self.tasks.join_next().await.is_none() {
            std::future::pending::<()>().await;
        }
    }

    /// Takes a new connection in if there is room, or if one that waits for a request makes room.
    async fn admit(
        &mut self,
        accepted: io::Result<TcpStream>,
    ) -> Option<(TcpStream, Arc<Connection>)> {
        let stream = match accepted {
            Ok(stream) => stream,
            Err(error) => {
                self.rest(&error).await;
                return None;
            }
        };
        self.pause = PAUSES.0;
        // Only the tasks hold a second reference.
        self.open.retain(|connection| Arc::strong_count(connection) > 1 && connection.is_kept());
        if self.open.len() >= self.limits.connections && !self.make_room() {
            let limit = self.limits.connections;
            if let Some(times) = self.refused.happened() {
                tracing::warn!(limit, times, "connections refused: too many are open");
            }
            return None;
        }
        let _ = stream.set_nodelay(true);
        let connection = Arc::new(Connection::new());
        self.open.push(Arc::clone(&connection));
        Some((stream, connection))
    }

    /// Closes the connection that has waited longest for a request, if there is one. One that had a
    /// request before may wait longer, by the time in which a caller must begin.
    fn make_room(&mut self) -> bool {
        let bonus = self.limits.receive_timeout;
        let worth = |(used, last): (bool, Instant)| if used { last + bonus } else { last };
        let waiting = self.open.iter().filter_map(|open| Some((worth(open.waiting()?), open)));
        let oldest = waiting.min_by_key(|(worth, _)| *worth).map(|(_, open)| open);
        oldest.inspect(|connection| connection.close()).is_some()
    }

    /// Waits before the next attempt to accept, for want of file descriptors mostly.
    async fn rest(&mut self, error: &io::Error) {
        if let Some(times) = self.failed.happened() {
            tracing::error!(times, %error, "a connection cannot be accepted; trying again");
        }
        if self.make_room() {
            let _ = timeout(self.pause, self.left()).await;
        } else {
            sleep(self.pause).await;
            self.pause = (self.pause * 2).min(PAUSES.1);
        }
    }

    /// Closes every connection, and waits for requests in flight as long as the grace period lasts.
    async fn drain(mut self) {
        for connection in self.open.drain(..) {
            connection.dismiss();
        }
        let ended = async { while self.tasks.join_next().await.is_some() {} };
        if timeout(self.limits.grace, ended).await.is_err() {
            tracing::warn!("requests were cut off after the grace period");
        }
        self.tasks.shutdown().await;
    }
}
