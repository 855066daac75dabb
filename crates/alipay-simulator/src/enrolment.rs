//! An application while the simulator runs: its registration, and what is to become of it.

use std::{sync::Arc, time::SystemTime};

use crate::{
    certificate::{Certificate, IssuedCertificate},
    key::RsaKey,
    registration::AppRegistration,
};

/// No application has this id.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no application has the app_id \"{0}\"")]
pub struct UnknownApp(pub String);

/// A registration that changes at moments that were announced.
#[derive(Debug)]
pub(crate) struct Enrolment {
    current: Arc<AppRegistration>,
    /// Sorted by their moments.
    rotations: Vec<Rotation>,
}

/// From some moment on, answers are signed so.
#[derive(Debug)]
pub(crate) struct Rotation {
    pub(crate) from: SystemTime,
    pub(crate) key: RsaKey,
    pub(crate) certificate: IssuedCertificate,
}

impl Enrolment {
    pub(crate) fn new(app: AppRegistration) -> Self {
        Self { current: Arc::new(app), rotations: Vec::new() }
    }

    pub(crate) fn app_id(&self) -> &str {
        self.current.app_id()
    }

    /// The registration as it is at `now`. Who holds it keeps it: a request is answered under the certificate under which it was judged.
    pub(crate) fn at(&mut self, now: SystemTime) -> Arc<AppRegistration> {
        let due = self.rotations.partition_point(|rotation| rotation.from <= now);
        if let Some(latest) = self.rotations.drain(..due).next_back() {
            let app = AppRegistration::clone(&self.current);
            self.current = Arc::new(app.with_alipay_certificate(latest.key, latest.certificate));
        }
        Arc::clone(&self.current)
    }

    pub(crate) fn register(&mut self, certificate: Certificate) {
        let app = AppRegistration::clone(&self.current);
        self.current = Arc::new(app.with_further_app_certificate(certificate));
    }

    pub(crate) fn rotate(&mut self, rotation: Rotation) {
        let place = self.rotations.partition_point(|other| other.from <= rotation.from);
        self.rotations.insert(place, rotation);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::{
        authority::{Authority, LeafRequest},
        key::SharedKey,
    };

    #[test]
    fn rotations_happen_in_the_order_of_their_moments_and_the_latest_holds() {
        let start = SystemTime::UNIX_EPOCH + Duration::from_secs(1_795_278_600);
        let key = RsaKey::shared(SharedKey::Alipay).unwrap();
        let request = LeafRequest::alipay(AppRegistration::DEFAULT_PID);
        let issue = || Authority::shared().unwrap().issue(&request, &key).unwrap();
        let (second, third) = (issue(), issue());
        let mut enrolment = Enrolment::new(AppRegistration::simulated().unwrap());
        let at = |enrolment: &mut Enrolment, seconds| {
            enrolment.at(start + Duration::from_secs(seconds)).alipay_certificate().certificate().sn().to_owned()
        };
        let first = at(&mut enrolment, 0);
        for (seconds, certificate) in [(20, &third), (10, &second)] {
            let from = start + Duration::from_secs(seconds);
            enrolment.rotate(Rotation { from, key: key.clone(), certificate: certificate.clone() });
        }
        assert_eq!(at(&mut enrolment, 9), first);
        assert_eq!(at(&mut enrolment, 10), second.certificate().sn());
        assert_eq!(at(&mut enrolment, 30), third.certificate().sn());
        assert_eq!(at(&mut enrolment, 30), third.certificate().sn());
    }
}
