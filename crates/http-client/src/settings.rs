//! What an installation decides about its way to upstreams.

use std::time::Duration;

use crate::AllowedHost;

/// What an installation decides about its way to upstreams. The defaults suit the internet.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Hosts that may be reached over plain http and at addresses that are not public. None by default.
    pub allow: Vec<AllowedHost>,
    /// How long resolving, connecting and the TLS handshake may take together. 5 seconds by default.
    pub connect_timeout: Duration,
    /// How long a request may take from its start to the last byte of the answer. 10 seconds by default.
    pub total_timeout: Duration,
    /// How many bytes a body may have after decompression. 1 MiB by default.
    pub largest_body: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            allow: Vec::new(),
            connect_timeout: Duration::from_secs(5),
            total_timeout: Duration::from_secs(10),
            largest_body: 1024 * 1024,
        }
    }
}
