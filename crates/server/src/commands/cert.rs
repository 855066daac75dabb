//! `vestibule cert add`, `list` and `show`.

use std::io::Write;
use std::path::Path;

use vestibule::certs_store::{CertFilter, CertView, FieldView, NewCert, Sort};
use vestibule::{Order, Page, Result, Secret};

use super::{Desk, cannot_write, date, exists_already, read_text, split_name};
use crate::cli::CertAdd;

/// The mask that the store shows for a Private key field, and takes for "what is stored".
const AS_IT_IS: &str = "***";

/// Judges and stores a record of the files that the command line names.
///
/// # Errors
/// `Configuration`, naming the file, or the record, the field and what belongs there.
pub async fn add(desk: &Desk, add: CertAdd, out: &mut dyn Write) -> Result<()> {
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
        sharing: None,
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

/// Lists records, a line each.
///
/// # Errors
/// `Internal`, when the store fails.
pub async fn list(desk: &Desk, owner: Option<&str>, out: &mut dyn Write) -> Result<()> {
    let filter = CertFilter { owner: owner.map(str::to_owned), ..CertFilter::default() };
    for cert in desk.vestibule.certs().list(&filter, Sort::Name, Order::Ascending, Page::default()).await?.items {
        let ends = cert.not_after.map_or_else(String::new, |time| format!("until {}", date(time)));
        writeln!(out, "{}/{}  {ends}", cert.owner, cert.name).map_err(cannot_write)?;
    }
    Ok(())
}

/// Shows a record.
///
/// # Errors
/// `Configuration`, when there is none.
pub async fn show(desk: &Desk, record: &str, out: &mut dyn Write) -> Result<()> {
    let (owner, name) = split_name(record)?;
    let view = desk.vestibule.certs().get(owner, name).await?;
    write_view(out, &view).map_err(cannot_write)
}

fn write_view(out: &mut dyn Write, cert: &CertView) -> std::io::Result<()> {
    writeln!(out, "{}/{}", cert.owner, cert.name)?;
    writeln!(out, "  id            {}", cert.id)?;
    writeln!(out, "  display name  {}", cert.display_name)?;
    writeln!(out, "  type          {}", cert.kind)?;
    writeln!(out, "  version       {}", cert.version)?;
    writeln!(out, "  created       {}", date(cert.created_at))?;
    writeln!(out, "  updated       {}", date(cert.updated_at))?;
    write_field(out, "certificate", &cert.certificate)?;
    write_field(out, "private key", &cert.private_key)
}

fn write_field(out: &mut dyn Write, name: &str, field: &FieldView) -> std::io::Result<()> {
    writeln!(out, "  {name}   {}", field.description)?;
    if let Some(error) = &field.error {
        writeln!(out, "    {error}")?;
    }
    for certificate in &field.certificates {
        writeln!(out, "    subject     {}", certificate.subject)?;
        writeln!(out, "      issuer    {}", certificate.issuer)?;
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
