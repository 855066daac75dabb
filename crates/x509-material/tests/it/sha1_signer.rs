//! Signing with SHA-1: the same bytes as OpenSSL's, and nothing that does not verify.

use ring::signature::{RSA_PKCS1_1024_8192_SHA1_FOR_LEGACY_USE_ONLY, UnparsedPublicKey};
use vestibule_x509_material::{Material, MaterialError};

use crate::samples::{base64_of, der, pem_of, read, sequence, tlv};

const MESSAGE: &[u8] = b"app_id=2021000000000001&charset=gbk";

/// `openssl dgst -sha1 -sign FILE` over [`MESSAGE`].
const OF_OPENSSL: [(&str, &str); 2] = [
    (
        "small.pkcs8.pem",
        "FD41jBzHPnMNu1nFxdmZqemhcVL4LofCBDrD0Fs8YUtowJ+suoXNT847QimzMmh0VTSK3kq3dNlnpFzaqdgy73cBFNfPOKxFm0SECZRsrxUIbDpthRZObWbqo4B0opiN5+wCmoc8L2CprtoeSIaczurdddEdBgh8K1C430atf0M=",
    ),
    (
        "leaf.pkcs8.pem",
        "fEP5OVpXJfOR9xQKDSM7QkAWxjirJTTshpHx5NrAbMjBb6aHWO1FDYUR6VVcw0/MNbzz//J2N6N5VliIdmB2egxxxDjpyKCLvmX0Agh1kps8A5dd9dycYxP3QfQW62Wbi+RxTUQJS1fCTrFB/clEQskIK/OEPo5THGd8yZ3du+8M4IDQGIExfHR2sQl896+MQZrA+W4LvF02Dp3v0hquTdKUt32CbAlm5dvqAqNSk3VFQIRH4koZSplcZjsrj1DK8FrWguF0jk5pCtYtejxM02BIxyl+MCA4BCLJ7hW+b65ENVbgAvZ+h/utlS5PFoO2C8eLdqzvsnE8fcFHebcA+A==",
    ),
];

#[test]
fn signatures_are_those_of_openssl_also_with_a_small_key() {
    for (file, expected) in OF_OPENSSL {
        let material = read(file);
        let signer = material.private_key().unwrap().to_sha1_signer().unwrap();
        assert_eq!(base64_of(&signer.sign(MESSAGE).unwrap()), expected, "{file}");
        assert!(format!("{signer:?}").starts_with("Sha1Signer { bits: "), "{signer:?}");
    }
}

#[test]
fn signatures_of_many_messages_verify() {
    let material = read("small.pkcs8.pem");
    let key = material.private_key().unwrap();
    let signer = key.to_sha1_signer().unwrap();
    let public = UnparsedPublicKey::new(
        &RSA_PKCS1_1024_8192_SHA1_FOR_LEGACY_USE_ONLY,
        key.public_key().rsa_pkcs1_der().unwrap(),
    );
    for length in 0..300 {
        let message = vec![b'x'; length];
        let signature = signer.sign(&message).unwrap();
        // A signature that is a small number keeps its leading zeros.
        assert_eq!(signature.len(), 128);
        public.verify(&message, &signature).unwrap();
    }
}

#[test]
fn a_key_whose_private_exponent_was_changed_signs_nothing() {
    for file in ["small.pkcs8.pem", "leaf.pkcs8.pem"] {
        let pkcs8 = der(file);
        let whole = pkcs8.len();
        // There the exponent stands. After it come primes and coefficients, which this signer has no use for.
        for at in [whole * 3 / 10, whole * 2 / 5] {
            let mut damaged = pkcs8.clone();
            damaged[at] ^= 1;
            let material = Material::read(&pem_of("PRIVATE KEY", &damaged, 64)).unwrap();
            let error = material.private_key().unwrap().to_sha1_signer().unwrap_err();
            assert_eq!(error, MaterialError::InconsistentKey, "{file}, byte {at}");
        }
    }
}

#[test]
fn numbers_that_are_no_key_are_refused_and_do_no_harm() {
    let number = |bytes: &[u8]| tlv(2, bytes);
    let key = |modulus: &[u8], private_exponent: &[u8]| {
        let rest = [[1].as_slice(); 5].map(number).concat();
        let parts = [number(&[0]), number(modulus), number(&[1, 0, 1]), number(private_exponent), rest].concat();
        let material = Material::read(&pem_of("RSA PRIVATE KEY", &sequence(&[&parts]), 64)).unwrap();
        material.private_key().unwrap().to_sha1_signer().unwrap_err()
    };
    let of_bits = |bytes: usize, last: u8| [&[0x00, 0x80][..], &vec![0x5a; bytes - 2], &[last]].concat();
    assert_eq!(key(&of_bits(127, 1), &[3]), MaterialError::Sha1KeySize { bits: 1016 });
    assert_eq!(key(&of_bits(513, 1), &[3]), MaterialError::Sha1KeySize { bits: 4104 });
    for (modulus, private_exponent) in [
        // Even, and odd but nobody's.
        (of_bits(128, 2), vec![3]),
        (of_bits(128, 1), vec![3]),
        // Nothing, and more than the modulus can hold.
        (of_bits(128, 1), vec![0]),
        (of_bits(128, 1), vec![0x7f; 300]),
    ] {
        assert_eq!(key(&modulus, &private_exponent), MaterialError::InconsistentKey);
    }
}
