//! Finds the engines behind a name.

use std::{
    net::{IpAddr, SocketAddr},
    sync::{Arc, PoisonError},
    time::Duration,
};

use mungpy_transport::Limits;
use tonic::transport::{Certificate, ClientTlsConfig, Endpoint, Error, Uri};

use super::{Engines, engine::Engine};
use crate::{error::GatewayError, telemetry::place};

/// How often a name is looked up again.
const INTERVAL: Duration = Duration::from_secs(10);
/// How long connecting to an engine may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
/// How often a connection that is in use is asked whether it still lives, and how long it may take.
const PING: (Duration, Duration) = (Duration::from_secs(15), Duration::from_secs(5));

/// The address of one engine, or a name that stands for several.
pub(super) struct Address {
    url: String,
    endpoint: Endpoint,
    tls: Option<ClientTlsConfig>,
    /// Host and port if the host is a name, which may have several addresses.
    name: Option<(String, u16)>,
}

impl Address {
    pub(super) fn parse(url: &str, ca: Option<&[u8]>) -> Result<Self, GatewayError> {
        // A password stands before the last `@`.
        let shown = || url.rsplit('@').next().unwrap_or_default().to_owned();
        let refuse = |source| GatewayError::Upstream { upstream: shown(), source };
        let endpoint = Endpoint::from_shared(url.to_owned()).map_err(refuse)?;
        let uri = endpoint.uri().clone();
        let host = uri.host().unwrap_or_default().trim_matches(['[', ']']).to_owned();
        let is_encrypted = uri.scheme_str() == Some("https");
        let tls = is_encrypted.then(|| {
            let tls = ClientTlsConfig::new().domain_name(&host);
            match ca {
                Some(pem) => tls.ca_certificate(Certificate::from_pem(pem)),
                None => tls.with_enabled_roots(),
            }
        });
        let endpoint = configured(endpoint, tls.as_ref()).map_err(refuse)?;
        let port = uri.port_u16().unwrap_or(if is_encrypted { 443 } else { 80 });
        let is_name = host.parse::<IpAddr>().is_err() && !host.is_empty();
        Ok(Self { url: url.to_owned(), endpoint, tls, name: is_name.then_some((host, port)) })
    }

    /// The engine as long as nobody has looked up its name.
    pub(super) fn unresolved(&self) -> Arc<Engine> {
        Engine::new(self.url.clone(), place(&self.url), &self.endpoint)
    }

    /// The addresses of the engines, and how to reach them. A name that cannot be looked up stays as
    /// it is.
    async fn places(&self) -> Option<Vec<(String, Endpoint)>> {
        let Some((host, port)) = &self.name else {
            return Some(vec![(self.url.clone(), self.endpoint.clone())]);
        };
        let found = tokio::net::lookup_host((host.as_str(), *port)).await.ok()?;
        let mut found: Vec<SocketAddr> = found.collect();
        found.sort();
        found.dedup();
        // One address needs no choice, and the connection looks the name up itself.
        if found.len() < 2 {
            return (!found.is_empty()).then(|| vec![(self.url.clone(), self.endpoint.clone())]);
        }
        Some(found.into_iter().filter_map(|address| self.at(address)).collect())
    }

    /// The endpoint at one address of the name. It still calls itself by the name.
    fn at(&self, address: SocketAddr) -> Option<(String, Endpoint)> {
        let scheme = self.endpoint.uri().scheme_str()?;
        let place = format!("{scheme}://{address}");
        let uri: Uri = place.parse().ok()?;
        let (host, port) = self.name.as_ref()?;
        let origin: Uri = format!("{scheme}://{host}:{port}").parse().ok()?;
        let endpoint = configured(Endpoint::from(uri), self.tls.as_ref()).ok()?;
        Some((place, endpoint.origin(origin)))
    }
}

fn configured(endpoint: Endpoint, tls: Option<&ClientTlsConfig>) -> Result<Endpoint, Error> {
    let endpoint = endpoint
        .connect_timeout(CONNECT_TIMEOUT)
        .tcp_nodelay(true)
        // The eight batches that an engine takes do not fill it, even if nobody reads their answers.
        .initial_stream_window_size(Limits::STREAM_WINDOW)
        .initial_connection_window_size(Limits::CONNECTION_WINDOW)
        .http2_keep_alive_interval(PING.0)
        .keep_alive_timeout(PING.1);
    match tls {
        Some(tls) => endpoint.tls_config(tls.clone()),
        None => Ok(endpoint),
    }
}

impl Engines {
    /// Looks up the names of the engines again and again. Engines that are still there keep their
    /// connections.
    pub(crate) async fn watch(self: Arc<Self>) {
        if self.addresses.iter().all(|address| address.name.is_none()) {
            return;
        }
        let mut ticks = tokio::time::interval(INTERVAL);
        loop {
            ticks.tick().await;
            self.refresh().await;
        }
    }

    async fn refresh(&self) {
        let known = self.all();
        let mut engines: Vec<Arc<Engine>> = Vec::new();
        for address in &self.addresses {
            let Some(places) = address.places().await else {
                tracing::warn!(upstream = place(&address.url), "the name cannot be looked up");
                return;
            };
            let label = place(&address.url);
            for (found, endpoint) in places {
                let same = known.iter().find(|engine| engine.address == found);
                engines.push(
                    same.map_or_else(|| Engine::new(found, label.clone(), &endpoint), Arc::clone),
                );
            }
        }
        let has_changed = engines.len() != known.len()
            || engines.iter().zip(&known).any(|(new, old)| !Arc::ptr_eq(new, old));
        if has_changed {
            let places: Vec<&str> = engines.iter().map(|engine| engine.place.as_str()).collect();
            tracing::info!(engines = places.join(" "), "engines found");
            *self.members.write().unwrap_or_else(PoisonError::into_inner) = engines;
        }
    }
}
