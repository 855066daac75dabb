//! Sign-ins are begun and abandoned, as a stranger with a loop does it.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::task::JoinSet;

use crate::failure::{Failure, Outcome, hold};
use crate::installation::{Installation, ROW};
use crate::report::{Durations, say};
use crate::servers::Kind;
use crate::time;

/// How many begin at the same time.
const AT_ONCE: usize = 32;
/// How many begin before memory is looked at, so that what every server needs is there: connections, buffers.
const WARMING: usize = 2000;
/// How much more memory the server may have at the end, in KiB.
const GROWTH: u64 = 32 * 1024;

pub(crate) async fn run(program: &Path, kind: Kind, attempts: usize) -> Outcome {
    say(format_args!("\n== flood on {kind}: {attempts} sign-ins begun and abandoned"));
    let house = Installation::furnished(program, kind).await?;
    let server = house.serve(None).await?;
    let person = house.person(ROW);
    let early = person.begin(server.url()).await?;
    let begin = async |count| {
        let begun = Arc::new(AtomicUsize::new(0));
        let mut strangers = JoinSet::new();
        for _ in 0..AT_ONCE {
            let (person, gate, begun) = (person.clone(), server.url().clone(), begun.clone());
            strangers.spawn(async move {
                let mut took = Vec::new();
                while begun.fetch_add(1, Ordering::SeqCst) < count {
                    let start = time::start();
                    person.begin(&gate).await?;
                    took.push(time::since(start));
                }
                Ok::<_, Failure>(took)
            });
        }
        let mut all = Durations::default();
        while let Some(took) = strangers.join_next().await {
            all.extend(took??);
        }
        Outcome::Ok(all)
    };

    begin(WARMING).await?;
    let before = server.memory()?;
    let start = time::start();
    let took = begin(attempts).await?;
    let after = server.memory()?;
    say(format_args!("   begun in {:.1} s; {took}", time::since(start).as_secs_f64()));
    say(format_args!("   memory of the server {before} KiB before, {after} KiB after"));
    hold(after < before + GROWTH, || format!("the server grew by {} KiB", after.saturating_sub(before)))?;

    let used = house.server.number("SELECT count(*) FROM vestibule_used_attempt").await?;
    hold(used == 0, || format!("{used} rows were written for sign-ins that nobody finished"))?;
    say(format_args!("   the database has no row of them"));

    let agreed = person.agree(&early)?;
    person.come_back(&early, &agreed, server.url()).await?;
    person.sign_in(server.url(), server.url()).await?;
    say(format_args!("   who began before gets in, and who begins after"));
    Ok(())
}
