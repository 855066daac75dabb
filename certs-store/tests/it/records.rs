//! Saving, showing, resolving and deleting records.

use vestibule_database::{MASK, StoreError};
use vestibule_oauth_provider::{CertResolver, ErrorKind};
use vestibule_testkit::files_with;
use vestibule_testkit::stores;

use crate::house::*;

#[tokio::test]
async fn records_inserted_with_plain_sql_conform() {
    stores::cert_resolver(&PlainSql(House::open().await)).await;
}

#[tokio::test]
async fn the_layouts_of_the_guide_and_the_clean_ones_are_saved_and_resolved() {
    let house = House::open().await;
    for (name, certificate, private_key) in [
        ("app-cert", APP_CERT, APP_KEY),
        ("app-cert-bare", APP_CERT, APP_KEY_BARE),
        ("guide-root", OTHER_CERT, BUNDLE),
        ("alipay", OTHER_CERT, ""),
        ("root", BUNDLE, ""),
        ("root-in-key-field", "", BUNDLE),
        ("key-only", "", APP_KEY),
    ] {
        house.store.save(cert(name, certificate, private_key)).await.unwrap();
        let record = house.store.resolve("acme", name).await.unwrap();
        assert_eq!((record.owner.as_str(), record.name.as_str()), ("admin", name));
        assert_eq!(record.certificate, certificate);
        assert_eq!(record.private_key.as_ref().map_or("", |key| key.expose()), private_key);
    }
    assert_eq!(files_with(middle(APP_KEY), house.folder.path()), Vec::<String>::new());
    assert!(
        house.stored_private_key("guide-root").await.starts_with("vsealed:1:"),
        "public material there is sealed too"
    );
}

#[tokio::test]
async fn a_view_tells_what_stands_in_each_field_and_holds_no_key() {
    let house = House::open().await;
    let view = house.store.save(cert("app-cert", APP_CERT, APP_KEY)).await.unwrap();
    assert_eq!((view.certificate.kind, view.private_key.kind), ("certificate", "private_key"));
    let (certificate, key) = (&view.certificate.certificates[0], view.private_key.key.as_ref().unwrap());
    assert!(certificate.subject.contains("2088000000000001-app"), "{}", certificate.subject);
    assert_eq!(certificate.spki_sha256, key.spki_sha256);
    assert_eq!((key.form.as_str(), key.bits), ("pkcs8", 2048));
    assert_eq!(view.not_after, certificate.not_after);
    assert!(view.not_after.unwrap() > view.created_at);
    assert_eq!((view.display_name.as_str(), view.kind.as_str(), view.version), ("app-cert", "x509", 1));

    let view = house.store.save(cert("guide-root", OTHER_CERT, BUNDLE)).await.unwrap();
    assert_eq!(view.private_key.description, "a bundle of 2 certificates");
    let listed = house.store.list(Some("admin")).await.unwrap();
    assert_eq!(listed.iter().map(|view| view.name.as_str()).collect::<Vec<_>>(), ["app-cert", "guide-root"]);
    assert!(house.store.list(Some("acme")).await.unwrap().is_empty());
    assert_eq!(house.store.list(None).await.unwrap(), listed);
    for (most, found) in [(0, 0), (1, 1), (2, 2), (3, 2)] {
        assert_eq!(house.store.first(most).await.unwrap(), listed[..found], "the first {most}");
    }
    let shown = format!("{listed:?}");
    assert!(!shown.contains(middle(APP_KEY)) && !shown.contains("PRIVATE KEY"));
}

#[tokio::test]
async fn what_cannot_be_meant_is_refused_with_record_field_and_remedy() {
    let house = House::open().await;
    let cut_off = &APP_KEY[..APP_KEY.len() / 2];
    let cut_off_whole_lines =
        format!("{}\n-----END PRIVATE KEY-----\n", APP_KEY.lines().take(12).collect::<Vec<_>>().join("\n"));
    let both = format!("{APP_CERT}{APP_KEY}");
    let bundle_other_first = format!("{OTHER_CERT}{APP_CERT}");
    for (certificate, private_key, field, said) in [
        ("", "", "Certificate", "is empty"),
        (" \n", "\t", "Certificate", "is empty"),
        (APP_KEY, "", "Certificate", "holds an RSA private key; it belongs into the Private key field"),
        (APP_KEY, APP_CERT, "Certificate", "were the two fields swapped?"),
        (APP_PUBLIC_KEY, "", "Certificate", "holds a public key"),
        (both.as_str(), "", "Certificate", "put the private key into the Private key field"),
        ("hello", "", "Certificate", "neither a certificate nor a key"),
        (&APP_CERT[..500], "", "Certificate", "cut off"),
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
        let refused = house.store.save(cert("app-cert", certificate, private_key)).await.unwrap_err();
        assert!(matches!(refused, StoreError::Refused(_)), "{refused:?}");
        let message = refused.to_string();
        assert!(message.starts_with(&format!("cert record \"admin/app-cert\", field {field}: ")), "{message}");
        assert!(message.contains(said), "{said}: {message}");
        assert!(message.contains("(expected: "), "{message}");
        assert!(!message.contains(middle(APP_KEY)) && !message.contains(middle(OTHER_KEY)));
    }
    assert!(house.store.list(None).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_name_written_with_its_owner_is_told_from_a_missing_record() {
    let house = House::open().await;
    let store = store(&house.database, "1");
    let said = store.resolve("acme", "admin/app").await.unwrap_err().to_string();
    assert!(said.ends_with("a name without its owner is wanted: \"app\""), "{said}");
    let said = store.resolve("acme", "app").await.unwrap_err().to_string();
    assert!(said.ends_with("add it, or correct the name in the provider's config"), "{said}");
}

#[tokio::test]
async fn a_refused_replacement_loses_nothing() {
    let house = House::open().await;
    house.store.save(cert("app-cert", APP_CERT, APP_KEY)).await.unwrap();
    for (certificate, private_key) in [(APP_CERT, OTHER_KEY), ("", ""), (OTHER_CERT, MASK)] {
        assert!(house.store.replace(cert("app-cert", certificate, private_key)).await.is_err());
        let record = house.store.resolve("admin", "app-cert").await.unwrap();
        assert_eq!(record.certificate, APP_CERT);
        assert!(record.private_key.unwrap().same_as(APP_KEY));
    }
}

#[tokio::test]
async fn a_replacement_keeps_the_id_counts_the_version_and_the_mask_keeps_the_key() {
    let house = House::open().await;
    let first = house.store.save(cert("app-cert", APP_CERT, APP_KEY)).await.unwrap();
    let second = house.store.replace(cert("app-cert", BUNDLE, MASK)).await.unwrap();
    assert_eq!((second.id.as_str(), second.version), (first.id.as_str(), 2));
    assert!(house.store.resolve("admin", "app-cert").await.unwrap().private_key.unwrap().same_as(APP_KEY));
    let third = house.store.replace(cert("app-cert", OTHER_CERT, "")).await.unwrap();
    assert_eq!((third.version, third.private_key.kind), (3, "empty"));

    assert!(matches!(house.store.save(cert("app-cert", APP_CERT, "")).await, Err(StoreError::AlreadyExists(_))));
    assert!(matches!(house.store.replace(cert("x", APP_CERT, "")).await, Err(StoreError::NotFound(_))));
    house.store.delete("admin", "app-cert").await.unwrap();
    assert!(matches!(house.store.delete("admin", "app-cert").await, Err(StoreError::NotFound(_))));
    let again = house.store.save(cert("app-cert", APP_CERT, "")).await.unwrap();
    assert_ne!(again.id, first.id);
    let mut nameless = cert("a/b", APP_CERT, "");
    assert!(matches!(house.store.save(nameless.clone()).await, Err(StoreError::Refused(_))));
    nameless.name = String::new();
    assert!(matches!(house.store.save(nameless).await, Err(StoreError::Refused(_))));
}

#[tokio::test]
async fn rows_that_nobody_should_insert_are_errors_that_name_the_record() {
    let house = House::open().await;
    house.store.save(cert("good", APP_CERT, APP_KEY)).await.unwrap();
    house
        .sql(
            "INSERT INTO vestibule_cert (owner, name, certificate) VALUES ('admin', 'huge', hex(zeroblob(300000)))",
            &[],
        )
        .await;
    house
        .sql(
            "INSERT INTO vestibule_cert (owner, name, private_key) VALUES ('admin', 'huge-key', hex(zeroblob(300000)))",
            &[],
        )
        .await;
    house
        .sql(
            "INSERT INTO vestibule_cert (owner, name, certificate) VALUES ('admin', 'bytes', CAST(x'fffe41' AS TEXT))",
            &[],
        )
        .await;
    house.sql("INSERT INTO vestibule_cert (owner, name, type) VALUES ('admin', 'type', 'ssh')", &[]).await;
    house
        .sql(
            "INSERT INTO vestibule_cert (id, owner, name, private_key) VALUES ('------------------------------------', 'admin', 'id', 'x')",
            &[],
        )
        .await;
    house.sql("INSERT INTO vestibule_cert (owner, name) VALUES (CAST(x'ff' AS TEXT), 'owner')", &[]).await;
    for (name, said) in [
        ("huge", "field Certificate: is longer"),
        ("huge-key", "field Private key: is longer"),
        ("bytes", "field Certificate: is longer than 524288 bytes or is not UTF-8"),
        ("type", "field Type: \"ssh\" is not known"),
        ("id", "its id is not a UUID"),
    ] {
        let error = house.store.resolve("admin", name).await.unwrap_err();
        assert_eq!(*error.kind(), ErrorKind::Configuration);
        assert!(
            error.message().starts_with(&format!("cert record \"admin/{name}\"")) && error.message().contains(said),
            "{error}"
        );
    }
    assert_eq!(house.store.list(None).await.unwrap().len(), 7, "a bad row does not hide the others");
    assert_eq!(house.store.seal_clear_values().await.unwrap(), 0);
    house.store.resolve("admin", "good").await.unwrap();
}

#[tokio::test]
async fn nuls_and_hostile_names_are_only_texts() {
    let house = House::open().await;
    let mut hostile = cert("good", APP_CERT, APP_KEY);
    hostile.name = "x' OR '1'='1".to_owned();
    assert!(matches!(house.store.save(hostile).await, Err(StoreError::Refused(_))));
    house.store.save(cert("good", APP_CERT, "")).await.unwrap();
    for name in ["good\0", "' OR 1 --", "GOOD"] {
        let error = house.store.resolve("admin", name).await.unwrap_err();
        assert!(!error.message().contains('\0'), "{error:?}");
    }
    let refused = house.store.save(cert("nul", &format!("{APP_CERT}\0"), "")).await;
    if let Err(error) = refused {
        assert!(error.to_string().contains("admin/nul"), "{error}");
    }
}

#[tokio::test]
async fn real_bundles_and_every_way_to_paste_a_key_are_judged_as_expected() {
    let Some(data) = vestibule_testkit::fixtures("cert records with real root bundles and pasted keys") else { return };
    let read = |path: &str| std::fs::read_to_string(data.join("alipay").join(path)).unwrap();
    let house = House::open().await;
    for (name, certificate, private_key) in [
        ("guide-app", "synthetic/app_cert.crt", "synthetic/app_key_2048.pkcs8.pem"),
        ("guide-root", "synthetic/alipay_cert.crt", "synthetic/root_bundle.crt"),
        ("guide-root-real", "certs/smartwalle_alipay.crt", "certs/prod_root_bundle_lf.crt"),
        ("guide-root-sandbox", "certs/java_alipay_sm2.crt", "certs/sandbox_root_bundle.crt"),
    ] {
        house.store.save(cert(name, &read(certificate), &read(private_key))).await.unwrap();
    }
    house.store.save(cert("root-real", &read("certs/prod_root_bundle_lf.crt"), "")).await.unwrap();

    let forms: serde_json::Value = serde_json::from_str(&read("synthetic/private_key_forms.json")).unwrap();
    let mut judged = 0;
    for form in forms["cases"].as_array().unwrap() {
        let (name, text) = (form["name"].as_str().unwrap(), form["input"].as_str().unwrap());
        let saved = house.store.save(cert(name, &read("synthetic/app_cert.crt"), text)).await;
        // A certificate may stand there, in this room; what a provider makes of it is for the provider to say.
        let good = form["expect"].as_str().unwrap().starts_with("ok") || name == "certificate_in_private_slot";
        assert_eq!(saved.is_ok(), good, "{name}: {saved:?}");
        judged += 1;
    }
    assert!(judged > 10);
}
