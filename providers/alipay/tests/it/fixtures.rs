//! Every expected value of the shared test data, where it is there.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use vestibule_alipay_simulator::{RsaKey, SharedKey};
use vestibule_oauth_provider::{About, ProviderType as _, Severity};
use vestibule_provider_alipay::Alipay;
use vestibule_provider_alipay::parts::{
    AnswerFault, Charset, SignType, Signer, Verifier, cert_sn, hashed_text, root_sn, string_to_sign,
};
use vestibule_testkit::{FixedClock, ScriptedHttp, StaticCerts};
use vestibule_x509_material::Material;

use crate::house::{check, context, now, open};

/// Cases about the download of a rotated certificate, which this client does not do yet.
const RESPONSES_LEFT: [&str; 2] = ["cert_download_ok", "cert_download_other_sn_than_asked"];

fn alipay(check: &str) -> Option<PathBuf> {
    vestibule_testkit::fixtures(check).map(|folder| folder.join("alipay"))
}

fn text(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn json(path: &Path) -> Value {
    serde_json::from_str(&text(path)).unwrap()
}

fn member<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_else(|| panic!("no text {name}"))
}

fn bytes(value: &Value, name: &str) -> Vec<u8> {
    STANDARD.decode(member(value, name)).unwrap()
}

#[test]
fn real_certificates_have_the_serial_numbers_that_java_computes() {
    let Some(folder) = alipay("serial numbers of real certificates") else { return };
    let cases = json(&folder.join("certs/expected.json"));
    let cases = cases.as_array().unwrap();
    assert_eq!(cases.len(), 11);
    for case in cases {
        let file = member(case, "file");
        let text = text(&folder.join(file));
        let material = Material::read(&text).unwrap_or_else(|error| panic!("{file}: {error}"));
        assert_eq!(cert_sn(material.first_certificate().unwrap()), member(case, "cert_sn_first"), "{file}");
        assert_eq!(root_sn(material.certificates()).as_deref(), case["root_sn"].as_str(), "{file}");

        let facts = Alipay.describe(&text);
        let fact = |about, name| {
            facts.iter().find(|fact| fact.about == about && fact.name == name).map(|fact| fact.value.as_str())
        };
        assert_eq!(fact(About::Certificate(0), "cert_sn"), case["cert_sn_first"].as_str(), "{file}");
        assert_eq!(fact(About::Text, "root_sn"), case["root_sn"].as_str(), "{file}");
    }
}

#[test]
fn real_certificates_have_the_roles_that_their_names_say() {
    let Some(folder) = alipay("roles of real certificates") else { return };
    for (file, role) in [
        ("prod_root_bundle_lf.crt", "the root bundle"),
        ("sandbox_root_bundle.crt", "the root bundle"),
        ("node_app_2021001161683774.crt", "an app certificate (2088831204659217-2021001161683774)"),
        ("php_app_2021003156675030.crt", "an app certificate (2088441168346762-2021003156675030)"),
        ("smartwalle_app.crt", "an app certificate (2088721004113593-9021000122689420)"),
        ("node_alipay_leaf_only.crt", "an Alipay certificate (for pid 2088831204659217)"),
        ("php_alipay.crt", "an Alipay certificate (for pid 2088441168346762)"),
        ("smartwalle_alipay.crt", "an Alipay certificate (for pid 2088721004113593)"),
        ("java_alipay_sm2.crt", "an Alipay certificate (for pid 2088301716703444)"),
    ] {
        let facts = Alipay.describe(&text(&folder.join("certs").join(file)));
        let about = if role == "the root bundle" { About::Text } else { About::Certificate(0) };
        let found =
            facts.iter().find(|fact| fact.about == about && fact.name == "role").map(|fact| fact.value.as_str());
        assert_eq!(found, Some(role), "{file}");
    }
}

#[test]
fn odd_issuers_are_written_as_java_writes_them() {
    let Some(folder) = alipay("odd issuer names") else { return };
    let cases = json(&folder.join("odd_dn/expected.json"));
    let cases = cases.as_array().unwrap();
    assert_eq!(cases.len(), 23);
    for case in cases {
        let file = member(case, "file");
        let material = Material::read(&text(&folder.join("odd_dn").join(file))).unwrap();
        let certificate = material.first_certificate().unwrap();
        assert_eq!(hashed_text(certificate), member(case, "hashed_text"), "{file}");
        assert_eq!(cert_sn(certificate), member(case, "expected_sn"), "{file}");
        let in_bundle = member(case, "root_sn_if_in_bundle");
        assert_eq!(root_sn(material.certificates()).unwrap_or_else(|| "null".to_owned()), in_bundle, "{file}");
    }
}

#[test]
fn a_bundle_has_one_serial_number_however_it_is_wrapped() {
    let Some(folder) = alipay("wrapped root bundles") else { return };
    let expected = json(&folder.join("bundles/expected.json"));
    let files = expected["files"].as_array().unwrap();
    assert_eq!(files.len(), 3);
    for file in files {
        let material = Material::read(&text(&folder.join("bundles").join(file.as_str().unwrap()))).unwrap();
        assert_eq!(root_sn(material.certificates()).as_deref(), expected["expected_root_sn"].as_str(), "{file}");
    }
}

fn sign_type(case: &Value) -> SignType {
    match member(case, "sign_type") {
        "RSA2" => SignType::Rsa2,
        "RSA" => SignType::Rsa,
        other => panic!("{other}"),
    }
}

fn charset(case: &Value) -> Charset {
    match member(case, "charset") {
        "utf-8" => Charset::Utf8,
        "gbk" => Charset::Gbk,
        other => panic!("{other}"),
    }
}

#[test]
fn requests_are_signed_as_others_sign_them() {
    let Some(folder) = alipay("signed requests") else { return };
    let golden = json(&folder.join("vectors/logto_request_signing.json"));
    let key = Material::read(&text(&folder.join(member(&golden, "key")))).unwrap();
    let cases = golden["cases"].as_array().unwrap();
    assert_eq!(cases.len(), 3);
    for case in cases {
        let name = member(case, "name");
        let string = member(case, "string_to_sign");
        let parameters = string.split('&').rev().map(|pair| pair.split_once('=').unwrap());
        assert_eq!(string_to_sign(parameters), string, "{name}");
        let signer = Signer::new(key.private_key().unwrap(), sign_type(case)).unwrap();
        assert_eq!(signer.sign(string.as_bytes()).unwrap(), member(case, "sign"), "{name}");
    }

    let cases = json(&folder.join("synthetic/requests.json"));
    let cases = cases.as_array().unwrap();
    assert_eq!(cases.len(), 6);
    for case in cases {
        let name = member(case, "name");
        let parameters = case["params"].as_object().unwrap().iter();
        let parameters = parameters.map(|(key, value)| (key.as_str(), value.as_str().unwrap_or_default()));
        let string = string_to_sign(parameters);
        assert_eq!(string, member(case, "string_to_sign"), "{name}");
        let to_sign = charset(case).encode(&string).unwrap();
        assert_eq!(to_sign.as_ref(), bytes(case, "bytes_to_sign_base64"), "{name}");
        let key = Material::read(&text(&folder.join(format!("synthetic/{}.pkcs8.pem", member(case, "key"))))).unwrap();
        let signer = Signer::new(key.private_key().unwrap(), sign_type(case)).unwrap();
        assert_eq!(signer.sign(&to_sign).unwrap(), member(case, "sign"), "{name}");
    }
}

/// The signatures in that file are dummies, so each body is signed anew over the expected content: it verifies only if exactly that was cut.
#[test]
fn signed_content_is_cut_as_java_cuts_it() {
    let Some(folder) = alipay("signed content of answers") else { return };
    let key = RsaKey::shared(SharedKey::Alipay).unwrap();
    let material = Material::read(&crate::house::app().material().alipay_cert).unwrap();
    let verifier = Verifier::new(material.first_certificate().unwrap().public_key(), None, SignType::Rsa2).unwrap();
    let vectors = json(&folder.join("vectors/java_extract_signed_content.json"));
    let method = member(&vectors, "method");
    let cases = vectors["cases"].as_array().unwrap();
    assert_eq!(cases.len(), 11);
    for case in cases {
        let name = member(case, "name");
        let expected = member(case, "expected_content");
        let body = member(case, "body");
        let dummy = serde_json::from_str::<Value>(body).unwrap()["sign"].as_str().unwrap().to_owned();
        let body = body.replace(&dummy, &key.sign_rsa2(expected.as_bytes()).unwrap());
        match verifier.verify(method, body.as_bytes(), now()) {
            Ok(answer) => {
                assert!(!answer.needed_unescaped_slashes(), "{name}");
                let expected: Value = serde_json::from_str(expected).unwrap();
                assert_eq!(answer.parse::<Value>().unwrap(), expected, "{name}");
            }
            // A verified refusal: the code of that node is not 10000.
            Err(AnswerFault::Gateway(error)) => assert!(error.verified, "{name}"),
            Err(AnswerFault::Encrypted) => assert!(name.starts_with("encrypted"), "{name}"),
            Err(fault) => panic!("{name}: {fault}"),
        }
    }
}

#[test]
fn answers_come_to_what_a_strict_client_must_make_of_them() {
    let Some(folder) = alipay("answers of the gateway") else { return };
    let synthetic = folder.join("synthetic");
    let responses = json(&synthetic.join("responses.json"));

    let certificate = Material::read(&text(&synthetic.join("alipay_cert.crt"))).unwrap();
    let certificate = certificate.first_certificate().unwrap();
    assert_eq!(cert_sn(certificate), member(&responses, "alipay_cert_sn"));
    let key = Material::read(&text(&synthetic.join("alipay_key_2048.pub.pem"))).unwrap();

    for (file, name) in [
        ("alipay_cert_rotated.crt", "alipay_cert_sn_rotated"),
        ("app_cert.crt", "app_cert_sn"),
        ("alipay_cert_expired.crt", "expired_sn"),
        ("alipay_cert_rogue.crt", "rogue_sn"),
    ] {
        let material = Material::read(&text(&synthetic.join(file))).unwrap();
        assert_eq!(cert_sn(material.first_certificate().unwrap()), member(&responses, name), "{file}");
    }
    for file in ["root_bundle.crt", "root_bundle_crlf.crt"] {
        let material = Material::read(&text(&synthetic.join(file))).unwrap();
        assert_eq!(root_sn(material.certificates()).as_deref(), responses["root_cert_sn"].as_str(), "{file}");
    }

    let mut left = Vec::new();
    for case in responses["cases"].as_array().unwrap() {
        let name = member(case, "name");
        if RESPONSES_LEFT.contains(&name) {
            left.push(name);
            continue;
        }
        let (key, cert_sn) = match member(case, "mode") {
            "cert" => (certificate.public_key(), Some(cert_sn(certificate))),
            "public_key" => (key.public_key().unwrap(), None),
            mode => panic!("{mode}"),
        };
        let verifier = Verifier::new(key, cert_sn, sign_type(case)).unwrap().expecting(charset(case));
        let body = bytes(case, "body_base64");
        let outcome = match verifier.verify(member(case, "method"), &body, now()) {
            Ok(answer) => {
                let signed = bytes(case, "signed_content_base64");
                let signed = String::from_utf8(signed)
                    .unwrap_or_else(|error| encoding_rs::GB18030.decode(error.as_bytes()).0.into_owned());
                let signed: Value = serde_json::from_str(&signed).unwrap();
                assert_eq!(answer.parse::<Value>().unwrap(), signed, "{name}");
                match (answer.rotated_to(), answer.needed_unescaped_slashes()) {
                    (Some(named), _) => {
                        assert_eq!(named, member(&responses, "alipay_cert_sn_rotated"));
                        "cert_rotation_needed".to_owned()
                    }
                    (None, true) => "ok_after_slash_retry".to_owned(),
                    (None, false) => "ok".to_owned(),
                }
            }
            Err(fault) => word(&fault),
        };
        assert_eq!(outcome, member(case, "expect"), "{name}");
    }
    assert_eq!(left, RESPONSES_LEFT);
}

/// The test data's word for a fault.
fn word(fault: &AnswerFault) -> String {
    match fault {
        AnswerFault::Malformed { .. } | AnswerFault::Empty => "malformed_response".to_owned(),
        AnswerFault::DuplicateKey => "duplicate_key".to_owned(),
        AnswerFault::UnexpectedMember => "unexpected_response_node".to_owned(),
        AnswerFault::MalformedCertSn => "malformed_alipay_cert_sn".to_owned(),
        AnswerFault::MissingSignature => "missing_signature".to_owned(),
        AnswerFault::BadSignature => "bad_signature".to_owned(),
        AnswerFault::Encrypted => "encrypted_response".to_owned(),
        AnswerFault::Gateway(error) => {
            format!("gateway_error:{}/{}", error.code, error.sub_code.as_deref().unwrap_or_default())
        }
        other => panic!("{other:?} has no word"),
    }
}

fn config(app_id: &str, environment: &str) -> String {
    let custom = if environment == "custom" {
        r#","authorizeUrl":"https://sim.example/a","gatewayUrl":"https://sim.example/g""#
    } else {
        ""
    };
    format!(
        r#"{{"appId":"{app_id}","appCert":"app-cert","rootCert":"root-cert","subject":"open_id","environment":"{environment}"{custom}}}"#
    )
}

fn records(folder: &Path, app: &str, key: &str, alipay: &str, root: &str) -> StaticCerts {
    let read = |name: &str| if name.is_empty() { String::new() } else { text(&folder.join(name)) };
    StaticCerts::new().with("app-cert", &read(app), &read(key)).with("root-cert", &read(alipay), &read(root))
}

#[tokio::test]
async fn synthetic_certificates_open_or_are_refused_for_what_their_names_say() {
    let Some(folder) = alipay("synthetic certificates") else { return };
    let folder = folder.join("synthetic");
    let good = ("app_cert.crt", "app_key_2048.pkcs1.pem", "alipay_cert.crt", "root_bundle.crt");
    let cases = [
        (good, None),
        (("app_cert.crt", "app_key_2048.pkcs8.pem", "alipay_cert_rotated.crt", "root_bundle_crlf.crt"), None),
        (("app_cert_other_key.crt", good.1, good.2, good.3), Some("do not match")),
        (
            ("app_cert_wrong_app_id.crt", good.1, good.2, good.3),
            Some("holds the certificate of app id 2021000000000002"),
        ),
        ((good.0, "app_key_1024.pkcs8.pem", good.2, good.3), Some("do not match")),
        ((good.0, good.1, "alipay_cert_expired.crt", good.3), Some("expired on 2025-01-01")),
        ((good.0, good.1, "alipay_cert_leaf_only.crt", good.3), Some("no certificate of that name")),
        ((good.0, good.1, "alipay_cert_rogue.crt", good.3), Some("does not chain to the root bundle")),
        ((good.0, good.1, good.2, "root_bundle_rogue.crt"), Some("does not chain to the root bundle")),
        (
            (good.0, good.1, "app_cert.crt", good.3),
            Some("holds an app certificate (2088000000000001-2021000000000001)"),
        ),
    ];
    for environment in ["production", "global", "custom"] {
        for ((app, key, alipay, root), refusal) in cases {
            let cx =
                context(records(&folder, app, key, alipay, root), Arc::new(ScriptedHttp::default()), FixedClock::new());
            let opened = open(&config("2021000000000001", environment), &cx).await;
            match (opened, refusal) {
                (Ok(_), None) => {}
                (Err(error), Some(words)) => assert!(error.message().contains(words), "{error}"),
                (Ok(_), Some(words)) => panic!("{app} {key} {alipay} {root} opened, expected: {words}"),
                (Err(error), None) => panic!("{app} {key} {alipay} {root}: {error}"),
            }
        }
    }
}

/// Real certificates come without their keys: of everything else nothing may be found.
#[tokio::test]
async fn real_certificates_are_judged_right() {
    let Some(folder) = alipay("real certificates in their slots") else { return };
    let folder = folder.join("certs");
    let faults = async |app: &str, alipay: &str, root: &str, app_id: &str, environment: &str, at: u64| {
        let cx =
            context(records(&folder, app, "", alipay, root), Arc::new(ScriptedHttp::default()), FixedClock::at(at));
        let findings = check(&config(app_id, environment), &cx).await;
        let faults = findings.into_iter().filter(|finding| finding.severity == Severity::Fatal);
        let mut faults: Vec<String> = faults.map(|finding| finding.message).collect();
        let no_key = faults.remove(
            faults.iter().position(|fault| fault.contains("Private key field of record \"admin/app-cert\"")).unwrap(),
        );
        assert!(no_key.contains("is empty"), "{no_key}");
        faults
    };
    let (php_app, php_id) = ("php_app_2021003156675030.crt", "2021003156675030");
    let production = "prod_root_bundle_lf.crt";
    const NOV_2026: u64 = 1_795_305_600;
    const JAN_2024: u64 = 1_704_067_200;
    const JAN_2020: u64 = 1_577_836_800;

    assert_eq!(faults(php_app, "php_alipay.crt", production, php_id, "production", NOV_2026).await, [""; 0]);

    let found = faults(php_app, "php_alipay.crt", "sandbox_root_bundle.crt", php_id, "production", NOV_2026).await;
    assert!(found.iter().any(|fault| fault.contains("holds the root bundle of the sandbox")), "{found:?}");
    let found = faults(php_app, "php_alipay.crt", production, php_id, "sandbox", NOV_2026).await;
    assert_eq!(
        found.iter().filter(|fault| fault.contains("of production, but \"environment\" is \"sandbox\"")).count(),
        3,
        "{found:?}"
    );
    let found = faults(php_app, "node_alipay_leaf_only.crt", production, php_id, "production", JAN_2024).await;
    assert!(found.iter().any(|fault| fault.contains("another merchant (pid 2088831204659217")), "{found:?}");
    assert!(found.iter().any(|fault| fault.contains("expired on 2022-05-14")), "{found:?}");

    // The sandbox's authority breaks the rules and expired in 2024; only the app certificate was not valid yet that day.
    let (sandbox_app, sandbox_id, sandbox) = ("smartwalle_app.crt", "9021000122689420", "sandbox_root_bundle.crt");
    let found = faults(sandbox_app, "smartwalle_alipay.crt", sandbox, sandbox_id, "sandbox", JAN_2024).await;
    assert!(
        found.len() == 1
            && found[0].contains("the app certificate")
            && found[0].contains("is not valid before 2025-09-28"),
        "{found:?}"
    );
    let found = faults(sandbox_app, "smartwalle_alipay.crt", sandbox, sandbox_id, "production", JAN_2024).await;
    assert_eq!(
        found.iter().filter(|fault| fault.contains("of the sandbox, but \"environment\" is \"production\"")).count(),
        3,
        "{found:?}"
    );
    let found = faults("", "fzlee_alipay_wrong_intermediate.crt", sandbox, sandbox_id, "sandbox", JAN_2020).await;
    assert!(found.iter().any(|fault| fault.contains("does not chain to the root bundle")), "{found:?}");
    let found = faults("", "java_alipay_sm2.crt", sandbox, sandbox_id, "sandbox", JAN_2020).await;
    assert!(found.iter().any(|fault| fault.contains("with a key for SM2, which is not supported")), "{found:?}");
}
