//! A server process, and the client that comes with its database.

use serde_json::{Value, json};
use tempfile::TempDir;
use vestibule::PublicUrl;
use vestibule_alipay_simulator::{Builder, IssuedCertificate, RsaKey, Simulator};
use vestibule_server::options::Options;
use vestibule_server::server;
use vestibule_server::storage::{Absent, Storage};
use vestibule_testkit::databases::TestDatabase;

use crate::support::{
    APP_CERT, Answered, NAME, OWNER, Program, ROOT_CERT, SqlClient, authority, config, holds, make_key_file,
};

/// A server process, an Alipay, and the client at the server's database.
pub(super) struct SqlHouse {
    pub(super) simulator: Simulator,
    pub(super) program: Program,
    pub(super) client: SqlClient,
    database: TestDatabase,
    data: TempDir,
}

impl SqlHouse {
    /// With nothing in the database; nothing at all where there is no client.
    pub(super) async fn open(database: TestDatabase, check: &str) -> Option<Self> {
        Self::open_for(Simulator::builder(), database, check).await
    }

    /// The same for another Alipay.
    pub(super) async fn open_for(alipay: Builder, database: TestDatabase, check: &str) -> Option<Self> {
        let client = SqlClient::of(&database, check).await?;
        let simulator = alipay.start().await.unwrap();
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
    pub(super) async fn with_row(database: TestDatabase, check: &str) -> Option<Self> {
        let house = Self::open(database, check).await?;
        house.insert_records().await;
        house.insert_row().await;
        Some(house)
    }

    /// The two records of Casdoor's guide.
    pub(super) async fn insert_records(&self) {
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

    pub(super) async fn insert_row(&self) {
        self.insert_row_with(json!({})).await;
    }

    /// The same with some members of its config replaced.
    pub(super) async fn insert_row_with(&self, changes: Value) {
        let config = self.client.text(&self.config(changes));
        let insert = format!(
            "INSERT INTO vestibule_provider (owner, name, display_name, type, config)
            VALUES ('{OWNER}', '{NAME}', '支付宝', 'Alipay', {config})"
        );
        self.client.run(&insert).await;
    }

    pub(super) fn config(&self, changes: Value) -> String {
        config(&self.simulator, changes).to_string()
    }

    /// The fields of a record, as they stand in a statement.
    pub(super) fn fields(&self, key: &RsaKey, certificate: &IssuedCertificate) -> (String, String) {
        (self.client.text(&certificate.pem()), self.client.text(&key.pkcs8_base64()))
    }

    /// What the log says of a sign-in that nobody can begin at the moment.
    pub(super) async fn refusal(&self, page: &Answered) -> String {
        assert_eq!(page.status, 503, "{}", page.body);
        self.program.log().line(&page.reference()).await.replace("\\\"", "\"")
    }

    /// How many records have a sealed Private key field.
    pub(super) async fn sealed(&self) -> u64 {
        self.client.count("SELECT count(*) FROM vestibule_cert WHERE private_key LIKE 'vsealed:%'").await
    }

    /// Where any piece of the secret half of a PKCS#8 key stands, the primes: in what the client prints, or in a file of the database. In pieces, because
    /// a page of a file may end anywhere in it.
    pub(super) async fn places_that_hold(&self, key: &str) -> Vec<String> {
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
    pub(super) async fn seal(&self) {
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
