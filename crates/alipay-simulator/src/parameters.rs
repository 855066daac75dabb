//! Form parameters, read strictly.
//!
//! A lenient reader would repair what the real one misreads: a doubled parameter, a bad percent sign, bytes that are none of the charset's.

use std::collections::BTreeMap;

use crate::charset::Charset;

/// Names and values in the order in which they came.
pub(crate) type Pairs = Vec<(String, String)>;

/// Names and values in the order in which they came, in the bytes of a charset that is still to be found out.
pub(crate) type RawPairs = Vec<(Vec<u8>, Vec<u8>)>;

/// Parameters with unique names, sorted by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Parameters(BTreeMap<String, Value>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Value {
    text: String,
    /// `name=value` as it is signed.
    signed: Vec<u8>,
}

/// Why parameters could not be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ParameterFault {
    #[error("the parameter \"{0}\" came twice")]
    Duplicate(String),
    #[error("the parameters are not percent-encoded text in their charset")]
    Encoding,
}

/// Takes `application/x-www-form-urlencoded` apart.
pub(crate) fn split(encoded: &[u8]) -> Result<RawPairs, ParameterFault> {
    let mut pairs = Vec::new();
    for part in encoded.split(|byte| *byte == b'&').filter(|part| !part.is_empty()) {
        let mut halves = part.splitn(2, |byte| *byte == b'=');
        let name = percent_decoded(halves.next().unwrap_or_default())?;
        let value = percent_decoded(halves.next().unwrap_or_default())?;
        pairs.push((name, value));
    }
    Ok(pairs)
}

/// The pairs as text.
pub(crate) fn decode(pairs: &RawPairs, charset: Charset) -> Result<Pairs, ParameterFault> {
    let text = |bytes: &[u8]| charset.decode(bytes).ok_or(ParameterFault::Encoding);
    pairs.iter().map(|(name, value)| Ok((text(name)?, text(value)?))).collect()
}

impl Parameters {
    /// Gathers pairs; a name that comes twice is refused.
    pub(crate) fn gather(pairs: &RawPairs, charset: Charset) -> Result<Self, ParameterFault> {
        let mut gathered = BTreeMap::new();
        for ((name, text), (raw_name, raw_value)) in decode(pairs, charset)?.into_iter().zip(pairs) {
            let signed = [raw_name.as_slice(), b"=", raw_value].concat();
            if gathered.contains_key(&name) {
                return Err(ParameterFault::Duplicate(name));
            }
            gathered.insert(name, Value { text, signed });
        }
        Ok(Self(gathered))
    }

    /// The value, unless it is absent or empty, which is the same to Alipay.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(|value| value.text.as_str()).filter(|value| !value.is_empty())
    }

    /// The text over which a request is signed: all parameters but `sign` and empty ones, sorted by name, `name=value` joined by `&`.
    pub(crate) fn string_to_sign(&self) -> String {
        self.signed().map(|(name, value)| format!("{name}={}", value.text)).collect::<Vec<_>>().join("&")
    }

    /// The same text in the bytes in which it came, which are those that are signed.
    pub(crate) fn bytes_to_sign(&self) -> Vec<u8> {
        self.signed().map(|(_, value)| value.signed.as_slice()).collect::<Vec<_>>().join(b"&".as_slice())
    }

    fn signed(&self) -> impl Iterator<Item = (&str, &Value)> {
        let all = self.0.iter().map(|(name, value)| (name.as_str(), value));
        all.filter(|(name, value)| *name != "sign" && !name.is_empty() && !value.text.is_empty())
    }
}

fn percent_decoded(encoded: &[u8]) -> Result<Vec<u8>, ParameterFault> {
    let mut bytes = Vec::with_capacity(encoded.len());
    let mut rest = encoded.iter();
    while let Some(byte) = rest.next() {
        match byte {
            b'+' => bytes.push(b' '),
            b'%' => bytes.push(hex_digit(rest.next())? << 4 | hex_digit(rest.next())?),
            other => bytes.push(*other),
        }
    }
    Ok(bytes)
}

fn hex_digit(digit: Option<&u8>) -> Result<u8, ParameterFault> {
    let value = digit.and_then(|digit| char::from(*digit).to_digit(16)).ok_or(ParameterFault::Encoding)?;
    u8::try_from(value).map_err(|_| ParameterFault::Encoding)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(encoded: &[u8]) -> Result<Pairs, ParameterFault> {
        decode(&split(encoded)?, Charset::Utf8)
    }

    fn gathered(encoded: &str, charset: Charset) -> Result<Parameters, ParameterFault> {
        Parameters::gather(&split(encoded.as_bytes())?, charset)
    }

    #[test]
    fn a_form_is_decoded_and_what_is_no_form_is_refused() {
        assert_eq!(pairs(b"a=1+2&&b=%E5%BC%A0%3d&c").unwrap(), [("a", "1 2"), ("b", "张="), ("c", "")].map(owned));
        for bad in ["a=%", "a=%4", "a=%zz", "a=%ff", "%+1=a"] {
            assert_eq!(pairs(bad.as_bytes()), Err(ParameterFault::Encoding), "{bad}");
        }
        assert_eq!(pairs(b"a=\xd5\xc5"), Err(ParameterFault::Encoding));
    }

    #[test]
    fn a_name_that_comes_twice_is_refused() {
        assert_eq!(gathered("a=1&b=2&%61=1", Charset::Utf8), Err(ParameterFault::Duplicate("a".to_owned())));
    }

    #[test]
    fn the_string_to_sign_is_sorted_by_name_and_leaves_out_sign_and_empty_values() {
        // "code" before "code1": sorting the joined texts would turn them round, because '1' stands before '='.
        let parameters = gathered("sign=x&code1=b&code=a&empty=&sign_type=RSA2&app_id=2021", Charset::Utf8).unwrap();
        assert_eq!(parameters.string_to_sign(), "app_id=2021&code=a&code1=b&sign_type=RSA2");
        assert_eq!(parameters.bytes_to_sign(), parameters.string_to_sign().as_bytes());
    }

    #[test]
    fn what_is_signed_are_the_bytes_of_the_charset() {
        let parameters = gathered("b=%d5%c5%c8%fd&a=%81%5C", Charset::Gbk).unwrap();
        assert_eq!((parameters.get("b"), parameters.get("a")), (Some("张三"), Some("乗")));
        assert_eq!(parameters.bytes_to_sign(), b"a=\x81\\&b=\xd5\xc5\xc8\xfd");
        assert_eq!(gathered("b=%d5%c5%c8%fd", Charset::Utf8), Err(ParameterFault::Encoding));
    }

    fn owned((name, value): (&str, &str)) -> (String, String) {
        (name.to_owned(), value.to_owned())
    }
}
