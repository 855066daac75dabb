//! Keys and certificates of the simulated Alipay, and their successors.

use std::time::SystemTime;

use vestibule_alipay_simulator::{AppRegistration, Authority, IssuedCertificate, LeafRequest, RsaKey, Simulator};

use crate::failure::Outcome;

/// An application with one key of its own, and an Alipay.
pub(crate) fn registration(authority: &Authority) -> Outcome<AppRegistration> {
    Ok(AppRegistration::new(authority, AppRegistration::DEFAULT_APP_ID, AppRegistration::DEFAULT_PID)?)
}

/// A certificate and the private key that belongs to it, as a merchant has them in files.
#[derive(Debug)]
pub(crate) struct Pair {
    pub(crate) certificate: IssuedCertificate,
    pub(crate) key: RsaKey,
}

impl Pair {
    /// A successor of the application's, with a new key; not registered yet.
    pub(crate) fn app() -> Outcome<Self> {
        Self::issue(&LeafRequest::app(AppRegistration::DEFAULT_PID, AppRegistration::DEFAULT_APP_ID))
    }

    /// A successor of Alipay's, with a new key; not in use yet.
    pub(crate) fn alipay() -> Outcome<Self> {
        Self::issue(&LeafRequest::alipay(AppRegistration::DEFAULT_PID))
    }

    fn issue(request: &LeafRequest) -> Outcome<Self> {
        let key = RsaKey::generate()?;
        Ok(Self { certificate: Authority::shared()?.issue(request, &key)?, key })
    }

    /// The serial number by which requests and answers name the certificate.
    pub(crate) fn serial(&self) -> String {
        self.certificate.certificate().sn().to_owned()
    }

    /// Uploads it at the simulated Alipay: from here on requests may be signed with it or with its predecessors.
    pub(crate) fn register(&self, simulator: &Simulator) -> Outcome {
        let certificate = self.certificate.certificate().clone();
        Ok(simulator.register_app_certificate(AppRegistration::DEFAULT_APP_ID, certificate)?)
    }

    /// From here on the simulated Alipay signs with it.
    pub(crate) fn sign_with_it(self, simulator: &Simulator) -> Outcome {
        let (id, from) = (AppRegistration::DEFAULT_APP_ID, SystemTime::UNIX_EPOCH);
        Ok(simulator.rotate_alipay_certificate(id, self.key, self.certificate, from)?)
    }
}
