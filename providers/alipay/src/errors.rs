//! From faults and the gateway's codes to errors that say what to do.
//!
//! Codes: <https://opendocs.alipay.com/common/02km9f> and the pages of the two methods. The finer code (`sub_code`) decides, then the coarser one. Alipay's
//! messages are never repeated.

mod by_mode;

use vestibule_oauth_provider::{Error, UpstreamCode};

use crate::answer::{AnswerFault, GatewayError};
use crate::environment::{Environment, Issuers};
use crate::modes::KnownBy;
use crate::sign_type::SignType;

/// The serial number of the root bundle that Alipay hands out for production.
pub(crate) const PRODUCTION_ROOT_SN: &str = "687b59193f3f462dd5336e5abf83c5d8_02941eef3187dddf3d3b83462e1dfcf6";

/// What an error can name: what this app sends. Nothing secret.
#[derive(Debug)]
pub(crate) struct Sent<'a> {
    pub(crate) method: &'a str,
    pub(crate) environment: Environment,
    pub(crate) app_id: &'a str,
    pub(crate) known_by: &'a KnownBy,
    pub(crate) sign_type: SignType,
    /// SHA-256 of the app's public key.
    pub(crate) app_key_sha256: &'a str,
    pub(crate) timestamp: &'a str,
}

/// What came over HTTP besides the body.
#[derive(Debug)]
pub(crate) struct Received {
    pub(crate) status: u16,
    pub(crate) trace_id: Option<String>,
}

/// The error for an answer that is not used.
pub(crate) fn error(fault: AnswerFault, sent: &Sent<'_>, received: Received) -> Error {
    let Sent { method, .. } = sent;
    let traced = received.trace_id.as_ref().map(|trace_id| format!(" (trace_id {trace_id})")).unwrap_or_default();
    match fault {
        AnswerFault::Gateway(error) => gateway_error(error, sent, received.trace_id),
        AnswerFault::Empty | AnswerFault::TooLarge | AnswerFault::Malformed { .. } | AnswerFault::TooDeep => {
            Error::network(format!(
                "{method}: the gateway answered status {} with {fault}{traced}; is {} right, and does nothing between here and there answer instead?",
                received.status,
                where_it_is(sent.environment)
            ))
        }
        AnswerFault::Encrypted => Error::configuration(format!("{method}: {fault}{traced}")),
        AnswerFault::MissingCertSn
        | AnswerFault::BadSignature
        | AnswerFault::OtherCertificate { .. }
        | AnswerFault::OutsideItsTime { .. } => by_mode::not_verified(&fault, sent, &traced),
        AnswerFault::DuplicateKey
        | AnswerFault::UnexpectedMember
        | AnswerFault::MalformedCertSn
        | AnswerFault::MissingSignature => Error::signature(format!("{method}: {fault}{traced}")),
    }
}

/// The field of a row that says where the gateway is.
fn where_it_is(environment: Environment) -> &'static str {
    match environment {
        Environment::Custom => "\"gatewayUrl\"",
        Environment::Production | Environment::Sandbox | Environment::Global => "\"environment\"",
    }
}

fn gateway_error(error: GatewayError, sent: &Sent<'_>, trace_id: Option<String>) -> Error {
    let traced = trace_id.as_ref().map(|trace_id| format!(", trace_id {trace_id}")).unwrap_or_default();
    let message = format!("{}: {} ({error}{traced})", sent.method, remedy(&error, sent));
    let GatewayError { code, sub_code, verified } = error;
    Error::upstream(UpstreamCode { code, sub_code, trace_id, verified }, message)
}

fn remedy(error: &GatewayError, sent: &Sent<'_>) -> String {
    error
        .sub_code
        .as_deref()
        .and_then(|sub_code| by_mode::remedy(sub_code, sent).or_else(|| by_sub_code(sub_code, sent)))
        .unwrap_or_else(|| by_code(&error.code).to_owned())
}

fn by_sub_code(sub_code: &str, sent: &Sent<'_>) -> Option<String> {
    let Sent { app_id, environment, .. } = sent;
    Some(match sub_code {
        // The second and third are in no official list, but have been seen.
        "isv.code-invalid" | "isv.code-is-expired" | "isv.invalid-auth-code" => {
            "authorization code refused: used twice, expired, or issued for another app_id (or the sandbox's); start the login again".to_owned()
        }
        "isv.refresh-token-invalid" | "isv.refresh-token-time-out" | "isv.refreshed-token-invalid" => {
            "the refresh token is unknown, expired or already used (each works once); the user has to sign in again".to_owned()
        }
        "isv.unmatched-app-id" => format!("the code or token was issued for another app than app_id {app_id}"),
        "isv.invalid-app-id" => invalid_app_id(sent),
        "isv.not-online-app" => format!("app_id {app_id} is not online; publish the app in Alipay's console"),
        "isv.invalid-timestamp" => format!("the clocks differ: sent was {}+08:00; set this machine's clock right", sent.timestamp),
        "isv.insufficient-isv-permissions" => {
            "the app may not do this: add the ability \"获取会员信息\" (member information) to the app in Alipay's console, and sign its contract".to_owned()
        }
        "isv.insufficient-user-permissions" => "the user has not agreed to this, or has withdrawn it; ask again".to_owned(),
        "aop.invalid-auth-token" => {
            "the access token does not allow this: the profile needs scope \"auth_user\" (with \"auth_base\" there is only an id), or the token is not this app's".to_owned()
        }
        "aop.auth-token-time-out" => "the access token has expired; the user has to sign in again".to_owned(),
        "isv.invalid-token" => "the token is not one for this method".to_owned(),
        "isv.app-call-limited" | "isv.method-call-limited" => "too many calls; wait before the next one".to_owned(),
        "isp.unknow-error" | "aop.unknow-error" => by_code("20000").to_owned(),
        "isv.forbidden-api" | "isv.self-invoke-forbidden" => format!("app_id {app_id} may not call this method in environment \"{environment}\""),
        decryption if decryption.starts_with("isv.decryption-error") || decryption.contains("-encrypt") => {
            "content encryption is on for this app in Alipay's console; switch it off (接口内容加密方式)".to_owned()
        }
        _ => return None,
    })
}

fn invalid_app_id(sent: &Sent<'_>) -> String {
    let Sent { app_id, environment, .. } = sent;
    let hint = match environment.issuers() {
        Issuers::Production if looks_like_sandbox(app_id) => {
            "; it looks like one of the sandbox: set \"environment\" to \"sandbox\" or use the app's own id"
        }
        Issuers::Test if !looks_like_sandbox(app_id) => "; the sandbox has app ids of its own",
        Issuers::Production | Issuers::Test | Issuers::Any => {
            "; is it typed right, and is the app online? Or the code or token is another app's"
        }
    };
    format!("Alipay does not know app_id {app_id} in environment \"{environment}\"{hint}")
}

/// App ids of the sandbox begin so nowadays.
pub(crate) fn looks_like_sandbox(app_id: &str) -> bool {
    app_id.starts_with("9021")
}

fn by_code(code: &str) -> &'static str {
    match code {
        "20000" => "Alipay is unavailable for the moment; try again",
        "20001" => "the access token does not allow this",
        "40001" => "Alipay misses a parameter; this is a defect of this client",
        "40002" => "Alipay does not accept a parameter",
        "40003" => "the app lacks something that this call needs; look at its settings in Alipay's console",
        "40004" => "Alipay could not do what was asked",
        "40005" => "too many calls; wait before the next one",
        "40006" => "the app may not do this; look at its abilities in Alipay's console",
        _ => "Alipay refused",
    }
}

/// A code or id from outside as it may be logged: at most 64 letters, digits, `-`, `_` and `.`; anything else is not repeated.
pub(crate) fn plain_word(text: &str) -> Option<String> {
    let plain = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'));
    ((1..=64).contains(&text.len()) && plain).then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use vestibule_oauth_provider::ErrorKind;

    use super::*;

    fn certificates() -> KnownBy {
        KnownBy::Certificates {
            app_cert_sn: "866efef280dec9137a87d047ac446315".to_owned(),
            root_cert_sn: "6bc29aa3b4d406c43483ffea81e08d22".to_owned(),
            alipay_cert_place: "the Certificate field of record \"admin/root-cert\"".to_owned(),
        }
    }

    fn sent(known_by: &KnownBy, sign_type: SignType) -> Sent<'_> {
        Sent {
            method: "alipay.system.oauth.token",
            environment: Environment::Production,
            app_id: "9021000000000001",
            known_by,
            sign_type,
            app_key_sha256: "ab12",
            timestamp: "2026-11-22 08:00:00",
        }
    }

    fn refused(code: &str, sub_code: &str) -> Error {
        refused_in(&certificates(), SignType::Rsa2, code, sub_code)
    }

    fn refused_in(known_by: &KnownBy, sign_type: SignType, code: &str, sub_code: &str) -> Error {
        let sub_code = (!sub_code.is_empty()).then(|| sub_code.to_owned());
        let fault = AnswerFault::Gateway(GatewayError { code: code.to_owned(), sub_code, verified: true });
        error(fault, &sent(known_by, sign_type), Received { status: 200, trace_id: Some("0ba1".to_owned()) })
    }

    #[test]
    fn the_finer_code_decides_what_is_said() {
        for (code, sub_code, said) in [
            ("40002", "isv.code-invalid", "used twice, expired, or issued for another app_id"),
            ("40002", "isv.app-cert-not-exist", "does not know app_cert_sn 866efef280dec9137a87d047ac446315"),
            (
                "40002",
                "isv.invalid-alipay-root-cert-sn",
                "does not accept alipay_root_cert_sn 6bc29aa3b4d406c43483ffea81e08d22",
            ),
            ("40002", "isv.invalid-app-id", "looks like one of the sandbox"),
            ("40002", "isv.invalid-signature", "public half is ab12"),
            ("40002", "isv.invalid-timestamp", "sent was 2026-11-22 08:00:00+08:00"),
            ("40006", "isv.insufficient-isv-permissions", "获取会员信息"),
            ("20001", "aop.invalid-auth-token", "scope \"auth_user\""),
            ("20000", "aop.unknow-error", "try again"),
            ("40005", "isv.never-heard-of", "wait before the next one"),
            ("49999", "", "Alipay refused (code 49999, signature verified, trace_id 0ba1)"),
        ] {
            let error = refused(code, sub_code);
            assert!(error.message().contains(said), "{error}");
            assert!(error.message().contains("trace_id 0ba1"), "{error}");
            let ErrorKind::Upstream(upstream) = error.kind() else { panic!("{error:?}") };
            assert_eq!((upstream.code.as_str(), upstream.verified), (code, true));
        }
    }

    #[test]
    fn what_is_said_depends_on_the_mode_and_the_sign_type() {
        for (known_by, sign_type, sub_code, said) in [
            (&certificates(), SignType::Rsa2, "isv.missing-app-cert-sn", "change requests?"),
            (&KnownBy::Keys, SignType::Rsa2, "isv.missing-app-cert-sn", "set \"appCert\" and \"rootCert\" instead"),
            (&KnownBy::Keys, SignType::Rsa2, "isv.invalid-signature", "应用公钥 of app_id 9021000000000001"),
            (&KnownBy::Keys, SignType::Rsa2, "isv.missing-signature-config", "that half is ab12"),
            (&KnownBy::Keys, SignType::Rsa, "isv.missing-signature-config", "set \"signType\" to \"RSA2\""),
            (&certificates(), SignType::Rsa, "isv.missing-signature-config", "set \"signType\" to \"RSA2\""),
            (&KnownBy::Keys, SignType::Rsa2, "isv.invalid-app-id", "looks like one of the sandbox"),
        ] {
            let error = refused_in(known_by, sign_type, "40002", sub_code);
            assert!(error.message().contains(said), "{error}");
        }
        let known_by = KnownBy::Keys;
        let sent = sent(&known_by, SignType::Rsa2);
        let error = error(AnswerFault::BadSignature, &sent, Received { status: 200, trace_id: None });
        assert_eq!(*error.kind(), ErrorKind::Signature);
        assert!(error.message().contains("\"alipayPublicKey\"") && !error.message().contains("certificate"), "{error}");
    }

    #[test]
    fn an_answer_that_is_no_answer_is_told_with_its_status() {
        let known_by = certificates();
        let sent = sent(&known_by, SignType::Rsa2);
        let error = error(AnswerFault::Malformed { offset: 0 }, &sent, Received { status: 502, trace_id: None });
        assert_eq!(*error.kind(), ErrorKind::Network);
        assert!(error.message().contains("the gateway answered status 502 with something that is not json"), "{error}");
    }

    #[test]
    fn a_word_from_outside_is_repeated_only_when_it_is_one() {
        assert_eq!(plain_word("0ba1-2_3.4").as_deref(), Some("0ba1-2_3.4"));
        for text in ["", "a b", "\u{1b}[31m", "<b>", &"x".repeat(65)] {
            assert_eq!(plain_word(text), None);
        }
    }
}
