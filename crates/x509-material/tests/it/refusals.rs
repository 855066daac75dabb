//! What is refused, with which error, and that no error repeats the text.

use vestibule_x509_material::{Kind, MAX_CERTIFICATES, MAX_TEXT_BYTES, Material, MaterialError, PemWord, Position};

use crate::samples::{base64_of, der, pem_of, read, text};

fn refused(text: &str) -> MaterialError {
    match Material::read(text) {
        Ok(material) => panic!("was read as {}", material.kind()),
        Err(error) => error,
    }
}

fn at(line: usize, column: usize) -> Position {
    Position { line, column }
}

#[test]
fn a_doubled_pem_line_is_named_with_its_place() {
    let pem = text("leaf.pkcs8.pem");
    let begin = "-----BEGIN PRIVATE KEY-----\n";
    let end = "-----END PRIVATE KEY-----\n";
    assert_eq!(refused(&format!("{begin}{pem}")), MaterialError::DoubledPemLine { word: PemWord::Begin, at: at(2, 1) });
    assert_eq!(
        refused(&format!("{begin}{pem}{end}")),
        MaterialError::DoubledPemLine { word: PemWord::Begin, at: at(2, 1) }
    );
    assert_eq!(
        refused(&format!("{begin}\\n{pem}").replace('\n', "\\n")),
        MaterialError::DoubledPemLine { word: PemWord::Begin, at: at(1, 32) }
    );
    let lines = pem.lines().count();
    assert_eq!(
        refused(&format!("{pem}{end}")),
        MaterialError::DoubledPemLine { word: PemWord::End, at: at(lines + 1, 1) }
    );
}

#[test]
fn a_missing_pem_line_is_named() {
    let pem = text("leaf.crt");
    let lines: Vec<&str> = pem.lines().collect();
    assert_eq!(refused(&lines[..lines.len() - 1].join("\n")), MaterialError::MissingEnd { at: at(1, 1) });
    assert_eq!(refused(&lines[1..].join("\n")), MaterialError::MissingBegin { at: at(lines.len() - 1, 1) });
    let first_without_end = lines[..lines.len() - 1].join("\n") + "\n" + &pem;
    assert_eq!(refused(&first_without_end), MaterialError::MissingEnd { at: at(1, 1) });
    let second_without_begin = pem.clone() + &lines[1..].join("\n");
    assert!(matches!(refused(&second_without_begin), MaterialError::MissingBegin { .. }));
}

#[test]
fn a_pem_line_without_its_hyphens_is_named_with_its_line() {
    let pem = text("leaf.pkcs8.pem");
    let last = pem.lines().count();
    for (from, to, line) in [
        ("-----BEGIN", "----BEGIN", 1),
        ("-----BEGIN PRIVATE KEY-----", "-----BEGIN PRIVATE KEY----", 1),
        ("-----BEGIN PRIVATE KEY-----", "-----BEGIN PRIVATE KEY", 1),
        ("-----BEGIN PRIVATE KEY-----", "BEGIN PRIVATE KEY-----", 1),
        ("-----BEGIN PRIVATE KEY-----", "----- BEGIN PRIVATE KEY -----", 1),
        ("-----BEGIN PRIVATE KEY-----", "–—-BEGIN PRIVATE KEY—–", 1),
        ("-----BEGIN PRIVATE KEY-----", "-----BEGIN PRIVATE KEY------", 1),
        ("-----BEGIN PRIVATE KEY-----", "-----BEGINPRIVATE KEY-----", last),
        ("-----END", "----END", last),
        ("-----END PRIVATE KEY-----", "-----END PRIVATE KEY--", last),
        ("-----END PRIVATE KEY-----", "-----END  PRIVATE KEY-----", last),
    ] {
        let error = refused(&pem.replace(from, to));
        match error {
            MaterialError::MalformedPemLine { at } => assert_eq!(at.line, line, "{to}"),
            MaterialError::MissingBegin { at } => assert_eq!((at.line, to), (last, "-----BEGINPRIVATE KEY-----")),
            other => panic!("{to}: {other}"),
        }
    }
}

#[test]
fn a_text_that_was_cut_off_says_how_much_is_missing() {
    let der = der("leaf.pkcs8.pem");
    let announced = der.len();
    for present in [10, 100, 1000, announced - 1] {
        let expected = MaterialError::Truncated { announced, present };
        assert_eq!(refused(&pem_of("PRIVATE KEY", &der[..present], 64)), expected);
    }
    let error = refused(&base64_of(&der[..1200]));
    assert_eq!(error, MaterialError::Truncated { announced, present: 1200 });
    assert_eq!(
        error.to_string(),
        format!(
            "is cut off: DER announces {announced} bytes, only 1200 are there (other programs say \"asn1: syntax error: sequence truncated\"); paste the text whole"
        )
    );
    // Cut in the middle of a group of four, as a selection with the mouse does.
    for symbols in [1001, 1002, 1003] {
        assert!(matches!(refused(&base64_of(&der)[..symbols]), MaterialError::Truncated { .. }));
    }
}

#[test]
fn bytes_after_the_der_are_refused() {
    let mut der = der("leaf.crt");
    der.extend([0, 0, 0]);
    assert_eq!(refused(&base64_of(&der)), MaterialError::TrailingBytes { extra: 3 });
}

#[test]
fn a_character_that_cannot_be_there_is_described_with_its_place() {
    let base64 = base64_of(&der("leaf.pkcs8.pem"));
    let pem = text("leaf.pkcs8.pem");
    let invalid = |text: &str| match refused(text) {
        MaterialError::InvalidCharacter { at, what } => (at, what),
        other => panic!("{other}"),
    };
    assert_eq!(invalid(&format!("{base64}\0")).0, at(1, base64.len() + 1));
    assert!(invalid(&format!("{pem}\0")).1.starts_with("a NUL character"));
    assert_eq!(invalid(&format!("“{base64}”")), (at(1, 1), "a typographic quotation mark".to_owned()));
    assert_eq!(invalid(&format!("'{base64}'")), (at(1, 1), "a quotation mark".to_owned()));
    assert_eq!(
        invalid(&format!("\n\r\n{base64}。")),
        (at(3, base64.len() + 1), "a character that base64 does not have (U+3002)".to_owned())
    );
    let (place, what) = invalid(&pem.replacen("\nM", "\n\u{200b}M", 1));
    assert_eq!((place, what.as_str()), (at(2, 1), "an invisible character"));
    assert!(invalid(&base64.replace('+', "-").replace('/', "_")).1.starts_with("a hyphen or underscore"));
    assert!(invalid(&base64.replace('+', "%2B")).1.starts_with("a percent sign"));
    let two = format!("{}\n{}", base64_of(&der("root.crt")), base64_of(&der("leaf.crt")));
    let two = if two.contains("=\n") { two } else { two.replacen('\n', "=\n", 1) };
    assert!(invalid(&two).1.starts_with("an equals sign in the middle"));
}

#[test]
fn what_is_no_certificate_and_no_key_is_named() {
    assert_eq!(refused(""), MaterialError::Empty);
    assert_eq!(refused(" \r\n\t"), MaterialError::Empty);
    assert_eq!(refused("\u{feff}"), MaterialError::Empty);
    assert_eq!(refused("-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----"), MaterialError::Empty);
    for path in
        ["/etc/keys/app", "./appPrivateKey.txt", "C:\\new\\appCert.crt", "certs/app cert.pem", "~/key", "file:///x/y"]
    {
        assert_eq!(refused(path), MaterialError::FilePath, "{path}");
    }
    for placeholder in ["your private key", "<paste here>", "xxx", "TODO", "***", "你的应用私钥", "MIT"] {
        assert_eq!(refused(placeholder), MaterialError::Placeholder, "{placeholder}");
    }
    assert_eq!(refused(&"these are words and no key at all. ".repeat(20)), MaterialError::NotRecognised);
    assert_eq!(refused(&base64_of(&[7; 200])), MaterialError::NotRecognised);
    assert_eq!(refused(&base64_of(&[&[0x30, 0x81, 0x80][..], &[5; 128]].concat())), MaterialError::UnknownDer);
}

#[test]
fn other_things_of_this_field_are_told_apart() {
    assert_eq!(refused(&text("request.csr")), MaterialError::CertificateSigningRequest);
    assert_eq!(refused(&pem_of("CERTIFICATE", &der("request.csr"), 64)), MaterialError::CertificateSigningRequest);
    assert!(
        refused(&text("request.csr")).to_string().starts_with("a certificate signing request is not a certificate")
    );
    assert_eq!(refused(&text("leaf.p12.base64")), MaterialError::Pkcs12);
    assert_eq!(refused(&text("leaf.p7b.pem")), MaterialError::Pkcs7);
    assert_eq!(refused(&text("root.crl.pem")), MaterialError::CertificateRevocationList);
    assert_eq!(refused(&base64_of(&[&[0xfe, 0xed, 0xfe, 0xed][..], &[0; 100]].concat())), MaterialError::JavaKeyStore);
    assert_eq!(
        refused(&pem_of("OPENSSH PRIVATE KEY", &[b"openssh-key-v1\0".as_slice(), &[1; 90]].concat(), 70)),
        MaterialError::OpenSshKey
    );
}

#[test]
fn the_damaged_block_of_a_bundle_is_named_by_its_number() {
    let cut = pem_of("CERTIFICATE", &der("leaf.crt")[..300], 64);
    let bundle = [text("root.crt"), text("intermediate.crt"), cut, text("leaf.crt")].concat();
    let line = text("root.crt").lines().count() + text("intermediate.crt").lines().count() + 1;
    let error = refused(&bundle);
    let MaterialError::Block { number: 3, total: 4, at: place, error: inner } = &error else { panic!("{error}") };
    assert_eq!(*place, at(line, 1));
    assert!(matches!(**inner, MaterialError::Truncated { present: 300, .. }));
    assert!(
        error.to_string().starts_with(&format!("block 3 of 4 (at line {line}, column 1): is cut off: ")),
        "{error}"
    );
}

#[test]
fn limits_are_kept() {
    let certificate = pem_of("CERTIFICATE", &crate::samples::Exotic::default().der(), 64);
    assert_eq!(Material::read(&certificate.repeat(MAX_CERTIFICATES)).unwrap().certificates().len(), MAX_CERTIFICATES);
    for count in [MAX_CERTIFICATES + 1, MAX_CERTIFICATES + 2, MAX_CERTIFICATES + 3] {
        assert_eq!(refused(&certificate.repeat(count)), MaterialError::TooManyCertificates);
    }
    let padded = certificate.clone() + &" ".repeat(MAX_TEXT_BYTES - certificate.len());
    assert_eq!(Material::read(&padded).unwrap().kind(), Kind::Certificate);
    assert_eq!(refused(&(padded + " ")), MaterialError::TooLarge { bytes: MAX_TEXT_BYTES + 1 });
}

#[test]
fn keys_that_do_not_belong_together_are_refused() {
    assert_eq!(refused(&(text("leaf.pkcs8.pem") + &text("leaf.pkcs1.pem"))), MaterialError::SeveralPrivateKeys);
    assert_eq!(refused(&(text("leaf.pkcs8.pem") + &text("leaf.spki.pem"))), MaterialError::PublicKeyBesideOthers);
    assert_eq!(refused(&(text("leaf.crt") + &text("leaf.spki.pem"))), MaterialError::PublicKeyBesideOthers);
    let parameters_only = pem_of("EC PARAMETERS", &[6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7], 64);
    assert_eq!(refused(&parameters_only), MaterialError::UnknownDer);
}

#[test]
fn the_wrong_thing_in_a_slot_is_named() {
    assert_eq!(
        read("leaf.crt").private_key().unwrap_err().to_string(),
        "an X.509 certificate stands where a private key belongs"
    );
    assert_eq!(
        read("leaf.pkcs8.pem").first_certificate().unwrap_err(),
        MaterialError::NotACertificate { found: Kind::PrivateKey }
    );
    assert_eq!(
        read("leaf.spki.pem").private_key().unwrap_err(),
        MaterialError::NotAPrivateKey { found: Kind::PublicKey }
    );
    assert_eq!(read("leaf.crt").public_key().unwrap_err(), MaterialError::NotAPublicKey { found: Kind::Certificate });
    assert!(read("leaf.pkcs8.pem").certificates().is_empty());
}

#[test]
fn no_error_repeats_content_of_the_text() {
    let secret = "c2VjcmV0LW9mLXRoZS1rZXk";
    for text in [
        format!("-----BEGIN PRIVATE KEY-----\nMII{secret}!{secret}\n-----END PRIVATE KEY-----"),
        format!("-----BEGIN PRIVATE KEY---\n{secret}\n-----END PRIVATE KEY-----"),
        format!("-----BEGIN {secret} KEY--\n{secret}"),
        format!("/{secret}/key.pem"),
        secret.to_owned(),
        format!("MII{}", secret.repeat(5)),
        format!("{}\u{201c}", secret.repeat(5)),
    ] {
        let error = refused(&text);
        assert!(!format!("{error} {error:?}").contains("c2Vjc"), "{error:?}");
    }
}
