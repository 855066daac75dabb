//! One application as it is registered with Alipay, in certificate mode or in public-key mode.

use crate::{
    authority::{Authority, AuthorityError, LeafRequest},
    certificate::{Certificate, IssuedCertificate},
    key::{RsaKey, SharedKey},
    sign_type::SignType,
};

/// How many certificates an application has beside its first.
const FURTHER_CERTIFICATES: usize = 16;

/// An application: its id, its merchant, both key pairs and certificates, the roots.
#[derive(Clone, Debug)]
pub struct AppRegistration {
    app_id: String,
    pid: String,
    app_key: RsaKey,
    app_certificate: IssuedCertificate,
    further_app_certificates: Vec<Certificate>,
    alipay_key: RsaKey,
    alipay_certificate: IssuedCertificate,
    root_bundle: String,
    root_cert_sn: String,
    mode: Mode,
    sign_type: SignType,
}

/// How an application and Alipay know each other's keys (接口加签方式).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// 证书模式: by certificates, whose serial numbers requests and answers name.
    #[default]
    Certificate,
    /// 公钥模式: by keys that were pasted into the console and copied out of it; nothing names them.
    PublicKey,
}

/// The texts that a merchant holds after registering an application in public-key mode, each bare base64.
#[derive(Clone)]
pub struct KeyMaterial {
    /// 应用私钥: the application's private key, PKCS#8. A secret, if only a simulated one.
    pub app_private_key: String,
    /// 应用公钥: the application's public key, which Alipay was given.
    pub app_public_key: String,
    /// 支付宝公钥: Alipay's public key, which the console shows.
    pub alipay_public_key: String,
}

/// The four texts that a merchant holds after registering an application in certificate mode.
#[derive(Clone)]
pub struct Material {
    /// `appCertPublicKey.crt`: the application's certificate, alone, PEM.
    pub app_cert: String,
    /// `appPrivateKey.txt`: the application's private key, bare base64 of PKCS#8. A secret, if only a simulated one.
    pub app_private_key: String,
    /// `alipayCertPublicKey.crt`: Alipay's certificate and its issuer, PEM.
    pub alipay_cert: String,
    /// `alipayRootCert.crt`: the bundle of roots, PEM.
    pub alipay_root_cert: String,
}

impl AppRegistration {
    /// The application id used where none is given: sixteen digits, the form of production.
    pub const DEFAULT_APP_ID: &str = "2021000000000001";
    /// The merchant id used where none is given.
    pub const DEFAULT_PID: &str = "2088000000000001";

    /// Registers an application with the keys of this process.
    ///
    /// # Errors
    /// When a key or certificate could not be made.
    pub fn new(authority: &Authority, app_id: &str, pid: &str) -> Result<Self, AuthorityError> {
        let app_key = RsaKey::shared(SharedKey::App)?;
        let alipay_key = RsaKey::shared(SharedKey::Alipay)?;
        Ok(Self {
            app_id: app_id.to_owned(),
            pid: pid.to_owned(),
            app_certificate: authority.issue(&LeafRequest::app(pid, app_id), &app_key)?,
            app_key,
            further_app_certificates: Vec::new(),
            alipay_certificate: authority.issue(&LeafRequest::alipay(pid), &alipay_key)?,
            alipay_key,
            root_bundle: authority.root_bundle(),
            root_cert_sn: authority.root_cert_sn()?,
            mode: Mode::default(),
            sign_type: SignType::default(),
        })
    }

    /// The application [`Self::DEFAULT_APP_ID`] of [`Self::DEFAULT_PID`] under [`Authority::shared`].
    ///
    /// # Errors
    /// When a key or certificate could not be made.
    pub fn simulated() -> Result<Self, AuthorityError> {
        Self::new(Authority::shared()?, Self::DEFAULT_APP_ID, Self::DEFAULT_PID)
    }

    /// The same application in public-key mode, with its own key and Alipay's.
    #[must_use]
    pub fn in_public_key_mode(mut self, app_key: RsaKey, alipay_key: RsaKey) -> Self {
        self.mode = Mode::PublicKey;
        self.app_key = app_key;
        self.alipay_key = alipay_key;
        self
    }

    /// The same application, registered for another sign type than [`SignType::Rsa2`].
    #[must_use]
    pub fn signing(mut self, sign_type: SignType) -> Self {
        self.sign_type = sign_type;
        self
    }

    /// The same application with another key and certificate.
    #[must_use]
    pub fn with_app_certificate(mut self, key: RsaKey, certificate: IssuedCertificate) -> Self {
        self.app_key = key;
        self.app_certificate = certificate;
        self
    }

    /// The same application with one more certificate beside [`Self::app_certificate`], as while a merchant renews: requests may name either. Of more than
    /// sixteen the oldest are forgotten.
    #[must_use]
    pub fn with_further_app_certificate(mut self, certificate: Certificate) -> Self {
        self.further_app_certificates.push(certificate);
        let surplus = self.further_app_certificates.len().saturating_sub(FURTHER_CERTIFICATES);
        self.further_app_certificates.drain(..surplus);
        self
    }

    /// The same application, served by an Alipay with another key and certificate.
    #[must_use]
    pub fn with_alipay_certificate(mut self, key: RsaKey, certificate: IssuedCertificate) -> Self {
        self.alipay_key = key;
        self.alipay_certificate = certificate;
        self
    }

    /// The application's id: sixteen digits.
    #[must_use]
    pub fn app_id(&self) -> &str {
        &self.app_id
    }

    /// The merchant's id: sixteen digits, beginning with 2088.
    #[must_use]
    pub fn pid(&self) -> &str {
        &self.pid
    }

    /// The application's key.
    #[must_use]
    pub fn app_key(&self) -> &RsaKey {
        &self.app_key
    }

    /// The application's certificate.
    #[must_use]
    pub fn app_certificate(&self) -> &IssuedCertificate {
        &self.app_certificate
    }

    /// The registered certificate with this serial number, the first one or a further one.
    #[must_use]
    pub fn registered(&self, app_cert_sn: &str) -> Option<&Certificate> {
        self.app_certificates().find(|certificate| certificate.sn() == app_cert_sn)
    }

    /// The registered certificates of the application: the first one, and the further ones from the oldest to the newest.
    pub fn app_certificates(&self) -> impl Iterator<Item = &Certificate> {
        std::iter::once(self.app_certificate.certificate()).chain(&self.further_app_certificates)
    }

    /// Alipay's certificate.
    #[must_use]
    pub fn alipay_certificate(&self) -> &IssuedCertificate {
        &self.alipay_certificate
    }

    /// What `alipay_root_cert_sn` must be.
    #[must_use]
    pub fn root_cert_sn(&self) -> &str {
        &self.root_cert_sn
    }

    /// Its mode.
    #[must_use]
    pub fn mode(&self) -> Mode {
        self.mode
    }

    /// The sign type for which it is registered: requests with another are refused, and answers have this one.
    #[must_use]
    pub fn sign_type(&self) -> SignType {
        self.sign_type
    }

    /// The texts of public-key mode.
    #[must_use]
    pub fn key_material(&self) -> KeyMaterial {
        KeyMaterial {
            app_private_key: self.app_key.pkcs8_base64(),
            app_public_key: self.app_key.public_key_base64(),
            alipay_public_key: self.alipay_key.public_key_base64(),
        }
    }

    /// The four texts.
    #[must_use]
    pub fn material(&self) -> Material {
        Material {
            app_cert: self.app_certificate.pem(),
            app_private_key: self.app_key.pkcs8_base64(),
            alipay_cert: self.alipay_certificate.chain_pem(),
            alipay_root_cert: self.root_bundle.clone(),
        }
    }

    pub(crate) fn alipay_key(&self) -> &RsaKey {
        &self.alipay_key
    }
}

impl std::fmt::Debug for Material {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Material").finish_non_exhaustive()
    }
}

impl std::fmt::Debug for KeyMaterial {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("KeyMaterial").finish_non_exhaustive()
    }
}
