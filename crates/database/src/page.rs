//! Lists in parts: the words that all stores have for them.

use serde::Serialize;

use crate::{Sql, StoreError};

/// Which part of a list: at most so many rows, after so many others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Page {
    limit: u32,
    offset: u64,
}

impl Page {
    /// The most rows of one page.
    pub const LARGEST: u32 = 1_000;

    /// A page of `limit` rows, 1 to [`Page::LARGEST`], after the first `offset` ones.
    ///
    /// # Errors
    /// [`StoreError::Refused`], for another `limit`.
    pub fn new(limit: u32, offset: u64) -> Result<Self, StoreError> {
        if (1..=Self::LARGEST).contains(&limit) {
            return Ok(Self { limit, offset });
        }
        let largest = Self::LARGEST;
        Err(StoreError::Refused(format!("a page of \"{limit}\" rows cannot be had; ask for 1 to {largest}")))
    }

    /// The most rows of it, 1 to [`Page::LARGEST`].
    pub const fn limit(self) -> u32 {
        self.limit
    }

    /// How many rows stand before it.
    pub const fn offset(self) -> u64 {
        self.offset
    }

    /// The page after it.
    #[must_use]
    pub fn next(self) -> Self {
        Self { offset: self.offset.saturating_add(self.limit.into()), ..self }
    }
}

/// The first 50 rows.
impl Default for Page {
    fn default() -> Self {
        Self { limit: 50, offset: 0 }
    }
}

/// A page of a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Paged<T> {
    /// The rows of the page.
    pub items: Vec<T>,
    /// How many rows the whole list has.
    pub total: u64,
}

/// From which end a list is sorted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Order {
    /// The smallest, first or oldest before the others.
    #[default]
    Ascending,
    /// The greatest, last or newest before the others.
    Descending,
}

impl Order {
    /// The word for it in an `ORDER BY`.
    pub const fn sql(self) -> &'static str {
        match self {
            Self::Ascending => "ASC",
            Self::Descending => "DESC",
        }
    }
}

impl Sql {
    /// Only this page of the answer. The statement ends with an `ORDER BY` in which no two rows are equal: otherwise a row could stand on two pages.
    #[must_use]
    pub fn page(self, page: Page) -> Self {
        let offset = i64::try_from(page.offset).unwrap_or(i64::MAX);
        self.and(" LIMIT ? OFFSET ?").bind(page.limit).bind(offset)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_has_one_row_at_least_and_a_thousand_at_most() {
        for limit in [0, 1_001, u32::MAX] {
            let refused = Page::new(limit, 0).unwrap_err().to_string();
            assert!(refused.contains("ask for 1 to 1000"), "{refused}");
        }
        let last = Page::new(1_000, u64::MAX).unwrap().next();
        assert_eq!((last.limit(), last.offset()), (1_000, u64::MAX));
        assert_eq!(Page::default().next().offset(), 50);
    }
}
