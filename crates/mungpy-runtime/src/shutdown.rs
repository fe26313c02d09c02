//! The signals that programs listen to: SIGTERM and Ctrl-C to stop, SIGUSR1 to act now,
//! SIGHUP to read the settings again.

use std::{io, process, thread};

use tokio::{
    runtime,
    signal::unix::{Signal, SignalKind, signal},
};

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

/// Listens on a thread of its own, for programs without a tokio runtime: calls `stop` when the
/// process is asked to stop, and `wake` at each SIGUSR1. A second request to stop ends the process
/// at once.
///
/// # Errors
/// The operating system refuses the thread or the signal handlers.
pub fn listen(
    stop: impl FnOnce() + Send + 'static,
    wake: impl Fn() + Send + 'static,
) -> io::Result<()> {
    let runtime = runtime::Builder::new_current_thread().enable_io().build()?;
    let (stopped, user) = {
        let _inside = runtime.enter();
        (requested()?, woken(wake)?)
    };
    thread::Builder::new().name("signals".to_owned()).spawn(move || {
        runtime.block_on(async {
            tokio::select! {
                () = stopped => {}
                () = user => {}
            }
            stop();
            // A second signal is seen by the task that the first one has started.
            std::future::pending::<()>().await;
        });
    })?;
    Ok(())
}

/// Calls `wake` at each SIGUSR1, for ever.
///
/// # Errors
/// The operating system refuses the signal handler.
pub fn woken(wake: impl Fn() + Send + 'static) -> io::Result<impl Future<Output = ()> + Send> {
    each(SignalKind::user_defined1(), wake)
}

/// Calls `reload` at each SIGHUP, for ever.
///
/// # Errors
/// The operating system refuses the signal handler.
pub fn hung_up(reload: impl Fn() + Send + 'static) -> io::Result<impl Future<Output = ()> + Send> {
    each(SignalKind::hangup(), reload)
}

fn each(
    kind: SignalKind,
    act: impl Fn() + Send + 'static,
) -> io::Result<impl Future<Output = ()> + Send> {
    let mut signals = signal(kind)?;
    Ok(async move {
        while signals.recv().await.is_some() {
            act();
        }
    })
}

/// Waits for the next signal to stop.
async fn next(terminate: &mut Signal, interrupt: &mut Signal) -> SignalKind {
    tokio::select! {
        _ = terminate.recv() => SignalKind::terminate(),
        _ = interrupt.recv() => SignalKind::interrupt(),
    }
}
