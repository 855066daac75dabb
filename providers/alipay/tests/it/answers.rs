//! Answers that are Alipay's, and answers that are not.

use vestibule_alipay_simulator::{AppRegistration, Authority, LeafRequest, RsaKey, SharedKey};
use vestibule_oauth_provider::VersionState;
use vestibule_provider_alipay::parts::{AnswerFault, OtherVersion, SignType, SignedWith, Verifier, cert_sn};
use vestibule_x509_material::Material;

use crate::house::{app, now};

const METHOD: &str = "alipay.system.oauth.token";
const NODE: &str =
    r#"{"access_token":"authusrB1","user_id":"2088000000000009","open_id":"074a1","avatar":"https:\/\/a.example\/x"}"#;

#[derive(serde::Deserialize)]
struct Node {
    user_id: String,
    open_id: String,
    avatar: String,
}

fn certificate_mode() -> (Verifier, String) {
    let material = Material::read(&app().material().alipay_cert).unwrap();
    let certificate = material.first_certificate().unwrap();
    let sn = cert_sn(certificate);
    (Verifier::new(certificate.public_key(), Some(sn.clone()), SignType::Rsa2).unwrap(), sn)
}

fn signed_by(key: SharedKey, bytes: &[u8]) -> String {
    RsaKey::shared(key).unwrap().sign_rsa2(bytes).unwrap()
}

fn body(node: &str, signed: &str, sn: &str) -> String {
    let sign = signed_by(SharedKey::Alipay, signed.as_bytes());
    format!(r#"{{"alipay_system_oauth_token_response":{node},"alipay_cert_sn":"{sn}","sign":"{sign}"}}"#)
}

#[test]
fn the_verified_bytes_are_the_parsed_ones() {
    let (verifier, sn) = certificate_mode();
    let answer = verifier.verify(METHOD, body(NODE, NODE, &sn).as_bytes(), now()).unwrap();
    let node: Node = answer.parse().unwrap();
    assert_eq!((node.user_id.as_str(), node.open_id.as_str()), ("2088000000000009", "074a1"));
    assert_eq!(node.avatar, "https://a.example/x");
    assert_eq!(answer.rotated_to(), None);
    assert!(!answer.needed_unescaped_slashes());
    assert!(!format!("{answer:?}").contains("authusrB1"));
}

#[test]
fn a_signature_over_unescaped_slashes_holds_and_what_was_signed_is_what_is_read() {
    let (verifier, sn) = certificate_mode();
    let answer = verifier.verify(METHOD, body(NODE, &NODE.replace("\\/", "/"), &sn).as_bytes(), now()).unwrap();
    assert!(answer.needed_unescaped_slashes());
    assert_eq!(answer.parse::<Node>().unwrap().avatar, "https://a.example/x");

    // Somebody writes a backslash more before every slash: after the replacement it is what Alipay signed, and that is what must be read.
    let answer = verifier.verify(METHOD, body(&NODE.replace("\\/", "\\\\/"), NODE, &sn).as_bytes(), now()).unwrap();
    assert_eq!(answer.parse::<Node>().unwrap().avatar, "https://a.example/x");
}

#[test]
fn an_unknown_certificate_is_reported_when_the_pinned_key_verifies_and_refused_otherwise() {
    let (verifier, sn) = certificate_mode();
    let other = "0123456789abcdef0123456789abcdef";
    let answer = verifier.verify(METHOD, body(NODE, NODE, other).as_bytes(), now()).unwrap();
    assert_eq!(answer.rotated_to(), Some(other));

    let sign = signed_by(SharedKey::Stranger, NODE.as_bytes());
    for (named, fault) in [
        (sn.as_str(), AnswerFault::BadSignature),
        (other, AnswerFault::OtherCertificate { pinned: sn.clone(), named: other.to_owned() }),
    ] {
        let body =
            format!(r#"{{"alipay_system_oauth_token_response":{NODE},"alipay_cert_sn":"{named}","sign":"{sign}"}}"#);
        assert_eq!(verifier.verify(METHOD, body.as_bytes(), now()).unwrap_err(), fault);
    }
}

#[test]
fn an_answer_that_names_nothing_is_verified_with_the_active_key_only() {
    let (verifier, sn) = certificate_mode();
    let other = Authority::shared().unwrap();
    let stranger = RsaKey::shared(SharedKey::Stranger).unwrap();
    let other = other.issue(&LeafRequest::alipay(AppRegistration::DEFAULT_PID), &stranger).unwrap();
    let material = Material::read(&other.chain_pem()).unwrap();
    let version =
        OtherVersion::new(material.first_certificate().unwrap(), VersionState::Retired, SignType::Rsa2).unwrap();
    let verifier = verifier.with_version(version).accepting_a_missing_cert_sn();
    let sign = signed_by(SharedKey::Stranger, NODE.as_bytes());
    let named = other.certificate().sn();
    let body = |member: &str| format!(r#"{{"alipay_system_oauth_token_response":{NODE},{member}"sign":"{sign}"}}"#);
    let verify = |member: &str| verifier.verify(METHOD, body(member).as_bytes(), now());
    let answer = verify(&format!(r#""alipay_cert_sn":"{named}","#)).unwrap();
    assert_eq!((answer.signed_with(), answer.rotated_to()), (SignedWith::Version(VersionState::Retired), None));
    assert_eq!(verify("").unwrap_err(), AnswerFault::BadSignature);
    assert_eq!(verify(&format!(r#""alipay_cert_sn":"{sn}","#)).unwrap_err(), AnswerFault::BadSignature);
}

#[test]
fn a_success_without_signature_or_serial_number_is_refused() {
    let (verifier, _) = certificate_mode();
    let sign = signed_by(SharedKey::Alipay, NODE.as_bytes());
    let without_sn = format!(r#"{{"alipay_system_oauth_token_response":{NODE},"sign":"{sign}"}}"#);
    assert_eq!(verifier.verify(METHOD, without_sn.as_bytes(), now()).unwrap_err(), AnswerFault::MissingCertSn);
    assert!(verifier.clone().accepting_a_missing_cert_sn().verify(METHOD, without_sn.as_bytes(), now()).is_ok());

    for unsigned in [
        format!(r#"{{"alipay_system_oauth_token_response":{NODE}}}"#),
        format!(r#"{{"alipay_system_oauth_token_response":{NODE},"sign":""}}"#),
        r#"{"alipay_system_oauth_token_response":"ZW5jcnlwdGVk"}"#.to_owned(),
        r#"{"alipay_system_oauth_token_response":[{"code":"40002"}]}"#.to_owned(),
    ] {
        let fault =
            verifier.clone().accepting_a_missing_cert_sn().verify(METHOD, unsigned.as_bytes(), now()).unwrap_err();
        assert_eq!(fault, AnswerFault::MissingSignature, "{unsigned}");
    }
}

#[test]
fn an_error_is_told_with_or_without_signature_and_by_codes_only() {
    let (verifier, sn) = certificate_mode();
    let node =
        r#"{"code":"40002","msg":"Invalid Arguments","sub_code":"isv.invalid-signature","sub_msg":"code=s3cr3t"}"#;
    for (body, verified) in [
        (body(node, node, &sn), true),
        (format!(r#"{{"error_response":{node}}}"#), false),
        (format!(r#"{{"alipay_system_oauth_token_response":{node}}}"#), false),
    ] {
        let fault = verifier.verify(METHOD, body.as_bytes(), now()).unwrap_err();
        let AnswerFault::Gateway(error) = &fault else { panic!("{fault:?}") };
        assert_eq!((error.code.as_str(), error.sub_code.as_deref()), ("40002", Some("isv.invalid-signature")));
        assert_eq!(error.verified, verified);
        assert!(!format!("{fault:?} {fault}").contains("s3cr3t"));
    }
}

#[test]
fn an_encrypted_node_is_verified_first_and_then_named() {
    let (verifier, sn) = certificate_mode();
    let node = r#""4AOYHE0rpPnRnghunsGo+mY0==""#;
    assert_eq!(verifier.verify(METHOD, body(node, node, &sn).as_bytes(), now()).unwrap_err(), AnswerFault::Encrypted);
    assert_eq!(
        verifier.verify(METHOD, body(node, NODE, &sn).as_bytes(), now()).unwrap_err(),
        AnswerFault::BadSignature
    );
}

#[test]
fn no_single_changed_byte_makes_another_identity() {
    let (verifier, sn) = certificate_mode();
    let body = body(NODE, NODE, &sn).into_bytes();
    for position in 0..body.len() {
        for bit in 0..8 {
            let mut changed = body.clone();
            changed[position] ^= 1 << bit;
            if let Ok(answer) = verifier.verify(METHOD, &changed, now()) {
                let node: Node = answer.parse().unwrap();
                assert_eq!(
                    (node.user_id.as_str(), node.open_id.as_str()),
                    ("2088000000000009", "074a1"),
                    "byte {position}"
                );
            }
        }
    }
}

#[test]
fn no_part_left_out_and_no_part_twice_makes_another_identity() {
    let (verifier, sn) = certificate_mode();
    let body = body(NODE, NODE, &sn).into_bytes();
    let accepted = |changed: &[u8]| verifier.verify(METHOD, changed, now()).is_ok();
    for from in 0..body.len() {
        for length in [1, 7, 40] {
            let to = body.len().min(from + length);
            let without = [&body[..from], &body[to..]].concat();
            let twice = [&body[..to], &body[from..]].concat();
            assert!(!accepted(&without), "without {from}..{to}");
            assert!(!accepted(&twice), "twice {from}..{to}");
        }
    }
}
