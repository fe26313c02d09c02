//! The ids of the dogs in one string, because a million dogs must not cost a million small
//! allocations.

/// Ids of dogs and of their photos, by dog number.
#[derive(Default)]
pub(super) struct Names {
    text: String,
    /// For each dog, the end offsets in `text` of its id and of its photo's id.
    ends: Vec<[u32; 2]>,
}

impl Names {
    /// Appends a dog, which gets the next number.
    pub(super) fn push(&mut self, dog_id: &str, image_id: &str) {
        let end = |text: &str| u32::try_from(text.len()).expect("all ids fit into 4 GiB");
        self.text.push_str(dog_id);
        let dog_end = end(&self.text);
        self.text.push_str(image_id);
        self.ends.push([dog_end, end(&self.text)]);
    }

    /// Releases unused capacity.
    pub(super) fn shrink(&mut self) {
        self.text.shrink_to_fit();
        self.ends.shrink_to_fit();
    }

    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }

    /// Id of a dog.
    pub(super) fn dog(&self, number: u32) -> &str {
        let start = number.checked_sub(1).map_or(0, |before| self.ends[before as usize][1]);
        &self.text[start as usize..self.ends[number as usize][0] as usize]
    }

    /// Id of a dog's photo.
    pub(super) fn image(&self, number: u32) -> &str {
        let [start, end] = self.ends[number as usize];
        &self.text[start as usize..end as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_come_back_by_number() {
        let mut names = Names::default();
        for (dog, image) in [("a", "a.jpg"), ("", ""), ("멍피", "멍피/1.png")] {
            names.push(dog, image);
        }
        names.shrink();
        assert_eq!(names.len(), 3);
        assert_eq!((names.dog(0), names.image(0)), ("a", "a.jpg"));
        assert_eq!((names.dog(1), names.image(1)), ("", ""));
        assert_eq!((names.dog(2), names.image(2)), ("멍피", "멍피/1.png"));
    }
}
