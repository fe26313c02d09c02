//! What a caller wishes of an answer: which dogs may be named, which face is meant, how much is
//! told. Forms and lines of a batch say it in the same words.

use std::collections::BTreeMap;

use mungpy_core::{reason::Reason, text::excerpt};
use mungpy_proto::v1::{
    Answer, AttributeFilter, FaceChoice, FaceRule, MatchRequest, NoCandidate, Point, Questionnaire,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{caller::Caller, form::Form, problem::Problem, upstream::Engines};

/// What a caller wishes of an answer.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Wishes {
    /// The person's temperament, by which dogs are filtered.
    pub(crate) temperament: Option<Temperament>,
    /// Where the dog shall live, e.g. `경기도`.
    pub(crate) region: Option<String>,
    /// Further attributes that the dog must have, with one value or several to choose from.
    pub(crate) attributes: BTreeMap<String, OneOrMany>,
    /// Number of dogs to name, best first, at most 100. With `detail` only.
    #[schema(maximum = 100)]
    pub(crate) top: u32,
    /// Dogs to leave out, at most 10000.
    pub(crate) exclude_dog_ids: Vec<String>,
    /// Whether the answer tells more than the image id of the dog.
    pub(crate) detail: bool,
    /// What to do if no dog fits.
    pub(crate) on_no_candidate: OnNoCandidate,
    /// Points on the faces that are meant, one for each photo, in pixels of the upright photo.
    pub(crate) face: Option<Points>,
}

/// What to do if no dog fits.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum OnNoCandidate {
    /// Refuse with `NO_CANDIDATE`.
    #[default]
    Error,
    /// Drop one demand after the other until a dog fits.
    Relax,
}

/// One value, or several to choose from.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(untagged)]
pub(crate) enum OneOrMany {
    /// One value.
    One(String),
    /// Several.
    Many(Vec<String>),
}

/// A point in pixels of the upright photo.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
pub(crate) struct PointOnPhoto {
    /// Pixels from the left.
    pub(crate) x: f64,
    /// Pixels from the top.
    pub(crate) y: f64,
}

/// A point for one photo, or one for each.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(untagged)]
pub(crate) enum Points {
    /// For one photo.
    One(PointOnPhoto),
    /// For each photo.
    Many(Vec<PointOnPhoto>),
}

/// The person's temperament: axis to side as `/api/v1/temperament` lists them, or a list of sides.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(untagged)]
pub(crate) enum Temperament {
    /// Axis to side, by key or by Korean word.
    Axes(BTreeMap<String, Option<String>>),
    /// Sides alone, by key or by Korean word.
    Sides(Vec<String>),
}

impl Wishes {
    /// Reads the fields of a form.
    pub(crate) fn of_form(form: &Form) -> Result<Self, Problem> {
        let top = form.text("top").filter(|text| !text.trim().is_empty()).map(|text| {
            let wrong = |_| Problem::field("top is no whole number; write it like 5");
            text.trim().parse::<u32>().map_err(wrong)
        });
        Ok(Self {
            temperament: json(form, "temperament", r#"{"energy": "homebody"}"#)?,
            region: form.text("region").filter(|text| !text.trim().is_empty()).map(str::to_owned),
            attributes: json(form, "attributes", r#"{"sex": "female"}"#)?.unwrap_or_default(),
            top: top.transpose()?.unwrap_or_default(),
            exclude_dog_ids: exclusions(form)?,
            detail: is_true(form, "detail")?,
            on_no_candidate: match form.text("onNoCandidate").map(str::trim) {
                None | Some("" | "error") => OnNoCandidate::Error,
                Some("relax") => OnNoCandidate::Relax,
                Some(_) => return Err(Problem::field("onNoCandidate is neither error nor relax")),
            },
            face: json(form, "face", r#"{"x": 120, "y": 80}"#)?,
        })
    }

    /// The request that says the same to an engine.
    pub(crate) async fn request(
        self,
        engines: &Engines,
        caller: &Caller,
    ) -> Result<MatchRequest, Problem> {
        let answers = match self.temperament {
            None => Vec::new(),
            Some(Temperament::Axes(axes)) => axes
                .into_iter()
                .filter_map(|(axis, side)| Some(Answer { axis, side: side?, required: false }))
                .collect(),
            Some(Temperament::Sides(sides)) if sides.is_empty() => Vec::new(),
            Some(Temperament::Sides(sides)) => {
                answers(&*engines.questionnaire(caller).await?, &sides)?
            }
        };
        let region = self.region.map(|region| ("region".to_owned(), OneOrMany::One(region)));
        let on_no_candidate = match self.on_no_candidate {
            OnNoCandidate::Error => NoCandidate::Error,
            OnNoCandidate::Relax => NoCandidate::Relax,
        };
        Ok(MatchRequest {
            answers,
            top: self.top,
            excluded_dog_ids: self.exclude_dog_ids,
            language: caller.language.tag().to_owned(),
            face: self.face.map(Points::choice),
            on_no_candidate: on_no_candidate.into(),
            attributes: self.attributes.into_iter().chain(region).map(filter).collect(),
            detail: self.detail,
            ..MatchRequest::default()
        })
    }
}

impl Points {
    fn choice(self) -> FaceChoice {
        let points = match self {
            Self::One(point) => vec![point],
            Self::Many(points) => points,
        };
        let points = points.into_iter().map(|PointOnPhoto { x, y }| Point { x, y }).collect();
        FaceChoice { rule: FaceRule::Nearest.into(), points }
    }
}

fn filter((attribute, values): (String, OneOrMany)) -> AttributeFilter {
    let values = match values {
        OneOrMany::One(value) => vec![value],
        OneOrMany::Many(values) => values,
    };
    AttributeFilter { attribute, values }
}

/// The answers that a list of sides gives, each on the axis that has the side.
fn answers(questionnaire: &Questionnaire, sides: &[String]) -> Result<Vec<Answer>, Problem> {
    let squeezed = |text: &str| text.split_whitespace().collect::<String>();
    let find = |wanted: &String| {
        let name = squeezed(wanted);
        let found = questionnaire.axes.iter().find_map(|axis| {
            let is_named =
                |side: &&mungpy_proto::v1::Side| side.key == name || squeezed(&side.korean) == name;
            axis.sides.iter().find(is_named).map(|side| (axis.key.clone(), side.key.clone()))
        });
        let (axis, side) = found.ok_or_else(|| {
            let wanted = excerpt(wanted);
            let detail = format!("no axis has the side {wanted}; see /api/v1/temperament");
            Problem::new(Reason::UnknownSide, detail)
        })?;
        Ok(Answer { axis, side, required: false })
    };
    sides.iter().map(find).collect()
}

/// A field in JSON; an empty one counts as absent.
fn json<T: for<'a> Deserialize<'a>>(
    form: &Form,
    name: &str,
    example: &str,
) -> Result<Option<T>, Problem> {
    let Some(text) = form.text(name).filter(|text| !text.trim().is_empty()) else {
        return Ok(None);
    };
    // The message of serde may repeat what the caller sent.
    let wrong = |_| Problem::field(format!("{name} is not understood; write it like {example}"));
    serde_json::from_str(text).map(Some).map_err(wrong)
}

/// Dogs to leave out: fields with one id each, or with a JSON list.
fn exclusions(form: &Form) -> Result<Vec<String>, Problem> {
    let mut ids = Vec::new();
    for text in form.texts("excludeDogIds") {
        if text.trim_start().starts_with('[') {
            let wrong =
                |_| Problem::field("excludeDogIds is no list of ids; write it like [\"a\"]");
            ids.extend(serde_json::from_str::<Vec<String>>(text).map_err(wrong)?);
        } else if !text.is_empty() {
            ids.push(text.to_owned());
        }
    }
    Ok(ids)
}

fn is_true(form: &Form, name: &str) -> Result<bool, Problem> {
    match form.text(name).map(str::trim) {
        None | Some("" | "false") => Ok(false),
        Some("true") => Ok(true),
        Some(_) => Err(Problem::field(format!("{name} is neither true nor false"))),
    }
}
