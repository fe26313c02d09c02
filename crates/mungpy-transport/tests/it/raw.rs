//! HTTP/2 frames written by hand.

use std::{io, net::SocketAddr, time::Duration};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::{sleep, timeout},
};

pub(crate) const DATA: u8 = 0;
pub(crate) const HEADERS: u8 = 1;
pub(crate) const RST_STREAM: u8 = 3;
pub(crate) const SETTINGS: u8 = 4;
pub(crate) const PING: u8 = 6;
pub(crate) const GOAWAY: u8 = 7;
pub(crate) const WINDOW_UPDATE: u8 = 8;
pub(crate) const CONTINUATION: u8 = 9;

pub(crate) const END_STREAM: u8 = 1;
pub(crate) const ACK: u8 = 1;
pub(crate) const END_HEADERS: u8 = 4;

pub(crate) const INITIAL_WINDOW_SIZE: u16 = 4;

/// A connection that is not closed by then never is.
const PATIENCE: Duration = Duration::from_secs(20);

/// A frame.
#[derive(Debug)]
pub(crate) struct Frame {
    pub(crate) kind: u8,
    pub(crate) payload: Vec<u8>,
}

pub(crate) fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    let mut bytes = length[1..].to_vec();
    bytes.extend([kind, flags]);
    bytes.extend(stream.to_be_bytes());
    bytes.extend(payload);
    bytes
}

/// The head of `GET path`, HPACK without compression.
pub(crate) fn get(path: &str) -> Vec<u8> {
    let mut head = vec![0x82, 0x86, 0x01, 1, b'a', 0x04, u8::try_from(path.len()).unwrap()];
    head.extend(path.as_bytes());
    head
}

pub(crate) fn setting(name: u16, value: u32) -> Vec<u8> {
    [&name.to_be_bytes()[..], &value.to_be_bytes()[..]].concat()
}

/// A connection whose caller writes what it likes.
pub(crate) struct Raw(pub(crate) TcpStream);

impl Raw {
    /// Connects, and begins as HTTP/2 wants it.
    pub(crate) async fn connect(address: SocketAddr, settings: &[u8]) -> Self {
        let mut raw = Self(TcpStream::connect(address).await.unwrap());
        raw.send(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").await.unwrap();
        raw.send(&frame(SETTINGS, 0, 0, settings)).await.unwrap();
        raw
    }

    pub(crate) async fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.0.write_all(bytes).await
    }

    /// Asks for a path.
    pub(crate) async fn ask(&mut self, stream: u32, path: &str) -> io::Result<()> {
        self.send(&frame(HEADERS, END_HEADERS | END_STREAM, stream, &get(path))).await
    }

    /// The next part of an answer, unless the connection ends before.
    pub(crate) async fn part(&mut self) -> Option<String> {
        let part = async {
            loop {
                let frame = self.next().await.ok()?;
                if frame.kind == DATA && !frame.payload.is_empty() {
                    return Some(String::from_utf8(frame.payload).unwrap());
                }
            }
        };
        timeout(PATIENCE, part).await.expect("neither a part nor the end comes")
    }

    /// Takes `all` bytes of an answer of stream 1, of which some were received before; pauses whenever
    /// the window is used up.
    pub(crate) async fn take_slowly(&mut self, mut received: usize, all: usize, pause: Duration) {
        const WINDOW: u32 = 65_535;
        let mut window = WINDOW as usize - received;
        while received < all {
            let taken = self.part().await.expect("a slow caller is cut off").len();
            received += taken;
            window -= taken;
            if window == 0 {
                sleep(pause).await;
                for stream in [0, 1] {
                    let more = frame(WINDOW_UPDATE, 0, stream, &WINDOW.to_be_bytes());
                    self.send(&more).await.unwrap();
                }
                window = WINDOW as usize;
            }
        }
        assert_eq!(received, all);
    }

    /// The next frame. Answers pings and settings.
    pub(crate) async fn next(&mut self) -> io::Result<Frame> {
        let mut head = [0; 9];
        self.0.read_exact(&mut head).await?;
        let [a, b, c, kind, flags, ..] = head;
        let mut payload = vec![0; u32::from_be_bytes([0, a, b, c]) as usize];
        self.0.read_exact(&mut payload).await?;
        if flags & ACK == 0 && kind == PING {
            self.send(&frame(PING, ACK, 0, &payload)).await?;
        } else if flags & ACK == 0 && kind == SETTINGS {
            self.send(&frame(SETTINGS, ACK, 0, &[])).await?;
        }
        Ok(Frame { kind, payload })
    }

    /// Reads until the connection ends; returns the errors of the farewells.
    pub(crate) async fn end(&mut self) -> Vec<u32> {
        let mut errors = Vec::new();
        let end = async {
            while let Ok(frame) = self.next().await {
                if frame.kind == GOAWAY {
                    let error = frame.payload[4..8].try_into().unwrap();
                    errors.push(u32::from_be_bytes(error));
                }
            }
        };
        timeout(PATIENCE, end).await.expect("the server keeps the connection");
        errors
    }
}
