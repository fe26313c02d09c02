//! How often each dog was answered in the last day, so that an operator sees a hub: a dog that is
//! answered to everybody.
//!
//! Counts only, by dog and hour; nothing says to whom a dog was answered.

use std::{
    cmp::Reverse,
    collections::{BinaryHeap, HashMap, VecDeque},
    sync::Arc,
};

/// Hours that are kept beside the current one.
const HOURS: u64 = 24;
/// Most dogs that are told apart. Answers of further ones count in the sum only.
const MAX_DOGS: usize = 300_000;

/// Answers to one dog.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DogAnswers {
    /// Id of the dog.
    pub dog: Arc<str>,
    /// Number of answers in the last 24 to 25 hours.
    pub answers: u64,
}

/// The counts of the last day. A dog costs some 70 bytes once, and some 15 for each hour in which
/// it was answered.
#[derive(Default)]
pub(crate) struct AnswersOfDay {
    numbers: HashMap<Arc<str>, u32>,
    dogs: Vec<DogAnswers>,
    free: Vec<u32>,
    hours: VecDeque<Hour>,
}

struct Hour {
    number: u64,
    counts: HashMap<u32, u32>,
    sum: u64,
}

/// What an operator sees at a glance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Summary {
    /// Answers of the most frequent dog.
    pub(crate) most: u64,
    /// All answers.
    pub(crate) all: u64,
    /// Different dogs.
    pub(crate) dogs: usize,
}

impl AnswersOfDay {
    /// Counts an answer in an hour, numbered from any start.
    pub(crate) fn count(&mut self, dog: &str, hour: u64) {
        self.forget(hour);
        if self.hours.back().is_none_or(|last| last.number < hour) {
            self.hours.push_back(Hour { number: hour, counts: HashMap::new(), sum: 0 });
        }
        let number = self.number(dog);
        let Some(current) = self.hours.back_mut() else { return };
        current.sum += 1;
        if let Some(number) = number {
            *current.counts.entry(number).or_default() += 1;
            self.dogs[number as usize].answers += 1;
        }
    }

    pub(crate) fn summary(&mut self, hour: u64) -> Summary {
        self.forget(hour);
        Summary {
            most: self.dogs.iter().map(|dog| dog.answers).max().unwrap_or(0),
            all: self.hours.iter().map(|hour| hour.sum).sum(),
            dogs: self.numbers.len(),
        }
    }

    /// The `n` dogs that were answered most, the most frequent first.
    pub(crate) fn most(&mut self, n: usize, hour: u64) -> Vec<DogAnswers> {
        self.forget(hour);
        let mut best = BinaryHeap::with_capacity(n.min(self.dogs.len()) + 1);
        for dog in self.dogs.iter().filter(|dog| dog.answers > 0) {
            best.push(Reverse((dog.answers, Reverse(&dog.dog))));
            if best.len() > n {
                best.pop();
            }
        }
        let sorted = best.into_sorted_vec().into_iter();
        let told = |Reverse((answers, Reverse(dog)))| DogAnswers { dog: Arc::clone(dog), answers };
        sorted.map(told).collect()
    }

    /// Number of the dog, a new one if there is room.
    fn number(&mut self, dog: &str) -> Option<u32> {
        if let Some(number) = self.numbers.get(dog) {
            return Some(*number);
        }
        if self.numbers.len() >= MAX_DOGS {
            return None;
        }
        let entry = DogAnswers { dog: dog.into(), answers: 0 };
        let id = Arc::clone(&entry.dog);
        let number = if let Some(number) = self.free.pop() {
            self.dogs[number as usize] = entry;
            number
        } else {
            self.dogs.push(entry);
            u32::try_from(self.dogs.len() - 1).ok()?
        };
        self.numbers.insert(id, number);
        Some(number)
    }

    /// Takes away the hours that have passed, and the dogs that were not answered since.
    fn forget(&mut self, now: u64) {
        while self.hours.front().is_some_and(|first| first.number + HOURS < now) {
            let Some(hour) = self.hours.pop_front() else { return };
            for (number, count) in hour.counts {
                let dog = &mut self.dogs[number as usize];
                dog.answers -= u64::from(count);
                if dog.answers == 0 {
                    self.numbers.remove(&dog.dog);
                    dog.dog = Arc::default();
                    self.free.push(number);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(answers: &[DogAnswers]) -> Vec<(&str, u64)> {
        answers.iter().map(|dog| (&*dog.dog, dog.answers)).collect()
    }

    #[test]
    fn the_most_frequent_dogs_come_first() {
        let mut day = AnswersOfDay::default();
        for (dog, hour) in [("a", 0), ("b", 0), ("b", 1), ("c", 2), ("b", 2), ("c", 2)] {
            day.count(dog, hour);
        }
        assert_eq!(told(&day.most(2, 2)), [("b", 3), ("c", 2)]);
        assert_eq!(told(&day.most(9, 2)), [("b", 3), ("c", 2), ("a", 1)]);
        assert_eq!(day.most(0, 2), []);
        assert_eq!(day.summary(2), Summary { most: 3, all: 6, dogs: 3 });
    }

    #[test]
    fn a_day_later_nothing_is_left_and_its_room_is_used_again() {
        let mut day = AnswersOfDay::default();
        for dog in 0..1000 {
            day.count(&dog.to_string(), 0);
        }
        day.count("7", 5);
        assert_eq!(day.summary(HOURS).all, 1001, "a whole day is kept");
        assert_eq!(day.summary(HOURS + 1), Summary { most: 1, all: 1, dogs: 1 });
        for dog in 0..999 {
            day.count(&format!("new {dog}"), HOURS + 1);
        }
        assert_eq!(day.dogs.len(), 1000);
        assert_eq!(day.summary(1000), Summary::default());
    }

    #[test]
    fn dogs_beyond_the_bound_count_in_the_sum_only() {
        let mut day = AnswersOfDay::default();
        for dog in 0..MAX_DOGS + 10 {
            day.count(&dog.to_string(), 0);
        }
        day.count("0", 0);
        let summary = Summary { most: 2, all: MAX_DOGS as u64 + 11, dogs: MAX_DOGS };
        assert_eq!(day.summary(0), summary);
    }
}
