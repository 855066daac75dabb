//! A row of type "Alipay", opened: the login itself.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use serde::Deserialize;
use vestibule_oauth_provider::{
    AttemptFault, Authorization, Callback, Context, Email, Error, Flow, NewAttempt, OAuthProvider, Phone, Result,
    Secret, Step, Subject, Tokens, Upstream, Url, UserInfo,
};

use crate::answer::{Answer, AnswerFault, Verifier};
use crate::config::{SCOPE_PROFILE, Settings, SubjectName};
use crate::errors::{self, Received, Sent};
use crate::request::{Caller, timestamp};
use crate::slots::Credentials;

const TOKEN: &str = "alipay.system.oauth.token";
const USER_INFO: &str = "alipay.user.info.share";

/// The longest authorization code: <https://opendocs.alipay.com/open/02xtl7>.
const LONGEST_CODE: usize = 40;
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

pub(crate) struct AlipayProvider {
    settings: Settings,
    caller: Caller,
    app_key_sha256: String,
    verifier: Verifier,
    cx: Context,
}

impl AlipayProvider {
    pub(crate) fn new(settings: Settings, credentials: Credentials, cx: Context) -> Self {
        let Credentials { app_cert_sn, app_key_sha256, root_cert_sn, signer, verifier } = credentials;
        let caller = Caller { app_id: settings.app_id.clone(), app_cert_sn, root_cert_sn, signer };
        Self { settings, caller, app_key_sha256, verifier, cx }
    }

    /// Calls a method: sign, send, cut, verify.
    async fn call(&self, method: &str, parameters: &[(&str, &str)]) -> Result<Answered<'_>> {
        let timestamp = timestamp(self.cx.clock().now())?;
        let request = self.caller.request(&self.settings.endpoints.gateway, method, parameters, &timestamp)?;
        let response = self.cx.http().send(request).await.map_err(|error| error.within(method))?;
        let received =
            Received { status: response.status, trace_id: errors::plain_trace_id(response.header("trace_id")) };
        let fault = |fault, received| {
            let sent = Sent {
                method,
                environment: self.settings.environment,
                app_id: &self.caller.app_id,
                app_cert_sn: &self.caller.app_cert_sn,
                root_cert_sn: &self.caller.root_cert_sn,
                app_key_sha256: &self.app_key_sha256,
                timestamp: &timestamp,
            };
            errors::error(fault, &sent, received)
        };
        let verified = self.verifier.verify(method, &response.body);
        if response.status != 200 {
            // Alipay answers 200 whatever it has to say: this came from something in between.
            return Err(match verified {
                Err(
                    unusable @ (AnswerFault::Empty
                    | AnswerFault::TooLarge
                    | AnswerFault::Malformed { .. }
                    | AnswerFault::TooDeep),
                ) => fault(unusable, received),
                _ => Error::network(format!(
                    "{method}: the gateway answered status {}, and Alipay's own answers have status 200",
                    response.status
                )),
            });
        }
        match verified {
            Ok(answer) => {
                self.report_rotation(method, &answer);
                Ok(Answered { answer, provider: self, method: method.to_owned() })
            }
            Err(unusable) => Err(fault(unusable, received)),
        }
    }

    fn report_rotation(&self, method: &str, answer: &Answer) {
        if let Some(alipay_cert_sn) = answer.rotated_to() {
            tracing::warn!(
                provider = %self.cx.row(),
                method,
                alipay_cert_sn,
                "Alipay has issued a new certificate for the same key; download alipayCertPublicKey.crt again before the old one expires"
            );
        }
    }

    /// The subject that the row asks for, among the ids of the token's answer.
    fn subject(&self, ids: &BTreeMap<SubjectName, &str>) -> Result<Subject> {
        let wanted = self.settings.subject;
        let Some(value) = ids.get(&wanted) else { return Err(missing_subject(wanted, ids)) };
        let mut subject = Subject::new(wanted.kind(), *value)?;
        subject.others = ids
            .iter()
            .filter(|(name, _)| **name != wanted)
            .map(|(name, value)| (name.kind(), (*value).to_owned()))
            .collect();
        Ok(subject)
    }

    fn asks_for_the_profile(&self) -> bool {
        self.settings.scope.split(',').any(|scope| scope == SCOPE_PROFILE)
    }
}

/// Kinds are named, values are not.
fn missing_subject(wanted: SubjectName, ids: &BTreeMap<SubjectName, &str>) -> Error {
    let sent: Vec<&str> = ids.keys().map(|name| name.as_str()).collect();
    let wanted = wanted.as_str();
    match sent.as_slice() {
        [] => Error::network(format!("{TOKEN}: Alipay sent no id of the user at all (\"{wanted}\" is wanted)")),
        [only] => Error::configuration(format!(
            "\"subject\" is \"{wanted}\", but Alipay sent {only} only; set \"subject\" to \"{only}\"{}",
            union_id_hint(wanted)
        )),
        several => Error::configuration(format!(
            "\"subject\" is \"{wanted}\", but Alipay sent {} only; set \"subject\" to one of them{}",
            several.join(" and "),
            union_id_hint(wanted)
        )),
    }
}

fn union_id_hint(wanted: &str) -> &'static str {
    if wanted == "union_id" { ", or put the app into a group of apps in Alipay's console" } else { "" }
}

#[async_trait]
impl OAuthProvider for AlipayProvider {
    fn flow(&self) -> Flow {
        // Alipay knows neither PKCE nor nonce: https://opendocs.alipay.com/open/218/105327.
        Flow::CODE
    }

    fn upstream(&self) -> Upstream {
        Upstream { authority: self.settings.endpoints.authority(), client_id: self.settings.app_id.clone() }
    }

    async fn authorize(&self, attempt: &NewAttempt) -> Result<Authorization> {
        let mut url = self.settings.endpoints.authorize.clone();
        url.query_pairs_mut()
            .append_pair("app_id", &self.settings.app_id)
            .append_pair("scope", &self.settings.scope)
            .append_pair("redirect_uri", attempt.redirect_uri().as_str())
            .append_pair("state", attempt.state());
        Ok(Authorization::to(url))
    }

    async fn exchange(&self, callback: &Callback) -> Result<Tokens> {
        let code = self.authorization_code(callback).map_err(|error| error.at(Step::Callback))?;
        let parameters = [("grant_type", "authorization_code"), ("code", code)];
        let tokens = async { self.call(TOKEN, &parameters).await?.parse::<TokenNode>()?.into_tokens() };
        tokens.await.map_err(|error| error.at(Step::Exchange))
    }

    async fn user_info(&self, tokens: &Tokens) -> Result<UserInfo> {
        self.who(tokens).await.map_err(|error| error.at(Step::UserInfo))
    }
}

impl AlipayProvider {
    /// The code of a callback, which nobody has signed.
    fn authorization_code<'c>(&self, callback: &'c Callback) -> Result<&'c str> {
        callback.refusal()?;
        if let Some(other) = callback.parameters().single("app_id")?.filter(|app_id| *app_id != self.settings.app_id) {
            let other =
                if crate::config::app_id(other).is_ok_and(|plain| plain == other) { other } else { "that is none" };
            return Err(Error::attempt(
                AttemptFault::OtherProvider,
                format!(
                    "the callback is for app_id {other}, but this row is app_id {}: codes of two apps were mixed up",
                    self.settings.app_id
                ),
            ));
        }
        let code = callback.authorization_code("auth_code")?;
        let plain = code.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
        if code.len() > LONGEST_CODE || !plain {
            return Err(Error::network(format!(
                "the callback's \"auth_code\" is none of Alipay's: those have at most {LONGEST_CODE} letters and digits"
            )));
        }
        Ok(code)
    }

    async fn who(&self, tokens: &Tokens) -> Result<UserInfo> {
        let ids = SubjectName::ALL
            .into_iter()
            .filter_map(|name| Some((name, tokens.attributes.get(name.as_str())?.as_str())))
            .collect();
        let mut user_info = UserInfo::new(self.subject(&ids)?);
        if !self.asks_for_the_profile() {
            return Ok(user_info);
        }
        let parameters = [("auth_token", tokens.access_token.expose())];
        let profile: ProfileNode = self.call(USER_INFO, &parameters).await?.parse()?;
        profile.is_of(&ids)?;
        self.add_profile(&mut user_info, profile);
        Ok(user_info)
    }

    fn add_profile(&self, user_info: &mut UserInfo, profile: ProfileNode) {
        let text = |text: Option<String>| text.filter(|text| !text.trim().is_empty());
        user_info.name = text(profile.nick_name);
        user_info.avatar = text(profile.avatar).and_then(|avatar| self.avatar(&avatar));
        user_info.email = text(profile.email).map(|address| Email { address, verified: false });
        user_info.phone = text(profile.mobile).map(|number| Phone { number, verified: false });
        for name in ATTRIBUTES {
            if let Some(serde_json::Value::String(value)) = profile.others.get(name) {
                user_info.attributes.insert(name.to_owned(), value.clone());
            }
        }
    }

    /// A picture that a browser may be told to show: https, or what this installation permits.
    fn avatar(&self, text: &str) -> Option<Url> {
        let url = Url::parse(text).ok()?;
        let https =
            url.scheme() == "https" && url.host().is_some() && url.username().is_empty() && url.password().is_none();
        (https || self.cx.http().permit(&url).is_ok()).then_some(url)
    }
}

impl fmt::Debug for AlipayProvider {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("AlipayProvider")
            .field("row", &self.cx.row().to_string())
            .field("app_id", &self.settings.app_id)
            .field("environment", &self.settings.environment)
            .finish_non_exhaustive()
    }
}

/// A verified success, and what is needed to speak of it.
struct Answered<'a> {
    answer: Answer,
    provider: &'a AlipayProvider,
    method: String,
}

impl Answered<'_> {
    fn parse<T: serde::de::DeserializeOwned>(&self) -> Result<T> {
        self.answer.parse().map_err(|_| {
            Error::network(format!(
                "{}: Alipay's answer for app_id {} is signed, but a member of it does not have the documented type",
                self.method, self.provider.settings.app_id
            ))
        })
    }
}

/// The node of `alipay.system.oauth.token`: <https://opendocs.alipay.com/open/02xtl7>.
#[derive(Deserialize)]
struct TokenNode {
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
    fn into_tokens(self) -> Result<Tokens> {
        let access_token = self.access_token.filter(|token| !token.is_empty()).ok_or_else(|| {
            Error::network(format!("{TOKEN}: Alipay's answer is a success without an \"access_token\""))
        })?;
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

/// The node of `alipay.user.info.share`: <https://opendocs.alipay.com/open/02xtlf>. Everything may be missing.
#[derive(Deserialize)]
struct ProfileNode {
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

impl ProfileNode {
    /// Whether it is about the user of the token. Both answers are signed, but nothing in them says that they belong together except the ids.
    fn is_of(&self, ids: &BTreeMap<SubjectName, &str>) -> Result<()> {
        let own = [
            (SubjectName::OpenId, self.open_id.as_deref()),
            (SubjectName::UserId, self.user_id.as_deref()),
            (SubjectName::UnionId, self.union_id.as_deref()),
        ];
        let mut told =
            own.into_iter().filter_map(|(name, id)| Some((name, id.filter(|id| !id.is_empty())?))).peekable();
        if told.peek().is_none() {
            return Ok(());
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
            return Ok(());
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
    fn a_success_without_a_token_is_none() {
        for json in ["{}", r#"{"access_token":""}"#, r#"{"access_token":null}"#] {
            assert!(tokens(json).is_err(), "{json}");
        }
    }

    #[test]
    fn a_missing_subject_names_kinds_and_never_values() {
        let only = missing_subject(SubjectName::UserId, &BTreeMap::from([(SubjectName::OpenId, "074a1Cc")]));
        assert!(only.message().contains("Alipay sent open_id only; set \"subject\" to \"open_id\""), "{only}");
        assert!(!only.message().contains("074a1Cc"));
        let two = BTreeMap::from([(SubjectName::OpenId, "074a1Cc"), (SubjectName::UserId, "2088")]);
        let two = missing_subject(SubjectName::UnionId, &two);
        assert!(two.message().contains("open_id and user_id only"), "{two}");
        assert!(two.message().contains("group of apps"), "{two}");
    }

    #[test]
    fn a_profile_is_compared_with_the_token_by_every_id_they_share() {
        let profile = |json: &str| serde_json::from_str::<ProfileNode>(json).unwrap();
        let ids = BTreeMap::from([(SubjectName::OpenId, "o1"), (SubjectName::UserId, "u1")]);
        for same in
            ["{}", r#"{"open_id":"o1"}"#, r#"{"open_id":"o1","user_id":"u1","union_id":"x"}"#, r#"{"user_id":""}"#]
        {
            assert!(profile(same).is_of(&ids).is_ok(), "{same}");
        }
        for other in [r#"{"open_id":"o2"}"#, r#"{"open_id":"o1","user_id":"u2"}"#, r#"{"union_id":"x"}"#] {
            assert!(profile(other).is_of(&ids).is_err(), "{other}");
        }
    }
}
