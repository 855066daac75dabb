//! The outer object of an answer: one response node, `sign`, `alipay_cert_sn`, and nothing else.

use crate::answer::AnswerFault;
use crate::answer::cut::{self, CutFault, Member, ValueKind};
use crate::answer::encoding::Encoding;
use crate::charset::Charset;

/// The longest answer that is read, in bytes. A profile has about one KiB.
pub(crate) const MAX_BYTES: usize = 256 * 1024;

/// Under which name the node stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NodeName {
    /// `<method>_response`
    Method,
    /// `error_response`
    Error,
}

/// An answer that was cut and not yet believed.
#[derive(Debug)]
pub(crate) struct Envelope<'a> {
    pub(crate) name: NodeName,
    /// Exactly the bytes that are signed.
    pub(crate) node: &'a [u8],
    pub(crate) kind: ValueKind,
    pub(crate) encoding: Encoding,
    /// Base64; nothing where it is missing or empty.
    pub(crate) sign: Option<String>,
    /// 32 lower-case hex digits.
    pub(crate) cert_sn: Option<String>,
}

impl<'a> Envelope<'a> {
    /// Cuts the answer to a call of `method` that was made in this charset.
    pub(crate) fn cut(body: &'a [u8], method: &str, charset: Charset) -> Result<Self, AnswerFault> {
        if body.len() > MAX_BYTES {
            return Err(AnswerFault::TooLarge);
        }
        if body.trim_ascii().is_empty() {
            return Err(AnswerFault::Empty);
        }
        let encoding = Encoding::of(body, charset);
        let expected = format!("{}_response", method.replace('.', "_"));
        let (mut node, mut sign, mut cert_sn) = (None, None, None);
        for member in cut::cut(body, encoding)? {
            match member.key.as_str() {
                "sign" => sign = Some(text(&member)?),
                "alipay_cert_sn" => cert_sn = Some(text(&member)?),
                key => {
                    let name = match key {
                        "error_response" => NodeName::Error,
                        key if key == expected => NodeName::Method,
                        _ => return Err(AnswerFault::UnexpectedMember),
                    };
                    if node.replace((name, member)).is_some() {
                        return Err(AnswerFault::UnexpectedMember);
                    }
                }
            }
        }
        let (name, member) = node.ok_or(AnswerFault::Malformed { offset: 0 })?;
        only_the_node_is_not_ascii(body, &member)?;
        if cert_sn.as_deref().is_some_and(|sn| !is_cert_sn(sn)) {
            return Err(AnswerFault::MalformedCertSn);
        }
        let sign = sign.filter(|sign| !sign.is_empty());
        Ok(Self { name, node: member.value, kind: member.kind, encoding, sign, cert_sn })
    }
}

fn text(member: &Member<'_>) -> Result<String, AnswerFault> {
    let text = if member.kind == ValueKind::Text { cut::unescape(member.value, Encoding::Utf8) } else { None };
    text.ok_or(AnswerFault::Malformed { offset: member.start })
}

/// Outside the node all is ASCII: so the signed bytes alone decide how they are decoded, not what somebody put around them.
fn only_the_node_is_not_ascii(body: &[u8], node: &Member<'_>) -> Result<(), AnswerFault> {
    let before = body.get(..node.start).unwrap_or_default();
    let after = body.get(node.start + node.value.len()..).unwrap_or_default();
    if before.is_ascii() && after.is_ascii() { Ok(()) } else { Err(AnswerFault::Malformed { offset: 0 }) }
}

/// Whether this is a certificate's serial number as Alipay writes it.
fn is_cert_sn(text: &str) -> bool {
    text.len() == 32 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

impl From<CutFault> for AnswerFault {
    fn from(fault: CutFault) -> Self {
        match fault {
            CutFault::NotJson { offset } => Self::Malformed { offset },
            CutFault::DuplicateKey => Self::DuplicateKey,
            CutFault::TooDeep => Self::TooDeep,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const METHOD: &str = "alipay.system.oauth.token";

    fn fault(body: &[u8]) -> AnswerFault {
        Envelope::cut(body, METHOD, Charset::Utf8).expect_err("refused")
    }

    #[test]
    fn the_order_of_the_members_is_free() {
        for body in [
            r#"{"alipay_system_oauth_token_response":{"a":1},"sign":"c2ln","alipay_cert_sn":"8d6a39e3f2cc925b2dfb2567869409d8"}"#,
            r#"{"alipay_cert_sn":"8d6a39e3f2cc925b2dfb2567869409d8","sign":"c2ln","alipay_system_oauth_token_response":{"a":1}}"#,
        ] {
            let envelope = Envelope::cut(body.as_bytes(), METHOD, Charset::Utf8).unwrap();
            assert_eq!(envelope.node, br#"{"a":1}"#);
            assert_eq!(envelope.name, NodeName::Method);
            assert_eq!(envelope.sign.as_deref(), Some("c2ln"));
        }
    }

    #[test]
    fn another_node_two_nodes_and_further_members_are_refused() {
        for body in [
            r#"{"alipay_user_info_share_response":{}}"#,
            r#"{"alipay_system_oauth_token_response":{},"error_response":{}}"#,
            r#"{"alipay_system_oauth_token_response":{},"evil":1}"#,
        ] {
            assert_eq!(fault(body.as_bytes()), AnswerFault::UnexpectedMember, "{body}");
        }
        assert!(matches!(fault(b"{}"), AnswerFault::Malformed { .. }));
    }

    #[test]
    fn sign_and_serial_number_must_be_texts() {
        for body in [
            r#"{"error_response":{},"sign":{"a":1}}"#,
            r#"{"error_response":{},"sign":null}"#,
            r#"{"error_response":{},"alipay_cert_sn":1}"#,
        ] {
            assert!(matches!(fault(body.as_bytes()), AnswerFault::Malformed { .. }), "{body}");
        }
        for sn in ["", "8D6A39E3F2CC925B2DFB2567869409D8", "8d6a", "8d6a39e3f2cc925b2dfb2567869409d8 "] {
            let body = format!(r#"{{"error_response":{{}},"alipay_cert_sn":"{sn}"}}"#);
            assert_eq!(fault(body.as_bytes()), AnswerFault::MalformedCertSn, "{sn}");
        }
    }

    #[test]
    fn bytes_around_the_node_do_not_decide_how_the_node_is_decoded() {
        let body = b"{\"error_response\":{\"sub_msg\":\"\xe7\xb3\xbb\"},\"sign\":\"\xcf\xb5\"}";
        assert!(matches!(fault(body), AnswerFault::Malformed { .. }));
    }

    #[test]
    fn size_is_bounded_and_emptiness_is_named() {
        assert_eq!(fault(&vec![b' '; MAX_BYTES + 1]), AnswerFault::TooLarge);
        assert_eq!(fault(b" \r\n"), AnswerFault::Empty);
    }
}
