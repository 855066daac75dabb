//! A row of type "Alipay", opened: the login itself.

use std::collections::BTreeMap;
use std::fmt;

use async_trait::async_trait;
use vestibule_oauth_provider::{
    AttemptFault, Authorization, Callback, Context, Error, Flow, NewAttempt, OAuthProvider, Result, Step, Subject,
    Tokens, Upstream, UpstreamCode, Url, UserInfo, VersionState,
};

use crate::answer::{Answer, AnswerFault, SignedWith, Verifier};
use crate::config::{SCOPE_PROFILE, Settings, SubjectName};
use crate::environment::Environment;
use crate::errors::{self, Received, Sent};
use crate::modes::{Credentials, End};
use crate::nodes::{About, ProfileNode, TokenNode};
use crate::request::{Caller, timestamp};

pub(crate) const TOKEN: &str = "alipay.system.oauth.token";
pub(crate) const USER_INFO: &str = "alipay.user.info.share";

/// The longest authorization code: <https://opendocs.alipay.com/open/02xtl7>.
const LONGEST_CODE: usize = 40;

pub(crate) struct AlipayProvider {
    settings: Settings,
    caller: Caller,
    app_key_sha256: String,
    verifier: Verifier,
    ends: Vec<End>,
    cx: Context,
}

impl AlipayProvider {
    pub(crate) fn new(settings: Settings, credentials: Credentials, cx: Context) -> Self {
        let Credentials { known_by, app_key_sha256, signer, verifier, ends } = credentials;
        let (sign_type, charset) = (settings.sign_type, settings.charset);
        let caller = Caller { app_id: settings.app_id.clone(), known_by, sign_type, charset, signer };
        Self { settings, caller, app_key_sha256, verifier, ends, cx }
    }

    /// Calls a method: sign, send, cut, verify.
    async fn call(&self, method: &str, parameters: &[(&str, &str)]) -> Result<Answered<'_>> {
        self.certificates_hold()?;
        let timestamp = timestamp(self.cx.clock().now())?;
        let request = self.caller.request(&self.settings.endpoints.gateway, method, parameters, &timestamp)?;
        let response = self.cx.http().send(request).await.map_err(|error| match self.settings.environment {
            // The row says where that is; Alipay's own addresses are not the row's.
            Environment::Custom => error.within(format!("{method}: \"gatewayUrl\"")),
            Environment::Production | Environment::Sandbox | Environment::Global => error.within(method),
        })?;
        let received =
            Received { status: response.status, trace_id: response.header("trace_id").and_then(errors::plain_word) };
        let fault = |fault, received| {
            let sent = Sent {
                method,
                environment: self.settings.environment,
                app_id: &self.caller.app_id,
                known_by: &self.caller.known_by,
                sign_type: self.caller.sign_type,
                app_key_sha256: &self.app_key_sha256,
                timestamp: &timestamp,
            };
            errors::error(fault, &sent, received)
        };
        let verified = self.verifier.verify(method, &response.body, self.cx.clock().now());
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

    /// Certificates were judged when the row was opened; a process runs longer than some of them.
    fn certificates_hold(&self) -> Result<()> {
        let now = self.cx.clock().now();
        match self.ends.iter().find(|end| now > end.at) {
            Some(end) => Err(Error::configuration(&end.message)),
            None => Ok(()),
        }
    }

    fn report_rotation(&self, method: &str, answer: &Answer) {
        let provider = self.cx.row().to_string();
        if let Some(alipay_cert_sn) = answer.rotated_to() {
            tracing::warn!(
                provider,
                method,
                alipay_cert_sn,
                "Alipay has issued a new certificate for the same key; download alipayCertPublicKey.crt again before the old one expires"
            );
        }
        if answer.signed_with() == SignedWith::Version(VersionState::Next) {
            tracing::info!(
                provider,
                method,
                "Alipay signs with the staged certificate; make that version the active one"
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
        Upstream::new(self.settings.endpoints.authority(), &self.settings.app_id)
    }

    async fn authorize(&self, attempt: &NewAttempt) -> Result<Authorization> {
        self.certificates_hold()?;
        let mut url = self.settings.endpoints.authorize.clone();
        url.query_pairs_mut().append_pair("app_id", &self.settings.app_id).append_pair("scope", &self.settings.scope);
        Ok(Authorization::to(attempt.add_to(url)))
    }

    async fn exchange(&self, callback: &Callback) -> Result<Tokens> {
        let code = self.authorization_code(callback).map_err(|error| error.at(Step::Callback))?;
        let parameters = [("grant_type", "authorization_code"), ("code", code)];
        self.call(TOKEN, &parameters).await?.parse::<TokenNode>()?.into_tokens()
    }

    async fn user_info(&self, tokens: &Tokens, _callback: &Callback) -> Result<UserInfo> {
        self.who(tokens).await
    }
}

impl AlipayProvider {
    /// The code of a callback, which nobody has signed.
    fn authorization_code<'c>(&self, callback: &'c Callback) -> Result<&'c str> {
        if let Some(code) = callback.parameters().single("error_code")? {
            let code = errors::plain_word(code).unwrap_or_else(|| "unreadable".to_owned());
            let message = format!("Alipay sent the browser back with the error_code \"{code}\"; start the login again");
            return Err(Error::upstream(UpstreamCode { code, ..UpstreamCode::default() }, message));
        }
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
        match profile.is_of(&ids)? {
            About::User => profile.add_to(&mut user_info, |avatar| self.avatar(avatar)),
            // The node's name is not signed: this could be any answer without ids.
            About::Nobody => tracing::warn!(
                provider = self.cx.row().to_string(),
                "Alipay's profile names nobody, so nothing of it is used; the user is who the token says"
            ),
        }
        Ok(user_info)
    }

    /// A picture that a browser may be told to show: https, or http where this installation permits the host.
    fn avatar(&self, text: &str) -> Option<Url> {
        let url = Url::parse(text).ok()?;
        let shown = match url.scheme() {
            "https" => url.username().is_empty() && url.password().is_none(),
            "http" => self.cx.http().permit(&url).is_ok(),
            _ => false,
        };
        shown.then_some(url)
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

#[cfg(test)]
mod tests {
    use super::*;

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
}
