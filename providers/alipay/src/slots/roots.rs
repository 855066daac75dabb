//! The root bundle, and what is trusted through it.

use vestibule_oauth_provider::{CertRecord, Finding};
use vestibule_x509_material::{Certificate, MaterialError};

use super::{AlipayRecord, Judge, ROOT_CERT};
use crate::certificates::{Holding, Role, is_issued_by_test_authority};
use crate::environment::Environment;
use crate::errors::PRODUCTION_ROOT_SN;
use crate::serial_number::root_sn;
use crate::slot::{Field, Slot, Unread};

#[derive(Debug)]
pub(super) struct Roots {
    /// How messages call the place.
    pub(super) place: String,
    pub(super) field: Field,
    /// Those of the active bundle, and those of the record's other versions: Alipay's certificate may be rotated before or after the bundle.
    pub(super) trusted: Vec<Certificate>,
    /// The active bundle's; nothing where none of its roots is signed with RSA.
    pub(super) sn: Option<String>,
}

/// Whether this is where a record has its root bundle.
pub(super) fn holds_root_bundle(slot: Slot<'_>) -> bool {
    slot.read().is_ok_and(|material| Holding::of(&material) == Holding::RootBundle)
}

impl Judge<'_> {
    pub(super) fn roots(&mut self, record: &CertRecord, alipay: &AlipayRecord) -> Option<Roots> {
        let fields = [Slot::certificate(record), Slot::private_key(record)];
        let (slot, mut trusted) = self.bundle(fields, alipay)?;
        let sn = self.root_bundle(slot, &trusted);
        for version in &record.others {
            let bundle = self.left_out_when_wrong("nothing is trusted through this version", |judge| {
                let (slot, bundle) = judge.bundle(fields.map(|slot| slot.of(version)), alipay)?;
                judge.root_bundle(slot, &bundle).map(|_| bundle)
            });
            trusted.extend(bundle.into_iter().flatten());
        }
        Some(Roots { place: slot.to_string(), field: slot.field, trusted, sn })
    }

    /// The root bundle, from whichever of the two fields holds it.
    fn bundle<'a>(
        &mut self,
        fields @ [certificate, private_key]: [Slot<'a>; 2],
        alipay: &AlipayRecord,
    ) -> Option<(Slot<'a>, Vec<Certificate>)> {
        for slot in fields {
            let Ok(material) = slot.read() else { continue };
            if Holding::of(&material) == Holding::RootBundle {
                return Some((slot, material.certificates().to_vec()));
            }
        }
        // Neither: which field was meant follows from the layout.
        let in_private_key = matches!(alipay, AlipayRecord::BesideTheRoots)
            || certificate
                .read()
                .is_ok_and(|material| matches!(Holding::of(&material), Holding::Certificate(Role::Alipay { .. })));
        let slot = if in_private_key { private_key } else { certificate };
        match slot.read() {
            Ok(material) => self.misplaced(slot, &Holding::of(&material), ROOT_CERT),
            Err(Unread::Material(MaterialError::Empty)) => {
                self.findings.fault(format!("the root bundle is missing: {slot} is empty; {ROOT_CERT} belongs there"));
                None
            }
            Err(unread) => self.unreadable(slot, &unread, ROOT_CERT),
        }
    }

    /// The bundle's serial number, where it has one.
    fn root_bundle(&mut self, slot: Slot<'_>, certificates: &[Certificate]) -> Option<String> {
        let Some(sn) = root_sn(certificates) else {
            self.findings.fault(format!("{slot} holds roots of which none is signed with RSA, so it has no serial number; the whole {ROOT_CERT} belongs there"));
            return None;
        };
        let of_test = certificates
            .iter()
            .any(|certificate| certificate.is_self_issued() && is_issued_by_test_authority(certificate));
        self.environment(slot, "the root bundle", of_test, ROOT_CERT);
        if self.expected.environment == Environment::Production && !of_test && sn != PRODUCTION_ROOT_SN {
            self.findings.add(Finding::note(format!(
                "{slot} holds a root bundle with alipay_root_cert_sn {sn}; the one handed out for production so far has {PRODUCTION_ROOT_SN}"
            )));
        }
        Some(sn)
    }
}
