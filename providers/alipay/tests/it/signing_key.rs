//! Whose key signs, and for whom.

use std::sync::Arc;

use vestibule_alipay_simulator::{Material, RsaKey, SharedKey};
use vestibule_oauth_provider::{KeyGrant, Owners, PrivateKeyField, Secret, Severity};
use vestibule_testkit::{FixedClock, ScriptedHttp};

use crate::house::{check, config, context, custom, guide, open};
use crate::slots::{SUBJECT, assert_says, cx, material, refusal};

#[tokio::test]
async fn a_shared_key_signs_nothing_for_a_gateway_that_only_the_row_names() {
    let http = || Arc::new(ScriptedHttp::default().not_vouching_for("sim.example"));
    let rogue = context(guide(&material()), http(), FixedClock::new());
    let said = open(&custom(SUBJECT), &rogue).await.expect_err("refused").message().to_owned();
    assert_says(&said, &["\"appCert\"", "\"admin/app-cert\"", "\"sim.example\"", "nothing is signed for it"]);
    let findings = check(&custom(SUBJECT), &rogue).await;
    let faults: Vec<_> = findings.iter().filter(|finding| finding.severity == Severity::Fatal).collect();
    assert!(faults.len() == 1 && faults[0].message == said, "the key is not even looked at: {findings:?}");

    // Alipay's own gateway is Alipay's, whoever names it.
    let production = check(&config(SUBJECT), &rogue).await;
    assert!(!production.iter().any(|finding| finding.message.contains("nothing is signed")), "{production:?}");
    // With a host that the installation vouches for it is signed, and so is with a key of one's own.
    open(&custom(SUBJECT), &cx(guide(&material()))).await.unwrap();
    let own = guide(&material()).changed("app-cert", |record| record.owner = "acme".to_owned());
    open(&custom(SUBJECT), &context(own, http(), FixedClock::new())).await.unwrap();
}

#[tokio::test]
async fn a_shared_key_signs_for_the_owners_and_hosts_that_its_record_names() {
    let granted = |owners: Owners, hosts: &[&str]| {
        let grant = KeyGrant { owners, hosts: hosts.iter().map(|host| (*host).to_owned()).collect() };
        let key = PrivateKeyField::secret(Secret::new(material().app_private_key), grant);
        guide(&material()).changed("app-cert", |record| record.private_key = key)
    };
    let acme = || Owners::Listed(vec!["acme".to_owned()]);
    open(&custom(SUBJECT), &cx(granted(acme(), &["sim.example"]))).await.unwrap();
    let message = refusal(granted(Owners::Listed(Vec::new()), &["sim.example"]), &custom(SUBJECT)).await;
    assert_says(&message, &["\"admin/app-cert\" is not shared with \"acme\""]);
    for hosts in [&["other.example"][..], &["openapi.alipay.com"]] {
        let message = refusal(granted(acme(), hosts), &custom(SUBJECT)).await;
        assert_says(&message, &["add \"sim.example\" to the record's key hosts"]);
    }
    // Where hosts are named, Alipay's own count only when they are among them.
    let findings = check(&config(SUBJECT), &cx(granted(acme(), &["sim.example"]))).await;
    assert!(findings.iter().any(|finding| finding.message.contains("\"openapi.alipay.com\"")), "{findings:?}");
}

#[tokio::test]
async fn a_key_is_not_asked_for_where_the_row_does_not_say_where_to_send_what_it_signs() {
    let config = custom(SUBJECT).replace("https://sim.example/gateway.do", "gateway");
    let mismatched = RsaKey::shared(SharedKey::Stranger).unwrap().pkcs8_base64();
    let findings = check(&config, &cx(guide(&Material { app_private_key: mismatched, ..material() }))).await;
    assert_eq!(findings.len(), 1, "{findings:?}");
    assert_says(&findings[0].message, &["\"gatewayUrl\" is not an absolute url"]);
    // A row that only lacks its subject is judged whole.
    let certs = guide(&Material { app_private_key: "no key".to_owned(), ..material() });
    let findings = check(&custom(r#""scope":"auth_base""#), &cx(certs)).await;
    let all = findings.iter().map(|finding| finding.message.as_str()).collect::<Vec<_>>().join("\n");
    assert_says(&all, &["\"subject\" is missing", "the Private key field of record \"admin/app-cert\""]);
}
