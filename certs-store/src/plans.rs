//! That what is asked often is answered by an index, whatever the number of records.

use vestibule_database::{Database, Dialect, Order, Page, Sql, sql};

use crate::list::{CertFilter, Sort, select};
use crate::stored::select_records;
use crate::{examine, seal_clear};

/// How SQLite goes about a statement, step by step.
async fn steps(statement: &Sql) -> Vec<String> {
    let shown = format!("{statement:?}").replace("\\n", " ");
    let text = shown.strip_prefix("Sql(\"").and_then(|rest| rest.strip_suffix("\")")).unwrap();
    let database = Database::open("sqlite::memory:").await.unwrap();
    let rows = sql(format!("EXPLAIN QUERY PLAN {text}")).fetch_all(&database).await.unwrap();
    rows.iter().map(|row| row.text("detail").unwrap()).collect()
}

#[tokio::test]
async fn a_sign_in_looks_at_its_own_records_only() {
    let steps = steps(&select_records("acme", "admin", &["app".to_owned(), "root".to_owned()])).await;
    for table in ["vestibule_cert", "cert ", "other ", "vestibule_cert_version"] {
        let on_table: Vec<_> = steps.iter().filter(|step| step.contains(&format!(" {table}"))).collect();
        assert!(on_table.iter().all(|step| step.starts_with("SEARCH ")), "{steps:#?}");
    }
}

#[tokio::test]
async fn a_sealing_pass_finds_what_is_clear_without_a_look_at_all_that_is() {
    let active = steps(&seal_clear::clear_active(Dialect::Sqlite)).await;
    assert!(active.len() == 1 && active[0].contains("USING INDEX vestibule_cert_clear"), "{active:#?}");
    let others = steps(&seal_clear::clear_others(Dialect::Sqlite)).await;
    assert!(others[0].contains("INDEX vestibule_cert_version_clear"), "{others:#?}");
    assert!(others.iter().all(|step| step.starts_with("SEARCH ")), "{others:#?}");
    let ends = steps(&examine::unexamined()).await;
    assert!(ends.len() == 1 && ends[0].contains("USING INDEX vestibule_cert_not_after"), "{ends:#?}");
}

#[tokio::test]
async fn a_page_is_cut_out_of_an_index() {
    for (sort, index) in [
        (Sort::Name, "sqlite_autoindex_vestibule_cert_2"),
        (Sort::NotAfter, "vestibule_cert_not_after"),
        (Sort::Updated, "vestibule_cert_updated"),
    ] {
        for order in [Order::Ascending, Order::Descending] {
            let steps = steps(&select(&CertFilter::default(), sort, order, Page::default(), Dialect::Sqlite)).await;
            let cuts = steps.iter().filter(|step| step.contains(index)).count();
            assert!(cuts >= 1 && !steps.iter().any(|step| step == "SCAN vestibule_cert"), "{sort:?}: {steps:#?}");
        }
    }
}
