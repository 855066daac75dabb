//! The two ways in which an app and Alipay know each other's keys (接口加签方式): by certificates, or by keys alone.
//!
//! Alipay's console has an app in one of them at a time. A row is in the mode whose fields it gives; fields of both, or of neither, are a fault.

pub(crate) mod certificate;
pub(crate) mod public_key;

use std::time::SystemTime;

use vestibule_oauth_provider::{Context, Url};

use crate::answer::Verifier;
use crate::charset::Charset;
use crate::config::{AlipayConfig, given};
use crate::environment::Environment;
use crate::findings::Findings;
use crate::sign_type::SignType;
use crate::signer::Signer;

/// Which of the two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    /// 证书模式
    Certificate,
    /// 公钥模式
    PublicKey,
}

/// What a row is judged against.
#[derive(Debug)]
pub(crate) struct Expected<'a> {
    /// Nothing where the row's is no app id.
    pub(crate) app_id: Option<&'a str>,
    pub(crate) environment: Environment,
    /// Where signed requests go. Nothing where the row does not say it: then no key is asked for that somebody else shares.
    pub(crate) gateway: Option<&'a Url>,
    pub(crate) sign_type: SignType,
    pub(crate) charset: Charset,
    pub(crate) now: SystemTime,
    pub(crate) cx: &'a Context,
}

/// What the keys of a row come to.
#[derive(Debug)]
pub(crate) struct Credentials {
    pub(crate) known_by: KnownBy,
    /// SHA-256 of the app's public key.
    pub(crate) app_key_sha256: String,
    pub(crate) signer: Signer,
    pub(crate) verifier: Verifier,
    pub(crate) ends: Vec<End>,
}

/// What requests name, so that Alipay knows the app's key, and what messages name of Alipay's.
#[derive(Debug)]
pub(crate) enum KnownBy {
    /// Serial numbers of certificates.
    Certificates {
        app_cert_sn: String,
        root_cert_sn: String,
        /// How messages call the place of the certificate that answers are verified with.
        alipay_cert_place: String,
    },
    /// Nothing: each side has stored the other's key.
    Keys,
}

/// When a certificate ends: a provider may outlive it.
#[derive(Debug)]
pub(crate) struct End {
    pub(crate) at: SystemTime,
    /// What is then to be said.
    pub(crate) message: String,
}

/// Reads and judges the keys of a row. Credentials come only of those without a fault.
pub(crate) async fn credentials(
    config: &AlipayConfig,
    expected: &Expected<'_>,
    findings: &mut Findings,
) -> Option<Credentials> {
    match Mode::of(config, findings)? {
        Mode::Certificate => certificate::credentials(config, expected, findings).await,
        Mode::PublicKey => public_key::credentials(config, expected, findings),
    }
}

impl Mode {
    fn of(config: &AlipayConfig, findings: &mut Findings) -> Option<Self> {
        let certificates = [
            ("appCert", given(config.app_cert.as_deref())),
            ("rootCert", given(config.root_cert.as_deref())),
            ("alipayCert", given(config.alipay_cert.as_deref())),
        ];
        let keys = [
            ("privateKey", public_key::private_key(config)),
            ("alipayPublicKey", given(config.alipay_public_key.as_deref())),
        ];
        match (names(certificates), names(keys)) {
            (Some(_), None) => Some(Self::Certificate),
            (None, Some(_)) => Some(Self::PublicKey),
            (None, None) => {
                findings.fault(
                    "no certificates and no keys are given: set \"appCert\" and \"rootCert\" if Alipay's console has the app in certificate mode (证书模式), or \"privateKey\" and \"alipayPublicKey\" if in public-key mode (公钥模式); the console says which, under 开发设置 → 接口加签方式",
                );
                None
            }
            (Some(certificates), Some(keys)) => {
                findings.fault(format!(
                    "certificates ({certificates}) and keys ({keys}) are given, but an app is in one mode: remove {keys} if Alipay's console has it in certificate mode (证书模式), or {certificates} if in public-key mode (公钥模式); the console says which, under 开发设置 → 接口加签方式"
                ));
                None
            }
        }
    }
}

/// The names of the fields that are given, for a message; nothing where there is none.
fn names<const COUNT: usize>(fields: [(&str, Option<&str>); COUNT]) -> Option<String> {
    let names: Vec<_> =
        fields.iter().filter(|(_, value)| value.is_some()).map(|(name, _)| format!("\"{name}\"")).collect();
    (!names.is_empty()).then(|| names.join(", "))
}
