//! A file to import, as `vestibule export` writes it.

use serde_json::{Value, json};

use crate::installation::Installation;
use crate::material::Pair;

/// The record with this number, as `owner/name`.
pub(super) fn record(number: usize) -> String {
    format!("admin/{}", record_name(number))
}

/// The row with this number, as `owner/name`.
pub(super) fn row(number: usize) -> String {
    format!("acme/{}", row_name(number))
}

fn record_name(number: usize) -> String {
    format!("app-{number:04}")
}

fn row_name(number: usize) -> String {
    format!("alipay-{number:04}")
}

/// So many records, all with this certificate and key, as many rows, each with one of them, and a record for Alipay.
pub(super) fn export(house: &Installation, pair: &Pair, count: usize) -> String {
    let alipay = house.simulator.app().material();
    let mut certs = vec![cert("root-cert", &alipay.alipay_cert, &alipay.alipay_root_cert)];
    let (certificate, key) = (pair.certificate.pem(), pair.key.pkcs8_base64());
    certs.extend((0..count).map(|number| cert(&record_name(number), &certificate, &key)));
    let providers: Vec<_> = (0..count).map(|number| provider(house, number)).collect();
    // Its head stands before its rows.
    let head = r#""format":"vestibule-export","version":1,"secrets":{"kind":"left_out"}"#;
    format!(r#"{{{head},"certs":{},"providers":{}}}"#, Value::from(certs), Value::from(providers))
}

fn cert(name: &str, certificate: &str, private_key: &str) -> Value {
    json!({
        "owner": "admin",
        "name": name,
        "type": "x509",
        "sharing": { "owners": "all", "hosts": [] },
        "versions": [{ "number": 1, "state": "active", "certificate": certificate, "private_key": private_key }],
    })
}

fn provider(house: &Installation, number: usize) -> Value {
    let mut config = house.config();
    if let Some(config) = config.as_object_mut() {
        config.insert("appCert".to_owned(), record_name(number).into());
    }
    json!({
        "owner": "acme",
        "name": row_name(number),
        "category": "OAuth",
        "type": "Alipay",
        "enabled": true,
        "config": config,
    })
}
