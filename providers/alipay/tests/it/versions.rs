//! Certificates that are rotated: answers under each version, and versions that are not what they should be.

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use vestibule_alipay_simulator::{AppRegistration, Authority, CaClass, LeafRequest, Material, RsaKey, SharedKey};
use vestibule_oauth_provider::{Context, ErrorKind, Finding, Result, Severity, UserInfo, VersionState};
use vestibule_testkit::{Answer, FixedClock, ScriptedHttp, StaticCerts};

use crate::house::{self, Login, app, check, clean, context, custom, guide, now, open};
use crate::scripted::signed_by;

const PID: &str = AppRegistration::DEFAULT_PID;
const OWN: &str = r#""subject":"open_id","alipayCert":"alipay-cert""#;
const BESIDE: &str = r#""subject":"open_id""#;
const TOKEN: &str = r#"{"access_token":"authusrB1","open_id":"074a1"}"#;
const PROFILE: &str = r#"{"code":"10000","open_id":"074a1","nick_name":"张三"}"#;
const DAY: Duration = Duration::from_secs(86_400);

use VersionState::{Next, Retired};

/// A certificate of Alipay and its key.
#[derive(Clone)]
struct Alipay {
    key: RsaKey,
    pem: String,
    sn: String,
}

impl Alipay {
    fn issued_by(authority: &Authority, request: &LeafRequest, key: &RsaKey) -> Self {
        let issued = authority.issue(request, key).unwrap();
        Self { key: key.clone(), pem: issued.chain_pem(), sn: issued.certificate().sn().to_owned() }
    }

    fn of(request: &LeafRequest) -> Self {
        Self::issued_by(Authority::shared().unwrap(), request, &another_key())
    }

    /// The one of [`app`], which is active in every test.
    fn active() -> Self {
        let sn = app().alipay_certificate().certificate().sn().to_owned();
        Self { key: RsaKey::shared(SharedKey::Alipay).unwrap(), pem: material().alipay_cert, sn }
    }
}

fn another_key() -> RsaKey {
    static KEY: LazyLock<RsaKey> = LazyLock::new(|| RsaKey::generate().unwrap());
    KEY.clone()
}

fn material() -> Material {
    app().material()
}

fn usual() -> LeafRequest {
    LeafRequest::alipay(PID)
}

fn cx(certs: StaticCerts) -> Context {
    context(certs, Arc::new(ScriptedHttp::default()), FixedClock::new())
}

/// Signs in once, with both answers signed by this certificate, `later` after the row was opened.
async fn sign_in_later(certs: StaticCerts, more: &str, alipay: &Alipay, later: Duration) -> Result<UserInfo> {
    let answer = |name, node| Answer::ok(signed_by(&alipay.key, name, node, &alipay.sn));
    let http = ScriptedHttp::new([
        answer("alipay_system_oauth_token_response", TOKEN),
        answer("alipay_user_info_share_response", PROFILE),
    ]);
    let clock = Arc::new(FixedClock::new());
    let cx = context(certs, Arc::new(http), Arc::clone(&clock));
    let provider = open(&custom(more), &cx).await.unwrap();
    clock.advance(later);
    let login = Login::begin(provider.as_ref(), &cx).await;
    let query = format!("auth_code=c0de&state={}", login.state());
    let callback = login.admit(&query, provider.as_ref(), &cx);
    house::complete(provider.as_ref(), &callback).await
}

async fn sign_in(certs: StaticCerts, more: &str, alipay: &Alipay) -> Result<UserInfo> {
    sign_in_later(certs, more, alipay, Duration::ZERO).await
}

async fn findings(certs: StaticCerts, more: &str) -> Vec<Finding> {
    check(&custom(more), &cx(certs)).await
}

#[tokio::test]
async fn answers_are_believed_under_the_active_the_staged_and_a_retired_version_in_both_layouts() {
    let (staged, retired) = (Alipay::of(&usual()), Alipay::of(&usual()));
    let roots = material().alipay_root_cert;
    let own = || {
        clean(&material()).with_version("alipay-cert", Retired, &retired.pem, "").with_version(
            "alipay-cert",
            Next,
            &staged.pem,
            "",
        )
    };
    // Beside the roots, each version may have its two texts either way round.
    let beside = || {
        guide(&material()).with_version("root-cert", Retired, &roots, &retired.pem).with_version(
            "root-cert",
            Next,
            &staged.pem,
            &roots,
        )
    };
    for alipay in [&Alipay::active(), &staged, &retired] {
        assert!(sign_in(own(), OWN, alipay).await.is_ok());
        assert!(sign_in(beside(), BESIDE, alipay).await.is_ok());
    }
    assert_eq!(findings(own(), OWN).await, []);
    assert_eq!(findings(beside(), BESIDE).await, []);
}

#[tokio::test]
async fn an_unknown_version_is_refused() {
    let certs = clean(&material()).with_version("alipay-cert", Retired, &Alipay::of(&usual()).pem, "");
    let error = sign_in(certs, OWN, &Alipay::of(&usual())).await.unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::Signature);
    assert!(error.message().contains("\"admin/alipay-cert\""), "{error}");
}

#[tokio::test]
async fn a_serial_number_lends_nobody_the_trust_of_its_version() {
    let stored = Alipay::of(&usual());
    let certs = || clean(&material()).with_version("alipay-cert", Next, &stored.pem, "");
    for key in [SharedKey::Stranger, SharedKey::Alipay, SharedKey::App] {
        let forged = Alipay { key: RsaKey::shared(key).unwrap(), ..stored.clone() };
        let error = sign_in(certs(), OWN, &forged).await.unwrap_err();
        assert_eq!(*error.kind(), ErrorKind::Signature, "{key:?}");
    }
}

#[tokio::test]
async fn a_retired_version_verifies_until_it_expires_while_the_server_runs() {
    let retired = Alipay::of(&usual().valid(now() - 300 * DAY, now() + 10 * DAY));
    let certs = || clean(&material()).with_version("alipay-cert", Retired, &retired.pem, "");
    assert!(sign_in_later(certs(), OWN, &retired, 10 * DAY).await.is_ok());
    let error = sign_in_later(certs(), OWN, &retired, 10 * DAY + Duration::from_secs(1)).await.unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::Signature);
    assert!(error.message().contains("has expired, or is not valid yet"), "{error}");
    assert!(sign_in_later(certs(), OWN, &Alipay::active(), 11 * DAY).await.is_ok());
    // That it ends soon is what retired versions do.
    assert_eq!(findings(certs(), OWN).await, []);
}

#[tokio::test]
async fn a_retired_version_that_has_expired_verifies_nothing_and_is_a_note() {
    let retired = Alipay::of(&usual().valid(now() - 300 * DAY, now() - DAY));
    let certs = || clean(&material()).with_version("alipay-cert", Retired, &retired.pem, "");
    assert!(sign_in(certs(), OWN, &retired).await.is_err());
    let [finding] = findings(certs(), OWN).await.try_into().unwrap();
    assert_eq!(finding.severity, Severity::Note);
    assert!(finding.message.contains("the retired version 2 of record \"admin/alipay-cert\" expired on 2026-11-21"));
}

#[tokio::test]
async fn a_version_for_the_active_key_that_has_expired_takes_nothing_from_the_active_one() {
    let key = RsaKey::shared(SharedKey::Alipay).unwrap();
    let request = usual().valid(now() - 300 * DAY, now() - DAY);
    let retired = Alipay::issued_by(Authority::shared().unwrap(), &request, &key);
    let certs = clean(&material()).with_version("alipay-cert", Retired, &retired.pem, "");
    assert!(sign_in(certs, OWN, &retired).await.is_ok());
}

#[tokio::test]
async fn a_staged_version_verifies_from_its_first_day() {
    let staged = Alipay::of(&usual().valid(now() + 5 * DAY, now() + 400 * DAY));
    let certs = || clean(&material()).with_version("alipay-cert", Next, &staged.pem, "");
    assert!(sign_in(certs(), OWN, &staged).await.is_err());
    assert!(sign_in_later(certs(), OWN, &staged, 5 * DAY).await.is_ok());
    let [finding] = findings(certs(), OWN).await.try_into().unwrap();
    assert_eq!(finding.severity, Severity::Note);
    assert!(finding.message.contains("the staged version 2 of record") && finding.message.contains("2026-11-27"));
}

#[tokio::test]
async fn a_version_that_is_not_good_is_left_out_with_its_reason_and_stops_nobody() {
    let (shared, rogue) = (Authority::shared().unwrap(), Authority::shared_rogue().unwrap());
    let app_key = RsaKey::shared(SharedKey::App).unwrap();
    let garbage = |pem: &str| Alipay { pem: pem.to_owned(), ..Alipay::of(&usual()) };
    let cases = [
        (garbage("-----BEGIN CERTIFICATE-----\nnothing\n"), "cut off"),
        (garbage(""), "is empty"),
        (garbage(&material().app_cert), "holds an app certificate"),
        (garbage(&material().app_private_key), "holds an RSA private key"),
        (garbage(include_str!("../data/elliptic.crt")), "alipayCertPublicKey.crt belongs there"),
        (Alipay::issued_by(rogue, &usual(), &another_key()), "does not chain to the root bundle"),
        (Alipay::of(&LeafRequest::alipay("2088000000000002")), "another merchant (pid 2088000000000002"),
        (Alipay::of(&usual().issued_by(CaClass::Class1)), "\"Class 2\""),
        (Alipay::issued_by(shared, &usual(), &app_key), "the app's own key"),
    ];
    for (bad, reason) in cases {
        for (state, name) in [(Next, "staged"), (Retired, "retired")] {
            let certs = || clean(&material()).with_version("alipay-cert", state, &bad.pem, "");
            assert!(sign_in(certs(), OWN, &Alipay::active()).await.is_ok(), "{reason}");
            assert!(sign_in(certs(), OWN, &bad).await.is_err(), "{reason}");
            let found = findings(certs(), OWN).await;
            assert!(
                !found.is_empty() && found.iter().all(|finding| finding.severity == Severity::Warning),
                "{found:?}"
            );
            let message = &found[0].message;
            let place = format!("the Certificate field of the {name} version 2 of record \"admin/alipay-cert\"");
            for words in [place.as_str(), reason, "no answer is verified with this version"] {
                assert!(message.contains(words), "{words:?} is not in: {message}");
            }
        }
    }
}

#[tokio::test]
async fn a_staged_version_that_has_expired_is_a_warning() {
    let staged = Alipay::of(&usual().valid(now() - 300 * DAY, now() - DAY));
    let certs = clean(&material()).with_version("alipay-cert", Next, &staged.pem, "");
    let [finding] = findings(certs, OWN).await.try_into().unwrap();
    assert_eq!(finding.severity, Severity::Warning);
    assert!(finding.message.contains("expired on 2026-11-21; no answer is verified with this version"), "{finding:?}");
}

#[tokio::test]
async fn roots_may_be_rotated_before_or_after_what_chains_to_them() {
    // Two authorities of one name: the new roots of an Alipay that has new keys everywhere.
    let new = Authority::shared_rogue().unwrap();
    let (old_roots, new_roots) = (material().alipay_root_cert, new.root_bundle());
    let staged = Alipay::issued_by(new, &usual(), &another_key());

    let roots_first = || {
        clean(&Material { alipay_root_cert: new_roots.clone(), ..material() })
            .with_version("root-cert", Retired, &old_roots, "")
            .with_version("alipay-cert", Next, &staged.pem, "")
    };
    let roots_last = || {
        clean(&material()).with_version("root-cert", Next, &new_roots, "").with_version(
            "alipay-cert",
            Next,
            &staged.pem,
            "",
        )
    };
    for alipay in [&Alipay::active(), &staged] {
        assert!(sign_in(roots_first(), OWN, alipay).await.is_ok());
        assert!(sign_in(roots_last(), OWN, alipay).await.is_ok());
    }
    assert_eq!(findings(roots_first(), OWN).await, []);

    let beside = || guide(&material()).with_version("root-cert", Next, &staged.pem, &new_roots);
    assert!(sign_in(beside(), BESIDE, &staged).await.is_ok());

    // Removed is removed.
    let removed = clean(&Material { alipay_root_cert: new_roots, ..material() });
    assert!(open(&custom(OWN), &cx(removed)).await.is_err());
}

#[tokio::test]
async fn roots_that_are_none_are_left_out() {
    let certs = || clean(&material()).with_version("root-cert", Next, "gone wrong", "");
    assert!(sign_in(certs(), OWN, &Alipay::active()).await.is_ok());
    let [finding] = findings(certs(), OWN).await.try_into().unwrap();
    assert_eq!(finding.severity, Severity::Warning);
    for words in ["the staged version 2 of record \"admin/root-cert\"", "nothing is trusted through this version"] {
        assert!(finding.message.contains(words), "{finding:?}");
    }
}

#[tokio::test]
async fn a_staged_app_certificate_of_another_app_is_a_warning_before_it_is_a_fault() {
    let other = AppRegistration::new(Authority::shared().unwrap(), "2021000000000009", PID).unwrap();
    let certs = || guide(&material()).with_version("app-cert", Next, &other.material().app_cert, "");
    assert!(sign_in(certs(), BESIDE, &Alipay::active()).await.is_ok());
    let [finding] = findings(certs(), BESIDE).await.try_into().unwrap();
    assert_eq!(finding.severity, Severity::Warning);
    for words in ["the staged version 2 of record \"admin/app-cert\"", "app id 2021000000000009"] {
        assert!(finding.message.contains(words), "{finding:?}");
    }
    let renewed = AppRegistration::simulated().unwrap().material().app_cert;
    assert_eq!(findings(guide(&material()).with_version("app-cert", Next, &renewed, ""), BESIDE).await, []);
}

#[tokio::test]
async fn who_the_upstream_is_does_not_depend_on_certificates() {
    let before = open(&custom(BESIDE), &cx(guide(&material()))).await.unwrap().upstream();
    let rotated = AppRegistration::simulated().unwrap().material();
    let certs = guide(&rotated).with_version("root-cert", Retired, &material().alipay_cert, &rotated.alipay_root_cert);
    assert_eq!(open(&custom(BESIDE), &cx(certs)).await.unwrap().upstream(), before);
}
