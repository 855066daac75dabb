//! Ten rows and very many, on the same database: a sign-in by name costs the same, and lists stay fast.

use std::path::Path;
use std::time::Duration;

use crate::failure::{Outcome, hold};
use crate::installation::{Installation, ROW};
use crate::program::Program;
use crate::report::{Durations, say};
use crate::servers::Kind;
use crate::time;

/// How many rows there are at first.
const FEW: usize = 10;
/// How many sign-ins are measured each time.
const SAMPLE: usize = 300;
/// How much more a sign-in may cost with many rows, of what it costs with few.
const RATIO: f64 = 1.5;
/// How long a page of a list may take, the start of a process included.
const PAGE: Duration = Duration::from_millis(500);

pub(crate) async fn run(program: &Path, kind: Kind, rows: usize) -> Outcome {
    say(format_args!("\n== scale on {kind}: {FEW} and {rows} cert and provider rows"));
    let house = Installation::furnished(program, kind).await?;
    let server = house.serve(None).await?;
    insert(&house, kind, 1, FEW).await?;
    examined(&house).await?;
    let few = measure(&house, &server, FEW).await?;
    say(format_args!("   {FEW} rows: {few}"));

    let start = time::start();
    insert(&house, kind, FEW + 1, rows).await?;
    let inserted = time::since(start);
    examined(&house).await?;
    say(format_args!(
        "   {rows} rows: inserted with plain SQL in {:.1} s, examined by the server {:.1} s later",
        inserted.as_secs_f64(),
        time::since(start).saturating_sub(inserted).as_secs_f64()
    ));
    let many = measure(&house, &server, rows).await?;
    say(format_args!("   {rows} rows: {many}"));
    for (what, few, many) in [
        ("begun", &few.begin, &many.begin),
        ("finished", &few.all, &many.all),
        ("begun for the first time", &few.first, &many.first),
    ] {
        let ratio = many.percentile(50).as_secs_f64() / few.percentile(50).as_secs_f64().max(f64::MIN_POSITIVE);
        say(format_args!("   a sign-in is {what} in {ratio:.2} of the time with {FEW} rows"));
        hold(ratio < RATIO, || {
            format!("with {rows} rows it takes {ratio:.2} times as long until a sign-in is {what}")
        })?;
    }
    pages(&house, rows).await
}

/// Rows of many owners, by the database's own client: each owner has a cert record and a row that names the shared records.
async fn insert(house: &Installation, kind: Kind, from: usize, until: usize) -> Outcome {
    let numbers = match kind {
        Kind::Sqlite => {
            format!("WITH RECURSIVE n(n) AS (SELECT {from} UNION ALL SELECT n + 1 FROM n WHERE n < {until})")
        }
        Kind::Postgres => format!("WITH n(n) AS (SELECT generate_series({from}, {until}))"),
        Kind::MariaDb => String::new(),
    };
    let table = if kind == Kind::MariaDb { format!("seq_{from}_to_{until}") } else { "n".to_owned() };
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

struct Measured {
    /// From the click to the redirect, with a row that was used before.
    begin: Durations,
    /// A whole sign-in with such a row.
    all: Durations,
    /// From the click to the redirect, with rows that nobody used yet, as far as there are such.
    first: Durations,
}

impl std::fmt::Display for Measured {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let ms = |durations: &Durations| durations.percentile(50).as_secs_f64() * 1000.0;
        let (begin, all, first) = (ms(&self.begin), ms(&self.all), ms(&self.first));
        write!(
            f,
            "p50 of a beginning {begin:.2} ms, of a whole sign-in {all:.2} ms, of a row's first beginning {first:.2} ms"
        )
    }
}

async fn measure(house: &Installation, server: &Program, rows: usize) -> Outcome<Measured> {
    let gate = server.url();
    let person = house.person(ROW);
    person.sign_in(gate, gate).await?;
    let (mut begin, mut all, mut first) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..SAMPLE {
        let start = time::start();
        let begun = person.begin(gate).await?;
        begin.push(time::since(start));
        let agreed = person.agree(&begun)?;
        person.come_back(&begun, &agreed, gate).await?;
        all.push(time::since(start));
    }
    for number in 0..SAMPLE.min(rows) {
        // Spread over all, none twice; those of the few are not asked again.
        let owner = rows - number * (rows / SAMPLE.min(rows));
        let start = time::start();
        house.person(&format!("owner-{owner}/alipay")).begin(gate).await?;
        first.push(time::since(start));
    }
    Ok(Measured {
        begin: Durations::from_iter(begin),
        all: Durations::from_iter(all),
        first: Durations::from_iter(first),
    })
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
