//! A collector of traces that keeps what it is sent, byte for byte.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
};

/// A collector of traces (OTLP over HTTP) on a port of its own.
pub(crate) struct Collector {
    pub(crate) url: String,
    received: Arc<Mutex<Vec<u8>>>,
}

impl Collector {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let received: Arc<Mutex<Vec<u8>>> = Arc::default();
        let kept = Arc::clone(&received);
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let kept = Arc::clone(&kept);
                thread::spawn(move || while collect(&stream, &kept).is_some() {});
            }
        });
        Self { url, received }
    }

    /// All bodies so far.
    pub(crate) fn received(&self) -> Vec<u8> {
        self.received.lock().unwrap().clone()
    }

    /// How many spans of this name came.
    pub(crate) fn spans(&self, name: &str) -> usize {
        // Field 5 of a span, a string of this length.
        let field = [&[0x2a, name.len() as u8], name.as_bytes()].concat();
        self.received().windows(field.len()).filter(|window| *window == field).count()
    }
}

/// Reads a request and answers it; `None` at the end of the connection.
fn collect(stream: &TcpStream, kept: &Mutex<Vec<u8>>) -> Option<()> {
    let (mut reader, mut length) = (BufReader::new(stream), 0);
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
        if line.trim().is_empty() {
            break;
        }
        let (name, value) = line.split_once(':').unwrap_or_default();
        if name.eq_ignore_ascii_case("content-length") {
            length = value.trim().parse().unwrap();
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    kept.lock().unwrap().extend(body);
    let mut stream = stream;
    stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").ok()
}
