//! What an installation decides about its logins.

use std::time::Duration;

use crate::{PublicUrl, ReturnTo};

/// What an installation decides about its logins.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Under which URL browsers reach the routes. Callback URLs are made from it, never from a request header.
    pub public_url: PublicUrl,
    /// Where a browser may be sent when it is done.
    pub return_to: ReturnTo,
    /// How long there is between click and callback.
    pub attempt_lifetime: Duration,
}

impl Settings {
    /// Under `public_url`, back to places on the same site only, within ten minutes.
    pub fn new(public_url: PublicUrl) -> Self {
        let return_to = ReturnTo::this_site(&public_url);
        Self { public_url, return_to, attempt_lifetime: Duration::from_secs(600) }
    }
}
