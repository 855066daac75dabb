//! Public-key mode: the app's private key and Alipay's public key stand in the row itself.
//!
//! Alipay's key cannot be left out, as other clients do: without it every answer would be believed, whoever gave it.

use vestibule_oauth_provider::{Finding, Secret};
use vestibule_x509_material::{Kind, Material, MaterialError, PrivateKey, PublicKey};

use crate::answer::Verifier;
use crate::config::{AlipayConfig, given};
use crate::findings::Findings;
use crate::modes::{Credentials, Expected, KnownBy};
use crate::sign_type::SignType;
use crate::signer::Signer;

/// What belongs into `privateKey`.
const APP_KEY: &str = "the app's private key (应用私钥, appPrivateKey.txt)";
/// What belongs into `alipayPublicKey`.
const ALIPAY_KEY: &str = "Alipay's public key (支付宝公钥)";
/// Where that is to be had.
pub(crate) const WHERE_ALIPAY_KEY_IS: &str = "copy 支付宝公钥 from Alipay's console: the app's page, 开发设置 → 接口加签方式 → 查看 (not 应用公钥, which is the app's own)";

pub(super) fn credentials(
    config: &AlipayConfig,
    expected: &Expected<'_>,
    findings: &mut Findings,
) -> Option<Credentials> {
    let app = app_key(config, findings);
    let app_key = app.as_ref().and_then(|material| material.private_key().ok());
    let signer = app_key.and_then(|key| signer(key, expected.sign_type, findings));
    let verifier = verifier(config, app_key.map(PrivateKey::public_key), expected, findings);
    Some(Credentials {
        known_by: KnownBy::Keys,
        app_key_sha256: app_key?.spki_sha256(),
        signer: signer?,
        verifier: verifier?,
        ends: Vec::new(),
    })
}

/// The text in `privateKey`, where there is one.
pub(super) fn private_key(config: &AlipayConfig) -> Option<&str> {
    given(config.private_key.as_ref().map(Secret::expose))
}

/// What `privateKey` holds, if that is a private key.
fn app_key(config: &AlipayConfig, findings: &mut Findings) -> Option<Material> {
    let Some(text) = private_key(config) else {
        findings.fault(format!("\"privateKey\" is missing; {APP_KEY} belongs there"));
        return None;
    };
    let read = Material::read(text).and_then(|material| material.private_key().map(|_| ()).map(|()| material));
    match read {
        Ok(material) => Some(material),
        Err(MaterialError::NotAPrivateKey { found }) => {
            findings.fault(format!("\"privateKey\" holds {found}; {APP_KEY} belongs there"));
            None
        }
        Err(error) => {
            findings.fault(format!("\"privateKey\": {error}; {APP_KEY} belongs there"));
            None
        }
    }
}

fn signer(key: &PrivateKey, sign_type: SignType, findings: &mut Findings) -> Option<Signer> {
    match Signer::new(key, sign_type) {
        Ok(signer) => {
            if key.bits() < SignType::Rsa2.smallest_key() {
                findings.add(Finding::warning(format!(
                    "the key in \"privateKey\" has {} bits, which is too small to last; make one of 2048 bits, and give its public half to Alipay's console under RSA2",
                    key.bits()
                )));
            }
            Some(signer)
        }
        Err(error) => {
            let hint = match (&error, sign_type) {
                (MaterialError::KeySize { bits: 1024..2048 }, SignType::Rsa2) => {
                    ", and \"RSA\" is only right if Alipay's console has this key there"
                }
                _ => "",
            };
            findings.fault(format!("\"privateKey\": {error}; \"signType\" is \"{sign_type}\"{hint}"));
            None
        }
    }
}

fn verifier(
    config: &AlipayConfig,
    own: Option<&PublicKey>,
    expected: &Expected<'_>,
    findings: &mut Findings,
) -> Option<Verifier> {
    let Some(text) = given(config.alipay_public_key.as_deref()) else {
        findings.fault(format!(
            "\"alipayPublicKey\" is missing; without it nobody can tell Alipay's answers from others: {WHERE_ALIPAY_KEY_IS}"
        ));
        return None;
    };
    let key = match Material::read(text) {
        Ok(material) => match material.public_key() {
            Ok(key) => key.clone(),
            Err(_) => {
                findings.fault(misplaced(&material.kind()));
                return None;
            }
        },
        Err(error) => {
            findings.fault(format!("\"alipayPublicKey\": {error}; {ALIPAY_KEY} belongs there"));
            return None;
        }
    };
    if own.is_some_and(|own| own.is_same_key(&key)) {
        findings.fault(format!("\"alipayPublicKey\" is the app's own public key (应用公钥); {WHERE_ALIPAY_KEY_IS}"));
        return None;
    }
    let verifier = Verifier::new(&key, None, expected.sign_type);
    if verifier.is_none() {
        let bits = key.rsa_bits().map(|bits| format!(" of {bits} bits")).unwrap_or_default();
        findings.fault(format!(
            "\"alipayPublicKey\" holds a key for {}{bits}, but \"signType\" is \"{}\", which needs RSA with {} bits or more; {WHERE_ALIPAY_KEY_IS}",
            key.algorithm(),
            expected.sign_type,
            expected.sign_type.smallest_key()
        ));
    }
    verifier.map(|verifier| verifier.expecting(expected.charset))
}

/// What to do with something that is no public key.
fn misplaced(kind: &Kind) -> String {
    let remedy = match kind {
        Kind::Certificate | Kind::Bundle { .. } => {
            "if Alipay's console hands out certificates, the app is in certificate mode (证书模式): store them as cert records and name those in \"appCert\" and \"rootCert\" instead".to_owned()
        }
        Kind::PrivateKey
        | Kind::EncryptedPrivateKey
        | Kind::OtherPrivateKey(_)
        | Kind::CertificateAndPrivateKey { .. } => {
            format!("take it out, a private key is a secret and this field is none; {WHERE_ALIPAY_KEY_IS}")
        }
        _ => WHERE_ALIPAY_KEY_IS.to_owned(),
    };
    format!("\"alipayPublicKey\" holds {kind}, and {ALIPAY_KEY} belongs there; {remedy}")
}
