//! What a server cannot open: its operator learns of it when it starts, for example after the master key was changed, and not from somebody's sign-in.

use vestibule::login::ProviderRows as _;
use vestibule::{Result, Vestibule};

/// The most records, and the most rows, that are tried.
const TRIED: u32 = 100;
/// How many are named.
const NAMED: usize = 3;

/// Something that cannot be opened or read.
struct Unreadable {
    name: String,
    reason: String,
}

/// Tries to open the first records and the rows that people sign in with; one line tells of all that cannot be opened.
pub(crate) async fn report(vestibule: &Vestibule) {
    let found = match find(vestibule).await {
        Ok(found) => found,
        Err(error) => {
            return tracing::warn!(report = error.report(), "what is sealed could not be tried");
        }
    };
    let Some(first) = found.first() else { return };
    let mut names = found.iter().take(NAMED).map(|one| one.name.as_str()).collect::<Vec<_>>().join(", ");
    if found.len() > NAMED {
        names.push_str(", …");
    }
    tracing::error!(
        count = found.len(),
        records = names,
        first = first.reason,
        "cert records or provider rows cannot be opened, and nobody signs in with them; if the master key was changed, start the \
         server with the one that it had before"
    );
}

async fn find(vestibule: &Vestibule) -> Result<Vec<Unreadable>> {
    let certs = vestibule.certs().first(TRIED).await?;
    let mut found: Vec<_> = certs
        .into_iter()
        .filter_map(|cert| {
            let name = format!("cert record {}/{}", cert.owner, cert.name);
            Some(Unreadable { name, reason: cert.private_key.error? })
        })
        .collect();
    for row in vestibule.providers().sign_in_options(TRIED).await? {
        if let Err(error) = vestibule.providers().find(&row.owner, &row.name).await {
            let name = format!("provider row {}/{}", row.owner, row.name);
            found.push(Unreadable { name, reason: error.report() });
        }
    }
    Ok(found)
}
