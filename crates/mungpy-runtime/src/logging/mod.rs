//! Log lines on standard error; the environment variable `MUNGPY_LOG` filters them.
//!
//! A thread of its own writes them, so that a log that nobody reads, a pipe that is closed or a
//! full disk never holds up or fails a request. Lines that cannot be kept are counted, and the
//! count is logged as soon as a line can be written again.
//!
//! The filter can be replaced while the program runs, see [`FilterHandle`].

mod queue;

use std::{
    env,
    io::{self, IsTerminal},
};

use mungpy_core::reason::{Reason, WithReason};
use queue::{QueueGuard, Sender};
use thiserror::Error;
use tracing::{Level, Subscriber};
use tracing_subscriber::{
    EnvFilter, Layer, Registry, filter::Directive, layer::Layered, prelude::*, reload,
};

/// Target of the spans of requests. Every filter lets those of level `ERROR` through, so that the
/// lines of a request always show its id.
pub const REQUEST_TARGET: &str = "mungpy::request";

/// A further receiver of spans, e.g. one that exports traces. It has a filter of its own.
pub type ExtraLayer = Box<dyn Layer<Registry> + Send + Sync>;
type Base = Layered<Option<ExtraLayer>, Registry>;
type LineLayer = Box<dyn Layer<Base> + Send + Sync>;

/// Format of the log lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// For people, in colour on a terminal unless `NO_COLOR` is set.
    Text,
    /// One JSON object per line.
    Json,
}

/// Starts logging for the whole process. `default` is the filter, e.g. `info`, unless `MUNGPY_LOG`
/// sets another. Keep the guard until the program ends.
pub fn start(default: &str, format: Format) -> Guard {
    start_with(None, default, format, None)
}

/// The same, with a further receiver of spans. `chosen` is a filter that wins over the environment.
pub fn start_with(
    chosen: Option<&str>,
    default: &str,
    format: Format,
    extra: Option<ExtraLayer>,
) -> Guard {
    let of_environment = || env::var("MUNGPY_LOG").ok();
    let chosen = chosen.map(str::to_owned).or_else(of_environment);
    let filter = chosen.and_then(|text| filter(&text).ok());
    let filter = filter.unwrap_or_else(|| with_requests(EnvFilter::new(default)));
    let (filter, handle) = reload::Layer::new(filter);
    let colour = io::stderr().is_terminal() && env::var_os("NO_COLOR").is_none();
    let (sender, queue) = queue::lines(io::stderr(), colour);
    subscriber(extra, line_layer(format, sender, colour), filter).init();
    Guard { filter: FilterHandle(handle), _queue: queue }
}

fn subscriber(
    extra: Option<ExtraLayer>,
    lines: LineLayer,
    filter: reload::Layer<EnvFilter, Base>,
) -> impl Subscriber + Send + Sync {
    tracing_subscriber::registry().with(extra).with(lines.with_filter(filter))
}

fn line_layer(format: Format, sender: Sender, colour: bool) -> LineLayer {
    let lines = tracing_subscriber::fmt::layer()
        .with_writer(sender)
        .log_internal_errors(false)
        .with_ansi(colour);
    match format {
        Format::Text => Box::new(lines),
        Format::Json => Box::new(lines.json()),
    }
}

fn filter(text: &str) -> Result<EnvFilter, FilterError> {
    let parsed = EnvFilter::builder().parse(text);
    parsed.map(with_requests).map_err(|error| FilterError(error.to_string()))
}

fn with_requests(filter: EnvFilter) -> EnvFilter {
    let directive: Result<Directive, _> = format!("{REQUEST_TARGET}={}", Level::ERROR).parse();
    match directive {
        Ok(directive) => filter.add_directive(directive),
        Err(_) => filter,
    }
}

/// A filter of log lines that is not understood.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("the log filter is not understood: {0}; write it like `info` or `warn,mungpy=debug`")]
pub struct FilterError(String);

impl WithReason for FilterError {
    fn reason(&self) -> Reason {
        Reason::ConfigInvalid
    }
}

/// Replaces the filter of the log lines while the program runs.
#[derive(Clone)]
pub struct FilterHandle(reload::Handle<EnvFilter, Base>);

impl FilterHandle {
    /// Lets through what `text` says from now on, e.g. `warn,mungpy=debug`. On an error the filter
    /// stays.
    pub fn replace(&self, text: &str) -> Result<(), FilterError> {
        // The log outlives every handle, so there is always a filter to replace.
        let _ = self.0.reload(filter(text)?);
        Ok(())
    }
}

/// Keeps the log running. Dropping it waits a moment for lines that are not written yet.
#[must_use = "dropping the guard ends the log"]
pub struct Guard {
    filter: FilterHandle,
    _queue: QueueGuard,
}

impl Guard {
    /// Replaces the filter, e.g. when the settings are read again.
    pub fn filter(&self) -> FilterHandle {
        self.filter.clone()
    }
}

#[cfg(test)]
mod tests {
    use std::{
        io::Write,
        sync::{Arc, Mutex},
    };

    use tracing::{error_span, info_span, subscriber::with_default};

    use super::*;

    #[derive(Clone, Default)]
    struct Page(Arc<Mutex<Vec<u8>>>);

    impl Write for Page {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// The lines of `work` under a filter.
    fn logged(text: &str, format: Format, work: impl FnOnce(&FilterHandle)) -> Vec<String> {
        let page = Page::default();
        let (filter, handle) = reload::Layer::new(filter(text).unwrap());
        let (sender, queue) = queue::lines(page.clone(), false);
        with_default(subscriber(None, line_layer(format, sender, false), filter), || {
            work(&FilterHandle(handle));
        });
        drop(queue);
        let written = String::from_utf8(page.0.lock().unwrap().clone()).unwrap();
        written.lines().map(ToOwned::to_owned).collect()
    }

    fn request() -> tracing::Span {
        error_span!(target: REQUEST_TARGET, "request", request_id = "r-7")
    }

    #[test]
    fn every_line_of_a_request_shows_its_id() {
        for text in ["info", "warn", "mungpy_runtime=warn", "off,mungpy_runtime=trace"] {
            let shown = logged(text, Format::Text, |_| {
                request().in_scope(|| tracing::warn!("slow"));
            });
            assert_eq!(shown.len(), 1, "{text}");
            assert!(shown[0].contains("request{request_id=\"r-7\"}"), "{text}: {shown:?}");
        }
    }

    #[test]
    fn lines_in_json_show_the_fields_of_their_spans() {
        let shown = logged("info", Format::Json, |_| {
            request().in_scope(|| {
                info_span!("decode").in_scope(|| tracing::info!(pixels = 12, "done"));
            });
        });
        let [line] = &shown[..] else { panic!("{shown:?}") };
        assert!(line.starts_with('{') && line.ends_with('}'), "{line}");
        assert!(line.contains(r#""pixels":12"#), "{line}");
        assert!(line.contains(r#""request_id":"r-7""#), "{line}");
    }

    #[test]
    fn a_filter_is_replaced_while_the_program_runs() {
        let shown = logged("warn", Format::Text, |filter| {
            tracing::info!("before");
            filter.replace("info").unwrap();
            tracing::info!("after");
            let error = filter.replace("mungpy=loud").unwrap_err();
            assert_eq!(error.reason(), Reason::ConfigInvalid);
            tracing::info!("still");
            filter.replace("off").unwrap();
            tracing::error!("silent");
        });
        let ends: Vec<_> = shown.iter().filter_map(|line| line.rsplit(' ').next()).collect();
        assert_eq!(ends, ["after", "still"]);
    }

    #[test]
    fn an_extra_layer_gets_spans_that_no_line_shows() {
        #[derive(Clone, Default)]
        struct Names(Arc<Mutex<Vec<&'static str>>>);
        impl Layer<Registry> for Names {
            fn on_new_span(
                &self,
                attributes: &tracing::span::Attributes<'_>,
                _: &tracing::Id,
                _: tracing_subscriber::layer::Context<'_, Registry>,
            ) {
                self.0.lock().unwrap().push(attributes.metadata().name());
            }
        }
        let (names, page) = (Names::default(), Page::default());
        let (filter, _handle) = reload::Layer::new(filter("error").unwrap());
        let (sender, queue) = queue::lines(page.clone(), false);
        let extra: ExtraLayer = Box::new(names.clone());
        let lines = line_layer(Format::Text, sender, false);
        with_default(subscriber(Some(extra), lines, filter), || {
            request().in_scope(|| info_span!("decode").in_scope(|| tracing::info!("hidden")));
        });
        drop(queue);
        assert_eq!(*names.0.lock().unwrap(), ["request", "decode"]);
        assert!(page.0.lock().unwrap().is_empty());
    }
}
