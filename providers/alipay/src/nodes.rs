//! The nodes of the two methods, and what is made of them.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Deserialize;
use vestibule_oauth_provider::{Email, Error, Phone, Result, Secret, Tokens, Url, UserInfo};

use crate::config::SubjectName;
use crate::provider::{TOKEN, USER_INFO};

/// No token lives longer than this many seconds (a hundred years): what is more is a mistake.
const LONGEST_LIFE: u64 = 100 * 366 * 24 * 60 * 60;

/// Members of a profile that are handed on under their own names. Identity papers (`cert_no`) are not.
const ATTRIBUTES: [&str; 9] = [
    "gender",
    "province",
    "city",
    "country_code",
    "display_name",
    "user_type",
    "user_status",
    "is_certified",
    "is_student_certified",
];

/// The node of `alipay.system.oauth.token`: <https://opendocs.alipay.com/open/02xtl7>.
#[derive(Deserialize)]
pub(crate) struct TokenNode {
    access_token: Option<Secret>,
    refresh_token: Option<Secret>,
    expires_in: Option<Lifetime>,
    re_expires_in: Option<Lifetime>,
    user_id: Option<String>,
    open_id: Option<String>,
    union_id: Option<String>,
    auth_start: Option<String>,
    auth_token_type: Option<String>,
}

/// Documented as a string, sent as a number.
#[derive(Deserialize)]
#[serde(untagged)]
enum Lifetime {
    Number(u64),
    Text(String),
}

impl Lifetime {
    fn seconds(&self) -> Result<Duration> {
        let seconds = match self {
            Self::Number(seconds) => Some(*seconds),
            Self::Text(digits) if digits.bytes().all(|byte| byte.is_ascii_digit()) => digits.parse().ok(),
            Self::Text(_) => None,
        };
        seconds
            .filter(|seconds| *seconds <= LONGEST_LIFE)
            .map(Duration::from_secs)
            .ok_or_else(|| Error::network(format!("{TOKEN}: the lifetime of a token is not a number of seconds")))
    }
}

impl TokenNode {
    pub(crate) fn into_tokens(self) -> Result<Tokens> {
        let access_token = self.access_token.filter(|token| !token.is_empty()).ok_or_else(|| {
            Error::network(format!("{TOKEN}: Alipay's answer is a success without an \"access_token\""))
        })?;
        // It goes into the next request's string to sign, in which "&" would begin another parameter.
        if !is_plain(access_token.expose()) {
            return Err(Error::network(format!("{TOKEN}: the \"access_token\" is none of Alipay's")));
        }
        let named = [
            ("user_id", self.user_id),
            ("open_id", self.open_id),
            ("union_id", self.union_id),
            ("auth_start", self.auth_start),
            ("auth_token_type", self.auth_token_type),
        ];
        let attributes = named
            .into_iter()
            .filter_map(|(name, value)| Some((name.to_owned(), value.filter(|value| !value.is_empty())?)))
            .collect();
        Ok(Tokens {
            expires_in: self.expires_in.map(|life| life.seconds()).transpose()?,
            refresh_token: self.refresh_token.filter(|token| !token.is_empty()),
            refresh_expires_in: self.re_expires_in.map(|life| life.seconds()).transpose()?,
            attributes,
            ..Tokens::bearer(access_token)
        })
    }
}

/// Documented are at most 40 characters; all that were seen are letters and digits.
fn is_plain(token: &str) -> bool {
    token.len() <= 256
        && token
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~' | b'+' | b'/' | b'='))
}

/// The node of `alipay.user.info.share`: <https://opendocs.alipay.com/open/02xtlf>. Everything may be missing.
#[derive(Deserialize)]
pub(crate) struct ProfileNode {
    user_id: Option<String>,
    open_id: Option<String>,
    union_id: Option<String>,
    nick_name: Option<String>,
    avatar: Option<String>,
    email: Option<String>,
    mobile: Option<String>,
    #[serde(flatten)]
    others: serde_json::Map<String, serde_json::Value>,
}

/// Whom a profile is about.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum About {
    /// The user of the token.
    User,
    /// It has no id.
    Nobody,
}

impl ProfileNode {
    /// Adds what a profile tells besides ids; `avatar` says which address of a picture is handed on. E-mail and phone come without a word on whether they
    /// were verified, so they are not.
    pub(crate) fn add_to(self, user_info: &mut UserInfo, avatar: impl FnOnce(&str) -> Option<Url>) {
        let text = |text: Option<String>| text.filter(|text| !text.trim().is_empty());
        user_info.name = text(self.nick_name);
        user_info.avatar = text(self.avatar).and_then(|address| avatar(&address));
        user_info.email = text(self.email).map(|address| Email { address, verified: false });
        user_info.phone = text(self.mobile).map(|number| Phone { number, verified: false });
        for name in ATTRIBUTES {
            if let Some(serde_json::Value::String(value)) = self.others.get(name) {
                user_info.attributes.insert(name.to_owned(), value.clone());
            }
        }
    }

    /// Whether it is about the user of the token, or about nobody. Both answers are signed, but nothing in them says that they belong together except
    /// the ids.
    pub(crate) fn is_of(&self, ids: &BTreeMap<SubjectName, &str>) -> Result<About> {
        let own = [
            (SubjectName::OpenId, self.open_id.as_deref()),
            (SubjectName::UserId, self.user_id.as_deref()),
            (SubjectName::UnionId, self.union_id.as_deref()),
        ];
        let mut told =
            own.into_iter().filter_map(|(name, id)| Some((name, id.filter(|id| !id.is_empty())?))).peekable();
        if told.peek().is_none() {
            return Ok(About::Nobody);
        }
        let mut in_common = false;
        for (name, id) in told {
            match ids.get(&name) {
                Some(expected) if *expected != id => {
                    return Err(Error::signature(format!(
                        "{USER_INFO}: the profile is another user's than the token's: the two have a different {}",
                        name.as_str()
                    )));
                }
                Some(_) => in_common = true,
                None => {}
            }
        }
        if in_common {
            return Ok(About::User);
        }
        Err(Error::signature(format!(
            "{USER_INFO}: the profile has no kind of id in common with the token, so it may be another user's"
        )))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens(json: &str) -> Result<Tokens> {
        serde_json::from_str::<TokenNode>(json).unwrap().into_tokens()
    }

    #[test]
    fn lifetimes_are_numbers_or_texts_of_digits() {
        let read = tokens(r#"{"access_token":"a","expires_in":"1296000","re_expires_in":2592000,"refresh_token":""}"#)
            .unwrap();
        assert_eq!(read.expires_in, Some(Duration::from_secs(1_296_000)));
        assert_eq!(read.refresh_expires_in, Some(Duration::from_secs(2_592_000)));
        assert!(read.refresh_token.is_none());
        for life in ["\"\"", "\"-1\"", "\"1e9\"", "\"+5\"", "18446744073709551615", "\"99999999999999999999\""] {
            let error = tokens(&format!(r#"{{"access_token":"a","expires_in":{life}}}"#)).unwrap_err();
            assert!(error.message().contains("not a number of seconds"), "{error}");
        }
    }

    #[test]
    fn a_token_that_would_add_parameters_to_the_next_request_is_none() {
        for token in ["x&method=alipay.trade.refund", "x y", "\u{0}", &"x".repeat(257)] {
            let json = serde_json::json!({ "access_token": token }).to_string();
            let error = tokens(&json).unwrap_err();
            assert!(error.message().contains("none of Alipay's") && !error.message().contains(token), "{error}");
        }
    }

    #[test]
    fn a_success_without_a_token_is_none() {
        for json in ["{}", r#"{"access_token":""}"#, r#"{"access_token":null}"#] {
            assert!(tokens(json).is_err(), "{json}");
        }
    }

    #[test]
    fn a_profile_is_compared_with_the_token_by_every_id_they_share() {
        let profile = |json: &str| serde_json::from_str::<ProfileNode>(json).unwrap();
        let ids = BTreeMap::from([(SubjectName::OpenId, "o1"), (SubjectName::UserId, "u1")]);
        for same in [r#"{"open_id":"o1"}"#, r#"{"open_id":"o1","user_id":"u1","union_id":"x"}"#] {
            assert_eq!(profile(same).is_of(&ids).unwrap(), About::User, "{same}");
        }
        for nobody in ["{}", r#"{"user_id":""}"#, r#"{"nick_name":"x"}"#] {
            assert_eq!(profile(nobody).is_of(&ids).unwrap(), About::Nobody, "{nobody}");
        }
        for other in [r#"{"open_id":"o2"}"#, r#"{"open_id":"o1","user_id":"u2"}"#, r#"{"union_id":"x"}"#] {
            assert!(profile(other).is_of(&ids).is_err(), "{other}");
        }
    }
}
