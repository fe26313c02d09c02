//! The tables of an evaluation.

use super::{Plot, PlotColour, Row, Section, percent};
use crate::{
    evaluate::{CollectionFindings, Findings, MethodFindings},
    fairness::SAMPLED_PERSONS,
    sameness::Sameness,
};

/// One of the two ways in which a method's sameness is measured.
type Side = fn(&MethodFindings) -> &Sameness;

/// Names of the columns of tables that count pairs of rankings.
const STEADINESS: [&str; 2] = ["same top dog", "first 5 share a dog"];

/// All tables, in the order in which they are read.
pub fn sections(findings: &Findings) -> Vec<Section> {
    vec![
        Section::new("Photos", &[], photo_rows(findings)),
        repeatability(findings),
        methods(findings),
        Section::new(
            "Fairness to persons sampled with the spread of persons",
            &[],
            sampled_rows(findings),
        ),
        robustness(findings),
        Section::new("Planted twins", &[], twin_rows(findings)),
        bounds(findings),
        conditions(findings),
        collections(findings),
        clusters(findings),
    ]
}

/// A figure, with that of random choice in brackets.
fn with_chance([found, chance]: [f64; 2], show: impl Fn(f64) -> String) -> String {
    format!("{} ({})", show(found), show(chance))
}

fn photo_rows(findings: &Findings) -> Vec<Row> {
    let both = |[given, measured]: [usize; 2]| [format!("{measured} of {given}")];
    let mut rows = vec![
        Row::new("photos of persons measured", both(findings.person_photos)),
        Row::new("photos of dogs measured", both(findings.dog_photos)),
        Row::new("dogs in the catalogue", [findings.catalogue.to_string()]),
    ];
    for (species, refusals) in ["persons", "dogs"].iter().zip(&findings.refusals) {
        rows.extend(refusals.iter().map(|(reason, count)| {
            Row::new(format!("{species} refused: {reason}"), [count.to_string()])
        }));
    }
    rows
}

fn repeatability(findings: &Findings) -> Section {
    let figure = |icc: &Option<f64>| icc.map_or("-".to_owned(), |icc| format!("{icc:.2}"));
    let row = |(ratio, person, dog): &(String, _, _)| {
        Row::new(ratio.clone(), [figure(person), figure(dog)])
    };
    let bar = |(ratio, person, _): &(String, Option<f64>, _)| {
        (ratio.replace('_', " "), person.unwrap_or(0.0))
    };
    let rows = findings.repeatability.iter().map(row).collect();
    Section::new("Repeatability of each ratio, ICC(1,1)", &["persons", "dogs"], rows).with_plot(
        Plot {
            caption: "ICC of each ratio between recordings of a person".to_owned(),
            bars: findings.repeatability.iter().map(bar).collect(),
            colour: PlotColour::Ink,
        },
    )
}

/// The figures of each method, in a column of its own.
fn methods(findings: &Findings) -> Section {
    let row = |name: &str, figure: &dyn Fn(&MethodFindings) -> String| {
        Row::new(name, findings.methods.iter().map(figure).collect::<Vec<_>>())
    };
    let number = |value: f64| format!("{value:.2}");
    let sides: [(&str, Side); 2] =
        [("one photo", |m| &m.one_photo), ("three photos", |m| &m.three_photos)];
    let mut rows: Vec<Row> = sides
        .iter()
        .flat_map(|(name, side)| sameness_rows(name, *side, &findings.methods))
        .collect();
    rows.extend([
        row("same dog, rank 1", &|m| percent(m.same_dog[0])),
        row("same dog, rank 5", &|m| percent(m.same_dog[1])),
        row("most frequent dog (chance)", &|m| with_chance(m.fairness.most_frequent, percent)),
        row("skewness of N1 (chance)", &|m| with_chance(m.fairness.skewness_1, number)),
        row("skewness of N10 (chance)", &|m| with_chance(m.fairness.skewness_10, number)),
        row("never in a top 10 (chance)", &|m| with_chance(m.fairness.never, percent)),
    ]);
    let names: Vec<&str> = findings.methods.iter().map(|m| &m.method[..]).collect();
    Section::new("The same person, another recording; fairness over the catalogue", &names, rows)
}

fn sameness_rows(name: &str, side: Side, methods: &[MethodFindings]) -> Vec<Row> {
    let row = |what: &str, figure: &dyn Fn(&Sameness) -> String| {
        let figures: Vec<String> = methods.iter().map(|method| figure(side(method))).collect();
        Row::new(format!("{name}: {what}"), figures)
    };
    vec![
        row("same top dog", &|s| percent(s.same_top)),
        row("first 5 share a dog", &|s| percent(s.shared_five)),
        row("mean overlap of 5", &|s| percent(s.mean_overlap[0])),
        row("mean overlap of 10", &|s| percent(s.mean_overlap[1])),
        row("median rank", &|s| format!("{:.0}", s.median_rank)),
    ]
}

fn sampled_rows(findings: &Findings) -> Vec<Row> {
    let sampled = &findings.sampled;
    vec![
        Row::new("persons sampled", [SAMPLED_PERSONS.to_string()]),
        Row::new("most frequent dog (chance)", [with_chance(sampled.most_frequent, percent)]),
        Row::new("never in a top 10 (chance)", [with_chance(sampled.never, percent)]),
    ]
}

fn robustness(findings: &Findings) -> Section {
    let rows = findings.robustness.iter().map(|r| {
        let measured = format!("{} of {}", r.photos[1], r.photos[0]);
        let figures = [measured, percent(r.same_top), percent(r.shared_five)];
        Row::new(r.distortion.clone(), figures)
    });
    let columns = ["measured", STEADINESS[0], STEADINESS[1]];
    let bars = findings.robustness.iter().map(|r| (r.distortion.clone(), r.shared_five)).collect();
    Section::new("The same photo, changed", &columns, rows.collect()).with_plot(Plot {
        caption: "share of photos whose first five still share a dog".to_owned(),
        bars,
        colour: PlotColour::Faint,
    })
}

fn twin_rows(findings: &Findings) -> Vec<Row> {
    let twins = &findings.twins;
    let made = format!("{} of {} made for {} persons", twins.measured, twins.made, twins.persons);
    vec![
        Row::new("made, and measured", [made]),
        Row::new("the person's top dog", [percent(twins.top)]),
        Row::new("among the first 5", [percent(twins.five)]),
        Row::new("the top dog, were there no error", [percent(twins.exact_top)]),
    ]
}

fn bounds(findings: &Findings) -> Section {
    let rows = findings.bounds.iter().map(|bound| {
        let figures = [percent(bound.same_top), percent(bound.shared_five)];
        Row::new(format!("{} photos averaged", bound.photos), figures)
    });
    Section::new("What the repeatability allows at most", &STEADINESS, rows.collect())
}

fn conditions(findings: &Findings) -> Section {
    let rows = findings.conditions.iter().map(|condition| {
        let figures = [
            condition.pairs.to_string(),
            format!("{:.0}", condition.interocular),
            format!("{:.2}", condition.repeatability),
            percent(condition.same_top),
            percent(condition.shared_five),
        ];
        Row::new(condition.name.clone(), figures)
    });
    let columns = ["pairs", "eyes apart, px", "repeatability", "same top dog", "5 share a dog"];
    let heading = "The same, by what differs between two photos";
    Section::new(heading, &columns, rows.collect())
}

/// A column for each collection.
fn collections(findings: &Findings) -> Section {
    let row = |name: &str, figure: &dyn Fn(&CollectionFindings) -> String| {
        Row::new(name, findings.collections.iter().map(figure).collect::<Vec<_>>())
    };
    let steady = |s: &Sameness| format!("{} / {}", percent(s.same_top), percent(s.shared_five));
    let number = |value: f64| format!("{value:.3}");
    let rows = vec![
        row("persons, photos", &|c| format!("{}, {}", c.measured[0], c.measured[1])),
        row("one photo: same top / five share", &|c| steady(&c.one_photo)),
        row("one photo: median rank", &|c| format!("{:.0}", c.one_photo.median_rank)),
        row("several photos: persons", &|c| c.several_photos.0.to_string()),
        row("several: same top / five share", &|c| steady(&c.several_photos.1)),
        row("mean ICC of the directions", &|c| number(c.repeatability)),
        row("r with other photos: compared", &|c| number(c.validity[0])),
        row("r with other photos: measured", &|c| number(c.validity[1])),
        row("displacement, sd", &|c| number(c.displacement)),
        row("most frequent dog (chance)", &|c| with_chance(c.most_frequent, percent)),
    ];
    let names: Vec<&str> = findings.collections.iter().map(|c| &c.name[..]).collect();
    Section::new("Collections of people side by side", &names, rows)
}

/// Persons who look alike must not be pushed to the same dogs.
fn clusters(findings: &Findings) -> Section {
    let columns = ["persons", "displacement, sd", "most frequent dog (chance)"];
    let rows = findings.collections.iter().flat_map(|collection| {
        collection.clusters.iter().enumerate().map(|(number, cluster)| {
            let figures = [
                cluster.persons.to_string(),
                format!("{:.2}", cluster.displacement),
                with_chance(cluster.most_frequent, percent),
            ];
            Row::new(format!("{}, group {}", collection.name, number + 1), figures)
        })
    });
    Section::new("Groups of persons who look alike", &columns, rows.collect())
}
