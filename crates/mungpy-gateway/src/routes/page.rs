//! The page that people use: the files of `page/`, in the binary itself. A debug build reads them
//! from the disk, so that a change shows at once.
//!
//! `/` is `index.html`, `/ops` is `ops.html`, and the rest has its path. In documents, what begins
//! with `/assets/` is renamed to `/assets/<version>/`, where the version depends on the content of
//! all files below `page/assets/`. Browsers keep these for ever.

use std::{borrow::Cow, fmt::Write, sync::OnceLock};

use axum::{
    extract::Request,
    http::{HeaderMap, HeaderValue, Method, StatusCode, header},
    response::{IntoResponse, Response},
};
use mungpy_core::{reason::Reason, text::hex};
use rust_embed::{Embed, EmbeddedFile};
use sha2::{Digest, Sha256};

use crate::problem::Problem;

const FOR_EVER: &str = "public, max-age=31536000, immutable";
const ASK_AGAIN: &str = "no-cache";
const ASSETS: &str = "assets/";
/// Hexadecimal digits of a version or an entity tag.
const DIGITS: usize = 16;

#[derive(Embed)]
#[folder = "page/"]
struct Files;

/// A file of the page.
pub(crate) async fn file(request: Request) -> Response {
    let is_read = [Method::GET, Method::HEAD].contains(request.method());
    let found = is_read.then(|| find(request.uri().path(), request.headers())).flatten();
    found.unwrap_or_else(|| {
        Problem::new(Reason::NotFound, "there is nothing at this path").into_response()
    })
}

fn find(path: &str, headers: &HeaderMap) -> Option<Response> {
    let path = match path.trim_start_matches('/') {
        "" => "index.html",
        "ops" => "ops.html",
        path => path,
    };
    let version = version();
    let versioned = path.strip_prefix(ASSETS).and_then(|rest| rest.strip_prefix(&*version));
    let (path, keep) = match versioned.and_then(|rest| rest.strip_prefix('/')) {
        Some(rest) => (Cow::Owned(format!("{ASSETS}{rest}")), FOR_EVER),
        None => (Cow::Borrowed(path), ASK_AGAIN),
    };
    let file = Files::get(&path)?;
    Some(answer(file, keep, &version, headers))
}

fn answer(file: EmbeddedFile, keep: &'static str, version: &str, headers: &HeaderMap) -> Response {
    let kind = file.metadata.mimetype().to_owned();
    let is_document = kind == "text/html";
    let mut tag = format!("\"{}", hex(&file.metadata.sha256_hash()[..DIGITS / 2]));
    if is_document {
        // What it refers to may have changed although it has not.
        let _ = write!(tag, "-{version}");
    }
    tag.push('"');
    let mut answered = HeaderMap::new();
    answered.insert(header::CACHE_CONTROL, HeaderValue::from_static(keep));
    let is_known = headers.get(header::IF_NONE_MATCH).is_some_and(|known| names(known, &tag));
    if let Ok(tag) = HeaderValue::try_from(tag) {
        answered.insert(header::ETAG, tag);
    }
    if is_known {
        return (StatusCode::NOT_MODIFIED, answered).into_response();
    }
    let kind = if kind.starts_with("text/") { kind + "; charset=utf-8" } else { kind };
    if let Ok(kind) = HeaderValue::try_from(kind) {
        answered.insert(header::CONTENT_TYPE, kind);
    }
    if !is_document {
        return (answered, file.data).into_response();
    }
    let text = String::from_utf8_lossy(&file.data);
    let text = text.replace("\"/assets/", &format!("\"/assets/{version}/"));
    (answered, text).into_response()
}

/// Whether `If-None-Match` names an entity tag. Compression makes strong tags weak.
fn names(known: &HeaderValue, tag: &str) -> bool {
    let known = known.to_str().unwrap_or_default();
    known.split(',').any(|known| {
        let known = known.trim();
        known.strip_prefix("W/").unwrap_or(known) == tag
    })
}

/// The version of all files below `assets/`.
fn version() -> Cow<'static, str> {
    static VERSION: OnceLock<String> = OnceLock::new();
    if cfg!(debug_assertions) {
        return Cow::Owned(digest());
    }
    Cow::Borrowed(VERSION.get_or_init(digest))
}

fn digest() -> String {
    let mut paths: Vec<_> = Files::iter().filter(|path| path.starts_with(ASSETS)).collect();
    paths.sort();
    let mut all = Sha256::new();
    for path in paths {
        if let Some(file) = Files::get(&path) {
            all.update(path.as_bytes());
            all.update(file.metadata.sha256_hash());
        }
    }
    hex(&all.finalize()[..DIGITS / 2])
}
