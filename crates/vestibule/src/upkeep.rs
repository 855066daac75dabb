//! The background work of an installation.

use std::time::Duration;

use tokio::task::JoinHandle;
use tokio::time::MissedTickBehavior;

use crate::Vestibule;

/// How often a round begins.
const EVERY: Duration = Duration::from_secs(30);

/// The background work; it ends when this is dropped.
#[derive(Debug)]
pub struct Upkeep(JoinHandle<()>);

impl Drop for Upkeep {
    fn drop(&mut self) {
        self.0.abort();
    }
}

pub(crate) fn start(vestibule: Vestibule) -> Upkeep {
    Upkeep(tokio::spawn(async move {
        let mut rounds = tokio::time::interval(EVERY);
        rounds.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            rounds.tick().await;
            round(&vestibule).await;
        }
    }))
}

/// One round. What fails is logged and tried again in the next.
pub(crate) async fn round(vestibule: &Vestibule) {
    if let Err(error) = vestibule.keyring().reload().await {
        tracing::warn!(%error, "the master keys could not be read again; those that are known stay");
    }
    if let Err(error) = vestibule.logins().sweep().await {
        tracing::warn!(report = %error.report(), "attempts that are over could not be removed");
    }
    if let Err(error) = vestibule.certs().seal_clear_values().await {
        tracing::warn!(%error, "clear private keys could not be sealed");
    }
    if let Err(error) = vestibule.providers().examine().await {
        tracing::warn!(%error, "provider rows that plain SQL wrote could not be examined");
    }
}
