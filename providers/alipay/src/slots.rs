//! Judges the cert records of a row: does each text stand where it belongs, and do they belong together?
//!
//! What a text is, its content decides. The root bundle may stand in either field of the `rootCert` record: Casdoor's guide has `alipayCertPublicKey.crt` in its
//! Certificate field and `alipayRootCert.crt` in its Private key field; the clean layout has the bundle in the Certificate field and Alipay's certificate in
//! a record of its own. Every fault names the record, the field, what stands there and what belongs there.

use std::time::SystemTime;

use vestibule_oauth_provider::{CertRecord, Finding};
use vestibule_x509_material::{Certificate, KeyAlgorithm, Material, MaterialError, PublicKey, verify_chain};

use crate::answer::Verifier;
use crate::certificates::{Holding, Role, Validity, day, is_issued_by_class_2, is_issued_by_test_authority};
use crate::environment::{Environment, Issuers};
use crate::errors::PRODUCTION_ROOT_SN;
use crate::findings::Findings;
use crate::request::Signer;
use crate::serial_number::{cert_sn, root_sn};
use crate::slot::{Field, Slot};

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

/// What a row is judged against.
#[derive(Debug)]
pub(crate) struct Expected<'a> {
    /// Nothing where the row's is no app id.
    pub(crate) app_id: Option<&'a str>,
    pub(crate) environment: Environment,
    pub(crate) now: SystemTime,
}

/// What the records come to.
#[derive(Debug)]
pub(crate) struct Credentials {
    pub(crate) app_cert_sn: String,
    pub(crate) app_key_sha256: String,
    pub(crate) root_cert_sn: String,
    pub(crate) signer: Signer,
    pub(crate) verifier: Verifier,
    /// How messages call the place of the certificate that answers are verified with.
    pub(crate) alipay_cert_place: String,
    pub(crate) ends: Vec<End>,
}

/// When a certificate ends: a provider may outlive it.
#[derive(Debug)]
pub(crate) struct End {
    pub(crate) at: SystemTime,
    /// What is then to be said.
    pub(crate) message: String,
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
        app_cert_sn: cert_sn(&app_certificate),
        app_key_sha256: app_key.spki_sha256,
        root_cert_sn: roots.sn?,
        signer: app_key.signer,
        verifier: verifier?,
        alipay_cert_place: alipay_cert_place?,
        ends,
    })
}

#[derive(Debug)]
struct App {
    pid: Option<String>,
    certificate: Option<Certificate>,
    key: Option<AppKey>,
    /// The public half: the key's, or where that cannot be read its certificate's.
    public: Option<PublicKey>,
}

#[derive(Debug)]
struct AppKey {
    signer: Signer,
    spki_sha256: String,
}

#[derive(Debug)]
struct Roots {
    /// How messages call the place.
    place: String,
    field: Field,
    certificates: Vec<Certificate>,
    /// Nothing where none of them is signed with RSA.
    sn: Option<String>,
}

struct Judge<'a> {
    expected: &'a Expected<'a>,
    findings: &'a mut Findings,
    ends: Vec<End>,
}

impl Judge<'_> {
    fn app(&mut self, record: &CertRecord) -> App {
        let slot = Slot::certificate(record);
        let certificate = self.holding(slot, APP_CERT).and_then(|(material, holding)| match holding {
            Holding::Certificate(Role::App { pid, app_id }) => {
                let certificate = material.first_certificate().ok()?.clone();
                self.same_app(slot, &app_id);
                Some((pid, certificate))
            }
            holding => self.misplaced(slot, &holding, APP_CERT),
        });
        if let Some((_, certificate)) = &certificate {
            self.issuers(slot, certificate, APP_CERT);
            self.validity(slot, "the app certificate", certificate, APP_CERT);
        }
        let (public, key) = self.app_key(record, certificate.as_ref().map(|(_, certificate)| certificate)).unzip();
        let (pid, certificate) = certificate.unzip();
        let public = public.or_else(|| certificate.as_ref().map(|certificate| certificate.public_key().clone()));
        App { pid, certificate, key: key.flatten(), public }
    }

    fn same_app(&mut self, slot: Slot<'_>, app_id: &str) {
        if let Some(expected) = self.expected.app_id.filter(|expected| *expected != app_id) {
            self.findings.fault(format!(
                "{slot} holds the certificate of app id {app_id}, but \"appId\" is {expected}; {APP_CERT} of app {expected} belongs there, or \"appId\" is wrong"
            ));
        }
    }

    /// The public half, and the key for signing where it can sign.
    fn app_key(
        &mut self,
        record: &CertRecord,
        certificate: Option<&Certificate>,
    ) -> Option<(PublicKey, Option<AppKey>)> {
        let slot = Slot::private_key(record);
        let material = match slot.read() {
            Ok(material) => material,
            Err(error) => return self.unreadable(slot, &error, APP_KEY),
        };
        let key = match material.private_key() {
            Ok(key) => key,
            Err(error) => return self.unreadable(slot, &error, APP_KEY),
        };
        let spki_sha256 = key.spki_sha256();
        if let Some(certificate) = certificate.filter(|certificate| !key.matches(certificate)) {
            self.findings.fault(format!(
                "key and certificate of record \"{}/{}\" do not match: the certificate in its Certificate field was issued for another key than the one in its Private key field; the {APP_KEY} with which {APP_CERT} was requested belongs there (SHA-256 of the key's public half: {spki_sha256}, of the certificate's: {})",
                record.owner,
                record.name,
                certificate.public_key().spki_sha256()
            ));
        }
        let signing = match Signer::new(key) {
            Ok(signer) => Some(AppKey { signer, spki_sha256 }),
            Err(error) => self.unreadable(slot, &error, APP_KEY),
        };
        Some((key.public_key().clone(), signing))
    }

    /// The root bundle, from whichever field of the record holds it.
    fn roots(&mut self, record: &CertRecord, alipay: &AlipayRecord) -> Option<Roots> {
        for slot in [Slot::certificate(record), Slot::private_key(record)] {
            let Ok(material) = slot.read() else { continue };
            if Holding::of(&material) != Holding::RootBundle {
                continue;
            }
            let certificates = material.certificates().to_vec();
            let sn = self.root_bundle(slot, &certificates);
            return Some(Roots { place: slot.to_string(), field: slot.field, certificates, sn });
        }
        // Neither: which field was meant follows from the layout.
        let in_private_key = matches!(alipay, AlipayRecord::BesideTheRoots)
            || Slot::certificate(record)
                .read()
                .is_ok_and(|material| matches!(Holding::of(&material), Holding::Certificate(Role::Alipay { .. })));
        let slot = if in_private_key { Slot::private_key(record) } else { Slot::certificate(record) };
        match slot.read() {
            Ok(material) => self.misplaced(slot, &Holding::of(&material), ROOT_CERT),
            Err(MaterialError::Empty) => {
                self.findings.fault(format!("the root bundle is missing: {slot} is empty; {ROOT_CERT} belongs there"));
                None
            }
            Err(error) => self.unreadable(slot, &error, ROOT_CERT),
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

    /// What verifies answers, and how messages call the place of its certificate.
    fn alipay(&mut self, records: &Records, roots: Option<&Roots>, app: Option<&App>) -> Option<(Verifier, String)> {
        let slot = match &records.alipay {
            AlipayRecord::Own(record) => Slot::certificate(record),
            AlipayRecord::Missing => return None,
            AlipayRecord::BesideTheRoots => {
                let record = records.root.as_ref()?;
                match roots.map(|roots| roots.field) {
                    // The bundle stands in the Certificate field: then Alipay's certificate can only be in the other one.
                    Some(Field::Certificate) if Slot::private_key(record).text().trim().is_empty() => {
                        self.findings.fault(format!(
                            "the Alipay certificate is missing: {} holds the root bundle; set \"alipayCert\" to a record with {ALIPAY_CERT} in its Certificate field",
                            Slot::certificate(record)
                        ));
                        return None;
                    }
                    Some(Field::Certificate) => Slot::private_key(record),
                    Some(Field::PrivateKey) | None => Slot::certificate(record),
                }
            }
        };
        let (material, holding) = self.holding(slot, ALIPAY_CERT)?;
        let Holding::Certificate(Role::Alipay { pid }) = &holding else {
            return self.misplaced(slot, &holding, ALIPAY_CERT);
        };
        let leaf = material.first_certificate().ok()?;
        let faults_before = self.findings.fault_count();
        let verifier = self.alipay_key(slot, leaf, app);
        self.family_and_pid(slot, leaf, pid, app);
        self.issuers(slot, leaf, ALIPAY_CERT);
        self.validity(slot, "the Alipay certificate", leaf, ALIPAY_CERT);
        // A certificate that is refused anyhow is not also said to have no chain.
        if let Some(roots) = roots.filter(|_| self.findings.fault_count() == faults_before) {
            self.chain(slot, &material, leaf, roots);
        }
        verifier.map(|verifier| (verifier, slot.to_string()))
    }

    fn alipay_key(&mut self, slot: Slot<'_>, leaf: &Certificate, app: Option<&App>) -> Option<Verifier> {
        let key = leaf.public_key();
        if app.and_then(|app| app.public.as_ref()).is_some_and(|own| own.is_same_key(key)) {
            self.findings.fault(format!(
                "{slot} has the app's own key in it; {ALIPAY_CERT} belongs there, which holds Alipay's key, not the app's"
            ));
            return None;
        }
        let verifier = Verifier::new(key, Some(cert_sn(leaf)));
        if verifier.is_none() {
            let bits = key.rsa_bits().map(|bits| format!(" of {bits} bits")).unwrap_or_default();
            self.findings.fault(format!(
                "{slot} holds an Alipay certificate with a key for {}{bits}, which is not supported; download {ALIPAY_CERT} for RSA2 (2048 bits or more) from Alipay's console",
                key.algorithm()
            ));
        }
        match self.expected.environment {
            Environment::Sandbox => verifier.map(Verifier::accepting_a_missing_cert_sn),
            Environment::Production | Environment::Global | Environment::Custom => verifier,
        }
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

    fn chain(&mut self, slot: Slot<'_>, material: &Material, leaf: &Certificate, roots: &Roots) {
        let policy = self.expected.environment.chain_policy();
        if let Err(error) = verify_chain(leaf, material.certificates(), &roots.certificates, self.expected.now, policy)
        {
            self.findings.fault(format!(
                "{slot} holds an Alipay certificate that does not chain to the root bundle in {}: {error}; {ALIPAY_CERT} and {ROOT_CERT} of the same Alipay belong there, each whole, as downloaded from Alipay's console",
                roots.place
            ));
        }
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

    /// What stands in a slot, or a fault where that cannot be said.
    fn holding(&mut self, slot: Slot<'_>, belongs: &str) -> Option<(Material, Holding)> {
        match slot.read() {
            Ok(material) => {
                let holding = Holding::of(&material);
                Some((material, holding))
            }
            Err(error) => self.unreadable(slot, &error, belongs),
        }
    }

    fn misplaced<T>(&mut self, slot: Slot<'_>, holding: &Holding, belongs: &str) -> Option<T> {
        self.findings.fault(format!("{slot} holds {holding}; {belongs} belongs there"));
        None
    }

    fn unreadable<T>(&mut self, slot: Slot<'_>, error: &MaterialError, belongs: &str) -> Option<T> {
        let message = match error {
            MaterialError::NotAPrivateKey { found } => format!("{slot} holds {found}; {belongs} belongs there"),
            error => format!("{slot}: {error}; {belongs} belongs there"),
        };
        self.findings.fault(message);
        None
    }
}
