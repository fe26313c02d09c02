//! The public feed of rescued animals in Korea (data.go.kr, dataset 15098931).

mod reply;
mod row;

use chrono::{DateTime, Days, FixedOffset, Utc};
use url::Url;

use crate::{
    SourceError,
    feed::{Feed, MAX_PAGE_BYTES},
    listing::{DogSource, ListRequest, Listing},
    paging::{Page, Position},
    secret::Secret,
    web::{WebClient, WebRequest},
};

const PATH: &str = "1543061/abandonmentPublicService_v2/abandonmentPublic_v2";

/// The code of dogs.
const DOGS: &str = "417000";

/// Dogs that Korean shelters report to the national animal protection system.
///
/// Dogs in care are listed, past the end of their notice too: most of them can still be adopted.
#[derive(Debug, Clone)]
pub struct KoreaSource {
    feed: Feed,
    rows: usize,
}

impl KoreaSource {
    /// Address of the live service.
    pub const BASE: &str = "https://apis.data.go.kr";

    /// Most rows that the service answers at a time.
    pub const MAX_ROWS: usize = 1000;

    /// The service at an address, with a key that may be URL-encoded.
    pub fn new(client: WebClient, base: Url, key: &str) -> Self {
        let secret = Secret::decoded(key);
        let feed = Feed { name: "korea", client, base, secret, refusal: reply::refusal_in };
        Self { feed, rows: Self::MAX_ROWS }
    }

    /// The source with another number of rows at a time, from 1 to [`Self::MAX_ROWS`].
    #[must_use]
    pub fn with_rows(mut self, rows: usize) -> Self {
        self.rows = rows.clamp(1, Self::MAX_ROWS);
        self
    }

    fn address(&self, request: &ListRequest<'_>, at: Position) -> Url {
        let mut url = self.feed.address(PATH);
        let mut query = url.query_pairs_mut();
        query
            .append_pair("serviceKey", self.feed.secret.expose())
            .append_pair("upkind", DOGS)
            .append_pair("_type", "json")
            .append_pair("numOfRows", &self.rows.to_string())
            .append_pair("pageNo", &(at.page + 1).to_string());
        if let Some(since) = request.since {
            let from = seoul(since).date_naive() - Days::new(1);
            // A clock that was set back must not ask for an empty span.
            let to = seoul(request.now.max(since)).date_naive();
            query
                .append_pair("bgupd", &from.format("%Y%m%d").to_string())
                .append_pair("enupd", &to.format("%Y%m%d").to_string());
        }
        drop(query);
        url
    }

    fn page(&self, request: &ListRequest<'_>, at: Position) -> Result<Page, SourceError> {
        let url = self.address(request, at);
        let text = self.feed.ask(&WebRequest::get(url.clone(), MAX_PAGE_BYTES))?;
        let may_be_empty = request.since.is_some();
        let reply = reply::read(&self.feed, &url, &text, may_be_empty)?;
        let rows = reply.rows.iter().map(|row| row::read(row, request.questionnaire)).collect();
        Ok(Page { rows, total: reply.total, is_last: false })
    }
}

impl DogSource for KoreaSource {
    fn name(&self) -> String {
        self.feed.name.to_owned()
    }

    fn list(&self, request: &ListRequest<'_>) -> Result<Listing, SourceError> {
        self.feed.listing(PATH, request.since.is_some(), |at| self.page(request, at))
    }
}

/// A time on the clocks of Korea, which have no daylight saving.
fn seoul(time: DateTime<Utc>) -> DateTime<FixedOffset> {
    time.with_timezone(&row::seoul())
}
