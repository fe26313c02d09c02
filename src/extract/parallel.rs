//! Distributes photos over worker threads.

use std::{
    sync::{Mutex, PoisonError, mpsc},
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
    sink: impl FnMut(usize, R) -> Result<(), E>,
) -> Result<(), E> {
    let one = |extractor: &mut Extractor, items: Vec<&T>| {
        items.into_iter().map(|item| work(extractor, item)).collect()
    };
    for_each_batch(extractor, Workers { count: workers, batch_size: 1 }, items.iter(), one, sink)
}

/// The threads that measure.
#[derive(Debug, Clone, Copy)]
pub struct Workers {
    /// How many, at least one.
    pub count: usize,
    /// Photos that each takes at once, at least one.
    pub batch_size: usize,
}

/// The same for batches of items that follow each other. `work` gives one result for each item. The
/// items may come as slowly as they like.
pub fn for_each_batch<T: Send, R: Send, E: From<ExtractError>>(
    extractor: Extractor,
    workers: Workers,
    items: impl Iterator<Item = T> + Send,
    work: impl Fn(&mut Extractor, Vec<T>) -> Vec<R> + Sync,
    mut sink: impl FnMut(usize, R) -> Result<(), E>,
) -> Result<(), E> {
    let batch_size = workers.batch_size.max(1);
    let most = items.size_hint().1.unwrap_or(usize::MAX).div_ceil(batch_size).max(1);
    let count = workers.count.clamp(1, most);
    let mut extractors = vec![extractor];
    while extractors.len() < count {
        extractors.push(extractors[0].try_clone()?);
    }
    // Moved into the scope, so that whoever makes the items sees when nobody takes them any more.
    let items = Mutex::new(items.fuse().enumerate());
    let (items, work) = (&items, &work);
    let take = move || -> Vec<(usize, T)> {
        let mut items = items.lock().unwrap_or_else(PoisonError::into_inner);
        items.by_ref().take(batch_size).collect()
    };
    // Bounded, so results do not pile up in front of a slow sink.
    let (send, results) = mpsc::sync_channel(2 * count * batch_size);
    thread::scope(|scope| {
        for (started, mut extractor) in extractors.into_iter().enumerate() {
            let send = send.clone();
            let worker = move || {
                loop {
                    let (numbers, batch): (Vec<usize>, Vec<T>) = take().into_iter().unzip();
                    if batch.is_empty() {
                        return;
                    }
                    for result in numbers.into_iter().zip(work(&mut extractor, batch)) {
                        if send.send(result).is_err() {
                            return;
                        }
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
