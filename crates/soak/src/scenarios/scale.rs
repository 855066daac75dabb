//! An installation with ten rows and one with very many, asked in turn: a sign-in by name costs the same, and lists stay fast.

use std::path::Path;
use std::time::Duration;

use crate::failure::{Outcome, hold};
use crate::installation::{Installation, ROW};
use crate::program::Program;
use crate::report::{Durations, say};
use crate::servers::Kind;
use crate::time;

/// How many rows the small installation has.
const FEW: usize = 10;
/// How many sign-ins are measured in each installation.
const SAMPLE: usize = 500;
/// How much more a sign-in may cost with many rows, of what it costs with few.
const RATIO: f64 = 1.5;
/// How long a page of a list may take, the start of a process included.
const PAGE: Duration = Duration::from_millis(500);

pub(crate) async fn run(program: &Path, kind: Kind, rows: usize) -> Outcome {
    say(format_args!("\n== scale on {kind}: {FEW} and {rows} cert and provider rows"));
    let mut sites = Vec::new();
    for rows in [FEW, rows] {
        let house = Installation::furnished(program, kind).await?;
        let server = house.serve(None).await?;
        let start = time::start();
        insert(&house, kind, rows).await?;
        let inserted = time::since(start);
        examined(&house).await?;
        let examined = time::since(start).saturating_sub(inserted);
        say(format_args!(
            "   {rows} rows: inserted with plain SQL in {:.1} s, examined by the server {:.1} s later",
            inserted.as_secs_f64(),
            examined.as_secs_f64()
        ));
        sites.push((house, server));
    }
    let mut measured = [Measured::default(), Measured::default()];
    for number in 0..SAMPLE {
        // In turn, so that whatever else the machine does slows both.
        for ((house, server), measured) in sites.iter().zip(&mut measured) {
            measured.sign_in(house, server).await?;
        }
        if let (Some((house, server)), [_, many]) = (sites.last(), &mut measured) {
            // Spread over all, none twice.
            many.first_sign_in(house, server, 1 + number * (rows / SAMPLE).max(1) % rows).await?;
        }
    }
    let [few, many] = measured;
    say(format_args!("   {FEW} rows: {few}\n   {rows} rows: {many}"));
    say(format_args!("   the first beginning with a row of which nothing is opened yet: {}", many.first));
    for (what, few, many) in [("a beginning", &few.begin, &many.begin), ("a sign-in", &few.all, &many.all)] {
        let ratio = many.percentile(50).as_secs_f64() / few.percentile(50).as_secs_f64().max(f64::MIN_POSITIVE);
        say(format_args!("   {what} with {rows} rows takes {ratio:.2} times as long as with {FEW}"));
        hold(ratio < RATIO, || format!("{what} with {rows} rows takes {ratio:.2} times as long"))?;
    }
    match sites.last() {
        Some((house, _)) => pages(house, rows).await,
        None => Ok(()),
    }
}

/// Rows of many owners, by the database's own client: each owner has a cert record and a row that names the shared records.
async fn insert(house: &Installation, kind: Kind, rows: usize) -> Outcome {
    let numbers = match kind {
        Kind::Sqlite => {
            format!("WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < {rows})")
        }
        Kind::Postgres => format!("WITH n(n) AS (SELECT generate_series(1, {rows}))"),
        Kind::MariaDb => String::new(),
    };
    let table = if kind == Kind::MariaDb { format!("seq_1_to_{rows}") } else { "n".to_owned() };
    let number = if kind == Kind::MariaDb { "seq" } else { "n" };
    let owner =
        if kind == Kind::MariaDb { format!("concat('owner-', {number})") } else { format!("'owner-' || {number}") };
    let select = |columns: &str, of: &str, owner_of: &str, name: &str| {
        format!(
            "{numbers} SELECT {owner}, {columns} FROM {table} CROSS JOIN {of} WHERE owner = '{owner_of}' AND name = '{name}'"
        )
    };
    let certs = select("'own', certificate", "vestibule_cert", "admin", "root-cert");
    let providers = select("name, type, config", "vestibule_provider", "acme", "alipay");
    // MariaDB and PostgreSQL take a WITH after the INSERT, SQLite as well.
    house.server.query(&format!("INSERT INTO vestibule_cert (owner, name, certificate) {certs}")).await?;
    house.server.query(&format!("INSERT INTO vestibule_provider (owner, name, type, config) {providers}")).await?;
    Ok(())
}

/// Waits until the server has looked at all rows that plain SQL wrote.
async fn examined(house: &Installation) -> Outcome {
    for _ in 0..6000 {
        if house.server.number("SELECT count(*) FROM vestibule_provider WHERE examined <> config").await? == 0 {
            return Ok(());
        }
        time::pause(Duration::from_millis(100)).await;
    }
    Err("rows that plain SQL wrote are not examined after ten minutes".into())
}

#[derive(Default)]
struct Measured {
    /// From the click to the redirect, with a row that was used before.
    begin: Durations,
    /// A whole sign-in with such a row.
    all: Durations,
    /// From the click to the redirect, with a row that nobody used yet.
    first: Durations,
}

impl Measured {
    async fn sign_in(&mut self, house: &Installation, server: &Program) -> Outcome {
        let (gate, person) = (server.url(), house.person(ROW));
        let start = time::start();
        let begun = person.begin(gate).await?;
        self.begin.extend([time::since(start)]);
        let agreed = person.agree(&begun)?;
        person.come_back(&begun, &agreed, gate).await?;
        self.all.extend([time::since(start)]);
        Ok(())
    }

    async fn first_sign_in(&mut self, house: &Installation, server: &Program, owner: usize) -> Outcome {
        let start = time::start();
        house.person(&format!("owner-{owner}/alipay")).begin(server.url()).await?;
        self.first.extend([time::since(start)]);
        Ok(())
    }
}

impl std::fmt::Display for Measured {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let ms = |durations: &Durations| durations.percentile(50).as_secs_f64() * 1000.0;
        write!(f, "p50 of a beginning {:.2} ms, of a whole sign-in {:.2} ms", ms(&self.begin), ms(&self.all))
    }
}

/// Pages of lists, at the start and deep, as the command line gives them.
async fn pages(house: &Installation, rows: usize) -> Outcome {
    let deep = (rows / 50).to_string();
    let owner = format!("owner-{rows}");
    let kinds: [(&str, &[&str]); 5] = [
        ("at the start", &[]),
        ("deep", &["--page", &deep]),
        ("deep, by the last change", &["--page", &deep, "--sort", "updated"]),
        ("of one owner", &["--owner", &owner]),
        ("of names with a text in them", &["--contains", "no-such-name"]),
    ];
    for list in ["cert", "provider"] {
        for (what, more) in kinds {
            let mut took = Vec::new();
            for _ in 0..5 {
                let start = time::start();
                house.succeed(&[&[list, "list"][..], more].concat()).await?;
                took.push(time::since(start));
            }
            let took = Durations::from_iter(took).percentile(50);
            say(format_args!("   {list} list, a page {what}: {:.0} ms", took.as_secs_f64() * 1000.0));
            hold(took < PAGE, || format!("{list} list, a page {what}, takes too long"))?;
        }
    }
    Ok(())
}
