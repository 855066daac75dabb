//! What an installation decides about its logins.

use std::time::Duration;

use crate::{PublicUrl, ReturnTo};

/// How many rows' providers stay open, unless an installation says otherwise: an opened row takes some 10 to 50 KiB, most of it certificates.
const OPENED_PROVIDERS: usize = 1_024;

/// What an installation decides about its logins.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Under which URL browsers reach the routes. Callback URLs are made from it, never from a request header.
    pub public_url: PublicUrl,
    /// Where a browser may be sent when it is done.
    pub return_to: ReturnTo,
    /// How long there is between click and callback.
    pub attempt_lifetime: Duration,
    /// How many rows' providers stay open between sign-ins; 0 for none. A sign-in with a row beyond them unseals and parses it again, once per step.
    pub opened_providers: usize,
}

impl Settings {
    /// Under `public_url`, back to places on the same site only, within ten minutes, with 1,024 providers that stay open.
    pub fn new(public_url: PublicUrl) -> Self {
        let return_to = ReturnTo::this_site(&public_url);
        Self { public_url, return_to, attempt_lifetime: Duration::from_secs(600), opened_providers: OPENED_PROVIDERS }
    }
}
