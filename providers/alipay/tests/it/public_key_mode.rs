//! Rows with keys instead of certificates: which open, and what is said of the others.

use vestibule_alipay_simulator::{AppRegistration, KeyMaterial, RsaKey, SharedKey};
use vestibule_oauth_provider::Severity;
use vestibule_testkit::StaticCerts;

use crate::house::{check, custom, guide, keys, open};
use crate::slots::{SUBJECT, assert_says, cx, material, refusal};

const WHERE: &str = "copy 支付宝公钥 from Alipay's console: the app's page, 开发设置 → 接口加签方式 → 查看";

fn registered(app: SharedKey, alipay: SharedKey) -> KeyMaterial {
    let key = |which| RsaKey::shared(which).unwrap();
    AppRegistration::simulated().unwrap().in_public_key_mode(key(app), key(alipay)).key_material()
}

fn sound() -> KeyMaterial {
    registered(SharedKey::App, SharedKey::Alipay)
}

/// Why a row in public-key mode does not open.
async fn refused(private_key: &str, alipay_public_key: &str, more: &str) -> String {
    refusal(StaticCerts::new(), &keys(private_key, alipay_public_key, more)).await
}

#[tokio::test]
async fn keys_open_a_row_in_every_spelling_and_have_no_findings() {
    let KeyMaterial { app_private_key, alipay_public_key, .. } = sound();
    let pem = |label: &str, base64: &str| format!("-----BEGIN {label}-----\n{base64}\n-----END {label}-----\n");
    for (private_key, public_key) in [
        (app_private_key.clone(), alipay_public_key.clone()),
        (pem("PRIVATE KEY", &app_private_key).replace('\n', "\\n"), pem("PUBLIC KEY", &alipay_public_key)),
        (pem("RSA PRIVATE KEY", &app_private_key), format!("  {alipay_public_key}\r\n")),
    ] {
        for more in
            ["", r#""charset":"utf8","signType":"RSA2""#, r#""charset":"GBK""#, r#""charset":"gb2312","appCert":"""#]
        {
            let config = keys(&private_key, &public_key, more);
            let cx = cx(StaticCerts::new());
            open(&config, &cx).await.unwrap();
            assert_eq!(check(&config, &cx).await, [], "{more}");
        }
    }
}

#[tokio::test]
async fn a_row_of_logto_says_where_alipays_key_is_to_be_copied_from() {
    let said = refused(&sound().app_private_key, "", r#""signType":"RSA2","charset":"utf8","scope":"auth_user""#).await;
    assert_says(&said, &["\"alipayPublicKey\" is missing", WHERE, "not 应用公钥"]);
}

#[tokio::test]
async fn the_apps_own_public_key_is_recognised() {
    for own in [registered(SharedKey::App, SharedKey::App), registered(SharedKey::SmallApp, SharedKey::SmallApp)] {
        let said = refused(&own.app_private_key, &own.app_public_key, r#""signType":"RSA""#).await;
        assert_says(&said, &["\"alipayPublicKey\" is the app's own public key (应用公钥)", WHERE]);
    }
}

#[tokio::test]
async fn what_stands_in_the_wrong_field_is_named() {
    let KeyMaterial { app_private_key, app_public_key, alipay_public_key } = sound();
    let said = refused(&app_private_key, &material().alipay_cert, "").await;
    assert_says(
        &said,
        &["\"alipayPublicKey\" holds a bundle of 2 certificates", "certificate mode (证书模式)", "\"appCert\""],
    );
    let said = refused(&app_private_key, &app_private_key, "").await;
    assert_says(&said, &["\"alipayPublicKey\" holds an RSA private key", "take it out", WHERE]);
    assert!(!said.contains(&app_private_key[20..60]), "{said}");
    let said = refused(&app_private_key, "alipayPublicKey.txt", "").await;
    assert_says(&said, &["\"alipayPublicKey\": looks like the path of a file"]);

    let said = refused(&app_public_key, &alipay_public_key, "").await;
    assert_says(&said, &["\"privateKey\" holds a public key", "应用私钥"]);
    let said = refused(&app_private_key[..400], &alipay_public_key, "").await;
    assert_says(&said, &["\"privateKey\": is cut off", "asn1: syntax error: sequence truncated"]);
    let said = refused("", &alipay_public_key, "").await;
    assert_says(&said, &["\"privateKey\" is missing", "应用私钥"]);
}

#[tokio::test]
async fn a_row_is_in_one_mode() {
    let neither = custom(SUBJECT).replace("app-cert", "").replace("root-cert", " ");
    let said = refusal(guide(&material()), &neither).await;
    assert_says(&said, &["no certificates and no keys are given", "\"appCert\" and \"rootCert\"", "公钥模式"]);

    let KeyMaterial { app_private_key, alipay_public_key, .. } = sound();
    let both = keys(&app_private_key, &alipay_public_key, r#""appCert":"app-cert","rootCert":"root-cert""#);
    let said = refusal(guide(&material()), &both).await;
    assert_says(
        &said,
        &[
            "certificates (\"appCert\", \"rootCert\") and keys (\"privateKey\", \"alipayPublicKey\") are given",
            "remove \"privateKey\", \"alipayPublicKey\" if",
        ],
    );
    let half = keys("", "", r#""rootCert":"root-cert""#);
    assert_says(
        &refusal(guide(&material()), &half).await,
        &["\"appCert\" is empty; it takes the name of a cert record"],
    );
}

#[tokio::test]
async fn sha1_and_small_keys_only_where_the_row_asks_for_them_and_with_a_warning() {
    let small = registered(SharedKey::SmallApp, SharedKey::SmallAlipay);
    let large = sound();
    let said = refused(&small.app_private_key, &large.alipay_public_key, "").await;
    assert_says(&said, &["the RSA key has 1024 bits", "\"signType\" is \"RSA2\", and \"RSA\" is only right if"]);
    let said = refused(&large.app_private_key, &small.alipay_public_key, "").await;
    assert_says(&said, &["\"alipayPublicKey\" holds a key for RSA of 1024 bits", "2048 bits or more", WHERE]);

    for (keys_of, warnings) in [(&large, 1), (&small, 2)] {
        let config = keys(&keys_of.app_private_key, &keys_of.alipay_public_key, r#""signType":"RSA""#);
        let cx = cx(StaticCerts::new());
        open(&config, &cx).await.unwrap();
        let findings = check(&config, &cx).await;
        assert!(findings.iter().all(|finding| finding.severity == Severity::Warning), "{findings:?}");
        assert_eq!(findings.len(), warnings, "{findings:?}");
        assert_says(&findings[0].message, &["\"signType\" is \"RSA\"", "SHA-1", "\"RSA2\""]);
    }
}

#[tokio::test]
async fn words_that_are_none_are_refused() {
    let KeyMaterial { app_private_key, alipay_public_key, .. } = sound();
    for (more, said) in [
        (r#""signType":"SM2""#, "\"signType\" is none of Alipay's"),
        (r#""charset":"gb18030""#, "\"charset\" is none of Alipay's"),
    ] {
        assert_says(&refused(&app_private_key, &alipay_public_key, more).await, &[said]);
    }
}

#[tokio::test]
async fn every_fault_is_found_at_once() {
    let findings = check(&keys("x", "y", r#""signType":"SHA","charset":"latin1""#), &cx(StaticCerts::new())).await;
    let all = findings.iter().map(|finding| finding.message.as_str()).collect::<Vec<_>>().join("\n");
    assert_says(&all, &["\"signType\"", "\"charset\"", "\"privateKey\"", "\"alipayPublicKey\""]);
}
