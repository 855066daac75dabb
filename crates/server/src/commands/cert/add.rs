//! `vestibule cert add`.

use std::io::Write;
use std::path::Path;

use vestibule::certs_store::NewCert;
use vestibule::{KeyGrant, Owners, Result, Secret};

use super::super::answer::cannot_write;
use super::super::files::read_text;
use super::super::{AS_IT_IS, Desk, exists_already, split_name};
use super::show::write_view;
use crate::cli::CertAdd;

/// Judges and stores a record of the files that the command line names.
///
/// # Errors
/// `Configuration`, naming the file, or the record, the field and what belongs there.
pub(super) async fn add(desk: &Desk, add: CertAdd, out: &mut dyn Write) -> Result<()> {
    let (owner, name) = split_name(&add.record)?;
    let certs = desk.vestibule.certs();
    if !add.replace && certs.get(owner, name).await.is_ok() {
        return Err(exists_already("cert record", owner, name));
    }
    let read = |path: Option<&Path>| path.map(read_text).transpose();
    let certificate = read(add.certificate.as_deref())?.unwrap_or_default();
    let private_key = read(add.private_key.as_deref())?.map(Secret::new);
    let mut cert = NewCert {
        owner: owner.to_owned(),
        name: name.to_owned(),
        display_name: add.display_name,
        certificate,
        private_key,
        sharing: sharing(add.key_owners, add.key_hosts),
    };
    let view = if add.replace {
        cert.private_key.get_or_insert_with(|| Secret::new(AS_IT_IS));
        let before = certs.get(owner, name).await?;
        if cert.display_name.is_empty() {
            cert.display_name = before.display_name;
        }
        certs.replace(cert, Some(before.revision), &desk.by).await?
    } else {
        certs.save(cert, &desk.by).await?
    };
    write_view(out, &view).map_err(cannot_write)?;
    desk.say_where(out)
}

/// What was said of sharing; nothing, when nothing was.
fn sharing(owners: Vec<String>, hosts: Vec<String>) -> Option<KeyGrant> {
    if owners.is_empty() && hosts.is_empty() {
        return None;
    }
    let owners = if owners.is_empty() { Owners::All } else { Owners::Listed(owners) };
    Some(KeyGrant { owners, hosts })
}
