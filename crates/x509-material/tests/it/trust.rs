//! The strict reader: which chains hold, and what is said of those that do not.

use std::time::{Duration, SystemTime};

use vestibule_x509_material::{Certificate, Chain, ChainError, ChainPolicy, MAX_SIGNATURE_CHECKS, verify_chain};

use crate::samples::{Exotic, certificate, tlv};

/// 2026-11-22.
fn now() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_795_305_600)
}

fn certificates(files: &[&str]) -> Vec<Certificate> {
    files.iter().map(|file| certificate(file)).collect()
}

fn verify(leaf: &str, intermediates: &[&str], roots: &[&str], policy: ChainPolicy) -> Result<Chain, ChainError> {
    verify_chain(&certificate(leaf), &certificates(intermediates), &certificates(roots), now(), policy)
}

fn strict(leaf: &str, intermediates: &[&str], roots: &[&str]) -> Result<Chain, ChainError> {
    verify(leaf, intermediates, roots, ChainPolicy::Strict)
}

const LEAF: &str = "CN=leaf.example, OU=Test, O=示例公司, C=CN";
const INTERMEDIATE: &str = "CN=Example Issuing CA, O=Example, C=CN";
const ROOT: &str = "CN=Example Root, O=Example, C=CN";

#[test]
fn a_sound_chain_is_trusted() {
    let chain = strict("leaf.crt", &["intermediate.crt"], &["root.crt"]).unwrap();
    assert_eq!(chain.path(), certificates(&["leaf.crt", "intermediate.crt"]));
    assert_eq!(chain.root(), &certificate("root.crt"));
    strict("leaf_sha512.crt", &["intermediate.crt"], &["root.crt"]).unwrap();
}

#[test]
fn order_company_and_repetition_do_not_matter() {
    let intermediates =
        ["leaf.crt", "root.crt", "intermediate_rogue.crt", "intermediate_expired.crt", "intermediate.crt"];
    let chain =
        strict("leaf.crt", &intermediates, &["root_small.crt", "other_root.crt", "intermediate.crt", "root.crt"])
            .unwrap();
    assert_eq!(chain.root(), &certificate("root.crt"));
}

#[test]
fn the_dates_of_a_root_are_not_checked() {
    strict("leaf.crt", &["intermediate.crt"], &["root_expired.crt"]).unwrap();
}

#[test]
fn a_leaf_outside_its_dates_is_refused_under_every_policy() {
    for policy in [ChainPolicy::Strict, ChainPolicy::SignaturesAndLeafDates] {
        let error = verify("leaf_expired.crt", &["intermediate.crt"], &["root.crt"], policy).unwrap_err();
        assert_eq!(
            error.to_string(),
            format!("the certificate \"{LEAF}\" expired on 2025-01-01 00:00:00 UTC; renew it")
        );
    }
    let (leaf, intermediates, roots) =
        (certificate("leaf.crt"), certificates(&["intermediate.crt"]), certificates(&["root.crt"]));
    let verify_at = |at| verify_chain(&leaf, &intermediates, &roots, at, ChainPolicy::Strict);
    let (first, last) = (leaf.not_before().unwrap(), leaf.not_after().unwrap());
    verify_at(first).unwrap();
    verify_at(last).unwrap();
    let early = verify_at(first - Duration::from_secs(1)).unwrap_err();
    assert_eq!(early, ChainError::NotYetValid { certificate: LEAF.to_owned(), not_before: first });
    assert!(matches!(verify_at(last + Duration::from_secs(1)), Err(ChainError::Expired { .. })));
}

#[test]
fn a_missing_issuer_is_named() {
    let error = strict("leaf.crt", &[], &["root.crt"]).unwrap_err();
    assert_eq!(error, ChainError::NoIssuer { certificate: LEAF.to_owned(), issuer: INTERMEDIATE.to_owned() });
    let error = strict("leaf.crt", &["intermediate.crt"], &["root_small.crt"]).unwrap_err();
    assert_eq!(error, ChainError::NoIssuer { certificate: INTERMEDIATE.to_owned(), issuer: ROOT.to_owned() });
}

#[test]
fn a_chain_of_the_same_names_and_other_keys_is_refused() {
    // The whole chain of an attacker against the real root.
    let error = strict("leaf_rogue.crt", &["intermediate_rogue.crt"], &["root.crt"]).unwrap_err();
    assert_eq!(error, ChainError::SignatureMismatch { certificate: INTERMEDIATE.to_owned(), issuer: ROOT.to_owned() });
    // The real intermediate beside it does not help.
    let error = strict("leaf_rogue.crt", &["intermediate.crt", "intermediate_rogue.crt"], &["root.crt"]).unwrap_err();
    assert_eq!(error, ChainError::SignatureMismatch { certificate: INTERMEDIATE.to_owned(), issuer: ROOT.to_owned() });
    let error = strict("leaf_rogue.crt", &["intermediate.crt"], &["root.crt"]).unwrap_err();
    assert_eq!(error, ChainError::SignatureMismatch { certificate: LEAF.to_owned(), issuer: INTERMEDIATE.to_owned() });
    // With the attacker's root as a root it would hold: the test is about the root, not about something else.
    strict("leaf_rogue.crt", &["intermediate_rogue.crt"], &["other_root.crt"]).unwrap();
}

#[test]
fn a_changed_byte_anywhere_is_refused() {
    let original = certificate("leaf.crt");
    let (intermediates, roots) = (certificates(&["intermediate.crt"]), certificates(&["root.crt"]));
    let mut read = 0;
    for index in 0..original.der().len() {
        let mut der = original.der().to_vec();
        der[index] ^= 1;
        let Some(changed) = Certificate::from_der(&der) else { continue };
        read += 1;
        let trusted = verify_chain(&changed, &intermediates, &roots, now(), ChainPolicy::SignaturesAndLeafDates);
        assert!(trusted.is_err(), "byte {index}");
    }
    assert!(read > 500, "only {read} changed certificates could be read at all");
}

#[test]
fn only_roots_are_roots() {
    assert_eq!(strict("leaf.crt", &["intermediate.crt"], &[]).unwrap_err(), ChainError::NoRoots);
    assert_eq!(strict("leaf.crt", &["root.crt"], &["intermediate.crt"]).unwrap_err(), ChainError::NoRoots);
    let error = strict("leaf.crt", &["intermediate.crt", "root.crt"], &["root_small.crt"]).unwrap_err();
    assert_eq!(error, ChainError::NoIssuer { certificate: ROOT.to_owned(), issuer: ROOT.to_owned() });
}

#[test]
fn an_issuer_must_be_allowed_to_issue() {
    let not_ca = |intermediate: &str| strict("leaf.crt", &[intermediate], &["root.crt"]).unwrap_err();
    assert_eq!(
        not_ca("intermediate_no_ca.crt"),
        ChainError::NotCa { certificate: INTERMEDIATE.to_owned(), reason: "it has no basicConstraints" }
    );
    assert_eq!(
        not_ca("intermediate_no_cert_sign.crt"),
        ChainError::NotCa { certificate: INTERMEDIATE.to_owned(), reason: "its keyUsage has no keyCertSign" }
    );
    assert!(
        matches!(not_ca("intermediate_expired.crt"), ChainError::Expired { certificate, .. } if certificate == INTERMEDIATE)
    );
    let root = strict("leaf.crt", &["intermediate.crt"], &["root_no_ca.crt"]).unwrap_err();
    assert_eq!(root, ChainError::NotCa { certificate: ROOT.to_owned(), reason: "its basicConstraints say cA=FALSE" });
    let root = strict("leaf.crt", &["intermediate.crt"], &["root_pathlen_0.crt"]).unwrap_err();
    assert_eq!(root, ChainError::PathTooLong { certificate: ROOT.to_owned(), allowed: 0 });
}

#[test]
fn the_policy_for_test_environments_asks_less_of_intermediates_and_nothing_less_of_signatures() {
    let policy = ChainPolicy::SignaturesAndLeafDates;
    for intermediate in ["intermediate_expired.crt", "intermediate_no_ca.crt", "intermediate_no_cert_sign.crt"] {
        verify("leaf.crt", &[intermediate], &["root.crt"], policy).unwrap();
    }
    let error = verify("leaf_rogue.crt", &["intermediate_rogue.crt"], &["root.crt"], policy).unwrap_err();
    assert!(matches!(error, ChainError::SignatureMismatch { .. }));
    let error = verify("leaf.crt", &["intermediate_critical.crt"], &["root.crt"], policy).unwrap_err();
    assert!(matches!(error, ChainError::UnknownCriticalExtension { .. }));
}

#[test]
fn what_is_not_understood_is_refused() {
    for (leaf, intermediate, certificate) in
        [("leaf_critical.crt", "intermediate.crt", LEAF), ("leaf.crt", "intermediate_critical.crt", INTERMEDIATE)]
    {
        let error = strict(leaf, &[intermediate], &["root.crt"]).unwrap_err();
        assert_eq!(
            error,
            ChainError::UnknownCriticalExtension {
                certificate: certificate.to_owned(),
                oid: "1.3.6.1.4.1.99999.1".to_owned()
            }
        );
    }
    let sha1 = strict("leaf_sha1.crt", &["intermediate.crt"], &["root.crt"]).unwrap_err();
    assert_eq!(
        sha1,
        ChainError::UnsupportedSignature {
            certificate: LEAF.to_owned(),
            algorithm: "sha1WithRSAEncryption".to_owned()
        }
    );
    let small = strict("leaf_of_small.crt", &[], &["root_small.crt"]).unwrap_err();
    assert_eq!(
        small,
        ChainError::UnsupportedKey {
            certificate: "CN=Small Root, O=Example, C=CN".to_owned(),
            key: "RSA of 1024 bits".to_owned()
        }
    );
    let exotic = Exotic { spki: tlv(0x30, &[0xff, 0xff]), ..Exotic::default() };
    let exotic =
        verify_chain(&exotic.read(), &[], &certificates(&["root.crt"]), now(), ChainPolicy::Strict).unwrap_err();
    assert!(matches!(exotic, ChainError::Malformed { .. }), "{exotic}");
}

#[test]
fn a_certificate_authority_is_no_leaf() {
    for leaf in ["leaf_ca.crt", "intermediate.crt", "root.crt"] {
        let error = strict(leaf, &["intermediate.crt"], &["root.crt"]).unwrap_err();
        assert!(matches!(error, ChainError::LeafIsCa { .. }), "{leaf}: {error}");
    }
}

#[test]
fn paths_have_a_greatest_length() {
    strict("leaf_deep3.crt", &["deep1.crt", "deep2.crt", "deep3.crt"], &["root.crt"]).unwrap();
    let error =
        strict("leaf_deep4.crt", &["deep1.crt", "deep2.crt", "deep3.crt", "deep4.crt"], &["root.crt"]).unwrap_err();
    assert_eq!(error, ChainError::TooDeep { certificate: "CN=leaf 4".to_owned() });
}

#[test]
fn many_certificates_of_one_name_cannot_keep_the_search_busy() {
    let rogue = vec![certificate("intermediate_rogue.crt"); MAX_SIGNATURE_CHECKS * 100];
    let error =
        verify_chain(&certificate("leaf.crt"), &rogue, &certificates(&["root.crt"]), now(), ChainPolicy::Strict)
            .unwrap_err();
    assert_eq!(error, ChainError::TooManyChecks);
}
