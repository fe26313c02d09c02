//! The terms of the server, from the settings: who may call it, and who watches it.

use std::{env, net::SocketAddr, path::Path, sync::Arc};

use mungpy_core::reason::Reason;
use mungpy_telemetry::{Device, EngineMetrics, Model, serve_metrics};
use mungpy_transport::{RateLimit, Scope, Tls, Tokens, check_plaintext};
use tokio::net::TcpListener;

use super::Failure;
use crate::{
    service::{Guard, Terms},
    settings::{Layers, Settings},
    vision::Role,
};

/// Variables of the environment that hold tokens, where no file does.
const TOKENS: [(&str, Scope); 3] = [
    ("MUNGPY_MATCH_TOKEN", Scope::Match),
    ("MUNGPY_CATALOGUE_READ_TOKEN", Scope::CatalogueRead),
    ("MUNGPY_CATALOGUE_WRITE_TOKEN", Scope::CatalogueWrite),
];

/// Loads what the terms need. Plain text beyond this machine must be asked for.
pub(super) fn terms(layers: &Layers, listen: SocketAddr) -> Result<Terms, Failure> {
    let serve = &layers.serve;
    let tls = match (&serve.tls_cert, &serve.tls_key) {
        (Some(certificate), Some(key)) => {
            Some(Tls::load(certificate, key, serve.tls_client_ca.as_deref())?)
        }
        (None, None) if serve.tls_client_ca.is_none() => None,
        _ => {
            let message = "TLS needs a certificate and its key: set tls_cert and tls_key";
            return Err(Failure::new(Reason::ConfigInvalid, message));
        }
    };
    check_plaintext(listen, serve.allow_plaintext, tls.is_some())?;
    let guard = Guard {
        tokens: tokens(serve.tokens.as_deref())?,
        rate: serve.rate_limit.map(RateLimit::new),
    };
    Ok(Terms {
        limits: serve.limits(),
        tls,
        guard,
        drain_pause: serve.drain_pause(),
        max_catalogue_age: serve.max_catalogue_age(),
    })
}

/// The tokens of a file, or else of the environment.
fn tokens(file: Option<&Path>) -> Result<Option<Tokens>, Failure> {
    let value_of = |variable: &str| Some(env::var_os(variable)?.to_string_lossy().into_owned());
    let Some(file) = file else { return Ok(Tokens::of_variables(&TOKENS, value_of)?) };
    for (variable, _) in TOKENS.iter().filter(|(variable, _)| value_of(variable).is_some()) {
        tracing::warn!(variable, "this token counts for nothing beside a file of tokens");
    }
    Ok(Some(Tokens::load(file)?))
}

/// Serves the metrics at their own address, if there is one, as long as the process lives.
pub(super) async fn expose(layers: &Layers, metrics: &Arc<EngineMetrics>) -> Result<(), Failure> {
    let Some(address) = layers.serve.metrics else { return Ok(()) };
    let listener = TcpListener::bind(address).await.map_err(|error| {
        let message = format!("cannot listen on {address} for metrics: {error}");
        Failure::new(Reason::AddressUnusable, message)
    })?;
    let address = listener.local_addr().unwrap_or(address);
    tracing::info!(metrics = %format_args!("http://{address}/metrics"), "metrics are served");
    let metrics = Arc::clone(metrics);
    tokio::spawn(serve_metrics(listener, move || metrics.render(), std::future::pending()));
    Ok(())
}

/// Tells the metrics which models and which device are in use.
pub(super) fn tell_models(settings: &Settings, metrics: &EngineMetrics) {
    let models = Role::ALL.map(|role| {
        let entry = settings.models.entry(role);
        let (file, sha256) = (entry.file.clone(), entry.sha256.clone());
        Model { role: role.name().to_owned(), file, sha256 }
    });
    let device = if cfg!(feature = "cuda") { Device::Gpu } else { Device::Cpu };
    metrics.models_loaded(models, device);
}
