//! The walk in a real browser.
