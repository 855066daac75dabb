//! Conformance suites for storage: what every backend of a port must do, written once. A backend's own test file makes its store, implements the small
//! trait that writes rows as an administrator with SQL would, and calls the suite.
//!
//! The suites want a runtime with several threads (`#[tokio::test(flavor = "multi_thread")]`) and an empty store.

mod attempts;
mod certs;
mod providers;

use std::time::{Duration, SystemTime, UNIX_EPOCH};

pub use self::attempts::{attempts, bounded_attempts};
pub use self::certs::{CertBackend, SHARED_OWNER, cert_resolver};
pub use self::providers::{ProviderBackend, provider_rows};

/// Spellings of "alipay" that must not find it: letter case, spaces, NUL, and letters that only look or sort alike.
const LOOKALIKES: [&str; 8] =
    ["Alipay", "ALIPAY", "alipay ", " alipay", "al\u{131}pay", "alipa\u{fd}", "alipay\0", "alip\u{e1}y"];

/// The time `seconds` after 1970-01-01T00:00:00Z.
pub fn at(seconds: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(seconds)
}
