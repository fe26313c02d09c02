//! Progress of long work: a bar on a terminal, plain lines elsewhere.

use std::{
    io::{self, IsTerminal, Write},
    time::Instant,
};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Number of plain lines: one for each tenth of the work.
const LINES: usize = 10;

/// Shows progress on standard error.
pub struct Progress {
    bar: Option<ProgressBar>,
    what: &'static str,
    begun: Instant,
    tenths: usize,
}

impl Progress {
    /// Creates a display; `what` names the items.
    pub fn new(what: &'static str) -> Self {
        let bar = io::stderr().is_terminal().then(|| {
            let style = if std::env::var_os("NO_COLOR").is_some() {
                "{msg} {wide_bar} {pos}/{len} {per_sec} {eta}"
            } else {
                "{msg} {wide_bar:.red/dim} {pos}/{len} {per_sec} {eta}"
            };
            let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
            bar.with_message(what)
                .with_style(ProgressStyle::with_template(style).expect("the template is valid"))
        });
        Self { bar, what, begun: Instant::now(), tenths: 0 }
    }

    /// Reports that `done` of `all` items are finished.
    pub fn update(&mut self, done: usize, all: usize) {
        match &self.bar {
            Some(bar) => {
                bar.set_length(all as u64);
                bar.set_position(done as u64);
            }
            None if done * LINES / all > self.tenths => {
                self.tenths = done * LINES / all;
                let seconds = self.begun.elapsed().as_secs_f64();
                let (what, rate) = (self.what, done as f64 / seconds);
                // A standard error that is closed or full must not end the work.
                let _ = writeln!(io::stderr(), "{what}: {done}/{all}, {rate:.1}/s");
            }
            None => {}
        }
    }

    /// Removes the bar.
    pub fn finish(self) {
        if let Some(bar) = self.bar {
            bar.finish_and_clear();
        }
    }
}
