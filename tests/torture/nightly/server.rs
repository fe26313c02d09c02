//! A web server of manifests and photos at the end of a bad line.

use std::{
    collections::HashMap,
    io::{self, BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc, Mutex, RwLock,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread,
    time::Duration,
};

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use sha2::{Digest, Sha256};

/// What the server answers.
#[derive(Clone)]
pub(super) enum Reply {
    /// All of it with an entity tag, or that the asker knows it already.
    Whole(Arc<Vec<u8>>),
    Status(u16),
    Redirect(String),
    /// The connection ends without a word.
    Dropped,
    /// So many bytes are announced and only the first part is sent.
    Short {
        body: Arc<Vec<u8>>,
        announced: usize,
        sent: usize,
    },
    /// Nothing is announced; the end of the connection is the end of the answer.
    Unannounced(Vec<u8>),
    /// In chunks, without the last one.
    Unfinished(Vec<u8>),
    /// Compressed, though nobody asked for it.
    Compressed(Vec<u8>),
    /// So many bytes are announced, and zeros are sent as long as somebody takes them.
    Announced(u64),
    /// Zeros in chunks as long as somebody takes them.
    Endless,
}

impl Reply {
    pub(super) fn of(body: impl Into<Vec<u8>>) -> Self {
        Self::Whole(Arc::new(body.into()))
    }
}

type Route = Box<dyn Fn(&str) -> Reply + Send + Sync>;

/// Faults by chance. Two in a row never meet the same address, so that trying again helps.
struct Weather {
    random: ChaCha8Rng,
    share: f64,
    failed: HashMap<String, bool>,
}

impl Weather {
    fn strikes(&mut self, path: &str) -> Option<u32> {
        let is_bad = self.random.random_bool(self.share);
        let failed = self.failed.entry(path.to_owned()).or_default();
        *failed = is_bad && !*failed;
        failed.then(|| self.random.random_range(0..3))
    }

    fn delay(&mut self) -> Duration {
        let is_slow = self.share > 0.0 && self.random.random_bool(self.share);
        Duration::from_millis(if is_slow { self.random.random_range(20..200) } else { 0 })
    }
}

struct Shared {
    route: RwLock<Route>,
    weather: Mutex<Weather>,
    asked: AtomicUsize,
    is_over: AtomicBool,
}

/// The server. Dropping it ends it.
pub(super) struct Server {
    address: SocketAddr,
    shared: Arc<Shared>,
}

impl Server {
    /// A server that knows no address yet, in good weather.
    pub(super) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let random = ChaCha8Rng::seed_from_u64(0);
        let shared = Arc::new(Shared {
            route: RwLock::new(Box::new(|_| Reply::Status(404))),
            weather: Mutex::new(Weather { random, share: 0.0, failed: HashMap::new() }),
            asked: AtomicUsize::new(0),
            is_over: AtomicBool::new(false),
        });
        let serving = Arc::clone(&shared);
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                if serving.is_over.load(Ordering::Relaxed) {
                    return;
                }
                let shared = Arc::clone(&serving);
                // Whoever was killed takes no answer; that is no fault of the server.
                thread::spawn(move || drop(converse(&stream, &shared)));
            }
        });
        Self { address, shared }
    }

    pub(super) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Answers like this from now on.
    pub(super) fn answer(&self, route: impl Fn(&str) -> Reply + Send + Sync + 'static) {
        *self.shared.route.write().unwrap() = Box::new(route);
    }

    /// Lets a share of the answers fail, and as many come late, as a seed decides.
    pub(super) fn let_fail(&self, share: f64, seed: u64) {
        let random = ChaCha8Rng::seed_from_u64(seed);
        *self.shared.weather.lock().unwrap() = Weather { random, share, failed: HashMap::new() };
    }

    /// Number of requests so far.
    pub(super) fn asked(&self) -> usize {
        self.shared.asked.load(Ordering::Relaxed)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.shared.is_over.store(true, Ordering::Relaxed);
        let _ = TcpStream::connect(self.address);
    }
}

struct Request {
    path: String,
    known: Option<String>,
}

impl Request {
    fn read(stream: &mut impl BufRead) -> io::Result<Option<Self>> {
        let (mut path, mut known) = (String::new(), None);
        loop {
            let mut line = String::new();
            if stream.by_ref().take(64 << 10).read_line(&mut line)? == 0 {
                return Ok(None);
            }
            let line = line.trim_end();
            if path.is_empty() {
                line.split(' ').nth(1).unwrap_or("/").clone_into(&mut path);
            } else if line.is_empty() {
                return Ok(Some(Self { path, known }));
            } else if let Some((name, value)) = line.split_once(':')
                && name.eq_ignore_ascii_case("if-none-match")
            {
                known = Some(value.trim().to_owned());
            }
        }
    }
}

fn converse(stream: &TcpStream, shared: &Shared) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut reader = BufReader::new(stream);
    while let Some(request) = Request::read(&mut reader)? {
        shared.asked.fetch_add(1, Ordering::Relaxed);
        let (fault, delay) = {
            let mut weather = shared.weather.lock().unwrap();
            (weather.strikes(&request.path), weather.delay())
        };
        thread::sleep(delay);
        let reply = shared.route.read().unwrap()(&request.path);
        let reply = match (fault, reply) {
            (None, reply) => reply,
            (Some(0), Reply::Whole(body)) => {
                Reply::Short { announced: body.len(), sent: body.len() / 2, body }
            }
            (Some(1), _) => Reply::Dropped,
            (Some(_), _) => Reply::Status(503),
        };
        if !send(stream, &reply, &request)? {
            return Ok(());
        }
    }
    Ok(())
}

/// Sends an answer; false if the connection ends with it.
fn send(mut stream: &TcpStream, reply: &Reply, request: &Request) -> io::Result<bool> {
    let head = |status: &str, headers: &str| format!("HTTP/1.1 {status}\r\n{headers}\r\n");
    let length = |bytes: usize| format!("Content-Length: {bytes}\r\n");
    let (head, body, stays) = match reply {
        Reply::Dropped => return Ok(false),
        Reply::Status(code) => (head(&format!("{code} Odd"), &length(0)), &[][..], true),
        Reply::Redirect(to) => {
            (head("302 Found", &format!("Location: {to}\r\n{}", length(0))), &[][..], true)
        }
        Reply::Whole(body) => {
            let digest = Sha256::digest(body.as_slice());
            let tag = format!("\"{}\"", u64::from_be_bytes(digest[..8].try_into().unwrap()));
            let tagged = format!("ETag: {tag}\r\n");
            if request.known.as_ref() == Some(&tag) {
                (head("304 Not Modified", &tagged), &[][..], true)
            } else {
                (head("200 OK", &(tagged + &length(body.len()))), body.as_slice(), true)
            }
        }
        Reply::Short { body, announced, sent } => {
            (head("200 OK", &length(*announced)), &body[..*sent], false)
        }
        Reply::Unannounced(body) => {
            (head("200 OK", "Connection: close\r\n"), body.as_slice(), false)
        }
        Reply::Compressed(body) => {
            let headers = format!("Content-Encoding: gzip\r\n{}", length(body.len()));
            (head("200 OK", &headers), body.as_slice(), true)
        }
        Reply::Announced(bytes) => {
            let head = head("200 OK", &format!("Content-Length: {bytes}\r\n"));
            return send_zeros(stream, &head, *bytes, <[u8]>::to_vec);
        }
        Reply::Endless => {
            let head = head("200 OK", "Transfer-Encoding: chunked\r\n");
            return send_zeros(stream, &head, u64::MAX, chunk);
        }
        Reply::Unfinished(body) => {
            let head = head("200 OK", "Transfer-Encoding: chunked\r\n");
            stream.write_all(&[head.as_bytes(), &chunk(body)].concat())?;
            return Ok(false);
        }
    };
    stream.write_all(&[head.as_bytes(), body].concat())?;
    Ok(stays)
}

fn chunk(bytes: &[u8]) -> Vec<u8> {
    [format!("{:x}\r\n", bytes.len()).as_bytes(), bytes, b"\r\n"].concat()
}

fn send_zeros(
    mut stream: &TcpStream,
    head: &str,
    bytes: u64,
    framed: impl Fn(&[u8]) -> Vec<u8>,
) -> io::Result<bool> {
    const PIECE: usize = 1 << 20;
    stream.write_all(head.as_bytes())?;
    let piece = framed(&vec![b' '; PIECE]);
    for _ in 0..bytes / PIECE as u64 {
        stream.write_all(&piece)?;
    }
    Ok(false)
}
