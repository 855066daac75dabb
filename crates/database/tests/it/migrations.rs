//! From an empty database to our tables, whoever starts, and beside whatever else is there.

use vestibule_database::{Database, DbError, sql};
use vestibule_oauth_provider::{Error, ErrorKind};
use vestibule_testkit::databases::{Backend, TestDatabase, on_every_database};

/// All tables of a database, sorted.
async fn tables(place: &TestDatabase) -> Vec<String> {
    let query = match place.backend() {
        Backend::Sqlite => "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%'",
        Backend::Postgres => "SELECT table_name::text FROM information_schema.tables WHERE table_schema = 'public'",
        Backend::MariaDb => "SELECT table_name FROM information_schema.tables WHERE table_schema = DATABASE()",
    };
    let mut tables = place.query_texts(query, &[]).await.concat();
    tables.sort_unstable();
    tables
}

const OURS: [&str; 9] = [
    "vestibule_cert",
    "vestibule_cert_version",
    "vestibule_change",
    "vestibule_migration",
    "vestibule_provider",
    "vestibule_provider_cert",
    "vestibule_setting",
    "vestibule_used_attempt",
    "z",
];

on_every_database! {
    async fn a_database_is_made_with_our_tables(place: TestDatabase) {
        let database = Database::open(place.url()).await.unwrap();
        database.ping().await.unwrap();
        assert_eq!(tables(&place).await, OURS[..8]);
        let book = place.query_texts("SELECT MAX(number) FROM vestibule_migration", &[]).await;
        assert_eq!(book, [["2"]]);
    }

    async fn eight_starters_at_once_all_succeed(place: TestDatabase) {
        for round in 0..3 {
            let starts: Vec<_> = (0..8)
                .map(|_| {
                    let url = place.url().to_owned();
                    tokio::spawn(async move {
                        let database = Database::open(&url).await?;
                        database.ping().await?;
                        database.close().await;
                        Ok::<_, DbError>(())
                    })
                })
                .collect();
            for start in starts {
                start.await.unwrap().unwrap_or_else(|error| panic!("round {round}: {error:?}"));
            }
            let steps = place.query_texts("SELECT COUNT(*) FROM vestibule_migration", &[]).await;
            assert_eq!(steps, [[if place.backend() == Backend::Sqlite { "2" } else { "1" }]]);
            for table in ["vestibule_provider_cert", "vestibule_provider", "vestibule_cert_version", "vestibule_cert"] {
                place.execute(&format!("DROP TABLE {table}"), &[]).await;
            }
            for table in ["vestibule_change", "vestibule_setting", "vestibule_used_attempt", "vestibule_migration"] {
                place.execute(&format!("DROP TABLE {table}"), &[]).await;
            }
        }
    }

    async fn a_hosts_own_tables_stay_as_they_are(place: TestDatabase) {
        place.execute("CREATE TABLE _sqlx_migrations (version BIGINT)", &[]).await;
        place.execute("CREATE TABLE z (id BIGINT)", &[]).await;
        place.execute("INSERT INTO _sqlx_migrations VALUES (7)", &[]).await;
        place.execute("INSERT INTO z VALUES (7)", &[]).await;
        let database = Database::open(place.url()).await.unwrap();
        database.close().await;
        let mut expected = vec!["_sqlx_migrations"];
        expected.extend(OURS);
        assert_eq!(tables(&place).await, expected);
        for table in ["_sqlx_migrations", "z"] {
            assert_eq!(place.query_texts(&format!("SELECT * FROM {table}"), &[]).await, [["7"]], "{table}");
        }
    }

    async fn a_schema_from_the_future_is_refused_and_left_alone(place: TestDatabase) {
        let database = Database::open(place.url()).await.unwrap();
        sql("INSERT INTO vestibule_migration (number, name) VALUES (99, 'later')").execute(&database).await.unwrap();
        database.close().await;
        let refused = Database::open(place.url()).await.unwrap_err();
        assert!(matches!(refused, DbError::NewerSchema { found: 99, known: 2 }));
        let error = Error::from(refused);
        assert_eq!(*error.kind(), ErrorKind::Configuration);
        assert!(error.message().contains("start the newer program"), "{error}");
        assert_eq!(tables(&place).await, OURS[..8]);
    }
}

#[test]
fn a_user_who_may_only_read_and_write_rows_starts_when_there_is_nothing_to_do() {
    let check = "a_user_who_may_only_read_and_write_rows_starts_when_there_is_nothing_to_do";
    vestibule_testkit::databases::run(Backend::Postgres, check, |place| async move {
        // Roles are the server's and not the database's: the name is as unique as the database's.
        let name = place.url().rsplit('/').next().unwrap().split('?').next().unwrap();
        let role = format!("{name}_rows");
        place.execute(&format!("CREATE ROLE {role} LOGIN PASSWORD 'rows'"), &[]).await;
        let as_role = place.url().replacen("postgres@", &format!("{role}:rows@"), 1);
        assert_ne!(as_role, place.url());

        let refused = Database::open(&as_role).await.unwrap_err();
        let said = Error::from(refused).report();
        Database::open(place.url()).await.unwrap().close().await;
        let tables = "ALL TABLES IN SCHEMA public";
        place.execute(&format!("GRANT SELECT, INSERT, UPDATE, DELETE ON {tables} TO {role}"), &[]).await;
        let database = Database::open(&as_role).await.unwrap();
        let written = sql("INSERT INTO vestibule_cert (owner, name) VALUES ('admin', 'a')").execute(&database).await;
        database.close().await;
        place.execute(&format!("DROP OWNED BY {role}; DROP ROLE {role}"), &[]).await;
        assert_eq!(written.unwrap(), 1);
        assert!(said.contains("42501") && said.contains("permission denied for schema public"), "{said}");
    });
}
