//! The requests that wait for a worker: who is next, and who had better be refused now.
//!
//! As long as few wait, the one that came first is next. Under overload the newest is next: its
//! caller will still be there, while the older ones would all be answered just too late. A request
//! that cannot be answered in time, as far as one can tell, is refused at once.

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

use tokio::sync::oneshot;

/// How long a request may wait, whatever its deadline.
pub(super) const PATIENCE: Duration = Duration::from_secs(10);
/// Photos waiting for each worker from which on the queue counts as overloaded.
const CALM: usize = 4;
/// Weight of the latest measurement in the running estimate.
const WEIGHT: f64 = 0.2;
/// The shortest time after which to try again.
const SHORTEST_RETRY: Duration = Duration::from_millis(100);

/// What a request asks of a worker.
#[derive(Debug, Clone, Copy)]
pub(super) struct Job {
    /// Number of photos to measure.
    pub(super) photos: usize,
    /// When the request came.
    pub(super) arrival: Instant,
    /// When its caller stops waiting, if that is known.
    pub(super) deadline: Option<Instant>,
}

/// Why a request was not measured, and when to try again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Overload {
    /// How long the request would have to wait.
    pub(super) wait: Duration,
    /// When the queue will be empty if nobody else comes.
    pub(super) retry: Duration,
}

/// A request that waits; its caller is gone when the receiver is.
struct Waiting<T> {
    job: Job,
    turn: oneshot::Sender<Result<T, Overload>>,
}

/// The requests that wait for one of several workers of type `T`, in the order in which they came.
pub(super) struct Queue<T> {
    workers: usize,
    waiting: VecDeque<Waiting<T>>,
    /// Seconds that a worker takes for one photo: a running estimate.
    photo: Option<f64>,
}

impl<T> Queue<T> {
    pub(super) fn new(workers: usize) -> Self {
        Self { workers, waiting: VecDeque::new(), photo: None }
    }

    /// Takes note of how long a worker took for some photos.
    pub(super) fn learn(&mut self, photos: usize, took: Duration) {
        let latest = took.as_secs_f64() / photos.max(1) as f64;
        self.photo = Some(self.photo.map_or(latest, |known| known + WEIGHT * (latest - known)));
    }

    /// Lets a request wait for its turn, and refuses those for which it is now too late.
    pub(super) fn push(
        &mut self,
        job: Job,
        now: Instant,
    ) -> oneshot::Receiver<Result<T, Overload>> {
        let (turn, receiver) = oneshot::channel();
        self.waiting.retain(|waiting| !waiting.turn.is_closed());
        self.waiting.push_back(Waiting { job, turn });
        self.refuse_hopeless(now);
        receiver
    }

    /// The sender to hand an idle worker to. Callers who have gone and those whose time is up are
    /// passed over.
    pub(super) fn next(&mut self, now: Instant) -> Option<oneshot::Sender<Result<T, Overload>>> {
        loop {
            let newest = self.is_overloaded();
            let next = if newest { self.waiting.pop_back() } else { self.waiting.pop_front() }?;
            if next.turn.is_closed() {
                continue;
            }
            if now <= self.latest_start(&next.job) {
                return Some(next.turn);
            }
            let _ = next.turn.send(Err(self.overload(0)));
        }
    }

    /// Until when a request may wait.
    pub(super) fn latest_start(&self, job: &Job) -> Instant {
        let patient = job.arrival + PATIENCE;
        let in_time = job.deadline.map(|deadline| {
            let work = self.time(job.photos);
            // A deadline that is nearer than the work is long leaves no time to wait.
            deadline.checked_sub(work).unwrap_or(job.arrival)
        });
        in_time.map_or(patient, |in_time| in_time.min(patient))
    }

    /// What to tell a request that comes behind `ahead` photos.
    pub(super) fn overload(&self, ahead: usize) -> Overload {
        let all = self.waiting.iter().map(|waiting| waiting.job.photos).sum();
        Overload { wait: self.wait(ahead), retry: self.wait(all).clamp(SHORTEST_RETRY, PATIENCE) }
    }

    /// Refuses every request that cannot begin in time when those before it go first.
    fn refuse_hopeless(&mut self, now: Instant) {
        let mut order: Vec<usize> = (0..self.waiting.len()).collect();
        if self.is_overloaded() {
            order.reverse();
        }
        let (mut ahead, mut hopeless) = (0, Vec::new());
        for index in order {
            let job = self.waiting[index].job;
            if now + self.wait(ahead) > self.latest_start(&job) {
                hopeless.push((index, ahead));
            } else {
                ahead += job.photos;
            }
        }
        hopeless.sort_unstable();
        for (index, ahead) in hopeless.into_iter().rev() {
            let overload = self.overload(ahead);
            if let Some(refused) = self.waiting.remove(index) {
                let _ = refused.turn.send(Err(overload));
            }
        }
    }

    fn is_overloaded(&self) -> bool {
        let photos: usize = self.waiting.iter().map(|waiting| waiting.job.photos).sum();
        photos > CALM * self.workers
    }

    /// How long a worker takes for some photos, so far as is known.
    fn time(&self, photos: usize) -> Duration {
        Duration::from_secs_f64(self.photo.unwrap_or(0.0) * photos as f64)
    }

    /// How long a request waits behind `ahead` photos while every worker is busy.
    fn wait(&self, ahead: usize) -> Duration {
        self.time(ahead + 1) / self.workers as u32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Receiver = oneshot::Receiver<Result<u8, Overload>>;

    /// A queue for one worker who takes a second for a photo.
    fn queue() -> Queue<u8> {
        let mut queue = Queue::new(1);
        queue.learn(1, Duration::from_secs(1));
        queue
    }

    fn push(queue: &mut Queue<u8>, now: Instant, seconds: Option<u64>) -> Receiver {
        let deadline = seconds.map(|seconds| now + Duration::from_secs(seconds));
        queue.push(Job { photos: 1, arrival: now, deadline }, now)
    }

    fn is_refused(receiver: &mut Receiver) -> bool {
        matches!(receiver.try_recv(), Ok(Err(_)))
    }

    fn serve(queue: &mut Queue<u8>, now: Instant) {
        assert!(queue.next(now).unwrap().send(Ok(0)).is_ok());
    }

    #[test]
    fn a_deadline_before_the_expected_answer_is_refused_at_once() {
        let (mut queue, now) = (queue(), Instant::now());
        let mut patient = push(&mut queue, now, Some(60));
        // One is measured, one waits, and the third would be answered after three seconds.
        let mut hasty = push(&mut queue, now, Some(2));
        assert!(is_refused(&mut hasty) && !is_refused(&mut patient));
        let mut in_time = push(&mut queue, now, Some(4));
        assert!(!is_refused(&mut in_time));
    }

    #[test]
    fn first_come_first_served_until_too_many_wait() {
        let (mut queue, now) = (queue(), Instant::now());
        let mut waiting: Vec<_> = (0..CALM).map(|_| push(&mut queue, now, None)).collect();
        serve(&mut queue, now);
        assert!(waiting[0].try_recv().unwrap().is_ok());
        for _ in 0..2 {
            waiting.push(push(&mut queue, now, None));
        }
        serve(&mut queue, now);
        assert!(waiting[CALM + 1].try_recv().unwrap().is_ok(), "the newest");
        serve(&mut queue, now);
        assert!(waiting[1].try_recv().unwrap().is_ok(), "the oldest that is left");
    }

    #[test]
    fn under_overload_the_oldest_are_refused_and_the_queue_stays_short() {
        let (mut queue, now) = (queue(), Instant::now());
        let mut all: Vec<_> = (0..100).map(|_| push(&mut queue, now, None)).collect();
        let refused = all.iter_mut().filter_map(|one| one.try_recv().ok()).count();
        assert_eq!(refused, 90, "ten seconds of work may wait");
        let retry = queue.overload(0).retry;
        assert_eq!(retry, PATIENCE);
    }

    #[test]
    fn callers_who_have_gone_are_passed_over() {
        let (mut queue, now) = (queue(), Instant::now());
        drop(push(&mut queue, now, None));
        let mut second = push(&mut queue, now, None);
        serve(&mut queue, now);
        assert!(second.try_recv().unwrap().is_ok() && queue.waiting.is_empty());
    }

    #[test]
    fn who_waited_too_long_is_refused_when_his_turn_comes() {
        let (mut queue, now) = (queue(), Instant::now());
        let mut late = push(&mut queue, now, Some(5));
        assert!(queue.next(now + Duration::from_secs(5)).is_none());
        assert!(is_refused(&mut late));
    }
}
