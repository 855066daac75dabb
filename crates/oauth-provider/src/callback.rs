//! What a provider gets to see of a callback.

use std::collections::BTreeMap;

use url::Url;

use crate::{AttemptFault, Error, Intent, Parameters, Result, Secret, UpstreamCode};

/// The error codes of RFC 6749 section 4.1.2.1, OpenID Connect Core section 3.1.2.6, RFC 8707 and RFC 9396, but for `access_denied`.
const ERROR_CODES: [&str; 17] = [
    "account_selection_required",
    "consent_required",
    "interaction_required",
    "invalid_authorization_details",
    "invalid_request",
    "invalid_request_object",
    "invalid_request_uri",
    "invalid_scope",
    "invalid_target",
    "login_required",
    "registration_not_supported",
    "request_not_supported",
    "request_uri_not_supported",
    "server_error",
    "temporarily_unavailable",
    "unauthorized_client",
    "unsupported_response_type",
];

/// A callback that was admitted: its state, browser, row, upstream and time are this attempt's.
#[expect(missing_debug_implementations, reason = "it holds the authorization code")]
pub struct Callback {
    pub(crate) parameters: Parameters,
    pub(crate) redirect_uri: Url,
    pub(crate) code_verifier: Option<Secret>,
    pub(crate) nonce: Option<Secret>,
    pub(crate) intent: Intent,
    pub(crate) return_to: String,
    pub(crate) remember: BTreeMap<String, String>,
}

impl Callback {
    /// All parameters, as they came.
    pub fn parameters(&self) -> &Parameters {
        &self.parameters
    }

    /// The parameter that carries the authorization code: `code` in RFC 6749, something else at some vendors.
    ///
    /// # Errors
    /// `Attempt`, when it is missing, empty, longer than 2,048 bytes or there more than once.
    pub fn authorization_code(&self, name: &str) -> Result<&str> {
        match self.parameters.single(name)? {
            Some(code) if !code.is_empty() && code.len() <= 2_048 => Ok(code),
            Some(_) => Err(malformed(format!("the callback's \"{name}\" is empty or too long"))),
            None => Err(malformed(format!("the callback has no \"{name}\" parameter"))),
        }
    }

    /// The parameters of the token request that the engine knows (RFC 6749 section 4.1.3, RFC 7636 section 4.5): `grant_type`, `code`, `redirect_uri`, and where
    /// the flow takes PKCE `code_verifier`.
    ///
    /// # Errors
    /// As [`Callback::authorization_code`].
    pub fn grant(&self) -> Result<Vec<(&'static str, &str)>> {
        let mut fields = vec![
            ("grant_type", "authorization_code"),
            ("code", self.authorization_code("code")?),
            ("redirect_uri", self.redirect_uri.as_str()),
        ];
        fields.extend(self.code_verifier.as_ref().map(|verifier| ("code_verifier", verifier.expose())));
        Ok(fields)
    }

    /// The upstream's refusal, when the callback is one (RFC 6749 section 4.1.2.1). Its description is not repeated: anybody can write one.
    ///
    /// # Errors
    /// `Denied` for `access_denied`, `Upstream` for the others.
    pub fn refusal(&self) -> Result<()> {
        let Some(code) = self.parameters.single("error")? else {
            return Ok(());
        };
        if code == "access_denied" {
            return Err(Error::denied("the user refused at the upstream, or the upstream refused the user"));
        }
        // Whoever writes the URL chooses this text, so only known codes are repeated.
        let code = ERROR_CODES.iter().find(|known| **known == code).copied().unwrap_or("of another kind");
        Err(Error::upstream(
            UpstreamCode { code: code.to_owned(), ..UpstreamCode::default() },
            format!("the upstream sent the browser back with an error: {code}"),
        ))
    }

    /// The redirect URI of the authorization request; some token endpoints want to see it again.
    pub fn redirect_uri(&self) -> &Url {
        &self.redirect_uri
    }

    /// The `code_verifier` parameter of the token request, when the flow takes PKCE.
    pub fn code_verifier(&self) -> Option<&Secret> {
        self.code_verifier.as_ref()
    }

    /// The nonce that the ID token must carry, when the flow takes one.
    pub fn nonce(&self) -> Option<&Secret> {
        self.nonce.as_ref()
    }

    /// What the login is for.
    pub fn intent(&self) -> &Intent {
        &self.intent
    }

    /// Where the browser goes when it is done.
    pub fn return_to(&self) -> &str {
        &self.return_to
    }

    /// What the provider asked to have remembered.
    pub fn remembered(&self, name: &str) -> Option<&str> {
        self.remember.get(name).map(String::as_str)
    }
}

fn malformed(message: String) -> Error {
    Error::attempt(AttemptFault::Malformed, message)
}
