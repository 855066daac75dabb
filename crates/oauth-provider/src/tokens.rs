//! What an upstream hands out, and whom it names.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use url::Url;

use crate::{Error, Result, Secret};

/// The answer of a token endpoint (RFC 6749 section 5.1). Handed to the host, not stored. Its `Debug` shows which tokens there are, never their text.
#[derive(Clone)]
pub struct Tokens {
    /// The access token.
    pub access_token: Secret,
    /// How long the access token lives, counted from the answer, where the upstream says so.
    pub expires_in: Option<Duration>,
    /// The refresh token, where there is one.
    pub refresh_token: Option<Secret>,
    /// How long the refresh token lives, counted from the answer, where the upstream says so.
    pub refresh_expires_in: Option<Duration>,
    /// The ID token (OpenID Connect Core section 2), where there is one.
    pub id_token: Option<Secret>,
    /// The scope that was granted, where the upstream says so.
    pub scope: Option<String>,
    /// What else came with the tokens and is no secret, by the vendor's names: ids, times, kinds.
    pub attributes: BTreeMap<String, String>,
}

impl Tokens {
    /// Tokens of which nothing but the access token is known.
    pub fn bearer(access_token: Secret) -> Self {
        Self {
            access_token,
            expires_in: None,
            refresh_token: None,
            refresh_expires_in: None,
            id_token: None,
            scope: None,
            attributes: BTreeMap::new(),
        }
    }
}

impl fmt::Debug for Tokens {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Tokens")
            .field("expires_in", &self.expires_in)
            .field("has_refresh_token", &self.refresh_token.is_some())
            .field("has_id_token", &self.id_token.is_some())
            .finish_non_exhaustive()
    }
}

/// Who signed in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UserInfo {
    /// Who it is, for this provider row.
    pub subject: Subject,
    /// The name to show. It identifies nobody: people choose and change it.
    pub name: Option<String>,
    /// A picture. To be shown by the browser, never fetched by a server.
    pub avatar: Option<Url>,
    /// An e-mail address with what the upstream says of it, or nothing.
    pub email: Option<Email>,
    /// A phone number with what the upstream says of it, or nothing.
    pub phone: Option<Phone>,
    /// What else the upstream told, by its own names.
    pub attributes: BTreeMap<String, String>,
}

impl UserInfo {
    /// Someone of whom nothing but the subject is known.
    pub fn new(subject: Subject) -> Self {
        Self { subject, name: None, avatar: None, email: None, phone: None, attributes: BTreeMap::new() }
    }
}

/// Who it is: with the provider row's id, the key of an identity.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subject {
    /// Which of the upstream's ids it is.
    pub kind: SubjectKind,
    /// The id, as the upstream writes it.
    pub value: String,
    /// The other ids that came with it. They are not the key, and never take its place.
    pub others: BTreeMap<SubjectKind, String>,
}

/// The longest subject, in bytes, as OpenID Connect Core section 2 has it.
const LONGEST_SUBJECT: usize = 255;

impl Subject {
    /// A subject without other ids.
    ///
    /// # Errors
    /// `Network`, when `value` is empty, longer than 255 bytes or holds control characters: no upstream means that.
    pub fn new(kind: SubjectKind, value: impl Into<String>) -> Result<Self> {
        let value = value.into();
        if value.is_empty() || value.len() > LONGEST_SUBJECT || value.chars().any(char::is_control) {
            return Err(Error::network(format!(
                "the upstream's \"{kind}\" is not an id: it must have 1 to {LONGEST_SUBJECT} bytes and no control characters"
            )));
        }
        Ok(Self { kind, value, others: BTreeMap::new() })
    }
}

/// Which of an upstream's ids a subject is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SubjectKind(String);

impl SubjectKind {
    /// A kind by the upstream's own name for it: `sub`, `open_id`, `union_id`, `user_id`, `id` …
    pub fn new(name: impl Into<String>) -> Self {
        Self(name.into())
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for SubjectKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// An e-mail address, never without its flag.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Email {
    /// The address.
    pub address: String,
    /// Whether the upstream says, in the same answer, that it belongs to this person.
    pub verified: bool,
}

/// A phone number, never without its flag.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Phone {
    /// The number, as the upstream writes it.
    pub number: String,
    /// Whether the upstream says, in the same answer, that it belongs to this person.
    pub verified: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subject_is_an_id_and_nothing_else() {
        let kind = || SubjectKind::new("open_id");
        assert!(Subject::new(kind(), "074a1CcTG1LelxKe4xQC0zgNdId0nxi95b5lsNpazWYoCo5").is_ok());
        for value in [String::new(), "a\nb".to_owned(), "x".repeat(256)] {
            assert!(Subject::new(kind(), value).is_err());
        }
    }
}
