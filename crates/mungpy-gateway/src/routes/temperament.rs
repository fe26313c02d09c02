//! `GET /api/v1/temperament` and `GET /api/v1/attributes/{key}`: what a person can choose from.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Path, State, rejection::PathRejection},
    http::{HeaderName, HeaderValue, header},
};
use mungpy_proto::v1::{self, ListAttributeValuesRequest};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{caller::Caller, language::Language, problem::Problem, upstream::Engines};

/// Choices change with the catalogue at most.
const KEEP: &str = "max-age=60";
const VARY: (HeaderName, HeaderValue) = (header::VARY, HeaderValue::from_static("accept-language"));

/// The temperament questionnaire.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Temperaments {
    axes: Vec<Axis>,
}

/// A question with two sides.
#[derive(Debug, Serialize, ToSchema)]
struct Axis {
    /// Key of the axis.
    key: String,
    sides: Vec<Side>,
}

/// One side of a question.
#[derive(Debug, Serialize, ToSchema)]
struct Side {
    /// Key of the side.
    key: String,
    /// The side in the caller's language.
    label: String,
    /// The Korean word, which stands for the key as well.
    korean: String,
}

/// Lists the questions on a person's temperament.
#[utoipa::path(get, path = "/api/v1/temperament", tag = "choices",
    params(("lang" = Option<Language>, Query, description = "Language; wins over `Accept-Language`")),
    responses(
        (status = 200, description = "The questions", body = Temperaments),
        (status = "default", description = "Refused", body = Problem, content_type = "application/problem+json"),
    ))]
pub(crate) async fn temperament(
    State(engines): State<Arc<Engines>>,
    caller: Caller,
) -> Result<([(HeaderName, HeaderValue); 2], Json<Temperaments>), Problem> {
    let questionnaire = engines.questionnaire(&caller).await?;
    let side = |side: &v1::Side| {
        let label = match caller.language {
            Language::En => &side.english,
            Language::Ko => &side.korean,
        };
        Side { key: side.key.clone(), label: label.clone(), korean: side.korean.clone() }
    };
    let axis = |axis: &v1::Axis| Axis {
        key: axis.key.clone(),
        sides: axis.sides.iter().map(side).collect(),
    };
    let axes = questionnaire.axes.iter().map(axis).collect();
    let keep = (header::CACHE_CONTROL, caller.may_keep(KEEP));
    Ok(([keep, VARY], Json(Temperaments { axes })))
}

/// The values of an attribute.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Attribute {
    /// Key of the attribute.
    attribute: String,
    /// The values, the most frequent first.
    values: Vec<AttributeValue>,
}

/// A value of an attribute.
#[derive(Debug, Serialize, ToSchema)]
struct AttributeValue {
    value: String,
    /// Number of dogs that have it.
    dogs: u64,
}

/// Lists the values of an attribute of the dogs, e.g. `region`, and how many dogs have each.
#[utoipa::path(get, path = "/api/v1/attributes/{key}", tag = "choices",
    params(("key" = String, Path, description = "Key of the attribute, e.g. `region`, `shelter`, `sex`")),
    responses(
        (status = 200, description = "The values", body = Attribute),
        (status = "default", description = "Refused", body = Problem, content_type = "application/problem+json"),
    ))]
pub(crate) async fn attribute(
    State(engines): State<Arc<Engines>>,
    caller: Caller,
    key: Result<Path<String>, PathRejection>,
) -> Result<([(HeaderName, HeaderValue); 1], Json<Attribute>), Problem> {
    let Path(attribute) = key?;
    let request = ListAttributeValuesRequest { attribute: attribute.clone() };
    let found = engines.attribute_values(&caller, request).await?;
    let value = |v1::AttributeValue { value, dogs }| AttributeValue { value, dogs };
    let values = found.values.into_iter().map(value).collect();
    let keep = (header::CACHE_CONTROL, caller.may_keep(KEEP));
    Ok(([keep], Json(Attribute { attribute, values })))
}
