//! Random names for codes, tokens and traces.

use crate::authority::AuthorityError;

/// `bytes` random bytes in lower-case hex.
pub(crate) fn hex(bytes: usize) -> Result<String, AuthorityError> {
    let mut buffer = vec![0; bytes];
    fill(&mut buffer)?;
    Ok(hex::encode(buffer))
}

/// Fills the buffer.
pub(crate) fn fill(buffer: &mut [u8]) -> Result<(), AuthorityError> {
    aws_lc_rs::rand::fill(buffer).map_err(|_| AuthorityError::new("the system gives no random bytes"))
}
