//! Asks page after page until the whole list is there.
//!
//! Pages shift while dogs are added and removed, so rows are known by their ids and a list that
//! does not add up is asked for again. A page that fails is a failure of the whole list: a source
//! that dies halfway must never look like a shorter list.

use std::collections::{BTreeMap, HashSet};

use crate::{
    SourceError,
    rows::{Entry, Row},
};

/// Most pages of one pass.
const MAX_PAGES: usize = 5_000;

/// Most rows of one list. A row that is kept takes about 1 kB.
const MAX_ROWS: usize = 1_000_000;

/// Most passes over a list that changes while it is read.
const MAX_PASSES: usize = 3;

/// Where the next page starts.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Position {
    /// Number of the page, from 0.
    pub(crate) page: usize,
    /// Rows before it.
    pub(crate) rows: usize,
}

/// One page of a list.
#[derive(Debug, Default)]
pub(crate) struct Page {
    pub(crate) rows: Vec<Row>,
    /// Rows of the whole list, if the service tells.
    pub(crate) total: Option<usize>,
    /// Whether the service says that no page follows.
    pub(crate) is_last: bool,
}

/// What one pass over all pages found.
#[derive(Debug, Default)]
struct Pass {
    rows: usize,
    total: Option<usize>,
    /// Whether the list shifted under the pass: its length changed, or a row came twice.
    has_shifted: bool,
    has_ended: bool,
}

impl Pass {
    fn is_complete(&self) -> bool {
        match self.total {
            Some(total) => self.rows >= total,
            None => self.has_ended,
        }
    }
}

/// All rows by id. `malformed` makes an error of what is wrong with the list.
pub(crate) fn all_rows(
    malformed: impl Fn(String) -> SourceError,
    mut ask: impl FnMut(Position) -> Result<Page, SourceError>,
) -> Result<BTreeMap<String, Entry>, SourceError> {
    let mut found = BTreeMap::new();
    let mut is_complete = false;
    for number in 1..=MAX_PASSES {
        let before = found.len();
        let pass = one_pass(&malformed, &mut ask, &mut found)?;
        is_complete |= pass.is_complete();
        let total = pass.total.unwrap_or_default();
        let has_settled = !pass.has_shifted && found.len() >= total;
        // What comes twice in each pass is twice in the list.
        let is_stable = number > 1 && found.len() == before;
        if is_complete && (has_settled || is_stable) {
            break;
        }
        if number == MAX_PASSES && !is_complete {
            return Err(malformed(format!(
                "the list ended after {} of {total} rows, {MAX_PASSES} times",
                pass.rows
            )));
        }
    }
    Ok(found)
}

fn one_pass(
    malformed: &impl Fn(String) -> SourceError,
    ask: &mut impl FnMut(Position) -> Result<Page, SourceError>,
    found: &mut BTreeMap<String, Entry>,
) -> Result<Pass, SourceError> {
    let mut pass = Pass::default();
    let mut seen = HashSet::new();
    let mut previous = Vec::new();
    for page in 0..MAX_PAGES {
        let answer = ask(Position { page, rows: pass.rows })?;
        pass.has_shifted |= pass.total.is_some() && answer.total != pass.total;
        pass.total = answer.total.or(pass.total);
        let keys: Vec<_> = answer.rows.iter().map(|row| row.key.clone()).collect();
        if keys.is_empty() || keys == previous {
            pass.has_ended = keys.is_empty();
            return Ok(pass);
        }
        pass.rows += keys.len();
        let mut on_page = HashSet::new();
        for row in answer.rows {
            if !on_page.insert(row.key.clone()) {
                // Pages shift, but not within one answer.
                found.entry(row.key).and_modify(Entry::note_repetition);
                continue;
            }
            pass.has_shifted |= !seen.insert(row.key.clone());
            found.insert(row.key, row.entry);
        }
        if found.len() > MAX_ROWS {
            return Err(malformed(format!("the list has more than {MAX_ROWS} rows")));
        }
        if answer.is_last || pass.total.is_some_and(|total| pass.rows >= total) {
            pass.has_ended = true;
            return Ok(pass);
        }
        previous = keys;
    }
    Err(malformed(format!("the list has more than {MAX_PAGES} pages; ask for more rows at a time")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(detail: String) -> SourceError {
        SourceError::Malformed { place: "test".to_owned(), detail }
    }

    fn row(id: usize) -> Row {
        Row { key: id.to_string(), entry: Entry::Other }
    }

    /// Pages of two out of lists that change from request to request.
    fn ids(lists: &[&[usize]]) -> Result<Vec<String>, SourceError> {
        let mut request = 0;
        let found = all_rows(error, |at| {
            let list = lists[request.min(lists.len() - 1)];
            request += 1;
            let rows = list.iter().skip(at.page * 2).take(2).map(|&id| row(id)).collect();
            Ok(Page { rows, total: Some(list.len()), is_last: false })
        })?;
        Ok(found.into_keys().collect())
    }

    #[test]
    fn a_quiet_list_is_read_once() {
        let mut requests = 0;
        let found = all_rows(error, |at| {
            requests += 1;
            let rows = vec![row(at.page)];
            Ok(Page { rows, total: Some(3), is_last: false })
        });
        assert_eq!((found.unwrap().len(), requests), (3, 3));
    }

    #[test]
    fn no_dog_is_lost_while_rows_are_added() {
        let before: &[usize] = &[5, 4, 3, 2, 1];
        let after: &[usize] = &[7, 6, 5, 4, 3, 2, 1];
        assert_eq!(ids(&[before, after]).unwrap().len(), 7);
    }

    #[test]
    fn no_dog_is_lost_while_rows_are_removed() {
        let before: &[usize] = &[5, 4, 3, 2, 1];
        let after: &[usize] = &[4, 3, 2, 1];
        let found = ids(&[before, after]).unwrap();
        assert!(["1", "2", "3", "4"].iter().all(|id| found.iter().any(|f| f == id)), "{found:?}");
    }

    #[test]
    fn a_row_that_is_twice_in_the_list_is_one_dog() {
        assert_eq!(ids(&[&[3, 2, 2, 1]]).unwrap(), ["1", "2", "3"]);
    }

    #[test]
    fn a_list_that_ends_early_each_time_is_no_list() {
        let short = all_rows(error, |at| {
            let rows = if at.page < 2 { vec![row(at.page)] } else { Vec::new() };
            Ok(Page { rows, total: Some(9), is_last: false })
        });
        assert!(short.unwrap_err().to_string().contains("2 of 9 rows"));
    }

    #[test]
    fn a_service_that_repeats_a_page_for_ever_is_refused() {
        let repeated = all_rows(error, |_| {
            Ok(Page { rows: vec![row(1), row(2)], total: None, is_last: false })
        });
        assert!(repeated.is_err());
    }
}
