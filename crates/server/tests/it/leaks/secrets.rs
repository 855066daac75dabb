//! What must not be found anywhere, and the search for it.

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use vestibule::Url;

use super::{Places, WatchedHouse};
use crate::support::{Browser, holds};

/// To whom the places are shown that are searched.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Shown {
    Nowhere,
    /// A browser is sent its own cookies and states, and nothing else.
    ToTheBrowserThatHasThem,
}

/// What must not be found: a name, the bytes, and whether the browser has it.
#[derive(Default)]
pub(super) struct Secrets(Vec<(String, Vec<u8>, bool)>);

impl Secrets {
    fn add(&mut self, name: impl Into<String>, bytes: impl Into<Vec<u8>>) {
        let bytes = bytes.into();
        assert!(bytes.len() >= 16, "too short to be found by nothing but itself");
        self.0.push((name.into(), bytes, false));
    }

    fn add_browsers(&mut self, name: &str, text: &str) {
        assert!(text.len() >= 16, "{name} is too short to be found by nothing but itself");
        self.0.push((name.to_owned(), text.as_bytes().to_owned(), true));
    }

    /// The key in every form and, of what makes it private, each part on its own.
    pub(super) fn add_private_key(&mut self, pkcs8: &[u8]) {
        let (_, info, _) = tlv(pkcs8);
        let (_, _, rest) = tlv(info);
        let (_, _, rest) = tlv(rest);
        let (_, pkcs1, _) = tlv(rest);
        let (_, numbers, _) = tlv(pkcs1);
        let (_, _, rest) = tlv(numbers);
        let (_, _, rest) = tlv(rest);
        let (_, _, mut private) = tlv(rest);
        let public = pkcs8.len() - private.len();
        for (form, der) in [("PKCS#8", pkcs8), ("PKCS#1", pkcs1)] {
            let text = STANDARD.encode(der);
            self.add(format!("{form} DER"), der);
            self.add(format!("{form} base64"), text.as_bytes());
            // Lines of the modulus may stand in the certificate as well.
            for line in text.as_bytes().chunks_exact(64).skip((public / 48) + 1) {
                self.add(format!("line of {form} base64"), line);
            }
        }
        for name in ["d", "p", "q", "d mod p-1", "d mod q-1", "q^-1 mod p"] {
            let (tag, number, rest) = tlv(private);
            assert_eq!(tag, 2, "an INTEGER");
            self.add(name, number);
            self.add(format!("half of {name}"), &number[number.len() / 2..]);
            let hex: String = number[1..].iter().map(|byte| format!("{byte:02x}")).collect();
            self.add(format!("{name} in hex"), hex);
            private = rest;
        }
    }

    /// Those that stand in the file at the moment.
    pub(super) fn add_master_keys(&mut self, file: &Path) {
        let text = std::fs::read_to_string(file).unwrap();
        let mut keys = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')).peekable();
        assert!(keys.peek().is_some());
        keys.for_each(|key| self.add_master_key(key));
    }

    fn add_master_key(&mut self, text: &str) {
        let bytes = match text.len() {
            64 => (0..32).map(|at| u8::from_str_radix(&text[2 * at..2 * at + 2], 16).unwrap()).collect(),
            _ => STANDARD.decode(text).unwrap(),
        };
        assert_eq!(bytes.len(), 32);
        self.add("master key in base64", STANDARD.encode(&bytes));
        self.add("master key in hex", bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>());
        self.add("master key in its file's form", text);
        self.add("master key", bytes);
    }

    pub(super) fn add_state(&mut self, authorize: &Url) {
        self.add_browsers("state", &parameter(authorize, "state"));
    }

    pub(super) fn add_code(&mut self, callback: &Url) -> String {
        let code = parameter(callback, "auth_code");
        self.add("auth_code", code.as_bytes());
        code
    }

    pub(super) fn add_cookies(&mut self, browser: &Browser) {
        assert!(browser.cookie_values().len() > 10);
        for value in browser.cookie_values() {
            self.add_browsers("cookie value", value);
        }
    }

    /// No state and no code is in what a browser keeps, in the clear or in base64.
    pub(super) fn are_not_in_cookies(&self, browser: &Browser) {
        let mut cookies = Places::new();
        for value in browser.cookie_values() {
            cookies.push(("a cookie".to_owned(), value.as_bytes().to_owned()));
            let parts = value.split(['.', ':']).filter_map(|part| URL_SAFE_NO_PAD.decode(part).ok());
            cookies.extend(parts.map(|part| ("a part of a cookie".to_owned(), part)));
        }
        assert!(cookies.len() > browser.cookie_values().len());
        self.are_absent_from(&cookies, Shown::Nowhere);
    }

    /// As they went over the wire.
    pub(super) fn add_tokens(&mut self, house: &WatchedHouse) {
        let said = String::from_utf8_lossy(&house.tap.said()).into_owned();
        for name in ["access_token", "refresh_token"] {
            let tokens: Vec<_> = said.split(&format!("\"{name}\":\"")).skip(1).collect();
            assert!(tokens.len() > 5, "{} times {name}", tokens.len());
            for token in tokens {
                self.add(name, token.split('"').next().unwrap());
            }
        }
        let requests = house.simulator.requests();
        for token in requests.iter().filter_map(|request| request.parameter("auth_token")) {
            assert!(self.0.iter().any(|(_, bytes, _)| bytes == token.as_bytes()), "the tap missed a token");
        }
        let codes: Vec<_> = requests.iter().filter_map(|request| request.parameter("code")).collect();
        assert!(codes.len() > 10, "codes reached the gateway");
        for code in codes {
            assert!(self.0.iter().any(|(_, bytes, _)| bytes == code.as_bytes()));
        }
    }

    pub(super) fn are_absent_from(&self, places: &Places, shown: Shown) {
        let mut found = Vec::new();
        for (secret, bytes, browsers) in &self.0 {
            if *browsers && shown == Shown::ToTheBrowserThatHasThem {
                continue;
            }
            found.extend(places.iter().filter(|(_, place)| holds(place, bytes)).map(|(name, _)| (secret, name)));
        }
        assert!(found.is_empty(), "{found:?}");
    }
}

fn parameter(url: &Url, name: &str) -> String {
    let (_, value) = url.query_pairs().find(|(found, _)| found == name).unwrap();
    value.into_owned()
}

/// Tag, content and what follows, of DER (X.690 section 8.1).
fn tlv(der: &[u8]) -> (u8, &[u8], &[u8]) {
    let (length, at) = match der[1] {
        short @ 0..0x80 => (usize::from(short), 2),
        long => {
            let octets = usize::from(long & 0x7f);
            (der[2..2 + octets].iter().fold(0, |length, octet| length << 8 | usize::from(*octet)), 2 + octets)
        }
    };
    (der[0], &der[at..at + length], &der[at + length..])
}
