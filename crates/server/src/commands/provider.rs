//! `vestibule provider add`, `list`, `show`, `enable` and `disable`.

use std::io::{Read, Write};
use std::path::Path;

use serde_json::{Map, Value};
use vestibule::provider_store::{NewProvider, OpenedProvider, ProviderFilter, ProviderView, Sort};
use vestibule::{Config, Error, Finding, Order, Page, Result, Severity};

use super::{Desk, cannot_write, date, exists_already, read_limited, split_name};
use crate::cli::ProviderAdd;

/// The largest config that is read.
const LARGEST: usize = 64 * 1024;
/// The category of rows that people sign in with.
const CATEGORY: &str = "OAuth";

/// Checks and stores a row. One that nobody could sign in with is stored only where that was asked for, and switched off.
///
/// # Errors
/// `Configuration`, naming the field, the record and what belongs there.
pub async fn add(desk: &Desk, add: ProviderAdd, out: &mut dyn Write) -> Result<()> {
    let (owner, name) = split_name(&add.row)?;
    let providers = desk.vestibule.providers();
    let before = match add.replace {
        true => Some(providers.get(owner, name).await?),
        false if providers.get(owner, name).await.is_ok() => return Err(exists_already("provider row", owner, name)),
        false => None,
    };
    let mut new = NewProvider {
        owner: owner.to_owned(),
        name: name.to_owned(),
        display_name: add.display_name,
        category: CATEGORY.to_owned(),
        kind: add.kind,
        enabled: !add.disabled,
        config: config(add.config.as_deref(), &add.set)?,
    };
    // Of a type that is not known nothing can be stored, finished or not.
    desk.vestibule.registry().get(&new.kind)?;
    let findings = desk.vestibule.check(&OpenedProvider::from(&new)).await;
    let unfinished = is_fatal(&findings);
    if unfinished && !add.unfinished {
        write_findings(out, &findings).map_err(cannot_write)?;
        return Err(Error::configuration(format!(
            "nobody could sign in with \"{owner}/{name}\", so it was not stored; mend what stands above, or store it with --unfinished"
        )));
    }
    new.enabled &= !unfinished;
    let view = match before {
        Some(before) => {
            new.enabled &= before.enabled;
            if new.display_name.is_empty() {
                new.display_name = before.display_name;
            }
            providers.replace(new, Some(before.version), &desk.by).await?
        }
        None => providers.add(new, &desk.by).await?,
    };
    write_row(desk, &view, &findings, out).map_err(cannot_write)?;
    if unfinished {
        let said = "nobody could sign in with it, so it is switched off; mend what stands above with --replace, then";
        writeln!(out, "{said} switch it on with `vestibule provider enable`").map_err(cannot_write)?;
    }
    desk.say_where(out)
}

/// Lists rows, a line each, with the callback URL to register.
///
/// # Errors
/// `Internal`, when the store fails.
pub async fn list(desk: &Desk, owner: Option<&str>, out: &mut dyn Write) -> Result<()> {
    let filter = ProviderFilter { owner: owner.map(str::to_owned), ..ProviderFilter::default() };
    for row in desk.vestibule.providers().list(&filter, Sort::Name, Order::Ascending, Page::default()).await?.items {
        let state = if row.enabled { "enabled" } else { "disabled" };
        let callback = callback_url(desk, &row.owner, &row.name);
        writeln!(out, "{}/{}  {}, {state}  {callback}", row.owner, row.name, row.kind).map_err(cannot_write)?;
    }
    Ok(())
}

/// Shows a row with its findings and the callback URL to register.
///
/// # Errors
/// `Configuration`, when there is none, and, after it was shown, when nobody can sign in with it.
pub async fn show(desk: &Desk, row: &str, out: &mut dyn Write) -> Result<()> {
    let (owner, name) = split_name(row)?;
    let view = desk.vestibule.providers().get(owner, name).await?;
    let findings = check(desk, owner, name).await;
    write_row(desk, &view, &findings, out).map_err(cannot_write)?;
    if is_fatal(&findings) {
        let said = format!("nobody can sign in with \"{owner}/{name}\"; mend what stands above");
        return Err(Error::configuration(said));
    }
    Ok(())
}

/// Lets people sign in with a row, if they can.
///
/// # Errors
/// `Configuration`, when there is none, or when nobody could sign in with it.
pub async fn enable(desk: &Desk, row: &str, out: &mut dyn Write) -> Result<()> {
    let (owner, name) = split_name(row)?;
    let providers = desk.vestibule.providers();
    // A row that is not there is not an unfinished one.
    providers.get(owner, name).await?;
    let findings = check(desk, owner, name).await;
    write_findings(out, &findings).map_err(cannot_write)?;
    if is_fatal(&findings) {
        return Err(Error::configuration(format!(
            "nobody could sign in with \"{owner}/{name}\", so it was not enabled; mend what stands above"
        )));
    }
    Ok(providers.enable(owner, name, &desk.by).await?)
}

/// The findings of a stored row.
async fn check(desk: &Desk, owner: &str, name: &str) -> Vec<Finding> {
    match desk.vestibule.providers().open(owner, name).await {
        Ok(row) => desk.vestibule.check(&row).await,
        Err(error) => vec![Finding::fatal(Error::from(error).report())],
    }
}

fn is_fatal(findings: &[Finding]) -> bool {
    findings.iter().any(|finding| finding.severity == Severity::Fatal)
}

/// Lets nobody sign in with a row.
///
/// # Errors
/// `Configuration`, when there is none.
pub async fn disable(desk: &Desk, row: &str) -> Result<()> {
    let (owner, name) = split_name(row)?;
    Ok(desk.vestibule.providers().disable(owner, name, &desk.by).await?)
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

fn callback_url(desk: &Desk, owner: &str, name: &str) -> String {
    let url = desk.vestibule.logins().callback_url(owner, name);
    url.map_or_else(|error| error.report(), |url| format!("{url}{}", desk.callback_note))
}

fn write_row(desk: &Desk, row: &ProviderView, findings: &[Finding], out: &mut dyn Write) -> std::io::Result<()> {
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
    writeln!(out, "  callback URL  {}", callback_url(desk, &row.owner, &row.name))?;
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
