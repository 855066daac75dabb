//! A sign-in from the first page to the last.
