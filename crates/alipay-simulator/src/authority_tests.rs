use aws_lc_rs::signature::{
    ECDSA_P384_SHA384_ASN1, RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey, VerificationAlgorithm,
};
use x509_parser::prelude::{FromDer as _, X509Certificate};

use super::*;
use crate::key::SharedKey;

/// Whether the name and key of `issuer` are those that signed `certificate`.
fn is_issued(certificate: &Certificate, issuer: &Certificate, algorithm: &'static dyn VerificationAlgorithm) -> bool {
    let (_, child) = X509Certificate::from_der(certificate.der()).unwrap();
    let (_, parent) = X509Certificate::from_der(issuer.der()).unwrap();
    assert_eq!(child.issuer().as_raw(), parent.subject().as_raw());
    let key = UnparsedPublicKey::new(algorithm, issuer.public_key());
    key.verify(child.tbs_certificate.as_ref(), &child.signature_value.data).is_ok()
}

fn subject(certificate: &Certificate) -> String {
    X509Certificate::from_der(certificate.der()).unwrap().1.subject().to_string()
}

#[test]
fn certificates_chain_to_the_root_of_their_own_authority_only() {
    let authority = Authority::shared().unwrap();
    let rogue = Authority::shared_rogue().unwrap();
    let key = RsaKey::shared(SharedKey::Alipay).unwrap();
    for (request, class) in [
        (LeafRequest::alipay("2088000000000001"), &authority.class_2),
        (LeafRequest::app("2088000000000001", "2021000000000001"), &authority.class_1),
        (LeafRequest::app("2088000000000001", "2021000000000001").issued_by(CaClass::Class2), &authority.class_2),
    ] {
        let issued = authority.issue(&request, &key).unwrap();
        assert!(is_issued(&issued.leaf, &class.certificate, &RSA_PKCS1_2048_8192_SHA256));
        assert!(is_issued(&issued.issuer, &authority.root, &RSA_PKCS1_2048_8192_SHA256));
        assert!(!is_issued(&issued.issuer, &rogue.root, &RSA_PKCS1_2048_8192_SHA256));
        let impostor = rogue.issue(&request, &key).unwrap();
        assert!(!is_issued(&impostor.leaf, &issued.issuer, &RSA_PKCS1_2048_8192_SHA256));
    }
    assert!(is_issued(&authority.root, &authority.root, &RSA_PKCS1_2048_8192_SHA256));
    assert!(is_issued(&authority.elliptic_root, &authority.elliptic_root, &ECDSA_P384_SHA384_ASN1));
}

#[test]
fn subjects_have_alipays_forms() {
    let authority = Authority::shared().unwrap();
    let key = RsaKey::shared(SharedKey::App).unwrap();
    let app = authority.issue(&LeafRequest::app("2088000000000001", "2021000000000001"), &key).unwrap();
    assert_eq!(subject(&app.leaf), "C=CN, O=Simulated Merchant, OU=Alipay, CN=2088000000000001-2021000000000001");
    assert!(subject(&app.issuer).ends_with("CN=Simulated Ant Financial Certification Authority Class 1 R1"));
    let alipay = authority.issue(&LeafRequest::alipay("2088000000000001"), &key).unwrap();
    assert!(subject(&alipay.leaf).ends_with("OU=Alipay, CN=支付宝(中国)网络技术有限公司-2088000000000001"));
}

#[test]
fn a_certificate_that_is_issued_again_for_the_same_key_has_another_number() {
    let authority = Authority::shared().unwrap();
    let key = RsaKey::shared(SharedKey::Alipay).unwrap();
    let request = LeafRequest::alipay("2088000000000001");
    let (first, second) = (authority.issue(&request, &key).unwrap(), authority.issue(&request, &key).unwrap());
    assert_eq!(first.leaf.public_key(), second.leaf.public_key());
    assert_ne!(first.leaf.sn(), second.leaf.sn());
}

#[test]
fn the_number_of_the_roots_is_that_of_the_rsa_root_alone() {
    let authority = Authority::shared().unwrap();
    assert_eq!(authority.root_cert_sn().unwrap(), authority.root.sn());
    assert_eq!(authority.root_bundle().matches("BEGIN CERTIFICATE").count(), 2);
}

#[test]
fn a_certificate_is_expired_after_its_last_second() {
    let key = RsaKey::shared(SharedKey::App).unwrap();
    let request = LeafRequest::app("2088", "2021").valid(moment(1_000_000_000), moment(1_000_000_060));
    let issued = Authority::shared().unwrap().issue(&request, &key).unwrap();
    assert!(!issued.leaf.is_expired(moment(1_000_000_060)));
    assert!(issued.leaf.is_expired(moment(1_000_000_061)));
}
