//! Master keys: what each of them seals, and sealing anew.

use std::collections::BTreeMap;

use vestibule_database::{Resealed, ResealingPass, ResealingProgress};
use vestibule_oauth_provider::Result;

use crate::Vestibule;

/// How often everything is looked at when something was found the last time. What somebody changes at the wrong moment is found by the next look.
const LOOKS: u32 = 5;

impl Vestibule {
    /// How many stored values are sealed with each master key, by its id: private keys and the secrets of provider rows. Nothing is opened. Attempts
    /// and sessions, which browsers keep, are not counted.
    ///
    /// # Errors
    /// `Unavailable` or `Internal`, when the database fails.
    pub async fn sealed_with(&self) -> Result<BTreeMap<String, u64>> {
        let mut counts = self.certs().sealed_with().await?;
        for (key_id, count) in self.providers().sealed_with().await? {
            *counts.entry(key_id).or_default() += count;
        }
        Ok(counts)
    }

    /// Seals with the first master key every stored value that is sealed with another one; `progress` is told how far that is. Sign-ins and changes go on
    /// meanwhile. It may be cut off at any moment and begun again. What cannot be opened stays what it is, and is named.
    ///
    /// # Errors
    /// `Unavailable` or `Internal`, when the database fails; what was done until then is done.
    pub async fn reseal(&self, progress: &mut (dyn FnMut(ResealingProgress) + Send)) -> Result<Resealed> {
        let (mut rows, mut looks) = (0, 0);
        loop {
            let mut pass = ResealingPass::begin(self.keyring(), &mut *progress);
            self.certs().reseal(&mut pass).await?;
            self.providers().reseal(&mut pass).await?;
            let resealed = pass.finish();
            rows += resealed.rows;
            looks += 1;
            if looks == LOOKS || (resealed.rows == 0 && resealed.changed == 0) {
                // What a former key sealed is to be gone from where a database keeps what was replaced, as far as a client can see to that.
                self.database().note_clear_text();
                self.database().erase_clear_text().await?;
                return Ok(Resealed { rows, ..resealed });
            }
        }
    }
}
