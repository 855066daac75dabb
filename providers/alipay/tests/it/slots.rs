//! Each text in its place: the right ones open a provider, each wrong one is named.

use std::sync::Arc;
use std::time::Duration;

use vestibule_alipay_simulator::{AppRegistration, Authority, CaClass, LeafRequest, Material, RsaKey, SharedKey};
use vestibule_oauth_provider::{ErrorKind, Severity, Step};
use vestibule_testkit::{FixedClock, ScriptedHttp, StaticCerts};

use crate::house::{Login, app, check, clean, config, context, custom, guide, now, open};

pub(crate) const SUBJECT: &str = r#""subject":"open_id""#;
const PID: &str = AppRegistration::DEFAULT_PID;
const OTHER_PID: &str = "2088000000000002";

pub(crate) fn cx(certs: StaticCerts) -> vestibule_oauth_provider::Context {
    context(certs, Arc::new(ScriptedHttp::default()), FixedClock::new())
}

/// Why a row with these records does not open; `check` must say the same.
pub(crate) async fn refusal(certs: StaticCerts, config: &str) -> String {
    let cx = cx(certs);
    let error = open(config, &cx).await.expect_err("refused");
    assert_eq!(*error.kind(), ErrorKind::Configuration, "{error}");
    assert_eq!(error.step(), Some(Step::Open));
    let findings = check(config, &cx).await;
    assert!(
        findings.iter().any(|finding| finding.severity == Severity::Fatal && finding.message == error.report()),
        "{findings:?}"
    );
    error.message().to_owned()
}

#[track_caller]
pub(crate) fn assert_says(message: &str, words: &[&str]) {
    for word in words {
        assert!(message.contains(word), "{word:?} is not in: {message}");
    }
}

pub(crate) fn material() -> Material {
    app().material()
}

fn alipay_certificate(request: &LeafRequest, key: SharedKey) -> String {
    Authority::shared().unwrap().issue(request, &RsaKey::shared(key).unwrap()).unwrap().chain_pem()
}

fn with_alipay(alipay_cert: String) -> StaticCerts {
    guide(&Material { alipay_cert, ..material() })
}

#[tokio::test]
async fn both_layouts_open_and_have_no_findings() {
    let beside = custom(SUBJECT);
    let own = custom(&format!(r#"{SUBJECT},"alipayCert":"alipay-cert""#));
    let swapped = {
        let material = material();
        StaticCerts::new().with("app-cert", &material.app_cert, &material.app_private_key).with(
            "root-cert",
            &material.alipay_root_cert,
            &material.alipay_cert,
        )
    };
    for (certs, config) in [(guide(&material()), &beside), (clean(&material()), &own), (swapped, &beside)] {
        let cx = cx(certs);
        let provider = open(config, &cx).await.unwrap();
        assert_eq!(provider.upstream().client_id, AppRegistration::DEFAULT_APP_ID);
        assert_eq!(check(config, &cx).await, []);
    }
}

#[tokio::test]
async fn an_app_certificate_in_the_alipay_slot_is_named() {
    let message = refusal(with_alipay(material().app_cert), &custom(SUBJECT)).await;
    assert_eq!(
        message,
        "the Certificate field of record \"admin/root-cert\" holds an app certificate (2088000000000001-2021000000000001); alipayCertPublicKey.crt belongs there"
    );
}

#[tokio::test]
async fn another_merchants_app_certificate_in_the_alipay_slot_is_named() {
    let other = AppRegistration::new(Authority::shared().unwrap(), "2021000000000009", OTHER_PID).unwrap();
    let message = refusal(with_alipay(other.material().app_cert), &custom(SUBJECT)).await;
    assert_says(
        &message,
        &["an app certificate (2088000000000002-2021000000000009)", "alipayCertPublicKey.crt belongs there"],
    );
}

#[tokio::test]
async fn another_merchants_alipay_certificate_is_named() {
    let certificate = alipay_certificate(&LeafRequest::alipay(OTHER_PID), SharedKey::Alipay);
    let message = refusal(with_alipay(certificate), &custom(SUBJECT)).await;
    assert_says(
        &message,
        &["the Certificate field of record \"admin/root-cert\"", "another merchant (pid 2088000000000002", PID],
    );
}

#[tokio::test]
async fn a_merchant_whose_company_is_called_like_alipay_is_not_alipay() {
    // What a merchant gets is an app certificate from Class 1, whatever is written before the hyphen.
    let request = LeafRequest::alipay(PID).issued_by(CaClass::Class1);
    let message = refusal(with_alipay(alipay_certificate(&request, SharedKey::Alipay)), &custom(SUBJECT)).await;
    assert_says(&message, &["was not issued by the authority for Alipay's own certificates (\"Class 2\")"]);

    let request = LeafRequest::alipay(PID).common_name(format!("{OTHER_PID}-{PID}"));
    let message = refusal(with_alipay(alipay_certificate(&request, SharedKey::Alipay)), &custom(SUBJECT)).await;
    assert_says(&message, &["an app certificate (2088000000000002-2088000000000001)"]);
}

#[tokio::test]
async fn a_missing_root_bundle_is_named_in_both_layouts() {
    let material = material();
    let beside = StaticCerts::new().with("app-cert", &material.app_cert, &material.app_private_key).with(
        "root-cert",
        &material.alipay_cert,
        "",
    );
    let message = refusal(beside, &custom(SUBJECT)).await;
    assert_eq!(
        message,
        "the root bundle is missing: the Private key field of record \"admin/root-cert\" is empty; alipayRootCert.crt belongs there"
    );

    let own = StaticCerts::new()
        .with("app-cert", &material.app_cert, &material.app_private_key)
        .with("root-cert", "", "")
        .with("alipay-cert", &material.alipay_cert, "");
    let message = refusal(own, &custom(&format!(r#"{SUBJECT},"alipayCert":"alipay-cert""#))).await;
    assert_says(
        &message,
        &["the root bundle is missing: the Certificate field of record \"admin/root-cert\" is empty"],
    );

    let elsewhere = StaticCerts::new().with("app-cert", &material.app_cert, &material.app_private_key).with(
        "root-cert",
        &material.alipay_cert,
        &material.app_private_key,
    );
    let message = refusal(elsewhere, &custom(SUBJECT)).await;
    assert_says(
        &message,
        &[
            "the Private key field of record \"admin/root-cert\" holds a private key, or a text in which no certificate can be read; alipayRootCert.crt belongs there",
        ],
    );
}

#[tokio::test]
async fn a_missing_alipay_certificate_is_named() {
    let certs = clean(&material());
    let message = refusal(certs, &custom(SUBJECT)).await;
    assert_says(
        &message,
        &["the Alipay certificate is missing", "\"admin/root-cert\" holds the root bundle", "set \"alipayCert\""],
    );
}

#[tokio::test]
async fn a_record_that_does_not_exist_is_named() {
    let message = refusal(guide(&material()), &custom(&format!(r#"{SUBJECT},"alipayCert":"nobody""#))).await;
    assert_eq!(message, "\"alipayCert\": there is no cert record \"nobody\"");
}

#[tokio::test]
async fn a_key_that_is_not_the_certificates_is_named() {
    let other = RsaKey::shared(SharedKey::Stranger).unwrap().pkcs8_base64();
    let certs = guide(&Material { app_private_key: other.clone(), ..material() });
    let message = refusal(certs, &custom(SUBJECT)).await;
    assert_says(&message, &["key and certificate of record \"admin/app-cert\" do not match", "appPrivateKey.txt"]);
    assert!(!message.contains(&other[..40]));
}

#[tokio::test]
async fn a_key_that_is_cut_off_is_named() {
    let whole = material().app_private_key;
    let certs = guide(&Material { app_private_key: whole[..whole.len() - 100].to_owned(), ..material() });
    let message = refusal(certs, &custom(SUBJECT)).await;
    assert_says(
        &message,
        &["the Private key field of record \"admin/app-cert\": is cut off", "appPrivateKey.txt belongs there"],
    );
    assert!(!message.contains(&whole[40..60]));
}

#[tokio::test]
async fn something_else_in_the_key_slot_is_named() {
    let certs = guide(&Material { app_private_key: material().app_cert, ..material() });
    let message = refusal(certs, &custom(SUBJECT)).await;
    assert_eq!(
        message,
        "the Private key field of record \"admin/app-cert\" holds an X.509 certificate; appPrivateKey.txt belongs there"
    );
    let certs = guide(&Material { app_private_key: String::new(), ..material() });
    let message = refusal(certs, &custom(SUBJECT)).await;
    assert_eq!(
        message,
        "the Private key field of record \"admin/app-cert\": is empty; appPrivateKey.txt belongs there"
    );
}

#[tokio::test]
async fn an_app_id_that_is_not_the_certificates_is_named() {
    let config = custom(SUBJECT).replace(AppRegistration::DEFAULT_APP_ID, "2021000000000002");
    let message = refusal(guide(&material()), &config).await;
    assert_says(
        &message,
        &[
            "the Certificate field of record \"admin/app-cert\" holds the certificate of app id 2021000000000001",
            "\"appId\" is 2021000000000002",
        ],
    );
}

#[tokio::test]
async fn expired_certificates_are_named_each_in_its_slot() {
    let day = Duration::from_secs(86_400);
    let request = LeafRequest::alipay(PID).valid(now() - 400 * day, now() - day);
    let message = refusal(with_alipay(alipay_certificate(&request, SharedKey::Alipay)), &custom(SUBJECT)).await;
    assert_says(
        &message,
        &["the Alipay certificate in the Certificate field of record \"admin/root-cert\" expired on 2026-11-21"],
    );

    let request = LeafRequest::app(PID, AppRegistration::DEFAULT_APP_ID).valid(now() - 400 * day, now() - day);
    let app_cert =
        Authority::shared().unwrap().issue(&request, &RsaKey::shared(SharedKey::App).unwrap()).unwrap().pem();
    let message = refusal(guide(&Material { app_cert, ..material() }), &custom(SUBJECT)).await;
    assert_says(
        &message,
        &["the app certificate in the Certificate field of record \"admin/app-cert\" expired on 2026-11-21"],
    );

    let request = LeafRequest::alipay(PID).valid(now() + day, now() + 400 * day);
    let message = refusal(with_alipay(alipay_certificate(&request, SharedKey::Alipay)), &custom(SUBJECT)).await;
    assert_says(&message, &["is not valid before 2026-11-23"]);
}

#[tokio::test]
async fn a_certificate_that_ends_while_the_server_runs_ends_the_sign_ins() {
    let day = Duration::from_secs(86_400);
    let request = LeafRequest::alipay(PID).valid(now() - day, now() + 29 * day);
    let clock = Arc::new(FixedClock::new());
    let certs = with_alipay(alipay_certificate(&request, SharedKey::Alipay));
    let cx = context(certs, Arc::new(ScriptedHttp::default()), Arc::clone(&clock));
    let provider = open(&custom(SUBJECT), &cx).await.unwrap();
    let login = Login::begin(provider.as_ref(), &cx).await;
    let query = format!("auth_code=c0de&state={}", login.state());
    let callback = login.admit(&query, provider.as_ref(), &cx);

    clock.advance(30 * day);
    let error = provider.exchange(&callback).await.expect_err("refused");
    assert_eq!(*error.kind(), ErrorKind::Configuration);
    assert_says(
        error.message(),
        &["the Alipay certificate in the Certificate field of record \"admin/root-cert\" expired on 2026-12-21"],
    );
}

#[tokio::test]
async fn a_certificate_that_ends_soon_is_a_warning() {
    let day = Duration::from_secs(86_400);
    let request = LeafRequest::alipay(PID).valid(now() - day, now() + 29 * day);
    let cx = cx(with_alipay(alipay_certificate(&request, SharedKey::Alipay)));
    open(&custom(SUBJECT), &cx).await.unwrap();
    let findings = check(&custom(SUBJECT), &cx).await;
    assert_eq!(findings.len(), 1, "{findings:?}");
    assert_eq!(findings[0].severity, Severity::Warning);
    assert_says(&findings[0].message, &["the Alipay certificate", "expires on 2026-12-21"]);
}

#[tokio::test]
async fn a_rogue_certificate_of_the_same_name_is_named() {
    let rogue = Authority::shared_rogue().unwrap();
    let key = RsaKey::shared(SharedKey::Stranger).unwrap();
    let certificate = rogue.issue(&LeafRequest::alipay(PID), &key).unwrap().chain_pem();
    let message = refusal(with_alipay(certificate), &custom(SUBJECT)).await;
    assert_says(
        &message,
        &[
            "the Certificate field of record \"admin/root-cert\"",
            "does not chain to the root bundle",
            "same name, another key",
        ],
    );
}

#[tokio::test]
async fn an_alipay_certificate_without_its_issuer_is_named() {
    let alone = app().alipay_certificate().pem();
    let message = refusal(with_alipay(alone), &custom(SUBJECT)).await;
    assert_says(&message, &["does not chain to the root bundle", "no certificate of that name", "each whole"]);
}

#[tokio::test]
async fn the_apps_own_key_in_the_alipay_slot_is_named() {
    let certificate = alipay_certificate(&LeafRequest::alipay(PID), SharedKey::App);
    let message = refusal(with_alipay(certificate), &custom(SUBJECT)).await;
    assert_says(&message, &["\"admin/root-cert\" has the app's own key in it"]);
}

#[tokio::test]
async fn check_says_all_faults_at_once() {
    let certs = StaticCerts::new().with("app-cert", &material().alipay_cert, &material().app_cert).with(
        "root-cert",
        &material().app_cert,
        "",
    );
    let config = r#"{"appId":"wx1","appCert":"app-cert","rootCert":"root-cert","environment":"custom"}"#;
    let findings = check(config, &cx(certs)).await;
    let all = findings.iter().map(|finding| finding.message.as_str()).collect::<Vec<_>>().join("\n");
    assert_says(
        &all,
        &[
            "\"appId\" is not an app id",
            "\"subject\" is missing",
            "\"authorizeUrl\" is missing",
            "\"gatewayUrl\" is missing",
            "the Certificate field of record \"admin/app-cert\" holds an Alipay certificate (for pid 2088000000000001)",
            "the Private key field of record \"admin/app-cert\"",
            "the root bundle is missing",
            "the Certificate field of record \"admin/root-cert\" holds an app certificate",
        ],
    );
    assert!(findings.iter().all(|finding| finding.severity == Severity::Fatal));
}

#[tokio::test]
async fn addresses_belong_to_custom_and_to_nothing_else() {
    let message =
        refusal(guide(&material()), &config(&format!(r#"{SUBJECT},"gatewayUrl":"https://x.example/""#))).await;
    assert_says(&message, &["\"gatewayUrl\" is set", "\"environment\" is \"production\""]);
    for (url, said) in [
        ("gateway", "\"gatewayUrl\" is not an absolute url"),
        ("https://x.example/?a=b", "\"gatewayUrl\" has a query"),
        ("https://x.example/#a", "\"gatewayUrl\" has a query or a fragment"),
    ] {
        let config = custom(SUBJECT).replace("https://sim.example/gateway.do", url);
        assert_says(&refusal(guide(&material()), &config).await, &[said]);
    }
}

#[tokio::test]
async fn addresses_that_the_installation_does_not_permit_are_refused() {
    let http = Arc::new(vestibule_http_client::GuardedClient::new(vestibule_http_client::Settings::default()).unwrap());
    for url in ["http://sim.example/gateway.do", "https://127.0.0.1/gateway.do", "https://10.0.0.1/"] {
        let config = custom(SUBJECT).replace("https://sim.example/gateway.do", url);
        let cx = context(
            guide(&material()),
            Arc::clone(&http) as Arc<dyn vestibule_oauth_provider::HttpClient>,
            FixedClock::new(),
        );
        let error = open(&config, &cx).await.expect_err("refused");
        assert_eq!(*error.kind(), ErrorKind::Configuration);
        assert_says(error.message(), &["\"gatewayUrl\""]);
    }
}
