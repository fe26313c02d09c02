//! The queue of log lines, and the thread that writes them.

use std::{
    io::{self, Write},
    mem,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use tracing_appender::non_blocking::{ErrorCounter, NonBlocking, NonBlockingBuilder, WorkerGuard};
use tracing_subscriber::fmt::MakeWriter;

/// Lines that may wait for a slow reader.
const WAITING_LINES: usize = 4096;
/// How long the end of the program may wait for lines that are not written yet.
const FLUSH: Duration = Duration::from_millis(300);

/// Both ends of the queue of lines in front of `out`.
pub(super) fn lines(out: impl Write + Send + 'static, colour: bool) -> (Sender, QueueGuard) {
    let counts = Arc::new(Counts::default());
    let writer = LineWriter { out, colour, counts: Arc::clone(&counts) };
    let (queue, worker) = NonBlockingBuilder::default()
        .lossy(true)
        .buffered_lines_limit(WAITING_LINES)
        .thread_name("log")
        .finish(writer);
    let _ = counts.refused.set(queue.error_counter());
    let guard = QueueGuard { worker: Some(worker), counts: Arc::clone(&counts) };
    (Sender { queue, counts }, guard)
}

/// What became of the lines so far.
#[derive(Default)]
struct Counts {
    /// Lines that were logged.
    sent: AtomicUsize,
    /// Lines that left the queue.
    taken: AtomicUsize,
    /// Lines that left the queue and could not be written.
    failed: AtomicUsize,
    /// Lost lines that were told of.
    told: AtomicUsize,
    /// Lines that found the queue full.
    refused: OnceLock<ErrorCounter>,
}

impl Counts {
    fn refused(&self) -> usize {
        self.refused.get().map_or(0, ErrorCounter::dropped_lines)
    }

    /// Lost lines that were not told of yet; they count as told from now on. None while the queue
    /// may be too full to take the line that tells.
    fn lost(&self) -> usize {
        if self.waiting() > WAITING_LINES / 2 {
            return 0;
        }
        let lost = self.refused() + self.failed.load(Ordering::Relaxed);
        lost - self.told.swap(lost, Ordering::Relaxed)
    }

    /// Lines in the queue.
    fn waiting(&self) -> usize {
        let gone = self.taken.load(Ordering::Acquire) + self.refused();
        self.sent.load(Ordering::Acquire).saturating_sub(gone)
    }
}

/// Puts lines into the queue.
pub(super) struct Sender {
    queue: NonBlocking,
    counts: Arc<Counts>,
}

impl<'a> MakeWriter<'a> for Sender {
    type Writer = NonBlocking;

    /// Is called once for each line.
    fn make_writer(&'a self) -> NonBlocking {
        self.counts.sent.fetch_add(1, Ordering::AcqRel);
        self.queue.clone()
    }
}

/// Writes lines on the thread of the log.
struct LineWriter<W> {
    out: W,
    colour: bool,
    counts: Arc<Counts>,
}

impl<W: Write> Write for LineWriter<W> {
    /// Takes one whole line and never fails, because nobody could act on it.
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let written = self.out.write_all(&one_line(line, self.colour));
        self.counts.taken.fetch_add(1, Ordering::AcqRel);
        if written.is_err() {
            self.counts.failed.fetch_add(1, Ordering::Relaxed);
        } else {
            let lost = self.counts.lost();
            if lost > 0 {
                tracing::warn!(lost, "log lines were lost because nothing read standard error");
            }
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        let _ = self.out.flush();
        Ok(())
    }
}

/// The line with every control character replaced but the last line feed and, in colour, escapes.
fn one_line(line: &[u8], colour: bool) -> Vec<u8> {
    let last = line.len().saturating_sub(1);
    let kept = |index: usize, byte: u8| {
        !byte.is_ascii_control() || (byte == b'\n' && index == last) || (colour && byte == 0x1b)
    };
    let bytes = line.iter().enumerate();
    bytes.map(|(index, &byte)| if kept(index, byte) { byte } else { b' ' }).collect()
}

/// Keeps the thread running. Dropping it waits a moment for lines that are not written yet.
pub(super) struct QueueGuard {
    worker: Option<WorkerGuard>,
    counts: Arc<Counts>,
}

impl Drop for QueueGuard {
    fn drop(&mut self) {
        let begun = Instant::now();
        while self.counts.waiting() > 0 && begun.elapsed() < FLUSH {
            thread::sleep(Duration::from_millis(2));
        }
        // The guard of the queue would wait longer and write to standard output if nobody reads
        // the log. The thread ends with the process.
        mem::forget(self.worker.take());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_do_not_reach_the_log() {
        assert_eq!(one_line(b"a\nb\r\x1b[31m\n", false), b"a b  [31m\n");
        assert_eq!(one_line(b"\x1b[31ma\tb\n", true), b"\x1b[31ma b\n");
    }
}
