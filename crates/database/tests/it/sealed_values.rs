//! Sealed values, as a store meets them.

use std::collections::BTreeSet;

use vestibule_database::{Keyring, MasterKey, Place, SealError, is_sealed};
use vestibule_oauth_provider::{Random, Secret};
use vestibule_testkit::SeededRandom;

const ROW: &[u8] = &[7; 16];

fn place() -> Place<'static> {
    Place { table: "vestibule_cert", owner: "acme", row: ROW, version: 1, column: "private_key" }
}

fn keyring(seed: u64) -> Keyring {
    let mut bytes = [0; 32];
    SeededRandom::new(seed).fill(&mut bytes).unwrap();
    Keyring::new(MasterKey::from_text(&Secret::new(hex::encode(bytes))).unwrap())
}

#[test]
fn a_sealed_value_opens_where_it_was_put_and_nowhere_else() {
    let (keyring, random) = (keyring(1), SeededRandom::new(2));
    let sealed = keyring.seal(&Secret::new("支付宝 s3cr3t"), &place(), &random).unwrap();
    assert!(is_sealed(&sealed) && sealed.starts_with(&format!("vsealed:1:{}:", keyring.key_id())));
    assert!(keyring.open(&sealed, &place()).unwrap().same_as("支付宝 s3cr3t"));

    let elsewhere = [
        Place { table: "vestibule_provider", ..place() },
        Place { owner: "other", ..place() },
        Place { owner: "", ..place() },
        Place { row: &[8; 16], ..place() },
        Place { version: 2, ..place() },
        Place { column: "certificate", ..place() },
        // The same letters, cut differently.
        Place { table: "vestibule_certp", column: "rivate_key", ..place() },
        Place { table: "vestibule_certa", owner: "cme", ..place() },
    ];
    for other in elsewhere {
        assert_eq!(keyring.open(&sealed, &other).err().unwrap(), SealError::WrongPlace, "{other:?}");
    }
}

#[test]
fn no_two_seals_of_the_same_value_are_alike() {
    let (keyring, random) = (keyring(1), SeededRandom::new(2));
    let seals: BTreeSet<_> = (0..100).map(|_| keyring.seal(&Secret::new("x"), &place(), &random).unwrap()).collect();
    assert_eq!(seals.len(), 100);
}

#[test]
fn a_changed_or_cut_value_is_damaged_whatever_was_changed() {
    let keyring = keyring(1);
    let sealed = keyring.seal(&Secret::new("s3cr3t"), &place(), &SeededRandom::new(2)).unwrap();
    let body = sealed.rfind(':').unwrap() + 1;
    for position in body..sealed.len() {
        let mut bytes = sealed.clone().into_bytes();
        bytes[position] = if bytes[position] == b'A' { b'B' } else { b'A' };
        let changed = String::from_utf8(bytes).unwrap();
        assert_eq!(keyring.open(&changed, &place()).err().unwrap(), SealError::Damaged, "{position}");
        let cut = sealed.get(..position).unwrap();
        assert_eq!(keyring.open(cut, &place()).err().unwrap(), SealError::Damaged, "{position}");
    }
    for text in ["", "vsealed:", "vsealed:1:", "vsealed:2:0011223344556677:AAAA", "vsealed:1:hunter2:AAAA"] {
        let error = keyring.open(text, &place()).err().unwrap();
        assert_eq!(error, SealError::Damaged);
        assert!(!error.to_string().contains("hunter2"));
    }
}

#[test]
fn a_key_that_is_not_here_is_named_and_a_former_one_still_opens() {
    let (old, new) = (keyring(1), keyring(3));
    let sealed = old.seal(&Secret::new("s3cr3t"), &place(), &SeededRandom::new(2)).unwrap();
    let error = new.open(&sealed, &place()).err().unwrap();
    assert_eq!(error, SealError::UnknownKey { sealed_with: old.key_id(), have: vec![new.key_id()] });
    assert!(!error.to_string().contains("s3cr3t"));

    let mut bytes = [0; 32];
    SeededRandom::new(1).fill(&mut bytes).unwrap();
    let both = new.with_former(MasterKey::from_text(&Secret::new(hex::encode(bytes))).unwrap());
    assert!(both.open(&sealed, &place()).unwrap().same_as("s3cr3t"));
    let again = both.seal(&Secret::new("s3cr3t"), &place(), &SeededRandom::new(9)).unwrap();
    assert_eq!(
        old.open(&again, &place()).err().unwrap(),
        SealError::UnknownKey { sealed_with: both.key_id(), have: vec![old.key_id()] }
    );
    assert!(!format!("{both:?}").contains(&hex::encode(bytes)));
}
