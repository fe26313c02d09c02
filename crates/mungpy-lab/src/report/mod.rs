//! Figures for people: tables for the terminal, a page with plots.

mod evaluation;
mod page;
mod plot;
mod table;

pub use evaluation::sections;
pub use page::page;
pub use plot::{Plot, PlotColour};
pub use table::{Row, Section, text};

/// A share, 0 to 1, in percent.
pub(crate) fn percent(share: f64) -> String {
    format!("{:.1} %", 100.0 * share)
}
