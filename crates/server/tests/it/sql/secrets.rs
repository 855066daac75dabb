//! Secrets that plain SQL puts into rows, and moves between them.

use serde_json::json;
use vestibule_alipay_simulator::{AppRegistration, RsaKey, SharedKey, Simulator};
use vestibule_testkit::databases::{TestDatabase, on_every_database};

use super::house::SqlHouse;
use crate::support::{APP_CERT, Log, ROOT_CERT, everything_logged};

on_every_database! {
    async fn records_and_a_row_inserted_by_sql_sign_a_person_in_at_once_and_the_key_is_sealed_later(database: TestDatabase) {
        let Some(house) = SqlHouse::open(database, "records and a row inserted with the database's client").await else {
            return;
        };
        let mut browser = house.program.browser();
        assert!(browser.get("/").await.body.contains("There is no way to sign in yet."));

        house.insert_records().await;
        house.insert_row().await;
        assert!(browser.get("/").await.body.contains("Sign in with 支付宝"));
        let me = browser.sign_in(&house.simulator, "zhangsan").await;
        assert_eq!(me.text_of("name").as_deref(), Some("张三"));
        assert_eq!(me.text_of("row").as_deref(), Some("acme/alipay"));

        let (log, _guard) = everything_logged();
        let key = house.simulator.app().material().app_private_key;
        let found = house.places_that_hold(&key).await;
        // The server has a round of its own when it starts, which may have come first.
        assert!(!found.is_empty() || house.sealed().await > 0, "the search does not find a key in the clear");
        house.seal().await;
        assert_eq!(house.sealed().await, 2);
        for record in [APP_CERT, ROOT_CERT] {
            assert!(reported_clear(&log, record) || reported_clear(house.program.log(), record), "{}", log.text());
        }
        assert_eq!(house.places_that_hold(&key).await, Vec::<String>::new());

        let me = house.program.browser().sign_in(&house.simulator, "lilei").await;
        assert_eq!(me.text_of("name").as_deref(), Some("Li Lei"));
    }

    async fn a_sealed_value_that_sql_moves_to_another_row_or_column_does_not_open_and_the_log_says_so(database: TestDatabase) {
        let Some(house) = SqlHouse::with_row(database, "a sealed value moved with the database's client").await else {
            return;
        };
        house.seal().await;
        let mut browser = house.program.browser();
        browser.sign_in(&house.simulator, "zhangsan").await;

        // To another row: one that comes before it, of the same name and with the same certificate.
        let copy = "INSERT INTO vestibule_cert (owner, name, certificate, private_key)
            SELECT 'acme', name, certificate, private_key FROM vestibule_cert WHERE owner = 'admin' AND name = ";
        house.client.run(&format!("{copy}'{APP_CERT}'")).await;
        let said = house.refusal(&browser.get("/login/acme/alipay").await).await;
        for words in ["acme/app-cert", "field Private key", MOVED] {
            assert!(said.contains(words), "{words}: {said}");
        }
        house.client.run("DELETE FROM vestibule_cert WHERE owner = 'acme'").await;
        browser.sign_in(&house.simulator, "zhangsan").await;

        // To another version of its own row.
        house.client.run(&format!("UPDATE vestibule_cert SET version = version + 1 WHERE name = '{APP_CERT}'")).await;
        let said = house.refusal(&browser.get("/login/acme/alipay").await).await;
        assert!(said.contains("admin/app-cert") && said.contains(MOVED), "{said}");
        house.client.run(&format!("UPDATE vestibule_cert SET version = version - 1 WHERE name = '{APP_CERT}'")).await;
        browser.sign_in(&house.simulator, "zhangsan").await;

        // To another column, where nothing is sealed, and to another row's.
        house.client.run("UPDATE vestibule_cert SET certificate = private_key").await;
        let said = house.refusal(&browser.get("/login/acme/alipay").await).await;
        assert!(said.contains("Certificate field of record \"admin/app-cert\""), "{said}");
        assert!(!said.contains("vsealed:"), "{said}");
        assert!(house.simulator.requests().len() == 6, "nothing is asked of Alipay without a key");
    }

    async fn a_secret_in_a_config_signs_at_once_is_sealed_later_and_opens_nowhere_else(database: TestDatabase) {
        let key = RsaKey::shared(SharedKey::App).unwrap();
        let app = AppRegistration::simulated().unwrap().in_public_key_mode(key, RsaKey::shared(SharedKey::Alipay).unwrap());
        let check = "a row with a secret inserted with the database's client";
        let Some(house) = SqlHouse::open_for(Simulator::builder().app(app), database, check).await else { return };
        let keys = house.simulator.app().key_material();
        let config = |private_key: &str| {
            json!({
                "appCert": null, "rootCert": null,
                "privateKey": private_key, "alipayPublicKey": keys.alipay_public_key,
            })
        };
        house.insert_row_with(config(&keys.app_private_key)).await;
        let mut browser = house.program.browser();
        browser.sign_in(&house.simulator, "zhangsan").await;
        house.seal().await;
        assert_eq!(house.places_that_hold(&keys.app_private_key).await, Vec::<String>::new());
        let sealed = house.client.run("SELECT config FROM vestibule_provider").await;
        assert!(sealed.contains("\"privateKey\":\"vsealed:1:"), "{sealed}");
        browser.sign_in(&house.simulator, "lilei").await;

        // To another row.
        house
            .client
            .run(
                "INSERT INTO vestibule_provider (owner, name, type, config)
                SELECT owner, 'second', type, config FROM vestibule_provider",
            )
            .await;
        let said = house.refusal(&browser.get("/login/acme/second").await).await;
        assert!(said.contains("acme/second") && said.contains("privateKey") && said.contains(MOVED), "{said}");

        // To another table: sealed as a record's private key.
        let key = house.client.text(&keys.app_private_key);
        let insert = "INSERT INTO vestibule_cert (owner, name, private_key)";
        house.client.run(&format!("{insert} VALUES ('admin', 'key', {key})")).await;
        house.seal().await;
        let sealed = house.client.run("SELECT private_key FROM vestibule_cert").await;
        assert!(sealed.starts_with("vsealed:1:"), "a private key alone is sealed as well");
        let moved = house.client.text(&house.config(config(&sealed)));
        house.client.run(&format!("UPDATE vestibule_provider SET config = {moved} WHERE name = 'alipay'")).await;
        let said = house.refusal(&browser.get("/login/acme/alipay").await).await;
        assert!(said.contains("privateKey") && said.contains(MOVED), "{said}");
    }
}

/// What is said of a sealed value that stands where it does not belong.
const MOVED: &str = "was sealed for another owner, row, version or column and moved here";

fn reported_clear(log: &Log, record: &str) -> bool {
    log.text().lines().any(|line| line.contains(record) && line.contains("a private key stood in the clear"))
}
