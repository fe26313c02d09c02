//! A self-contained page.

use std::fmt::Write as _;

use super::{Plot, Section};

const HEAD: &str = "<!doctype html>\n<html lang=en>\n<meta charset=utf-8>\n\
<meta name=viewport content='width=device-width'>\n<title>Resemblance, measured</title>\n<style>\n\
body{font:16px/1.5 system-ui,sans-serif;max-width:52rem;margin:2rem auto;padding:0 1rem;\
background:#faf8f4;color:#26262c}\ntable{border-collapse:collapse}\n\
td,th{padding:.2rem .9rem .2rem 0;text-align:right;font-variant-numeric:tabular-nums}\n\
th{text-align:left;font-weight:400}\ntr+tr{border-top:1px solid #e4e0d8}\n\
svg{max-width:100%;height:auto}\n.faint{color:#86868e}\n</style>\n<h1>Resemblance, measured</h1>\n";

/// HTML of the sections, with `footnote` in faint letters at the end.
pub fn page(sections: &[Section], footnote: &str) -> String {
    let mut out = String::from(HEAD);
    for section in sections {
        let _ = write!(out, "<h2>{}</h2>\n<table>\n", section.heading);
        for (name, figures) in section.lines() {
            let cells = figures.join("</td><td>");
            let _ = writeln!(out, "<tr><th>{name}</th><td>{cells}</td></tr>");
        }
        out.push_str("</table>\n");
        out.push_str(&section.plot.as_ref().map(Plot::svg).unwrap_or_default());
    }
    let _ = write!(out, "<p class=faint>{footnote}</p>\n</html>\n");
    out
}

#[cfg(test)]
mod tests {
    use super::super::{PlotColour, Row};
    use super::*;

    #[test]
    fn a_plot_stands_below_its_own_table() {
        let section = |heading| Section::new(heading, &[], vec![Row::new("row", ["1".to_owned()])]);
        let bars = vec![("bar".to_owned(), 0.5)];
        let plot = Plot { caption: "half".to_owned(), bars, colour: PlotColour::Ink };
        let page =
            page(&[section("first"), section("second").with_plot(plot), section("third")], "");
        let at = |what: &str| page.find(what).unwrap();
        assert_eq!(page.matches("<svg").count(), 1);
        assert!(at(">second<") < at("<svg") && at("<svg") < at(">third<"));
    }
}
