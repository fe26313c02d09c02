//! Load on a running server, by the real client.
//!
//! `cargo bench --bench load -- --server URL --photo FILE open --rate 40 --seconds 60`
//!
//! An open loop sends requests at a rate, whatever becomes of the others, and counts from the time at
//! which each was due: whoever waits to be sent waits as well. A closed loop has so many callers who
//! each ask again as soon as they are answered.

mod process;
mod report;

use std::{
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant},
};

use clap::{Parser, Subcommand};
use mungpy_proto::v1::{BatchMatchRequest, MatchRequest, match_service_client::MatchServiceClient};
use process::Process;
use report::{Outcome, Report};
use tokio::{sync::mpsc, task::JoinSet, time::sleep_until};
use tonic::{Request, transport::Channel};

type Client = MatchServiceClient<Channel>;

/// Connections that the requests are spread over.
const CONNECTIONS: usize = 8;

/// Loads a server with match requests
#[derive(Parser)]
struct Args {
    /// Address of the server
    #[arg(long, default_value = "http://127.0.0.1:50051")]
    server: String,
    /// Photos to send in turn
    #[arg(long, required = true)]
    photo: Vec<PathBuf>,
    /// Photos in each request
    #[arg(long, default_value_t = 1)]
    each: usize,
    /// Milliseconds that each caller waits
    #[arg(long, default_value_t = 30_000)]
    deadline: u64,
    /// Process of the server, whose memory and processor time are told
    #[arg(long)]
    pid: Option<u32>,
    #[command(subcommand)]
    mode: Mode,
    /// Given by cargo
    #[arg(long, hide = true)]
    bench: bool,
}

#[derive(Subcommand)]
enum Mode {
    /// Send at a rate
    Open {
        /// Requests a second
        #[arg(long)]
        rate: f64,
        #[arg(long, default_value_t = 60)]
        seconds: u64,
    },
    /// Keep so many requests under way
    Closed {
        #[arg(long)]
        concurrency: usize,
        #[arg(long, default_value_t = 10)]
        seconds: u64,
    },
    /// Send photos through one call of the method for many
    Batch {
        #[arg(long, default_value_t = 500)]
        photos: usize,
    },
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let args = Args::parse();
    let photos = args.photo.iter().map(|path| Ok(std::fs::read(path)?.into()));
    let load = Load {
        photos: photos.collect::<std::io::Result<_>>()?,
        each: args.each,
        deadline: Duration::from_millis(args.deadline),
        clients: connect(&args.server).await?,
    };
    let process = args.pid.map(Process::new);
    let before = process.as_ref().map(Process::state);
    let begun = Instant::now();
    let report = match args.mode {
        Mode::Open { rate, seconds } => load.open(rate, seconds).await,
        Mode::Closed { concurrency, seconds } => load.closed(concurrency, seconds).await,
        Mode::Batch { photos } => load.batch(photos).await?,
    };
    println!("{}", report.table(begun.elapsed()));
    if let (Some(process), Some(before)) = (process, before) {
        println!("{}", process.compared(&before));
    }
    Ok(())
}

async fn connect(server: &str) -> Result<Vec<Client>, tonic::transport::Error> {
    let mut clients = Vec::new();
    for _ in 0..CONNECTIONS {
        let client = MatchServiceClient::connect(server.to_owned()).await?;
        clients.push(client.max_decoding_message_size(64 << 20));
    }
    Ok(clients)
}

struct Load {
    photos: Vec<prost::bytes::Bytes>,
    each: usize,
    deadline: Duration,
    clients: Vec<Client>,
}

impl Load {
    fn request(&self, number: usize) -> MatchRequest {
        let first = number * self.each;
        let photos = (first..first + self.each).map(|n| self.photos[n % self.photos.len()].clone());
        MatchRequest { photos: photos.collect(), ..MatchRequest::default() }
    }

    /// Asks once; the time is counted from when the request was due.
    async fn ask(&self, number: usize, due: Instant) -> Outcome {
        let mut request = Request::new(self.request(number));
        request.set_timeout(self.deadline);
        let mut client = self.clients[number % self.clients.len()].clone();
        let answer = client.r#match(request).await;
        Outcome::of(due.elapsed(), answer.err().map(|status| status.code()))
    }

    async fn open(self, rate: f64, seconds: u64) -> Report {
        let (load, begun) = (Arc::new(self), Instant::now());
        let mut callers = JoinSet::new();
        for number in 0..(rate * seconds as f64) as usize {
            let due = begun + Duration::from_secs_f64(number as f64 / rate);
            sleep_until(due.into()).await;
            let load = Arc::clone(&load);
            callers.spawn(async move { load.ask(number, due).await });
        }
        Report::new(callers.join_all().await)
    }

    async fn closed(self, concurrency: usize, seconds: u64) -> Report {
        let (load, end) = (Arc::new(self), Instant::now() + Duration::from_secs(seconds));
        let mut callers = JoinSet::new();
        for caller in 0..concurrency {
            let load = Arc::clone(&load);
            callers.spawn(async move {
                let mut outcomes = Vec::new();
                while Instant::now() < end {
                    let number = caller + outcomes.len() * concurrency;
                    outcomes.push(load.ask(number, Instant::now()).await);
                }
                outcomes
            });
        }
        Report::new(callers.join_all().await.into_iter().flatten().collect())
    }

    async fn batch(self, photos: usize) -> Result<Report, tonic::Status> {
        let (items, inbound) = mpsc::channel(1);
        let mut client = self.clients[0].clone();
        tokio::spawn(async move {
            for number in 0..photos {
                let request = Some(self.request(number));
                let id = number.to_string();
                let item = BatchMatchRequest { id, request, newest_catalogue: false };
                if items.send(item).await.is_err() {
                    return;
                }
            }
        });
        let inbound = tokio_stream::wrappers::ReceiverStream::new(inbound);
        let mut answers = client.batch_match(inbound).await?.into_inner();
        let (mut outcomes, mut last) = (Vec::new(), Instant::now());
        while let Some(answer) = answers.message().await? {
            use mungpy_proto::v1::batch_match_response::Result as Item;
            let refused = match answer.result {
                Some(Item::Status(status)) => Some(tonic::Code::from_i32(status.code)),
                _ => None,
            };
            outcomes.push(Outcome::of(last.elapsed(), refused));
            last = Instant::now();
        }
        Ok(Report::new(outcomes))
    }
}
