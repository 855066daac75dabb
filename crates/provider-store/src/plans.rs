//! That what is asked often is answered by an index, whatever the number of rows.

use vestibule_database::{Database, Dialect, Order, Page, Sql, sql};

use crate::cert_users::NamedRecord;
use crate::examine::unexamined;
use crate::find::query;
use crate::list::{ProviderFilter, Sort, select};
use crate::sign_in_options::options;

/// How SQLite goes about a statement, step by step.
async fn steps(statement: &Sql) -> Vec<String> {
    let shown = format!("{statement:?}").replace("\\n", " ");
    let text = shown.strip_prefix("Sql(\"").and_then(|rest| rest.strip_suffix("\")")).unwrap();
    let database = Database::open("sqlite::memory:").await.unwrap();
    let rows = sql(format!("EXPLAIN QUERY PLAN {text}")).fetch_all(&database).await.unwrap();
    rows.iter().map(|row| row.text("detail").unwrap()).collect()
}

#[tokio::test]
async fn a_sign_in_looks_at_its_own_row_and_records_only() {
    let steps = steps(&query("acme", "sso", "admin", &["app".to_owned()])).await;
    let on_rows: Vec<_> = steps.iter().filter(|step| step.contains("vestibule_provider")).collect();
    assert_eq!(on_rows.len(), 1, "{steps:#?}");
    assert!(
        on_rows[0].starts_with("SEARCH vestibule_provider USING INDEX") && on_rows[0].ends_with("(owner=? AND name=?)"),
        "{steps:#?}"
    );
    assert!(!steps.iter().any(|step| step.starts_with("SCAN vestibule")), "{steps:#?}");
}

#[tokio::test]
async fn strangers_cannot_make_the_database_go_through_all_rows() {
    let steps = steps(&sql(options(Dialect::Sqlite))).await;
    let on_rows: Vec<_> = steps.iter().filter(|step| step.contains("provider")).collect();
    assert_eq!(on_rows.len(), 2, "{steps:#?}");
    assert_eq!(on_rows[0], "SCAN vestibule_provider USING COVERING INDEX vestibule_provider_sign_in");
    assert!(on_rows[1].starts_with("SEARCH provider USING INDEX") && on_rows[1].ends_with("(id=?)"), "{steps:#?}");
}

#[tokio::test]
async fn what_somebody_else_wrote_is_found_without_a_look_at_the_rest() {
    for kinds in [1, 7] {
        let steps = steps(&unexamined(Dialect::Sqlite, kinds)).await;
        assert_eq!(steps, ["SEARCH vestibule_provider USING INDEX vestibule_provider_unexamined (id>?)"]);
    }
}

#[tokio::test]
async fn who_uses_a_record_is_found_by_its_name_or_by_its_owner() {
    for (owner, index) in [("admin", "vestibule_provider_cert_name"), ("acme", "(owner=?)")] {
        let record = NamedRecord { owner, name: "app", shared_owner: "admin" };
        let steps = steps(&record.used_by(sql("SELECT owner, name FROM vestibule_provider"))).await;
        assert!(steps.iter().any(|step| step.contains(index)), "{steps:#?}");
        assert!(!steps.iter().any(|step| step.starts_with("SCAN ")), "{steps:#?}");
    }
}

#[tokio::test]
async fn a_page_is_cut_out_of_an_index() {
    for (sort, index) in [
        (Sort::Name, "sqlite_autoindex_vestibule_provider_2"),
        (Sort::Kind, "vestibule_provider_type"),
        (Sort::Updated, "vestibule_provider_updated"),
    ] {
        for order in [Order::Ascending, Order::Descending] {
            let steps = steps(&select(&ProviderFilter::default(), sort, order, Page::default(), Dialect::Sqlite)).await;
            assert!(steps.iter().any(|step| step.contains(index)), "{sort:?}: {steps:#?}");
            assert!(!steps.iter().any(|step| step == "SCAN vestibule_provider"), "{sort:?}: {steps:#?}");
        }
    }
    for filter in [
        ProviderFilter { owner: Some(String::new()), ..ProviderFilter::default() },
        ProviderFilter { kind: Some(String::new()), ..ProviderFilter::default() },
        ProviderFilter { cert: Some(String::new()), ..ProviderFilter::default() },
    ] {
        let steps = steps(&select(&filter, Sort::default(), Order::default(), Page::default(), Dialect::Sqlite)).await;
        assert!(!steps.iter().any(|step| step.starts_with("SCAN vestibule")), "{filter:?}: {steps:#?}");
    }
}
