//! `/openapi.json` and `/docs`.

use std::sync::{Arc, OnceLock};

use axum::{
    extract::Path,
    http::{HeaderName, HeaderValue, header},
    response::{IntoResponse, Redirect, Response},
};
use mungpy_core::reason::Reason;
use utoipa::{
    Modify, OpenApi,
    openapi::security::{Http, HttpAuthScheme, SecurityScheme},
};
use utoipa_swagger_ui::Config;

use super::{batch, describe, dogs, health, ops, similar_dog, temperament};
use crate::problem::Problem;

const KEEP: (HeaderName, &str) = (header::CACHE_CONTROL, "public, max-age=300");

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Mungpy",
        description = "Finds the adoptable shelter dog whose facial proportions are most like a person's. \
            Photos are measured and forgotten.",
        license(name = "MIT OR Apache-2.0", identifier = "MIT OR Apache-2.0")
    ),
    paths(
        similar_dog::similar_dog, batch::batch, describe::describe,
        temperament::temperament, temperament::attribute, dogs::dog, dogs::photo,
        ops::status, health::alive, health::ready
    ),
    modifiers(&OpsScheme)
)]
struct Document;

struct OpsScheme;

impl Modify for OpsScheme {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let scheme = SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer));
        let components = document.components.get_or_insert_default();
        components.add_security_scheme("opsToken", scheme);
    }
}

/// The description of all paths, `OpenAPI` 3.1.
pub(crate) async fn document() -> Response {
    static DOCUMENT: OnceLock<String> = OnceLock::new();
    let document = DOCUMENT.get_or_init(|| Document::openapi().to_json().unwrap_or_default());
    let kind = (header::CONTENT_TYPE, "application/json");
    ([kind, KEEP], document.as_str()).into_response()
}

/// The documentation is a folder.
pub(crate) async fn front() -> Redirect {
    Redirect::permanent("/docs/")
}

/// The first page of the documentation.
pub(crate) async fn index() -> Response {
    file(Path("index.html".to_owned())).await
}

/// A file of the documentation.
pub(crate) async fn file(Path(path): Path<String>) -> Response {
    // It would ask another origin whether the description is valid.
    let config = Config::from("/openapi.json").validator_url("none");
    match utoipa_swagger_ui::serve(&path, Arc::new(config)) {
        Ok(Some(file)) => {
            let mut response = file.bytes.into_owned().into_response();
            if let Ok(kind) = HeaderValue::try_from(file.content_type) {
                response.headers_mut().insert(header::CONTENT_TYPE, kind);
            }
            response.headers_mut().insert(KEEP.0, HeaderValue::from_static(KEEP.1));
            response
        }
        _ => Problem::new(Reason::NotFound, "there is nothing at this path").into_response(),
    }
}
