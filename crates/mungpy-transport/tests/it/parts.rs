//! Answers that come in parts.

use std::{convert::Infallible, future::pending, time::Duration};

use bytes::Bytes;
use http::Request;
use http_body_util::{
    BodyExt,
    channel::{Channel, Sender},
};
use mungpy_transport::{BodyError, MeteredBody, Pace};
use tokio::{join, time::sleep};

use super::server::{Answer, BRIEF};

/// Parts of the answer at `/ticks`.
pub(crate) const TICKS: usize = 10;

/// Work that takes longer than an answer may be idle.
pub(crate) const WORK: Duration = BRIEF.receive_timeout.saturating_mul(4);

type Parts = Sender<Bytes, Infallible>;

/// `/watch` says one thing and is then silent for ever, `/ticks` never rests for long, `/work` works
/// between two parts, `/talk` for each part of the request.
pub(crate) fn answer(request: Request<MeteredBody>) -> Answer {
    let (mut parts, body) = Channel::new(1);
    tokio::spawn(async move {
        let pace = request.extensions().get::<Pace>().cloned().unwrap();
        match request.uri().path() {
            "/watch" => {
                say(&mut parts, "watching").await;
                pending::<()>().await;
            }
            "/ticks" => {
                for _ in 0..TICKS {
                    say(&mut parts, "tick").await;
                    sleep(BRIEF.receive_timeout.mul_f64(0.4)).await;
                }
            }
            "/work" => {
                say(&mut parts, "begun").await;
                let _work = pace.working();
                sleep(WORK).await;
                say(&mut parts, "done").await;
            }
            _ => talk(&mut parts, request.into_body(), &pace).await,
        }
    });
    body.boxed()
}

async fn talk(parts: &mut Parts, mut body: MeteredBody, pace: &Pace) {
    let mut heard = body.frame().await;
    while let Some(part) = heard {
        if let Err(error) = part {
            let said =
                if matches!(error, BodyError::TooSlow { .. }) { "too slow" } else { "broken" };
            return say(parts, said).await;
        }
        let reply = async {
            let _work = pace.working();
            sleep(WORK).await;
            say(parts, "heard").await;
        };
        (heard, ()) = join!(body.frame(), reply);
    }
}

/// Whether anybody hears it makes no difference.
async fn say(parts: &mut Parts, part: &'static str) {
    let _ = parts.send_data(part.into()).await;
}
