//! The lenient reader: facts of sound certificates, and patience with odd ones.

use std::time::{Duration, SystemTime};

use vestibule_x509_material::{Certificate, KeyAlgorithm, Kind, Material};

use crate::samples::{Exotic, attribute, certificate, der, pem_of, rdn, sequence, text, tlv};

#[test]
fn the_facts_of_a_certificate_are_read() {
    let leaf = certificate("leaf.crt");
    assert_eq!(leaf.subject().to_string(), "CN=leaf.example, OU=Test, O=示例公司, C=CN");
    assert_eq!(leaf.issuer().to_string(), "CN=Example Issuing CA, O=Example, C=CN");
    assert_eq!(leaf.common_name().as_deref(), Some("leaf.example"));
    assert_eq!(leaf.not_before(), Some(SystemTime::UNIX_EPOCH + Duration::from_secs(1_767_225_600)));
    assert_eq!(leaf.not_after(), Some(SystemTime::UNIX_EPOCH + Duration::from_secs(2_398_377_600)));
    assert_eq!(leaf.signature_algorithm().oid(), "1.2.840.113549.1.1.11");
    assert_eq!(leaf.signature_algorithm().name(), "sha256WithRSAEncryption");
    assert_eq!((leaf.public_key().algorithm(), leaf.public_key().rsa_bits()), (&KeyAlgorithm::Rsa, Some(2048)));
    assert!(!leaf.is_self_issued());
    assert!(certificate("root.crt").is_self_issued());
    assert_eq!(Certificate::from_der(leaf.der()).as_ref(), Some(&leaf));
    assert_eq!(Certificate::from_der(&der("leaf.spki.pem")), None);
}

#[test]
fn names_keep_order_tags_and_bytes() {
    let name = sequence(&[
        &rdn(&[attribute(&[0x55, 4, 6], 0x13, b"CN")]),
        &rdn(&[attribute(&[0x55, 4, 10], 0x1e, &[0x4e, 0x2d, 0x56, 0xfd]), attribute(&[0x55, 4, 11], 0x14, &[0xe9])]),
        &rdn(&[attribute(&[0x2a, 3, 4], 0x04, &[1, 2])]),
        &rdn(&[attribute(&[0x55, 4, 3], 0x0c, "a,b\n\u{202e}".as_bytes())]),
    ]);
    let certificate = Exotic { issuer: name.clone(), ..Exotic::default() }.read();
    let issuer = certificate.issuer();
    assert_eq!(issuer.der(), name);
    let facts: Vec<(String, u8, Vec<u8>, usize)> = issuer
        .rdns()
        .iter()
        .flat_map(|rdn| {
            rdn.attributes()
                .iter()
                .map(|a| (a.oid().to_owned(), a.value_tag(), a.value().to_vec(), rdn.attributes().len()))
        })
        .collect();
    assert_eq!(
        facts,
        [
            ("2.5.4.6".to_owned(), 0x13, b"CN".to_vec(), 1),
            ("2.5.4.10".to_owned(), 0x1e, vec![0x4e, 0x2d, 0x56, 0xfd], 2),
            ("2.5.4.11".to_owned(), 0x14, vec![0xe9], 2),
            ("1.2.3.4".to_owned(), 0x04, vec![1, 2], 1),
            ("2.5.4.3".to_owned(), 0x0c, "a,b\n\u{202e}".as_bytes().to_vec(), 1),
        ]
    );
    assert_eq!(issuer.rdns()[2].attributes()[0].value_der(), [4, 2, 1, 2]);
    assert_eq!(issuer.to_string(), "CN=a\\,b\\u{a}\\u{202e}, 1.2.3.4=#04020102, O=中国 + OU=é, C=CN");
}

#[test]
fn odd_certificates_are_read() {
    let empty = sequence(&[]);
    let read = Exotic { issuer: empty, ..Exotic::default() }.read();
    assert_eq!((read.issuer().to_string(), read.issuer().rdns().len()), (String::new(), 0));

    for (bytes, decimal) in [
        (&[0xfb][..], "-5"),
        (&[0, 0, 0][..], "0"),
        (&[0xff, 0xff][..], "-1"),
        (&[0x7f; 30][..], "879959126379822783753250127820982947098393940796876892868407794369265535"),
    ] {
        assert_eq!(Exotic { serial: tlv(2, bytes), ..Exotic::default() }.read().serial_decimal(), decimal);
    }

    let version_1 = Exotic { version: None, ..Exotic::default() }.read();
    assert_eq!(version_1.common_name().as_deref(), Some("exotic"));

    let no_dates = Exotic { validity: sequence(&[&tlv(0x17, b"yesterday"), &tlv(4, b"")]), ..Exotic::default() }.read();
    assert_eq!((no_dates.not_before(), no_dates.not_after()), (None, None));

    // An EC key whose parameters are NULL, an algorithm nobody knows, and a key that is no key.
    let null_parameters =
        sequence(&[&sequence(&[&tlv(6, &[0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1]), &tlv(5, &[])]), &tlv(3, &[0, 4])]);
    let read = Exotic { spki: null_parameters.clone(), ..Exotic::default() }.read();
    assert_eq!(read.public_key().algorithm(), &KeyAlgorithm::Ec { curve: None });
    assert_eq!(read.public_key().spki_der(), null_parameters);
    let unknown = sequence(&[&sequence(&[&tlv(6, &[0x2a, 3, 4])]), &tlv(3, &[0, 4])]);
    let read = Exotic { spki: unknown, ..Exotic::default() }.read();
    assert_eq!(read.public_key().algorithm(), &KeyAlgorithm::Other("1.2.3.4".to_owned()));
    let garbage = Exotic { spki: sequence(&[&[0xff, 0xff]]), after_spki: vec![0xff; 9], ..Exotic::default() }.read();
    assert_eq!((garbage.public_key().rsa_bits(), garbage.public_key().spki_sha256().len()), (None, 64));

    let sm2 = Exotic { signature_oid: vec![0x2a, 0x81, 0x1c, 0xcf, 0x55, 1, 0x83, 0x75], ..Exotic::default() }.read();
    assert_eq!(
        (sm2.signature_algorithm().oid(), sm2.signature_algorithm().name()),
        ("1.2.156.10197.1.501", "SM2-with-SM3")
    );
}

#[test]
fn an_exotic_certificate_does_not_spoil_the_bundle() {
    let exotic = Exotic { spki: sequence(&[&[0xff, 0xff]]), serial: tlv(2, &[0x80]), ..Exotic::default() };
    let bundle = text("root.crt") + &pem_of("CERTIFICATE", &exotic.der(), 64) + &text("leaf.crt");
    let material = Material::read(&bundle).unwrap();
    assert_eq!(material.kind(), Kind::Bundle { certificates: 3 });
    assert_eq!(material.certificates()[1].serial_decimal(), "-128");
}

#[test]
fn blocks_are_the_same_as_another_reader_finds() {
    for file in ["leaf.crt", "root.crt", "intermediate.crt"] {
        assert_eq!(certificate(file).der(), der(file));
    }
}

#[test]
fn a_certificate_written_as_pem_reads_back_the_same() {
    let material = Material::read(include_str!("../data/leaf.crt")).unwrap();
    let certificate = material.first_certificate().unwrap();
    let again = Material::read(&certificate.to_pem()).unwrap();
    assert_eq!(again.first_certificate().unwrap(), certificate);
}
