//! What plain SQL does to a server that runs: rows inserted, disabled, replaced with the `sqlite3` client.

use std::path::Path;

use serde_json::json;
use tempfile::TempDir;
use tokio::process::Command;
use vestibule::PublicUrl;
use vestibule_alipay_simulator::Simulator;
use vestibule_server::options::Options;
use vestibule_server::server;
use vestibule_server::storage::{Absent, Storage};

use crate::support::{APP_CERT, Log, NAME, OWNER, Program, ROOT_CERT, authority, config, everything_logged, holds};

#[tokio::test]
async fn records_and_a_row_inserted_by_sql_sign_a_person_in_at_once_and_the_key_is_sealed_later() {
    let Some(house) = SqlHouse::open("records and a row inserted with the sqlite3 client").await else { return };
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
    let found = house.files_that_hold(&key);
    // The server has a round of its own when it starts, which may have come first.
    assert!(!found.is_empty() || house.sealed().await > 0, "the search does not find a key in the clear");
    house.seal().await;
    assert_eq!(house.sealed().await, 2);
    for record in [APP_CERT, ROOT_CERT] {
        assert!(reported_clear(&log, record) || reported_clear(house.program.log(), record), "{}", log.text());
    }
    assert_eq!(house.files_that_hold(&key), Vec::<String>::new());

    let me = house.program.browser().sign_in(&house.simulator, "lilei").await;
    assert_eq!(me.text_of("name").as_deref(), Some("Li Lei"));
}

#[tokio::test]
async fn a_row_disabled_by_sql_refuses_the_next_callback() {
    let Some(house) = SqlHouse::with_row("a row disabled with the sqlite3 client").await else { return };
    let mut browser = house.program.browser();
    let authorize = browser.begin().await;
    let callback = house.simulator.agree(&authorize, "zhangsan").unwrap();

    house.sql("UPDATE vestibule_provider SET enabled = 0 WHERE owner = 'acme' AND name = 'alipay'").await;
    let page = browser.callback(&callback).await;
    assert_eq!(page.status, 404);
    assert!(page.body.contains("This way to sign in is not available"), "{}", page.body);
    assert!(house.simulator.requests().is_empty(), "nothing is asked on behalf of a disabled row");
    assert_eq!(browser.get("/me").await.status, 401);

    house.sql("UPDATE vestibule_provider SET enabled = 1").await;
    browser.sign_in(&house.simulator, "zhangsan").await;
}

#[tokio::test]
async fn a_row_deleted_and_inserted_again_by_sql_is_another_row() {
    let Some(house) = SqlHouse::with_row("a row deleted and inserted again with the sqlite3 client").await else {
        return;
    };
    let mut browser = house.program.browser();
    let authorize = browser.begin().await;
    let callback = house.simulator.agree(&authorize, "zhangsan").unwrap();

    let former = house.sql("SELECT id FROM vestibule_provider").await;
    house.sql("DELETE FROM vestibule_provider").await;
    house.insert_row().await;
    assert_ne!(house.sql("SELECT id FROM vestibule_provider").await, former);

    let page = browser.callback(&callback).await;
    assert_eq!(page.status, 400);
    assert!(page.body.contains("This sign-in cannot be continued"), "{}", page.body);
    assert!(house.simulator.requests().is_empty());
    browser.sign_in(&house.simulator, "zhangsan").await;
}

#[tokio::test]
async fn a_config_changed_by_sql_holds_at_the_next_sign_in() {
    let Some(house) = SqlHouse::with_row("a config changed with the sqlite3 client").await else { return };
    let mut browser = house.program.browser();
    browser.sign_in(&house.simulator, "zhangsan").await;

    house.sql("UPDATE vestibule_provider SET config = json_set(config, '$.subject', 'user_id')").await;
    let me = browser.sign_in(&house.simulator, "zhangsan").await;
    assert_eq!(me.text_of("subject").as_deref(), Some("2088102104794936"));
    assert_eq!(me.text_of("subject-kind").as_deref(), Some("user_id"));
}

fn reported_clear(log: &Log, record: &str) -> bool {
    log.text().lines().any(|line| line.contains(record) && line.contains("a private key stood in the clear"))
}

/// A server process, an Alipay, and the `sqlite3` client at the server's database.
struct SqlHouse {
    simulator: Simulator,
    program: Program,
    data: TempDir,
    files: TempDir,
}

impl SqlHouse {
    /// With nothing in the database; nothing at all where there is no client.
    async fn open(check: &str) -> Option<Self> {
        let found = Command::new("sqlite3").arg("-version").output().await.ok();
        vestibule_testkit::require(found, "sqlite3", check, "install the sqlite3 client (Debian: sqlite3)")?;
        let simulator = Simulator::builder().start().await.unwrap();
        let (data, files) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let program = Program::serve(data.path(), &["--allow-upstream", &authority(&simulator)]).await;
        Some(Self { simulator, program, data, files })
    }

    /// With the records and the row in the database.
    async fn with_row(check: &str) -> Option<Self> {
        let house = Self::open(check).await?;
        house.insert_records().await;
        house.insert_row().await;
        Some(house)
    }

    /// What the client prints.
    async fn sql(&self, statement: &str) -> String {
        let database = self.data.path().join("vestibule.db");
        let mut client = Command::new("sqlite3");
        client.args(["-batch", "-bail", "-cmd", ".timeout 5000"]).arg(database).arg(statement);
        let output = client.output().await.unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    /// The two records of Casdoor's guide, from files as they come out of Alipay's console.
    async fn insert_records(&self) {
        let material = self.simulator.app().material();
        let file = |name: &str, text: &str| {
            let path = self.files.path().join(name);
            std::fs::write(&path, text).unwrap();
            contents_of(&path)
        };
        let records = [
            (
                APP_CERT,
                file("appCertPublicKey.crt", &material.app_cert),
                file("appPrivateKey.txt", &material.app_private_key),
            ),
            (
                ROOT_CERT,
                file("alipayCertPublicKey.crt", &material.alipay_cert),
                file("alipayRootCert.crt", &material.alipay_root_cert),
            ),
        ];
        for (name, certificate, private_key) in records {
            self.sql(&format!(
                "INSERT INTO vestibule_cert (owner, name, certificate, private_key)
                VALUES ('admin', '{name}', {certificate}, {private_key})"
            ))
            .await;
        }
    }

    async fn insert_row(&self) {
        let config = config(&self.simulator, json!({}));
        self.sql(&format!(
            "INSERT INTO vestibule_provider (owner, name, display_name, type, config)
            VALUES ('{OWNER}', '{NAME}', '支付宝', 'Alipay', '{config}')"
        ))
        .await;
    }

    /// How many records have a sealed Private key field.
    async fn sealed(&self) -> u32 {
        let sealed = self.sql("SELECT count(*) FROM vestibule_cert WHERE private_key LIKE 'vsealed:%'").await;
        sealed.parse().unwrap()
    }

    /// The database's files that hold any piece of the secret half of a PKCS#8 key, the primes. In pieces, because a page may end anywhere in it.
    fn files_that_hold(&self, key: &str) -> Vec<String> {
        let pieces: Vec<_> = key.as_bytes()[key.len() / 2..].chunks_exact(48).collect();
        assert!(pieces.len() > 10);
        let mut found = Vec::new();
        for file in std::fs::read_dir(self.data.path()).unwrap() {
            let file = file.unwrap();
            let bytes = std::fs::read(file.path()).unwrap();
            if pieces.iter().any(|piece| holds(&bytes, piece)) {
                found.push(file.file_name().into_string().unwrap());
            }
        }
        found
    }

    /// One round of the background work, by another instance at the same database.
    async fn seal(&self) {
        let options = Options { data_dir: Some(self.data.path().to_owned()), ..Options::default() };
        let public_url = PublicUrl::parse(self.program.url().as_str()).unwrap();
        let storage = Storage::open(&options, Absent::Refuse).await.unwrap();
        let second = server::installation(&options, &public_url, storage).unwrap();
        second.upkeep().await;
        second.database().close().await;
    }
}

/// The SQL for a file's text.
fn contents_of(path: &Path) -> String {
    format!("CAST(readfile('{}') AS TEXT)", path.display())
}
