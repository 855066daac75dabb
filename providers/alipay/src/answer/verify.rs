//! Believes an answer or not. The bytes that are verified are the bytes that are parsed.
//!
//! Source: <https://opendocs.alipay.com/common/02mse7> (signed content, slash rule of the SDKs), <https://opendocs.alipay.com/common/02km9f> (codes).

use std::borrow::Cow;
use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::signature::{RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use vestibule_x509_material::PublicKey;

use crate::answer::AnswerFault;
use crate::answer::cut::{self, Encoding, ValueKind};
use crate::answer::envelope::{Envelope, NodeName};
use crate::errors::plain_word;

/// The code of a success. The token method leaves it out.
const SUCCESS: &str = "10000";

/// Verifies answers with one key: RSA2 (PKCS#1 v1.5 with SHA-256), never anything weaker.
#[derive(Clone)]
pub struct Verifier {
    key_pkcs1_der: Vec<u8>,
    pinned: Option<Pinned>,
}

#[derive(Debug, Clone)]
struct Pinned {
    cert_sn: String,
    when_missing: WhenMissing,
}

/// What an answer without `alipay_cert_sn` is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum WhenMissing {
    Refuse,
    Accept,
}

impl Verifier {
    /// A verifier with Alipay's key. In certificate mode `cert_sn` is the serial number of the certificate it comes from; in public-key mode there is none.
    /// `None` when the key is not an RSA key of 2048 to 8192 bits.
    #[must_use]
    pub fn new(key: &PublicKey, cert_sn: Option<String>) -> Option<Self> {
        if !key.rsa_bits().is_some_and(|bits| (2048..=8192).contains(&bits)) {
            return None;
        }
        let pinned = cert_sn.map(|cert_sn| Pinned { cert_sn, when_missing: WhenMissing::Refuse });
        Some(Self { key_pkcs1_der: key.rsa_pkcs1_der()?.to_vec(), pinned })
    }

    /// The same for the sandbox, which leaves `alipay_cert_sn` out at times (smartwalle/alipay #123). The signature must hold as always.
    #[must_use]
    pub fn accepting_a_missing_cert_sn(mut self) -> Self {
        if let Some(pinned) = &mut self.pinned {
            pinned.when_missing = WhenMissing::Accept;
        }
        self
    }

    /// Verifies the answer to a call of `method` (`alipay.system.oauth.token`).
    ///
    /// # Errors
    /// [`AnswerFault::Gateway`] for a refusal, whether or not it is signed; [`AnswerFault::MissingSignature`] for anything else that is unsigned; and
    /// the other faults, of which none repeats content.
    pub fn verify(&self, method: &str, body: &[u8]) -> Result<Answer, AnswerFault> {
        let envelope = Envelope::cut(body, method)?;
        let Some(sign) = &envelope.sign else { return Err(unsigned(&envelope)) };
        let signed = self.signed_bytes(&envelope, sign)?;
        if envelope.kind == ValueKind::Text {
            return Err(AnswerFault::Encrypted);
        }
        if let Cow::Owned(bytes) = &signed {
            // Bytes that were not cut before are held to the same rules.
            cut::cut(bytes, envelope.encoding)?;
        }
        let text = decode(&signed, envelope.encoding)?;
        let head = Head::read(&text)?;
        if let Some(error) = head.error(envelope.name, Signed::Yes) {
            return Err(AnswerFault::Gateway(error));
        }
        let rotated_to = match (&self.pinned, envelope.cert_sn) {
            (Some(pinned), None) if pinned.when_missing == WhenMissing::Refuse => {
                return Err(AnswerFault::MissingCertSn);
            }
            (Some(pinned), Some(named)) if named != pinned.cert_sn => Some(named),
            _ => None,
        };
        let spelling = if matches!(signed, Cow::Owned(_)) { Spelling::SlashesUnescaped } else { Spelling::AsSent };
        Ok(Answer { text: text.into_owned(), rotated_to, spelling })
    }

    /// The bytes that the signature holds for: the node as it stands, or, as in Alipay's SDKs, the node with `\/` replaced by `/`.
    fn signed_bytes<'a>(&self, envelope: &Envelope<'a>, sign: &str) -> Result<Cow<'a, [u8]>, AnswerFault> {
        let Ok(signature) = STANDARD.decode(sign) else { return Err(self.bad_signature(envelope)) };
        let key = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, &self.key_pkcs1_der);
        if key.verify(envelope.node, &signature).is_ok() {
            return Ok(Cow::Borrowed(envelope.node));
        }
        let unescaped = without_escaped_slashes(envelope.node);
        if unescaped.len() < envelope.node.len() && key.verify(&unescaped, &signature).is_ok() {
            return Ok(Cow::Owned(unescaped));
        }
        Err(self.bad_signature(envelope))
    }

    fn bad_signature(&self, envelope: &Envelope<'_>) -> AnswerFault {
        match (&self.pinned, &envelope.cert_sn) {
            (Some(Pinned { cert_sn: pinned, .. }), Some(named)) if named != pinned => {
                AnswerFault::OtherCertificate { pinned: pinned.clone(), named: named.clone() }
            }
            _ => AnswerFault::BadSignature,
        }
    }
}

impl fmt::Debug for Verifier {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Verifier").field("pinned", &self.pinned).finish_non_exhaustive()
    }
}

/// A success that Alipay's key has signed. Its `Debug` does not show the content: tokens are in it.
#[derive(Clone)]
pub struct Answer {
    text: String,
    rotated_to: Option<String>,
    spelling: Spelling,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Spelling {
    AsSent,
    SlashesUnescaped,
}

impl Answer {
    /// Parses the node: the very bytes that were verified, decoded.
    ///
    /// # Errors
    /// [`AnswerFault::Malformed`] when a member does not have the type that `T` wants.
    pub fn parse<T: DeserializeOwned>(&self) -> Result<T, AnswerFault> {
        serde_json::from_str(&self.text).map_err(|error| AnswerFault::Malformed { offset: error.column() })
    }

    /// The serial number of the certificate that the answer names, where it is not the pinned one. The pinned key has verified the answer all the same:
    /// Alipay re-issues its certificate for the same key before the old one expires.
    #[must_use]
    pub fn rotated_to(&self) -> Option<&str> {
        self.rotated_to.as_deref()
    }

    /// Whether the signature was over the node with its `\/` written as `/`.
    #[must_use]
    pub fn needed_unescaped_slashes(&self) -> bool {
        self.spelling == Spelling::SlashesUnescaped
    }
}

impl fmt::Debug for Answer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Answer")
            .field("bytes", &self.text.len())
            .field("rotated_to", &self.rotated_to)
            .field("spelling", &self.spelling)
            .finish_non_exhaustive()
    }
}

/// The gateway's refusal, by its codes. Its messages are not kept: `sub_msg` of `isv.invalid-signature` repeats what was signed, code and token included.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GatewayError {
    /// For example `40002`; `unreadable` when it is no code.
    pub code: String,
    /// For example `isv.code-invalid`.
    pub sub_code: Option<String>,
    /// Whether Alipay's key has signed it. Errors before the app is known are unsigned.
    pub verified: bool,
}

impl fmt::Display for GatewayError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "code {}", self.code)?;
        if let Some(sub_code) = &self.sub_code {
            write!(formatter, ", sub_code {sub_code}")?;
        }
        formatter.write_str(if self.verified { ", signature verified" } else { ", not signed, so unverified" })
    }
}

#[derive(Clone, Copy)]
enum Signed {
    Yes,
    No,
}

/// The members that say whether a node is a success.
#[derive(Deserialize)]
struct Head {
    code: Option<Value>,
    sub_code: Option<Value>,
}

impl Head {
    fn read(node: &str) -> Result<Self, AnswerFault> {
        serde_json::from_str(node).map_err(|error| AnswerFault::Malformed { offset: error.column() })
    }

    fn error(&self, name: NodeName, signed: Signed) -> Option<GatewayError> {
        let code = self.code.as_ref().map(code_of);
        let sub_code = self.sub_code.as_ref().filter(|sub_code| !is_blank(sub_code)).map(code_of);
        let success =
            name == NodeName::Method && sub_code.is_none() && code.as_deref().is_none_or(|code| code == SUCCESS);
        if success {
            return None;
        }
        let code = code.unwrap_or_else(|| "unreadable".to_owned());
        Some(GatewayError { code, sub_code, verified: matches!(signed, Signed::Yes) })
    }
}

fn is_blank(value: &Value) -> bool {
    value.is_null() || value.as_str() == Some("")
}

/// A code as it may be logged and shown.
fn code_of(value: &Value) -> String {
    let code = match value {
        Value::String(code) => code.clone(),
        Value::Number(code) => code.to_string(),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => String::new(),
    };
    plain_word(&code).unwrap_or_else(|| "unreadable".to_owned())
}

/// What an unsigned answer comes to: a refusal that nobody vouches for, or nothing that could be used.
fn unsigned(envelope: &Envelope<'_>) -> AnswerFault {
    let error = || {
        let text = decode(envelope.node, envelope.encoding).ok()?;
        Head::read(&text).ok()?.error(envelope.name, Signed::No)
    };
    match envelope.kind {
        ValueKind::Object => error().map_or(AnswerFault::MissingSignature, AnswerFault::Gateway),
        _ => AnswerFault::MissingSignature,
    }
}

fn decode(bytes: &[u8], encoding: Encoding) -> Result<Cow<'_, str>, AnswerFault> {
    encoding.decode(bytes).ok_or(AnswerFault::Malformed { offset: 0 })
}

fn without_escaped_slashes(bytes: &[u8]) -> Vec<u8> {
    let mut unescaped = Vec::with_capacity(bytes.len());
    let mut rest = bytes.iter().copied().peekable();
    while let Some(byte) = rest.next() {
        if byte != b'\\' || rest.peek() != Some(&b'/') {
            unescaped.push(byte);
        }
    }
    unescaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_escaped_slash_loses_its_backslash() {
        assert_eq!(without_escaped_slashes(br#"a\/b\\c\"/"#), br#"a/b\\c\"/"#);
    }

    #[test]
    fn codes_are_repeated_only_when_they_are_codes() {
        assert_eq!(code_of(&Value::from("isv.code-invalid")), "isv.code-invalid");
        assert_eq!(code_of(&Value::from(40002)), "40002");
        for other in [Value::from("<script>"), Value::from(""), Value::from("x".repeat(65)), Value::Null] {
            assert_eq!(code_of(&other), "unreadable");
        }
    }

    #[test]
    fn a_node_is_a_success_only_without_error_codes_and_under_its_own_name() {
        let outcome = |node: &str, name| Head::read(node).unwrap().error(name, Signed::Yes);
        for node in
            ["{}", r#"{"code":"10000"}"#, r#"{"code":10000,"sub_code":""}"#, r#"{"code":"10000","sub_code":null}"#]
        {
            assert_eq!(outcome(node, NodeName::Method), None, "{node}");
            assert!(outcome(node, NodeName::Error).is_some(), "{node}");
        }
        for node in
            [r#"{"code":"40002"}"#, r#"{"code":"10000","sub_code":"isv.x"}"#, r#"{"sub_code":1}"#, r#"{"code":[]}"#]
        {
            assert!(outcome(node, NodeName::Method).is_some(), "{node}");
        }
    }
}
