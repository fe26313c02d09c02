//! The requests that wait for a worker: who is next, and who had better be refused now.
//!
//! The one that came first is next. A request that finds the queue full, or that cannot be answered
//! in time as far as one can tell, is refused at once.

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

/// How long a request may wait, whatever its deadline.
pub(super) const PATIENCE: Duration = Duration::from_secs(10);
/// Photos that may wait for each worker. At 40 ms a photo, the last one waits for little more than
/// a second; more would only make everybody wait longer.
const WAITING: usize = 32;
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

/// Work that waits in a queue.
pub(super) trait Queued: Send {
    /// Whether nobody waits for it any more.
    fn is_given_up(&self) -> bool;

    /// Tells its caller that it will not be done.
    fn refuse(self: Box<Self>, overload: Overload);
}

struct Waiting<T: ?Sized> {
    job: Job,
    work: Box<T>,
}

/// The requests that wait for one of several workers, in the order in which they came.
pub(super) struct Queue<T: ?Sized> {
    workers: usize,
    waiting: VecDeque<Waiting<T>>,
    /// Seconds that a worker takes for one photo: a running estimate.
    photo: Option<f64>,
}

/// Whose turn it is, and who was passed over. The latter are told, or dropped, without a lock: they
/// hold photos.
pub(super) struct Turn<T: ?Sized> {
    pub(super) next: Option<Box<T>>,
    pub(super) late: Vec<(Box<T>, Overload)>,
}

impl<T: Queued + ?Sized> Queue<T> {
    pub(super) fn new(workers: usize) -> Self {
        Self { workers, waiting: VecDeque::new(), photo: None }
    }

    /// Takes note of how long a worker took for some photos.
    pub(super) fn learn(&mut self, photos: usize, took: Duration) {
        let latest = took.as_secs_f64() / photos.max(1) as f64;
        self.photo = Some(self.photo.map_or(latest, |known| known + WEIGHT * (latest - known)));
    }

    /// Whether the queue has no room for one more photo.
    pub(super) fn is_full(&self) -> bool {
        self.photos() >= WAITING * self.workers
    }

    /// Number of requests that wait.
    pub(super) fn len(&self) -> usize {
        self.waiting.len()
    }

    /// Whether a request may wait. It is refused for want of room or time.
    pub(super) fn check(&self, job: &Job, now: Instant) -> Result<(), Overload> {
        let ahead = self.photos();
        // A request of several photos may fill the queue, but none may overfill it.
        if self.is_full() || now + self.wait(ahead) > self.latest_start(job) {
            return Err(self.overload(ahead));
        }
        Ok(())
    }

    /// Lets a request wait behind the others.
    pub(super) fn push(&mut self, job: Job, work: Box<T>) {
        self.waiting.push_back(Waiting { job, work });
    }

    /// What to tell a request that comes behind all that wait.
    pub(super) fn overload_of_all(&self) -> Overload {
        self.overload(self.photos())
    }

    /// Takes out those whose callers have gone.
    pub(super) fn take_given_up(&mut self) -> Vec<Box<T>> {
        let all = std::mem::take(&mut self.waiting).into_iter();
        let (gone, waiting): (VecDeque<_>, VecDeque<_>) =
            all.partition(|waiting| waiting.work.is_given_up());
        self.waiting = waiting;
        gone.into_iter().map(|waiting| waiting.work).collect()
    }

    fn photos(&self) -> usize {
        self.waiting.iter().map(|waiting| waiting.job.photos).sum()
    }

    /// Whose turn it is. Callers who have gone and those whose time is up are passed over.
    pub(super) fn next(&mut self, now: Instant) -> Turn<T> {
        let mut late = Vec::new();
        while let Some(Waiting { job, work }) = self.waiting.pop_front() {
            if !work.is_given_up() && now <= self.latest_start(&job) {
                return Turn { next: Some(work), late };
            }
            late.push((work, self.overload(0)));
        }
        Turn { next: None, late }
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
        Overload {
            wait: self.wait(ahead),
            retry: self.wait(self.photos()).clamp(SHORTEST_RETRY, PATIENCE),
        }
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
    use tokio::sync::oneshot;

    use super::*;

    type Caller = oneshot::Sender<Result<u8, Overload>>;

    impl Queued for Caller {
        fn is_given_up(&self) -> bool {
            self.is_closed()
        }

        fn refuse(self: Box<Self>, overload: Overload) {
            let _ = self.send(Err(overload));
        }
    }

    /// A queue for one worker who takes a second for a photo.
    fn queue() -> Queue<Caller> {
        let mut queue = Queue::new(1);
        queue.learn(1, Duration::from_secs(1));
        queue
    }

    fn push(
        queue: &mut Queue<Caller>,
        now: Instant,
        seconds: Option<u64>,
    ) -> Result<oneshot::Receiver<Result<u8, Overload>>, Overload> {
        let deadline = seconds.map(|seconds| now + Duration::from_secs(seconds));
        let job = Job { photos: 1, arrival: now, deadline };
        queue.check(&job, now)?;
        let (caller, receiver) = oneshot::channel();
        queue.push(job, Box::new(caller));
        Ok(receiver)
    }

    fn serve(queue: &mut Queue<Caller>, now: Instant) {
        assert!(queue.next(now).next.unwrap().send(Ok(0)).is_ok());
    }

    #[test]
    fn a_deadline_before_the_expected_answer_is_refused_at_once() {
        let (mut queue, now) = (queue(), Instant::now());
        let patient = push(&mut queue, now, Some(60));
        assert!(patient.is_ok());
        // One is measured, one waits, and the third would be answered after three seconds.
        assert!(push(&mut queue, now, Some(2)).is_err());
        assert!(push(&mut queue, now, Some(4)).is_ok());
    }

    #[test]
    fn first_come_first_served() {
        let (mut queue, now) = (queue(), Instant::now());
        let mut waiting: Vec<_> = (0..3).map(|_| push(&mut queue, now, None).unwrap()).collect();
        for receiver in &mut waiting {
            serve(&mut queue, now);
            assert!(receiver.try_recv().unwrap().is_ok());
        }
    }

    #[test]
    fn a_full_queue_refuses_at_once_and_says_when_to_try_again() {
        let mut queue = Queue::new(2);
        queue.learn(1, Duration::from_millis(40));
        let now = Instant::now();
        let kept: Vec<_> = (0..200).filter_map(|_| push(&mut queue, now, None).ok()).collect();
        assert_eq!(kept.len(), 2 * WAITING);
        assert!(queue.is_full());
        let overload = push(&mut queue, now, None).unwrap_err();
        assert!((1.0..2.0).contains(&overload.retry.as_secs_f64()), "{overload:?}");
        drop(kept);
        assert_eq!(queue.take_given_up().len(), 2 * WAITING);
        assert!(!queue.is_full(), "callers who have gone leave room");
        assert_eq!(queue.len(), 0);
    }

    #[test]
    fn no_request_waits_longer_than_the_server_is_patient() {
        let (mut queue, now) = (queue(), Instant::now());
        let kept = (0..100).filter_map(|_| push(&mut queue, now, None).ok()).collect::<Vec<_>>();
        assert_eq!(kept.len(), 10, "ten seconds of work may wait");
        assert_eq!(queue.overload(0).retry, PATIENCE);
    }

    #[test]
    fn callers_who_have_gone_are_passed_over() {
        let (mut queue, now) = (queue(), Instant::now());
        drop(push(&mut queue, now, None).unwrap());
        let mut second = push(&mut queue, now, None).unwrap();
        serve(&mut queue, now);
        assert!(second.try_recv().unwrap().is_ok() && queue.waiting.is_empty());
    }

    #[test]
    fn who_waited_too_long_is_refused_when_his_turn_comes() {
        let (mut queue, now) = (queue(), Instant::now());
        let mut late = push(&mut queue, now, Some(5)).unwrap();
        let turn = queue.next(now + Duration::from_secs(5));
        assert!(turn.next.is_none());
        for (work, overload) in turn.late {
            work.refuse(overload);
        }
        assert!(matches!(late.try_recv(), Ok(Err(_))));
    }
}
