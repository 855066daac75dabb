use std::{
    fs,
    io::Write as _,
    path::{Path, PathBuf},
};

use serde_json::Value;
use x509_parser::pem::Pem;

use super::*;
use crate::{Authority, LeafRequest, RsaKey, SharedKey};

/// Public test vectors, beside the project where somebody put them there.
fn fixtures() -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/fixtures/alipay");
    if folder.is_dir() {
        return Some(folder);
    }
    // What testkit does for the others; this crate shares nothing with them.
    let required = std::env::var("VESTIBULE_REQUIRE").is_ok_and(|list| list.split(',').any(|what| what == "fixtures"));
    assert!(!required, "the shared test data is required here, and is not there");
    tell("SKIPPED serial numbers by the simulator: the shared test data does not ship with the project");
    None
}

/// Writes past the test harness, which would swallow it.
fn tell(line: &str) {
    writeln!(std::io::stderr(), "{line}").unwrap();
}

fn certificates(path: &Path) -> Vec<Vec<u8>> {
    let text = fs::read(path).unwrap();
    Pem::iter_from_buffer(&text).map(|pem| pem.unwrap().contents).collect()
}

#[test]
fn own_certificates_have_the_number_of_their_issuer_and_serial() {
    let issued = Authority::shared()
        .unwrap()
        .issue(&LeafRequest::app("2088", "2021"), &RsaKey::shared(SharedKey::App).unwrap())
        .unwrap();
    let der = issued.certificate().der();
    let parsed = parse(der).unwrap();
    let issuer = "CN=Simulated Ant Financial Certification Authority Class 1 R1,OU=Certification Authority,O=Simulated Ant Financial,C=CN";
    assert_eq!(hashed_text(&parsed), format!("{issuer}{}", parsed.tbs_certificate.serial));
    assert_eq!(issued.certificate().sn().len(), 32);
}

#[test]
fn special_characters_and_edge_spaces_are_escaped() {
    assert_eq!(escaped("  a  b "), "\\ \\ a  b\\ ");
    assert_eq!(escaped("  "), "\\ \\ ");
    assert_eq!(escaped("a,b=c+d<e>f#g;h\"i\\j\0"), "a\\,b\\=c\\+d\\<e\\>f\\#g\\;h\\\"i\\\\j\\00");
}

#[test]
fn a_bundle_without_a_pkcs1_signature_has_no_number() {
    assert_eq!(root_cert_sn([]).unwrap(), None);
    assert!(root_cert_sn([b"no certificate".as_slice()]).is_err());
}

#[test]
fn real_certificates_have_the_numbers_that_java_computes() {
    let Some(folder) = fixtures() else { return };
    let expected: Value = serde_json::from_slice(&fs::read(folder.join("certs/expected.json")).unwrap()).unwrap();
    let mut unread = Vec::new();
    let mut compared = 0;
    for case in expected.as_array().unwrap() {
        let file = case["file"].as_str().unwrap();
        let bundle = certificates(&folder.join(file));
        match cert_sn(&bundle[0]) {
            Ok(sn) => assert_eq!(Some(sn.as_str()), case["cert_sn_first"].as_str(), "{file}"),
            Err(error) => unread.push(format!("{file}: {error}")),
        }
        match root_cert_sn(bundle.iter().map(Vec::as_slice)) {
            Ok(sn) => assert_eq!(sn.as_deref(), case["root_sn"].as_str(), "{file} as a bundle"),
            Err(error) => unread.push(format!("{file} as a bundle: {error}")),
        }
        compared += 1;
    }
    assert!(compared > 5, "{compared} files");
    assert_eq!(unread, Vec::<String>::new(), "every real file can be read");
}

#[test]
fn odd_certificates_have_the_numbers_that_java_computes() {
    let Some(folder) = fixtures() else { return };
    let expected: Value = serde_json::from_slice(&fs::read(folder.join("odd_dn/expected.json")).unwrap()).unwrap();
    let mut unread = Vec::new();
    let mut wrong = Vec::new();
    let cases = expected.as_array().unwrap();
    for case in cases {
        let file = case["file"].as_str().unwrap();
        let bundle = certificates(&folder.join("odd_dn").join(file));
        match parse(&bundle[0]) {
            Ok(certificate) => {
                let text = hashed_text(&certificate);
                if Some(text.as_str()) != case["hashed_text"].as_str()
                    || Some(sn_of(&certificate).as_str()) != case["expected_sn"].as_str()
                {
                    wrong.push(format!("{file}: {text:?}"));
                }
            }
            Err(_) => unread.push(file),
        }
        // Where Java found no number the file has the text "null".
        let expected_in_bundle = case["root_sn_if_in_bundle"].as_str().filter(|text| *text != "null");
        let in_bundle = root_cert_sn([bundle[0].as_slice()]);
        if in_bundle.is_ok_and(|sn| sn.as_deref() != expected_in_bundle) {
            wrong.push(format!("{file} in a bundle"));
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
    assert_eq!(unread, Vec::<&str>::new(), "every one of the {} odd files can be read", cases.len());
}

#[test]
fn a_bundle_of_mixed_algorithms_has_the_number_that_java_computes_however_it_is_wrapped() {
    let Some(folder) = fixtures() else { return };
    let expected: Value = serde_json::from_slice(&fs::read(folder.join("bundles/expected.json")).unwrap()).unwrap();
    for file in expected["files"].as_array().unwrap() {
        let bundle = certificates(&folder.join("bundles").join(file.as_str().unwrap()));
        let sn = root_cert_sn(bundle.iter().map(Vec::as_slice)).unwrap();
        assert_eq!(sn.as_deref(), expected["expected_root_sn"].as_str(), "{file}");
    }
}
