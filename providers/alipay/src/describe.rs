//! What Alipay's rules say about a text that an administrator holds in hands.

use vestibule_oauth_provider::{About, Fact};
use vestibule_x509_material::Material;

use crate::certificates::{Holding, Role};
use crate::serial_number::{cert_sn, root_sn};

/// `cert_sn` and `role` of each certificate, `root_sn` and, for a root bundle, `role` of the text. Nothing for a text without certificates.
pub(crate) fn describe(text: &str) -> Vec<Fact> {
    let Ok(material) = Material::read(text) else { return Vec::new() };
    let mut facts = Vec::new();
    for (index, certificate) in material.certificates().iter().enumerate() {
        let about = About::Certificate(index);
        facts.push(Fact { about, name: "cert_sn".into(), value: cert_sn(certificate) });
        facts.push(Fact { about, name: "role".into(), value: Role::of(certificate).to_string() });
    }
    if let Some(value) = root_sn(material.certificates()) {
        facts.push(Fact { about: About::Text, name: "root_sn".into(), value });
    }
    if Holding::of(&material) == Holding::RootBundle {
        facts.push(Fact { about: About::Text, name: "role".into(), value: Holding::RootBundle.to_string() });
    }
    facts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_certificate_is_described_and_a_text_without_one_is_not() {
        let facts = describe(include_str!("../tests/data/unusual_issuer.crt"));
        let expected = include_str!("../tests/data/unusual_issuer.sn").trim();
        assert!(facts.contains(&Fact {
            about: About::Certificate(0),
            name: "cert_sn".into(),
            value: expected.to_owned()
        }));
        assert!(facts.contains(&Fact { about: About::Text, name: "root_sn".into(), value: expected.to_owned() }));

        let facts = describe(include_str!("../tests/data/elliptic.crt"));
        assert!(facts.iter().all(|fact| fact.name != "root_sn"), "{facts:?}");
        assert_eq!(describe("nothing of that kind"), []);
    }
}
