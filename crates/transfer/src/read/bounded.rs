//! A reader that bounds what one value of a file may need of memory.

use std::io::{self, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// The longest row of a file, in bytes: many versions of a record, each with certificates and a key of the greatest size.
pub(crate) const LONGEST_ROW: u64 = 16 * 1024 * 1024;

/// How much may be read before whoever parses says that something new begins.
#[derive(Debug, Clone)]
pub(crate) struct Allowance(Arc<AtomicU64>);

impl Allowance {
    pub(crate) fn one_row() -> Self {
        Self(Arc::new(AtomicU64::new(LONGEST_ROW)))
    }

    /// A value begins that is kept in memory.
    pub(crate) fn renew(&self) {
        self.0.store(LONGEST_ROW, Ordering::Relaxed);
    }

    /// A value begins of which nothing is kept.
    pub(crate) fn lift(&self) {
        self.0.store(u64::MAX, Ordering::Relaxed);
    }
}

/// A reader within an [`Allowance`].
#[derive(Debug)]
pub(crate) struct Bounded<R> {
    reader: R,
    allowance: Allowance,
}

impl<R> Bounded<R> {
    pub(crate) fn new(reader: R, allowance: Allowance) -> Self {
        Self { reader, allowance }
    }
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.reader.read(buffer)?;
        let left = self.allowance.0.load(Ordering::Relaxed);
        let left = left.checked_sub(u64::try_from(read).unwrap_or(u64::MAX)).ok_or_else(|| {
            let said = format!("a row of the file is longer than {LONGEST_ROW} bytes");
            io::Error::new(io::ErrorKind::FileTooLarge, said)
        })?;
        self.allowance.0.store(left, Ordering::Relaxed);
        Ok(read)
    }
}
