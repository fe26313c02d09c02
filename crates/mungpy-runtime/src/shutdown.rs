//! The signal to stop: SIGTERM, or Ctrl-C.

use std::{io, process};

use tokio::signal::unix::{Signal, SignalKind, signal};

/// Listens from now on; the future completes when the process is asked to stop. A second signal
/// ends the process at once.
///
/// Must be called inside a tokio runtime.
///
/// # Errors
/// The operating system refuses the signal handlers.
pub fn requested() -> io::Result<impl Future<Output = ()> + Send + 'static> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(async move {
        next(&mut terminate, &mut interrupt).await;
        tokio::spawn(async move {
            let signal = next(&mut terminate, &mut interrupt).await;
            process::exit(128 + signal.as_raw_value());
        });
    })
}

/// Waits for the next signal to stop.
async fn next(terminate: &mut Signal, interrupt: &mut Signal) -> SignalKind {
    tokio::select! {
        _ = terminate.recv() => SignalKind::terminate(),
        _ = interrupt.recv() => SignalKind::interrupt(),
    }
}
