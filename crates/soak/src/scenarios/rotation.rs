//! Two servers on one database, people who sign in over both, and everything that can be rotated is rotated meanwhile, through the command line.

use std::path::Path;

use crate::crowd::{Crowd, refused, welcomed};
use crate::failure::{Outcome, hold};
use crate::installation::{APP_CERT, Installation, ROOT_CERT, ROW};
use crate::material::Pair;
use crate::program::Program;
use crate::report::say;
use crate::servers::Kind;

/// How many sign in at the same time.
const AT_ONCE: usize = 8;

pub(crate) async fn run(program: &Path, kind: Kind, sign_ins: usize) -> Outcome {
    say(format_args!("\n== rotation on {kind}: {sign_ins} sign-ins over two servers"));
    let house = Installation::furnished(program, kind).await?;
    let first = house.serve(None).await?;
    let second = house.serve(Some(first.url())).await?;
    let gates = [first.url().clone(), second.url().clone()];
    let crowd = Crowd::gather(&house.person(ROW), &gates, AT_ONCE, sign_ins);

    crowd.until_done(sign_ins / 5).await;
    rotate_app_certificate(&house, &crowd).await?;
    crowd.until_done(sign_ins * 2 / 5).await;
    rotate_alipay_certificate(&house, &crowd, sign_ins / 10).await?;
    crowd.until_done(sign_ins * 3 / 5).await;
    rotate_master_key(&house, &crowd).await?;

    let (age, visits) = (crowd.age(), crowd.leave().await?);
    let refused = refused(&visits);
    let example = refused.first().cloned().unwrap_or_default();
    hold(refused.is_empty(), || format!("{} sign-ins failed, such as {example}", refused.len()))?;
    hold(visits.len() == sign_ins, || format!("{} sign-ins of {sign_ins}", visits.len()))?;
    say(format_args!(
        "   {sign_ins} sign-ins, none failed; {}; rotations were done at {:.1} s",
        welcomed(&visits),
        age.as_secs_f64()
    ));
    next_sign_in_uses_it(&house, &first, &second).await?;
    master_key_can_go(&house, &first, &second).await
}

/// The application's certificate: uploaded at Alipay, staged, switched.
async fn rotate_app_certificate(house: &Installation, crowd: &Crowd) -> Outcome {
    let serial = switch_app_certificate(house, "second").await?;
    say(format_args!("   after {} sign-ins the app certificate is {serial}", crowd.done()));
    Ok(())
}

/// Gives the new serial number.
async fn switch_app_certificate(house: &Installation, file: &str) -> Outcome<String> {
    let pair = Pair::app()?;
    pair.register(&house.simulator)?;
    let certificate = house.write(&format!("{file}.crt"), &pair.certificate.pem())?;
    let key = house.write(&format!("{file}.key"), &pair.key.pkcs8_base64())?;
    house.succeed(&["cert", "stage", APP_CERT, "--certificate", &certificate, "--private-key", &key]).await?;
    house.succeed(&["cert", "switch", APP_CERT]).await?;
    Ok(pair.serial())
}

/// Alipay's certificate: staged, in use at Alipay for some sign-ins, switched.
async fn rotate_alipay_certificate(house: &Installation, crowd: &Crowd, meanwhile: usize) -> Outcome {
    let pair = Pair::alipay()?;
    let serial = pair.serial();
    let certificate = house.write("second-alipay.crt", &pair.certificate.chain_pem())?;
    let root = house.file("root.crt").to_string_lossy().into_owned();
    house.succeed(&["cert", "stage", ROOT_CERT, "--certificate", &certificate, "--private-key", &root]).await?;
    // Alipay tells merchants in advance. Whoever had read the records before the version was staged is through before its first answer.
    crowd.until_done(crowd.done() + 2 * AT_ONCE).await;
    pair.sign_with_it(&house.simulator)?;
    let staged = crowd.done();
    crowd.until_done(staged + meanwhile).await;
    house.succeed(&["cert", "switch", ROOT_CERT]).await?;
    say(format_args!(
        "   after {staged} sign-ins Alipay signs with {serial}, which is staged; switched after {}",
        crowd.done()
    ));
    Ok(())
}

async fn rotate_master_key(house: &Installation, crowd: &Crowd) -> Outcome {
    let before = crowd.done();
    house.succeed(&["keys", "rotate"]).await?;
    say(format_args!("   after {before} sign-ins the master key is rotated; done after {}", crowd.done()));
    Ok(())
}

/// A certificate that was switched while nobody looked is in the very next request of each server.
async fn next_sign_in_uses_it(house: &Installation, first: &Program, second: &Program) -> Outcome {
    let person = house.person(ROW);
    for (number, server) in [("third", second), ("fourth", first)] {
        let serial = switch_app_certificate(house, number).await?;
        person.sign_in(server.url(), server.url()).await?;
        let requests = house.simulator.requests();
        let used = requests.last().and_then(|request| request.parameter("app_cert_sn")).unwrap_or_default();
        hold(used == serial, || format!("the next sign-in used the certificate {used}, and {serial} was switched to"))?;
    }
    say(format_args!("   a switched certificate is used at each server's next sign-in"));
    Ok(())
}

/// Nothing is sealed with the first master key any more.
async fn master_key_can_go(house: &Installation, first: &Program, second: &Program) -> Outcome {
    house.remove_former_keys().await?;
    house.person(ROW).sign_in(first.url(), second.url()).await?;
    say(format_args!("   everything is sealed with the new master key, and the former one is removed"));
    Ok(())
}
