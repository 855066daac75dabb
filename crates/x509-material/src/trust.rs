//! The strict reader: does a certificate chain to one of these roots?
//!
//! A path is searched from the leaf upwards. At each step the issuer is looked for by name (byte for byte) among the roots, then among the intermediates; its
//! key must verify the signature; only then does it count. Several certificates may bear the same name (a CA with a new key), so the search tries each, within
//! bounds on depth and on the number of signatures. What the caller hears about a failure is the one that came nearest to a root.
//!
//! Decided narrower than RFC 5280 where nothing real needs the width: RSA PKCS#1 v1.5 with SHA-256, SHA-384 or SHA-512 and keys of 2048 to 8192 bits only. SHA-1
//! and 1024-bit keys verify with other programs and are refused here: nothing that is signed today needs them, and a root's own signature is never checked.
//! Names inside certificates are not matched against hosts; revocation is not looked up.

mod error;
mod strict;

use std::time::SystemTime;

use ring::signature::UnparsedPublicKey;

pub use self::error::ChainError;
use self::error::{name_of, shortened};
use self::strict::Strict;
use crate::certificate::Certificate;

/// The most certificates between leaf and root that a path may have.
pub const MAX_INTERMEDIATES: usize = 3;

/// The most signatures that one search verifies.
pub const MAX_SIGNATURE_CHECKS: usize = 32;

/// How much of RFC 5280 section 6 is asked of a path. Signatures are always checked, and so are the dates of the leaf.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChainPolicy {
    /// Also the dates of the intermediates, and that every issuer may issue: `basicConstraints`, its path length, `keyUsage`.
    Strict,
    /// Not that. For test environments whose own CA breaks these rules. Whoever holds *any* certificate of such a CA can issue further ones, so this is
    /// never right for production.
    SignaturesAndLeafDates,
}

/// A verified path: leaf, intermediates, root.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chain {
    path: Vec<Certificate>,
    root: Certificate,
}

impl Chain {
    /// The certificates from the leaf upwards, without the root.
    #[must_use]
    pub fn path(&self) -> &[Certificate] {
        &self.path
    }

    /// The root at which the path ends.
    #[must_use]
    pub fn root(&self) -> &Certificate {
        &self.root
    }
}

/// Verifies that `leaf` chains to one of `roots` at the time `at`.
///
/// `roots` are anchors: of them only the self-issued count, their dates and own signatures are not checked. `intermediates` are taken as help from anybody and prove nothing
/// of themselves; the leaf may be among them.
///
/// # Errors
///
/// A [`ChainError`] that names the certificate and the reason.
pub fn verify_chain(
    leaf: &Certificate,
    intermediates: &[Certificate],
    roots: &[Certificate],
    at: SystemTime,
    policy: ChainPolicy,
) -> Result<Chain, ChainError> {
    let roots: Vec<&Certificate> = roots.iter().filter(|root| root.is_self_issued()).collect();
    if roots.is_empty() {
        return Err(ChainError::NoRoots);
    }
    let strict = Strict::read(leaf)?;
    strict.check_dates(at)?;
    if strict.constraints.as_ref().is_some_and(|constraints| constraints.ca) {
        return Err(ChainError::LeafIsCa { certificate: strict.name() });
    }
    let mut search = Search { intermediates, roots, at, policy, checks: 0, nearest: None };
    match search.upwards(&[&strict]) {
        Some(chain) => Ok(chain),
        None => Err(match search.nearest {
            Some((_, error)) => error,
            None => no_issuer(leaf),
        }),
    }
}

struct Search<'a> {
    intermediates: &'a [Certificate],
    roots: Vec<&'a Certificate>,
    at: SystemTime,
    policy: ChainPolicy,
    checks: usize,
    /// The failure that came nearest to a root, with its rank.
    nearest: Option<((usize, usize), ChainError)>,
}

impl Search<'_> {
    /// Looks for a way from the last certificate of a path to a root.
    fn upwards(&mut self, path: &[&Strict<'_>]) -> Option<Chain> {
        let top = path.last()?;
        let mut found_issuer = false;
        for root in self.roots.clone() {
            if root.subject().der() != top.certificate.issuer().der() {
                continue;
            }
            found_issuer = true;
            match self.check_root(root, path) {
                Ok(()) => {
                    let path = path.iter().map(|strict| strict.certificate.clone()).collect();
                    return Some(Chain { path, root: root.clone() });
                }
                Err(error) => self.failed(path.len(), error),
            }
        }
        for issuer in self.intermediates {
            let known = path.iter().any(|strict| strict.certificate.der() == issuer.der());
            if known || issuer.subject().der() != top.certificate.issuer().der() {
                continue;
            }
            found_issuer = true;
            if path.len() > MAX_INTERMEDIATES {
                let leaf = path.first().map(|leaf| leaf.name()).unwrap_or_default();
                self.failed(path.len(), ChainError::TooDeep { certificate: leaf });
                break;
            }
            match self.check_intermediate(issuer, path) {
                Ok(strict) => {
                    let mut longer = path.to_vec();
                    longer.push(&strict);
                    if let Some(chain) = self.upwards(&longer) {
                        return Some(chain);
                    }
                }
                Err(error) => self.failed(path.len(), error),
            }
        }
        if !found_issuer {
            self.failed(path.len(), no_issuer(top.certificate));
        }
        None
    }

    fn check_root(&mut self, root: &Certificate, path: &[&Strict<'_>]) -> Result<(), ChainError> {
        self.check_signature(root, path)?;
        if self.policy == ChainPolicy::Strict {
            // A root of version 1 has no extensions; one that has them is held to them.
            let root = Strict::read(root)?;
            if root.constraints.as_ref().is_some_and(|constraints| !constraints.ca) {
                return Err(ChainError::NotCa {
                    certificate: root.name(),
                    reason: "its basicConstraints say cA=FALSE",
                });
            }
            root.check_issuing(path)?;
        }
        Ok(())
    }

    fn check_intermediate<'c>(
        &mut self,
        issuer: &'c Certificate,
        path: &[&Strict<'_>],
    ) -> Result<Strict<'c>, ChainError> {
        self.check_signature(issuer, path)?;
        let strict = Strict::read(issuer)?;
        if self.policy == ChainPolicy::Strict {
            match &strict.constraints {
                Some(constraints) if constraints.ca => {}
                Some(_) => {
                    return Err(ChainError::NotCa {
                        certificate: strict.name(),
                        reason: "its basicConstraints say cA=FALSE",
                    });
                }
                None => {
                    return Err(ChainError::NotCa { certificate: strict.name(), reason: "it has no basicConstraints" });
                }
            }
            strict.check_issuing(path)?;
            strict.check_dates(self.at)?;
        }
        Ok(strict)
    }

    /// Whether the key of `issuer` signed the last certificate of the path.
    fn check_signature(&mut self, issuer: &Certificate, path: &[&Strict<'_>]) -> Result<(), ChainError> {
        let Some(signed) = path.last() else { return Err(ChainError::TooManyChecks) };
        if self.checks >= MAX_SIGNATURE_CHECKS {
            return Err(ChainError::TooManyChecks);
        }
        self.checks += 1;

        let algorithm = signed.algorithm()?;
        let unsupported_key = |key: String| ChainError::UnsupportedKey { certificate: name_of(issuer), key };
        let key = issuer.public_key();
        let Some(pkcs1_der) = key.rsa_pkcs1_der() else { return Err(unsupported_key(key.algorithm().to_string())) };
        let bits = key.rsa_bits().unwrap_or_default();
        if !(2048..=8192).contains(&bits) {
            return Err(unsupported_key(format!("RSA of {bits} bits")));
        }
        UnparsedPublicKey::new(algorithm, pkcs1_der)
            .verify(signed.certificate.tbs_der(), &signed.signature)
            .map_err(|_| ChainError::SignatureMismatch { certificate: signed.name(), issuer: name_of(issuer) })
    }

    /// Keeps the failure if it came nearer to a root than the one before: a longer path, or a certificate that was there and did not fit
    /// rather than none.
    fn failed(&mut self, depth: usize, error: ChainError) {
        let weight = match error {
            ChainError::TooManyChecks => 4,
            ChainError::NoIssuer { .. } => 0,
            ChainError::TooDeep { .. } => 1,
            ChainError::SignatureMismatch { .. } => 2,
            _ => 3,
        };
        let rank = if weight == 4 { (usize::MAX, weight) } else { (depth, weight) };
        if self.nearest.as_ref().is_none_or(|(nearest, _)| rank > *nearest) {
            self.nearest = Some((rank, error));
        }
    }
}

fn no_issuer(certificate: &Certificate) -> ChainError {
    ChainError::NoIssuer { certificate: name_of(certificate), issuer: shortened(&certificate.issuer().to_string()) }
}
