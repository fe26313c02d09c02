//! Distributes photos over worker threads.

use std::{
    sync::{
        atomic::{AtomicUsize, Ordering},
        mpsc,
    },
    thread,
};

use super::{ExtractError, Extractor};

/// Runs `work` for each item on `workers` threads, each with its own clone of the extractor. `sink`
/// gets the results on this thread as they complete, with the number of the item; an error from it
/// stops everything.
pub fn for_each_parallel<T: Sync, R: Send, E: From<ExtractError>>(
    extractor: Extractor,
    workers: usize,
    items: &[T],
    work: impl Fn(&mut Extractor, &T) -> R + Sync,
    mut sink: impl FnMut(usize, R) -> Result<(), E>,
) -> Result<(), E> {
    let workers = workers.clamp(1, items.len().max(1));
    let mut extractors = vec![extractor];
    while extractors.len() < workers {
        extractors.push(extractors[0].try_clone()?);
    }
    let (next, work) = (&AtomicUsize::new(0), &work);
    // Bounded, so results do not pile up in front of a slow sink.
    let (send, results) = mpsc::sync_channel(2 * workers);
    thread::scope(|scope| {
        for (started, mut extractor) in extractors.into_iter().enumerate() {
            let send = send.clone();
            let worker = move || {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    let Some(item) = items.get(number) else { return };
                    if send.send((number, work(&mut extractor, item))).is_err() {
                        return;
                    }
                }
            };
            // Some workers do all of the work as well, if the system grants no more threads.
            match thread::Builder::new().spawn_scoped(scope, worker) {
                Ok(_) => {}
                Err(error) if started > 0 => {
                    tracing::warn!(%error, started, "fewer workers than asked for");
                    break;
                }
                Err(error) => panic!("no thread can be started: {error}"),
            }
        }
        drop(send);
        // This consumes the receiver. If the sink fails, the receiver is dropped and the workers
        // stop at their next result.
        results.into_iter().try_for_each(|(number, result)| sink(number, result))
    })
}
