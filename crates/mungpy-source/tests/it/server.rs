//! A web server for tests: a closure for each path, on a port of its own. It counts what it is
//! asked, and misbehaves if told to.

use std::{
    collections::HashMap,
    io::{self, BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
    time::Duration,
};

use url::Url;

/// A request.
#[derive(Debug, Clone, Default)]
pub(crate) struct Asked {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) query: String,
    /// Names in lower case.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Asked {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.headers.iter();
        headers.find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// A parameter of the query, decoded.
    pub(crate) fn parameter(&self, name: &str) -> Option<String> {
        let mut pairs = url::form_urlencoded::parse(self.query.as_bytes());
        pairs.find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
    }
}

/// The length that an answer claims.
#[derive(Debug, Clone, Copy)]
enum Length {
    OfBody,
    Other(usize),
    Nothing,
}

/// An answer.
#[derive(Debug, Clone)]
pub(crate) struct Reply {
    status: u16,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
    length: Length,
    /// Bytes after which the connection is dropped.
    end: Option<usize>,
    /// Pause before each byte of the body.
    drip: Option<Duration>,
    /// Whether the connection is dropped without a word.
    is_silent: bool,
}

impl Reply {
    pub(crate) fn status(status: u16) -> Self {
        let (headers, body) = Default::default();
        Self {
            status,
            headers,
            body,
            length: Length::OfBody,
            end: None,
            drip: None,
            is_silent: false,
        }
    }

    pub(crate) fn ok(body: impl Into<Vec<u8>>) -> Self {
        Self::status(200).body(body)
    }

    pub(crate) fn json(value: &serde_json::Value) -> Self {
        Self::ok(value.to_string()).header("Content-Type", "application/json")
    }

    pub(crate) fn redirect(to: impl Into<String>) -> Self {
        Self::status(302).header("Location", to)
    }

    /// A body with an entity tag, or 304 if the request knows it.
    pub(crate) fn tagged(asked: &Asked, tag: &str, body: impl Into<Vec<u8>>) -> Self {
        let is_known = asked.header("if-none-match") == Some(tag);
        let reply = if is_known { Self::status(304) } else { Self::ok(body) };
        reply.header("ETag", tag)
    }

    /// Drops the connection without an answer.
    pub(crate) fn silence() -> Self {
        Self { is_silent: true, ..Self::status(200) }
    }

    pub(crate) fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }

    pub(crate) fn header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    /// Claims another length than the body has.
    pub(crate) fn claiming(mut self, length: usize) -> Self {
        self.length = Length::Other(length);
        self
    }

    /// Claims no length: the body ends with the connection.
    pub(crate) fn without_length(mut self) -> Self {
        self.length = Length::Nothing;
        self
    }

    /// Drops the connection after so many bytes of the body.
    pub(crate) fn cut_after(mut self, bytes: usize) -> Self {
        self.end = Some(bytes);
        self
    }

    /// Pauses before each byte of the body.
    pub(crate) fn dripping(mut self, pause: Duration) -> Self {
        self.drip = Some(pause);
        self
    }

    fn write(&self, stream: &mut TcpStream) -> io::Result<()> {
        if self.is_silent {
            return Ok(());
        }
        let mut head = format!("HTTP/1.1 {} Reply\r\nConnection: close\r\n", self.status);
        for (name, value) in &self.headers {
            head.extend([name, ": ", value, "\r\n"]);
        }
        let length = match self.length {
            Length::OfBody => format!("Content-Length: {}\r\n", self.body.len()),
            Length::Other(length) => format!("Content-Length: {length}\r\n"),
            Length::Nothing => String::new(),
        };
        stream.write_all(format!("{head}{length}\r\n").as_bytes())?;
        let body = &self.body[..self.end.unwrap_or(self.body.len()).min(self.body.len())];
        let Some(pause) = self.drip else { return stream.write_all(body) };
        for byte in body {
            thread::sleep(pause);
            stream.write_all(&[*byte])?;
        }
        Ok(())
    }
}

type Handler = Arc<dyn Fn(&Asked) -> Reply + Send + Sync>;

#[derive(Default)]
struct State {
    handlers: HashMap<String, Handler>,
    asked: Vec<Asked>,
    at_once: usize,
    most_at_once: usize,
}

/// A running server. It lives until the test ends.
pub(crate) struct Server {
    address: SocketAddr,
    state: Arc<Mutex<State>>,
}

impl Server {
    pub(crate) fn start() -> Self {
        Self::start_on("127.0.0.1")
    }

    /// Starts on another address of this machine, e.g. `127.0.0.2`.
    pub(crate) fn start_on(host: &str) -> Self {
        let listener = TcpListener::bind((host, 0)).unwrap();
        let server = Self { address: listener.local_addr().unwrap(), state: Arc::default() };
        let state = Arc::clone(&server.state);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let state = Arc::clone(&state);
                // A client that goes away early is no fault.
                thread::spawn(move || serve(stream, &state).ok());
            }
        });
        server
    }

    /// Answers a path, whatever the query, and returns its address.
    pub(crate) fn on(
        &self,
        path: &str,
        handler: impl Fn(&Asked) -> Reply + Send + Sync + 'static,
    ) -> Url {
        self.state.lock().unwrap().handlers.insert(path.to_owned(), Arc::new(handler));
        self.url(path)
    }

    /// Answers a path always with the same.
    pub(crate) fn always(&self, path: &str, reply: Reply) -> Url {
        self.on(path, move |_| reply.clone())
    }

    /// Answers a path with one reply after the other, and then always with the last.
    pub(crate) fn in_turn(&self, path: &str, replies: Vec<Reply>) -> Url {
        let next = Mutex::new(0);
        self.on(path, move |_| {
            let mut next = next.lock().unwrap();
            let reply = replies[*next].clone();
            *next = (*next + 1).min(replies.len() - 1);
            reply
        })
    }

    pub(crate) fn url(&self, path: &str) -> Url {
        format!("http://{}{path}", self.address).parse().unwrap()
    }

    /// The same address under the name `localhost`.
    pub(crate) fn localhost(&self, path: &str) -> Url {
        format!("http://localhost:{}{path}", self.address.port()).parse().unwrap()
    }

    /// What a path was asked, in order.
    pub(crate) fn asked(&self, path: &str) -> Vec<Asked> {
        let state = self.state.lock().unwrap();
        state.asked.iter().filter(|asked| asked.path == path).cloned().collect()
    }

    /// How often a path was asked.
    pub(crate) fn count(&self, path: &str) -> usize {
        self.asked(path).len()
    }

    /// The most requests that were answered at a time.
    pub(crate) fn most_at_once(&self) -> usize {
        self.state.lock().unwrap().most_at_once
    }
}

fn serve(mut stream: TcpStream, state: &Mutex<State>) -> io::Result<()> {
    let asked = read(&mut stream)?;
    let handler = {
        let mut state = state.lock().unwrap();
        state.at_once += 1;
        state.most_at_once = state.most_at_once.max(state.at_once);
        state.asked.push(asked.clone());
        state.handlers.get(&asked.path).cloned()
    };
    let reply = handler.map_or_else(|| Reply::status(404), |handler| handler(&asked));
    // The client may ask again as soon as it has the last byte.
    let is_counted_early = reply.drip.is_none();
    if is_counted_early {
        state.lock().unwrap().at_once -= 1;
    }
    let written = reply.write(&mut stream);
    if !is_counted_early {
        state.lock().unwrap().at_once -= 1;
    }
    written
}

fn read(stream: &mut TcpStream) -> io::Result<Asked> {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line)?;
    let mut words = line.split_whitespace();
    let mut asked =
        Asked { method: words.next().unwrap_or_default().to_owned(), ..Asked::default() };
    let target = words.next().unwrap_or_default();
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    (asked.path, asked.query) = (path.to_owned(), query.to_owned());
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let Some((name, value)) = line.trim_end().split_once(':') else { break };
        asked.headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
    let length = asked.header("content-length").and_then(|length| length.parse().ok());
    asked.body.resize(length.unwrap_or(0), 0);
    reader.read_exact(&mut asked.body)?;
    Ok(asked)
}
