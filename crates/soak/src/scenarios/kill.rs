//! Program and server are killed in the middle of writing, again and again. Whatever moment it was: every row opens, no record is half old and half new, and
//! the operation can be repeated.

mod file;

use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::task::JoinSet;

use self::file::{export, record, row};
use crate::failure::{Failure, Outcome, hold};
use crate::installation::Installation;
use crate::material::Pair;
use crate::program::Program;
use crate::report::say;
use crate::servers::Kind;
use crate::time;

/// How many records there are, and as many rows, each with a record of its own.
const ROWS: usize = 100;
/// How many sign in at the same time.
const AT_ONCE: usize = 8;

pub(crate) async fn run(program: &Path, kind: Kind, rounds: usize) -> Outcome {
    say(format_args!("\n== kill on {kind}: {rounds} times each, {ROWS} records and rows"));
    let house = Installation::start(program, kind).await?;
    let mut site = Site { server: None, house };
    imports(&mut site, rounds).await?;
    key_rotations(&mut site, rounds).await?;
    switches(&mut site, rounds).await
}

/// Two files take turns: the same rows with another certificate and key in every record.
async fn imports(site: &mut Site, rounds: usize) -> Outcome {
    let (one, other) = (Pair::app()?, Pair::app()?);
    let mut files = Vec::new();
    for (name, pair) in [("one.json", &one), ("other.json", &other)] {
        pair.register(&site.house.simulator)?;
        files.push((site.house.write(name, &export(&site.house, pair, ROWS))?, pair.serial()));
    }
    // The first makes the rows, the second is the measure for those that replace them.
    let mut full = Duration::ZERO;
    for (file, _) in &files {
        let start = time::start();
        site.house.succeed(&["import", file, "--apply"]).await?;
        full = time::since(start);
    }
    let mut tally = Tally::default();
    for (file, serial) in files.iter().cycle().take(rounds) {
        site.open().await?;
        tally.count(site.kill_during(&["import", file, "--apply"], full).await?);
        let used = site.everybody().await?;
        let known = |serial: &String| files.iter().any(|(_, known)| known == serial);
        hold(used.keys().all(known), || format!("records with a certificate from nowhere: {used:?}"))?;
        tally.partial += usize::from(used.len() > 1);
        site.house.succeed(&["import", file, "--apply"]).await?;
        let used = site.everybody().await?;
        hold(used.keys().eq([serial]), || format!("the import was repeated, and not all have {serial}: {used:?}"))?;
    }
    say(format_args!("   import ({:.2} s): {tally}", full.as_secs_f64()));
    Ok(())
}

async fn key_rotations(site: &mut Site, rounds: usize) -> Outcome {
    let rotate = ["keys", "rotate"];
    let start = time::start();
    site.house.succeed(&rotate).await?;
    let full = time::since(start);
    let mut tally = Tally::default();
    for _ in 0..rounds {
        site.open().await?;
        tally.count(site.kill_during(&rotate, full).await?);
        site.everybody().await?;
        let keys = site.house.master_keys().await?;
        tally.partial += usize::from(keys.iter().filter(|(_, count)| *count > 0).count() > 1);
        site.house.succeed(&rotate).await?;
        site.house.remove_former_keys().await?;
        site.everybody().await?;
    }
    say(format_args!("   key rotation ({:.2} s): {tally}", full.as_secs_f64()));
    Ok(())
}

async fn switches(site: &mut Site, rounds: usize) -> Outcome {
    let record = record(0);
    let switch = ["cert", "switch", &record];
    let mut full = Duration::ZERO;
    let mut tally = Tally::default();
    for round in 0..=rounds {
        let pair = Pair::app()?;
        pair.register(&site.house.simulator)?;
        let certificate = site.house.write("next.crt", &pair.certificate.pem())?;
        let key = site.house.write("next.key", &pair.key.pkcs8_base64())?;
        site.house.succeed(&["cert", "stage", &record, "--certificate", &certificate, "--private-key", &key]).await?;
        let before = site.serial_of_first().await?;
        if round == 0 {
            let start = time::start();
            site.house.succeed(&switch).await?;
            full = time::since(start);
        } else {
            tally.count(site.kill_during(&switch, full).await?);
        }
        let after = site.serial_of_first().await?;
        if after == before {
            site.house.succeed(&switch).await?;
        }
        let used = site.serial_of_first().await?;
        hold(used == pair.serial(), || format!("switched to {}, and {used} signs", pair.serial()))?;
        site.invariants().await?;
    }
    say(format_args!("   version switch ({:.2} s): {tally}", full.as_secs_f64()));
    Ok(())
}

/// What became of the rounds.
#[derive(Default)]
struct Tally {
    killed: usize,
    in_time: usize,
    /// After which some rows were new and some were old.
    partial: usize,
}

impl Tally {
    fn count(&mut self, end: End) {
        match end {
            End::Killed => self.killed += 1,
            End::Done => self.in_time += 1,
        }
    }
}

impl std::fmt::Display for Tally {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { killed, in_time, partial } = self;
        write!(
            f,
            "{killed} times killed, {in_time} times done before; {partial} times in the middle of the rows; all sound, all repeated"
        )
    }
}

#[derive(Clone, Copy)]
enum End {
    Killed,
    Done,
}

/// The installation and its server, which is killed as well.
struct Site {
    /// Dropped, and so ended, before the folder of its log.
    server: Option<Program>,
    house: Installation,
}

impl Site {
    /// A server that runs, the one that does or another.
    async fn open(&mut self) -> Outcome<&Program> {
        if self.server.is_none() {
            self.server = Some(self.house.serve(None).await?);
        }
        self.server.as_ref().ok_or_else(|| "there is no server".into())
    }

    /// Runs a command and kills it, and the server, at a random moment of the `full` time that it takes.
    async fn kill_during(&mut self, arguments: &[&str], full: Duration) -> Outcome<End> {
        let mut command = self.house.command(arguments);
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
        time::pause(full.mul_f64(random_part()?)).await;
        if let Some(status) = child.try_wait()? {
            hold(status.success(), || format!("`vestibule {}` ended with {status}", arguments.join(" ")))?;
            return Ok(End::Done);
        }
        child.kill().await?;
        if let Some(server) = self.server.take() {
            server.kill().await?;
        }
        Ok(End::Killed)
    }

    /// Signs in with every row: how many records signed with which serial number. A record whose certificate and key do not belong together signs nothing
    /// that Alipay accepts.
    async fn everybody(&mut self) -> Outcome<BTreeMap<String, usize>> {
        self.invariants().await?;
        let gate = self.open().await?.url().clone();
        let next = Arc::new(AtomicUsize::new(0));
        let mut people = JoinSet::new();
        for _ in 0..AT_ONCE {
            let (mut person, gate, next) = (self.house.person(""), gate.clone(), next.clone());
            people.spawn(async move {
                loop {
                    let number = next.fetch_add(1, Ordering::SeqCst);
                    if number >= ROWS {
                        return Ok::<_, Failure>(());
                    }
                    person.row = row(number);
                    person.sign_in(&gate, &gate).await.map_err(|refusal| format!("{}: {refusal}", person.row))?;
                }
            });
        }
        while let Some(person) = people.join_next().await {
            person??;
        }
        // A sign-in is a request for the token and one for the profile.
        let mut used = BTreeMap::new();
        for request in self.house.simulator.requests().iter().rev().take(2 * ROWS) {
            *used.entry(request.parameter("app_cert_sn").unwrap_or_default().to_owned()).or_default() += 1;
        }
        Ok(used)
    }

    /// The serial number with which the first row's record signs.
    async fn serial_of_first(&mut self) -> Outcome<String> {
        let gate = self.open().await?.url().clone();
        self.house.person(&row(0)).sign_in(&gate, &gate).await?;
        let requests = self.house.simulator.requests();
        let serial = requests.last().and_then(|request| request.parameter("app_cert_sn"));
        Ok(serial.unwrap_or_default().to_owned())
    }

    /// What is true of the tables at any moment.
    async fn invariants(&self) -> Outcome {
        let twice = "SELECT count(*) FROM vestibule_cert c JOIN vestibule_cert_version v ON v.cert_id = c.id AND v.version = c.version";
        let nexts = "SELECT count(*) FROM (SELECT cert_id FROM vestibule_cert_version WHERE state = 'next' GROUP BY cert_id HAVING count(*) > 1) AS more";
        for (what, sql) in [("versions that are active and not", twice), ("records with two next versions", nexts)] {
            let count = self.house.server.number(sql).await?;
            hold(count == 0, || format!("{count} {what}"))?;
        }
        Ok(())
    }
}

/// A number between 0 and 1.
fn random_part() -> Outcome<f64> {
    let mut bytes = [0; 4];
    std::fs::File::open("/dev/urandom")?.read_exact(&mut bytes)?;
    Ok(f64::from(u32::from_be_bytes(bytes)) / f64::from(u32::MAX))
}
