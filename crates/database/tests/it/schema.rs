//! What plain SQL may put into our tables, and what it gets by itself.

use std::collections::BTreeSet;

use vestibule_database::{Database, sql};
use vestibule_oauth_provider::{Error, Uuid};
use vestibule_testkit::databases::{TestDatabase, on_every_database};

const TABLES: [&str; 2] = ["vestibule_cert", "vestibule_provider"];

on_every_database! {
    async fn a_row_takes_its_id_and_times_from_the_database(place: TestDatabase) {
        Database::open(place.url()).await.unwrap().close().await;
        for number in 0..20_i64 {
            for table in TABLES {
                let insert = format!("INSERT INTO {table} (owner, name, type) VALUES ('admin', ?, 'X')");
                place.execute(&insert, &[(&number.to_string()).into()]).await;
            }
        }
        for table in TABLES {
            let rows = place.query_texts(&format!("SELECT id, created_at, updated_at, version FROM {table}"), &[]).await;
            assert_eq!(rows.iter().map(|row| row[0].clone()).collect::<BTreeSet<_>>().len(), 20);
            for row in rows {
                assert_eq!(Uuid::parse_str(&row[0]).unwrap().to_string(), row[0]);
                assert!(row[1].parse::<i64>().unwrap() > 1_700_000_000 && row[2] >= row[1]);
                assert_eq!(row[3], "1");
            }
        }
        let said = place.query_texts("SELECT DISTINCT enabled + 0, category, config, examined FROM vestibule_provider", &[]).await;
        assert_eq!(said, [["1", "OAuth", "{}", ""]]);
        let said = place.query_texts("SELECT DISTINCT revision, key_owners, key_hosts, certificate FROM vestibule_cert", &[]).await;
        assert_eq!(said, [["1", "*", "", ""]]);
    }

    async fn a_slip_in_plain_sql_is_refused_by_name(place: TestDatabase) {
        Database::open(place.url()).await.unwrap().close().await;
        for (statement, said) in [
            ("INSERT INTO vestibule_provider (owner, name, type, config) VALUES ('a', 'b', 'X', '{')", ["config_is_a_json_object", "json"]),
            ("INSERT INTO vestibule_provider (owner, name, type, config) VALUES ('a', 'b', 'X', '[]')", ["config_is_a_json_object"; 2]),
            ("INSERT INTO vestibule_provider (owner, name, type, enabled) VALUES ('a', 'b', 'X', 2)", ["enabled_is_0_or_1"; 2]),
            ("INSERT INTO vestibule_provider (owner, name, type) VALUES ('', 'b', 'X')", ["owner_is_a_name"; 2]),
            ("INSERT INTO vestibule_provider (owner, name, type) VALUES ('a', 'b ', 'X')", ["name_is_a_name"; 2]),
            ("INSERT INTO vestibule_provider (owner, name, type) VALUES ('a', 'b', '')", ["type_is_not_empty"; 2]),
            ("INSERT INTO vestibule_provider (owner, name, type, version) VALUES ('a', 'b', 'X', 0)", ["version_is_positive"; 2]),
            ("INSERT INTO vestibule_cert (owner, name) VALUES ('a', 'b/c')", ["name_is_a_name"; 2]),
            ("INSERT INTO vestibule_cert (id, owner, name) VALUES ('7', 'a', 'b')", ["id_is_a_lower_case_uuid"; 2]),
            ("INSERT INTO vestibule_change (at, actor, action, what, row_id, owner, name) VALUES (1, 'a', 'b', 'x', 'd', 'e', 'f')", ["what_is_known"; 2]),
            ("INSERT INTO vestibule_cert_version (cert_id, version, state) VALUES ('00000000-0000-4000-8000-000000000001', 1, 'x')", ["state_is_known"; 2]),
        ] {
            let refused = place.try_execute(statement, &[]).await.expect_err(statement);
            assert!(said.iter().any(|said| refused.contains(said)), "{statement}: {refused}");
        }
    }

    async fn a_name_with_a_control_character_cannot_be_inserted(place: TestDatabase) {
        let database = Database::open(place.url()).await.unwrap();
        let insert = |table, owner: &str, name: &str| {
            sql(format!("INSERT INTO {table} (owner, name, type) VALUES (?, ?, 'x')")).bind(owner).bind(name)
        };
        for table in TABLES {
            for control in (0..=0x9f).filter_map(char::from_u32).filter(|letter| letter.is_control()) {
                for hostile in [format!("ali{control}pay"), format!("{control}alipay"), format!("alipay{control}")] {
                    for (owner, name, constraint) in
                        [(hostile.as_str(), "b", "owner_is_a_name"), ("a", hostile.as_str(), "name_is_a_name")]
                    {
                        let inserted = insert(table, owner, name).execute(&database).await;
                        let said = Error::from(inserted.expect_err(&format!("{table}: {owner:?}, {name:?}"))).report();
                        // PostgreSQL has no text with a NUL in it.
                        assert!(said.contains(constraint) || (control == '\0' && said.contains("22021")), "{said}");
                    }
                }
            }
            // The neighbours of what is refused.
            for name in ["a b", "a~b", "a!b", "a]b", "a-b", "a^b", "a\u{a0}b", "支付宝", "é", "\u{10ffff}"] {
                insert(table, name, name).execute(&database).await.expect(name);
            }
        }
    }

    async fn names_have_a_hundred_letters_at_most_whatever_their_bytes(place: TestDatabase) {
        let database = Database::open(place.url()).await.unwrap();
        for letter in ["a", "宝", "🔑"] {
            let insert = |count| sql("INSERT INTO vestibule_cert (owner, name) VALUES (?, ?)").bind("admin").bind(letter.repeat(count));
            insert(100).execute(&database).await.unwrap();
            insert(101).execute(&database).await.expect_err(letter);
        }
    }

    async fn a_large_certificate_fits(place: TestDatabase) {
        let database = Database::open(place.url()).await.unwrap();
        let large = "支".repeat(300_000);
        sql("INSERT INTO vestibule_cert (owner, name, certificate) VALUES ('a', 'b', ?)").bind(&large).execute(&database).await.unwrap();
        let row = sql("SELECT certificate FROM vestibule_cert").fetch_optional(&database).await.unwrap().unwrap();
        assert_eq!(row.text("certificate").unwrap(), large);
    }

    async fn a_record_has_one_next_version_and_takes_its_versions_with_it(place: TestDatabase) {
        let database = Database::open(place.url()).await.unwrap();
        let id = "00000000-0000-4000-8000-000000000001";
        sql("INSERT INTO vestibule_cert (id, owner, name) VALUES (?, 'a', 'b')").bind(id).execute(&database).await.unwrap();
        let version = |number: i64, state: &str| {
            sql("INSERT INTO vestibule_cert_version (cert_id, version, state) VALUES (?, ?, ?)").bind(id).bind(number).bind(state)
        };
        version(1, "retired").execute(&database).await.unwrap();
        version(2, "retired").execute(&database).await.unwrap();
        version(3, "next").execute(&database).await.unwrap();
        assert!(version(4, "next").execute(&database).await.is_err());
        sql("DELETE FROM vestibule_cert WHERE id = ?").bind(id).execute(&database).await.unwrap();
        let left = sql("SELECT COUNT(*) FROM vestibule_cert_version").fetch_number(&database).await.unwrap();
        assert_eq!(left, 0);
    }
}
