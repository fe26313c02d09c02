//! What all services have in common: they are asked, they refuse, and they answer in JSON.

use std::collections::BTreeMap;

use serde_json::Value;
use url::Url;

use crate::{
    SourceError,
    listing::Listing,
    paging::{self, Page, Position},
    rows::{self, Entry},
    secret::Secret,
    web::{self, WebAnswer, WebClient, WebError, WebRequest},
};

/// Largest answer to one request. A page of 1,000 dogs takes about 3 MB.
pub(crate) const MAX_PAGE_BYTES: u64 = 64 << 20;

/// Longest message of a service that is repeated, in characters.
const MAX_MESSAGE: usize = 300;

/// One service, with what it takes to ask it.
#[derive(Debug, Clone)]
pub(crate) struct Feed {
    /// Name of the source.
    pub(crate) name: &'static str,
    pub(crate) client: WebClient,
    /// Address below which the service answers.
    pub(crate) base: Url,
    pub(crate) secret: Secret,
    /// Finds out of a body why the service refused; `None` if it does not say.
    pub(crate) refusal: fn(&str) -> Option<String>,
}

impl Feed {
    /// The address of a path below the base.
    pub(crate) fn address(&self, path: &str) -> Url {
        let mut url = self.base.clone();
        let base = url.path().trim_end_matches('/').to_owned();
        url.set_path(&format!("{base}/{path}"));
        url.set_query(None);
        url.set_fragment(None);
        url
    }

    /// Asks and waits for the text of the answer.
    pub(crate) fn ask(&self, request: &WebRequest) -> Result<String, SourceError> {
        let bytes = match self.client.fetch(request) {
            Ok(WebAnswer::Content { bytes, .. }) => bytes,
            Ok(WebAnswer::NotModified) => {
                return Err(self.malformed(&request.url, "the server answered 304 unasked"));
            }
            Err(error) => return Err(self.failed(error)),
        };
        let text = String::from_utf8(bytes).map_err(|error| {
            let at = error.utf8_error().valid_up_to();
            self.malformed(&request.url, format!("the answer is not UTF-8 at byte {at}"))
        })?;
        Ok(text.trim_start_matches('\u{feff}').trim().to_owned())
    }

    /// All rows of a path that answers page after page.
    pub(crate) fn rows(
        &self,
        path: &str,
        page: impl Fn(Position) -> Result<Page, SourceError>,
    ) -> Result<BTreeMap<String, Entry>, SourceError> {
        let place = self.address(path);
        paging::all_rows(|detail: String| self.malformed(&place, detail), page)
    }

    /// The listing of such a path.
    pub(crate) fn listing(
        &self,
        path: &str,
        is_of_changes: bool,
        page: impl Fn(Position) -> Result<Page, SourceError>,
    ) -> Result<Listing, SourceError> {
        Ok(rows::listing(self.rows(path, page)?, is_of_changes))
    }

    /// Reads an answer as JSON.
    pub(crate) fn json(&self, url: &Url, text: &str) -> Result<Value, SourceError> {
        if text.is_empty() {
            return Err(self.malformed(url, "the answer is empty"));
        }
        if text.starts_with('<') {
            return Err(self.malformed(url, "the answer is a page of HTML or XML instead of JSON"));
        }
        serde_json::from_str(text)
            .map_err(|error| self.malformed(url, format!("the answer is not JSON: {error}")))
    }

    /// The answer is no list of dogs.
    pub(crate) fn malformed(&self, url: &Url, detail: impl AsRef<str>) -> SourceError {
        let place = format!("{}, {}", self.name, web::place(url));
        SourceError::Malformed { place, detail: self.repeated(detail.as_ref()) }
    }

    /// The service says why it does not answer.
    pub(crate) fn refused(&self, detail: impl AsRef<str>) -> SourceError {
        SourceError::Refused { name: self.name.to_owned(), detail: self.repeated(detail.as_ref()) }
    }

    fn failed(&self, error: WebError) -> SourceError {
        let source = match error {
            WebError::Status { place, status, body } => {
                if let Some(said) = (self.refusal)(&body) {
                    return self.refused(format!("HTTP {status}, {said}"));
                }
                if matches!(status, 401 | 403 | 429) {
                    return self.refused(format!("HTTP {status}"));
                }
                WebError::Status { place, status, body: self.repeated(&body) }
            }
            other => other,
        };
        SourceError::Web { name: self.name.to_owned(), source }
    }

    /// What a service said, fit for a message: without the secret, on one line, and bounded.
    fn repeated(&self, said: &str) -> String {
        let line: String = self
            .secret
            .masked_in(said)
            .chars()
            .map(|c| if c.is_control() { ' ' } else { c })
            .collect();
        match line.char_indices().nth(MAX_MESSAGE) {
            Some((end, _)) => format!("{}…", &line[..end]),
            None => line,
        }
    }
}
