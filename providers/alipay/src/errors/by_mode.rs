//! What to say where it depends on how the app and Alipay know each other's keys.

use vestibule_oauth_provider::Error;

use crate::answer::AnswerFault;
use crate::environment::Issuers;
use crate::errors::{PRODUCTION_ROOT_SN, Sent};
use crate::modes::KnownBy;
use crate::modes::public_key::WHERE_ALIPAY_KEY_IS;
use crate::sign_type::SignType;

/// The error for an answer that no key of Alipay's verifies.
pub(super) fn not_verified(fault: &AnswerFault, sent: &Sent<'_>, traced: &str) -> Error {
    let Sent { method, app_id, .. } = sent;
    Error::signature(match (sent.known_by, fault) {
        (KnownBy::Certificates { alipay_cert_place, .. }, _) => format!(
            "{method}: {fault}{traced}; answers are verified with {alipay_cert_place}, where alipayCertPublicKey.crt of app_id {app_id} belongs"
        ),
        (KnownBy::Keys, _) => format!(
            "{method}: the answer's signature was not made by the key in \"alipayPublicKey\", or the answer was changed on its way{traced}; for app_id {app_id}, {WHERE_ALIPAY_KEY_IS}"
        ),
    })
}

/// What a refusal means and what to do, where that differs.
pub(super) fn remedy(sub_code: &str, sent: &Sent<'_>) -> Option<String> {
    match sent.known_by {
        KnownBy::Certificates { app_cert_sn, root_cert_sn, .. } => {
            of_certificates(sub_code, sent, app_cert_sn, root_cert_sn)
        }
        KnownBy::Keys => of_keys(sub_code, sent),
    }
}

fn of_certificates(sub_code: &str, sent: &Sent<'_>, app_cert_sn: &str, root_cert_sn: &str) -> Option<String> {
    let Sent { app_id, .. } = sent;
    Some(match sub_code {
        "isv.app-cert-not-exist" => format!(
            "Alipay does not know app_cert_sn {app_cert_sn}: download appCertPublicKey.crt of app_id {app_id} again (not the key tool's own file); if the console has this app in public-key mode, switch it to certificate mode"
        ),
        "isv.app-cert-expired" => format!(
            "the app certificate with app_cert_sn {app_cert_sn} has expired at Alipay; renew it in the console and store the new appCertPublicKey.crt"
        ),
        "isv.alipay-cert-not-exist" => "Alipay has no certificate of its own for this app; issue the certificates again in the console".to_owned(),
        "isv.invalid-alipay-root-cert-sn" => invalid_root_cert_sn(sent, root_cert_sn),
        "isv.missing-app-cert-sn" | "isv.missing-alipay-root-cert-sn" => {
            "Alipay wants the serial numbers of certificate mode and did not see them; does something between here and the gateway change requests?".to_owned()
        }
        "isv.missing-signature-config" => match sent.sign_type {
            SignType::Rsa2 => "the console has no key or certificate for sign_type RSA2; set RSA2 there".to_owned(),
            SignType::Rsa => no_key_for_rsa(),
        },
        "isv.invalid-signature" => format!(
            "Alipay did not accept the signature: the private key is not the one that the console has for app_cert_sn {app_cert_sn}; the SHA-256 of this key's public half is {}",
            sent.app_key_sha256
        ),
        _ => return None,
    })
}

fn invalid_root_cert_sn(sent: &Sent<'_>, root_cert_sn: &str) -> String {
    let hint = match sent.environment.issuers() {
        Issuers::Production if root_cert_sn != PRODUCTION_ROOT_SN => {
            format!("; the bundle handed out for production so far has {PRODUCTION_ROOT_SN}")
        }
        Issuers::Production | Issuers::Test | Issuers::Any => String::new(),
    };
    format!(
        "Alipay does not accept alipay_root_cert_sn {root_cert_sn}: download alipayRootCert.crt again and store it whole; sandbox and production have different ones{hint}"
    )
}

fn of_keys(sub_code: &str, sent: &Sent<'_>) -> Option<String> {
    let Sent { app_id, app_key_sha256, .. } = sent;
    Some(match sub_code {
        "isv.missing-app-cert-sn" | "isv.missing-alipay-root-cert-sn" => format!(
            "Alipay's console has app_id {app_id} in certificate mode (证书模式): store its certificates as cert records and set \"appCert\" and \"rootCert\" instead of \"privateKey\" and \"alipayPublicKey\", or switch the console to public-key mode (公钥模式)"
        ),
        "isv.missing-signature-config" => match sent.sign_type {
            SignType::Rsa2 => format!(
                "the console has no key of app_id {app_id} for sign_type RSA2; put the public half of \"privateKey\" there, under RSA2 (the SHA-256 of that half is {app_key_sha256})"
            ),
            SignType::Rsa => no_key_for_rsa(),
        },
        "isv.invalid-signature" => format!(
            "Alipay did not accept the signature: \"privateKey\" is not the key whose public half the console has as 应用公钥 of app_id {app_id}; the SHA-256 of this key's public half is {app_key_sha256}"
        ),
        _ => return None,
    })
}

fn no_key_for_rsa() -> String {
    "the console has no key for sign_type RSA; set \"signType\" to \"RSA2\"".to_owned()
}
