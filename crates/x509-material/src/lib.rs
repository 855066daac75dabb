//! What is this text? Certificates, bundles and keys in every form people paste, read leniently for facts and strictly for trust.
//!
//! A person copies a certificate out of a mail, a key out of a JSON file, a bundle out of a zip, and pastes it into a form. This room turns such a text into
//! a [`Material`], or into a [`MaterialError`] that says what is wrong with it and what to do. It knows no vendor and no database.
//!
//! The flow:
//!
//! 1. `armour` finds the blocks: what stands between BEGIN and END lines, or the whole text where there are none. Line breaks may be LF, CRLF, CR, the two
//!    characters `\n`, or lost; the base64 may have any width. What a PEM label says decides nothing.
//! 2. `content` looks at the DER of each block and says what it *is*: certificate, private key (PKCS#8, PKCS#1), public key, encrypted key, …
//! 3. [`Material`] puts the blocks together: a certificate, a bundle, a key, a certificate with its key. What cannot stand together is refused.
//!
//! Then there are two readers of a certificate, and they are never mixed up:
//!
//! - [`Certificate`] is the **lenient** one: facts, for showing and for serial numbers. It reads whatever has a readable to-be-signed part, also where key, parameters or
//!   extensions are unknown or illegal, because one exotic root must not make a bundle unreadable. Nothing may be trusted because of it.
//! - [`verify_chain`] is the **strict** one: does this certificate chain to one of these roots? It parses again, by the rules, and refuses what it does not know.
//!
//! A private key is held in memory that is wiped, and shown by nothing: no `Debug`, no error and no accessor repeats a byte of it. Errors never repeat content of the
//! text at all, since what stands in the wrong field is often a secret.
//!
//! ```
//! use vestibule_x509_material::{Kind, Material, MaterialError};
//!
//! let text = include_str!("../tests/data/leaf.crt");
//! let material = Material::read(text)?;
//! assert_eq!(material.kind(), Kind::Certificate);
//! assert_eq!(material.first_certificate()?.common_name().as_deref(), Some("leaf.example"));
//! assert_eq!(
//!     material.private_key().unwrap_err().to_string(),
//!     "an X.509 certificate stands where a private key belongs"
//! );
//! # Ok::<(), MaterialError>(())
//! ```

mod algorithm;
mod armour;
mod certificate;
mod content;
mod der;
mod error;
mod integer;
mod material;
mod name;
mod private_key;
mod public_key;
mod sha1_signer;
mod time;
mod trust;

pub use algorithm::{KeyAlgorithm, SignatureAlgorithm};
pub use certificate::Certificate;
pub use error::{MaterialError, PemWord, Position};
pub use material::{Kind, MAX_CERTIFICATES, MAX_TEXT_BYTES, Material};
pub use name::{Attribute, Name, Rdn};
pub use private_key::{KeyForm, PrivateKey};
pub use public_key::PublicKey;
pub use sha1_signer::Sha1Signer;
pub use trust::{Chain, ChainError, ChainPolicy, MAX_INTERMEDIATES, MAX_SIGNATURE_CHECKS, verify_chain};
