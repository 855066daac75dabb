//! What a server cannot open: its operator learns of it when it starts, for example after the master key was changed, and not from somebody's sign-in.

use std::collections::BTreeSet;

use vestibule::{Result, Vestibule};

/// How many records, and how many rows, are named.
const NAMED: u32 = 20;

/// What is sealed with master keys that are not here.
struct Missed {
    /// How many values.
    values: u64,
    /// The ids of the keys.
    keys: BTreeSet<String>,
    /// Records and rows, for people.
    names: BTreeSet<String>,
    /// Whether there may be more of them.
    has_more: bool,
}

/// One line tells of all that is sealed with a master key that is not here. Nothing is opened or changed.
pub(crate) async fn report(vestibule: &Vestibule) {
    let missed = match find(vestibule).await {
        Ok(missed) => missed,
        Err(error) => {
            return tracing::warn!(report = error.report(), "what is sealed could not be looked at");
        }
    };
    let Some(Missed { values, keys, names, has_more }) = missed else { return };
    let keys = keys.into_iter().collect::<Vec<_>>().join(", ");
    let mut records = names.into_iter().collect::<Vec<_>>().join(", ");
    if has_more {
        records.push_str(", …");
    }
    tracing::error!(
        values,
        records,
        keys,
        "cert records or provider rows are sealed with master keys that are not here, and nobody signs in with them; if the master key was \
         changed, start the server with the one that it had before as well"
    );
}

async fn find(vestibule: &Vestibule) -> Result<Option<Missed>> {
    let here = vestibule.keyring().key_ids();
    let certs = vestibule.certs().sealed_with_other_keys(&here, NAMED).await?;
    let rows = vestibule.providers().sealed_with_other_keys(&here, NAMED).await?;
    if certs.is_empty() && rows.is_empty() {
        return Ok(None);
    }
    let is_full = |found: usize| found >= usize::try_from(NAMED).unwrap_or(usize::MAX);
    let has_more = is_full(certs.len()) || is_full(rows.len());
    let certs = certs.into_iter().map(|cert| format!("cert record {}/{}", cert.owner, cert.name));
    let names = certs.chain(rows.into_iter().map(|row| format!("provider row {}/{}", row.owner, row.name))).collect();
    let missed: Vec<_> = vestibule.sealed_with().await?.into_iter().filter(|(key, _)| !here.contains(key)).collect();
    let values = missed.iter().map(|(_, count)| count).sum();
    Ok(Some(Missed { values, keys: missed.into_iter().map(|(key, _)| key).collect(), names, has_more }))
}
