//! Providers stay open as long as what is stored is the same, and not a step longer.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::task::JoinHandle;
use vestibule_oauth_provider::{AttemptFault, Config, ErrorKind, Uuid, VersionState};
use vestibule_testkit::{MemoryRows, StaticCerts};

use crate::counting::{Cost, NOTHING_BUT_THE_QUESTION, Stage};

#[tokio::test]
async fn what_is_unchanged_is_asked_for_once_per_step_and_never_opened_again() {
    let stage = Stage::new("one two", &[("one", "1"), ("two", "2")], 10);
    stage.rows.change("acme", "main", |row| row.certs = vec!["two".to_owned(), "one".to_owned()]);
    let (found, cost) = stage.sign_in().await;
    assert_eq!(found.unwrap(), "one two[1][2]");
    assert_eq!(
        cost,
        Cost { finds: 2, unsealed: 1, opened: 1 },
        "the first time, the schema tells which records to read"
    );
    for _ in 0..10 {
        let (found, cost) = stage.sign_in().await;
        assert_eq!((found.unwrap().as_str(), cost), ("one two[1][2]", NOTHING_BUT_THE_QUESTION));
    }
}

#[tokio::test]
async fn a_row_without_records_is_asked_for_once_even_the_first_time() {
    let stage = Stage::new("", &[], 10);
    assert_eq!(stage.sign_in().await.1, Cost { finds: 1, unsealed: 1, opened: 1 });
    assert_eq!(stage.sign_in().await.1, NOTHING_BUT_THE_QUESTION);
}

#[tokio::test]
async fn records_that_no_schema_tells_are_found_out_once() {
    let stage = Stage::new("first", &[("first", "see second"), ("second", "see third"), ("third", "3")], 10);
    let (found, cost) = stage.sign_in().await;
    assert_eq!(found.unwrap(), "first[see second][see third][3]");
    assert_eq!(cost, Cost { finds: 4, unsealed: 4, opened: 4 });
    assert_eq!(stage.sign_in().await.1, NOTHING_BUT_THE_QUESTION);
    stage.put_certs(&[("first", "see second"), ("second", "see third"), ("third", "4")]);
    let (found, cost) = stage.sign_in().await;
    assert_eq!(found.unwrap(), "first[see second][see third][4]", "a change in the last of them holds at once");
    assert_eq!(cost, Cost { finds: 1, unsealed: 1, opened: 1 }, "and the names are still known");
}

#[tokio::test]
async fn a_type_that_never_stops_asking_is_stopped() {
    let stage = Stage::new("another-each-time", &[], 10);
    let (found, cost) = stage.sign_in().await;
    let error = found.unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::Internal);
    assert!(error.message().contains("\"Counting\" asked for other cert records"), "{error}");
    assert_eq!(cost.opened, 4);
}

#[tokio::test]
async fn every_change_holds_at_the_next_step() {
    let stage = Stage::new("one", &[("one", "1")], 10);
    assert_eq!(stage.found().await, "one[1]");
    stage.put_certs(&[("one", "changed")]);
    assert_eq!(stage.found().await, "one[changed]");
    stage.rows.change("acme", "main", |row| row.config = Config::new("one two"));
    stage.put_certs(&[("one", "1"), ("two", "2")]);
    assert_eq!(stage.found().await, "one two[1][2]");
    stage.rows.change("acme", "main", |row| row.config = Config::new("two"));
    assert_eq!(stage.found().await, "two[2]");
    stage.put_certs(&[]);
    let error = stage.sign_in().await.0.unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::Configuration);
    assert!(error.message().contains("\"two\""), "{error}");
    stage.put_certs(&[("two", "again")]);
    assert_eq!(stage.found().await, "two[again]");
}

#[tokio::test]
async fn a_record_that_a_row_no_longer_names_is_nothing_to_it() {
    let stage = Stage::new("one two", &[("one", "1"), ("two", "2")], 10);
    stage.found().await;
    stage.rows.change("acme", "main", |row| row.config = Config::new("two"));
    stage.found().await;
    // That it was not asked for any more was seen when it was opened; from the next opening on it is not read either.
    for (certificate, opened) in [("changed", 1), ("and again", 0), ("and again", 0)] {
        stage.put_certs(&[("one", certificate), ("two", "2")]);
        assert_eq!(stage.sign_in().await.1.opened, opened, "{certificate}");
    }
}

#[tokio::test]
async fn a_record_that_shadows_another_holds_at_the_next_step() {
    let stage = Stage::new("one", &[("one", "the same text")], 10);
    assert_eq!(stage.found().await, "one[the same text]");
    let shadowing = StaticCerts::new().with("one", "the same text", "").changed("one", |record| {
        record.id = Uuid::from_u128(99);
        record.owner = "acme".to_owned();
    });
    stage.rows.put_certs(shadowing);
    assert_eq!(stage.sign_in().await.1, Cost { finds: 1, unsealed: 1, opened: 1 });
    let staged = StaticCerts::new().with("one", "the same text", "").with_version("one", VersionState::Next, "2", "");
    stage.rows.put_certs(staged);
    assert_eq!(stage.sign_in().await.1, Cost { finds: 1, unsealed: 1, opened: 1 });
}

#[tokio::test]
async fn an_absent_record_that_appears_holds_at_the_next_step() {
    let stage = Stage::new("lenient one", &[("lenient", "0")], 10);
    assert_eq!(stage.found().await, "lenient one[0]");
    assert_eq!(stage.sign_in().await.1, NOTHING_BUT_THE_QUESTION);
    stage.put_certs(&[("lenient", "0"), ("one", "1")]);
    assert_eq!(stage.found().await, "lenient one[0][1]");
}

#[tokio::test]
async fn a_row_of_another_id_is_opened_anew() {
    let stage = Stage::new("", &[], 10);
    stage.found().await;
    stage.rows.remove("acme", "main");
    assert_eq!(*stage.sign_in().await.0.unwrap_err().kind(), ErrorKind::Attempt(AttemptFault::ProviderGone));
    stage.rows.put(MemoryRows::row(2, "acme", "main", "Counting", ""));
    assert_eq!(stage.sign_in().await.1.opened, 1);
    stage.rows.put(MemoryRows::row(3, "acme", "main", "Counting", ""));
    assert_eq!(stage.sign_in().await.1.opened, 1);
}

#[tokio::test]
async fn nothing_is_unsealed_of_a_row_that_nobody_may_use() {
    let stage = Stage::new("", &[], 10);
    stage.rows.change("acme", "main", |row| row.enabled = false);
    assert_eq!(stage.sign_in().await.1, NOTHING_BUT_THE_QUESTION);
    stage.rows.change("acme", "main", |row| (row.enabled, row.category) = (true, "SMS".to_owned()));
    assert_eq!(stage.sign_in().await.1, NOTHING_BUT_THE_QUESTION);
    stage.rows.change("acme", "main", |row| (row.category, row.kind) = ("OAuth".to_owned(), "Unheard".to_owned()));
    assert_eq!(stage.sign_in().await.1, NOTHING_BUT_THE_QUESTION);
    stage.rows.change("acme", "main", |row| row.kind = "Counting".to_owned());
    stage.found().await;
    stage.rows.change("acme", "main", |row| row.enabled = false);
    let (found, cost) = stage.sign_in().await;
    assert_eq!(*found.unwrap_err().kind(), ErrorKind::Attempt(AttemptFault::ProviderGone), "not even when it is open");
    assert_eq!(cost, NOTHING_BUT_THE_QUESTION);
}

#[tokio::test]
async fn a_failure_is_not_kept() {
    let stage = Stage::new("one", &[], 10);
    for _ in 0..3 {
        let (found, cost) = stage.sign_in().await;
        assert_eq!(*found.unwrap_err().kind(), ErrorKind::Configuration);
        assert!(cost.opened > 0);
    }
    stage.put_certs(&[("one", "1")]);
    assert_eq!(stage.found().await, "one[1]");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_sign_in_uses_anything_older_than_what_was_stored_when_it_began() {
    let stage = Arc::new(Stage::new("one", &[("one", "0")], 10));
    let (stored, signed_in) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let sign_ins: Vec<_> = (0..4)
        .map(|_| {
            let (stage, stored, signed_in) = (stage.clone(), stored.clone(), signed_in.clone());
            tokio::spawn(async move {
                while stored.load(Ordering::SeqCst) < 200 {
                    let oldest = stored.load(Ordering::SeqCst);
                    let found = stage.found().await;
                    let found: usize = found.strip_prefix("one[").unwrap().strip_suffix(']').unwrap().parse().unwrap();
                    assert!(found >= oldest, "{found} was found, and {oldest} was stored before");
                    signed_in.fetch_add(1, Ordering::SeqCst);
                    tokio::task::yield_now().await;
                }
            })
        })
        .collect();
    for number in 1..=200 {
        stage.put_certs(&[("one", &number.to_string())]);
        stored.store(number, Ordering::SeqCst);
        // Two sign-ins for each change, so that there are races and reuse; a sign-in that failed ends them all.
        while number < 200
            && signed_in.load(Ordering::SeqCst) < number * 2
            && !sign_ins.iter().any(JoinHandle::is_finished)
        {
            tokio::task::yield_now().await;
        }
    }
    for sign_in in sign_ins {
        sign_in.await.unwrap();
    }
    assert_eq!(stage.found().await, "one[200]", "and what is kept in the end is the newest");
}

#[tokio::test]
async fn no_more_providers_stay_open_than_the_installation_allows() {
    for most in [0, 1, 8] {
        let stage = Stage::new("", &[], most);
        let names: Vec<_> = (0..100_u128).map(|number| format!("row-{number}")).collect();
        for (id, name) in (100..).zip(&names) {
            stage.rows.put(MemoryRows::row(id, "acme", name, "Counting", "x"));
            stage.rows.change("acme", name, |row| row.config = Config::new(""));
        }
        for _ in 0..2 {
            let mut reused = 0;
            for name in &names {
                let (found, cost) = stage.sign_in_with(name).await;
                assert!(found.is_ok(), "each of them still works");
                reused += usize::from(cost.opened == 0);
            }
            assert!(reused <= most, "{reused} of 100 were still open, and {most} may be");
        }
    }
}
