//! The authorize page's rules: what an authorization request must be, and the redirect that answers it.
//!
//! Source: Alipay's guide to "user authorization" (`publicAppAuthorize.htm`). Deviations from production are marked.

use url::Url;

use crate::{
    authority::AuthorityError,
    charset::Charset,
    parameters::{ParameterFault, Parameters, split},
    state::World,
};

/// Most characters of `state`.
const STATE_LIMIT: usize = 100;

/// What the person is asked for; Alipay's other scopes need a contract and are refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// `auth_base`: the person's ids. Production asks nobody; the simulator must, to learn who it is.
    Base,
    /// `auth_user`: ids and profile.
    User,
}

/// Why an authorization request is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AuthorizeFault {
    /// A parameter came twice, or the query is no percent-encoded UTF-8.
    #[error("参数错误：{0} / invalid parameters: {0}")]
    Parameters(String),
    /// `app_id` is missing.
    #[error("缺少 app_id 参数 / the parameter \"app_id\" is missing")]
    MissingAppId,
    /// No such application.
    #[error("app_id 无效：{0} / no application has the app_id \"{0}\"")]
    UnknownApp(String),
    /// `scope` is missing.
    #[error("缺少 scope 参数 / the parameter \"scope\" is missing")]
    MissingScope,
    /// A scope that the application may not use, or that does not exist.
    #[error(
        "scope 权限不足或无效：{0} / the scope \"{0}\" is not granted to this application; use auth_base or auth_user"
    )]
    Scope(String),
    /// `redirect_uri` is missing.
    #[error("缺少 redirect_uri 参数 / the parameter \"redirect_uri\" is missing")]
    MissingRedirectUri,
    /// `redirect_uri` is no http or https address without fragment and credentials.
    #[error("redirect_uri 格式错误：{0} / \"{0}\" is no http or https address without fragment and credentials")]
    RedirectUri(String),
    /// The host of `redirect_uri` is not the registered one.
    #[error(
        "redirect_uri 与应用配置的授权回调地址不一致：{found} ≠ {registered} / the host of redirect_uri is \"{found}\", registered is \"{registered}\""
    )]
    RedirectDomain {
        /// Host in the request.
        found: String,
        /// Host registered for the application.
        registered: String,
    },
    /// `state` is longer than 100 characters.
    #[error("state 长度超过 100 / \"state\" has {0} characters, at most 100 are allowed")]
    StateLength(usize),
    /// `state` has a character outside `A-Z a-z 0-9 + / =`.
    #[error("state 只允许 base64 字符 / \"state\" may only have characters of the base64 alphabet (A-Z a-z 0-9 + / =)")]
    StateAlphabet,
    /// The address is not the authorize page's.
    #[error("页面不存在 / \"{0}\" is not the authorize page of this simulator")]
    Address(String),
    /// Nobody was picked, or nobody of that name.
    #[error("测试用户不存在：{0} / there is no test user \"{0}\"")]
    UnknownUser(String),
    /// Neither agreed nor refused.
    #[error("请选择同意或拒绝 / \"decision\" must be agree or refuse")]
    Decision,
    /// The simulator is at fault.
    #[error("系统繁忙 / the simulator failed: {0}")]
    System(String),
}

impl AuthorizeFault {
    /// A short name of the fault, as Alipay's error pages carry one.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Parameters(_) => "INVALID_PARAMETER",
            Self::MissingAppId => "MISSING_APP_ID",
            Self::UnknownApp(_) => "INVALID_APP_ID",
            Self::MissingScope => "MISSING_SCOPE",
            Self::Scope(_) => "INVALID_SCOPE",
            Self::MissingRedirectUri => "MISSING_REDIRECT_URI",
            Self::RedirectUri(_) | Self::RedirectDomain { .. } => "INVALID_REDIRECT_URI",
            Self::StateLength(_) | Self::StateAlphabet => "INVALID_STATE",
            Self::Address(_) => "NOT_FOUND",
            Self::UnknownUser(_) => "INVALID_USER",
            Self::Decision => "INVALID_DECISION",
            Self::System(_) => "SYSTEM_ERROR",
        }
    }
}

impl From<ParameterFault> for AuthorizeFault {
    fn from(fault: ParameterFault) -> Self {
        Self::Parameters(fault.to_string())
    }
}

impl From<AuthorityError> for AuthorizeFault {
    fn from(error: AuthorityError) -> Self {
        Self::System(error.to_string())
    }
}

/// An authorization request that obeys the rules.
#[derive(Clone, Debug)]
pub(crate) struct AuthorizationRequest {
    pub(crate) app_id: String,
    pub(crate) scope: Scope,
    /// The scope as it was asked for.
    pub(crate) scope_text: String,
    pub(crate) redirect_uri: Url,
    /// The redirect URI as it was asked for.
    pub(crate) redirect_uri_text: String,
    pub(crate) state: Option<String>,
}

/// What the person does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Decision {
    /// Agrees, as this user.
    Agree(String),
    /// Refuses.
    Refuse,
}

impl AuthorizationRequest {
    /// Reads the query of an authorize address. What Alipay does not know (`response_type`, say) it ignores, and so does this.
    pub(crate) fn from_query(world: &World, query: &str) -> Result<Self, AuthorizeFault> {
        Self::read(world, &Parameters::gather(&split(query.as_bytes())?, Charset::Utf8)?)
    }

    /// Judges the parameters.
    pub(crate) fn read(world: &World, parameters: &Parameters) -> Result<Self, AuthorizeFault> {
        let app_id = parameters.get("app_id").ok_or(AuthorizeFault::MissingAppId)?;
        if world.app(app_id).is_none() {
            return Err(AuthorizeFault::UnknownApp(app_id.to_owned()));
        }
        let scope_text = parameters.get("scope").ok_or(AuthorizeFault::MissingScope)?;
        let redirect_uri_text = parameters.get("redirect_uri").ok_or(AuthorizeFault::MissingRedirectUri)?;
        Ok(Self {
            app_id: app_id.to_owned(),
            scope: read_scope(scope_text)?,
            scope_text: scope_text.to_owned(),
            redirect_uri: read_redirect_uri(redirect_uri_text, &world.redirect_domain)?,
            redirect_uri_text: redirect_uri_text.to_owned(),
            state: parameters.get("state").map(read_state).transpose()?,
        })
    }

    /// The redirect that answers the request.
    pub(crate) fn decide(&self, world: &World, decision: &Decision) -> Result<Url, AuthorizeFault> {
        let mut callback = self.redirect_uri.clone();
        let mut query = callback.query_pairs_mut();
        query.append_pair("app_id", &self.app_id);
        match decision {
            Decision::Agree(user) => {
                let user = world.user(user).ok_or_else(|| AuthorizeFault::UnknownUser(user.clone()))?;
                let code = world.issue_code(&self.app_id, &user.key, self.scope)?;
                query.append_pair("source", "alipay_wallet");
                query.append_pair("scope", &self.scope_text);
                query.append_pair("auth_code", &code);
            }
            // Alipay documents no parameters for a refusal, and people who refuse mostly just stay in Alipay. The simulator sends RFC 6749's
            // (section 4.1.2.1), so that a client's handling of a refusal can be seen at all.
            Decision::Refuse => {
                query.append_pair("error", "access_denied");
            }
        }
        if let Some(state) = &self.state {
            query.append_pair("state", state);
        }
        drop(query);
        Ok(callback)
    }
}

fn read_scope(text: &str) -> Result<Scope, AuthorizeFault> {
    let mut scope = Scope::Base;
    for name in text.split(',') {
        match name {
            "auth_base" => {}
            "auth_user" => scope = Scope::User,
            _ => return Err(AuthorizeFault::Scope(name.to_owned())),
        }
    }
    Ok(scope)
}

/// Scheme, port and path may differ from the registered address, the host may not. Production also refuses localhost and 127.0.0.1; here that is
/// up to the registered domain.
fn read_redirect_uri(text: &str, registered: &str) -> Result<Url, AuthorizeFault> {
    let malformed = || AuthorizeFault::RedirectUri(text.to_owned());
    let url = Url::parse(text).map_err(|_| malformed())?;
    let has_credentials = !url.username().is_empty() || url.password().is_some();
    if !matches!(url.scheme(), "http" | "https") || url.fragment().is_some() || has_credentials {
        return Err(malformed());
    }
    let found = url.host_str().ok_or_else(malformed)?;
    if found != registered {
        return Err(AuthorizeFault::RedirectDomain { found: found.to_owned(), registered: registered.to_owned() });
    }
    Ok(url)
}

fn read_state(state: &str) -> Result<String, AuthorizeFault> {
    if !state.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=')) {
        return Err(AuthorizeFault::StateAlphabet);
    }
    if state.len() > STATE_LIMIT {
        return Err(AuthorizeFault::StateLength(state.len()));
    }
    Ok(state.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_registered_host_is_redirected_to() {
        for good in ["http://login.example/cb", "https://login.example:8443/any?x=1", "HTTPS://LOGIN.example"] {
            assert!(read_redirect_uri(good, "login.example").is_ok(), "{good}");
        }
        for bad in [
            "https://evil.example/login.example",
            "https://a.login.example/",
            "https://login.example@evil.example/",
            "https://login.example.evil.example",
        ] {
            let fault = read_redirect_uri(bad, "login.example").unwrap_err();
            assert_eq!(fault.code(), "INVALID_REDIRECT_URI", "{bad}");
        }
        for malformed in [
            "/cb",
            "login.example",
            "ftp://login.example/",
            "https://login.example/#x",
            "https://u:p@login.example/",
            "javascript:alert(1)",
        ] {
            assert!(
                matches!(read_redirect_uri(malformed, "login.example"), Err(AuthorizeFault::RedirectUri(_))),
                "{malformed}"
            );
        }
    }

    #[test]
    fn a_state_has_at_most_a_hundred_characters_of_the_base64_alphabet() {
        assert!(read_state(&"aZ0+/=".repeat(16)).is_ok());
        assert!(read_state(&"a".repeat(100)).is_ok());
        assert_eq!(read_state(&"a".repeat(101)), Err(AuthorizeFault::StateLength(101)));
        for bad in ["a-b", "a_b", "状态", "a b", "a.b"] {
            assert_eq!(read_state(bad), Err(AuthorizeFault::StateAlphabet), "{bad}");
        }
    }

    #[test]
    fn scopes_are_separated_by_commas() {
        assert_eq!(read_scope("auth_base").unwrap(), Scope::Base);
        assert_eq!(read_scope("auth_base,auth_user").unwrap(), Scope::User);
        assert_eq!(read_scope("auth_user auth_base"), Err(AuthorizeFault::Scope("auth_user auth_base".to_owned())));
        assert_eq!(read_scope("auth_zhima"), Err(AuthorizeFault::Scope("auth_zhima".to_owned())));
    }
}
