//! Cert records, as a provider sees them: texts whose meaning their content decides, and a private key that is handed out for a purpose.

use std::fmt;

use async_trait::async_trait;
use url::Url;
use uuid::Uuid;

use crate::{Error, Result, Secret};

/// Cert records by name.
#[async_trait]
pub trait CertResolver: fmt::Debug + Send + Sync + 'static {
    /// The record `name` of `owner`, or else the shared owner's record of that name.
    ///
    /// # Errors
    /// `Configuration` when neither exists or a sealed field cannot be opened (the message names the record); `Unavailable` or `Internal` when the store
    /// fails.
    async fn resolve(&self, owner: &str, name: &str) -> Result<CertRecord>;
}

/// A cert record: its active version, and the others as far as they may verify something.
#[derive(Clone)]
pub struct CertRecord {
    /// The record's immutable id.
    pub id: Uuid,
    /// Whose record it is: the row's owner, or the shared owner.
    pub owner: String,
    /// The name under which it was asked for.
    pub name: String,
    /// The number of the active version.
    pub version: i64,
    /// The Certificate field of the active version. May be empty.
    pub certificate: String,
    /// The Private key field of the active version.
    pub private_key: PrivateKeyField,
    /// The version that is staged and those that are retired, newest first. What is signed is signed with the active version; what is verified may name
    /// any of them.
    pub others: Vec<CertVersion>,
}

/// A version of a record that is not the active one. No private key is in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertVersion {
    /// Its number; no two versions of a record have the same.
    pub number: i64,
    /// What it is.
    pub state: VersionState,
    /// Its Certificate field.
    pub certificate: String,
    /// What public material stands in its Private key field, such as a root bundle.
    pub beside: Option<String>,
}

/// What a version that is not the active one is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum VersionState {
    /// Staged: it becomes the active one when an administrator switches.
    Next,
    /// It was the active one, and may still verify until it ends or is removed.
    Retired,
}

impl VersionState {
    /// The word for it in tables and answers: `next`, `retired`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Next => "next",
            Self::Retired => "retired",
        }
    }
}

/// The Private key field of a record, opened. Public material may stand in it too, as in Casdoor's guide for Alipay's root bundle; a private key is handed
/// out by [`Context::signing_key`](crate::Context::signing_key) only.
#[derive(Clone)]
pub struct PrivateKeyField(Content);

#[derive(Clone)]
enum Content {
    Empty,
    Public(String),
    Secret(Secret, KeyGrant),
}

/// For whom and towards which hosts a shared record's private key signs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyGrant {
    /// Which owners' rows may use it, besides the record's own.
    pub owners: Owners,
    /// Towards which hosts, for other owners' rows: host names, lower case. When there is none, those that are the vendor's own or that the
    /// installation vouches for.
    pub hosts: Vec<String>,
}

/// Some owners.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Owners {
    /// Every owner.
    All,
    /// These.
    Listed(Vec<String>),
}

impl KeyGrant {
    /// For every owner's rows, towards the hosts that are the vendor's own or that the installation vouches for.
    pub const fn every_owner() -> Self {
        Self { owners: Owners::All, hosts: Vec::new() }
    }
}

/// Where something signed will be sent.
#[derive(Debug, Clone, Copy)]
pub struct Destination<'a> {
    /// The address.
    pub url: &'a Url,
    /// Who says so.
    pub named_by: NamedBy,
}

/// Who says that an address is the upstream's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NamedBy {
    /// The provider type: it is the vendor's published address.
    Vendor,
    /// The row, and nobody else.
    Row,
}

impl PrivateKeyField {
    /// Nothing stands in it.
    pub const EMPTY: Self = Self(Content::Empty);

    /// Public material stands in it: certificates, a public key.
    pub fn public(text: impl Into<String>) -> Self {
        Self(Content::Public(text.into()))
    }

    /// A private key stands in it, or something that may be one.
    pub fn secret(text: Secret, grant: KeyGrant) -> Self {
        Self(Content::Secret(text, grant))
    }

    /// Whether nothing stands in it.
    pub fn is_empty(&self) -> bool {
        matches!(self.0, Content::Empty)
    }

    /// The public material in it.
    pub fn beside(&self) -> Option<&str> {
        match &self.0 {
            Content::Public(text) => Some(text),
            Content::Empty | Content::Secret(..) => None,
        }
    }

    pub(crate) fn for_signing<'r>(
        &'r self,
        record: &CertRecord,
        row_owner: &str,
        destinations: &[Destination<'_>],
        is_vouched_for: impl Fn(&Destination<'_>) -> bool,
    ) -> Result<Option<&'r Secret>> {
        let Content::Secret(key, grant) = &self.0 else { return Ok(None) };
        if record.owner == row_owner {
            return Ok(Some(key));
        }
        let whose = format!("the private key of cert record \"{}/{}\"", record.owner, record.name);
        if matches!(&grant.owners, Owners::Listed(owners) if !owners.iter().any(|owner| owner == row_owner)) {
            return Err(Error::configuration(format!(
                "{whose} is not shared with \"{row_owner}\"; add \"{row_owner}\" to the record's key owners, or give \"{row_owner}\" a record of its own"
            )));
        }
        for destination in destinations {
            let host = destination.url.host_str().unwrap_or_default();
            let allowed = if grant.hosts.is_empty() {
                destination.named_by == NamedBy::Vendor || is_vouched_for(destination)
            } else {
                grant.hosts.iter().any(|listed| listed.eq_ignore_ascii_case(host))
            };
            if !allowed {
                let shared = match grant.hosts.as_slice() {
                    [] => "the vendor's own hosts and for those that the installation vouches for".to_owned(),
                    hosts => hosts.join(", "),
                };
                return Err(Error::configuration(format!(
                    "{whose} is shared with \"{row_owner}\" for {shared} only, and this row points at \"{host}\": nothing is signed for it; point the row \
                     back, add \"{host}\" to the record's key hosts, or give \"{row_owner}\" a record of its own"
                )));
            }
        }
        Ok(Some(key))
    }
}

impl fmt::Debug for CertRecord {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("CertRecord")
            .field("id", &self.id)
            .field("owner", &self.owner)
            .field("name", &self.name)
            .field("version", &self.version)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for PrivateKeyField {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match &self.0 {
            Content::Empty => "PrivateKeyField(empty)",
            Content::Public(_) => "PrivateKeyField(public)",
            Content::Secret(..) => "PrivateKeyField(..)",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(owner: &str, grant: KeyGrant) -> CertRecord {
        CertRecord {
            id: Uuid::nil(),
            owner: owner.to_owned(),
            name: "app".to_owned(),
            version: 1,
            certificate: String::new(),
            private_key: PrivateKeyField::secret(Secret::new("k3y"), grant),
            others: Vec::new(),
        }
    }

    fn ask(record: &CertRecord, url: &str, named_by: NamedBy) -> Result<bool> {
        let url = Url::parse(url).unwrap();
        let vouched = |destination: &Destination<'_>| destination.url.host_str() == Some("vouched.example");
        let key = record.private_key.for_signing(record, "acme", &[Destination { url: &url, named_by }], vouched)?;
        Ok(key.is_some())
    }

    const VENDOR: &str = "https://vendor.example/gateway";

    #[test]
    fn an_own_key_signs_wherever_the_row_points() {
        let own =
            record("acme", KeyGrant { owners: Owners::Listed(Vec::new()), hosts: vec!["gate.example".to_owned()] });
        assert!(ask(&own, "https://anything.example", NamedBy::Row).unwrap());
    }

    #[test]
    fn a_shared_key_signs_for_nobody_who_is_not_named() {
        for owners in [vec![], vec!["Acme".to_owned()], vec!["acme ".to_owned()]] {
            let shared = record("admin", KeyGrant { owners: Owners::Listed(owners), hosts: Vec::new() });
            let said = ask(&shared, VENDOR, NamedBy::Vendor).unwrap_err().to_string();
            assert!(said.contains("\"admin/app\"") && said.contains("add \"acme\""), "{said}");
        }
    }

    #[test]
    fn a_shared_key_signs_towards_the_vendor_and_vouched_hosts_unless_hosts_are_named() {
        for owners in [Owners::All, Owners::Listed(vec!["acme".to_owned()])] {
            let shared = record("admin", KeyGrant { owners, hosts: Vec::new() });
            assert!(ask(&shared, VENDOR, NamedBy::Vendor).unwrap());
            assert!(ask(&shared, "https://vouched.example", NamedBy::Row).unwrap());
            let said = ask(&shared, "https://evil.example", NamedBy::Row).unwrap_err().to_string();
            assert!(said.contains("\"evil.example\"") && !said.contains("k3y"), "{said}");
        }
    }

    #[test]
    fn where_hosts_are_named_only_they_count() {
        let shared = record("admin", KeyGrant { owners: Owners::All, hosts: vec!["gate.example".to_owned()] });
        assert!(ask(&shared, "https://GATE.example/x", NamedBy::Row).unwrap());
        for (url, named_by) in [
            (VENDOR, NamedBy::Vendor),
            ("https://vouched.example", NamedBy::Row),
            ("https://gate.example.evil.example", NamedBy::Row),
            ("https://evil.example/gate.example", NamedBy::Row),
        ] {
            assert!(ask(&shared, url, named_by).is_err(), "{url}");
        }
    }

    #[test]
    fn every_destination_counts_and_debug_shows_no_key() {
        let shared = record("admin", KeyGrant::every_owner());
        let (good, bad) = (Url::parse(VENDOR).unwrap(), Url::parse("https://evil.example").unwrap());
        let both =
            [Destination { url: &good, named_by: NamedBy::Vendor }, Destination { url: &bad, named_by: NamedBy::Row }];
        assert!(shared.private_key.for_signing(&shared, "acme", &both, |_| false).is_err());
        assert!(!format!("{shared:?}{:?}", shared.private_key).contains("k3y"));
    }
}
