//! The engine: what it is made of, and where its routes are.

use std::sync::Arc;
use std::time::Duration;

use url::Url;
use vestibule_oauth_provider::{Digest, Parameters, Registry, Result, Services};

use crate::handover::Handover;
use crate::opened::OpenedProviders;
use crate::{AttemptStore, CookieName, ProviderRows, Settings};

/// The longest owner or name that is looked up, in bytes: beyond that it is somebody's experiment.
pub(crate) const LONGEST_NAME: usize = 255;
/// By how much the clocks of instances may differ: for so long a claim is kept after its attempt is over.
const CLOCK_SKEW: Duration = Duration::from_secs(300);

/// The login engine of an installation.
#[derive(Debug)]
pub struct Logins {
    providers: OpenedProviders,
    handover: Handover,
    services: Services,
    settings: Settings,
}

impl Logins {
    /// The engine over these rows and attempts, with these provider types.
    pub fn new(
        rows: Arc<dyn ProviderRows>,
        attempts: Arc<dyn AttemptStore>,
        registry: Arc<Registry>,
        services: Services,
        settings: Settings,
    ) -> Self {
        let providers = OpenedProviders::new(rows, registry, services.clone(), settings.opened_providers);
        let handover = Handover::new(attempts, settings.public_url.clone());
        Self { providers, handover, services, settings }
    }

    /// Which cookie belongs to a callback; nothing, when the callback has no `state` or several. The answer to the callback clears it, unless
    /// [`Stopped::is_over`](crate::Stopped::is_over) says that the attempt may still be finished.
    pub fn cookie_name(&self, parameters: &Parameters) -> Option<CookieName> {
        let state = parameters.single("state").ok().flatten()?;
        Some(CookieName::of(&Digest::of(state), &self.settings.public_url))
    }

    /// A cookie of ours, by its name: so that those of attempts that were never finished can be cleared when they become many.
    pub fn recognise_cookie(&self, name: &str) -> Option<CookieName> {
        CookieName::recognise(name, &self.settings.public_url)
    }

    /// The callback URL of a row: what an administrator registers at the upstream, and the `redirect_uri` of every login with it. Each row has its own, so
    /// that one upstream's answer cannot be passed to another (RFC 9700 section 4.4).
    ///
    /// # Errors
    /// `Configuration`: a name that is empty, `.` or `..` cannot stand in a URL.
    pub fn callback_url(&self, owner: &str, provider: &str) -> Result<Url> {
        self.settings.public_url.route("callback", owner, provider)
    }

    /// The URL that begins a login with a row.
    ///
    /// # Errors
    /// As [`Logins::callback_url`].
    pub fn login_url(&self, owner: &str, provider: &str) -> Result<Url> {
        self.settings.public_url.route("login", owner, provider)
    }

    /// What the installation decided.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Forgets the claims of attempts that have been over for five minutes (the clocks of instances differ), and says how many. For a background task,
    /// every few minutes.
    ///
    /// # Errors
    /// `Unavailable` or `Internal`, when the store fails.
    pub async fn sweep(&self) -> Result<u64> {
        self.handover.sweep(self.services.clock.now() - CLOCK_SKEW).await
    }

    pub(crate) fn services(&self) -> &Services {
        &self.services
    }

    pub(crate) fn providers(&self) -> &OpenedProviders {
        &self.providers
    }

    pub(crate) fn handover(&self) -> &Handover {
        &self.handover
    }
}

/// How messages name a row that a path names.
pub(crate) fn label(owner: &str, provider: &str) -> String {
    format!("provider \"{}\"", row_name(owner, provider))
}

/// A row that a path names, as log lines have it. Anybody can write the path, so it is escaped, and not repeated at any length.
pub(crate) fn row_name(owner: &str, provider: &str) -> String {
    if owner.len() > LONGEST_NAME || provider.len() > LONGEST_NAME {
        return "an overlong name".to_owned();
    }
    format!("{}/{}", owner.escape_debug(), provider.escape_debug())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_is_quoted_and_short() {
        assert_eq!(label("acme", "alipay"), "provider \"acme/alipay\"");
        assert_eq!(label("a\n", "\""), "provider \"a\\n/\\\"\"");
        assert!(label(&"a".repeat(9_999), "b").len() < 100);
    }
}
