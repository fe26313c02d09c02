//! `mungpy match`.

use std::{path::Path, process::ExitCode, time::Duration};

use mungpy_core::{face::Species, reason::Reason, text::excerpt};
use mungpy_proto::v1::{
    Answer, MatchRequest, MatchResponse, match_service_client::MatchServiceClient,
};
use mungpy_runtime::output;
use tokio::{runtime::Runtime, time::timeout};
use tonic::Code;
use tonic_types::StatusExt;

use super::{Failure, args, extract::write_picture};
use crate::{
    catalogue::Catalogue,
    extract::{self, Extractor},
    files::{self, PhotoFileError},
    matching::{MatchAnswer, Matcher, Snapshot},
    photo::Photo,
    picture::{self, Portrait},
    settings::Settings,
};

pub(super) fn run(command: &args::Match, settings: &Settings) -> Result<ExitCode, Failure> {
    let request = request(command)?;
    let response = match &command.server {
        Some(server) => ask(server, request, Duration::from_secs(command.timeout))?,
        None => answer_here(command, &request, settings)?,
    };
    if command.json {
        let json = serde_json::to_string_pretty(&response);
        output::line(json.map_err(|error| Failure::new(Reason::OutputFailed, error))?)?;
    } else {
        output::line(to_text(&response))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Asks a running server, which has this long to answer.
fn ask(server: &str, request: MatchRequest, patience: Duration) -> Result<MatchResponse, Failure> {
    let runtime = Runtime::new().map_err(|error| unreachable(server, &error))?;
    let too_late = || {
        let seconds = patience.as_secs();
        let message =
            format!("{server} did not answer within {seconds} s; try again, or allow more");
        Failure::new(Reason::ServerTimeout, message)
    };
    let asking = async {
        let mut client = MatchServiceClient::connect(server.to_owned())
            .await
            .map_err(|error| unreachable(server, &error))?;
        let mut request = tonic::Request::new(request);
        // The server learns how long this program waits.
        request.set_timeout(patience);
        client.r#match(request).await.map(tonic::Response::into_inner).map_err(|status| {
            let reason = status.get_error_details().error_info().map(|info| info.reason.clone());
            match (reason, status.code()) {
                (None, Code::DeadlineExceeded | Code::Cancelled) => too_late(),
                (reason, _) => Failure::from_server(reason, status.message()),
            }
        })
    };
    let asked = runtime.block_on(async { timeout(patience, asking).await });
    runtime.shutdown_background();
    asked.unwrap_or_else(|_| Err(too_late()))
}

/// The server cannot be connected to.
fn unreachable(server: &str, error: &dyn std::error::Error) -> Failure {
    let cause = error.source().map(|cause| format!(": {cause}")).unwrap_or_default();
    Failure::new(Reason::ServerUnreachable, format!("{server}: {error}{cause}"))
}

/// Answers from the data directory.
fn answer_here(
    command: &args::Match,
    request: &MatchRequest,
    settings: &Settings,
) -> Result<MatchResponse, Failure> {
    let models = extract::dog_version(&settings.models);
    let catalogue = Catalogue::read_of(&settings.data_dir.catalogue_path(), &models)?;
    let persons = settings.persons();
    let snapshot = Snapshot::of(catalogue, &settings.questionnaire, &persons);
    let matcher = Matcher::new(settings.questionnaire.clone(), settings.policy, &persons);
    let question = matcher.question(&snapshot, request.clone())?;
    let mut extractor = Extractor::load(Species::Person, &settings.models)?;
    let answer = matcher.answer(&mut extractor, &snapshot, &question, || true)?;
    if let Some(out) = &command.picture {
        write_picture(out, &draw(&snapshot, request, &answer)?)?;
    }
    Ok(answer.response)
}

fn request(command: &args::Match) -> Result<MatchRequest, Failure> {
    let mut photos = Vec::new();
    for path in &command.photos {
        photos.push(read_photo(path)?.into());
    }
    let image_id = command.photos[0].file_name().unwrap_or_default().to_string_lossy().into_owned();
    Ok(MatchRequest {
        photos,
        image_id,
        answers: command.answers.iter().map(|text| answer(text)).collect::<Result<_, _>>()?,
        top: command.top,
        excluded_dog_ids: command.exclude.clone(),
        language: command.language.clone(),
        ..MatchRequest::default()
    })
}

fn read_photo(path: &Path) -> Result<Vec<u8>, Failure> {
    files::read_photo(path).map_err(|error| match error {
        PhotoFileError::Unreadable(error) => Failure::file(path, &error),
        PhotoFileError::Refused(error) => error.into(),
    })
}

/// Parses `axis=side`; a trailing `!` makes the side required.
fn answer(text: &str) -> Result<Answer, Failure> {
    let (axis, side) = text.split_once('=').ok_or_else(|| {
        Failure::new(
            Reason::AnswerInvalid,
            format!("answer {:?} is not AXIS=SIDE, e.g. energy=homebody", excerpt(text)),
        )
    })?;
    let required = side.ends_with('!');
    Ok(Answer { axis: axis.to_owned(), side: side.trim_end_matches('!').to_owned(), required })
}

fn draw(
    snapshot: &Snapshot,
    request: &MatchRequest,
    answer: &MatchAnswer,
) -> Result<Vec<u8>, Failure> {
    let hit = &answer.found.hits[0];
    let dog_id = snapshot.index.dog_id(hit.dog);
    let dog = snapshot.dog(hit.dog);
    if dog.photo_location.contains("://") {
        let message = format!(
            "the photo of the dog is at {}, and a picture is drawn of files only",
            dog.photo_location
        );
        return Err(Failure::new(Reason::FileUnusable, message));
    }
    let location = Path::new(&*dog.photo_location);
    let bytes = read_photo(location)?;
    let (number, person) = answer.person.first_used().expect("one photo is kept");
    let person_bytes = &request.photos[number];
    let (person_photo, dog_photo) = (Photo::decode(person_bytes)?, Photo::decode(&bytes)?);
    let ratios = snapshot.index.explain(&answer.person.measurement, hit.dog);
    let drawn = picture::side_by_side(
        &Portrait { photo: &person_photo, landmarks: &person.landmarks, caption: "you" },
        &Portrait { photo: &dog_photo, landmarks: &dog.landmarks(), caption: dog_id },
        answer.response.score,
        &ratios,
    )?;
    Ok(drawn.encode_png()?)
}

fn to_text(response: &MatchResponse) -> String {
    let mut lines = Vec::new();
    for (index, dog) in response.matches.iter().enumerate() {
        let (id, image, score) = (&dog.dog_id, &dog.dog_image_id, dog.score);
        let rank = index + 1;
        lines.push(format!(
            "{rank}. {id} (image {image}): more alike than {score:.1} % of random pairs"
        ));
        if let Some(agreement) = dog.agreement.filter(|agreement| agreement.answered > 0) {
            let (agreed, answered) = (agreement.agreed, agreement.answered);
            lines.push(format!("   temperament: {agreed} of {answered} answers agree"));
        }
        for key in ["name", "shelter", "phone", "page"] {
            let adoption = dog.adoption.iter().filter_map(|adoption| adoption.attributes.get(key));
            lines.extend(adoption.map(|value| format!("   {key}: {value}")));
        }
        let ratios = dog.explanation.iter().flat_map(|explanation| &explanation.ratios);
        lines.extend(ratios.map(|ratio| format!("   {}", ratio.sentence)));
    }
    for (index, photo) in response.photos.iter().enumerate().filter(|(_, photo)| photo.left_out) {
        let why = match &photo.reason[..] {
            "" => "it differs too much from the others",
            reason => reason,
        };
        lines.push(format!("photo {} was left out: {why}", index + 1));
    }
    let (candidates, version) = (response.candidates, response.catalogue_version);
    lines.push(format!("among {candidates} dogs of catalogue version {version}"));
    lines.join("\n")
}
