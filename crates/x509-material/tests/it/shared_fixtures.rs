//! Real certificates and published test keys, from a folder that stands beside a checkout in some places and not in others.

use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use vestibule_x509_material::{
    Certificate, ChainError, ChainPolicy, KeyAlgorithm, Kind, Material, MaterialError, PemWord, verify_chain,
};

/// The folder, or a note on the terminal that these checks did not run.
fn fixtures() -> Option<PathBuf> {
    vestibule_testkit::fixtures("x509-material: real certificates, and the forms of a private key")
        .map(|folder| folder.join("alipay"))
}

fn read(file: &str) -> Option<Material> {
    let path = fixtures()?.join(file);
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    Some(Material::read(&text).unwrap_or_else(|error| panic!("{file}: {error}")))
}

#[test]
fn every_form_of_a_private_key_has_its_outcome() {
    let Some(folder) = fixtures() else { return };
    let text = std::fs::read_to_string(folder.join("synthetic/private_key_forms.json")).unwrap();
    let document: serde_json::Value = serde_json::from_str(&text).unwrap();
    let spki = document["expected_public_key_spki_base64"].as_str().unwrap();
    let cases = document["cases"].as_array().unwrap();
    assert!(!cases.is_empty());
    for case in cases {
        let (name, input, expect) =
            (case["name"].as_str().unwrap(), case["input"].as_str().unwrap(), case["expect"].as_str().unwrap());
        let material = Material::read(input);
        let outcome = match &material {
            Ok(material) => material.private_key(),
            Err(error) => Err(error.clone()),
        };
        let fits = match (expect, &outcome) {
            ("ok" | "ok_or_specific_error", Ok(key)) => {
                assert_eq!(crate::samples::base64_of(key.spki_der()), spki, "{name}");
                key.to_rsa_key_pair().is_ok()
            }
            ("error:double_pem_header", Err(MaterialError::DoubledPemLine { word: PemWord::Begin, .. }))
            | ("error:truncated", Err(MaterialError::Truncated { .. }))
            | (
                "error:certificate_in_private_key_slot",
                Err(MaterialError::NotAPrivateKey { found: Kind::Certificate }),
            )
            | ("error:encrypted_private_key", Err(MaterialError::EncryptedPrivateKey))
            | ("error:not_a_key", Err(MaterialError::Placeholder))
            | ("error:invalid_character", Err(MaterialError::InvalidCharacter { .. })) => true,
            _ => false,
        };
        assert!(fits, "{name}: wanted {expect}, got {outcome:?}");
    }
}

#[test]
fn every_certificate_file_is_read_as_another_reader_reads_it() {
    let Some(folder) = fixtures() else { return };
    let mut files = 0;
    for folder in ["certs", "odd_dn", "bundles", "synthetic"].map(|name| folder.join(name)) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_none_or(|extension| extension != "crt") {
                continue;
            }
            let text = std::fs::read_to_string(&path).unwrap();
            let material = Material::read(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            let expected = pem::parse_many(&text).unwrap();
            let found: Vec<&[u8]> = material.certificates().iter().map(Certificate::der).collect();
            assert_eq!(found, expected.iter().map(pem::Pem::contents).collect::<Vec<_>>(), "{}", path.display());
            for certificate in material.certificates() {
                assert!(certificate.not_before().is_some() && certificate.not_after().is_some(), "{}", path.display());
            }
            files += 1;
        }
    }
    assert!(files > 30, "{files}");
}

#[test]
fn the_production_root_bundle_is_read_whole() {
    let Some(bundle) = read("certs/prod_root_bundle_lf.crt") else { return };
    assert_eq!(bundle.kind(), Kind::Bundle { certificates: 4 });
    let facts: Vec<(Option<String>, &str, String)> = bundle
        .certificates()
        .iter()
        .map(|root| (root.common_name(), root.signature_algorithm().name(), root.public_key().algorithm().to_string()))
        .collect();
    let expected = [
        ("ROOTCA", "SM2-with-SM3", "SM2"),
        ("Ant Financial Certification Authority R1", "sha256WithRSAEncryption", "RSA"),
        ("Ant Financial Certification Authority E1", "ecdsa-with-SHA384", "EC"),
        ("iTrusChina Class 2 Root CA - G3", "sha1WithRSAEncryption", "RSA"),
    ];
    for ((name, signature, key), expected) in facts.iter().zip(expected) {
        assert_eq!((name.as_deref(), *signature), (Some(expected.0), expected.1));
        assert!(key.starts_with(expected.2), "{key}");
    }
    assert_eq!(bundle.certificates()[0].serial_decimal(), "7629940819692799611");
    let sm2 = read("certs/java_alipay_sm2.crt").unwrap();
    assert_eq!(sm2.first_certificate().unwrap().public_key().algorithm(), &KeyAlgorithm::Sm2);
}

#[test]
fn serial_numbers_agree_with_those_of_java() {
    let Some(folder) = fixtures() else { return };
    let text = std::fs::read_to_string(folder.join("odd_dn/expected.json")).unwrap();
    let cases: serde_json::Value = serde_json::from_str(&text).unwrap();
    for case in cases.as_array().unwrap() {
        let (file, hashed) = (case["file"].as_str().unwrap(), case["hashed_text"].as_str().unwrap());
        let material = read(&format!("odd_dn/{file}")).unwrap();
        let serial = material.first_certificate().unwrap().serial_decimal();
        assert!(hashed.ends_with(&serial), "{file}: {serial} is not at the end of {hashed}");
    }
}

fn at(seconds: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)
}

/// 2026-11-22.
const TODAY: u64 = 1_795_305_600;

fn verify(file: &str, roots: &str, when: u64, policy: ChainPolicy) -> Option<Result<(), ChainError>> {
    let (material, roots) = (read(file)?, read(roots)?);
    let leaf = material.first_certificate().unwrap();
    let outcome = verify_chain(leaf, &material.certificates()[1..], roots.certificates(), at(when), policy);
    Some(outcome.map(|chain| assert_eq!(chain.path().len(), 2)))
}

#[test]
fn real_chains_are_judged() {
    let strict = |file, roots, when| verify(file, roots, when, ChainPolicy::Strict);
    let production = "certs/prod_root_bundle_lf.crt";
    let synthetic = "synthetic/root_bundle.crt";
    let Some(outcome) = strict("certs/php_alipay.crt", production, TODAY) else { return };
    outcome.unwrap();
    // The day after its last, and the day before its first.
    assert!(matches!(strict("certs/php_alipay.crt", production, 1_808_208_000), Some(Err(ChainError::Expired { .. }))));
    assert!(matches!(
        strict("certs/php_alipay.crt", production, 1_650_326_400),
        Some(Err(ChainError::NotYetValid { .. }))
    ));

    strict("synthetic/alipay_cert.crt", synthetic, TODAY).unwrap().unwrap();
    strict("synthetic/alipay_cert_rotated.crt", synthetic, TODAY).unwrap().unwrap();
    assert!(matches!(
        strict("synthetic/alipay_cert_expired.crt", synthetic, TODAY),
        Some(Err(ChainError::Expired { .. }))
    ));
    assert!(matches!(
        strict("synthetic/alipay_cert_leaf_only.crt", synthetic, TODAY),
        Some(Err(ChainError::NoIssuer { .. }))
    ));
    assert!(matches!(strict("synthetic/alipay_cert.crt", production, TODAY), Some(Err(ChainError::NoIssuer { .. }))));
    assert!(matches!(strict("synthetic/app_cert.crt", synthetic, TODAY), Some(Err(ChainError::NoIssuer { .. }))));
    let Some(Err(ChainError::SignatureMismatch { certificate, .. })) =
        strict("synthetic/alipay_cert_rogue.crt", synthetic, TODAY)
    else {
        panic!("the rogue chain")
    };
    assert!(certificate.ends_with("-2088000000000001, OU=Alipay, O=Test Merchant, C=CN"), "{certificate}");

    // 2021-06-01: the leaf was valid then, but the certificate beside it is not its issuer's.
    for roots in [production, "certs/sandbox_root_bundle.crt"] {
        let error = strict("certs/fzlee_alipay_wrong_intermediate.crt", roots, 1_622_505_600).unwrap().unwrap_err();
        assert!(matches!(error, ChainError::NoIssuer { .. }), "{error}");
    }
}

#[test]
fn a_test_environment_needs_the_policy_for_test_environments() {
    // 2024-01-01, when both were valid.
    let when = 1_704_067_200;
    let (file, roots) = ("certs/smartwalle_alipay.crt", "certs/sandbox_root_bundle.crt");
    let Some(strict) = verify(file, roots, when, ChainPolicy::Strict) else { return };
    assert!(matches!(strict, Err(ChainError::NotCa { .. })), "{strict:?}");
    let lenient = ChainPolicy::SignaturesAndLeafDates;
    verify(file, roots, when, lenient).unwrap().unwrap();
    assert!(matches!(verify(file, roots, TODAY, lenient), Some(Err(ChainError::Expired { .. }))));
    let other_root = verify(file, "certs/prod_root_bundle_lf.crt", when, lenient).unwrap();
    assert!(matches!(other_root, Err(ChainError::NoIssuer { .. })), "{other_root:?}");
}
