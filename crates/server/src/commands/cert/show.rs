//! `vestibule cert show`: a record as people and programs see it.

use std::io::Write;

use serde::Serialize;
use vestibule::Result;
use vestibule::certs_store::{CertUsers as _, CertView, FieldView, RowName, SharingView};

use super::super::answer::{cannot_write, counted, date, named, shown, write_json};
use super::super::inspect::Format;
use super::super::{Desk, split_name};

/// How many rows are named that use a record.
const NAMED: usize = 20;

/// A record for programs.
#[derive(Serialize)]
struct Shown<'a> {
    #[serde(flatten)]
    view: &'a CertView,
    used_by: Vec<UserView<'a>>,
}

#[derive(Serialize)]
struct UserView<'a> {
    owner: &'a str,
    name: &'a str,
}

/// Shows a record and which rows use it.
///
/// # Errors
/// `Configuration`, when there is none.
pub(super) async fn show(desk: &Desk, record: &str, format: Format, out: &mut dyn Write) -> Result<()> {
    let (owner, name) = split_name(record)?;
    let view = desk.vestibule.certs().get(owner, name).await?;
    let users = desk.vestibule.providers().users_of(owner, name, desk.vestibule.shared_owner()).await?;
    match format {
        Format::Json => {
            let used_by = users.iter().map(|user| UserView { owner: &user.owner, name: &user.name }).collect();
            write_json(out, &Shown { view: &view, used_by })
        }
        Format::Text => {
            write_view(out, &view).map_err(cannot_write)?;
            write_users(out, &users).map_err(cannot_write)
        }
    }
}

/// A record with its versions.
pub(super) fn write_view(out: &mut dyn Write, cert: &CertView) -> std::io::Result<()> {
    writeln!(out, "{}", named(&cert.owner, &cert.name))?;
    writeln!(out, "  id            {}", shown(&cert.id))?;
    writeln!(out, "  display name  {}", shown(&cert.display_name))?;
    writeln!(out, "  type          {}", shown(&cert.kind))?;
    writeln!(out, "  version       {}", cert.version)?;
    writeln!(out, "  revision      {}", cert.revision)?;
    writeln!(out, "  created       {}", date(cert.created_at))?;
    writeln!(out, "  updated       {}", date(cert.updated_at))?;
    writeln!(out, "  key for       {}", who_signs(&cert.sharing))?;
    write_field(out, "certificate", &cert.certificate)?;
    write_field(out, "private key", &cert.private_key)?;
    for version in &cert.versions {
        writeln!(out, "  version {}, {} since {}", version.number, version.state, date(version.since))?;
        write_field(out, "certificate", &version.certificate)?;
        write_field(out, "private key", &version.private_key)?;
    }
    Ok(())
}

/// For whom and towards where a key signs, as in "key for …".
pub(super) fn who_signs(sharing: &SharingView) -> String {
    let owners = match (sharing.every_owner, sharing.owners.as_slice()) {
        (true, _) => "every owner's rows".to_owned(),
        (false, []) => return "its own owner's rows".to_owned(),
        (false, owners) => format!("the rows of {}, and of its own owner", shown(&owners.join(", "))),
    };
    match sharing.hosts.as_slice() {
        [] => owners,
        hosts => format!("{owners}, towards {}", shown(&hosts.join(", "))),
    }
}

fn write_field(out: &mut dyn Write, name: &str, field: &FieldView) -> std::io::Result<()> {
    writeln!(out, "  {name}   {}", field.description)?;
    if let Some(error) = &field.error {
        writeln!(out, "    {}", shown(error))?;
    }
    for certificate in &field.certificates {
        writeln!(out, "    subject     {}", shown(&certificate.subject))?;
        writeln!(out, "      issuer    {}", shown(&certificate.issuer))?;
        writeln!(out, "      serial    {}", certificate.serial)?;
        if let (Some(from), Some(to)) = (certificate.not_before, certificate.not_after) {
            writeln!(out, "      valid     {} to {}", date(from), date(to))?;
        }
    }
    if let Some(key) = &field.key {
        writeln!(out, "    {} {}, {} bits, sealed", key.algorithm, key.form, key.bits)?;
        writeln!(out, "      spki_sha256  {}", key.spki_sha256)?;
    }
    Ok(())
}

fn write_users(out: &mut dyn Write, users: &[RowName]) -> std::io::Result<()> {
    if users.is_empty() {
        return writeln!(out, "  no provider row uses it");
    }
    writeln!(out, "  used by {}", counted(users.len(), "provider row"))?;
    for user in users.iter().take(NAMED) {
        writeln!(out, "    {}", named(&user.owner, &user.name))?;
    }
    if users.len() > NAMED {
        let remedy = "`vestibule provider list --cert` lists them page by page";
        writeln!(out, "    and {} more; {remedy}", users.len() - NAMED)?;
    }
    Ok(())
}
