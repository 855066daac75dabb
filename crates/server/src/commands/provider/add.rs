//! `vestibule provider add`.

use std::io::{Read as _, Write};
use std::path::Path;

use serde_json::{Map, Value};
use vestibule::provider_store::{NewProvider, OpenedProvider};
use vestibule::{Config, Error, Result};

use super::super::answer::{cannot_write, is_fatal, write_findings};
use super::super::files::read_limited;
use super::super::{Desk, exists_already, split_name};
use super::show::write_row;
use crate::cli::ProviderAdd;

/// The largest config that is read.
const LARGEST: usize = 64 * 1024;
/// The category of rows that people sign in with.
const CATEGORY: &str = "OAuth";

/// Checks and stores a row. One that nobody could sign in with is stored only where that was asked for, and switched off.
///
/// # Errors
/// `Configuration`, naming the field, the record and what belongs there.
pub(super) async fn add(desk: &Desk, add: ProviderAdd, out: &mut dyn Write) -> Result<()> {
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
