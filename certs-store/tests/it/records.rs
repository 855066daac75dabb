//! Saving, showing, resolving, replacing and deleting records.

use vestibule_certs_store::RollBack;
use vestibule_database::{MASK, StoreError};
use vestibule_oauth_provider::{CertResolver, ErrorKind};
use vestibule_testkit::databases::{TestDatabase, on_every_database};
use vestibule_testkit::{files_with, stores};

use crate::house::*;

on_every_database! {
    async fn records_inserted_with_plain_sql_conform(database: TestDatabase) {
        stores::cert_resolver(&PlainSql(House::open(database).await)).await;
    }

    async fn the_layouts_of_the_guide_and_the_clean_ones_are_saved_and_resolved(database: TestDatabase) {
        let house = House::open(database).await;
        for (name, certificate, private_key) in [
            ("app-cert", APP_CERT, APP_KEY),
            ("app-cert-bare", APP_CERT, APP_KEY_BARE),
            ("guide-root", OTHER_CERT, BUNDLE),
            ("alipay", OTHER_CERT, ""),
            ("root", BUNDLE, ""),
            ("root-in-key-field", "", BUNDLE),
            ("key-only", "", APP_KEY),
        ] {
            house.store.save(cert(name, certificate, private_key), "tester").await.unwrap();
            let record = house.store.resolve("acme", name).await.unwrap();
            assert_eq!((record.owner.as_str(), record.name.as_str()), ("admin", name));
            assert_eq!(record.certificate, certificate);
            let is_key = private_key == APP_KEY || private_key == APP_KEY_BARE;
            assert_eq!(signing_key(&record).is_some_and(|key| key.same_as(private_key)), is_key, "{name}");
            assert_eq!(record.private_key.beside(), (!is_key && !private_key.is_empty()).then_some(private_key), "{name}");
            assert_eq!(record.private_key.is_empty(), private_key.is_empty());
        }
        if let Some(folder) = house.folder() {
            assert_eq!(files_with(middle(APP_KEY), folder), Vec::<String>::new());
        }
        let stored = house.stored_private_key("guide-root").await;
        assert!(stored.starts_with("vsealed:1:"), "public material there is sealed too");
    }

    async fn a_view_tells_what_stands_in_each_field_and_holds_no_key(database: TestDatabase) {
        let house = House::open(database).await;
        let view = house.store.save(cert("app-cert", APP_CERT, APP_KEY), "tester").await.unwrap();
        assert_eq!((view.certificate.kind, view.private_key.kind), ("certificate", "private_key"));
        let (certificate, key) = (&view.certificate.certificates[0], view.private_key.key.as_ref().unwrap());
        assert!(certificate.subject.contains("2088000000000001-app"), "{}", certificate.subject);
        assert_eq!(certificate.spki_sha256, key.spki_sha256);
        assert_eq!((key.form.as_str(), key.bits), ("pkcs8", 2048));
        assert_eq!(view.not_after, certificate.not_after);
        assert!(view.not_after.unwrap() > view.created_at);
        assert_eq!((view.display_name.as_str(), view.kind.as_str(), view.version), ("app-cert", "x509", 1));
        assert!(view.versions.is_empty() && view.sharing.every_owner && view.sharing.hosts.is_empty());

        let view = house.store.save(cert("guide-root", OTHER_CERT, BUNDLE), "tester").await.unwrap();
        assert_eq!(view.private_key.description, "a bundle of 2 certificates");
        house.store.stage(&edit("app-cert"), version(APP_CERT, APP_KEY), vestibule_certs_store::WhenStaged::Refuse).await.unwrap();
        let view = house.store.get("admin", "app-cert").await.unwrap();
        assert_eq!(view.versions[0].private_key.key.as_ref().unwrap().bits, 2048);
        let shown = format!("{view:?}{}", serde_json::to_string(&view).unwrap());
        assert!(!shown.contains(middle(APP_KEY)) && !shown.contains("PRIVATE KEY"));
    }

    async fn what_cannot_be_meant_is_refused_with_record_field_and_remedy(database: TestDatabase) {
        let house = House::open(database).await;
        let cut_off = &APP_KEY[..APP_KEY.len() / 2];
        let cut_off_whole_lines =
            format!("{}\n-----END PRIVATE KEY-----\n", APP_KEY.lines().take(12).collect::<Vec<_>>().join("\n"));
        let both = format!("{APP_CERT}{APP_KEY}");
        let bundle_other_first = format!("{OTHER_CERT}{APP_CERT}");
        let with_nul = format!("{APP_CERT}\0");
        for (certificate, private_key, field, said) in [
            ("", "", "Certificate", "is empty"),
            (" \n", "\t", "Certificate", "is empty"),
            (APP_KEY, "", "Certificate", "holds an RSA private key; it belongs into the Private key field"),
            (APP_KEY, APP_CERT, "Certificate", "were the two fields swapped?"),
            (APP_PUBLIC_KEY, "", "Certificate", "holds a public key"),
            (both.as_str(), "", "Certificate", "put the private key into the Private key field"),
            ("hello", "", "Certificate", "neither a certificate nor a key"),
            (&APP_CERT[..500], "", "Certificate", "cut off"),
            (with_nul.as_str(), "", "Certificate", "NUL"),
            (APP_CERT, APP_KEY_ENCRYPTED, "Private key", "is encrypted"),
            (APP_CERT, cut_off, "Private key", "cut off"),
            (APP_CERT, cut_off_whole_lines.as_str(), "Private key", "cut off"),
            (APP_CERT, "hello", "Private key", "neither a certificate nor a key"),
            (APP_CERT, APP_PUBLIC_KEY, "Private key", "holds a public key"),
            (APP_CERT, EC_KEY, "Private key", "not an RSA key"),
            (APP_CERT, both.as_str(), "Private key", "put the certificates into the Certificate field"),
            (APP_CERT, OTHER_KEY, "Private key", "not the one of the certificate"),
            (bundle_other_first.as_str(), APP_KEY, "Private key", "put that certificate first"),
        ] {
            let refused = house.store.save(cert("app-cert", certificate, private_key), "tester").await.unwrap_err();
            assert!(matches!(refused, StoreError::Refused(_)), "{refused:?}");
            let message = refused.to_string();
            assert!(message.starts_with(&format!("cert record \"admin/app-cert\", field {field}: ")), "{message}");
            assert!(message.contains(said), "{said}: {message}");
            assert!(message.contains("(expected: "), "{message}");
            assert!(!message.contains(middle(APP_KEY)) && !message.contains(middle(OTHER_KEY)));
        }
        assert!(house.listed(None).await.is_empty());
    }

    async fn a_name_written_with_its_owner_is_told_from_a_missing_record(database: TestDatabase) {
        let house = House::open(database).await;
        let said = house.store.resolve("acme", "admin/app").await.unwrap_err().to_string();
        assert!(said.ends_with("a name without its owner is wanted: \"app\""), "{said}");
        let said = house.store.resolve("acme", "app").await.unwrap_err().to_string();
        assert!(said.ends_with("add it, or correct the name in the provider's config"), "{said}");
    }

    async fn a_refused_replacement_loses_nothing(database: TestDatabase) {
        let house = House::open(database).await;
        let saved = house.store.save(cert("app-cert", APP_CERT, APP_KEY), "tester").await.unwrap();
        for (certificate, private_key) in [(APP_CERT, OTHER_KEY), ("", ""), (OTHER_CERT, MASK)] {
            assert!(house.store.replace(cert("app-cert", certificate, private_key), None, "tester").await.is_err());
            let mut now = house.store.get("admin", "app-cert").await.unwrap();
            now.display_name.clone_from(&saved.display_name);
            assert_eq!(now, saved);
            assert!(house.key("admin", "app-cert").await.unwrap().same_as(APP_KEY));
        }
    }

    async fn a_replacement_keeps_the_id_counts_the_version_and_the_mask_keeps_the_key(database: TestDatabase) {
        let house = House::open(database).await;
        let first = house.store.save(cert("app-cert", APP_CERT, APP_KEY), "tester").await.unwrap();
        let chain = format!("{APP_CERT}{OTHER_CERT}");
        let second = house.store.replace(cert("app-cert", &chain, MASK), None, "tester").await.unwrap();
        assert_eq!((second.id.as_str(), second.version), (first.id.as_str(), 2));
        assert!(house.key("admin", "app-cert").await.unwrap().same_as(APP_KEY));
        let third = house.store.replace(cert("app-cert", OTHER_CERT, ""), None, "tester").await.unwrap();
        assert_eq!((third.version, third.private_key.kind), (3, "empty"));
        let retired: Vec<_> = third.versions.iter().map(|version| (version.number, version.state)).collect();
        assert_eq!(retired, [(2, "retired"), (1, "retired")]);

        let again = house.store.replace(cert("app-cert", OTHER_CERT, MASK), None, "tester").await.unwrap();
        assert_eq!(again, third, "the same content is no version, and nothing is written");
        let mut named = cert("app-cert", OTHER_CERT, "");
        named.display_name = "The app".to_owned();
        let named = house.store.replace(named, Some(third.revision), "tester").await.unwrap();
        assert_eq!((named.display_name.as_str(), named.version, named.versions.len()), ("The app", 3, 2));
        let stale = house.store.replace(cert("app-cert", APP_CERT, ""), Some(third.revision), "tester").await;
        assert!(matches!(stale, Err(StoreError::Changed(_))), "{stale:?}");
        house.store.roll_back(&edit("app-cert"), RollBack::To(1)).await.unwrap();
        assert!(house.key("admin", "app-cert").await.unwrap().same_as(APP_KEY));
    }

    async fn names_are_unique_and_deleted_records_leave_nothing_behind(database: TestDatabase) {
        let house = House::open(database).await;
        let first = house.store.save(cert("app-cert", APP_CERT, ""), "tester").await.unwrap();
        house.store.stage(&edit("app-cert"), version(OTHER_CERT, ""), vestibule_certs_store::WhenStaged::Refuse).await.unwrap();
        assert!(matches!(house.store.save(cert("app-cert", APP_CERT, ""), "tester").await, Err(StoreError::AlreadyExists(_))));
        assert!(matches!(house.store.replace(cert("x", APP_CERT, ""), None, "tester").await, Err(StoreError::NotFound(_))));
        let stale = house.store.delete(&edit("app-cert").at(first.revision)).await;
        assert!(matches!(stale, Err(StoreError::Changed(_))), "{stale:?}");
        house.store.delete(&edit("app-cert")).await.unwrap();
        assert!(matches!(house.store.delete(&edit("app-cert")).await, Err(StoreError::NotFound(_))));
        for table in ["vestibule_cert", "vestibule_cert_version"] {
            let count = house.outside.query_texts(&format!("SELECT COUNT(*) FROM {table}"), &[]).await;
            assert_eq!(count, [["0"]], "{table}");
        }
        let again = house.store.save(cert("app-cert", APP_CERT, ""), "tester").await.unwrap();
        assert_ne!(again.id, first.id);
        for name in ["a/b", "", "a\0b", "x' OR '1'='1"] {
            let refused = house.store.save(cert(name, APP_CERT, ""), "tester").await;
            assert!(matches!(refused, Err(StoreError::Refused(_))), "{name:?}: {refused:?}");
        }
        let mut shouting = cert("b", APP_CERT, "");
        for display_name in ["a\0b".to_owned(), "a\nb".to_owned(), "x".repeat(201)] {
            shouting.display_name = display_name;
            assert!(matches!(house.store.save(shouting.clone(), "tester").await, Err(StoreError::Refused(_))));
        }
    }

    async fn rows_that_nobody_should_insert_are_errors_that_name_the_record(database: TestDatabase) {
        let house = House::open(database).await;
        house.store.save(cert("good", APP_CERT, APP_KEY), "tester").await.unwrap();
        let huge = "ab".repeat(300_000);
        house.sql(INSERT, &["admin", "huge", &huge, ""]).await;
        house.sql(INSERT, &["admin", "huge-key", "", &huge]).await;
        house.sql("INSERT INTO vestibule_cert (owner, name, type) VALUES ('admin', 'type', 'ssh')", &[]).await;
        let mut bad = vec![
            ("huge", "field Certificate: is longer"),
            ("huge-key", "field Private key: is longer"),
            ("type", "field Type: \"ssh\" is not known"),
        ];
        if house.is_sqlite() {
            house.sql("INSERT INTO vestibule_cert (owner, name, certificate) VALUES ('admin', 'bytes', CAST(x'fffe41' AS TEXT))", &[]).await;
            house.sql("INSERT INTO vestibule_cert (id, owner, name, private_key) VALUES ('------------------------------------', 'admin', 'id', 'x')", &[]).await;
            house.sql("INSERT INTO vestibule_cert (owner, name) VALUES (CAST(x'ff' AS TEXT), 'owner')", &[]).await;
            bad.push(("bytes", "field Certificate: is longer than 524288 bytes or is not UTF-8"));
            bad.push(("id", "its id is not a UUID"));
        }
        for (name, said) in &bad {
            let error = house.store.resolve("admin", name).await.unwrap_err();
            assert_eq!(*error.kind(), ErrorKind::Configuration);
            let named = error.message().starts_with(&format!("cert record \"admin/{name}\""));
            assert!(named && error.message().contains(said), "{error}");
            house.store.get("admin", name).await.unwrap();
        }
        let rows = 1 + bad.len() + usize::from(house.is_sqlite());
        assert_eq!(house.listed(None).await.len(), rows, "a bad row does not hide the others");
        assert_eq!(house.store.seal_clear_values().await.unwrap(), 0);
        house.store.resolve("admin", "good").await.unwrap();

        let mended = house.store.replace(cert("huge", APP_CERT, APP_KEY), None, "tester").await.unwrap();
        assert!(mended.versions.is_empty(), "what nobody can read is not kept");
        house.store.replace(cert("huge-key", APP_CERT, APP_KEY), None, "tester").await.unwrap();
        assert!(house.key("admin", "huge-key").await.unwrap().same_as(APP_KEY));
    }

    async fn nuls_and_hostile_names_are_only_texts(database: TestDatabase) {
        let house = House::open(database).await;
        house.store.save(cert("good", APP_CERT, ""), "tester").await.unwrap();
        for name in ["good\0", "\0", "' OR 1 --", "GOOD", "good ", &"x".repeat(10_000), ""] {
            let error = house.store.resolve("admin", name).await.unwrap_err();
            assert_eq!(*error.kind(), ErrorKind::Configuration);
            assert!(!error.message().contains('\0') && error.message().len() < 1_000, "{error:?}");
            assert!(matches!(house.store.get("admin", name).await, Err(StoreError::NotFound(_))));
            assert!(house.store.resolve(name, "good").await.is_ok(), "it is the shared owner's");
            assert!(matches!(house.store.get(name, "good").await, Err(StoreError::NotFound(_))));
        }
    }

    async fn names_are_told_apart_byte_by_byte(database: TestDatabase) {
        let house = House::open(database).await;
        for (name, certificate) in [("app", APP_CERT), ("App", OTHER_CERT), ("\u{e1}pp", BUNDLE), ("a\u{301}pp", APP_CERT)] {
            house.store.save(cert(name, certificate, ""), "tester").await.unwrap();
        }
        for (name, certificate) in [("app", APP_CERT), ("App", OTHER_CERT), ("\u{e1}pp", BUNDLE), ("a\u{301}pp", APP_CERT)] {
            assert_eq!(house.store.resolve("admin", name).await.unwrap().certificate, certificate);
        }
        let mut theirs = cert("app", BUNDLE, "");
        theirs.owner = "Admin".to_owned();
        house.store.save(theirs, "tester").await.unwrap();
        assert_eq!(house.store.resolve("admin", "app").await.unwrap().certificate, APP_CERT);
        assert_eq!(house.store.resolve("Admin", "app").await.unwrap().certificate, BUNDLE);
        house.store.delete(&edit("App")).await.unwrap();
        assert_eq!(house.listed(Some("admin")).await.len(), 3);
    }
}

#[tokio::test]
async fn real_bundles_and_every_way_to_paste_a_key_are_judged_as_expected() {
    let Some(data) = vestibule_testkit::fixtures("cert records with real root bundles and pasted keys") else { return };
    let read = |path: &str| std::fs::read_to_string(data.join("alipay").join(path)).unwrap();
    let house = House::open(TestDatabase::create(vestibule_testkit::databases::Backend::Sqlite).await).await;
    for (name, certificate, private_key) in [
        ("guide-app", "synthetic/app_cert.crt", "synthetic/app_key_2048.pkcs8.pem"),
        ("guide-root", "synthetic/alipay_cert.crt", "synthetic/root_bundle.crt"),
        ("guide-root-real", "certs/smartwalle_alipay.crt", "certs/prod_root_bundle_lf.crt"),
        ("guide-root-sandbox", "certs/java_alipay_sm2.crt", "certs/sandbox_root_bundle.crt"),
    ] {
        house.store.save(cert(name, &read(certificate), &read(private_key)), "tester").await.unwrap();
    }
    house.store.save(cert("root-real", &read("certs/prod_root_bundle_lf.crt"), ""), "tester").await.unwrap();

    let forms: serde_json::Value = serde_json::from_str(&read("synthetic/private_key_forms.json")).unwrap();
    let mut judged = 0;
    for form in forms["cases"].as_array().unwrap() {
        let (name, text) = (form["name"].as_str().unwrap(), form["input"].as_str().unwrap());
        let saved = house.store.save(cert(name, &read("synthetic/app_cert.crt"), text), "tester").await;
        // A certificate may stand there, in this room; what a provider makes of it is for the provider to say.
        let good = form["expect"].as_str().unwrap().starts_with("ok") || name == "certificate_in_private_slot";
        assert_eq!(saved.is_ok(), good, "{name}: {saved:?}");
        judged += 1;
    }
    assert!(judged > 10);
}
