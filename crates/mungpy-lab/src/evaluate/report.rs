//! Findings for people: a table for the terminal, a page with plots.

use std::fmt::Write as _;

use plotters::{
    coord::Shift,
    prelude::{
        ChartBuilder, Color, DrawingArea, IntoDrawingArea, IntoSegmentedCoord, RGBColor, Rectangle,
        SVGBackend, SegmentValue,
    },
};

use super::{Findings, MethodFindings, fairness::DRAWN, findings::Sameness};

const INK: RGBColor = RGBColor(226, 88, 62);
const FAINT: RGBColor = RGBColor(120, 140, 170);
const SIZE: (u32, u32) = (760, 320);

/// A row of a table: what is told, and a figure for each column.
type Row = (String, Vec<String>);

/// One of the two ways in which a method's sameness is measured.
type Side = fn(&MethodFindings) -> &Sameness;

fn percent(share: f64) -> String {
    format!("{:.1} %", 100.0 * share)
}

fn beside([found, chance]: [f64; 2], show: impl Fn(f64) -> String) -> String {
    format!("{} ({})", show(found), show(chance))
}

/// What is told of each method, a column for each.
fn method_rows(findings: &Findings) -> Vec<Row> {
    let row = |name: &str, figure: &dyn Fn(&MethodFindings) -> String| -> Row {
        (name.to_owned(), findings.methods.iter().map(figure).collect())
    };
    let mut rows = vec![row("", &|m| m.method.clone())];
    let sides: [(&str, Side); 2] =
        [("one photo", |m| &m.one_photo), ("three photos", |m| &m.three_photos)];
    for (name, side) in sides {
        rows.push(row(&format!("{name}: same top dog"), &|m| percent(side(m).same_top)));
        rows.push(row(&format!("{name}: first 5 share a dog"), &|m| percent(side(m).shared_five)));
        rows.push(row(&format!("{name}: mean overlap of 5"), &|m| {
            percent(side(m).mean_overlap[0])
        }));
        rows.push(row(&format!("{name}: mean overlap of 10"), &|m| {
            percent(side(m).mean_overlap[1])
        }));
        rows.push(row(&format!("{name}: median rank"), &|m| format!("{:.0}", side(m).median_rank)));
    }
    let number = |value: f64| format!("{value:.2}");
    rows.push(row("same dog, rank 1", &|m| percent(m.same_dog[0])));
    rows.push(row("same dog, rank 5", &|m| percent(m.same_dog[1])));
    rows.push(row("most frequent dog (chance)", &|m| beside(m.fairness.most_frequent, percent)));
    rows.push(row("skewness of N1 (chance)", &|m| beside(m.fairness.skewness_1, number)));
    rows.push(row("skewness of N10 (chance)", &|m| beside(m.fairness.skewness_10, number)));
    rows.push(row("never in a top 10 (chance)", &|m| beside(m.fairness.never, percent)));
    rows
}

fn robustness_rows(findings: &Findings) -> Vec<Row> {
    let heads = ["measured", "same top dog", "first 5 share a dog"].map(str::to_owned).to_vec();
    let mut rows = vec![(String::new(), heads)];
    rows.extend(findings.robustness.iter().map(|r| {
        let measured = format!("{} of {}", r.photos[1], r.photos[0]);
        (r.distortion.clone(), vec![measured, percent(r.same_top), percent(r.shared_five)])
    }));
    rows
}

fn repeatability_rows(findings: &Findings) -> Vec<Row> {
    let figure = |icc: Option<f64>| icc.map_or("-".to_owned(), |icc| format!("{icc:.2}"));
    let mut rows = vec![(String::new(), vec!["persons".to_owned(), "dogs".to_owned()])];
    rows.extend(
        findings
            .repeatability
            .iter()
            .map(|(ratio, person, dog)| (ratio.clone(), vec![figure(*person), figure(*dog)])),
    );
    rows
}

fn photo_rows(findings: &Findings) -> Vec<Row> {
    let both = |[given, measured]: [usize; 2]| vec![format!("{measured} of {given}")];
    let mut rows = vec![
        ("photos of persons measured".to_owned(), both(findings.person_photos)),
        ("photos of dogs measured".to_owned(), both(findings.dog_photos)),
        ("dogs in the catalogue".to_owned(), vec![findings.catalogue.to_string()]),
    ];
    for (species, refusals) in ["persons", "dogs"].iter().zip(&findings.refusals) {
        rows.extend(refusals.iter().map(|(reason, count)| {
            (format!("{species} refused: {reason}"), vec![count.to_string()])
        }));
    }
    rows
}

fn twin_rows(findings: &Findings) -> Vec<Row> {
    let twins = &findings.twins;
    vec![
        (
            "made, and measured".to_owned(),
            vec![format!(
                "{} of {} made for {} persons",
                twins.measured, twins.made, twins.persons
            )],
        ),
        ("the person's top dog".to_owned(), vec![percent(twins.top)]),
        ("among the first 5".to_owned(), vec![percent(twins.five)]),
        ("the top dog, were there no error".to_owned(), vec![percent(twins.exact_top)]),
    ]
}

fn bound_rows(findings: &Findings) -> Vec<Row> {
    let heads = ["same top dog", "first 5 share a dog"].map(str::to_owned).to_vec();
    let mut rows = vec![(String::new(), heads)];
    rows.extend(findings.bounds.iter().map(|bound| {
        let name = format!("{} photos averaged", bound.photos);
        (name, vec![percent(bound.same_top), percent(bound.shared_five)])
    }));
    rows
}

fn condition_rows(findings: &Findings) -> Vec<Row> {
    let heads = ["pairs", "eyes apart, px", "repeatability", "same top dog", "5 share a dog"];
    let mut rows = vec![(String::new(), heads.map(str::to_owned).to_vec())];
    rows.extend(findings.conditions.iter().map(|condition| {
        let figures = vec![
            condition.pairs.to_string(),
            format!("{:.0}", condition.interocular),
            format!("{:.2}", condition.repeatability),
            percent(condition.same_top),
            percent(condition.shared_five),
        ];
        (condition.name.clone(), figures)
    }));
    rows
}

fn drawn_rows(findings: &Findings) -> Vec<Row> {
    let drawn = &findings.drawn;
    vec![
        ("persons drawn".to_owned(), vec![DRAWN.to_string()]),
        ("most frequent dog (chance)".to_owned(), vec![beside(drawn.most_frequent, percent)]),
        ("never in a top 10 (chance)".to_owned(), vec![beside(drawn.never, percent)]),
    ]
}

/// Heading and rows of each table; a first row without a name heads its table.
fn tables(findings: &Findings) -> [(&'static str, Vec<Row>); 8] {
    [
        ("Photos", photo_rows(findings)),
        ("Repeatability of each ratio, ICC(1,1)", repeatability_rows(findings)),
        ("The same person, another recording; fairness over the catalogue", method_rows(findings)),
        ("Fairness to persons drawn with the spread of persons", drawn_rows(findings)),
        ("The same photo, changed", robustness_rows(findings)),
        ("Planted twins", twin_rows(findings)),
        ("What the repeatability allows at most", bound_rows(findings)),
        ("The same, by what differs between two photos", condition_rows(findings)),
    ]
}

/// Plain text, aligned.
pub fn table(findings: &Findings) -> String {
    let mut out = String::new();
    for (heading, rows) in tables(findings) {
        let _ = writeln!(out, "\n{heading}");
        for (name, figures) in rows {
            let _ = write!(out, "  {name:<34}");
            for figure in figures {
                let _ = write!(out, "{figure:>20}");
            }
            out.push('\n');
        }
    }
    out
}

/// A self-contained page.
pub fn html(findings: &Findings) -> String {
    let mut out = String::from(HEAD);
    for (heading, rows) in tables(findings) {
        let _ = write!(out, "<h2>{heading}</h2>\n<table>\n");
        for (name, figures) in rows {
            let cells = figures.join("</td><td>");
            let _ = writeln!(out, "<tr><th>{name}</th><td>{cells}</td></tr>");
        }
        out.push_str("</table>\n");
        match heading {
            "Repeatability of each ratio, ICC(1,1)" => out.push_str(&repeatability_plot(findings)),
            "The same photo, changed" => out.push_str(&robustness_plot(findings)),
            _ => {}
        }
    }
    let [persons, dogs] = &findings.model_versions;
    let _ = write!(out, "<p class=faint>measured by {persons} and {dogs}</p>\n</html>\n");
    out
}

const HEAD: &str = "<!doctype html>\n<html lang=en>\n<meta charset=utf-8>\n\
<meta name=viewport content='width=device-width'>\n<title>Resemblance, measured</title>\n<style>\n\
body{font:16px/1.5 system-ui,sans-serif;max-width:52rem;margin:2rem auto;padding:0 1rem;\
background:#faf8f4;color:#26262c}\ntable{border-collapse:collapse}\n\
td,th{padding:.2rem .9rem .2rem 0;text-align:right;font-variant-numeric:tabular-nums}\n\
th{text-align:left;font-weight:400}\ntr+tr{border-top:1px solid #e4e0d8}\n\
svg{max-width:100%;height:auto}\n.faint{color:#86868e}\n</style>\n<h1>Resemblance, measured</h1>\n";

fn repeatability_plot(findings: &Findings) -> String {
    let bars: Vec<(String, f64)> = findings
        .repeatability
        .iter()
        .map(|(ratio, person, _)| (ratio.replace('_', " "), person.unwrap_or(0.0)))
        .collect();
    plot("ICC of each ratio between recordings of a person", &bars, INK)
}

fn robustness_plot(findings: &Findings) -> String {
    let bars: Vec<(String, f64)> =
        findings.robustness.iter().map(|r| (r.distortion.clone(), r.shared_five)).collect();
    plot("share of photos whose first five still share a dog", &bars, FAINT)
}

/// Bars between 0 and 1 as an SVG element; nothing if it cannot be drawn.
fn plot(caption: &str, bars: &[(String, f64)], colour: RGBColor) -> String {
    let mut svg = String::new();
    let area = SVGBackend::with_string(&mut svg, SIZE).into_drawing_area();
    let drawn = draw(&area, caption, bars, colour);
    drop(area);
    if drawn.is_ok() { svg } else { String::new() }
}

fn draw(
    area: &DrawingArea<SVGBackend<'_>, Shift>,
    caption: &str,
    bars: &[(String, f64)],
    colour: RGBColor,
) -> Result<(), Box<dyn std::error::Error>> {
    let count = bars.len().max(1);
    let mut chart = ChartBuilder::on(area)
        .caption(caption, ("sans-serif", 16))
        .margin(8)
        .x_label_area_size(120)
        .y_label_area_size(40)
        .build_cartesian_2d((0..count - 1).into_segmented(), 0.0..1.0)?;
    let name = |place: &SegmentValue<usize>| match place {
        SegmentValue::CenterOf(i) | SegmentValue::Exact(i) => {
            bars.get(*i).map_or(String::new(), |(name, _)| name.clone())
        }
        SegmentValue::Last => String::new(),
    };
    chart
        .configure_mesh()
        .disable_x_mesh()
        .x_labels(count)
        .x_label_formatter(&name)
        .x_label_style(
            plotters::style::TextStyle::from(("sans-serif", 12))
                .transform(plotters::style::FontTransform::Rotate90),
        )
        .draw()?;
    chart.draw_series(bars.iter().enumerate().map(|(i, (_, value))| {
        let corners =
            [(SegmentValue::Exact(i), 0.0), (SegmentValue::Exact(i + 1), value.clamp(0.0, 1.0))];
        let mut bar = Rectangle::new(corners, colour.filled());
        bar.set_margin(0, 0, 8, 8);
        bar
    }))?;
    area.present()?;
    Ok(())
}
