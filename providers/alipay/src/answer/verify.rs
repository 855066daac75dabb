//! Believes an answer or not. The bytes that are verified are the bytes that are parsed.
//!
//! Source: <https://opendocs.alipay.com/common/02mse7> (signed content, slash rule of the SDKs).

use std::borrow::Cow;
use std::fmt;
use std::time::SystemTime;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::de::DeserializeOwned;
use vestibule_x509_material::PublicKey;

use crate::answer::AnswerFault;
use crate::answer::cut::{self, ValueKind};
use crate::answer::encoding::Encoding;
use crate::answer::envelope::Envelope;
use crate::answer::key::{Key, OtherVersion, SignedWith};
use crate::answer::refusal::{Head, Signed};
use crate::charset::Charset;
use crate::sign_type::SignType;

/// Verifies answers with Alipay's key: that of the active certificate or of the other version that an answer names, or in public-key mode the only one. By the
/// row's sign type and by no other, whatever an answer may look like.
#[derive(Clone)]
pub struct Verifier {
    key: Key,
    pinned: Option<Pinned>,
    others: Vec<OtherVersion>,
    charset: Charset,
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
    /// `None` when the key is not an RSA key, too small for the sign type, or larger than 8192 bits.
    #[must_use]
    pub fn new(key: &PublicKey, cert_sn: Option<String>, sign_type: SignType) -> Option<Self> {
        let pinned = cert_sn.map(|cert_sn| Pinned { cert_sn, when_missing: WhenMissing::Refuse });
        Some(Self { key: Key::new(key, sign_type)?, pinned, others: Vec::new(), charset: Charset::default() })
    }

    /// The same for answers to requests in this charset, instead of UTF-8.
    #[must_use]
    pub fn expecting(mut self, charset: Charset) -> Self {
        self.charset = charset;
        self
    }

    /// The same, which also verifies what names this version. Has no effect in public-key mode, where answers name nothing.
    #[must_use]
    pub fn with_version(mut self, version: OtherVersion) -> Self {
        self.others.push(version);
        self
    }

    /// The same for the sandbox, which leaves `alipay_cert_sn` out at times (smartwalle/alipay #123). The signature must hold as always.
    #[must_use]
    pub fn accepting_a_missing_cert_sn(mut self) -> Self {
        if let Some(pinned) = &mut self.pinned {
            pinned.when_missing = WhenMissing::Accept;
        }
        self
    }

    /// Verifies the answer to a call of `method` (`alipay.system.oauth.token`) that came at the time `now`, when not every version may hold any more.
    ///
    /// # Errors
    /// [`AnswerFault::Gateway`] for a refusal, whether or not it is signed; [`AnswerFault::MissingSignature`] for anything else that is unsigned; and
    /// the other faults, of which none repeats content.
    pub fn verify(&self, method: &str, body: &[u8], now: SystemTime) -> Result<Answer, AnswerFault> {
        let envelope = Envelope::cut(body, method, self.charset)?;
        let Some(sign) = &envelope.sign else { return Err(unsigned(&envelope)) };
        let other = self.named(&envelope).find(|other| other.holds(now));
        let key = other.map_or(&self.key, OtherVersion::key);
        let Some(signed) = signed_bytes(key, &envelope, sign) else { return Err(self.bad_signature(&envelope, other)) };
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
            (Some(pinned), Some(named)) if other.is_none() && named != pinned.cert_sn => Some(named),
            _ => None,
        };
        let signed_with = other.map_or(SignedWith::Active, |other| SignedWith::Version(other.state()));
        let spelling = if matches!(signed, Cow::Owned(_)) { Spelling::SlashesUnescaped } else { Spelling::AsSent };
        Ok(Answer { text: text.into_owned(), signed_with, rotated_to, spelling })
    }

    /// The other versions that an answer names; none where it names the active one.
    fn named(&self, envelope: &Envelope<'_>) -> impl Iterator<Item = &OtherVersion> {
        let named = match (&self.pinned, &envelope.cert_sn) {
            (Some(pinned), Some(named)) if *named != pinned.cert_sn => Some(named.clone()),
            _ => None,
        };
        self.others.iter().filter(move |other| named.as_deref() == Some(other.cert_sn()))
    }

    /// Why a signature does not hold that was tried with the key of `tried`, or of the active certificate.
    fn bad_signature(&self, envelope: &Envelope<'_>, tried: Option<&OtherVersion>) -> AnswerFault {
        match (&self.pinned, &envelope.cert_sn) {
            (Some(Pinned { cert_sn: pinned, .. }), Some(named)) if tried.is_none() && named != pinned => {
                let named = named.clone();
                if self.named(envelope).next().is_some() {
                    return AnswerFault::OutsideItsTime { named };
                }
                AnswerFault::OtherCertificate { pinned: pinned.clone(), named }
            }
            _ => AnswerFault::BadSignature,
        }
    }
}

/// The bytes that the signature holds for: the node as it stands, or, as in Alipay's SDKs, the node with `\/` replaced by `/`.
fn signed_bytes<'a>(key: &Key, envelope: &Envelope<'a>, sign: &str) -> Option<Cow<'a, [u8]>> {
    let signature = STANDARD.decode(sign).ok()?;
    if key.verifies(envelope.node, &signature) {
        return Some(Cow::Borrowed(envelope.node));
    }
    let unescaped = without_escaped_slashes(envelope.node, envelope.encoding);
    (unescaped.len() < envelope.node.len() && key.verifies(&unescaped, &signature)).then_some(Cow::Owned(unescaped))
}

impl fmt::Debug for Verifier {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Verifier")
            .field("pinned", &self.pinned)
            .field("others", &self.others)
            .finish_non_exhaustive()
    }
}

/// A success that Alipay's key has signed. Its `Debug` does not show the content: tokens are in it.
#[derive(Clone)]
pub struct Answer {
    text: String,
    signed_with: SignedWith,
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

    /// With which version of Alipay's certificate it was verified.
    #[must_use]
    pub fn signed_with(&self) -> SignedWith {
        self.signed_with
    }

    /// The serial number of the certificate that the answer names, where it is none that is stored and holds. The pinned key has verified the answer all the same:
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
            .field("signed_with", &self.signed_with)
            .field("rotated_to", &self.rotated_to)
            .field("spelling", &self.spelling)
            .finish_non_exhaustive()
    }
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

fn without_escaped_slashes(bytes: &[u8], encoding: Encoding) -> Vec<u8> {
    let mut unescaped = Vec::with_capacity(bytes.len());
    let mut rest = bytes.iter().copied().peekable();
    while let Some(byte) = rest.next() {
        // The second byte of a character may look like a backslash; of four bytes it is two times two.
        if encoding == Encoding::Gb18030 && byte > 0x80 {
            unescaped.push(byte);
            unescaped.extend(rest.next());
            continue;
        }
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
        let escaped = br#"a\/b\\c\"/"#;
        for encoding in [Encoding::Utf8, Encoding::Gb18030] {
            assert_eq!(without_escaped_slashes(escaped, encoding), br#"a/b\\c\"/"#);
        }
    }

    #[test]
    fn a_backslash_inside_a_character_of_gbk_stays() {
        // 乗 ends in one; after it a slash of its own, and an escaped one.
        let nick_name = b"\x81\\/\x81\\\\/\x81\x30\x81\x30\\/\x80\\/";
        assert_eq!(without_escaped_slashes(nick_name, Encoding::Gb18030), b"\x81\\/\x81\\/\x81\x30\x81\x30/\x80/");
    }
}
