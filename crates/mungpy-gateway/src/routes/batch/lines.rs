//! A body cut into lines.

use axum::body::{Body, BodyDataStream};
use bytes::{Buf, Bytes, BytesMut};
use futures_util::StreamExt;
use mungpy_core::reason::Reason;
use mungpy_proto::limits::MAX_REQUEST_BYTES;
use mungpy_transport::Limits;

use crate::problem::{Problem, body_error};

/// Longest line, in bytes: five photos in base64 and the rest.
const MAX_LINE: usize = MAX_REQUEST_BYTES / 3 * 4 + 64 * 1024;

/// A body cut into lines.
pub(super) struct Lines {
    body: BodyDataStream,
    buffer: BytesMut,
    /// Bytes at the head of the buffer that hold no end of a line.
    searched: usize,
    /// What the transport has charged for what was read and is not part of a line yet.
    charged: usize,
    has_ended: bool,
}

/// A line, and what the transport has charged for it.
pub(super) struct Line {
    pub(super) text: Bytes,
    pub(super) charged: usize,
}

impl Lines {
    pub(super) fn new(body: Body) -> Self {
        Self {
            body: body.into_data_stream(),
            buffer: BytesMut::new(),
            searched: 0,
            charged: 0,
            has_ended: false,
        }
    }

    /// The next line that is not empty.
    pub(super) async fn next(&mut self) -> Result<Option<Line>, Problem> {
        loop {
            while let Some(line) = self.cut() {
                if !line.text.trim_ascii().is_empty() {
                    return Ok(Some(line));
                }
                // Nobody gives back what empty lines cost.
                self.charged += line.charged;
            }
            if self.has_ended {
                return Ok(None);
            }
            if self.buffer.len() > MAX_LINE {
                let detail =
                    format!("a line has more bytes than the limit of {MAX_LINE}; send it in parts");
                return Err(Problem::new(Reason::RequestTooLarge, detail));
            }
            self.read().await?;
        }
    }

    async fn read(&mut self) -> Result<(), Problem> {
        match self.body.next().await {
            Some(Ok(chunk)) => {
                self.charged += chunk.len() + Limits::FRAME_COST;
                self.buffer.extend_from_slice(&chunk);
                Ok(())
            }
            Some(Err(error)) => Err(match body_error(&error) {
                Some(error) => Problem::of_body(error),
                None => Problem::new(Reason::RequestBroken, "the body ended early; try again"),
            }),
            None => {
                self.has_ended = true;
                Ok(())
            }
        }
    }

    /// Takes a whole line off the buffer. The last one needs no end.
    fn cut(&mut self) -> Option<Line> {
        let end = self.buffer[self.searched..].iter().position(|byte| *byte == b'\n');
        let Some(end) = end.map(|end| end + self.searched) else {
            self.searched = self.buffer.len();
            if !self.has_ended || self.buffer.is_empty() {
                return None;
            }
            self.searched = 0;
            return Some(self.line(self.buffer.len()));
        };
        self.searched = 0;
        let line = self.line(end);
        self.buffer.advance(1);
        Some(line)
    }

    fn line(&mut self, length: usize) -> Line {
        let text = self.buffer.split_to(length).freeze();
        let charged = self.charged.saturating_sub(self.buffer.len());
        self.charged -= charged;
        Line { text, charged }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn lines(chunks: &[&'static str]) -> (Vec<String>, usize) {
        let chunks: Vec<_> = chunks.iter().map(|chunk| Ok::<_, axum::Error>(*chunk)).collect();
        let body = Body::from_stream(futures_util::stream::iter(chunks));
        let (mut lines, mut found, mut charged) = (Lines::new(body), Vec::new(), 0);
        while let Some(line) = lines.next().await.unwrap() {
            charged += line.charged;
            found.push(String::from_utf8(line.text.to_vec()).unwrap());
        }
        (found, charged)
    }

    #[tokio::test]
    async fn lines_are_cut_wherever_chunks_end() {
        let (found, charged) = lines(&["a\nb", "b\n", "\n", "c", "c"]).await;
        assert_eq!(found, ["a", "bb", "cc"]);
        assert_eq!(charged, "a\nbb\n\ncc".len() + 5 * Limits::FRAME_COST);
        assert_eq!(lines(&["a\r\n\r\n"]).await.0, ["a\r"]);
        assert!(lines(&[]).await.0.is_empty());
    }
}
