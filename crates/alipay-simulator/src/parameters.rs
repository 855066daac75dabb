//! Form parameters, read strictly.
//!
//! A lenient reader would repair what the real one misreads: a doubled parameter, a bad percent sign, bytes that are no UTF-8.

use std::collections::BTreeMap;

/// Names and values in the order in which they came.
pub(crate) type Pairs = Vec<(String, String)>;

/// Parameters with unique names, sorted by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Parameters(BTreeMap<String, String>);

/// Why parameters could not be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ParameterFault {
    #[error("the parameter \"{0}\" came twice")]
    Duplicate(String),
    #[error("the parameters are not percent-encoded UTF-8")]
    Encoding,
}

/// Decodes `application/x-www-form-urlencoded`.
pub(crate) fn decode_pairs(encoded: &[u8]) -> Result<Pairs, ParameterFault> {
    let mut pairs = Vec::new();
    for part in encoded.split(|byte| *byte == b'&').filter(|part| !part.is_empty()) {
        let mut halves = part.splitn(2, |byte| *byte == b'=');
        let name = decode(halves.next().unwrap_or_default())?;
        let value = decode(halves.next().unwrap_or_default())?;
        pairs.push((name, value));
    }
    Ok(pairs)
}

impl Parameters {
    /// Gathers pairs; a name that comes twice is refused.
    pub(crate) fn gather(pairs: impl IntoIterator<Item = (String, String)>) -> Result<Self, ParameterFault> {
        let mut gathered = BTreeMap::new();
        for (name, value) in pairs {
            if gathered.contains_key(&name) {
                return Err(ParameterFault::Duplicate(name));
            }
            gathered.insert(name, value);
        }
        Ok(Self(gathered))
    }

    /// The value, unless it is absent or empty, which is the same to Alipay.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// The text over which a request is signed: all parameters but `sign` and empty ones, sorted by name, `name=value` joined by `&`.
    pub(crate) fn string_to_sign(&self) -> String {
        let parts: Vec<String> = self
            .0
            .iter()
            .filter(|(name, value)| name.as_str() != "sign" && !name.is_empty() && !value.is_empty())
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        parts.join("&")
    }
}

fn decode(encoded: &[u8]) -> Result<String, ParameterFault> {
    let mut bytes = Vec::with_capacity(encoded.len());
    let mut rest = encoded.iter();
    while let Some(byte) = rest.next() {
        match byte {
            b'+' => bytes.push(b' '),
            b'%' => bytes.push(hex_digit(rest.next())? << 4 | hex_digit(rest.next())?),
            other => bytes.push(*other),
        }
    }
    String::from_utf8(bytes).map_err(|_| ParameterFault::Encoding)
}

fn hex_digit(digit: Option<&u8>) -> Result<u8, ParameterFault> {
    let value = digit.and_then(|digit| char::from(*digit).to_digit(16)).ok_or(ParameterFault::Encoding)?;
    u8::try_from(value).map_err(|_| ParameterFault::Encoding)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_is_decoded_and_what_is_no_form_is_refused() {
        assert_eq!(
            decode_pairs(b"a=1+2&&b=%E5%BC%A0%3d&c").unwrap(),
            [("a", "1 2"), ("b", "张="), ("c", "")].map(owned)
        );
        for bad in ["a=%", "a=%4", "a=%zz", "a=%ff", "%+1=a"] {
            assert_eq!(decode_pairs(bad.as_bytes()), Err(ParameterFault::Encoding), "{bad}");
        }
        assert_eq!(decode_pairs(b"a=\xd5\xc5"), Err(ParameterFault::Encoding));
    }

    #[test]
    fn a_name_that_comes_twice_is_refused() {
        let pairs = decode_pairs(b"a=1&b=2&a=1").unwrap();
        assert_eq!(Parameters::gather(pairs), Err(ParameterFault::Duplicate("a".to_owned())));
    }

    #[test]
    fn the_string_to_sign_is_sorted_by_name_and_leaves_out_sign_and_empty_values() {
        // "code" before "code1": sorting the joined texts would turn them round, because '1' stands before '='.
        let pairs =
            [("sign", "x"), ("code1", "b"), ("code", "a"), ("empty", ""), ("sign_type", "RSA2"), ("app_id", "2021")]
                .map(owned);
        assert_eq!(Parameters::gather(pairs).unwrap().string_to_sign(), "app_id=2021&code=a&code1=b&sign_type=RSA2");
    }

    fn owned((name, value): (&str, &str)) -> (String, String) {
        (name.to_owned(), value.to_owned())
    }
}
