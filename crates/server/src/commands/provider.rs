//! `vestibule provider add`, `list`, `show`, `enable` and `disable`.

use std::io::{Read, Write};
use std::path::Path;

use serde_json::{Map, Value};
use vestibule::login::ProviderRow;
use vestibule::login::ProviderRows as _;
use vestibule::provider_store::{NewProvider, ProviderView};
use vestibule::{Config, Error, Finding, Result, RowRef, Severity, Uuid, Vestibule};

use super::{cannot_write, date, read_limited, split_name};
use crate::cli::ProviderAdd;

/// The largest config that is read.
const LARGEST: usize = 64 * 1024;
/// The category of rows that people sign in with.
const CATEGORY: &str = "OAuth";

/// Checks and stores a row. One that nobody could sign in with is stored only where that was asked for.
///
/// # Errors
/// `Configuration`, naming the field, the record and what belongs there.
pub async fn add(vestibule: &Vestibule, add: ProviderAdd, out: &mut dyn Write) -> Result<()> {
    let (owner, name) = split_name(&add.row)?;
    let config = config(add.config.as_deref(), &add.set)?;
    let mut new = NewProvider {
        owner: owner.to_owned(),
        name: name.to_owned(),
        display_name: add.display_name,
        category: CATEGORY.to_owned(),
        kind: add.kind,
        enabled: !add.disabled,
        config,
    };
    // Of a type that is not known nothing can be stored, finished or not.
    vestibule.registry().get(&new.kind)?;
    let findings = vestibule.check(&unsaved(&new)).await;
    let fatal = findings.iter().any(|finding| finding.severity == Severity::Fatal);
    if fatal && !add.unfinished {
        write_findings(out, &findings).map_err(cannot_write)?;
        return Err(Error::configuration(format!(
            "nobody could sign in with \"{owner}/{name}\", so it was not stored; mend what stands above, or store it with --unfinished"
        )));
    }
    let view = if add.replace {
        if new.display_name.is_empty() {
            new.display_name = vestibule.providers().get(owner, name).await?.display_name;
        }
        vestibule.providers().replace(new).await?
    } else {
        vestibule.providers().add(new).await?
    };
    write_row(vestibule, &view, &findings, out).map_err(cannot_write)
}

/// The row as it would be read, for checking it before it is stored.
fn unsaved(new: &NewProvider) -> ProviderRow {
    ProviderRow {
        row: RowRef { id: Uuid::nil(), owner: new.owner.clone(), name: new.name.clone() },
        display_name: new.display_name.clone(),
        category: new.category.clone(),
        kind: new.kind.clone(),
        enabled: new.enabled,
        config: new.config.clone(),
    }
}

/// Lists rows, a line each, with the callback URL to register.
///
/// # Errors
/// `Internal`, when the store fails.
pub async fn list(vestibule: &Vestibule, owner: Option<&str>, out: &mut dyn Write) -> Result<()> {
    for row in vestibule.providers().list(owner).await? {
        let state = if row.enabled { "enabled" } else { "disabled" };
        let callback = callback_url(vestibule, &row.owner, &row.name);
        writeln!(out, "{}/{}  {}, {state}  {callback}", row.owner, row.name, row.kind).map_err(cannot_write)?;
    }
    Ok(())
}

/// Shows a row with its findings and the callback URL to register.
///
/// # Errors
/// `Configuration`, when there is none, or when it cannot be read.
pub async fn show(vestibule: &Vestibule, row: &str, out: &mut dyn Write) -> Result<()> {
    let (owner, name) = split_name(row)?;
    let view = vestibule.providers().get(owner, name).await?;
    let opened = vestibule.providers().find(owner, name).await?;
    let findings = match &opened {
        Some(row) => vestibule.check(row).await,
        None => Vec::new(),
    };
    write_row(vestibule, &view, &findings, out).map_err(cannot_write)
}

/// Lets people sign in with a row.
///
/// # Errors
/// `Configuration`, when there is none.
pub async fn enable(vestibule: &Vestibule, row: &str) -> Result<()> {
    let (owner, name) = split_name(row)?;
    Ok(vestibule.providers().enable(owner, name).await?)
}

/// Lets nobody sign in with a row.
///
/// # Errors
/// `Configuration`, when there is none.
pub async fn disable(vestibule: &Vestibule, row: &str) -> Result<()> {
    let (owner, name) = split_name(row)?;
    Ok(vestibule.providers().disable(owner, name).await?)
}

/// The config from a file and from single fields, which come last.
fn config(file: Option<&Path>, fields: &[String]) -> Result<Config> {
    let text = match file {
        None => "{}".to_owned(),
        Some(path) if path == Path::new("-") => {
            let mut text = String::new();
            std::io::stdin().take(LARGEST as u64 + 1).read_to_string(&mut text).map_err(|error| {
                Error::configuration("the config on standard input cannot be read").caused_by(error)
            })?;
            if text.len() > LARGEST {
                return Err(Error::configuration(format!(
                    "the config on standard input is larger than {} KiB",
                    LARGEST / 1024
                )));
            }
            text
        }
        Some(path) => String::from_utf8(read_limited(path, LARGEST)?)
            .map_err(|_| Error::configuration(format!("file \"{}\" is no text", path.display())))?,
    };
    if fields.is_empty() {
        return Ok(Config::new(text.trim()));
    }
    let mut object: Map<String, Value> = serde_json::from_str(&text).map_err(|error| {
        Error::configuration(format!("config: is not a json object (line {}, column {})", error.line(), error.column()))
    })?;
    for field in fields {
        let (name, value) = field
            .split_once('=')
            .ok_or_else(|| Error::configuration("--set takes field=value, such as --set subject=open_id"))?;
        object.insert(name.to_owned(), Value::String(value.to_owned()));
    }
    Ok(Config::new(Value::Object(object).to_string()))
}

fn callback_url(vestibule: &Vestibule, owner: &str, name: &str) -> String {
    vestibule.logins().callback_url(owner, name).map_or_else(|error| error.report(), |url| url.to_string())
}

fn write_row(
    vestibule: &Vestibule,
    row: &ProviderView,
    findings: &[Finding],
    out: &mut dyn Write,
) -> std::io::Result<()> {
    writeln!(out, "{}/{}", row.owner, row.name)?;
    writeln!(out, "  id            {}", row.id)?;
    writeln!(out, "  display name  {}", row.display_name)?;
    writeln!(out, "  category      {}", row.category)?;
    writeln!(out, "  type          {}", row.kind)?;
    writeln!(out, "  enabled       {}", if row.enabled { "yes" } else { "no" })?;
    writeln!(out, "  version       {}", row.version)?;
    writeln!(out, "  created       {}", date(row.created_at))?;
    writeln!(out, "  updated       {}", date(row.updated_at))?;
    writeln!(out, "  config        {}", row.config)?;
    if let Some(error) = &row.error {
        writeln!(out, "                {error}")?;
    }
    writeln!(out, "  callback URL  {}", callback_url(vestibule, &row.owner, &row.name))?;
    writeln!(out, "                register it at the upstream")?;
    write_findings(out, findings)
}

fn write_findings(out: &mut dyn Write, findings: &[Finding]) -> std::io::Result<()> {
    for finding in findings {
        let severity = match finding.severity {
            Severity::Fatal => "FATAL   ",
            Severity::Warning => "warning ",
            Severity::Note => "note    ",
        };
        writeln!(out, "  {severity}{}", finding.message)?;
    }
    Ok(())
}
