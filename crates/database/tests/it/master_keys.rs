//! Master keys, as people and files give them.

use std::path::Path;

use tempfile::TempDir;
use vestibule_database::{KeyOrigin, Keyring, MasterKey};
use vestibule_oauth_provider::{Secret, SystemRandom};

#[test]
fn a_master_key_is_read_in_every_usual_form() {
    let id = |text: &str| MasterKey::from_text(&Secret::new(text)).map(|key| Keyring::new(key).key_id().to_owned());
    let expected = id(&"fb".repeat(32)).unwrap();
    for text in [
        "FB".repeat(32),
        format!("  {}\r\n", "fb".repeat(32)),
        "+/v7+/v7+/v7+/v7+/v7+/v7+/v7+/v7+/v7+/v7+/s=".to_owned(),
        "-_v7-_v7-_v7-_v7-_v7-_v7-_v7-_v7-_v7-_v7-_s".to_owned(),
    ] {
        assert_eq!(id(&text).unwrap(), expected, "{text}");
    }
    for text in [String::new(), "hunter2".to_owned(), "ab".repeat(31), "zz".repeat(32), "ab".repeat(33)] {
        let said = id(&text).unwrap_err().to_string();
        assert!(said.contains("openssl rand -hex 32"), "{said}");
        assert!(text.is_empty() || !said.contains(&text), "{said}");
    }
}

#[test]
fn a_key_file_that_holds_no_key_is_never_replaced() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("master.key");
    std::fs::write(&path, "").unwrap();
    let error = MasterKey::read_or_create(&path, &SystemRandom::new()).err().unwrap();
    assert!(error.to_string().contains("master.key\": expected 64 hex digits"), "{error}");
    assert_eq!(std::fs::read(&path).unwrap(), b"");
    assert!(MasterKey::read_file(Path::new("/nonexistent/key")).is_err());
}

#[test]
fn a_start_that_was_cut_off_does_not_stop_the_next() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("master.key");
    std::fs::write(folder.path().join("master.key.new"), "half").unwrap();
    let (made, origin) = MasterKey::read_or_create(&path, &SystemRandom::new()).unwrap();
    assert_eq!(origin, KeyOrigin::Made);
    let found = MasterKey::read_file(&path).unwrap();
    assert_eq!(Keyring::new(made).key_id(), Keyring::new(found).key_id());
}
