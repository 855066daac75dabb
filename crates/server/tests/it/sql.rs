//! What plain SQL does to a server that runs: rows inserted, disabled, replaced with the client that comes with each database.

use serde_json::{Value, json};
use tempfile::TempDir;
use vestibule::PublicUrl;
use vestibule_alipay_simulator::{IssuedCertificate, RsaKey, Simulator};
use vestibule_server::options::Options;
use vestibule_server::server;
use vestibule_server::storage::{Absent, Storage};
use vestibule_testkit::databases::{TestDatabase, on_every_database};

use crate::support::{
    APP_CERT, Answered, Log, NAME, OWNER, Program, ROOT_CERT, SqlClient, authority, config, everything_logged, holds,
    make_key_file, new_app_certificate, used_app_certificate,
};

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

/// What is said of a sealed value that stands where it does not belong.
const MOVED: &str = "was sealed for another owner, row, version or column and moved here";

fn reported_clear(log: &Log, record: &str) -> bool {
    log.text().lines().any(|line| line.contains(record) && line.contains("a private key stood in the clear"))
}

/// A server process, an Alipay, and the client at the server's database.
struct SqlHouse {
    simulator: Simulator,
    program: Program,
    client: SqlClient,
    database: TestDatabase,
    data: TempDir,
}

impl SqlHouse {
    /// With nothing in the database; nothing at all where there is no client.
    async fn open(database: TestDatabase, check: &str) -> Option<Self> {
        let client = SqlClient::of(&database, check).await?;
        let simulator = Simulator::builder().start().await.unwrap();
        let data = tempfile::tempdir().unwrap();
        let keys = make_key_file(data.path()).await;
        let keys = keys.to_str().unwrap();
        let upstream = authority(&simulator);
        let arguments =
            ["--database", database.url(), "--master-key-file", keys, "--allow-upstream", upstream.as_str()];
        let program = Program::serve(data.path(), &arguments).await;
        Some(Self { simulator, program, client, database, data })
    }

    /// With the records and the row in the database.
    async fn with_row(database: TestDatabase, check: &str) -> Option<Self> {
        let house = Self::open(database, check).await?;
        house.insert_records().await;
        house.insert_row().await;
        Some(house)
    }

    /// The two records of Casdoor's guide.
    async fn insert_records(&self) {
        let material = self.simulator.app().material();
        let records = [
            (APP_CERT, material.app_cert, material.app_private_key),
            (ROOT_CERT, material.alipay_cert, material.alipay_root_cert),
        ];
        for (name, certificate, private_key) in records {
            let (certificate, private_key) = (self.client.text(&certificate), self.client.text(&private_key));
            let insert = format!(
                "INSERT INTO vestibule_cert (owner, name, certificate, private_key)
                VALUES ('admin', '{name}', {certificate}, {private_key})"
            );
            self.client.run(&insert).await;
        }
    }

    async fn insert_row(&self) {
        let config = self.client.text(&self.config(json!({})));
        let insert = format!(
            "INSERT INTO vestibule_provider (owner, name, display_name, type, config)
            VALUES ('{OWNER}', '{NAME}', '支付宝', 'Alipay', {config})"
        );
        self.client.run(&insert).await;
    }

    fn config(&self, changes: Value) -> String {
        config(&self.simulator, changes).to_string()
    }

    /// The fields of a record, as they stand in a statement.
    fn fields(&self, key: &RsaKey, certificate: &IssuedCertificate) -> (String, String) {
        (self.client.text(&certificate.pem()), self.client.text(&key.pkcs8_base64()))
    }

    /// What the log says of a sign-in that nobody can begin at the moment.
    async fn refusal(&self, page: &Answered) -> String {
        assert_eq!(page.status, 503, "{}", page.body);
        self.program.log().line(&page.reference()).await.replace("\\\"", "\"")
    }

    /// How many records have a sealed Private key field.
    async fn sealed(&self) -> u64 {
        self.client.count("SELECT count(*) FROM vestibule_cert WHERE private_key LIKE 'vsealed:%'").await
    }

    /// Where any piece of the secret half of a PKCS#8 key stands, the primes: in what the client prints, or in a file of the database. In pieces, because
    /// a page of a file may end anywhere in it.
    async fn places_that_hold(&self, key: &str) -> Vec<String> {
        let pieces: Vec<_> = key.as_bytes()[key.len() / 2..].chunks_exact(48).collect();
        assert!(pieces.len() > 10);
        let mut places = vec![("the tables".to_owned(), self.client.everything().await.into_bytes())];
        if let Some(path) = self.database.path() {
            for file in std::fs::read_dir(path.parent().unwrap()).unwrap() {
                let file = file.unwrap();
                places.push((file.file_name().into_string().unwrap(), std::fs::read(file.path()).unwrap()));
            }
        }
        places.retain(|(_, bytes)| pieces.iter().any(|piece| holds(bytes, piece)));
        places.into_iter().map(|(place, _)| place).collect()
    }

    /// One round of the background work, by another instance at the same database.
    async fn seal(&self) {
        let database = Some(self.database.url().to_owned());
        let master_key_file = Some(self.data.path().join("master.key"));
        let options = Options { database, master_key_file, ..Options::default() };
        let public_url = PublicUrl::parse(self.program.url().as_str()).unwrap();
        let storage = Storage::open(&options, Absent::Refuse).await.unwrap();
        let second = server::installation(&options, &public_url, storage).unwrap();
        second.upkeep().await;
        second.database().close().await;
    }
}
