//! Parts of lists.

use clap::Args;
use vestibule::{Order, Page, Result};

/// Which part of a list, from which end.
#[derive(Debug, Args)]
pub struct Part {
    /// How many rows a page has, 1 to 1000
    #[arg(long, value_name = "ROWS", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=i64::from(Page::LARGEST)))]
    pub page_size: u32,
    /// Which page, counted from 1
    #[arg(long, value_name = "NUMBER", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
    pub page: u32,
    /// One JSON object: items, and total, the number of rows on all pages
    #[arg(long)]
    pub json: bool,
}

impl Part {
    /// The page.
    ///
    /// # Errors
    /// `Configuration`, for a size that no page has.
    pub fn page(&self) -> Result<Page> {
        let before = u64::from(self.page.saturating_sub(1)) * u64::from(self.page_size);
        Ok(Page::new(self.page_size, before)?)
    }
}

/// From which end a list is sorted.
#[derive(Debug, Args)]
pub struct Direction {
    /// The greatest, last or newest first
    #[arg(long)]
    pub descending: bool,
}

impl Direction {
    /// The order.
    pub fn order(&self) -> Order {
        if self.descending { Order::Descending } else { Order::Ascending }
    }
}
