//! The app's certificate and key.

use vestibule_oauth_provider::{CertRecord, Destination, VersionState};
use vestibule_x509_material::{Certificate, Material, MaterialError, PublicKey};

use super::{APP_CERT, APP_KEY, Judge};
use crate::certificates::{Holding, Role};
use crate::signer::Signer;
use crate::slot::{Slot, Unread};

#[derive(Debug)]
pub(super) struct App {
    pub(super) pid: Option<String>,
    pub(super) certificate: Option<Certificate>,
    pub(super) key: Option<AppKey>,
    /// The public half: the key's, or where that cannot be read its certificate's.
    pub(super) public: Option<PublicKey>,
}

#[derive(Debug)]
pub(super) struct AppKey {
    pub(super) signer: Signer,
    pub(super) spki_sha256: String,
}

impl Judge<'_> {
    pub(super) fn app(&mut self, record: &CertRecord) -> App {
        let slot = Slot::certificate(record);
        let certificate = self.app_certificate(slot);
        if let Some((_, certificate)) = &certificate {
            self.validity(slot, "the app certificate", certificate, APP_CERT);
        }
        let (public, key) = self.app_key(record, certificate.as_ref().map(|(_, certificate)| certificate)).unzip();
        self.staged_app_certificate(record);
        let (pid, certificate) = certificate.unzip();
        let public = public.or_else(|| certificate.as_ref().map(|certificate| certificate.public_key().clone()));
        App { pid, certificate, key: key.flatten(), public }
    }

    /// The certificate with its pid. Whether it holds today is not asked here.
    fn app_certificate(&mut self, slot: Slot<'_>) -> Option<(String, Certificate)> {
        let (material, holding) = self.holding(slot, APP_CERT)?;
        let Holding::Certificate(Role::App { pid, app_id }) = holding else {
            return self.misplaced(slot, &holding, APP_CERT);
        };
        let certificate = material.first_certificate().ok()?.clone();
        self.same_app(slot, &app_id);
        self.issuers(slot, &certificate, APP_CERT);
        Some((pid, certificate))
    }

    /// Nothing is signed with it before it is the active one, and then it is too late to find out.
    fn staged_app_certificate(&mut self, record: &CertRecord) {
        for version in record.others.iter().filter(|version| version.state == VersionState::Next) {
            let slot = Slot::certificate(record).of(version);
            self.left_out_when_wrong("put that right before this version becomes the active one", |judge| {
                let (_, certificate) = judge.app_certificate(slot)?;
                judge.version_validity(slot, version.state, "the app certificate", &certificate)
            });
        }
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
        let read = match slot.read() {
            Err(Unread::MayBeAKey) => self.signing_key(record)?,
            read => read,
        };
        let material = match read {
            Ok(material) => material,
            Err(unread) => return self.unreadable(slot, &unread, APP_KEY),
        };
        let key = match material.private_key() {
            Ok(key) => key,
            Err(error) => return self.unreadable(slot, &error.into(), APP_KEY),
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
        let signing = match Signer::new(key, self.expected.sign_type) {
            Ok(signer) => Some(AppKey { signer, spki_sha256 }),
            Err(error) => self.unreadable(slot, &error.into(), APP_KEY),
        };
        Some((key.public_key().clone(), signing))
    }

    /// The key, if it may sign what is sent to the gateway. Nothing where that is not known, or a fault that was told.
    fn signing_key(&mut self, record: &CertRecord) -> Option<Result<Material, Unread>> {
        let destination = Destination { url: self.expected.gateway?, named_by: self.expected.environment.named_by() };
        match self.expected.cx.signing_key(record, &[destination]) {
            Ok(Some(key)) => Some(Material::read(key.expose()).map_err(Unread::from)),
            Ok(None) => Some(Err(MaterialError::Empty.into())),
            Err(error) => {
                self.findings.error(error.within("\"appCert\""));
                None
            }
        }
    }
}
