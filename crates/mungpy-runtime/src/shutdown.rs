//! The signal to stop: SIGTERM, or Ctrl-C.

use std::io;

use tokio::signal::unix::{SignalKind, signal};

/// Listens from now on; the future completes when the process is asked to stop.
///
/// Must be called inside a tokio runtime.
///
/// # Errors
/// The operating system refuses the signal handlers.
pub fn requested() -> io::Result<impl Future<Output = ()> + Send + 'static> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}
