//! What is kept by name, and forgotten when there is too much of it.

use std::collections::{HashMap, VecDeque};

/// Values by names that never come again, such as codes and tokens. Of more than `most` the oldest are forgotten.
#[derive(Debug)]
pub(crate) struct Kept<V> {
    most: usize,
    values: HashMap<String, V>,
    /// In the order in which they came; also of those that were taken out meanwhile.
    names: VecDeque<String>,
}

impl<V> Kept<V> {
    pub(crate) fn at_most(most: usize) -> Self {
        Self { most, values: HashMap::new(), names: VecDeque::new() }
    }

    pub(crate) fn insert(&mut self, name: String, value: V) {
        self.names.push_back(name.clone());
        self.values.insert(name, value);
        while self.names.len() > self.most {
            if let Some(oldest) = self.names.pop_front() {
                self.values.remove(&oldest);
            }
        }
    }

    pub(crate) fn get(&self, name: &str) -> Option<&V> {
        self.values.get(name)
    }

    pub(crate) fn remove(&mut self, name: &str) {
        self.values.remove(name);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_are_forgotten_and_nothing_grows() {
        let mut kept = Kept::at_most(3);
        for number in 0..100_u8 {
            kept.insert(number.to_string(), number);
            if number % 2 == 0 {
                kept.remove(&number.to_string());
            }
            assert!(kept.names.len() <= 3 && kept.values.len() <= 3);
        }
        assert_eq!(
            (kept.get("95"), kept.get("97"), kept.get("98"), kept.get("99")),
            (None, Some(&97), None, Some(&99))
        );
    }
}
