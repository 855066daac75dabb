//! The database goes away while people sign in, and comes back.

use std::path::Path;
use std::time::Duration;

use crate::browser::Begun;
use crate::crowd::{Crowd, Visit, refused, welcomed};
use crate::failure::{Outcome, hold};
use crate::installation::{Installation, ROW};
use crate::program::Program;
use crate::proxy::{Mode, Proxy};
use crate::report::{Durations, say};
use crate::servers::Kind;
use crate::time;

/// How many sign in at the same time.
const AT_ONCE: usize = 16;
/// How long a click may take at the worst; a sign-in is two of them.
const BOUND: Duration = Duration::from_secs(15);
/// How long after the database's return people may still be sent away.
const RECOVERY: Duration = Duration::from_secs(10);
/// How long people sign in before, and after that.
const BESIDE: Duration = Duration::from_secs(4);

/// How the database goes away.
#[derive(Clone, Copy, Debug)]
enum Way {
    /// Connections are cut, new ones refused.
    Refused,
    /// Nothing answers, and old connections stay silent for ever.
    Silent,
    /// The server ends as if its machine lost power.
    Stopped,
}

pub(crate) async fn run(program: &Path, kind: Kind, seconds: usize) -> Outcome {
    let away = Duration::from_secs(u64::try_from(seconds)?);
    let mut house = Installation::furnished(program, kind).await?;
    let port = house.server.port().ok_or("a file does not go away; choose a database with a server")?;
    let proxy = Proxy::before(port).await?;
    house.reach_database_by(proxy.port());
    let server = house.serve(None).await?;
    for way in [Way::Refused, Way::Silent, Way::Stopped] {
        say(format_args!("\n== outage on {kind}: {way:?} for {seconds} s"));
        one(&mut house, &server, &proxy, way, away).await?;
    }
    Ok(())
}

async fn one(house: &mut Installation, server: &Program, proxy: &Proxy, way: Way, away: Duration) -> Outcome {
    let person = house.person(ROW);
    let gate = server.url().clone();
    let caught: Begun = person.begin(&gate).await?;
    let agreed = person.agree(&caught)?;
    let crowd = Crowd::gather(&person, std::slice::from_ref(&gate), AT_ONCE, usize::MAX);
    time::pause(BESIDE).await;

    let left = crowd.age();
    match way {
        Way::Refused => proxy.set(Mode::Refuse),
        Way::Silent => proxy.set(Mode::Hang),
        Way::Stopped => house.server.stop().await?,
    }
    let told = person.come_back(&caught, &agreed, &gate).await;
    time::pause((left + away).saturating_sub(crowd.age())).await;
    match way {
        Way::Refused | Way::Silent => proxy.set(Mode::Pass),
        Way::Stopped => house.server.start_again().await?,
    }
    let back = crowd.age();
    time::pause(RECOVERY + BESIDE).await;
    crowd.dismiss();
    let visits = crowd.leave().await?;

    judge(&visits, left, back)?;
    // Whoever came back from the upstream meanwhile was told to try again, and can.
    match told {
        Err(refusal) if refusal.is_retryable() => {
            person.come_back(&caught, &agreed, &gate).await?;
            say(format_args!("   a callback that met the outage gets in when it is asked again"));
            Ok(())
        }
        Err(refusal) => Err(format!("a callback in the outage was answered {refusal}").into()),
        Ok(()) => Err("a callback was accepted without a database".into()),
    }
}

fn judge(visits: &[Visit], left: Duration, back: Duration) -> Outcome {
    let all: Durations = visits.iter().map(|visit| visit.took).collect();
    say(format_args!("   {} sign-ins, {} got in; all answers: {all}", visits.len(), welcomed(visits).len()));
    hold(all.longest() < BOUND * 2, || format!("somebody waited for {:.1} s", all.longest().as_secs_f64()))?;

    let (mut unclear, mut late, mut sent_away) = (Vec::new(), Vec::new(), 0);
    let mut last = back;
    for visit in visits {
        let Err(refusal) = &visit.result else { continue };
        let end = visit.at + visit.took;
        sent_away += 1;
        last = last.max(end);
        if !refusal.is_retryable() {
            unclear.push(format!("at {:.1} s: {refusal}", visit.at.as_secs_f64()));
        }
        if end < left || visit.at > back + RECOVERY {
            late.push(format!("at {:.1} s: {refusal}", visit.at.as_secs_f64()));
        }
    }
    let first = unclear.first().cloned().unwrap_or_default();
    hold(unclear.is_empty(), || format!("{} were not told to try again: {first}", unclear.len()))?;
    let first = late.first().cloned().unwrap_or_default();
    hold(late.is_empty(), || format!("{} were sent away while the database was there: {first}", late.len()))?;
    hold(sent_away > 0, || "nobody noticed that the database was away".to_owned())?;
    let after = visits.iter().filter(|visit| visit.at > back && visit.result.is_ok()).count();
    hold(after > 0, || format!("nobody got in afterwards; {}", refused(visits).join("\n")))?;
    say(format_args!(
        "   away from {:.1} s to {:.1} s; {sent_away} were told to try again, the last {:.1} s after the return; {after} got in afterwards",
        left.as_secs_f64(),
        back.as_secs_f64(),
        last.saturating_sub(back).as_secs_f64()
    ));
    Ok(())
}
