//! A gateway that is not there, that answers something else, or that somebody else answers for.

use std::time::Duration;

use serde_json::json;
use tokio::net::TcpSocket;
use vestibule::HttpSettings;
use vestibule_alipay_simulator::{
    AppRegistration, Authority, Fault, FaultPlan, INFO_METHOD, LeafRequest, RsaKey, SharedKey, Simulator, TOKEN_METHOD,
};

use super::site::{Asked, Site, Verdict, bounded};
use crate::support::{NAME, ROOT_CERT, authority, config};

const UNTRUSTED: (u16, &str) = (502, "upstream_untrusted");
const UNREACHABLE: (u16, &str) = (504, "upstream_unreachable");
const ERROR: (u16, &str) = (502, "upstream_error");
const MISCONFIGURED: (u16, &str) = (503, "misconfigured");

const WRONG_SIGNATURE: &str = "the answer's signature was not made by the key of the Alipay certificate";
const TOO_LARGE: &str = "sends more than the 1048576 bytes an answer may have";

/// Where the certificate stands that answers are verified with, and which belongs there.
const VERIFIED_WITH: &str = "verified with the Certificate field of record \"admin/root-cert\", where alipayCertPublicKey.crt of app_id 2021000000000001 belongs";
const IS_IT_RIGHT: &str = "is \"gatewayUrl\" right";

/// The way to an upstream that may keep us waiting for a moment only.
fn impatient() -> HttpSettings {
    HttpSettings { total_timeout: Duration::from_secs(1), ..HttpSettings::default() }
}

#[tokio::test]
async fn an_answer_that_is_not_alipays_signs_nobody_in() {
    let refused = |sub_code: &str| Fault::GatewayError {
        code: "40002".to_owned(),
        sub_code: sub_code.to_owned(),
        sub_msg: "sign check fail: secret words".to_owned(),
    };
    let cases: Vec<(FaultPlan, (u16, &str), &[&str])> = vec![
        (
            Fault::SignedByAnotherKey.into(),
            UNTRUSTED,
            &["step=\"exchange\"", TOKEN_METHOD, WRONG_SIGNATURE, VERIFIED_WITH],
        ),
        (
            Fault::OneByteChanged.into(),
            UNTRUSTED,
            &[TOKEN_METHOD, WRONG_SIGNATURE, VERIFIED_WITH, "changed on its way"],
        ),
        (
            Fault::OneByteChanged.on_method(INFO_METHOD),
            UNTRUSTED,
            &["step=\"user_info\"", INFO_METHOD, WRONG_SIGNATURE, VERIFIED_WITH],
        ),
        (Fault::SignedByAnotherKey.on_method(INFO_METHOD), UNTRUSTED, &[INFO_METHOD, WRONG_SIGNATURE, VERIFIED_WITH]),
        (Fault::UnsignedSuccess.into(), UNTRUSTED, &[TOKEN_METHOD, "is not signed; a success must be"]),
        (Fault::UnsignedSuccess.on_method(INFO_METHOD), UNTRUSTED, &[INFO_METHOD, "is not signed; a success must be"]),
        (
            Fault::NoCertSn.into(),
            UNTRUSTED,
            &[TOKEN_METHOD, "\"alipay_cert_sn\"", "in certificate mode in Alipay's console", VERIFIED_WITH],
        ),
        (Fault::DuplicateKey.into(), UNTRUSTED, &[TOKEN_METHOD, "the same key twice"]),
        (Fault::WrongNode.into(), UNTRUSTED, &[TOKEN_METHOD, "another response node"]),
        (Fault::OtherUserInInfo.into(), UNTRUSTED, &[INFO_METHOD, "another user's than the token's"]),
        (Fault::Html.into(), UNREACHABLE, &[TOKEN_METHOD, "status 502", "not json", IS_IT_RIGHT]),
        (Fault::EmptyBody.into(), UNREACHABLE, &[TOKEN_METHOD, "status 200 with nothing", IS_IT_RIGHT]),
        (Fault::Truncated.into(), UNREACHABLE, &[TOKEN_METHOD, "status 200", "not json", IS_IT_RIGHT]),
        (
            Fault::CloseWithoutAnswer.into(),
            UNREACHABLE,
            &[TOKEN_METHOD, "closed the connection before its answer was complete"],
        ),
        (
            Fault::TenMegabytes.into(),
            UNREACHABLE,
            &[TOKEN_METHOD, "\"gatewayUrl\"", TOO_LARGE, "an api's and not a page's"],
        ),
        (Fault::GzipBomb.into(), UNREACHABLE, &[TOKEN_METHOD, "\"gatewayUrl\"", TOO_LARGE]),
        (Fault::Redirect.into(), UNREACHABLE, &[TOKEN_METHOD, "status 302", IS_IT_RIGHT]),
        (Fault::UnsignedError.into(), ERROR, &[TOKEN_METHOD, "not signed, so unverified", "verified=false"]),
        (
            refused("isv.code-invalid").into(),
            ERROR,
            &["authorization code refused", "start the login again", "verified=true"],
        ),
        (
            refused("isv.invalid-signature").into(),
            ERROR,
            &["did not accept the signature", "the private key is not the one"],
        ),
        (
            refused("isv.app-cert-not-exist").into(),
            ERROR,
            &["does not know app_cert_sn", "download appCertPublicKey.crt"],
        ),
        (
            Fault::MissingOpenId.into(),
            MISCONFIGURED,
            &["\"subject\" is \"open_id\"", "Alipay sent user_id only", "set \"subject\""],
        ),
    ];
    let site = Site::open().await;
    for (fault, (status, code), says) in cases {
        let case = format!("{fault:?}");
        site.simulator.set_fault(fault);
        assert_refused(&site, &case, Verdict { status, code, says }).await;
    }
    assert_eq!(site.simulator.elsewhere_visits(), 0, "a redirect was followed");
    site.simulator.clear_fault();
    assert_signs_in(&site).await;
}

#[tokio::test]
async fn an_upstream_that_keeps_us_waiting_is_given_up() {
    let site = Site::open_with(Simulator::builder(), impatient()).await;
    for (fault, method) in [(Fault::Hang, TOKEN_METHOD), (Fault::SlowDrip, TOKEN_METHOD), (Fault::Hang, INFO_METHOD)] {
        let case = format!("{fault:?} at {method}");
        site.simulator.set_fault(fault.on_method(method));
        let (status, code) = UNREACHABLE;
        let upstream = authority(&site.simulator);
        let says = &[method, "\"gatewayUrl\"", &upstream, "did not finish its answer within 1s"];
        assert_refused(&site, &case, Verdict { status, code, says }).await;
    }
}

#[tokio::test]
async fn an_upstream_that_is_down_or_not_permitted_is_named() {
    let site = Site::open().await;
    // Taken, so that nobody else gets it, and not listened at.
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let nobody = socket.local_addr().unwrap();
    for (row, gateway, (status, code), says) in [
        (
            "down",
            format!("http://{nobody}/gateway.do"),
            UNREACHABLE,
            [
                TOKEN_METHOD,
                "\"gatewayUrl\"",
                &nobody.to_string(),
                "refused the connection: check that it runs, and its port",
            ]
            .as_slice(),
        ),
        (
            "private",
            "https://10.0.0.1/gateway.do".to_owned(),
            MISCONFIGURED,
            &["\"gatewayUrl\"", "10.0.0.1", "public address", "--allow-upstream"],
        ),
        (
            "plain",
            "http://gateway.example/gateway.do".to_owned(),
            MISCONFIGURED,
            &["\"gatewayUrl\"", "gateway.example", "\"https://\"", "--allow-upstream"],
        ),
    ] {
        site.insert_row(row, &config(&site.simulator, json!({ "gatewayUrl": gateway }))).await;
        bounded(row, async {
            for asked in Asked::BOTH {
                let mut browser = site.browser();
                let begun = asked.get(&mut browser, &format!("/login/acme/{row}")).await;
                let answered = match (begun.status, asked) {
                    (303, _) => {
                        let callback = site.simulator.agree(&begun.location(), "zhangsan").unwrap();
                        asked.get(&mut browser, callback.as_str()).await
                    }
                    (200, Asked::Json) => {
                        let told: serde_json::Value = serde_json::from_str(&begun.body).unwrap();
                        let authorize = told["authorize_url"].as_str().unwrap().parse().unwrap();
                        let callback = site.simulator.agree(&authorize, "zhangsan").unwrap();
                        asked.get(&mut browser, callback.as_str()).await
                    }
                    _ => begun,
                };
                site.assert_refused(row, asked, &answered, Verdict { status, code, says }).await;
            }
        })
        .await;
    }
    assert!(site.simulator.requests().is_empty());
}

#[tokio::test]
async fn a_key_that_alipay_has_changed_is_refused_until_its_certificate_is_downloaded() {
    let certificate = |key: &RsaKey| {
        Authority::shared().unwrap().issue(&LeafRequest::alipay(AppRegistration::DEFAULT_PID), key).unwrap()
    };
    let app = AppRegistration::simulated().unwrap();
    let theirs = RsaKey::shared(SharedKey::Stranger).unwrap();
    let site = Site::open_with(
        Simulator::builder().app(app.clone().with_alipay_certificate(theirs.clone(), certificate(&theirs))),
        HttpSettings::default(),
    )
    .await;
    // The record still holds the certificate from before.
    let former = app.material().alipay_cert;
    let changed = "UPDATE vestibule_cert SET certificate = ? WHERE name = ?";
    assert_eq!(site.database.execute(changed, &[(&former).into(), ROOT_CERT.into()]).await, 1);
    let named = site.simulator.app().alipay_certificate().certificate().sn().to_owned();
    let pinned = app.alipay_certificate().certificate().sn().to_owned();
    let says =
        &[WRONG_SIGNATURE, named.as_str(), pinned.as_str(), "download alipayCertPublicKey.crt again", VERIFIED_WITH];
    let (status, code) = UNTRUSTED;
    assert_refused(&site, "another key and certificate", Verdict { status, code, says }).await;
}

#[tokio::test]
async fn a_certificate_that_alipay_has_issued_anew_for_its_key_is_told_and_hinders_nobody() {
    let site = Site::open().await;
    for fault in [Fault::OtherCertSn, Fault::MembersReordered] {
        site.simulator.set_fault(fault);
        assert_signs_in(&site).await;
    }
    let warning = site.log().line("Alipay has issued a new certificate for the same key").await;
    assert!(warning.contains("WARN") && warning.contains("acme/alipay"), "{warning}");
    assert!(warning.contains("download alipayCertPublicKey.crt again"), "{warning}");
}

/// A person agrees and comes back, once as a browser and once as a program, and is refused.
async fn assert_refused(site: &Site, case: &str, verdict: Verdict<'_>) {
    bounded(case, async {
        for asked in Asked::BOTH {
            let mut browser = site.browser();
            let callback = site.agree(&mut browser).await;
            let answered = asked.get(&mut browser, callback.as_str()).await;
            site.assert_refused(case, asked, &answered, verdict).await;
        }
    })
    .await;
}

async fn assert_signs_in(site: &Site) {
    let mut browser = site.browser();
    let callback = site.agree(&mut browser).await;
    let answered = browser.callback(&callback).await;
    assert_eq!(answered.status, 303, "row {NAME}: {}", answered.body);
    assert!(browser.cookies().contains_key("vestibule_session"), "{:?}", browser.cookies());
}
