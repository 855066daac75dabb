//! Casdoor's cert rows.

use super::{MASK, Taken};
use crate::entry::{CertEntry, Key, Refusal, VersionEntry, named};
use crate::fault::shown;
use crate::file::State;

use super::wide::Wide;

/// The types whose rows hold what people pasted. Those of type `SSL` are Casdoor's own, fetched and renewed for its web server.
const PASTED: &[&str] = &["x509", "Payment"];

/// A cert row of Casdoor's as a record.
pub(crate) fn cert(json: &str) -> Taken<CertEntry> {
    let row = match Wide::read(json) {
        Ok(row) => row,
        Err(why) => return Taken::Refused(None, why),
    };
    read(&row).unwrap_or_else(|why| Taken::Refused(row.named(), why))
}

fn read(row: &Wide) -> Result<Taken<CertEntry>, Refusal> {
    let kind = row.public("type")?;
    if !PASTED.contains(&&*kind) {
        return Ok(Taken::PassedOver(format!("cert, type {}", shown(&kind, 50))));
    }
    let (certificate, key) = (row.public("certificate")?, row.text("privateKey")?);
    if certificate.trim().is_empty() && key.expose().trim().is_empty() {
        return Ok(Taken::PassedOver(format!("cert, type {kind}, nothing in it")));
    }
    let private_key = match key.expose() {
        MASK => Key::LeftOut,
        text if text.trim().is_empty() => Key::None,
        _ => Key::Text(key),
    };
    let (owner, name, display_name) = (row.public("owner")?, row.public("name")?, row.public("displayName")?);
    named(&owner, &name, &display_name)?;
    let version = VersionEntry { number: 1, state: State::Active, certificate, private_key };
    let entry = CertEntry { id: None, owner, name, display_name, grant: None, versions: vec![version] };
    Ok(Taken::Entry(entry, Vec::new()))
}
