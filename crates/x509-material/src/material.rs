//! What a text holds, all blocks together.

use std::fmt;

use crate::algorithm::KeyAlgorithm;
use crate::armour::{self, Block, Data};
use crate::certificate::Certificate;
use crate::content::Content;
use crate::error::{MaterialError, Position};
use crate::private_key::PrivateKey;
use crate::public_key::PublicKey;

/// The longest text that is read, in bytes: 256 KiB.
pub const MAX_TEXT_BYTES: usize = 256 * 1024;

/// The most certificates that one text may hold.
pub const MAX_CERTIFICATES: usize = 64;

/// What a text is. `Display` names it with its article, for messages: "a bundle of 4 certificates".
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Kind {
    /// One certificate.
    Certificate,
    /// Several certificates.
    Bundle {
        /// How many.
        certificates: usize,
    },
    /// Certificates and a private key in one text.
    CertificateAndPrivateKey {
        /// How many certificates.
        certificates: usize,
    },
    /// An RSA private key.
    PrivateKey,
    /// A private key that only its passphrase opens.
    EncryptedPrivateKey,
    /// A private key of another algorithm than RSA.
    OtherPrivateKey(KeyAlgorithm),
    /// A public key of any algorithm.
    PublicKey,
}

impl Kind {
    /// A stable word for machines: `certificate`, `bundle`, `certificate_and_private_key`, `private_key`, `encrypted_private_key`, `other_private_key`, `public_key`.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Certificate => "certificate",
            Self::Bundle { .. } => "bundle",
            Self::CertificateAndPrivateKey { .. } => "certificate_and_private_key",
            Self::PrivateKey => "private_key",
            Self::EncryptedPrivateKey => "encrypted_private_key",
            Self::OtherPrivateKey(_) => "other_private_key",
            Self::PublicKey => "public_key",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Certificate => f.write_str("an X.509 certificate"),
            Self::Bundle { certificates } => write!(f, "a bundle of {certificates} certificates"),
            Self::CertificateAndPrivateKey { certificates: 1 } => {
                f.write_str("a certificate together with a private key")
            }
            Self::CertificateAndPrivateKey { certificates } => {
                write!(f, "a bundle of {certificates} certificates together with a private key")
            }
            Self::PrivateKey => f.write_str("an RSA private key"),
            Self::EncryptedPrivateKey => f.write_str("an encrypted private key"),
            Self::OtherPrivateKey(algorithm) => write!(f, "a private key of another algorithm than RSA ({algorithm})"),
            Self::PublicKey => f.write_str("a public key"),
        }
    }
}

/// What was read from a text: certificates in their order, and at most one key.
#[derive(Debug)]
pub struct Material {
    certificates: Vec<Certificate>,
    key: Option<Key>,
}

#[derive(Debug)]
enum Key {
    Rsa(PrivateKey),
    Encrypted,
    Other(KeyAlgorithm),
    Public(PublicKey),
}

impl Material {
    /// Reads a text and says what it is, by its content: PEM labels decide nothing.
    ///
    /// Encrypted keys and keys of other algorithms are read, so that a caller can name them; [`private_key`](Self::private_key) refuses them.
    ///
    /// # Errors
    ///
    /// A [`MaterialError`] that says what is wrong with the text and what to do. It never repeats content of the text. Where there are several blocks,
    /// what is wrong with one of them is a [`MaterialError::Block`] with its number.
    pub fn read(text: &str) -> Result<Self, MaterialError> {
        if text.len() > MAX_TEXT_BYTES {
            return Err(MaterialError::TooLarge { bytes: text.len() });
        }
        let blocks = armour::blocks(text)?;
        // One block more for a private key, and one for its parameters.
        if blocks.len() > MAX_CERTIFICATES + 2 {
            return Err(MaterialError::TooManyCertificates);
        }
        let mut material = Self { certificates: Vec::new(), key: None };
        for (index, block) in blocks.iter().enumerate() {
            match read_block(block, text) {
                Ok(content) => material.add(content)?,
                Err(error) if blocks.len() == 1 => return Err(error),
                Err(error) => {
                    return Err(MaterialError::Block {
                        number: index + 1,
                        total: blocks.len(),
                        at: Position::of(text, block.start),
                        error: Box::new(error),
                    });
                }
            }
        }
        match (&material.key, material.certificates.len()) {
            (_, count) if count > MAX_CERTIFICATES => Err(MaterialError::TooManyCertificates),
            (Some(Key::Public(_)), 1..) => Err(MaterialError::PublicKeyBesideOthers),
            // Only EC parameters.
            (None, 0) => Err(MaterialError::UnknownDer),
            _ => Ok(material),
        }
    }

    fn add(&mut self, content: Content) -> Result<(), MaterialError> {
        let key = match content {
            Content::Certificate(certificate) => {
                self.certificates.push(*certificate);
                return Ok(());
            }
            Content::EcParameters => return Ok(()),
            Content::PrivateKey(key) => Key::Rsa(key),
            Content::EncryptedPrivateKey => Key::Encrypted,
            Content::OtherPrivateKey(algorithm) => Key::Other(algorithm),
            Content::PublicKey(key) => Key::Public(key),
        };
        match (&self.key, &key) {
            (None, _) => {
                self.key = Some(key);
                Ok(())
            }
            (Some(Key::Public(_)), _) | (_, Key::Public(_)) => Err(MaterialError::PublicKeyBesideOthers),
            _ => Err(MaterialError::SeveralPrivateKeys),
        }
    }

    /// What the text is.
    #[must_use]
    pub fn kind(&self) -> Kind {
        match (&self.key, self.certificates.len()) {
            (None, 1) => Kind::Certificate,
            (None, certificates) => Kind::Bundle { certificates },
            (Some(Key::Public(_)), _) => Kind::PublicKey,
            (Some(_), certificates @ 1..) => Kind::CertificateAndPrivateKey { certificates },
            (Some(Key::Rsa(_)), 0) => Kind::PrivateKey,
            (Some(Key::Encrypted), 0) => Kind::EncryptedPrivateKey,
            (Some(Key::Other(algorithm)), 0) => Kind::OtherPrivateKey(algorithm.clone()),
        }
    }

    /// The certificates, in the order of the text. Empty where there are none.
    #[must_use]
    pub fn certificates(&self) -> &[Certificate] {
        &self.certificates
    }

    /// The first certificate: where a text holds a certificate and those of its issuers, the one it is about.
    ///
    /// # Errors
    ///
    /// [`MaterialError::NotACertificate`] where there is none.
    pub fn first_certificate(&self) -> Result<&Certificate, MaterialError> {
        self.certificates.first().ok_or_else(|| MaterialError::NotACertificate { found: self.kind() })
    }

    /// The RSA private key.
    ///
    /// # Errors
    ///
    /// [`MaterialError::NotAPrivateKey`] where something else stands in the text, [`MaterialError::EncryptedPrivateKey`] and [`MaterialError::NotRsa`] where it
    /// is a private key that cannot be used.
    pub fn private_key(&self) -> Result<&PrivateKey, MaterialError> {
        match &self.key {
            Some(Key::Rsa(key)) => Ok(key),
            Some(Key::Encrypted) => Err(MaterialError::EncryptedPrivateKey),
            Some(Key::Other(algorithm)) => Err(MaterialError::NotRsa { algorithm: algorithm.clone() }),
            Some(Key::Public(_)) | None => Err(MaterialError::NotAPrivateKey { found: self.kind() }),
        }
    }

    /// The public key of a text that is a public key. (That of a certificate is [`Certificate::public_key`].)
    ///
    /// # Errors
    ///
    /// [`MaterialError::NotAPublicKey`] where something else stands in the text.
    pub fn public_key(&self) -> Result<&PublicKey, MaterialError> {
        match &self.key {
            Some(Key::Public(key)) => Ok(key),
            _ => Err(MaterialError::NotAPublicKey { found: self.kind() }),
        }
    }
}

fn read_block(block: &Block<'_>, text: &str) -> Result<Content, MaterialError> {
    match block.decode(text)? {
        Data::Bytes(bytes) => Content::of(&bytes),
        Data::EncryptedByHeader => Ok(Content::EncryptedPrivateKey),
    }
}
