//! Files of Casdoor.

use std::sync::LazyLock;

use serde_json::{Value, json};
use vestibule_alipay_simulator::AppRegistration;
use vestibule_testkit::databases::{Backend, TestDatabase, on_every_database};
use vestibule_transfer::{Import, Origin, Outcome, Plan, PlannedRow, Told};

use crate::house::{ANNA, APP_KEY, House, import, provider};

/// As Casdoor dumps its data: every column, lists in its order, much that nobody here wants.
fn dump() -> Value {
    // Certificates are made once: others would be another version.
    static DUMP: LazyLock<Value> = LazyLock::new(made);
    DUMP.clone()
}

fn made() -> Value {
    let app = AppRegistration::simulated().unwrap();
    let material = app.material();
    let cert = |name: &str, kind: &str, certificate: &str, key: &str| {
        json!({
            "owner": "admin", "name": name, "createdTime": "2024-05-01T12:00:00+08:00", "displayName": format!("Cert {name}"), "scope": "JWT",
            "type": kind, "cryptoAlgorithm": "RS256", "bitSize": 2048, "expireInYears": 20, "expireTime": "", "domainExpireTime": "", "provider": "",
            "account": "", "accessKey": "", "accessSecret": "", "certificate": certificate, "privateKey": key
        })
    };
    let provider = |name: &str,
                    category: &str,
                    kind: &str,
                    client_id: &str,
                    secret: &str,
                    cert: &str,
                    metadata: &str| {
        json!({
            "owner": "admin", "name": name, "createdTime": "2024-05-01T12:00:00+08:00", "displayName": format!("Provider {name}"),
            "category": category, "type": kind, "subType": "", "method": "Normal", "clientId": client_id, "clientSecret": secret, "clientId2": "",
            "clientSecret2": "", "cert": cert, "customAuthUrl": "", "customTokenUrl": "", "customLogo": "", "scopes": "",
            "userMapping": {"": ""}, "httpHeaders": null, "host": "", "port": 0, "disableSsl": false, "sslMode": "", "metadata": metadata,
            "enableSignUp": true, "enablePkce": false, "providerUrl": "https://casdoor.example/", "state": ""
        })
    };
    json!({
        "organizations": [{"owner": "admin", "name": "built-in", "languages": ["en", "zh"]}],
        "applications": [{"owner": "admin", "name": "app-built-in", "cert": "cert-built-in", "clientSecret": "hunter2", "providers": [{"name": "alipay"}]}],
        "users": [{"owner": "built-in", "name": "admin", "password": "hunter2", "properties": {"a": {"b": [1, 2.5e300]}}}],
        "certs": [
            cert("alipay-app", "x509", &material.app_cert, &material.app_private_key),
            cert("alipay-root", "x509", &material.alipay_cert, &material.alipay_root_cert),
            cert("cert-built-in", "x509", crate::house::APP_CERT, APP_KEY),
            cert("made-later", "x509", "", ""),
            cert("example.com", "SSL", crate::house::APP_CERT, APP_KEY),
        ],
        "providers": [
            provider("alipay", "OAuth", "Alipay", app.app_id(), "", "alipay-app", "alipay-root"),
            provider("test", "OAuth", "Test", "id", "CLEAR-SECRET-ONE", "alipay-app", ""),
            provider("github", "OAuth", "GitHub", "id", "hunter2", "", ""),
            provider("github2", "OAuth", "GitHub", "id", "hunter2", "", ""),
            provider("sms", "SMS", "Aliyun SMS", "id", "hunter2", "", ""),
            provider("pay", "Payment", "Alipay", "id", "hunter2", "alipay-app", "alipay-root"),
        ],
        "ldaps": [], "tokens": null
    })
}

fn row<'p>(plan: &'p Plan, name: &str) -> &'p PlannedRow {
    plan.rows.iter().find(|row| row.name == name).unwrap()
}

fn file(value: &Value) -> Import {
    import(value.to_string().as_bytes())
}

fn told(house: &House, import: Import, texts: &[&str]) -> Import {
    import.told(Told::new(texts.iter().copied(), &house.rooms.registry).unwrap())
}

on_every_database! {
    async fn certs_and_providers_come_in_and_a_second_time_changes_nothing(database: TestDatabase) {
        let house = House::open(database).await;
        let file = told(&house, file(&dump()), &["Alipay.subject=user_id"]);
        let plan = house.plan(&file).await;
        assert_eq!(plan.origin, Origin::Casdoor);
        assert_eq!((plan.rows.len(), plan.changes()), (5, 5), "{plan:#?}");
        let passed_over: Vec<_> = plan.passed_over.iter().map(|(what, count)| format!("{what}: {count}")).collect();
        assert_eq!(passed_over, [
            "cert, type SSL: 1",
            "cert, type x509, nothing in it: 1",
            "provider, category OAuth, type GitHub: 2",
            "provider, category Payment, type Alipay: 1",
            "provider, category SMS, type Aliyun SMS: 1",
        ]);
        assert!(!format!("{plan:?}").contains("hunter2"));
        let applied = house.import(&file).await;
        assert_eq!((applied.new, applied.not_applied), (5, vec![]));

        let alipay = house.provider("admin", "alipay").await.row;
        let config: Value = serde_json::from_str(alipay.config.expose()).unwrap();
        assert_eq!(config, json!({"appId": AppRegistration::DEFAULT_APP_ID, "appCert": "alipay-app", "rootCert": "alipay-root", "subject": "user_id"}));
        assert!(alipay.enabled && alipay.display_name == "Provider alipay");
        let root = house.cert("admin", "alipay-root").await;
        assert!(root.versions[0].private_key.is_some() && root.versions[0].holds_no_secret());
        let test: Value = serde_json::from_str(house.provider("admin", "test").await.row.config.expose()).unwrap();
        assert_eq!(test, json!({"clientId": "id", "clientSecret": "CLEAR-SECRET-ONE", "cert": "alipay-app"}));
        assert_eq!(house.plan(&file).await.changes(), 0);
    }
}

#[tokio::test]
async fn what_no_row_of_casdoor_says_comes_in_unfinished_and_what_was_finished_here_stays() {
    let house = House::open(TestDatabase::create(Backend::Sqlite).await).await;
    let plan = house.plan(&file(&dump())).await;
    assert!(
        row(&plan, "alipay").notes[0].contains("comes in disabled: \"subject\" missing"),
        "{:?}",
        row(&plan, "alipay")
    );
    house.import(&file(&dump())).await;
    let mut finished = house.provider("admin", "alipay").await.row;
    assert!(!finished.enabled);
    let plan = house.plan(&file(&dump())).await;
    assert_eq!(plan.changes(), 0, "{plan:#?}");

    let mut config: Value = serde_json::from_str(finished.config.expose()).unwrap();
    config["subject"] = "open_id".into();
    config["environment"] = "sandbox".into();
    finished.config = vestibule_oauth_provider::Config::new(config.to_string());
    finished.enabled = true;
    house.rooms.providers.replace(finished, None, ANNA).await.unwrap();
    let plan = house.plan(&file(&dump())).await;
    assert_eq!((plan.changes(), row(&plan, "alipay").notes.len()), (0, 0), "{plan:#?}");
}

#[tokio::test]
async fn masked_secrets_are_left_out() {
    let house = House::open(TestDatabase::create(Backend::Sqlite).await).await;
    let mut masked = dump();
    masked["providers"][1]["clientSecret"] = "***".into();
    masked["certs"][0]["privateKey"] = "***".into();
    let plan = house.plan(&file(&masked)).await;
    assert!(
        row(&plan, "test").notes.iter().any(|note| note.contains("without the secret \"clientSecret\"")),
        "{plan:?}"
    );
    assert!(row(&plan, "alipay-app").notes[0].contains("without its private key"), "{plan:?}");
    house.import(&file(&masked)).await;
    assert!(!house.provider("admin", "test").await.row.config.expose().contains("***"));
    house.import(&file(&dump())).await;
    assert!(house.provider("admin", "test").await.row.config.expose().contains("CLEAR-SECRET-ONE"));
    assert_eq!(house.plan(&file(&masked)).await.changes(), 0);
}

#[tokio::test]
async fn an_application_without_certificates_brings_its_key_and_lacks_alipays() {
    let house = House::open(TestDatabase::create(Backend::Sqlite).await).await;
    let app = AppRegistration::simulated().unwrap();
    let (own, alipays) = (app.key_material().app_private_key, app.key_material().alipay_public_key);
    let mut keys = dump();
    for (column, value) in [("cert", ""), ("metadata", ""), ("clientSecret", own.as_str())] {
        keys["providers"][0][column] = value.into();
    }
    let plan = house.plan(&told(&house, file(&keys), &["Alipay.subject=open_id"])).await;
    assert!(row(&plan, "alipay").notes[0].contains("comes in disabled: \"alipayPublicKey\" missing"), "{plan:?}");
    assert!(!format!("{plan:?}").contains(&own[..40]));

    let with_key = format!("Alipay.alipayPublicKey={alipays}");
    house.import(&told(&house, file(&keys), &["Alipay.subject=open_id", &with_key])).await;
    let alipay = house.provider("admin", "alipay").await.row;
    let config: Value = serde_json::from_str(alipay.config.expose()).unwrap();
    let expected = json!({"appId": app.app_id(), "privateKey": own, "alipayPublicKey": alipays, "subject": "open_id"});
    assert!(alipay.enabled && config == expected);
}

#[tokio::test]
async fn what_has_no_field_is_said_without_its_value() {
    let house = House::open(TestDatabase::create(Backend::Sqlite).await).await;
    let mut more = dump();
    more["providers"][0]["customAuthUrl"] = "hunter2".into();
    more["providers"][0]["scopes"] = "hunter2".into();
    let plan = house.plan(&file(&more)).await;
    let note = &row(&plan, "alipay").notes[0];
    assert!(note.contains("\"customAuthUrl\", \"scopes\"") && !note.contains("hunter2"), "{note}");
    more["providers"][0]["metadata"] = "".into();
    let plan = house.plan(&file(&more)).await;
    assert!(row(&plan, "alipay").notes[1].contains("\"rootCert\", \"subject\" missing"), "{plan:?}");
}

#[tokio::test]
async fn a_template_written_by_hand_with_lists_in_another_order_is_read() {
    let house = House::open(TestDatabase::create(Backend::Sqlite).await).await;
    let (certs, providers) = (dump()["certs"].to_string(), dump()["providers"].to_string());
    let text = format!("{{\"providers\":{providers},\"syncers\":[{{}}],\"certs\":{certs}}}");
    assert_eq!(house.import(&import(text.as_bytes())).await.new, 5);
    for (text, reason) in [
        ("{\"certs\":[],\"certs\":[]}", "\"certs\" twice"),
        ("{\"certs\":{}}", "a list"),
        ("{\"certs\":[{}],\"users\":[", "cut off"),
    ] {
        let said = house.refusal(&import(text.as_bytes())).await;
        assert!(said.contains(reason), "{said}");
    }
    let sparse = r#"{"providers":[{"owner":"","name":"","displayName":"","category":"","type":""}, 7, {"type":"Test","type":"Test"},
        {"owner":"a/b","name":"x","category":"OAuth","type":"Test"}, {"owner":"acme","name":"x","category":"OAuth","type":"Test","clientId":{}}]}"#;
    let plan = house.plan(&import(sparse.as_bytes())).await;
    assert_eq!((plan.changes(), plan.refused().count(), plan.passed_over.len()), (0, 4, 1), "{plan:#?}");
}

#[tokio::test]
async fn what_an_import_is_told_is_judged_first() {
    let house = House::open(TestDatabase::create(Backend::Sqlite).await).await;
    for (text, reason) in [
        ("Alipay.subject", "expected type.field=value"),
        ("subject=user_id", "expected type.field=value"),
        ("Alipai.subject=user_id", "known types"),
        ("Alipay.subjekt=user_id", "its fields: \"appId\""),
        ("Alipay.subject=hunter2", "expected one of open_id"),
        ("Test.clientSecret=hunter2", "does not belong on a command line"),
    ] {
        let said = Told::new([text], &house.rooms.registry).unwrap_err().to_string();
        assert!(said.contains(reason), "{said}");
    }
    assert!(Told::new(["Test.clientId=a", "Test.clientId=b"], &house.rooms.registry).is_err());
    // A row that says it itself is not overruled.
    let file = told(&house, file(&dump()), &["Test.clientId=other", "Test.environment=sandbox"]);
    house.import(&file).await;
    let config = house.provider("admin", "test").await.row.config;
    assert!(config.expose().contains("\"id\"") && config.expose().contains("sandbox"), "{}", config.expose());
}

#[tokio::test]
async fn a_row_of_ours_with_the_same_name_is_changed_and_keeps_what_casdoor_does_not_know() {
    let house = House::open(TestDatabase::create(Backend::Sqlite).await).await;
    let config =
        r#"{"clientId":"old","clientSecret":"CLEAR-SECRET-ONE","secondSecret":"KEPT","environment":"sandbox"}"#;
    house.rooms.providers.add(provider("admin", "test", false, config), ANNA).await.unwrap();
    let plan = house.plan(&file(&dump())).await;
    let fields = ["display_name", "config.clientId", "config.cert"].map(str::to_owned).to_vec();
    assert_eq!(row(&plan, "test").outcome, Outcome::Changed { fields });
    house.import(&file(&dump())).await;
    let row = house.provider("admin", "test").await.row;
    assert!(row.config.expose().contains("KEPT") && row.config.expose().contains("sandbox") && !row.enabled);
}
