//! Accepts connections within the limits, serves them, drains.

use std::{
    convert::Infallible,
    io,
    net::SocketAddr,
    pin::pin,
    sync::{Arc, Mutex},
    time::Duration,
};

use bytes::Bytes;
use http::{Request, Response};
use hyper_util::{
    rt::{TokioExecutor, TokioTimer},
    server::conn::auto::Builder,
};
use tokio::{
    net::{TcpListener, TcpStream},
    task::JoinSet,
    time::{sleep, timeout},
};
use tower::Service;

use super::{
    Budget, Limits, MeteredBody, Protocol, Tls,
    connection::Connection,
    descriptors,
    host::Host,
    occasional::Occasional,
    room::Room,
    watched::{Reloadable, keep_fresh},
};

/// The shortest and the longest pause after a connection could not be accepted.
const PAUSES: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(1));

/// A server that is about to serve.
pub struct Server {
    listener: TcpListener,
    protocol: Protocol,
    limits: Limits,
    max_age: Duration,
    tls: Option<Tls>,
    watched: Vec<Arc<dyn Reloadable>>,
    counted: Option<Counter>,
}

/// Counts a connection until the returned value is dropped.
type Counter = Box<dyn Fn() -> Box<dyn Send> + Send + Sync>;

impl Server {
    /// A server in plain text and within the default limits.
    pub fn new(listener: TcpListener, protocol: Protocol) -> Self {
        let (limits, max_age) = (Limits::DEFAULT, Limits::MAX_AGE);
        Self { listener, protocol, limits, max_age, tls: None, watched: Vec::new(), counted: None }
    }

    /// What callers may use.
    #[must_use]
    pub fn limits(self, limits: Limits) -> Self {
        Self { limits, ..self }
    }

    /// How old a connection becomes, a tenth more or less, before the caller is asked to open
    /// another. Requests in flight are finished, however long they take, except answers that are
    /// idle for [`Limits::idle_timeout`].
    #[must_use]
    pub fn max_age(self, max_age: Duration) -> Self {
        Self { max_age, ..self }
    }

    /// Speaks TLS if there is any, and nothing else then. Its files are watched.
    #[must_use]
    pub fn tls(mut self, tls: Option<Tls>) -> Self {
        if let Some(tls) = &tls {
            self.watched.push(Arc::new(tls.clone()));
        }
        Self { tls, ..self }
    }

    /// Calls `count` for each connection, and drops what it returns when the connection ends.
    #[must_use]
    pub fn counted<T: Send + 'static>(self, count: impl Fn() -> T + Send + Sync + 'static) -> Self {
        let counted: Counter = Box::new(move || Box::new(count()));
        Self { counted: Some(counted), ..self }
    }

    /// Follows the changes of other files, those of [`Tokens`](super::Tokens) for example, as long
    /// as it serves.
    #[must_use]
    pub fn watch(mut self, watched: Arc<dyn Reloadable>) -> Self {
        self.watched.push(watched);
        self
    }

    /// Serves `app` until `stop` completes, then drains: idle connections are closed at once,
    /// requests in flight are finished as far as the grace period allows, answers that are idle (see
    /// [`Limits::receive_timeout`]) are cut off. A caller who has not hung up has that long from
    /// the end of its last answer, part of which may still be on its way.
    ///
    /// Every request has its [`Arrival`](super::Arrival), its [`Charge`](super::Charge), its
    /// [`Pace`](super::Pace) and its [`Peer`](super::Peer) among its extensions.
    pub async fn serve<S, B>(self, app: S, stop: impl Future<Output = ()>)
    where
        S: Service<Request<MeteredBody>, Response = Response<B>, Error = Infallible>,
        S: Clone + Send + Sync + 'static,
        S::Future: Send + 'static,
        B: http_body::Body<Data = Bytes, Error: Into<Box<dyn std::error::Error + Send + Sync>>>,
        B: Send + 'static,
    {
        let connections = descriptors::for_connections(self.limits.connections);
        let limits = Limits { connections, ..self.limits };
        let host = Arc::new(Host {
            builder: builder(self.protocol),
            budget: Budget::new(limits.body_memory),
            patience: limits.receive_timeout,
            protocol: self.protocol,
            tls: self.tls,
            failed: Mutex::default(),
            app,
        });
        let mut fresh = JoinSet::new();
        if !self.watched.is_empty() {
            fresh.spawn(keep_fresh(self.watched));
        }
        let mut house = House::new(limits, self.max_age);
        let mut stop = pin!(stop);
        loop {
            let accepted = tokio::select! {
                () = &mut stop => break,
                () = house.left() => continue,
                accepted = self.listener.accept() => accepted,
            };
            if let Some((stream, address, connection)) = house.admit(accepted).await {
                let served = Arc::clone(&host).receive(stream, address, connection);
                let open = self.counted.as_ref().map(|count| count());
                house.tasks.spawn(async move {
                    let _open = open;
                    served.await;
                });
            }
        }
        drop(self.listener);
        house.drain().await;
    }
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
        .max_frame_size(Limits::FRAME)
        .initial_stream_window_size(Limits::STREAM_WINDOW)
        .initial_connection_window_size(Limits::CONNECTION_WINDOW)
        .max_header_list_size(Limits::HEAD as u32)
        .max_pending_accept_reset_streams(Limits::RESETS)
        .max_local_error_reset_streams(Limits::FAULTS)
        .max_send_buf_size(Limits::SEND_BUFFER);
    match protocol {
        Protocol::Http2 => builder.http2_only(),
        Protocol::Any => builder,
    }
}

/// The connections that are open.
struct House {
    limits: Limits,
    max_age: Duration,
    room: Arc<Room>,
    tasks: JoinSet<()>,
    pause: Duration,
    refused: Occasional,
    failed: Occasional,
}

impl House {
    fn new(limits: Limits, max_age: Duration) -> Self {
        Self {
            limits,
            max_age,
            room: Arc::default(),
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

    /// Takes a new connection in if there is room, or if one that is not at work makes room.
    async fn admit(
        &mut self,
        accepted: io::Result<(TcpStream, SocketAddr)>,
    ) -> Option<(TcpStream, SocketAddr, Arc<Connection>)> {
        let (stream, address) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                self.rest(&error).await;
                return None;
            }
        };
        self.pause = PAUSES.0;
        if self.room.taken() >= self.limits.connections && !self.make_room() {
            let limit = self.limits.connections;
            if let Some(times) = self.refused.happened() {
                tracing::warn!(limit, times, "connections refused: too many are open");
            }
            return None;
        }
        let _ = stream.set_nodelay(true);
        let (room, limits, max_age) = (&self.room, self.limits, self.max_age);
        let connection = room.take(|id| Connection::new(id, Arc::clone(room), limits, max_age));
        Some((stream, address, connection))
    }

    /// Closes the connection that is least worth to be kept, if there is one.
    fn make_room(&mut self) -> bool {
        self.room.least().inspect(|connection| connection.close()).is_some()
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
        for connection in self.room.all() {
            connection.dismiss();
        }
        let ended = async { while self.tasks.join_next().await.is_some() {} };
        if timeout(self.limits.grace, ended).await.is_err() {
            tracing::warn!("requests were cut off after the grace period");
        }
        self.tasks.shutdown().await;
    }
}
