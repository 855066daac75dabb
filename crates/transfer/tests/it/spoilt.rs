//! Files that were cut off, written by hand, or made to do harm.

use vestibule_transfer::{Outcome, Secrets};

use crate::house::{House, import};

const HEAD: &str = r#"{"format":"vestibule-export","version":1,"exported_at":1,"secrets":{"kind":"left_out"},"#;

fn ours(certs: &str, providers: &str) -> String {
    format!("{HEAD}\"certs\":[{certs}],\"providers\":[{providers}]}}")
}

fn row(name: &str, config: &str) -> String {
    format!(r#"{{"owner":"acme","name":{name},"category":"OAuth","type":"Test","enabled":true,"config":{config}}}"#)
}

const GOOD: &str = r#"{"clientId":"a","clientSecret":"hunter2"}"#;

#[tokio::test]
async fn a_file_that_is_cut_off_anywhere_changes_nothing() {
    let house = House::empty().await;
    let file = ours("", &row("\"cut\"", GOOD));
    for end in 0..file.len() {
        let said = house.refusal(&import(&file.as_bytes()[..end])).await;
        assert!(!said.contains("hunter2"), "{said}");
    }
    assert_eq!(house.plan(&import(file.as_bytes())).await.changes(), 1);
    assert!(house.contents().await.is_empty());
}

#[tokio::test]
async fn a_byte_that_was_changed_anywhere_never_panics_and_is_never_repeated() {
    let house = House::empty().await;
    let file = ours("", &row("\"x\"", GOOD));
    for place in 0..file.len() {
        for byte in [b'"', b'{', b'[', b'}', b'9', 0, 0xff] {
            let mut spoilt = file.clone().into_bytes();
            spoilt[place] = byte;
            let result = house.rooms.plan(&import(&spoilt), &mut |_| {}).await;
            let said = result.map_or_else(|error| error.to_string(), |plan| format!("{plan:?}"));
            assert!(!said.contains("hunter2"), "{said}");
        }
    }
}

#[tokio::test]
async fn files_that_are_none_of_ours_are_refused_with_the_reason() {
    let house = House::empty().await;
    let sealed = |kdf: &str| {
        format!(
            r#"{{"format":"vestibule-export","version":1,"secrets":{{"kind":"sealed","kdf":{kdf},"cipher":"aes-256-gcm","check":""}},"certs":[],"providers":[]}}"#
        )
    };
    let kdf = |memory: &str, passes: &str| {
        format!(
            r#"{{"name":"argon2id","memory_kib":{memory},"passes":{passes},"lanes":1,"salt":"AAAAAAAAAAAAAAAAAAAAAA"}}"#
        )
    };
    for (file, reason) in [
        (String::new(), "cut off"),
        ("[]".to_owned(), "one json object"),
        ("\"hunter2\"".to_owned(), "one json object"),
        ("{}".to_owned(), "neither one of vestibule export"),
        ("{\"users\":[]}".to_owned(), "neither one of vestibule export"),
        ("{\"users\":[],\"format\":\"vestibule-export\",\"certs\":[]}".to_owned(), "has to be its first member"),
        ("{\"format\":\"hunter2\"}".to_owned(), "\"format\" is not"),
        ("{\"format\":\"vestibule-export\",\"version\":2}".to_owned(), "\"version\" is another than 1"),
        ("{\"format\":\"vestibule-export\",\"version\":1e400}".to_owned(), ""),
        ("{\"format\":\"vestibule-export\",\"version\":99999999999999999999}".to_owned(), "\"version\" is another"),
        ("{\"format\":\"vestibule-export\",\"version\":\"1\"}".to_owned(), "\"version\" is another"),
        ("{\"format\":\"vestibule-export\",\"version\":1}".to_owned(), "has no \"secrets\""),
        ("{\"format\":\"vestibule-export\",\"version\":1,\"certs\":[]}".to_owned(), "\"certs\" stands before"),
        (format!("{HEAD}\"certs\":[]}}"), "has no \"providers\""),
        (format!("{HEAD}\"certs\":[],\"certs\":[],\"providers\":[]}}"), "\"certs\" twice"),
        (format!("{HEAD}\"version\":1,\"certs\":[],\"providers\":[]}}"), "\"version\" twice"),
        (format!("{HEAD}\"certs\":{{}},\"providers\":[]}}"), "a list"),
        (format!("{HEAD}\"certs\":[],\"providers\":7}}"), ""),
        (format!("{HEAD}\"hunter2\":[],\"certs\":[],\"providers\":[]}}"), "a member that is not known"),
        (format!("{} hunter2", ours("", "")), "something after"),
        (format!("{}{}", ours("", ""), ours("", "")), "something after"),
        (sealed(&kdf("1099511627776", "3")), "asks for more"),
        (sealed(&kdf("65536", "1099511627776")), "asks for more"),
        (sealed(&kdf("18446744073709551616", "3")), "\"secrets\""),
        (sealed(&kdf("-1", "3")), "\"secrets\""),
        (sealed("\"hunter2\""), "\"secrets\""),
        (sealed("null"), "\"secrets\""),
    ] {
        let said = house.refusal(&import(file.as_bytes())).await;
        assert!(said.contains(reason) && !said.contains("hunter2"), "{file}: {said}");
    }
}

#[tokio::test]
async fn a_row_that_cannot_be_used_is_refused_and_named_and_the_others_are_taken() {
    let house = House::empty().await;
    let long = format!("\"{}\"", "x".repeat(101));
    let deep = format!(r#"{{"clientId":"a","more":{}{}}}"#, "[".repeat(100_000), "]".repeat(100_000));
    for (bad, reason) in [
        ("7".to_owned(), "expected"),
        ("null".to_owned(), "expected"),
        ("{}".to_owned(), "missing field"),
        (row("\"nul\\u0000\"", GOOD), "control character"),
        (row("\"a/b\"", GOOD), "would not survive"),
        (row(&long, GOOD), "101 characters"),
        (row("7", GOOD), "expected a string"),
        (row("\"x\"", "7"), "expected an object"),
        (row("\"x\"", r#"{"clientId":"a","clientId":"hunter2"}"#), "twice"),
        (row("\"x\"", r#"{"client_id":"hunter2"}"#), "is not a field of type"),
        (row("\"x\"", r#"{"clientId":"a","clientSecret":["hunter2"]}"#), "expected a string"),
        (row("\"x\"", r#"{"clientId":{"left_out":true}}"#), "is no secret"),
        (row("\"x\"", r#"{"clientId":"a","clientSecret":{"sealed":"AAAA"}}"#), "does not say how"),
        (row("\"x\"", GOOD).replace("\"Test\"", "\"Unheard\""), "known types"),
        (row("\"x\"", GOOD).replace("\"Test\"", "\"\""), "the type is empty"),
        (row("\"x\"", GOOD).replace("\"enabled\":true", "\"enabled\":\"hunter2\""), "\"enabled\""),
        (row("\"x\"", GOOD).replace("\"enabled\"", "\"id\":\"hunter2\",\"enabled\""), "\"id\""),
        (row("\"x\"", GOOD).replace("\"enabled\"", "\"hunter\":2,\"enabled\""), "unknown field"),
        (row("\"x\"", GOOD).replace("\"enabled\"", "\"display_name\":\"a\\u0000b\",\"enabled\""), "display name"),
        (row("\"x\"", &deep), ""),
        (row("\"good\"", GOOD), "stands in the file twice"),
    ] {
        let plan = house.plan(&import(ours("", &format!("{},{bad}", row("\"good\"", GOOD))).as_bytes())).await;
        assert_eq!(plan.changes(), if reason.is_empty() { plan.changes() } else { 1 }, "{bad}");
        if !reason.is_empty() {
            let refused: Vec<_> = plan.refused().collect();
            assert_eq!((refused.len(), refused[0].position), (1, 1));
            assert!(matches!(&refused[0].outcome, Outcome::Refused { why } if why.contains(reason)), "{refused:?}");
        }
        assert!(!format!("{plan:?}").contains("hunter2"), "{plan:?}");
    }
}

#[tokio::test]
async fn a_record_that_cannot_be_used_is_refused() {
    let house = House::empty().await;
    let record = |versions: &str| {
        format!(
            r#"{{"owner":"acme","name":"x","type":"x509","sharing":{{"owners":"all","hosts":[]}},"versions":[{versions}]}}"#
        )
    };
    let version = |number: &str, state: &str| {
        format!(r#"{{"number":{number},"state":"{state}","certificate":"hunter2","private_key":null}}"#)
    };
    let (one, two) = (version("1", "active"), version("2", "active"));
    for (bad, reason) in [
        (record(""), "one of them is \"active\""),
        (record(&format!("{one},{two}")), "one of them is \"active\""),
        (record(&format!("{one},{}", version("1", "retired"))), "the same number"),
        (record(&format!("{one},{},{}", version("2", "next"), version("3", "next"))), "one at most is \"next\""),
        (record(&version("0", "active")), "numbers begin with 1"),
        (record(&version("9223372036854775807", "active")), "numbers begin with 1"),
        (record(&version("1e30", "active")), "expected i64"),
        (record(&version("1", "hunter2")), "\"versions[0].state\""),
        (record(&one), "Certificate"),
        (record(&one).replace("\"all\"", "\"hunter2\""), "\"sharing.owners\""),
        (record(&one).replace("x509", "hunter2"), "type"),
    ] {
        let plan = house.plan(&import(ours(&bad, "").as_bytes())).await;
        let [row] = &plan.rows[..] else { panic!("{plan:?}") };
        assert!(matches!(&row.outcome, Outcome::Refused { why } if why.contains(reason)), "{bad}: {row:?}");
    }
}

#[tokio::test]
async fn a_row_without_an_end_does_not_fill_the_memory() {
    let house = House::empty().await;
    let endless = format!("{HEAD}\"certs\":[\"{}\"],\"providers\":[]}}", "x".repeat(17 * 1024 * 1024));
    let said = house.refusal(&import(endless.as_bytes())).await;
    assert!(said.contains("longer than 16777216 bytes"), "{said}");
    // What nobody wants to know may be as long as it likes.
    let users = format!("{{\"users\":[\"{}\"],\"providers\":null}}", "x".repeat(40 * 1024 * 1024));
    assert!(house.plan(&import(users.as_bytes())).await.rows.is_empty());
}

#[tokio::test]
async fn an_export_of_nothing_is_a_file_that_can_be_taken_in() {
    let house = House::empty().await;
    let file = house.export(&Secrets::LeftOut).await;
    assert!(house.plan(&import(&file)).await.rows.is_empty());
}
