//! Tables, and how they look on a terminal.

use std::fmt::Write as _;

use super::Plot;

/// A table under a heading, and a plot of it where that helps.
#[derive(Debug, Clone, PartialEq)]
pub struct Section {
    /// Subject of the table.
    pub heading: String,
    /// Names of the columns of figures; none if the rows speak for themselves.
    pub columns: Vec<String>,
    /// The table.
    pub rows: Vec<Row>,
    /// Drawn below the table, on a page only.
    pub plot: Option<Plot>,
}

/// A row of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Subject of the figures.
    pub name: String,
    /// One for each column.
    pub figures: Vec<String>,
}

/// Least widths of the first column and of the others, in characters.
const WIDTHS: [usize; 2] = [34, 20];

impl Section {
    /// A table without a plot.
    pub fn new(heading: &str, columns: &[&str], rows: Vec<Row>) -> Self {
        let columns = columns.iter().map(|&column| column.to_owned()).collect();
        Self { heading: heading.to_owned(), columns, rows, plot: None }
    }

    /// The same with a plot.
    #[must_use]
    pub fn with_plot(self, plot: Plot) -> Self {
        Self { plot: Some(plot), ..self }
    }

    /// Lines of the table: the names of the columns, if there are any, then the rows.
    pub(super) fn lines(&self) -> impl Iterator<Item = (&str, &[String])> {
        let head = (!self.columns.is_empty()).then_some(("", &self.columns[..]));
        head.into_iter().chain(self.rows.iter().map(|row| (&row.name[..], &row.figures[..])))
    }
}

impl Row {
    /// A row of any number of figures.
    pub fn new(name: impl Into<String>, figures: impl Into<Vec<String>>) -> Self {
        Self { name: name.into(), figures: figures.into() }
    }
}

/// Plain text, aligned in columns.
pub fn text(sections: &[Section]) -> String {
    let mut out = String::new();
    for section in sections {
        let _ = writeln!(out, "\n{}", section.heading);
        let longest = section.rows.iter().map(|row| row.name.chars().count()).max().unwrap_or(0);
        let width = longest.max(WIDTHS[0]);
        for (name, figures) in section.lines() {
            let _ = write!(out, "  {name:<width$}");
            for figure in figures {
                let _ = write!(out, "{figure:>0$}", WIDTHS[1]);
            }
            out.push('\n');
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_aligned_under_their_names() {
        let long = "a name that is longer than the column of names";
        let rows = vec![Row::new("short", ["1.0 %".to_owned()]), Row::new(long, ["2".to_owned()])];
        let text = text(&[Section::new("Heading", &["figure"], rows)]);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[..2], ["", "Heading"]);
        assert_eq!(lines.len(), 5);
        let ends: Vec<usize> = lines[2..].iter().map(|line| line.chars().count()).collect();
        assert!(ends.iter().all(|end| *end == ends[0]), "{text}");
        assert!(lines[3].ends_with(" 1.0 %") && lines[4].contains(long), "{text}");
    }
}
