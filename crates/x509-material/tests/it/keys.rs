//! Keys: what can be used, what belongs together, and that nothing shows a private one.

use vestibule_x509_material::{KeyAlgorithm, Material, MaterialError};

use crate::samples::{certificate, der, pem_of, read, tlv};

#[test]
fn a_private_key_matches_its_certificate_and_no_other() {
    for file in ["leaf.pkcs8.pem", "leaf.pkcs1.pem"] {
        let material = read(file);
        let key = material.private_key().unwrap();
        assert!(key.matches(&certificate("leaf.crt")));
        assert!(!key.matches(&certificate("intermediate.crt")));
        assert_eq!(key.spki_der(), certificate("leaf.crt").public_key().spki_der());
        assert_eq!(key.algorithm(), &KeyAlgorithm::Rsa);
    }
}

#[test]
fn a_public_key_is_the_same_as_spki_and_as_pkcs1() {
    let of_certificate = certificate("leaf.crt").public_key().clone();
    for file in ["leaf.spki.pem", "leaf.pkcs1_public.pem"] {
        let material = read(file);
        let key = material.public_key().unwrap();
        assert_eq!(key.rsa_bits(), Some(2048));
        assert_eq!(key.spki_der(), der("leaf.spki.pem"));
        assert!(key.is_same_key(&of_certificate));
    }
    let ec = read("ec.spki.pem");
    let ec = ec.public_key().unwrap();
    assert_eq!((ec.algorithm().to_string().as_str(), ec.rsa_bits(), ec.rsa_pkcs1_der()), ("EC P-256", None, None));
    assert!(!ec.is_same_key(&of_certificate));
}

#[test]
fn the_key_pair_for_signing_is_that_of_the_certificate() {
    for file in ["leaf.pkcs8.pem", "leaf.pkcs1.pem"] {
        let pair = read(file).private_key().unwrap().to_rsa_key_pair().unwrap();
        let certificate = certificate("leaf.crt");
        assert_eq!(Some(pair.public().as_ref()), certificate.public_key().rsa_pkcs1_der());
    }
}

#[test]
fn a_key_that_is_too_small_to_sign_with_says_its_size() {
    let material = read("small.pkcs8.pem");
    let key = material.private_key().unwrap();
    assert_eq!(key.bits(), 1024);
    assert_eq!(key.to_rsa_key_pair().unwrap_err(), MaterialError::KeySize { bits: 1024 });
}

#[test]
fn keys_that_cannot_be_used_say_why() {
    for file in ["leaf.encrypted.pem", "leaf.encrypted_traditional.pem"] {
        let error = read(file).private_key().unwrap_err();
        assert_eq!(error, MaterialError::EncryptedPrivateKey, "{file}");
        assert!(error.to_string().contains("openssl pkcs8 -topk8 -nocrypt"));
    }
    for (file, name) in [("ec.sec1.pem", "EC P-256"), ("ec.pkcs8.pem", "EC P-256"), ("ed25519.pkcs8.pem", "Ed25519")] {
        let error = read(file).private_key().unwrap_err();
        assert!(error.to_string().starts_with(&format!("the private key is not an RSA key but {name};")), "{error}");
    }
    // An SM2 key as PKCS#8: an EC key whose curve has SM2's OID.
    let identifier = tlv(
        0x30,
        &[tlv(6, &[0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1]), tlv(6, &[0x2a, 0x81, 0x1c, 0xcf, 0x55, 1, 0x82, 0x2d])]
            .concat(),
    );
    let sm2 = tlv(0x30, &[tlv(2, &[0]), identifier, tlv(4, &[1; 40])].concat());
    let error = Material::read(&pem_of("PRIVATE KEY", &sm2, 64)).unwrap().private_key().unwrap_err();
    assert_eq!(error, MaterialError::NotRsa { algorithm: KeyAlgorithm::Sm2 });
}

#[test]
fn a_key_with_a_changed_byte_is_found_out() {
    let mut der = der("leaf.pkcs1.pem");
    let end = der.len() - 1;
    der[end] ^= 1;
    let material = Material::read(&pem_of("RSA PRIVATE KEY", &der, 64)).unwrap();
    assert_eq!(material.private_key().unwrap().to_rsa_key_pair().unwrap_err(), MaterialError::InconsistentKey);

    let mut der = self::der("leaf.pkcs8.pem");
    der[30] ^= 0x40;
    let damaged = Material::read(&pem_of("PRIVATE KEY", &der, 64)).unwrap_err();
    assert_eq!(damaged, MaterialError::DamagedPrivateKey);
}

#[test]
fn debug_shows_nothing_of_a_private_key() {
    let material = read("leaf.pkcs8.pem");
    assert_eq!(format!("{:?}", material.private_key().unwrap()), "PrivateKey { form: Pkcs8, bits: 2048, .. }");
    assert_eq!(
        format!("{material:?}"),
        "Material { certificates: [], key: Some(Rsa(PrivateKey { form: Pkcs8, bits: 2048, .. })) }"
    );
}
