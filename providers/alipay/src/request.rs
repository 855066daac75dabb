//! Requests to the gateway: what is signed, and where each parameter goes.
//!
//! Everything that is sent, in query or body, is signed, except the signature itself. Public parameters stand in the query, so that the gateway sees `charset`
//! before it reads the body: otherwise it reads and answers in GBK. What the method takes stands in the body; so does the access token, because queries end
//! in the logs of proxies. Sources: <https://opendocs.alipay.com/common/02kf5q>, <https://opendocs.alipay.com/common/057k53>.

use std::fmt;
use std::time::SystemTime;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use jiff::tz::Offset;
use ring::rand::SystemRandom;
use ring::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use url::form_urlencoded;
use vestibule_oauth_provider::{Error, HttpRequest, Result, Url};
use vestibule_x509_material::{MaterialError, PrivateKey};

/// The string to sign: parameters with a value, sorted by key, `key=value` joined with `&`, nothing encoded. `sign` is left out.
#[must_use]
pub fn string_to_sign<'a>(parameters: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    let mut parameters: Vec<(&str, &str)> =
        parameters.into_iter().filter(|(key, value)| !key.is_empty() && !value.is_empty() && *key != "sign").collect();
    // By key alone: sorting the joined texts would put "code1=" before "code=".
    parameters.sort_by_key(|(key, _)| *key);
    let mut text = String::new();
    for (key, value) in parameters {
        if !text.is_empty() {
            text.push('&');
        }
        text.extend([key, "=", value]);
    }
    text
}

/// `timestamp` as Alipay wants it: `yyyy-MM-dd HH:mm:ss` in GMT+8, wherever this machine stands.
///
/// # Errors
/// `Internal`, when the clock shows a time outside the years -9999 to 9999.
pub fn timestamp(now: SystemTime) -> Result<String> {
    let now = Timestamp::try_from(now).map_err(|_| Error::internal("the clock shows a time that no calendar has"))?;
    Ok(Offset::constant(8).to_datetime(now).strftime("%Y-%m-%d %H:%M:%S").to_string())
}

/// The app's key, ready to sign RSA2 (PKCS#1 v1.5 with SHA-256).
pub struct Signer {
    key: RsaKeyPair,
}

impl Signer {
    /// A signer with this key.
    ///
    /// # Errors
    /// When the key is too small, too large or damaged.
    pub fn new(key: &PrivateKey) -> Result<Self, MaterialError> {
        Ok(Self { key: key.to_rsa_key_pair()? })
    }

    /// The signature over `text`, in base64.
    ///
    /// # Errors
    /// `Internal`, when the key cannot sign.
    #[expect(
        clippy::disallowed_methods,
        reason = "ring asks for a random source; the padding of PKCS#1 v1.5 takes nothing from it"
    )]
    pub fn sign(&self, text: &str) -> Result<String> {
        let mut signature = vec![0; self.key.public().modulus_len()];
        self.key
            .sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), text.as_bytes(), &mut signature)
            .map_err(|_| Error::internal("the app's private key could not sign"))?;
        Ok(STANDARD.encode(signature))
    }
}

impl fmt::Debug for Signer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Signer(..)")
    }
}

/// Who asks: the parameters that every request of an app in certificate mode carries.
#[derive(Debug)]
pub(crate) struct Caller {
    pub(crate) app_id: String,
    pub(crate) app_cert_sn: String,
    pub(crate) root_cert_sn: String,
    pub(crate) signer: Signer,
}

impl Caller {
    /// A signed call of `method` at `gateway` with the method's own `parameters`.
    pub(crate) fn request(
        &self,
        gateway: &Url,
        method: &str,
        parameters: &[(&str, &str)],
        timestamp: &str,
    ) -> Result<HttpRequest> {
        let public = [
            ("app_id", self.app_id.as_str()),
            ("method", method),
            ("format", "JSON"),
            ("charset", "utf-8"),
            ("sign_type", "RSA2"),
            ("timestamp", timestamp),
            ("version", "1.0"),
            ("app_cert_sn", &self.app_cert_sn),
            ("alipay_root_cert_sn", &self.root_cert_sn),
        ];
        let own = || parameters.iter().copied().filter(|(_, value)| !value.is_empty());
        let sign = self.signer.sign(&string_to_sign(public.into_iter().chain(own())))?;
        let mut url = gateway.clone();
        url.query_pairs_mut().extend_pairs(public).append_pair("sign", &sign);
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(own()).finish();
        // The gateway reads the body in GBK unless its encoding was announced before: https://opendocs.alipay.com/common/057k53.
        Ok(HttpRequest::post(url, "application/x-www-form-urlencoded;charset=utf-8", body.into_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use super::*;

    #[test]
    fn parameters_are_sorted_by_key_and_empty_ones_dropped() {
        let parameters = [
            ("code1", "x"),
            ("sign", "no"),
            ("code", "a&b=c "),
            ("empty", ""),
            ("Zed", "1"),
            ("code_", "y"),
            ("", "v"),
        ];
        assert_eq!(string_to_sign(parameters), "Zed=1&code=a&b=c &code1=x&code_=y");
    }

    #[test]
    fn the_timestamp_is_in_beijing_whatever_the_day_here() {
        let at = |seconds| timestamp(UNIX_EPOCH + Duration::from_secs(seconds)).unwrap();
        assert_eq!(at(1_795_305_600), "2026-11-22 08:00:00");
        // 16:00 UTC on the last of February of a leap year is the first of March there.
        assert_eq!(at(1_709_222_400), "2024-03-01 00:00:00");
        assert_eq!(at(1_709_222_399), "2024-02-29 23:59:59");
        assert_eq!(timestamp(UNIX_EPOCH - Duration::from_secs(1)).unwrap(), "1970-01-01 07:59:59");
    }
}
