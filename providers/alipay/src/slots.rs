//! Judges the cert records of a row: does each text stand where it belongs, and do they belong together?
//!
//! What a text is, its content decides. The root bundle may stand in either field of the `rootCert` record: Casdoor's guide has `alipayCertPublicKey.crt` in its
//! Certificate field and `alipayRootCert.crt` in its Private key field; the clean layout has the bundle in the Certificate field and Alipay's certificate in
//! a record of its own. Every fault names the record, the field, what stands there and what belongs there.
//!
//! The active versions make the credentials, and what is wrong with them is a fault. Staged and retired versions help to verify, and what is wrong with
//! one of them leaves it out, with a warning: nobody's sign-in fails because somebody prepares a rotation.

mod alipay;
mod app;
mod roots;

use std::time::SystemTime;

use vestibule_oauth_provider::{CertRecord, Finding, VersionState};
use vestibule_x509_material::{Certificate, Material, MaterialError};

use crate::certificates::{Holding, Validity, day, is_issued_by_test_authority};
use crate::environment::Issuers;
use crate::findings::Findings;
use crate::modes::{Credentials, End, Expected, KnownBy};
use crate::serial_number::cert_sn;
use crate::slot::{Slot, Unread};

const APP_CERT: &str = "appCertPublicKey.crt";
const APP_KEY: &str = "appPrivateKey.txt";
const ALIPAY_CERT: &str = "alipayCertPublicKey.crt";
const ROOT_CERT: &str = "alipayRootCert.crt";

/// The records of a row, as far as they could be read.
#[derive(Debug)]
pub(crate) struct Records {
    pub(crate) app: Option<CertRecord>,
    pub(crate) root: Option<CertRecord>,
    pub(crate) alipay: AlipayRecord,
}

/// Where Alipay's certificate is to be found.
#[derive(Debug)]
pub(crate) enum AlipayRecord {
    /// In the record of the root bundle.
    BesideTheRoots,
    /// In a record of its own.
    Own(CertRecord),
    /// In a record of its own, which could not be read.
    Missing,
}

/// Judges all records; credentials come only of records without a fault.
pub(crate) fn judge(records: &Records, expected: &Expected<'_>, findings: &mut Findings) -> Option<Credentials> {
    let mut judge = Judge { expected, findings, ends: Vec::new() };
    let app = records.app.as_ref().map(|record| judge.app(record));
    let roots = records.root.as_ref().and_then(|record| judge.roots(record, &records.alipay));
    let (verifier, alipay_cert_place) = judge.alipay(records, roots.as_ref(), app.as_ref()).unzip();
    let ends = judge.ends;
    let app = app?;
    let (app_certificate, app_key) = (app.certificate?, app.key?);
    let roots = roots?;
    Some(Credentials {
        known_by: KnownBy::Certificates {
            app_cert_sn: cert_sn(&app_certificate),
            root_cert_sn: roots.sn?,
            alipay_cert_place: alipay_cert_place?,
        },
        app_key_sha256: app_key.spki_sha256,
        signer: app_key.signer,
        verifier: verifier?.expecting(expected.charset),
        ends,
    })
}

struct Judge<'a> {
    expected: &'a Expected<'a>,
    findings: &'a mut Findings,
    ends: Vec<End>,
}

impl Judge<'_> {
    /// Judges a version that is not the active one. What is wrong with it is no fault of the row: it is left out, and `consequence` is said of that.
    fn left_out_when_wrong<T>(
        &mut self,
        consequence: &str,
        judge_version: impl FnOnce(&mut Judge<'_>) -> Option<T>,
    ) -> Option<T> {
        let mut findings = Findings::default();
        let mut judge = Judge { expected: self.expected, findings: &mut findings, ends: Vec::new() };
        let judged = judge_version(&mut judge);
        let good = findings.fault_count() == 0;
        self.findings.add_as_warnings(findings, consequence);
        judged.filter(|_| good)
    }

    fn issuers(&mut self, slot: Slot<'_>, certificate: &Certificate, belongs: &str) {
        self.environment(slot, "a certificate", is_issued_by_test_authority(certificate), belongs);
    }

    fn environment(&mut self, slot: Slot<'_>, what: &str, of_test: bool, belongs: &str) {
        let environment = self.expected.environment;
        let (is, wanted) = match (environment.issuers(), of_test) {
            (Issuers::Production, true) => ("the sandbox", "production"),
            (Issuers::Test, false) => ("production", "the sandbox"),
            (Issuers::Production, false) | (Issuers::Test, true) | (Issuers::Any, _) => return,
        };
        self.findings.fault(format!(
            "{slot} holds {what} of {is}, but \"environment\" is \"{environment}\"; {belongs} of {wanted} belongs there"
        ));
    }

    fn validity(&mut self, slot: Slot<'_>, what: &str, certificate: &Certificate, belongs: &str) {
        let expired = |day: &str| {
            format!("{what} in {slot} expired on {day}; renew it in Alipay's console: the new {belongs} belongs there")
        };
        if let Some(at) = certificate.not_after() {
            self.ends.push(End { at, message: expired(&day(at)) });
        }
        match Validity::of(certificate, self.expected.now) {
            Validity::Holds => {}
            Validity::EndsSoon(day) => self.findings.add(Finding::warning(format!(
                "{what} in {slot} expires on {day}; renew it in Alipay's console and store the new {belongs} there"
            ))),
            Validity::Expired(day) => self.findings.fault(expired(&day)),
            Validity::NotYet(day) => self.findings.fault(format!(
                "{what} in {slot} is not valid before {day}; is this machine's clock right? A {belongs} that is valid today belongs there"
            )),
            Validity::Unreadable => {
                self.findings.fault(format!("{what} in {slot} has no readable dates; download {belongs} again"));
            }
        }
    }

    /// When the certificate of a version that is not the active one is to be judged; nothing when it is of no use any more.
    fn version_validity(
        &mut self,
        slot: Slot<'_>,
        state: VersionState,
        what: &str,
        certificate: &Certificate,
    ) -> Option<SystemTime> {
        let now = self.expected.now;
        match (Validity::of(certificate, now), state) {
            (Validity::Unreadable, _) => {
                self.findings.fault(format!("{what} in {slot} has no readable dates"));
                None
            }
            (Validity::Expired(day), VersionState::Next) => {
                self.findings.fault(format!("{what} in {slot} expired on {day}"));
                None
            }
            (Validity::Expired(day), VersionState::Retired) => {
                self.findings
                    .add(Finding::note(format!("{what} in {slot} expired on {day} and verifies nothing any more")));
                None
            }
            (Validity::NotYet(day), _) => {
                self.findings.add(Finding::note(format!("{what} in {slot} is not valid before {day}")));
                certificate.not_before()
            }
            (Validity::EndsSoon(day), VersionState::Next) => {
                self.findings.add(Finding::warning(format!("{what} in {slot} expires on {day} already")));
                Some(now)
            }
            (Validity::EndsSoon(_), VersionState::Retired) | (Validity::Holds, _) => Some(now),
        }
    }

    /// What stands in a slot, or a fault where that cannot be said.
    fn holding(&mut self, slot: Slot<'_>, belongs: &str) -> Option<(Material, Holding)> {
        match slot.read() {
            Ok(material) => {
                let holding = Holding::of(&material);
                Some((material, holding))
            }
            Err(unread) => self.unreadable(slot, &unread, belongs),
        }
    }

    fn misplaced<T>(&mut self, slot: Slot<'_>, holding: &Holding, belongs: &str) -> Option<T> {
        self.findings.fault(format!("{slot} holds {holding}; {belongs} belongs there"));
        None
    }

    fn unreadable<T>(&mut self, slot: Slot<'_>, unread: &Unread, belongs: &str) -> Option<T> {
        let message = match unread {
            Unread::MayBeAKey => format!("{slot} {unread}; {belongs} belongs there"),
            Unread::Material(MaterialError::NotAPrivateKey { found }) => {
                format!("{slot} holds {found}; {belongs} belongs there")
            }
            Unread::Material(error) => format!("{slot}: {error}; {belongs} belongs there"),
        };
        self.findings.fault(message);
        None
    }
}
