//! Turns lines into requests to the engine, never faster than it answers.

use std::sync::Arc;

use axum::body::Body;
use bytes::Bytes;
use mungpy_proto::v1::{BatchMatchRequest, MatchRequest};
use mungpy_transport::{Charge, MIB, Pace, Spent, Work};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};

use super::{
    line::BatchLine,
    lines::{Line, Lines},
};
use crate::{caller::Caller, problem::Problem, upstream::Engines};

/// Photos of one stream that are under way at a time, in KiB.
const PHOTOS_AHEAD: u32 = (64 * MIB / KIB) as u32;
const KIB: usize = 1024;

/// What the answer to a line will be, in the order of the lines.
pub(super) enum Expected {
    /// The engine will say it.
    Asked(Asked),
    /// The line was refused before the engine saw it.
    Refused(String, Problem),
    /// The lines ended early.
    Broken(Problem),
}

/// A line that the engine was asked for.
pub(super) struct Asked {
    pub(super) id: String,
    pub(super) is_detailed: bool,
    /// What its photos hold of the memory of all requests, in bytes.
    pub(super) charged: usize,
    /// What they hold of the stream's own bound.
    _room: OwnedSemaphorePermit,
    /// The caller may wait for it before the next line is sent.
    _work: Option<Work>,
}

/// Reads lines and asks the engine.
pub(super) struct Feed {
    engines: Arc<Engines>,
    caller: Caller,
    charge: Charge,
    expected: mpsc::Sender<Expected>,
    requests: mpsc::Sender<BatchMatchRequest>,
    room: Arc<Semaphore>,
    pace: Option<Pace>,
}

impl Feed {
    pub(super) fn new(
        engines: Arc<Engines>,
        caller: Caller,
        charge: Charge,
        expected: mpsc::Sender<Expected>,
        requests: mpsc::Sender<BatchMatchRequest>,
    ) -> Self {
        let room = Arc::new(Semaphore::new(PHOTOS_AHEAD as usize));
        Self { engines, caller, charge, expected, requests, room, pace: None }
    }

    /// The same for a body whose timer stands still while its lines are answered.
    pub(super) fn at_pace(self, pace: Option<Pace>) -> Self {
        Self { pace, ..self }
    }

    /// Ends with the lines, or when nobody waits for answers any more.
    pub(super) async fn run(self, body: Body) {
        let mut lines = Lines::new(body);
        for number in 1_u64.. {
            let line = match lines.next().await {
                Ok(Some(line)) => line,
                Ok(None) => return,
                Err(problem) => {
                    let _ = self.expected.send(Expected::Broken(problem)).await;
                    return;
                }
            };
            if self.pass(number, line).await.is_err() {
                return;
            }
        }
    }

    /// Passes one line on. An error says that nobody waits for answers any more.
    async fn pass(&self, number: u64, line: Line) -> Result<(), Gone> {
        let Line { text, charged } = line;
        let parsed = parse(&text);
        drop(text);
        let (id, read) = match parsed {
            Ok((mut line, photos)) => (line.id.take(), photos.map(|photos| (line, photos))),
            Err(problem) => (None, Err(problem)),
        };
        let id = id.unwrap_or_else(|| number.to_string());
        // The photos are charged before they wait for room, and the line until then.
        let read = read.and_then(|(line, photos)| {
            let photos = Photos::charged(photos, &self.charge)?;
            Ok((line, photos))
        });
        self.charge.give_back(charged);
        match read {
            Ok((line, photos)) => self.ask(id, line, photos).await,
            Err(problem) => self.refuse(id, problem).await,
        }
    }

    async fn ask(&self, id: String, line: BatchLine, photos: Photos) -> Result<(), Gone> {
        let Photos { images, bytes, charged } = photos;
        let share = (bytes / KIB) as u32 + 1;
        let room = Arc::clone(&self.room).acquire_many_owned(share.min(PHOTOS_AHEAD)).await;
        let room = room.map_err(|_| Gone)?;
        let (is_detailed, newest_catalogue) = (line.wishes.detail, line.newest_catalogue);
        let request = match line.wishes.request(&self.engines, &self.caller).await {
            Ok(request) => MatchRequest { image_id: id.clone(), photos: images, ..request },
            Err(problem) => {
                self.charge.give_back(charged);
                return self.refuse(id, problem).await;
            }
        };
        let asked = Asked { id: id.clone(), is_detailed, charged, _room: room, _work: self.work() };
        self.expected.send(Expected::Asked(asked)).await.map_err(|_| Gone)?;
        let request = BatchMatchRequest { id, request: Some(request), newest_catalogue };
        self.requests.send(request).await.map_err(|_| Gone)
    }

    fn work(&self) -> Option<Work> {
        self.pace.as_ref().map(Pace::working)
    }

    async fn refuse(&self, id: String, problem: Problem) -> Result<(), Gone> {
        self.expected.send(Expected::Refused(id, problem)).await.map_err(|_| Gone)
    }
}

/// The photos of a line, and what they hold of the memory of all requests.
struct Photos {
    images: Vec<Bytes>,
    bytes: usize,
    charged: usize,
}

impl Photos {
    fn charged(images: Vec<Bytes>, charge: &Charge) -> Result<Self, Spent> {
        let bytes = images.iter().map(Bytes::len).sum();
        // They are copied once more on their way to the engine.
        let charged = 2 * bytes;
        charge.add(charged)?;
        Ok(Self { images, bytes, charged })
    }
}

/// Nobody waits for answers any more.
struct Gone;

type Read = (BatchLine, Result<Vec<Bytes>, Problem>);

fn parse(text: &[u8]) -> Result<Read, Problem> {
    // The message of serde may repeat what the caller sent.
    let wrong = |_| Problem::field("the line is no JSON object of a request; see /openapi.json");
    let mut line: BatchLine = serde_json::from_slice(text).map_err(wrong)?;
    let photos = line.photos();
    Ok((line, photos))
}

#[cfg(test)]
mod tests {
    use axum::extract::Request;
    use base64::{Engine as _, engine::general_purpose::STANDARD};
    use mungpy_transport::Budget;

    use super::*;
    use crate::{forwarded::TrustedProxies, settings::Settings, telemetry::Telemetry};

    #[tokio::test]
    async fn photos_are_charged_while_they_wait_for_room() {
        let settings = Settings::for_engine("http://127.0.0.1:1");
        let engines = Engines::new(&settings, &Telemetry::new(&settings).metrics).unwrap();
        let caller = Caller::of(&Request::new(Body::empty()), &TrustedProxies::default()).unwrap();
        let charge = Budget::new(MIB).charge();
        let ((expected, mut answered), (requests, _asked)) = (mpsc::channel(1), mpsc::channel(1));
        let feed = Feed::new(engines, caller, charge.clone(), expected, requests);
        let text = format!("{{\"image\": \"{}\"}}", STANDARD.encode([0; 1000]));
        let line = |charged| Line { text: text.clone().into(), charged };
        let room = Arc::clone(&feed.room).acquire_many_owned(PHOTOS_AHEAD).await.unwrap();
        charge.add(text.len()).unwrap();
        let mut passing = Box::pin(feed.pass(1, line(text.len())));
        tokio::select! {
            biased;
            _ = &mut passing => panic!("there is no room"),
            () = tokio::task::yield_now() => {}
        }
        assert_eq!(charge.bytes(), 2 * 1000);
        drop(room);
        assert!(passing.await.is_ok());
        assert!(matches!(answered.recv().await, Some(Expected::Asked(_))));
        // A line that finds no memory gives back its own.
        let all = MIB - charge.bytes();
        charge.add(all).unwrap();
        assert!(feed.pass(2, line(all)).await.is_ok());
        assert_eq!(charge.bytes(), 2 * 1000);
        assert!(matches!(answered.recv().await, Some(Expected::Refused(..))));
    }
}
