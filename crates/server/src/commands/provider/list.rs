//! `vestibule provider list`.

use std::io::Write;

use vestibule::Result;
use vestibule::provider_store::{ProviderFilter, Sort};

use super::super::Desk;
use super::super::answer::{cannot_write, named, shown, write_json, write_part};
use super::show::callback_url;
use crate::cli::{ProviderList, ProviderSort, State};

/// Lists rows, a line each, with the callback URL to register.
///
/// # Errors
/// `Unavailable` or `Internal`, when the database fails.
pub(super) async fn list(desk: &Desk, list: &ProviderList, out: &mut dyn Write) -> Result<()> {
    let providers = desk.vestibule.providers();
    if list.cert.is_some() {
        // Which records a row names is noted when it is written; what plain SQL wrote a moment ago counts, too.
        providers.examine().await?;
    }
    let filter = ProviderFilter {
        owner: list.owner.clone(),
        kind: list.kind.clone(),
        enabled: list.state.map(|state| state == State::Enabled),
        name_contains: list.contains.clone(),
        cert: list.cert.clone(),
    };
    let sort = match list.sort {
        ProviderSort::Name => Sort::Name,
        ProviderSort::Type => Sort::Kind,
        ProviderSort::Updated => Sort::Updated,
    };
    let rows = providers.list(&filter, sort, list.direction.order(), list.part.page()?).await?;
    if list.part.json {
        return write_json(out, &rows);
    }
    for row in &rows.items {
        let state = if row.enabled { "enabled" } else { "disabled" };
        let callback = callback_url(desk, &row.owner, &row.name);
        writeln!(out, "{}  {}, {state}  {callback}", named(&row.owner, &row.name), shown(&row.kind))
            .map_err(cannot_write)?;
    }
    write_part(out, &rows, &list.part).map_err(cannot_write)
}
