//! The forms in which one and the same thing is pasted.

use vestibule_x509_material::{KeyForm, Kind, Material};

use crate::samples::{base64_of, certificate, der, pem_of, read, text};

/// Every way that changes the wrapping of a PEM text and not what it holds.
fn wrappings(file: &str, label: &str) -> Vec<(&'static str, String)> {
    let pem = text(file);
    let der = der(file);
    vec![
        ("as it is", pem.clone()),
        ("CRLF", pem.replace('\n', "\r\n")),
        ("CR only", pem.replace('\n', "\r")),
        ("literal \\n", pem.replace('\n', "\\n")),
        ("literal \\r\\n", pem.replace('\n', "\\r\\n")),
        ("escaped twice", pem.replace('\n', "\\\\n")),
        ("a JSON string", format!("\"{}\"", pem.replace('\n', "\\n"))),
        ("on one line with spaces", pem.replace('\n', " ")),
        ("on one line without anything", pem.replace('\n', "")),
        ("byte order mark", format!("\u{feff}{pem}")),
        ("indented", pem.lines().map(|line| format!("  \t{line}\n")).collect()),
        ("blank lines", pem.replace('\n', "\n\n")),
        ("trailing white space", pem.replace('\n', " \t\n")),
        ("no newline at the end", pem.trim_end().to_owned()),
        ("76 columns", pem_of(label, &der, 76)),
        ("one long line", pem_of(label, &der, usize::MAX)),
        ("wrong label", pem_of("EC PARAMETERS", &der, 64)),
        ("labels that differ", pem.replacen("-----BEGIN ", "-----BEGIN X509 ", 1)),
        ("text around", format!("Bag Attributes\n  subject=/CN=北京 - the end\n{pem}\nthat is all - END\n")),
        ("bare base64", base64_of(&der)),
        ("bare base64 in lines", pem.lines().filter(|line| !line.starts_with('-')).collect::<Vec<_>>().join("\n")),
        (
            "bare base64 with literal \\n",
            pem.lines().filter(|line| !line.starts_with('-')).collect::<Vec<_>>().join("\\n"),
        ),
        ("bare base64 with a byte order mark", format!("\u{feff}{}\r\n", base64_of(&der))),
        ("bare base64 without padding", base64_of(&der).trim_end_matches('=').to_owned()),
        (
            "bare base64 in narrow columns",
            pem_of("X", &der, 16).lines().filter(|line| !line.starts_with('-')).collect::<Vec<_>>().join(" "),
        ),
    ]
}

#[test]
fn a_certificate_is_read_in_every_wrapping() {
    let original = der("leaf.crt");
    for (wrapping, text) in wrappings("leaf.crt", "CERTIFICATE") {
        let material = Material::read(&text).unwrap_or_else(|error| panic!("{wrapping}: {error}"));
        assert_eq!(material.kind(), Kind::Certificate, "{wrapping}");
        assert_eq!(material.certificates()[0].der(), original, "{wrapping}");
    }
}

#[test]
fn a_private_key_is_read_in_every_wrapping() {
    let fingerprint = certificate("leaf.crt").public_key().spki_sha256();
    for (file, label, form) in
        [("leaf.pkcs8.pem", "PRIVATE KEY", KeyForm::Pkcs8), ("leaf.pkcs1.pem", "RSA PRIVATE KEY", KeyForm::Pkcs1)]
    {
        for (wrapping, text) in wrappings(file, label) {
            let material = Material::read(&text).unwrap_or_else(|error| panic!("{file}, {wrapping}: {error}"));
            assert_eq!(material.kind(), Kind::PrivateKey, "{wrapping}");
            let key = material.private_key().unwrap();
            assert_eq!((key.form(), key.bits(), key.spki_sha256()), (form, 2048, fingerprint.clone()), "{wrapping}");
        }
    }
}

#[test]
fn the_label_decides_nothing() {
    for (file, kind) in [
        ("leaf.crt", Kind::Certificate),
        ("leaf.pkcs8.pem", Kind::PrivateKey),
        ("leaf.pkcs1.pem", Kind::PrivateKey),
        ("leaf.spki.pem", Kind::PublicKey),
        ("leaf.pkcs1_public.pem", Kind::PublicKey),
        ("leaf.encrypted.pem", Kind::EncryptedPrivateKey),
    ] {
        for label in ["CERTIFICATE", "PRIVATE KEY", "RSA PRIVATE KEY", "PUBLIC KEY", "WHATEVER"] {
            assert_eq!(Material::read(&pem_of(label, &der(file), 64)).unwrap().kind(), kind, "{file} as {label}");
        }
    }
}

#[test]
fn a_bundle_keeps_its_order_in_every_wrapping() {
    let files = ["leaf.crt", "intermediate.crt", "root.crt", "leaf_sha512.crt"];
    let expected: Vec<Vec<u8>> = files.iter().map(|file| der(file)).collect();
    let lines = files.map(text).concat();
    let trimmed = files.map(|file| text(file).trim().to_owned());
    for (wrapping, text) in [
        ("lines", lines.clone()),
        ("CRLF", lines.replace('\n', "\r\n")),
        ("CR", lines.replace('\n', "\r")),
        ("literal", lines.replace('\n', "\\n")),
        ("blank lines between", trimmed.join("\n\n\n")),
        ("text between", trimmed.join("\nsubject=/C=CN/CN=根证书\nissuer=...\n")),
        ("END and BEGIN glued", trimmed.concat()),
        ("all on one line", trimmed.concat().replace('\n', " ")),
    ] {
        let material = Material::read(&text).unwrap_or_else(|error| panic!("{wrapping}: {error}"));
        assert_eq!(material.kind(), Kind::Bundle { certificates: 4 }, "{wrapping}");
        let found: Vec<&[u8]> = material.certificates().iter().map(vestibule_x509_material::Certificate::der).collect();
        assert_eq!(found, expected, "{wrapping}");
    }
}

#[test]
fn a_certificate_and_its_key_may_stand_in_one_text() {
    for text in [text("leaf.crt") + &text("leaf.pkcs8.pem"), text("leaf.pkcs1.pem") + &text("leaf.crt")] {
        let material = Material::read(&text).unwrap();
        assert_eq!(material.kind(), Kind::CertificateAndPrivateKey { certificates: 1 });
        assert!(material.private_key().unwrap().matches(material.first_certificate().unwrap()));
    }
    let with_chain = text("leaf.crt") + &text("intermediate.crt") + &text("leaf.pkcs8.pem");
    let kind = Material::read(&with_chain).unwrap().kind();
    assert_eq!(kind.to_string(), "a bundle of 2 certificates together with a private key");
}

#[test]
fn every_kind_has_a_name_for_people_and_a_word_for_machines() {
    for (file, name, code) in [
        ("leaf.crt", "an X.509 certificate", "certificate"),
        ("leaf.pkcs8.pem", "an RSA private key", "private_key"),
        ("leaf.encrypted.pem", "an encrypted private key", "encrypted_private_key"),
        ("leaf.encrypted_traditional.pem", "an encrypted private key", "encrypted_private_key"),
        ("leaf.spki.pem", "a public key", "public_key"),
        ("ec.spki.pem", "a public key", "public_key"),
        ("ec.sec1.pem", "a private key of another algorithm than RSA (EC P-256)", "other_private_key"),
        ("ec.pkcs8.pem", "a private key of another algorithm than RSA (EC P-256)", "other_private_key"),
        ("ed25519.pkcs8.pem", "a private key of another algorithm than RSA (Ed25519)", "other_private_key"),
    ] {
        let kind = read(file).kind();
        assert_eq!((kind.to_string().as_str(), kind.code()), (name, code), "{file}");
    }
    assert_eq!(Kind::Bundle { certificates: 4 }.to_string(), "a bundle of 4 certificates");
    assert_eq!(
        Kind::CertificateAndPrivateKey { certificates: 1 }.to_string(),
        "a certificate together with a private key"
    );
}

#[test]
fn words_about_begin_and_end_are_not_pem_lines() {
    let text = format!("BEGIN - the end\n--- BEGIN of the list ---\n{}--- END of the list ---\n", text("leaf.crt"));
    assert_eq!(Material::read(&text).unwrap().kind(), Kind::Certificate);
}
