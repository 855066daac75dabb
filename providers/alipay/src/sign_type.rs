//! With which algorithm requests and answers are signed: <https://opendocs.alipay.com/common/02kf5q>.

use std::fmt;

use ring::signature::{RSA_PKCS1_1024_8192_SHA1_FOR_LEGACY_USE_ONLY, RSA_PKCS1_2048_8192_SHA256, RsaParameters};
use vestibule_oauth_provider::{Error, Finding, Result};

use crate::config::given;

/// `sign_type`, the same for requests and answers. There is no way from one to the other but the row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SignType {
    /// PKCS#1 v1.5 with SHA-256, keys of 2048 bits and more.
    #[default]
    Rsa2,
    /// PKCS#1 v1.5 with SHA-1, keys of 1024 bits and more: of apps that were never changed to RSA2.
    Rsa,
}

impl SignType {
    /// As the row has it; RSA2 unless given.
    ///
    /// # Errors
    /// `Configuration`, when it is none.
    pub(crate) fn read(text: Option<&str>) -> Result<Self> {
        let Some(text) = given(text) else { return Ok(Self::default()) };
        [Self::Rsa2, Self::Rsa].into_iter().find(|sign_type| sign_type.as_str().eq_ignore_ascii_case(text)).ok_or_else(
            || {
                Error::configuration(
                    "\"signType\" is none of Alipay's: expected \"RSA2\", or \"RSA\" for an app whose key stands under RSA in Alipay's console",
                )
            },
        )
    }

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Rsa2 => "RSA2",
            Self::Rsa => "RSA",
        }
    }

    /// The smallest key, in bits.
    pub(crate) fn smallest_key(self) -> usize {
        match self {
            Self::Rsa2 => 2048,
            Self::Rsa => 1024,
        }
    }

    pub(crate) fn verification(self) -> &'static RsaParameters {
        match self {
            Self::Rsa2 => &RSA_PKCS1_2048_8192_SHA256,
            Self::Rsa => &RSA_PKCS1_1024_8192_SHA1_FOR_LEGACY_USE_ONLY,
        }
    }

    /// What is to be said of a row that asks for it.
    pub(crate) fn warning(self) -> Option<Finding> {
        match self {
            Self::Rsa2 => None,
            Self::Rsa => Some(Finding::warning(
                "\"signType\" is \"RSA\", which signs with SHA-1: signatures with it can be forged at a price, and Alipay gives it to no new app; put a key under RSA2 in Alipay's console and set \"signType\" to \"RSA2\"",
            )),
        }
    }
}

impl fmt::Display for SignType {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rsa2_unless_the_row_says_otherwise() {
        assert_eq!(SignType::read(None).unwrap(), SignType::Rsa2);
        assert_eq!(SignType::read(Some(" ")).unwrap(), SignType::Rsa2);
        assert_eq!(SignType::read(Some("rsa2")).unwrap(), SignType::Rsa2);
        assert_eq!(SignType::read(Some(" RSA ")).unwrap(), SignType::Rsa);
        for text in ["SHA1", "RSA1", "SM2"] {
            assert!(SignType::read(Some(text)).unwrap_err().message().contains("expected \"RSA2\""), "{text}");
        }
    }
}
