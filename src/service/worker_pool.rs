//! The only admission: a fixed set of extractors that work for requests in turn.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use tokio::{task::spawn_blocking, time::timeout_at};

use super::{
    assignment::{Answer, Assignment, assign},
    queue::{Job, Overload, Queue, Turn},
};
use crate::extract::{ExtractError, Extractor};

/// Extractors for persons, one per request measured concurrently.
pub struct WorkerPool {
    size: usize,
    state: Mutex<State>,
}

struct State {
    idle: Vec<Extractor>,
    queue: Queue<dyn Assignment>,
}

/// Why work was not done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Undone {
    /// No worker is free in time.
    Overload(Overload),
    /// The deadline had passed before the work was asked for.
    Late,
    /// The work panicked.
    Panicked,
}

impl From<Overload> for Undone {
    fn from(overload: Overload) -> Self {
        Self::Overload(overload)
    }
}

impl WorkerPool {
    /// Creates `size` extractors, at least one: the given one and clones of it.
    pub fn new(extractor: Extractor, size: usize) -> Result<Self, ExtractError> {
        let mut idle = Vec::with_capacity(size);
        for _ in 1..size {
            idle.push(extractor.try_clone()?);
        }
        idle.push(extractor);
        let queue = Queue::new(idle.len());
        Ok(Self { size: idle.len(), state: Mutex::new(State { idle, queue }) })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Does work on a thread for blocking work, and waits for a worker as long as the answer can
    /// still be in time. Work whose caller has gone leaves the queue, or learns that nobody waits.
    pub(super) async fn run<T, W>(self: &Arc<Self>, job: Job, work: W) -> Result<T, Undone>
    where
        T: Send + 'static,
        W: FnOnce(&mut Extractor, &dyn Fn() -> bool) -> T + Send + 'static,
    {
        let (assignment, mut answer) = assign(work);
        let answer = match self.take_in(job, assignment)? {
            None => answer.wait().await,
            Some(latest) => {
                let mut place = Place { pool: self, answer };
                match timeout_at(latest.into(), place.answer.wait()).await {
                    Ok(answer) => answer,
                    Err(_) if place.answer.give_up() => {
                        return Err(self.state().queue.overload(0).into());
                    }
                    Err(_) => place.answer.wait().await,
                }
            }
        };
        Ok(answer.ok_or(Undone::Panicked)??)
    }

    /// Begins the work if a worker is idle, or lets it wait until the time that is returned.
    fn take_in(
        self: &Arc<Self>,
        job: Job,
        assignment: Box<dyn Assignment>,
    ) -> Result<Option<Instant>, Undone> {
        let now = Instant::now();
        if job.deadline.is_some_and(|deadline| deadline <= now) {
            return Err(Undone::Late);
        }
        let mut state = self.state();
        let Some(extractor) = state.idle.pop() else {
            state.queue.check(&job, now)?;
            state.queue.push(job, assignment);
            return Ok(Some(state.queue.latest_start(&job)));
        };
        drop(state);
        let pool = Arc::clone(self);
        spawn_blocking(move || pool.work_off(extractor, assignment));
        Ok(None)
    }

    /// Works until nobody waits. A thread that goes on by itself loses no time to waking another.
    fn work_off(&self, extractor: Extractor, first: Box<dyn Assignment>) {
        let mut turn = Some((extractor, first));
        while let Some((mut extractor, assignment)) = turn {
            let delivery = assignment.carry_out(&mut extractor);
            // A caller who asks again at once finds the worker free.
            turn = self.hand_on(extractor);
            if let Some(deliver) = delivery {
                deliver();
            }
        }
    }

    /// Gives an extractor to whose turn it is, or lets it rest.
    fn hand_on(&self, extractor: Extractor) -> Option<(Extractor, Box<dyn Assignment>)> {
        let mut state = self.state();
        let Turn { next, late } = state.queue.next(Instant::now());
        let turn = if let Some(next) = next {
            Some((extractor, next))
        } else {
            state.idle.push(extractor);
            None
        };
        drop(state);
        for (assignment, overload) in late {
            assignment.refuse(overload);
        }
        turn
    }

    /// Why a request would be refused if it came now, before anything of it is read; `None` if
    /// there is room for it.
    pub(super) fn overload(&self) -> Option<Overload> {
        let state = self.state();
        (state.idle.is_empty() && state.queue.is_full()).then(|| state.queue.overload_of_all())
    }

    /// Workers at work, and requests that wait for one.
    pub(super) fn load(&self) -> (usize, usize) {
        let state = self.state();
        (self.size - state.idle.len(), state.queue.len())
    }

    /// Number of workers.
    pub fn size(&self) -> usize {
        self.size
    }

    /// Takes note of how long a worker took for some photos.
    pub(super) fn learn(&self, photos: usize, took: Duration) {
        self.state().queue.learn(photos, took);
    }
}

/// A caller's place in the queue. One who leaves it takes the work along.
struct Place<'a, T> {
    pool: &'a WorkerPool,
    answer: Answer<T>,
}

impl<T> Drop for Place<'_, T> {
    fn drop(&mut self) {
        if self.answer.close() {
            // What the work holds is freed after the lock.
            let gone = self.pool.state().queue.take_given_up();
            drop(gone);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{
        path::Path,
        sync::mpsc,
        thread::{self, ThreadId},
    };

    use mungpy_core::face::Species;
    use tokio::task::{JoinHandle, yield_now};

    use super::*;
    use crate::vision::Models;

    /// A pool of one worker.
    fn pool() -> Arc<WorkerPool> {
        let models = Path::new(env!("CARGO_MANIFEST_DIR")).join("landmark-models");
        let extractor = Extractor::load(Species::Person, &Models::new(&[models])).unwrap();
        Arc::new(WorkerPool::new(extractor, 1).unwrap())
    }

    fn job() -> Job {
        Job { photos: 1, arrival: Instant::now(), deadline: None }
    }

    async fn until(load: (usize, usize), pool: &WorkerPool) {
        while pool.load() != load {
            yield_now().await;
        }
    }

    /// Keeps the worker busy until the sender is dropped. The work answers with its thread's id.
    async fn occupy(
        pool: &Arc<WorkerPool>,
    ) -> (mpsc::Sender<()>, JoinHandle<Result<ThreadId, Undone>>) {
        let (free, busy) = mpsc::channel();
        let work = move |_: &mut Extractor, _: &dyn Fn() -> bool| {
            let _ = busy.recv();
            thread::current().id()
        };
        let own = Arc::clone(pool);
        let first = tokio::spawn(async move { own.run(job(), work).await });
        until((1, 0), pool).await;
        (free, first)
    }

    #[tokio::test]
    async fn a_worker_goes_on_with_the_next_without_another_thread() {
        let pool = pool();
        let (free, first) = occupy(&pool).await;
        let second = tokio::spawn({
            let pool = Arc::clone(&pool);
            async move { pool.run(job(), |_, _| thread::current().id()).await }
        });
        until((1, 1), &pool).await;
        drop(free);
        let (first, second) = (first.await.unwrap(), second.await.unwrap());
        assert!(first.is_ok() && first == second);
        until((0, 0), &pool).await;
    }

    #[tokio::test]
    async fn a_panic_is_told_and_the_worker_goes_on() {
        let pool = pool();
        let panicked = pool.run(job(), |_, _| panic!("this panic belongs to the test")).await;
        assert_eq!(panicked, Err::<(), _>(Undone::Panicked));
        assert_eq!(pool.run(job(), |_, _| 7).await, Ok(7));
    }

    #[tokio::test]
    async fn a_caller_who_goes_takes_the_work_out_of_the_queue() {
        let pool = pool();
        let (free, first) = occupy(&pool).await;
        let held = Arc::new(());
        let waiting = tokio::spawn({
            let (pool, held) = (Arc::clone(&pool), Arc::clone(&held));
            async move { pool.run(job(), move |_, _| drop(held)).await }
        });
        until((1, 1), &pool).await;
        waiting.abort();
        assert!(waiting.await.unwrap_err().is_cancelled());
        assert_eq!((pool.load(), Arc::strong_count(&held)), ((1, 0), 1));
        drop(free);
        first.await.unwrap().unwrap();
    }

    #[tokio::test]
    async fn who_waits_in_vain_is_refused_and_the_work_is_never_done() {
        let pool = pool();
        let (free, first) = occupy(&pool).await;
        let (done, heard) = mpsc::channel();
        let soon = Job { deadline: Some(Instant::now() + Duration::from_millis(50)), ..job() };
        let refused = pool.run(soon, move |_, _| done.send(()).unwrap()).await;
        assert!(matches!(refused, Err(Undone::Overload(_))), "{refused:?}");
        assert_eq!(pool.load(), (1, 0));
        drop(free);
        first.await.unwrap().unwrap();
        assert!(heard.try_recv().is_err());
        let past = Job { deadline: Some(Instant::now()), ..job() };
        assert_eq!(pool.run(past, |_, _| ()).await, Err(Undone::Late));
    }

    #[tokio::test]
    async fn work_learns_that_its_caller_has_gone() {
        let (pool, (free, busy), (told, heard)) = (pool(), mpsc::channel::<()>(), mpsc::channel());
        let caller = tokio::spawn({
            let pool = Arc::clone(&pool);
            let work = move |_: &mut Extractor, wanted: &dyn Fn() -> bool| {
                told.send(wanted()).unwrap();
                let _ = busy.recv();
                told.send(wanted()).unwrap();
            };
            async move { pool.run(job(), work).await }
        });
        until((1, 0), &pool).await;
        caller.abort();
        assert!(caller.await.unwrap_err().is_cancelled());
        drop(free);
        let heard = tokio::task::spawn_blocking(move || (heard.recv(), heard.recv()));
        assert_eq!(heard.await.unwrap().1, Ok(false));
    }
}
