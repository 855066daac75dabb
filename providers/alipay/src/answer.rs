//! What the gateway answers: cut, verified, and only then parsed.
//!
//! `cut` finds the exact bytes of each member, `envelope` says which members there may be, `verify` believes the node or not, by one of the
//! keys of `key`, and `refusal` tells a success from a refusal.

pub(crate) mod cut;
pub(crate) mod encoding;
pub(crate) mod envelope;
mod key;
mod refusal;
mod verify;

pub use key::{OtherVersion, SignedWith};
pub use refusal::GatewayError;
pub use verify::{Answer, Verifier};

/// Why an answer is not used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AnswerFault {
    /// Nothing but white space.
    #[error("nothing")]
    Empty,

    /// More than 256 KiB.
    #[error("more than {} bytes", envelope::MAX_BYTES)]
    TooLarge,

    /// Not an answer of the gateway: not JSON, cut off, or without a response node.
    #[error("something that is not json of the expected form (byte {offset})")]
    Malformed {
        /// Where that shows, in bytes from the beginning.
        offset: usize,
    },

    /// Objects within objects without end.
    #[error("json that is nested deeper than {} levels", cut::MAX_DEPTH)]
    TooDeep,

    /// Some object has the same key twice, so that two readers could see two answers.
    #[error("the answer has the same key twice, so that it could be read in two ways")]
    DuplicateKey,

    /// A node for another method, two nodes, or a member nobody knows.
    #[error("the answer is not one to this method: it has another response node, two of them, or an unknown member")]
    UnexpectedMember,

    /// `alipay_cert_sn` is not 32 lower-case hex digits.
    #[error("the answer's \"alipay_cert_sn\" is not a serial number (32 lower-case hex digits)")]
    MalformedCertSn,

    /// A success that nobody signed.
    #[error("the answer is not signed; a success must be")]
    MissingSignature,

    /// A success in certificate mode without `alipay_cert_sn`.
    #[error(
        "the answer does not say with which certificate it was signed (\"alipay_cert_sn\"); is the app in certificate mode in Alipay's console?"
    )]
    MissingCertSn,

    /// The signature is not Alipay's.
    #[error(
        "the answer's signature was not made by the key of the Alipay certificate, or the answer was changed on its way"
    )]
    BadSignature,

    /// The signature is not by the pinned key, and the answer says that another certificate was used.
    #[error(
        "the answer's signature was not made by the key of the Alipay certificate {pinned}, and the answer names the certificate {named}: if Alipay has issued a new certificate, download alipayCertPublicKey.crt again from the console"
    )]
    OtherCertificate {
        /// Serial number of the certificate that is configured.
        pinned: String,
        /// Serial number that the answer gives; nobody vouches for it.
        named: String,
    },

    /// The signature is not by the pinned key, and the answer names a certificate that is stored and does not hold at this time.
    #[error(
        "the answer names the certificate {named}, which is stored as a version beside the active one and has expired, or is not valid yet"
    )]
    OutsideItsTime {
        /// Serial number that the answer gives; nobody vouches for it.
        named: String,
    },

    /// The node is encrypted text.
    #[error(
        "the answer is encrypted: content encryption is on for this app in Alipay's console; switch it off for this interface (接口内容加密方式)"
    )]
    Encrypted,

    /// The gateway refused.
    #[error("the gateway refused with {0}")]
    Gateway(GatewayError),
}
