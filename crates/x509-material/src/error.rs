//! What can be wrong with a text. Every message says what is wrong and what to do, and none repeats content of the text.

use std::fmt;

use crate::algorithm::KeyAlgorithm;
use crate::material::{Kind, MAX_CERTIFICATES, MAX_TEXT_BYTES};

/// A place in the text, as an editor shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    /// The line, from 1. CRLF, LF and CR end a line; the two characters `\n` do not.
    pub line: usize,
    /// The character within the line, from 1.
    pub column: usize,
}

impl Position {
    /// The place of a byte offset. Linear in the length of the text: for errors only.
    pub(crate) fn of(text: &str, offset: usize) -> Self {
        let mut position = Self { line: 1, column: 1 };
        let mut after_cr = false;
        for (index, c) in text.char_indices() {
            if index >= offset {
                break;
            }
            match c {
                '\n' if after_cr => {}
                '\n' | '\r' => position = Self { line: position.line + 1, column: 1 },
                _ => position.column += 1,
            }
            after_cr = c == '\r';
        }
        position
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}", self.line, self.column)
    }
}

/// Which of the two armour lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PemWord {
    /// `-----BEGIN …-----`
    Begin,
    /// `-----END …-----`
    End,
}

impl fmt::Display for PemWord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Begin => "BEGIN",
            Self::End => "END",
        })
    }
}

/// What is wrong with a text, or why it does not belong where it stands. The variants are stable; callers may match on them.
///
/// Messages are written to follow a subject that the caller knows ("the private key of record \"x\": …").
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MaterialError {
    /// Nothing but white space.
    #[error("is empty")]
    Empty,

    /// More than [`MAX_TEXT_BYTES`].
    #[error("has {bytes} bytes, more than the {MAX_TEXT_BYTES} that are read; paste only the certificates or the key")]
    TooLarge {
        /// Length of the text in bytes.
        bytes: usize,
    },

    /// More than [`MAX_CERTIFICATES`] blocks.
    #[error("holds more than {MAX_CERTIFICATES} certificates; paste only those that are needed")]
    TooManyCertificates,

    /// An armour line stands twice, one after the other.
    #[error(
        "the {word} line at {at} follows another {word} line; remove one of the two (the header was probably pasted around text that already had one)"
    )]
    DoubledPemLine {
        /// Which line.
        word: PemWord,
        /// Where the second one starts.
        at: Position,
    },

    /// An armour line without its five hyphens on both sides.
    #[error(
        "the PEM line at {at} is malformed; it must have exactly five hyphens on each side, as in \"-----BEGIN …-----\", with no space between hyphens and words"
    )]
    MalformedPemLine {
        /// Where it starts.
        at: Position,
    },

    /// BEGIN without END: the text was cut off, or the END line forgotten.
    #[error("the BEGIN line at {at} has no END line after it; the text is cut off, paste it whole")]
    MissingEnd {
        /// Where the BEGIN line starts.
        at: Position,
    },

    /// END without BEGIN.
    #[error("the END line at {at} has no BEGIN line before it; the beginning is missing, paste the text whole")]
    MissingBegin {
        /// Where the END line starts.
        at: Position,
    },

    /// A character that cannot stand there.
    #[error("has {what} at {at}, which cannot stand there; remove it, or copy the text again from the original file")]
    InvalidCharacter {
        /// Where.
        at: Position,
        /// What kind of character it is, with its code point where it has no common name.
        what: String,
    },

    /// The base64 has a length that no data has.
    #[error("is not complete base64: its last character stands alone; paste the text whole")]
    InvalidBase64,

    /// The DER announces more than there is.
    #[error(
        "is cut off: DER announces {announced} bytes, only {present} are there (other programs say \"asn1: syntax error: sequence truncated\"); paste the text whole"
    )]
    Truncated {
        /// Length by the outermost header, header included, in bytes.
        announced: usize,
        /// Length of what there is, in bytes.
        present: usize,
    },

    /// More bytes than the DER announces.
    #[error("has {extra} bytes after the end of the DER; paste the original text, one certificate or key per block")]
    TrailingBytes {
        /// How many.
        extra: usize,
    },

    /// One of several blocks is at fault.
    #[error("block {number} of {total} (at {at}): {error}")]
    Block {
        /// Which block, from 1.
        number: usize,
        /// How many there are.
        total: usize,
        /// Where its BEGIN line starts.
        at: Position,
        /// What is wrong with it.
        error: Box<MaterialError>,
    },

    /// The name of a file instead of its content.
    #[error("looks like the path of a file; paste the content of the file instead")]
    FilePath,

    /// A few words, as in an example configuration.
    #[error(
        "is neither a certificate nor a key; it is too short, and looks like a placeholder that was never replaced: paste the content of the certificate or key file"
    )]
    Placeholder,

    /// Text that is no certificate and no key.
    #[error(
        "is neither a certificate nor a key; expected PEM (\"-----BEGIN …-----\") or the base64 between such lines"
    )]
    NotRecognised,

    /// DER, but of nothing this crate knows.
    #[error(
        "is DER, but neither a certificate nor a key, or a damaged one; copy the text again from the original file"
    )]
    UnknownDer,

    /// A key whose outer wrapping is right and whose inside is not.
    #[error(
        "is an RSA private key whose numbers cannot be read; the text was damaged: copy it again from the original file"
    )]
    DamagedPrivateKey,

    /// A PKCS#10 request.
    #[error(
        "a certificate signing request is not a certificate; upload it to the certificate authority and paste the certificate that comes back"
    )]
    CertificateSigningRequest,

    /// A list of revoked certificates.
    #[error("is a certificate revocation list, not a certificate")]
    CertificateRevocationList,

    /// A PKCS#12 container (`.p12`, `.pfx`).
    #[error(
        "is a PKCS#12 container; take the parts out first: `openssl pkcs12 -in FILE -nodes -nocerts` prints the key, `openssl pkcs12 -in FILE -nokeys` the certificates"
    )]
    Pkcs12,

    /// A PKCS#7 container (`.p7b`).
    #[error("is a PKCS#7 container; take the certificates out first: `openssl pkcs7 -in FILE -print_certs`")]
    Pkcs7,

    /// A Java key store.
    #[error(
        "is a Java key store; convert it first: `keytool -importkeystore -srckeystore FILE -destkeystore new.p12 -deststoretype PKCS12`, then take the parts out with `openssl pkcs12`"
    )]
    JavaKeyStore,

    /// A key in the format of OpenSSH.
    #[error(
        "is an OpenSSH key; convert a private key with `ssh-keygen -p -m PKCS8 -f FILE`, a public key with `ssh-keygen -e -m PKCS8 -f FILE`"
    )]
    OpenSshKey,

    /// More than one private key.
    #[error("holds more than one private key; paste only one")]
    SeveralPrivateKeys,

    /// A public key beside something else.
    #[error(
        "holds a public key and something else; paste only one of them (a certificate and a private key already contain their public key)"
    )]
    PublicKeyBesideOthers,

    /// A private key was wanted and something else is there.
    #[error("{found} stands where a private key belongs")]
    NotAPrivateKey {
        /// What is there.
        found: Kind,
    },

    /// A certificate was wanted and something else is there.
    #[error("{found} stands where a certificate belongs")]
    NotACertificate {
        /// What is there.
        found: Kind,
    },

    /// A public key was wanted and something else is there.
    #[error("{found} stands where a public key belongs")]
    NotAPublicKey {
        /// What is there.
        found: Kind,
    },

    /// A private key that only its passphrase opens.
    #[error(
        "the private key is encrypted; store it without a passphrase: `openssl pkcs8 -topk8 -nocrypt -in FILE` asks for the passphrase and prints the key to paste"
    )]
    EncryptedPrivateKey,

    /// A private key of another algorithm than RSA.
    #[error("the private key is not an RSA key but {algorithm}; an RSA key of 2048 bits or more is needed")]
    NotRsa {
        /// What it is for.
        algorithm: KeyAlgorithm,
    },

    /// An RSA key that is too small or too large to sign with.
    #[error("the RSA key has {bits} bits; keys of 2048 to 4096 bits can sign: make a new one, 2048 bits is usual")]
    KeySize {
        /// Its size.
        bits: usize,
    },

    /// An RSA key that is too small or too large even to sign with SHA-1.
    #[error(
        "the RSA key has {bits} bits; keys of 1024 to 4096 bits can sign with SHA-1: make a new one, 2048 bits is usual"
    )]
    Sha1KeySize {
        /// Its size.
        bits: usize,
    },

    /// The numbers of an RSA key do not belong together.
    #[error("the RSA private key is damaged: its numbers do not belong together; copy it again from the original file")]
    InconsistentKey,
}
