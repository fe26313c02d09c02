//! Keeps one dog from being the answer to too many persons.
//!
//! A dog near the middle of all persons (a hub) would be the most similar dog of very many of them.
//! It is moved away until no more than a given number of sampled persons find it first. All other
//! dogs stay where they are, so that another photo of a person still leads to the same ones.

use super::Embedding;

/// Nearest dogs of each person that are considered; behind that many nobody looks.
const CONSIDERED: usize = 32;
/// Moving one hub away can make another of its neighbour, so this is repeated.
const ROUNDS: usize = 12;

/// A dog as a sampled person sees it.
#[derive(Clone, Copy)]
struct Seen {
    dog: u32,
    /// Squared distance, with what was already added for the dog.
    square: f32,
}

/// For each dog, what to add to its squared distance so that it is the nearest one of at most
/// `most` of the persons.
pub(super) fn relief(persons: &[Embedding], dogs: &[Embedding], most: usize) -> Vec<f32> {
    let mut added = vec![0.0; dogs.len()];
    if dogs.len() < 2 || most == 0 || persons.len() <= most {
        return added;
    }
    let seen = nearest_dogs(persons, dogs);
    for _ in 0..ROUNDS {
        let mut leads = leads(&seen, &added, dogs.len());
        let mut is_done = true;
        for (dog, leads) in leads.iter_mut().enumerate().filter(|(_, leads)| leads.len() > most) {
            // So many of its persons must turn to their second dog; the least attached do.
            let last = leads.len() - most - 1;
            let (_, lead, _) = leads.select_nth_unstable_by(last, f32::total_cmp);
            added[dog] += *lead * (1.0 + f32::EPSILON) + f32::MIN_POSITIVE;
            is_done = false;
        }
        if is_done {
            break;
        }
    }
    added
}

/// For each dog and each person whose nearest it is: by how much nearer it is than the second.
fn leads(seen: &[Vec<Seen>], added: &[f32], dogs: usize) -> Vec<Vec<f32>> {
    let mut leads = vec![Vec::new(); dogs];
    for own in seen {
        let mut first = (f32::INFINITY, 0);
        let mut second = f32::INFINITY;
        for dog in own {
            let square = dog.square + added[dog.dog as usize];
            if square < first.0 {
                second = first.0;
                first = (square, dog.dog);
            } else {
                second = second.min(square);
            }
        }
        leads[first.1 as usize].push(second - first.0);
    }
    leads
}

fn nearest_dogs(persons: &[Embedding], dogs: &[Embedding]) -> Vec<Vec<Seen>> {
    let table = ByCoordinate::of(dogs);
    let mut squares = vec![0.0; dogs.len()];
    let considered = CONSIDERED.min(dogs.len());
    let nearest = |person| {
        table.squared_distances(person, &mut squares);
        let mut all: Vec<Seen> =
            squares.iter().zip(0..).map(|(&square, dog)| Seen { dog, square }).collect();
        all.select_nth_unstable_by(considered - 1, |a, b| a.square.total_cmp(&b.square));
        all[..considered].to_vec()
    };
    persons.iter().map(nearest).collect()
}

/// Places stored by coordinate, so that the distances of one place to all of them are summed side
/// by side.
pub(super) struct ByCoordinate {
    coordinates: Vec<Vec<f32>>,
}

impl ByCoordinate {
    pub(super) fn of(places: &[Embedding]) -> Self {
        let coordinate = |i: usize| places.iter().map(|place| place.coordinates()[i]).collect();
        Self { coordinates: (0..super::EMBEDDING_LEN).map(coordinate).collect() }
    }

    /// Squared distance of a place to each of these; as many as there are.
    pub(super) fn squared_distances(&self, place: &Embedding, squares: &mut [f32]) {
        squares.fill(0.0);
        for (others, &own) in self.coordinates.iter().zip(place.coordinates()) {
            for (square, &other) in squares.iter_mut().zip(others) {
                *square += (other - own) * (other - own);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(first: f32) -> Embedding {
        Embedding::at(std::array::from_fn(|i| if i == 0 { first } else { 0.0 }))
    }

    fn answers(persons: &[Embedding], dogs: &[Embedding], added: &[f32]) -> Vec<usize> {
        let mut counts = vec![0; dogs.len()];
        for person in persons {
            let square = |dog: usize| person.distance_squared(&dogs[dog]) + f64::from(added[dog]);
            let first = (0..dogs.len()).min_by(|&a, &b| square(a).total_cmp(&square(b)));
            counts[first.unwrap()] += 1;
        }
        counts
    }

    #[test]
    fn a_hub_keeps_the_persons_who_are_most_attached_to_it() {
        // A hundred persons in a row; the dog in the middle is nearest to half of them.
        let persons: Vec<Embedding> = (0..100).map(|i| at(i as f32 / 100.0)).collect();
        let dogs = [at(0.0), at(0.5), at(1.0)];
        assert_eq!(answers(&persons, &dogs, &[0.0; 3])[1], 50);
        let added = relief(&persons, &dogs, 40);
        assert!(added[0] + added[2] < f32::MIN_POSITIVE, "{added:?}");
        let counts = answers(&persons, &dogs, &added);
        assert!((39..=40).contains(&counts[1]), "{counts:?}");
        let middle = persons[50].distance_squared(&dogs[1]) + f64::from(added[1]);
        assert!(middle < persons[50].distance_squared(&dogs[0]), "the middle stays with it");
    }

    #[test]
    fn dogs_within_the_limit_stay() {
        let persons: Vec<Embedding> = (0..10).map(|i| at(i as f32)).collect();
        for dogs in [&persons[..], &persons[..1], &[]] {
            let added = relief(&persons, dogs, 1);
            assert_eq!(added.len(), dogs.len());
            assert!(added.iter().all(|added| *added < f32::MIN_POSITIVE), "{added:?}");
        }
    }
}
