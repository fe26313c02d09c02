//! Pages of lists (AIP-158): their sizes, and the tokens that lead from one to the next.
//!
//! A token holds the key of the last item, so it stays valid when the list changes. It also holds a
//! checksum of the filters, because with others the pages would not fit together.

use mungpy_core::{
    reason::{Reason, WithReason},
    text::{bytes_of_hex, hex},
};
use tonic::Status;

use crate::service::status;

/// First byte of a token.
const VERSION: u8 = 1;
/// Longest token that is read: an id of 1024 bytes, and what goes before it.
const MAX_TOKEN_CHARS: usize = 2 * (1024 + HEAD);
/// Bytes before the key: version and checksum.
const HEAD: usize = 5;

/// Why a page was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum PageError {
    /// The token is none of ours.
    #[error("page_token is not understood; send the next_page_token of the page before, unchanged")]
    Token,
    /// The token belongs to other filters.
    #[error("page_token belongs to other filters; keep them from page to page, or begin anew")]
    OtherFilters,
}

impl From<PageError> for Status {
    fn from(error: PageError) -> Self {
        status::of_field(error.reason(), "page_token", error)
    }
}

impl WithReason for PageError {
    fn reason(&self) -> Reason {
        Reason::PageInvalid
    }
}

/// The size of a page: `usual` if none is asked for, and never more than the limit.
pub(super) fn size(asked: u32, usual: u32, limit: u32) -> usize {
    match asked {
        0 => usual as usize,
        size => size.min(limit) as usize,
    }
}

/// The token of the page after an item, for filters with this checksum.
pub(super) fn token(last: &str, filters: u32) -> String {
    let head = [VERSION].into_iter().chain(filters.to_be_bytes());
    hex(&head.chain(last.bytes()).collect::<Vec<u8>>())
}

/// The key of the last item of the page before; `None` for the first page.
pub(super) fn last_of(token: &str, filters: u32) -> Result<Option<String>, PageError> {
    if token.is_empty() {
        return Ok(None);
    }
    let is_short = token.len() <= MAX_TOKEN_CHARS;
    let bytes = is_short.then(|| bytes_of_hex(token)).flatten().ok_or(PageError::Token)?;
    let (head, key) = bytes.split_at_checked(HEAD).ok_or(PageError::Token)?;
    if head[0] != VERSION {
        return Err(PageError::Token);
    }
    if head[1..] != filters.to_be_bytes() {
        return Err(PageError::OtherFilters);
    }
    String::from_utf8(key.to_vec()).map(Some).map_err(|_| PageError::Token)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_leads_back_to_its_item_with_the_same_filters_only() {
        for key in ["", "bori", "멍피/1", &"x".repeat(1024)] {
            let token = token(key, 7);
            assert_eq!(last_of(&token, 7), Ok(Some(key.to_owned())));
            assert_eq!(last_of(&token, 8), Err(PageError::OtherFilters));
        }
        assert_eq!(last_of("", 7), Ok(None));
        let long = "0".repeat(MAX_TOKEN_CHARS + 2);
        for other in ["01", "zz", "0100000007f", "0200000007", "0100000007ff", "+1", &long] {
            assert_eq!(last_of(other, 7), Err(PageError::Token), "{other}");
        }
    }

    #[test]
    fn a_page_has_a_usual_and_a_largest_size() {
        let asked = |asked| size(asked, 100, 1000);
        assert_eq!([0, 1, 1000, 1001, u32::MAX].map(asked), [100, 1, 1000, 1000, 1000]);
    }
}
