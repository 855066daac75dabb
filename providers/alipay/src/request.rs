//! Requests to the gateway: what is signed, and where each parameter goes.
//!
//! Everything that is sent, in query or body, is signed, except the signature itself. Public parameters stand in the query, so that the gateway sees `charset`
//! before it reads the body: otherwise it reads and answers in GBK. What the method takes stands in the body; so does the access token, because queries end
//! in the logs of proxies. Sources: <https://opendocs.alipay.com/common/02kf5q>, <https://opendocs.alipay.com/common/057k53>.

use std::time::SystemTime;

use jiff::Timestamp;
use jiff::tz::Offset;
use url::form_urlencoded;
use vestibule_oauth_provider::{Error, HttpRequest, Result, Url};

use crate::charset::Charset;
use crate::modes::KnownBy;
use crate::sign_type::SignType;
use crate::signer::Signer;

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

/// Who asks: the parameters that every request of an app carries.
#[derive(Debug)]
pub(crate) struct Caller {
    pub(crate) app_id: String,
    pub(crate) known_by: KnownBy,
    pub(crate) sign_type: SignType,
    pub(crate) charset: Charset,
    pub(crate) signer: Signer,
}

impl Caller {
    /// A signed call of `method` at `gateway` with the method's own `parameters`.
    ///
    /// # Errors
    /// `Configuration`, when a parameter has a character that the charset has not.
    pub(crate) fn request(
        &self,
        gateway: &Url,
        method: &str,
        parameters: &[(&str, &str)],
        timestamp: &str,
    ) -> Result<HttpRequest> {
        let mut public = vec![
            ("app_id", self.app_id.as_str()),
            ("method", method),
            ("format", "JSON"),
            ("charset", self.charset.as_str()),
            ("sign_type", self.sign_type.as_str()),
            ("timestamp", timestamp),
            ("version", "1.0"),
        ];
        if let KnownBy::Certificates { app_cert_sn, root_cert_sn, .. } = &self.known_by {
            public.extend([("app_cert_sn", app_cert_sn.as_str()), ("alipay_root_cert_sn", root_cert_sn)]);
        }
        let own = || parameters.iter().copied().filter(|(_, value)| !value.is_empty());
        let body = urlencoded(own(), self.charset).map_err(|error| error.within(method))?;
        let to_sign = string_to_sign(public.iter().copied().chain(own()));
        let sign = self.signer.sign(&bytes("the string to sign", &to_sign, self.charset)?)?;
        public.push(("sign", &sign));
        let mut url = gateway.clone();
        url.set_query(Some(&urlencoded(public.iter().copied(), self.charset)?));
        // The gateway reads the body in GBK unless its encoding was announced before: https://opendocs.alipay.com/common/057k53.
        let content_type = format!("application/x-www-form-urlencoded;charset={}", self.charset);
        Ok(HttpRequest::post(url, &content_type, body.into_bytes()))
    }
}

/// `application/x-www-form-urlencoded`, the percent-encoded bytes being those of the charset.
fn urlencoded<'a>(parameters: impl Iterator<Item = (&'a str, &'a str)>, charset: Charset) -> Result<String> {
    let mut text = String::new();
    for (name, value) in parameters {
        if !text.is_empty() {
            text.push('&');
        }
        text.extend(form_urlencoded::byte_serialize(name.as_bytes()));
        text.push('=');
        text.extend(form_urlencoded::byte_serialize(&bytes(&format!("the parameter \"{name}\""), value, charset)?));
    }
    Ok(text)
}

fn bytes<'a>(what: &str, text: &'a str, charset: Charset) -> Result<std::borrow::Cow<'a, [u8]>> {
    charset.encode(text).ok_or_else(|| {
        Error::configuration(format!(
            "{what} has a character that charset \"{charset}\" has not; set \"charset\" to \"utf-8\""
        ))
    })
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

    #[test]
    fn a_form_is_written_in_the_bytes_of_the_charset() {
        let form = |charset| urlencoded([("a", "1 2"), ("b", "张=乗&")].into_iter(), charset).unwrap();
        assert_eq!(form(Charset::Utf8), "a=1+2&b=%E5%BC%A0%3D%E4%B9%97%26");
        assert_eq!(form(Charset::Gbk), "a=1+2&b=%D5%C5%3D%81%5C%26");
    }

    #[test]
    fn what_the_charset_has_not_is_named_and_not_sent() {
        for (charset, text) in [(Charset::Gbk, "𠮷"), (Charset::Gb2312, "囧")] {
            let error = urlencoded([("code", "ok"), ("remark", text)].into_iter(), charset).unwrap_err();
            assert!(error.message().starts_with("the parameter \"remark\" has a character"), "{error}");
            assert!(!error.message().contains(text), "{error}");
        }
    }
}
