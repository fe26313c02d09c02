//! The view inside, for an operator: metrics, traces and request ids of engine and gateway.
//!
//! - [`EngineMetrics`], [`GatewayMetrics`]: what is counted and measured, in the field's terms
//! - [`serve_metrics`]: `GET /metrics` for Prometheus
//! - [`trace`]: spans of requests and stages, W3C trace context, export by OTLP
//! - [`RequestId`]: the id that a request has in every log line, trace and error
//!
//! Nothing here takes a photo, landmarks, ratios, an image id or to whom a dog was answered. Labels
//! are enums or [`Name`]s of a table that is fixed at the start, so no caller can invent one.

mod answers;
mod engine;
mod exposition;
mod gateway;
mod instruments;
mod labels;
mod latency;
mod names;
mod process;
mod request_id;
pub mod trace;

pub use answers::DogAnswers;
pub use engine::{BatchOutcome, Call, EngineMetrics, Model};
pub use exposition::{CONTENT_TYPE, serve_metrics};
pub use gateway::{GatewayMetrics, HttpRequest};
pub use instruments::{Build, Held};
pub use labels::{Device, DogOutcome, HttpMethod, RpcStatus, Stage};
pub use latency::Quantiles;
pub use names::{Name, Names};
pub use request_id::{REQUEST_ID, RequestId};
