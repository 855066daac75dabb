//! With which algorithm requests and answers are signed.

/// `sign_type`. Each application is registered for one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SignType {
    /// `RSA2`: PKCS#1 v1.5 with SHA-256, keys of 2048 bits and more.
    #[default]
    Rsa2,
    /// `RSA`: PKCS#1 v1.5 with SHA-1, keys of 1024 bits and more. Applications of today do not get it.
    Rsa,
}

impl SignType {
    /// The word in requests.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Rsa2 => "RSA2",
            Self::Rsa => "RSA",
        }
    }

    pub(crate) fn named(name: &str) -> Option<Self> {
        [Self::Rsa2, Self::Rsa].into_iter().find(|sign_type| sign_type.name() == name)
    }
}
