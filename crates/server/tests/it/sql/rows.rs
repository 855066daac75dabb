//! Rows and records that plain SQL changes while people sign in.

use serde_json::json;
use vestibule_testkit::databases::{TestDatabase, on_every_database};

use super::house::SqlHouse;
use crate::support::{APP_CERT, OWNER, new_app_certificate, used_app_certificate};

on_every_database! {
    async fn a_row_disabled_by_sql_refuses_the_next_callback(database: TestDatabase) {
        let Some(house) = SqlHouse::with_row(database, "a row disabled with the database's client").await else { return };
        let mut browser = house.program.browser();
        let authorize = browser.begin().await;
        let callback = house.simulator.agree(&authorize, "zhangsan").unwrap();

        house.client.run("UPDATE vestibule_provider SET enabled = 0 WHERE owner = 'acme' AND name = 'alipay'").await;
        let page = browser.callback(&callback).await;
        assert_eq!(page.status, 404);
        assert!(page.body.contains("This way to sign in is not available"), "{}", page.body);
        assert!(house.simulator.requests().is_empty(), "nothing is asked on behalf of a disabled row");
        assert_eq!(browser.get("/me").await.status, 401);

        house.client.run("UPDATE vestibule_provider SET enabled = 1").await;
        browser.sign_in(&house.simulator, "zhangsan").await;
    }

    async fn a_row_deleted_and_inserted_again_by_sql_is_another_row(database: TestDatabase) {
        let check = "a row deleted and inserted again with the database's client";
        let Some(house) = SqlHouse::with_row(database, check).await else { return };
        let mut browser = house.program.browser();
        let authorize = browser.begin().await;
        let callback = house.simulator.agree(&authorize, "zhangsan").unwrap();

        let former = house.client.run("SELECT id FROM vestibule_provider").await;
        house.client.run("DELETE FROM vestibule_provider").await;
        house.insert_row().await;
        assert_ne!(house.client.run("SELECT id FROM vestibule_provider").await, former);

        let page = browser.callback(&callback).await;
        assert_eq!(page.status, 400);
        assert!(page.body.contains("This sign-in cannot be continued"), "{}", page.body);
        assert!(house.simulator.requests().is_empty());
        browser.sign_in(&house.simulator, "zhangsan").await;
    }

    async fn a_config_changed_by_sql_holds_at_the_next_sign_in(database: TestDatabase) {
        let Some(house) = SqlHouse::with_row(database, "a config changed with the database's client").await else { return };
        let mut browser = house.program.browser();
        browser.sign_in(&house.simulator, "zhangsan").await;

        let changed = house.client.text(&house.config(json!({ "subject": "user_id" })));
        house.client.run(&format!("UPDATE vestibule_provider SET config = {changed}")).await;
        let me = browser.sign_in(&house.simulator, "zhangsan").await;
        assert_eq!(me.text_of("subject").as_deref(), Some("2088102104794936"));
        assert_eq!(me.text_of("subject-kind").as_deref(), Some("user_id"));
    }

    async fn a_record_changed_by_sql_and_one_of_the_rows_owner_hold_at_the_next_sign_in(database: TestDatabase) {
        let Some(house) = SqlHouse::with_row(database, "records changed with the database's client").await else { return };
        let mut browser = house.program.browser();
        browser.sign_in(&house.simulator, "zhangsan").await;
        let first = used_app_certificate(&house.simulator);

        let (key, renewed) = new_app_certificate(&house.simulator);
        let (certificate, private_key) = house.fields(&key, &renewed);
        house
            .client
            .run(&format!(
                "UPDATE vestibule_cert SET certificate = {certificate}, private_key = {private_key} WHERE name = '{APP_CERT}'"
            ))
            .await;
        browser.sign_in(&house.simulator, "zhangsan").await;
        assert_eq!(used_app_certificate(&house.simulator), renewed.certificate().sn());

        // Begun with the shared record, finished with the owner's own, which comes before it.
        let (key, own) = new_app_certificate(&house.simulator);
        let (certificate, private_key) = house.fields(&key, &own);
        let authorize = browser.begin().await;
        house
            .client
            .run(&format!(
                "INSERT INTO vestibule_cert (owner, name, certificate, private_key)
                VALUES ('{OWNER}', '{APP_CERT}', {certificate}, {private_key})"
            ))
            .await;
        let callback = house.simulator.agree(&authorize, "zhangsan").unwrap();
        assert_eq!(browser.callback(&callback).await.location().path(), "/me");
        assert_eq!(used_app_certificate(&house.simulator), own.certificate().sn());

        // And back, when it is gone.
        house.client.run(&format!("DELETE FROM vestibule_cert WHERE owner = '{OWNER}'")).await;
        browser.sign_in(&house.simulator, "zhangsan").await;
        let last = used_app_certificate(&house.simulator);
        assert!(last == renewed.certificate().sn() && last != first, "{last}");
    }
}
