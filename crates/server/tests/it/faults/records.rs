//! Records and rows of which one thing is wrong. What `vestibule provider add` prints and what the log says at a sign-in is the same sentence.

use std::time::{Duration, SystemTime};

use serde_json::{Value, json};
use vestibule::certs_store::NewCert;
use vestibule::{HttpSettings, Secret};
use vestibule_alipay_simulator::{AppRegistration, Authority, CaClass, LeafRequest, RsaKey, SharedKey, Simulator};

use super::site::{Asked, MASTER_KEY, Site, Verdict, bounded};
use crate::support::{APP_CERT, BY, NAME, OWNER, ROOT_CERT, config, run_with};

/// What a merchant stores: the fields of the two records of Casdoor's guide, and changes to the row's config.
struct Stored {
    app_certificate: String,
    app_key: String,
    root_certificate: String,
    root_key: String,
    config: Value,
}

/// One thing that is wrong.
struct Case {
    name: &'static str,
    /// Makes it wrong.
    spoil: fn(&mut Stored),
    /// The record's own refusal when it is saved; nothing, where the record by itself is in order.
    refused_when_saved: &'static [&'static str],
    /// What is said of the row: record, field, what belongs there.
    says: &'static [&'static str],
}

const PID: &str = AppRegistration::DEFAULT_PID;
const OTHER_PID: &str = "2088000000000002";

const ALIPAY_SLOT: &str = "the Certificate field of record \"admin/root-cert\"";
const ROOT_SLOT: &str = "the Private key field of record \"admin/root-cert\"";
const APP_SLOT: &str = "the Certificate field of record \"admin/app-cert\"";
const KEY_SLOT: &str = "the Private key field of record \"admin/app-cert\"";

const CASES: &[Case] = &[
    Case {
        name: "the app certificate in the Alipay slot",
        spoil: |stored| stored.root_certificate = stored.app_certificate.clone(),
        refused_when_saved: &[],
        says: &[
            ALIPAY_SLOT,
            "holds an app certificate (2088000000000001-2021000000000001)",
            "alipayCertPublicKey.crt belongs there",
        ],
    },
    Case {
        name: "no root bundle",
        spoil: |stored| stored.root_key.clear(),
        refused_when_saved: &[],
        says: &["the root bundle is missing", ROOT_SLOT, "is empty", "alipayRootCert.crt belongs there"],
    },
    Case {
        name: "no root bundle, in the layout with a record for each",
        spoil: |stored| {
            stored.root_certificate = stored.app_certificate.clone();
            stored.root_key.clear();
            stored.config["alipayCert"] = json!(APP_CERT);
        },
        refused_when_saved: &[],
        says: &[ALIPAY_SLOT, "holds an app certificate", "alipayRootCert.crt belongs there"],
    },
    Case {
        name: "a key that is not the certificate's",
        spoil: |stored| stored.app_key = key(SharedKey::Stranger).pkcs8_base64(),
        refused_when_saved: &[
            "cert record \"admin/app-cert\", field Private key",
            "is not the one of the certificate",
            "put there",
        ],
        says: &[
            "record \"admin/app-cert\" do not match",
            "Certificate field",
            "Private key field",
            "appPrivateKey.txt",
            "belongs there",
        ],
    },
    Case {
        name: "a key that was cut off",
        spoil: |stored| stored.app_key.truncate(stored.app_key.len() / 2),
        refused_when_saved: &["cert record \"admin/app-cert\", field Private key", "cut off"],
        says: &[KEY_SLOT, "cut off", "appPrivateKey.txt belongs there"],
    },
    Case {
        name: "an app id that is not the certificate's",
        spoil: |stored| stored.config["appId"] = json!("2021000000000002"),
        refused_when_saved: &[],
        says: &[
            APP_SLOT,
            "app id 2021000000000001",
            "\"appId\" is 2021000000000002",
            "appCertPublicKey.crt of app 2021000000000002 belongs there",
        ],
    },
    Case {
        name: "an expired Alipay certificate",
        spoil: |stored| {
            let request = LeafRequest::alipay(PID).valid(year(2020), year(2025));
            stored.root_certificate = issued(&request, SharedKey::Alipay);
        },
        refused_when_saved: &[],
        says: &[
            "the Alipay certificate in",
            ALIPAY_SLOT,
            "expired on 2025-01-01",
            "the new alipayCertPublicKey.crt belongs there",
        ],
    },
    Case {
        name: "a certificate of the same name by another authority of the same name",
        spoil: |stored| {
            let rogue = Authority::shared_rogue().unwrap();
            stored.root_certificate =
                rogue.issue(&LeafRequest::alipay(PID), &key(SharedKey::Stranger)).unwrap().chain_pem();
        },
        refused_when_saved: &[],
        says: &[
            ALIPAY_SLOT,
            "does not chain to the root bundle in",
            ROOT_SLOT,
            "alipayCertPublicKey.crt and alipayRootCert.crt of the same Alipay belong there",
        ],
    },
    Case {
        name: "another merchant's app certificate in the Alipay slot",
        spoil: |stored| {
            stored.root_certificate = issued(&LeafRequest::app(OTHER_PID, "2021000000000009"), SharedKey::Stranger);
        },
        refused_when_saved: &[],
        says: &[
            ALIPAY_SLOT,
            "holds an app certificate (2088000000000002-2021000000000009)",
            "alipayCertPublicKey.crt belongs there",
        ],
    },
    Case {
        name: "an Alipay certificate that was issued for another merchant",
        spoil: |stored| stored.root_certificate = issued(&LeafRequest::alipay(OTHER_PID), SharedKey::Stranger),
        refused_when_saved: &[],
        says: &[
            ALIPAY_SLOT,
            "of another merchant (pid 2088000000000002",
            "pid 2088000000000001",
            "alipayCertPublicKey.crt downloaded with that app belongs there",
        ],
    },
    Case {
        name: "a merchant's certificate that calls itself Alipay's",
        spoil: |stored| {
            stored.root_certificate = issued(&LeafRequest::alipay(PID).issued_by(CaClass::Class1), SharedKey::Stranger);
        },
        refused_when_saved: &[],
        says: &[ALIPAY_SLOT, "calls itself Alipay's", "\"Class 2\"", "alipayCertPublicKey.crt belongs there"],
    },
    Case {
        name: "the app's own key in the Alipay certificate",
        spoil: |stored| stored.root_certificate = issued(&LeafRequest::alipay(PID), SharedKey::App),
        refused_when_saved: &[],
        says: &[ALIPAY_SLOT, "has the app's own key in it", "alipayCertPublicKey.crt belongs there"],
    },
    Case {
        name: "another Alipay's root bundle",
        spoil: |stored| stored.root_key = Authority::shared_rogue().unwrap().root_bundle(),
        refused_when_saved: &[],
        says: &[ALIPAY_SLOT, "does not chain to the root bundle in", ROOT_SLOT],
    },
    Case {
        name: "the Alipay certificate in the app's slot",
        spoil: |stored| {
            stored.app_certificate = stored.root_certificate.clone();
            stored.app_key = key(SharedKey::Alipay).pkcs8_base64();
        },
        refused_when_saved: &[],
        says: &[
            APP_SLOT,
            "holds an Alipay certificate (for pid 2088000000000001)",
            "appCertPublicKey.crt belongs there",
        ],
    },
    Case {
        name: "the app's key and certificate swapped",
        spoil: |stored| std::mem::swap(&mut stored.app_certificate, &mut stored.app_key),
        refused_when_saved: &[
            "cert record \"admin/app-cert\", field Certificate",
            "private key",
            "were the two fields swapped?",
        ],
        says: &[APP_SLOT, "holds an RSA private key", "appCertPublicKey.crt belongs there"],
    },
    Case {
        name: "the name of a record that does not exist",
        spoil: |stored| stored.config["rootCert"] = json!("root-crt"),
        refused_when_saved: &[],
        says: &[
            "\"rootCert\"",
            "neither \"acme\" nor the shared owner \"admin\" has a cert record \"root-crt\"",
            "add it, or correct the name",
        ],
    },
    Case {
        name: "no subject",
        spoil: |stored| stored.config["subject"] = Value::Null,
        refused_when_saved: &[],
        says: &["\"subject\" is missing", "\"open_id\" for apps made since 2023", "\"user_id\"", "\"union_id\""],
    },
    Case {
        name: "a misspelt field",
        spoil: |stored| stored.config["rootCrt"] = json!(ROOT_CERT),
        refused_when_saved: &[],
        says: &["\"rootCrt\"", "unknown field", "`rootCert`"],
    },
];

#[tokio::test]
async fn one_wrong_record_is_named_by_provider_add_and_again_at_a_sign_in_that_fails() {
    for case in CASES {
        bounded(case.name, check(case)).await;
    }
}

async fn check(case: &Case) {
    let site = Site::empty(Simulator::builder(), HttpSettings::default()).await;
    let material = site.simulator.app().material();
    let mut stored = Stored {
        app_certificate: material.app_cert,
        app_key: material.app_private_key,
        root_certificate: material.alipay_cert,
        root_key: material.alipay_root_cert,
        config: json!({}),
    };
    (case.spoil)(&mut stored);
    // Saved where the store takes it; plain SQL stores whatever it is given.
    store(&site, case, APP_CERT, &stored.app_certificate, &stored.app_key).await;
    store(&site, case, ROOT_CERT, &stored.root_certificate, &stored.root_key).await;
    let config = config(&site.simulator, stored.config);

    let added = run_with(&[("VESTIBULE_MASTER_KEY", MASTER_KEY)], "", arguments(&site, &config)).await;
    let printed = String::from_utf8(added.stdout).unwrap();
    let refused = String::from_utf8(added.stderr).unwrap();
    assert_eq!(added.status.code(), Some(1), "{}: {refused}", case.name);
    assert!(refused.contains("was not stored"), "{}: {refused}", case.name);
    let sentence = printed.lines().find_map(|line| line.trim_start().strip_prefix("FATAL   "));
    let sentence = sentence.unwrap_or_else(|| panic!("{}: nothing fatal in:\n{printed}", case.name));
    for words in case.says {
        assert!(sentence.contains(words), "{}: {words:?} is not in:\n{sentence}", case.name);
    }
    assert_eq!(
        site.database.query_texts("SELECT COUNT(*) FROM vestibule_provider", &[]).await,
        [["0"]],
        "{}",
        case.name
    );

    site.insert_row(NAME, &config).await;
    let verdict = Verdict { status: 503, code: "misconfigured", says: &[sentence] };
    for asked in Asked::BOTH {
        let answered = asked.get(&mut site.browser(), &format!("/login/{OWNER}/{NAME}")).await;
        site.assert_refused(case.name, asked, &answered, verdict).await;
    }
}

async fn store(site: &Site, case: &Case, name: &str, certificate: &str, private_key: &str) {
    let cert = NewCert {
        owner: "admin".to_owned(),
        name: name.to_owned(),
        display_name: String::new(),
        certificate: certificate.to_owned(),
        private_key: Some(Secret::new(private_key)),
        sharing: None,
    };
    match site.vestibule.certs().save(cert, BY).await {
        Ok(_) => assert!(
            case.refused_when_saved.is_empty() || !case.refused_when_saved[0].contains(name),
            "{}: {name} was saved",
            case.name
        ),
        Err(error) => {
            let said = error.to_string();
            assert!(!case.refused_when_saved.is_empty(), "{}: {said}", case.name);
            for words in case.refused_when_saved {
                assert!(said.contains(words), "{}: {words:?} is not in:\n{said}", case.name);
            }
            site.insert_cert(name, certificate, private_key).await;
        }
    }
}

/// `vestibule provider add acme/alipay --type Alipay --set …` for every member of `config`.
fn arguments(site: &Site, config: &Value) -> Vec<String> {
    let row = format!("{OWNER}/{NAME}");
    let mut arguments: Vec<_> = ["provider", "add", &row, "--type", "Alipay"].map(str::to_owned).into();
    for (name, value) in config.as_object().unwrap() {
        arguments.extend(["--set".to_owned(), format!("{name}={}", value.as_str().unwrap())]);
    }
    let url = site.database.url();
    arguments.extend(["--database", url, "--allow-upstream", "127.0.0.1"].map(str::to_owned));
    arguments
}

fn key(which: SharedKey) -> RsaKey {
    RsaKey::shared(which).unwrap()
}

/// A genuine certificate and its issuer's, in PEM.
fn issued(request: &LeafRequest, to: SharedKey) -> String {
    Authority::shared().unwrap().issue(request, &key(to)).unwrap().chain_pem()
}

/// The first moment of a year after 2000, as far as leap days are the Julian calendar's.
fn year(year: u64) -> SystemTime {
    let days = (year - 1970) * 365 + (year - 1969) / 4;
    SystemTime::UNIX_EPOCH + Duration::from_secs(days * 24 * 60 * 60)
}
