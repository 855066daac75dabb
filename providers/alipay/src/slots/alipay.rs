//! Alipay's certificates: the one that is active, and those beside it that may verify.

use std::time::SystemTime;

use vestibule_oauth_provider::CertVersion;
use vestibule_x509_material::{Certificate, KeyAlgorithm, Material, verify_chain};

use super::app::App;
use super::roots::{Roots, holds_root_bundle};
use super::{ALIPAY_CERT, AlipayRecord, Judge, ROOT_CERT, Records};
use crate::answer::{OtherVersion, Verifier};
use crate::certificates::{Holding, Role, is_issued_by_class_2};
use crate::environment::Environment;
use crate::serial_number::cert_sn;
use crate::sign_type::SignType;
use crate::slot::{Field, Slot};

impl Judge<'_> {
    /// What verifies answers, and how messages call the place of its certificate.
    pub(super) fn alipay(
        &mut self,
        records: &Records,
        roots: Option<&Roots>,
        app: Option<&App>,
    ) -> Option<(Verifier, String)> {
        let slot = self.alipay_slot(records, roots)?;
        let verifier = self.active_alipay(slot, roots, app);
        let mut others = Vec::new();
        for version in &slot.record.others {
            others.extend(self.left_out_when_wrong("no answer is verified with this version", |judge| {
                judge.other_alipay(version_slot(slot, version, &records.alipay), version, roots, app)
            }));
        }
        Some((others.into_iter().fold(verifier?, Verifier::with_version), slot.to_string()))
    }

    fn alipay_slot<'a>(&mut self, records: &'a Records, roots: Option<&Roots>) -> Option<Slot<'a>> {
        let record = match &records.alipay {
            AlipayRecord::Own(record) => return Some(Slot::certificate(record)),
            AlipayRecord::Missing => return None,
            AlipayRecord::BesideTheRoots => records.root.as_ref()?,
        };
        match roots.map(|roots| roots.field) {
            // The bundle stands in the Certificate field: then Alipay's certificate can only be in the other one.
            Some(Field::Certificate) if Slot::private_key(record).is_empty() => {
                self.findings.fault(format!(
                    "the Alipay certificate is missing: {} holds the root bundle; set \"alipayCert\" to a record with {ALIPAY_CERT} in its Certificate field",
                    Slot::certificate(record)
                ));
                None
            }
            Some(Field::Certificate) => Some(Slot::private_key(record)),
            Some(Field::PrivateKey) | None => Some(Slot::certificate(record)),
        }
    }

    fn active_alipay(&mut self, slot: Slot<'_>, roots: Option<&Roots>, app: Option<&App>) -> Option<Verifier> {
        let (material, pid) = self.alipay_certificate(slot)?;
        let leaf = material.first_certificate().ok()?;
        let faults_before = self.findings.fault_count();
        let verifier = self.supported(slot, leaf, app, |leaf, sign_type| {
            Verifier::new(leaf.public_key(), Some(cert_sn(leaf)), sign_type)
        });
        self.family_and_pid(slot, leaf, &pid, app);
        self.issuers(slot, leaf, ALIPAY_CERT);
        self.validity(slot, "the Alipay certificate", leaf, ALIPAY_CERT);
        // A certificate that is refused anyhow is not also said to have no chain.
        if let Some(roots) = roots.filter(|_| self.findings.fault_count() == faults_before) {
            self.chain(slot, &material, leaf, roots, self.expected.now);
        }
        match self.expected.environment {
            Environment::Sandbox => verifier.map(Verifier::accepting_a_missing_cert_sn),
            Environment::Production | Environment::Global | Environment::Custom => verifier,
        }
    }

    /// Judged like the active one, but for its dates: those are asked for with every answer.
    fn other_alipay(
        &mut self,
        slot: Slot<'_>,
        version: &CertVersion,
        roots: Option<&Roots>,
        app: Option<&App>,
    ) -> Option<OtherVersion> {
        let (material, pid) = self.alipay_certificate(slot)?;
        let leaf = material.first_certificate().ok()?;
        let at = self.version_validity(slot, version.state, "the Alipay certificate", leaf)?;
        let other =
            self.supported(slot, leaf, app, |leaf, sign_type| OtherVersion::new(leaf, version.state, sign_type));
        self.family_and_pid(slot, leaf, &pid, app);
        self.issuers(slot, leaf, ALIPAY_CERT);
        let roots = roots?;
        if self.findings.fault_count() == 0 {
            self.chain(slot, &material, leaf, roots, at);
        }
        other
    }

    /// What a slot holds, if that is Alipay's certificate, and the pid for which it was issued.
    fn alipay_certificate(&mut self, slot: Slot<'_>) -> Option<(Material, String)> {
        let (material, holding) = self.holding(slot, ALIPAY_CERT)?;
        match holding {
            Holding::Certificate(Role::Alipay { pid }) => Some((material, pid)),
            holding => self.misplaced(slot, &holding, ALIPAY_CERT),
        }
    }

    /// What verifies with the key of a certificate, unless that is the app's own or none that is supported.
    fn supported<T>(
        &mut self,
        slot: Slot<'_>,
        leaf: &Certificate,
        app: Option<&App>,
        verifying: impl FnOnce(&Certificate, SignType) -> Option<T>,
    ) -> Option<T> {
        let key = leaf.public_key();
        if app.and_then(|app| app.public.as_ref()).is_some_and(|own| own.is_same_key(key)) {
            self.findings.fault(format!(
                "{slot} has the app's own key in it; {ALIPAY_CERT} belongs there, which holds Alipay's key, not the app's"
            ));
            return None;
        }
        let sign_type = self.expected.sign_type;
        let verifying = verifying(leaf, sign_type);
        if verifying.is_none() {
            let bits = key.rsa_bits().map(|bits| format!(" of {bits} bits")).unwrap_or_default();
            self.findings.fault(format!(
                "{slot} holds an Alipay certificate with a key for {}{bits}, which is not supported; download {ALIPAY_CERT} for {sign_type} ({} bits or more) from Alipay's console",
                key.algorithm(),
                sign_type.smallest_key()
            ));
        }
        verifying
    }

    fn family_and_pid(&mut self, slot: Slot<'_>, leaf: &Certificate, pid: &str, app: Option<&App>) {
        if *leaf.public_key().algorithm() != KeyAlgorithm::Rsa {
            return;
        }
        if !is_issued_by_class_2(leaf) {
            self.findings.fault(format!(
                "{slot} holds a certificate that calls itself Alipay's, but was not issued by the authority for Alipay's own certificates (\"Class 2\"); {ALIPAY_CERT} belongs there"
            ));
        }
        if let Some(own) = app.and_then(|app| app.pid.as_deref()).filter(|own| *own != pid) {
            self.findings.fault(format!(
                "{slot} holds the Alipay certificate of another merchant (pid {pid}; the app certificate is of pid {own}); {ALIPAY_CERT} downloaded with that app belongs there"
            ));
        }
    }

    fn chain(&mut self, slot: Slot<'_>, material: &Material, leaf: &Certificate, roots: &Roots, at: SystemTime) {
        let policy = self.expected.environment.chain_policy();
        if let Err(error) = verify_chain(leaf, material.certificates(), &roots.trusted, at, policy) {
            self.findings.fault(format!(
                "{slot} holds an Alipay certificate that does not chain to the root bundle in {}: {error}; {ALIPAY_CERT} and {ROOT_CERT} of the same Alipay belong there, each whole, as downloaded from Alipay's console",
                roots.place
            ));
        }
    }
}

/// Where a version has Alipay's certificate. Beside the roots, each version's content says in which field it is.
fn version_slot<'a>(active: Slot<'a>, version: &'a CertVersion, alipay: &AlipayRecord) -> Slot<'a> {
    let certificate = Slot::certificate(active.record).of(version);
    match alipay {
        AlipayRecord::BesideTheRoots if holds_root_bundle(certificate) => Slot::private_key(active.record).of(version),
        AlipayRecord::BesideTheRoots | AlipayRecord::Own(_) | AlipayRecord::Missing => certificate,
    }
}
