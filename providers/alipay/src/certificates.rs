//! What a certificate is in Alipay's world, told by its names, and what a text of a cert record holds.
//!
//! Every merchant's certificates chain to the same roots as Alipay's own, so a chain proves nothing about whose they are; the subject does. The forms, as
//! seen on certificates of production and sandbox: apps `CN=<pid>-<app_id>`, Alipay's own `CN=支付宝(中国)网络技术有限公司-<pid>` with the pid of the merchant it
//! was issued for, issuing authorities `OU=Certification Authority…`, roots self-issued.

use std::fmt;
use std::time::{Duration, SystemTime};

use jiff::Timestamp;
use vestibule_x509_material::{Certificate, Kind, Material, Name};

const ORGANIZATIONAL_UNIT: &str = "2.5.4.11";
const COMMON_NAME: &str = "2.5.4.3";

/// From how long before its end a certificate is spoken of.
pub(crate) const NOTICE: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// What a certificate is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Role {
    /// A merchant's app: `appCertPublicKey.crt`.
    App { pid: String, app_id: String },
    /// Alipay's own, issued for a merchant: `alipayCertPublicKey.crt`.
    Alipay { pid: String },
    /// An authority that issues certificates.
    IssuingAuthority,
    /// A root, or what looks like one.
    Root,
    /// None of these; its common name.
    Other { common_name: Option<String> },
}

impl Role {
    pub(crate) fn of(certificate: &Certificate) -> Self {
        let common_name = certificate.common_name();
        if certificate.is_self_issued() {
            return Self::Root;
        }
        if attributes(certificate.subject(), ORGANIZATIONAL_UNIT)
            .any(|unit| unit.starts_with("Certification Authority"))
        {
            return Self::IssuingAuthority;
        }
        match common_name.as_deref().and_then(|name| name.rsplit_once('-')) {
            Some((pid, app_id)) if is_pid(pid) && is_app_id(app_id) => {
                Self::App { pid: pid.to_owned(), app_id: app_id.to_owned() }
            }
            Some((company, pid)) if is_company(company) && is_pid(pid) => Self::Alipay { pid: pid.to_owned() },
            _ => Self::Other { common_name },
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::App { pid, app_id } => write!(formatter, "an app certificate ({pid}-{app_id})"),
            Self::Alipay { pid } => write!(formatter, "an Alipay certificate (for pid {pid})"),
            Self::IssuingAuthority => formatter.write_str("the certificate of an issuing authority"),
            Self::Root => formatter.write_str("a root certificate"),
            Self::Other { common_name: Some(name) } => {
                write!(formatter, "a certificate that is not one of Alipay's ({})", shown(name))
            }
            Self::Other { common_name: None } => formatter.write_str("a certificate that is not one of Alipay's"),
        }
    }
}

/// A merchant's id: 2088 and twelve digits.
fn is_pid(text: &str) -> bool {
    text.len() == 16 && text.starts_with("2088") && is_digits(text)
}

fn is_app_id(text: &str) -> bool {
    text.len() <= 32 && is_digits(text)
}

/// A company has a name: what looks like a pid, or ends like the list of them, is none.
fn is_company(text: &str) -> bool {
    text.chars().any(char::is_alphabetic) && !text.split('-').any(is_pid)
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// A name from a certificate for a message: short, and nothing that changes how the rest reads.
fn shown(text: &str) -> String {
    let mut shown: String = text.chars().take(80).flat_map(char::escape_debug).collect();
    if text.chars().count() > 80 {
        shown.push('…');
    }
    shown
}

/// What a text holds, as a whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Holding {
    /// `alipayRootCert.crt`: roots, perhaps with issuing authorities among them.
    RootBundle,
    /// Certificates, of which the first decides.
    Certificate(Role),
    /// Something else.
    Else(Kind),
}

impl Holding {
    pub(crate) fn of(material: &Material) -> Self {
        let roles: Vec<Role> = material.certificates().iter().map(Role::of).collect();
        let Some(first) = roles.first() else { return Self::Else(material.kind()) };
        let only_authorities = roles.iter().all(|role| matches!(role, Role::Root | Role::IssuingAuthority));
        if only_authorities && roles.contains(&Role::Root) {
            Self::RootBundle
        } else {
            Self::Certificate(first.clone())
        }
    }
}

impl fmt::Display for Holding {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::RootBundle => formatter.write_str("the root bundle"),
            Self::Certificate(role) => role.fmt(formatter),
            Self::Else(kind) => kind.fmt(formatter),
        }
    }
}

/// The family of the issuing authority: Alipay's own certificates come from `… Class 2 …`.
pub(crate) fn is_issued_by_class_2(certificate: &Certificate) -> bool {
    common_names(certificate.issuer())
        .any(|name| name.split_whitespace().collect::<Vec<_>>().windows(2).any(|words| words == ["Class", "2"]))
}

/// Whether the test authority issued it, that of the sandbox: its names end in "test".
pub(crate) fn is_issued_by_test_authority(certificate: &Certificate) -> bool {
    common_names(certificate.issuer()).any(|name| name.ends_with(" test") || name.ends_with("-test"))
}

fn common_names(name: &Name) -> impl Iterator<Item = String> {
    attributes(name, COMMON_NAME)
}

fn attributes<'a>(name: &'a Name, oid: &'a str) -> impl Iterator<Item = String> + 'a {
    name.rdns()
        .iter()
        .flat_map(vestibule_x509_material::Rdn::attributes)
        .filter(move |attribute| attribute.oid() == oid)
        .filter_map(vestibule_x509_material::Attribute::text)
}

/// How a certificate stands to the present.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Validity {
    Holds,
    /// It holds, and will not for long. The day of its end.
    EndsSoon(String),
    /// The day of its end.
    Expired(String),
    /// The day of its beginning.
    NotYet(String),
    Unreadable,
}

impl Validity {
    pub(crate) fn of(certificate: &Certificate, now: SystemTime) -> Self {
        let (Some(from), Some(until)) = (certificate.not_before(), certificate.not_after()) else {
            return Self::Unreadable;
        };
        if now > until {
            Self::Expired(day(until))
        } else if now < from {
            Self::NotYet(day(from))
        } else if until.duration_since(now).is_ok_and(|left| left <= NOTICE) {
            Self::EndsSoon(day(until))
        } else {
            Self::Holds
        }
    }
}

/// A day as messages write it.
pub(crate) fn day(time: SystemTime) -> String {
    Timestamp::try_from(time)
        .map_or_else(|_| "a day outside the calendar".to_owned(), |time| time.strftime("%Y-%m-%d").to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pid_a_company_and_an_app_id_are_told_apart() {
        assert!(is_pid("2088000000000001"));
        for other in ["2088", "1088000000000001", "20880000000000011", "2088OOOOOOOOOOO1"] {
            assert!(!is_pid(other), "{other}");
        }
        assert!(is_company("支付宝(中国)网络技术有限公司") && is_company("A-B"));
        for other in ["", "12", "2088000000000001", "x-2088000000000001"] {
            assert!(!is_company(other), "{other}");
        }
        assert!(is_app_id("2021000000000001") && !is_app_id("") && !is_app_id("wx1"));
    }

    #[test]
    fn names_in_messages_are_short_and_plain() {
        assert_eq!(shown("a\nb\u{202e}"), "a\\nb\\u{202e}");
        assert_eq!(shown(&"x".repeat(100)).chars().count(), 81);
    }
}
