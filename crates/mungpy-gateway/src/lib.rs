//! The REST sidecar: HTTP in, gRPC out. It links neither dlib nor OpenCV.
//!
//! - `app`: the routes and the layers around them
//! - `routes`: the paths, a file for each family
//! - `form`, `wishes`: what callers send
//! - `answers`, `problem`: what they get
//! - `caller`: who asks, in which language, and how long the caller waits
//! - `deadline`: when the answer of an engine must be there
//! - `forwarded`: where requests come from if proxies stand between
//! - `protection`: headers, other origins, bounds on requests
//! - `telemetry`: what is seen of each request
//! - `upstream`: the engines, and the choice among them

mod answers;
mod app;
mod caller;
mod deadline;
mod error;
mod form;
mod forwarded;
mod language;
mod problem;
mod protection;
mod routes;
mod settings;
mod telemetry;
mod upstream;
mod wishes;

use std::sync::Arc;

use mungpy_transport::{Protocol, Server};
use tokio::net::TcpListener;

pub use error::GatewayError;
pub use mungpy_transport::{Secret, Tls};
pub use settings::Settings;
use telemetry::Telemetry;
pub use telemetry::place;
use upstream::Engines;

/// Serves one engine with the usual settings, see [`serve_with`].
pub async fn serve(
    listener: TcpListener,
    upstream: &str,
    stop: impl Future<Output = ()> + Send + 'static,
) -> Result<(), GatewayError> {
    serve_with(Settings::for_engine(upstream), listener, stop).await
}

/// Serves until `stop` completes, then drains: closes idle connections, finishes the requests in
/// flight, and cuts off those that outlast the grace period. The engines need not respond yet.
pub async fn serve_with(
    settings: Settings,
    listener: TcpListener,
    stop: impl Future<Output = ()> + Send + 'static,
) -> Result<(), GatewayError> {
    let telemetry = Telemetry::new(&settings);
    let engines = Engines::new(&settings, &telemetry.metrics)?;
    let connections = Arc::clone(&telemetry.metrics);
    let router = app::router(&settings, Arc::clone(&engines), telemetry);
    let watch = tokio::spawn(engines.watch());
    let server = Server::new(listener, Protocol::Any).limits(settings.limits).tls(settings.tls);
    server.counted(move || connections.connected()).serve(router, stop).await;
    watch.abort();
    Ok(())
}
