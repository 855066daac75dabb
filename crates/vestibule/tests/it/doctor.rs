//! What the doctor says of rows and records.

use std::sync::Arc;

use vestibule::certs_store::{Edit, NewCert, NewVersion, WhenStaged};
use vestibule::provider_store::NewProvider;
use vestibule::{Config, Diagnosis, Examined, Progress, Secret, Severity, Vestibule};
use vestibule_database::Database;
use vestibule_testkit::FixedClock;
use vestibule_testkit::databases::{TestDatabase, on_every_database};

use crate::begins;

const APP_CERT: &str = include_str!("../data/app.crt");
const APP_KEY: &str = include_str!("../data/app.key");
const OTHER_CERT: &str = include_str!("../data/other.crt");
const OTHER_KEY: &str = include_str!("../data/other.key");
/// The last second of `app.crt`: 2126-10-29T00:39:58Z.
const END: u64 = 4_948_907_998;
const DAY: u64 = 24 * 60 * 60;

async fn at(database: &TestDatabase, seconds: u64) -> Vestibule {
    let opened = Database::open(database.url()).await.unwrap();
    Vestibule::new(begins::setup(opened, Arc::new(FixedClock::at(seconds)))).unwrap()
}

fn cert(owner: &str, name: &str) -> NewCert {
    NewCert {
        owner: owner.to_owned(),
        name: name.to_owned(),
        display_name: String::new(),
        certificate: APP_CERT.to_owned(),
        private_key: Some(Secret::new(APP_KEY)),
        sharing: None,
    }
}

fn row(owner: &str, name: &str, config: &str) -> NewProvider {
    NewProvider {
        owner: owner.to_owned(),
        name: name.to_owned(),
        display_name: String::new(),
        category: "OAuth".to_owned(),
        kind: "Begins".to_owned(),
        enabled: true,
        config: Config::new(config),
    }
}

async fn all(vestibule: &Vestibule) -> (Vec<Diagnosis>, Progress) {
    let (mut found, mut last) = (Vec::new(), Progress::default());
    vestibule
        .examine_all(|diagnosis, progress| {
            found.push(diagnosis);
            last = progress;
        })
        .await
        .unwrap();
    (found, last)
}

/// The findings about one row or record, a line each.
async fn of(vestibule: &Vestibule, what: Examined, owner: &str, name: &str) -> Vec<String> {
    let diagnosis = match what {
        Examined::Cert => vestibule.examine_cert(owner, name).await.unwrap(),
        Examined::Provider => vestibule.examine_provider(owner, name).await.unwrap(),
    };
    let line = |finding: &vestibule::Finding| match finding.severity {
        Severity::Fatal => format!("fatal: {}", finding.message),
        Severity::Warning => format!("warning: {}", finding.message),
        Severity::Note => format!("note: {}", finding.message),
    };
    diagnosis.findings.iter().map(line).collect()
}

on_every_database! {
    async fn an_end_is_spoken_of_at_sixty_thirty_and_seven_days_with_the_rows_that_hang_on_it(database: TestDatabase) {
        let vestibule = at(&database, END - 100 * DAY).await;
        vestibule.certs().save(cert("admin", "app"), "a test").await.unwrap();
        for owner in ["acme", "other"] {
            vestibule.providers().add(row(owner, "main", r#"{"cert": "app"}"#), "a test").await.unwrap();
        }
        vestibule.providers().add(row("acme", "without", "{}"), "a test").await.unwrap();
        vestibule.database().close().await;
        for (left, said) in [
            (61, None),
            (59, Some("in 59 days; plan its renewal")),
            (29, Some("in 29 days; renew it, stage the new one")),
            (6, Some("in 6 days; renew it now")),
        ] {
            let vestibule = at(&database, END - left * DAY).await;
            let lines = of(&vestibule, Examined::Cert, "admin", "app").await;
            match said {
                None => assert_eq!(lines, Vec::<String>::new()),
                Some(said) => {
                    assert_eq!(lines.len(), 1, "{lines:#?}");
                    assert!(lines[0].starts_with("warning: ") && lines[0].contains("2126-10-29"), "{lines:#?}");
                    assert!(lines[0].contains(said), "{lines:#?}");
                    assert!(lines[0].ends_with("Sign-ins with \"acme/main\", \"other/main\" hang on it"), "{lines:#?}");
                }
            }
            vestibule.database().close().await;
        }
        let vestibule = at(&database, END + 1).await;
        let lines = of(&vestibule, Examined::Cert, "admin", "app").await;
        assert!(lines[0].starts_with("fatal: its certificate expired on 2126-10-29"), "{lines:#?}");
        vestibule.database().close().await;
    }

    async fn a_row_whose_record_is_missing_says_so_and_others_are_looked_at_all_the_same(database: TestDatabase) {
        let vestibule = at(&database, END - 100 * DAY).await;
        vestibule.certs().save(cert("acme", "unused"), "a test").await.unwrap();
        // One that plain SQL wrote counts, too.
        let insert = "INSERT INTO vestibule_provider (owner, name, type, config) VALUES (?, ?, 'Begins', ?)";
        let insert = if database.url().starts_with("postgres") {
            "INSERT INTO vestibule_provider (owner, name, type, config) VALUES ($1, $2, 'Begins', $3)"
        } else {
            insert
        };
        database.execute(insert, &["acme".into(), "lost".into(), r#"{"cert": "gone"}"#.into()]).await;
        vestibule.providers().add(row("acme", "well", "{}"), "a test").await.unwrap();

        let (found, last) = all(&vestibule).await;
        assert_eq!(last, Progress { done: 3, total: 3 });
        let shown: Vec<_> = found.iter().map(|one| (one.what, one.name.as_str(), one.severity())).collect();
        assert_eq!(
            shown,
            [
                (Examined::Provider, "lost", Some(Severity::Fatal)),
                (Examined::Provider, "well", None),
                (Examined::Cert, "unused", Some(Severity::Note)),
            ]
        );
        let lines = of(&vestibule, Examined::Provider, "acme", "lost").await;
        assert!(lines[0].contains("has a cert record \"gone\""), "{lines:#?}");
        assert_eq!(of(&vestibule, Examined::Cert, "acme", "unused").await, ["note: no provider row uses it"]);
        vestibule.database().close().await;
    }

    async fn a_staged_version_that_is_no_good_is_a_warning_and_one_that_was_sealed_elsewhere_is_fatal(database: TestDatabase) {
        let vestibule = at(&database, END - 100 * DAY).await;
        vestibule.certs().save(cert("acme", "app"), "a test").await.unwrap();
        let next = NewVersion { certificate: OTHER_CERT.to_owned(), private_key: Some(Secret::new(OTHER_KEY)) };
        let edit = Edit::of("acme", "app", "a test");
        vestibule.certs().stage(&edit, next, WhenStaged::Refuse).await.unwrap();
        let lines = of(&vestibule, Examined::Cert, "acme", "app").await;
        assert!(lines.iter().all(|line| !line.starts_with("fatal")), "{lines:#?}");
        assert!(lines.iter().any(|line| line.starts_with("warning: ") && line.contains("version 2")), "{lines:#?}");
        vestibule.database().close().await;

        let opened = Database::open(database.url()).await.unwrap();
        let mut setup = begins::setup(opened, Arc::new(FixedClock::at(END - 100 * DAY)));
        setup.keyring = vestibule::MasterKey::from_text(&Secret::new("8".repeat(64))).unwrap().into();
        let stranger = Vestibule::new(setup).unwrap();
        let lines = of(&stranger, Examined::Cert, "acme", "app").await;
        assert!(lines[0].starts_with("fatal: ") && lines[0].contains("master key"), "{lines:#?}");
        stranger.database().close().await;
    }
}
