//! Native objects that workers use in turn, and runs over several pictures at once.

use std::{
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use cxx::{UniquePtr, memory::UniquePtrTarget};

use super::{VisionError, gpu};
use crate::photo::Raster;

/// A native object that keeps scratch memory of its last run.
pub(super) struct Shared<T: UniquePtrTarget> {
    state: Arc<Mutex<State<T>>>,
    /// Whether it runs on a GPU, whose memory holds one copy of it, which all workers use in turn.
    /// On a CPU each worker has a copy of its own.
    is_on_gpu: bool,
}

struct State<T: UniquePtrTarget> {
    object: UniquePtr<T>,
    limit: RunLimit,
}

impl<T: UniquePtrTarget> Shared<T> {
    /// A network, which runs on the GPU if built for one.
    pub(super) fn network(object: UniquePtr<T>) -> Self {
        if cfg!(feature = "cuda") {
            Self::new(object, true, RunLimit::of_pixels(gpu::pixels_at_once()))
        } else {
            Self::on_cpu(object)
        }
    }

    /// What runs on the CPU in every build.
    pub(super) fn on_cpu(object: UniquePtr<T>) -> Self {
        Self::new(object, false, RunLimit::SINGLE)
    }

    fn new(object: UniquePtr<T>, is_on_gpu: bool, limit: RunLimit) -> Self {
        Self { state: Arc::new(Mutex::new(State { object, limit })), is_on_gpu }
    }

    /// The object for another worker: the same on a GPU, a copy on a CPU.
    pub(super) fn try_clone(
        &self,
        copy: impl FnOnce(&T) -> Result<UniquePtr<T>, cxx::Exception>,
    ) -> Result<Self, VisionError> {
        if self.is_on_gpu {
            return Ok(Self { state: Arc::clone(&self.state), is_on_gpu: true });
        }
        Ok(Self::on_cpu(copy(&self.lock().object)?))
    }

    /// Runs over all pictures, as many at once as is best. `run` gives one result for each.
    pub(super) fn run<R>(
        &self,
        pictures: &[&Raster],
        mut run: impl FnMut(Pin<&mut T>, &[&Raster]) -> Result<Vec<R>, VisionError>,
    ) -> Vec<Result<R, VisionError>> {
        let State { object, limit } = &mut *self.lock();
        let pixels = |picture: &&Raster| picture.width() * picture.height();
        limit.run(pictures, pixels, |pictures| run(object.pin_mut(), pictures))
    }

    /// After a panic the object is as good as before: each run begins anew.
    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The largest number of pixels in a run over more than one picture.
struct RunLimit {
    most: usize,
    /// Less than `most` after a run for which memory was short.
    now: usize,
    /// Runs since the limit changed.
    good_runs: usize,
}

impl RunLimit {
    /// One picture at a time: on a CPU more are not faster, but take more memory.
    const SINGLE: Self = Self::of_pixels(0);
    /// Number of good runs after which the limit grows again: others may have used the memory.
    const TRIAL: usize = 32;

    const fn of_pixels(most: usize) -> Self {
        Self { most, now: most, good_runs: 0 }
    }

    /// Runs over all pictures. A run that fails is repeated over halves, so that what cannot be
    /// done fails alone; if memory was short, the next runs are as small.
    fn run<P, R>(
        &mut self,
        pictures: &[P],
        pixels: impl Fn(&P) -> usize,
        mut run: impl FnMut(&[P]) -> Result<Vec<R>, VisionError>,
    ) -> Vec<Result<R, VisionError>> {
        let mut outcomes = Vec::with_capacity(pictures.len());
        let mut most = self.now;
        while outcomes.len() < pictures.len() {
            let some = leading(&pictures[outcomes.len()..], &pixels, most);
            match run(some) {
                Ok(found) => {
                    outcomes.extend(found.into_iter().map(Ok));
                    self.grow();
                }
                Err(error) if some.len() > 1 => {
                    most = some.iter().map(&pixels).sum::<usize>() / 2;
                    if error.is_memory_short() {
                        tracing::warn!(pictures = some.len(), "memory is short, runs are halved");
                        (self.now, self.good_runs) = (most, 0);
                    }
                    continue;
                }
                Err(error) => outcomes.push(Err(error)),
            }
            most = self.now;
        }
        outcomes
    }

    fn grow(&mut self) {
        self.good_runs += 1;
        if self.good_runs >= Self::TRIAL {
            (self.now, self.good_runs) = (self.now.saturating_mul(2).min(self.most), 0);
        }
    }
}

/// The first pictures, with at most so many pixels in all; at least one.
fn leading<P>(pictures: &[P], pixels: impl Fn(&P) -> usize, most: usize) -> &[P] {
    let mut all = 0;
    let fits = |picture: &&P| {
        all += pixels(picture);
        all <= most
    };
    let count = pictures.iter().take_while(fits).count();
    &pictures[..count.max(1).min(pictures.len())]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::photo::PhotoError;

    /// Runs over pictures of these sizes and returns the sizes of the runs. Memory suffices for so
    /// many pixels.
    fn sizes(limit: &mut RunLimit, pictures: &[usize], memory: usize) -> Vec<usize> {
        let mut sizes = Vec::new();
        let outcomes = limit.run(
            pictures,
            |&pixels| pixels,
            |some| {
                let size = some.iter().sum();
                sizes.push(size);
                if size > memory { Err(PhotoError::OutOfMemory.into()) } else { Ok(some.to_vec()) }
            },
        );
        let outcomes: Vec<usize> = outcomes.into_iter().map(Result::unwrap).collect();
        assert_eq!(outcomes, pictures);
        sizes
    }

    #[test]
    fn a_run_for_which_memory_is_short_is_halved_and_the_next_runs_are_as_small() {
        let mut limit = RunLimit::of_pixels(usize::MAX);
        assert_eq!(sizes(&mut limit, &[1; 10], 3), [10, 5, 2, 2, 2, 2, 2]);
        assert_eq!(sizes(&mut limit, &[1; 4], 3), [2, 2]);
    }

    #[test]
    fn the_limit_grows_again() {
        let mut limit = RunLimit::of_pixels(8);
        assert_eq!(sizes(&mut limit, &[1; 8], 4), [8, 4, 4]);
        for _ in 0..RunLimit::TRIAL {
            sizes(&mut limit, &[1], 8);
        }
        assert_eq!(sizes(&mut limit, &[1; 16], 8), [8, 8]);
    }

    #[test]
    fn a_run_is_limited_by_pixels_and_holds_at_least_one_picture() {
        let pictures = [3, 3, 9, 2, 2, 2];
        assert_eq!(sizes(&mut RunLimit::of_pixels(6), &pictures, 9), [6, 9, 6]);
        let mut single = RunLimit::SINGLE;
        assert_eq!(sizes(&mut single, &pictures, 9), pictures);
    }

    #[test]
    fn a_picture_that_cannot_be_done_fails_alone() {
        let mut limit = RunLimit::of_pixels(100);
        let outcomes = limit.run(
            &[1, 2, 3, 4, 5],
            |_| 1,
            |some| {
                if some.contains(&4) { Err(PhotoError::Empty.into()) } else { Ok(some.to_vec()) }
            },
        );
        let done: Vec<Option<i32>> = outcomes.into_iter().map(Result::ok).collect();
        assert_eq!(done, [Some(1), Some(2), Some(3), None, Some(5)]);
        assert_eq!(limit.now, 100, "memory was not short");
    }
}
