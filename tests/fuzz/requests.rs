//! Requests: from the bytes of a message to a question, and on to the answer where landmarks stand
//! in for photos; dogs that are pushed; and the headers that say who asks.

use std::{fmt::Debug, sync::LazyLock};

use futures_util::FutureExt as _;
use http::{HeaderMap, HeaderName, HeaderValue};
use http_body_util::Full;
use mungpy::matching::{MatchAnswer, MatchError, Matcher, Snapshot};
use mungpy_core::{
    face::Species,
    reason::WithReason,
    resemblance::PersonEstimator,
    temperament::{Policy, Questionnaire},
};
use mungpy_proto::{
    codec::BoundedCodec,
    limits::{MAX_DOG_ID_BYTES, MAX_PHOTOS, MAX_REQUEST_BYTES, MAX_TOP},
    v1::{
        BatchMatchRequest, DescribeRequest, ListDogsRequest, MatchRequest, UpsertDogsRequest,
        pushed_photo,
    },
};
use mungpy_source::{
    pushed::{DraftPhoto, MAX_PUSHED_PHOTOS, PushDraft, PushError, PushedDog, Violation},
    web::{WebClient, WebOptions},
};
use mungpy_telemetry::{REQUEST_ID, RequestId, trace};
use mungpy_transport::{Scope, Tokens, bearer};
use prost::{Message, Name, bytes::Bytes};
use tonic::{Code, Streaming, codec::Codec as _};

use super::{
    common::{TOKEN, composite_catalogue},
    damage,
    models::with_extractor,
};

/// Most bytes of photos in a request that is answered: photos have a target of their own.
const ANSWERED_BYTES: usize = 500;

#[test]
fn any_bytes_keep_the_rules() {
    bolero::check!(name = "requests").with_iterations(2_000).for_each(check);
}

#[test]
fn damage_keeps_the_rules() {
    damage::check("requests", 1_500, check);
}

/// The first byte says what the others are.
fn check(bytes: &[u8]) {
    let Some((kind, bytes)) = bytes.split_first() else { return };
    match kind {
        b'm' => decoded(bytes).iter().for_each(check_match),
        b'b' => {
            let item: Option<BatchMatchRequest> = decoded(bytes);
            item.and_then(|item| item.request).iter().for_each(check_match);
        }
        b'd' => drop(decoded::<DescribeRequest>(bytes)),
        b'l' => drop(decoded::<ListDogsRequest>(bytes)),
        b'u' => decoded(bytes).iter().for_each(check_pushed),
        b'h' => check_headers(bytes),
        _ => {}
    }
}

/// Decodes a message as the server does. It refuses what protobuf does not allow, and too many
/// fields; nothing else.
fn decoded<M>(bytes: &[u8]) -> Option<M>
where
    M: Message + Name + Default + PartialEq + Debug + 'static,
{
    let frame = [&[0][..], &(bytes.len() as u32).to_be_bytes(), bytes].concat();
    let decoder = BoundedCodec::<M, M>::default().decoder();
    let body = Full::new(Bytes::from(frame));
    let mut stream = Streaming::new_request(decoder, body, None, Some(MAX_REQUEST_BYTES));
    let served = stream.message().now_or_never().expect("the whole body is there");
    let plain = M::decode(bytes);
    match served {
        Ok(message) => {
            let message = message.expect("the body holds one message");
            let encoded = message.encode_to_vec();
            assert_eq!(encoded, plain.unwrap().encode_to_vec());
            // Numbers that are none differ from themselves, so bytes are compared.
            assert_eq!(M::decode(&encoded[..]).unwrap().encode_to_vec(), encoded);
            Some(message)
        }
        Err(status) => {
            let is_expected = match status.code() {
                Code::OutOfRange => true,
                Code::InvalidArgument | Code::Internal => plain.is_err(),
                _ => false,
            };
            assert!(is_expected, "{status:?}");
            None
        }
    }
}

static MATCHER: LazyLock<(Matcher, Snapshot)> = LazyLock::new(|| {
    let questionnaire = Questionnaire::default();
    let persons = PersonEstimator::shipped().population;
    let snapshot = Snapshot::of(composite_catalogue(), &questionnaire, &persons);
    (Matcher::new(questionnaire, Policy::default(), &persons), snapshot)
});

fn check_match(request: &MatchRequest) {
    let (matcher, snapshot) = &*MATCHER;
    let question = match matcher.question(snapshot, request.clone()) {
        Ok(question) => question,
        Err(error) => return check_refusal(&error),
    };
    let photos = request.photos.len();
    assert_eq!(question.photos(), photos);
    assert!(photos.max(request.landmarks.len()) <= MAX_PHOTOS && request.top <= MAX_TOP);
    assert!((photos == 0) != request.landmarks.is_empty());
    if request.photos.iter().map(Bytes::len).sum::<usize>() > ANSWERED_BYTES {
        return;
    }
    let answer = with_extractor(Species::Person, |extractor| {
        matcher.answer(extractor, snapshot, &question, || true)
    });
    match answer {
        Ok(answer) => check_answer(request, &answer),
        Err(error) => check_refusal(&error),
    }
}

fn check_refusal(error: &MatchError) {
    let (reason, message) = (error.reason(), error.to_string());
    assert!(reason.entry().grpc.is_some(), "no call is answered with {reason}");
    assert!(reason.http() < 500 || reason.http() == 503, "{reason}: {message}");
    assert!(message.len() < 1_000 && !message.contains(char::is_control), "{message:?}");
}

fn check_answer(request: &MatchRequest, answer: &MatchAnswer) {
    let snapshot = &MATCHER.1;
    let response = &answer.response;
    let most = request.top.max(1) as usize;
    assert!((1..=most).contains(&response.matches.len()));
    assert!(response.candidates >= response.matches.len() as u64);
    assert_eq!(response.image_id, request.image_id);
    assert_eq!(response.dog_id, response.matches[0].dog_id);
    let scores: Vec<f64> = response.matches.iter().map(|dog| dog.score).collect();
    assert!(scores.iter().all(|score| (0.0..=100.0).contains(score)), "{scores:?}");
    assert!(scores.is_sorted_by(|better, worse| better >= worse), "{scores:?}");
    let passing = snapshot.passing(&request.attributes);
    for dog in &response.matches {
        assert!(!request.excluded_dog_ids.contains(&dog.dog_id));
        let number = snapshot.number_of(&dog.dog_id).expect("only dogs of the catalogue");
        let passes = passing.as_ref().is_none_or(|dogs| dogs.contains(number));
        assert!(passes || !response.relaxed.is_empty(), "{} passes no filter", dog.dog_id);
        let ratios = &dog.explanation.as_ref().unwrap().ratios;
        let is_told = |ratio: &mungpy_proto::v1::RatioAgreement| {
            ratio.person_sigma.is_finite()
                && ratio.dog_sigma.is_finite()
                && !ratio.sentence.is_empty()
        };
        assert!(!ratios.is_empty() && ratios.iter().all(is_told), "{ratios:?}");
    }
    assert_eq!(response.photos.len(), request.photos.len().max(request.landmarks.len()));
    let encoded = response.encode_to_vec();
    assert_eq!(mungpy_proto::v1::MatchResponse::decode(&encoded[..]).as_ref(), Ok(response));
}

static WEB: LazyLock<WebClient> = LazyLock::new(|| WebClient::new(WebOptions::default()).unwrap());

/// A pushed dog is kept only if it breaks no rule, and whoever pushed it learns which.
fn check_pushed(request: &UpsertDogsRequest) {
    let photos = request.photos.iter().map(|photo| match &photo.kind {
        None => DraftPhoto::Missing,
        Some(pushed_photo::Kind::Url(url)) => DraftPhoto::Url(url),
        Some(pushed_photo::Kind::Content(bytes)) => DraftPhoto::Content { bytes, ending: "jpg" },
    });
    let draft = PushDraft {
        dog_id: &request.dog_id,
        image_id: &request.image_id,
        photos: photos.collect(),
        traits: request.traits.clone(),
        attributes: request.attributes.clone(),
        expires_at: &request.expires_at,
    };
    let pushed = PushedDog::new(draft, &QUESTIONNAIRE, &WEB);
    let Err(error) = pushed else {
        assert!((1..=MAX_DOG_ID_BYTES).contains(&request.dog_id.len()));
        return assert!((1..=MAX_PUSHED_PHOTOS).contains(&request.photos.len()));
    };
    let PushError::Invalid { violations } = error else { panic!("nothing is written: {error}") };
    assert!(!violations.is_empty());
    for Violation { field, description } in violations {
        assert!(!field.is_empty() && !description.is_empty());
        assert!(!description.contains(char::is_control), "{description:?}");
        assert!(field.len() + description.len() < 1_000, "{field}: {description}");
    }
}

static QUESTIONNAIRE: LazyLock<Questionnaire> = LazyLock::new(Questionnaire::default);

static TOKENS: LazyLock<Tokens> =
    LazyLock::new(|| Tokens::single("TEST", TOKEN, Scope::ALL).unwrap());

/// Reads lines `name: value` as headers, and what they say of the caller.
fn check_headers(lines: &[u8]) {
    let mut headers = HeaderMap::new();
    for line in lines.split(|byte| *byte == b'\n').take(64) {
        let mut parts = line.splitn(2, |byte| *byte == b':');
        let (Some(name), Some(value)) = (parts.next(), parts.next()) else { continue };
        let (name, value) =
            (HeaderName::from_bytes(name), HeaderValue::from_bytes(value.trim_ascii()));
        if let (Ok(name), Ok(value)) = (name, value) {
            headers.append(name, value);
        }
    }
    if let Some(token) = bearer(&headers) {
        assert_eq!(token, token.trim());
        assert_eq!(TOKENS.scopes_of(token).is_some(), token == TOKEN);
    }
    let id = RequestId::of_request(&headers);
    assert_eq!(RequestId::parse(id.as_str()).as_ref(), Some(&id), "an id of ours is sane");
    let mut onward = HeaderMap::new();
    id.put(&mut onward);
    assert_eq!(RequestId::of_request(&onward), id);
    trace::propagate(&tracing::Span::none(), &headers, &mut onward);
    check_onward(&onward);
}

/// What goes on to another server is an id and a trace in the form of W3C, and goes on unchanged.
fn check_onward(onward: &HeaderMap) {
    for (name, value) in onward {
        let text = value.to_str().expect("only ASCII goes on");
        match name.as_str() {
            "traceparent" => {
                assert!(text.len() == 55 && text.starts_with("00-"), "{text:?}");
                let is_digit = |byte: u8| byte == b'-' || byte.is_ascii_hexdigit();
                assert!(text.bytes().all(is_digit), "{text:?}");
            }
            "tracestate" => assert!(onward.contains_key("traceparent")),
            name => assert_eq!(name, REQUEST_ID),
        }
    }
    let mut again = HeaderMap::new();
    trace::propagate(&tracing::Span::none(), onward, &mut again);
    assert_eq!(again.get("traceparent"), onward.get("traceparent"));
}
