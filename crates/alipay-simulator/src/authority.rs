//! A certificate authority in the likeness of Ant Financial's.
//!
//! Root R1 issues `Class 1 R1`, which issues the certificates of applications, and `Class 2 R1`, which issues Alipay's own. The bundle of roots
//! holds an elliptic-curve root as well, because Alipay's does and the serial number of a bundle must skip it. Subjects have the forms of the
//! real ones: `<pid>-<app_id>` and `支付宝(中国)网络技术有限公司-<pid>`, both with `OU=Alipay`.

use std::{
    sync::LazyLock,
    time::{Duration, SystemTime},
};

use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, DnValue, IsCa, Issuer, KeyPair, KeyUsagePurpose,
    SerialNumber,
};
use time::OffsetDateTime;

use crate::{
    certificate::{Certificate, IssuedCertificate},
    key::RsaKey,
    random, serial_number,
};

/// Why a key or certificate could not be made or read.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{0}")]
pub struct AuthorityError(String);

impl AuthorityError {
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self(message.into())
    }
}

impl From<rcgen::Error> for AuthorityError {
    fn from(error: rcgen::Error) -> Self {
        Self(format!("the certificate could not be made: {error}"))
    }
}

/// Which of the two issuing authorities signs a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CaClass {
    /// Issues certificates of merchants' applications.
    Class1,
    /// Issues Alipay's own certificates.
    Class2,
}

/// What is to be certified.
#[derive(Clone, Debug)]
pub struct LeafRequest {
    class: CaClass,
    organization: String,
    common_name: String,
    not_before: SystemTime,
    not_after: SystemTime,
}

impl LeafRequest {
    /// A certificate of an application: `CN=<pid>-<app_id>`, from Class 1.
    #[must_use]
    pub fn app(pid: &str, app_id: &str) -> Self {
        Self::new(CaClass::Class1, "Simulated Merchant", format!("{pid}-{app_id}"))
    }

    /// A certificate of Alipay for the merchant `pid`: `CN=支付宝(中国)网络技术有限公司-<pid>`, from Class 2.
    #[must_use]
    pub fn alipay(pid: &str) -> Self {
        Self::new(CaClass::Class2, "支付宝(中国)网络技术有限公司", format!("支付宝(中国)网络技术有限公司-{pid}"))
    }

    fn new(class: CaClass, organization: &str, common_name: String) -> Self {
        Self {
            class,
            organization: organization.to_owned(),
            common_name,
            not_before: moment(LEAF_FROM),
            not_after: moment(LEAF_UNTIL),
        }
    }

    /// The same, issued by another class than Alipay would.
    #[must_use]
    pub fn issued_by(mut self, class: CaClass) -> Self {
        self.class = class;
        self
    }

    /// The same with another common name.
    #[must_use]
    pub fn common_name(mut self, common_name: impl Into<String>) -> Self {
        self.common_name = common_name.into();
        self
    }

    /// The same, valid from and until (both inclusive, whole seconds).
    #[must_use]
    pub fn valid(mut self, not_before: SystemTime, not_after: SystemTime) -> Self {
        self.not_before = not_before;
        self.not_after = not_after;
        self
    }
}

/// The authority: two roots, two issuing authorities.
#[derive(Debug)]
pub struct Authority {
    root: Certificate,
    elliptic_root: Certificate,
    class_1: IssuingAuthority,
    class_2: IssuingAuthority,
}

#[derive(Debug)]
struct IssuingAuthority {
    certificate: Certificate,
    issuer: Issuer<'static, KeyPair>,
}

// Unix seconds. Fixed dates, so that no clock is needed to make a certificate; all of them before 2050, where ASN.1 changes the encoding of a date.
const CA_FROM: u64 = 1_514_764_800; // 2018-01-01
const CA_UNTIL: u64 = 2_493_072_000; // 2049-01-01
const LEAF_FROM: u64 = 1_577_836_800; // 2020-01-01
const LEAF_UNTIL: u64 = 2_398_377_600; // 2046-01-01

impl Authority {
    /// Makes an authority with new keys. Two of them have the same names and do not trust each other.
    ///
    /// # Errors
    /// When a key or certificate could not be made.
    pub fn generate() -> Result<Self, AuthorityError> {
        let root_key = rcgen_key(&RsaKey::generate()?)?;
        let root_params = ca_params("Simulated Ant Financial Certification Authority R1", CaKind::Root)?;
        let root = Certificate::from_der(root_params.self_signed(&root_key)?.der())?;
        let root_issuer = Issuer::new(root_params, root_key);

        let elliptic_key = KeyPair::generate_for(&rcgen::PKCS_ECDSA_P384_SHA384)?;
        let elliptic_params = ca_params("Simulated Ant Financial Certification Authority E1", CaKind::Root)?;
        let elliptic_root = Certificate::from_der(elliptic_params.self_signed(&elliptic_key)?.der())?;

        Ok(Self {
            class_1: IssuingAuthority::generate(
                "Simulated Ant Financial Certification Authority Class 1 R1",
                &root_issuer,
            )?,
            class_2: IssuingAuthority::generate(
                "Simulated Ant Financial Certification Authority Class 2 R1",
                &root_issuer,
            )?,
            root,
            elliptic_root,
        })
    }

    /// The authority of this process, made at first use.
    ///
    /// # Errors
    /// When it could not be made.
    pub fn shared() -> Result<&'static Self, AuthorityError> {
        static SHARED: LazyLock<Result<Authority, AuthorityError>> = LazyLock::new(Authority::generate);
        SHARED.as_ref().map_err(Clone::clone)
    }

    /// An impostor: the same names as [`Authority::shared`], other keys. Made at first use.
    ///
    /// # Errors
    /// When it could not be made.
    pub fn shared_rogue() -> Result<&'static Self, AuthorityError> {
        static ROGUE: LazyLock<Result<Authority, AuthorityError>> = LazyLock::new(Authority::generate);
        ROGUE.as_ref().map_err(Clone::clone)
    }

    /// Issues a certificate for `key`. Each has a serial number of its own, also for the same key and subject: Alipay re-issues that way.
    ///
    /// # Errors
    /// When the certificate could not be made.
    pub fn issue(&self, request: &LeafRequest, key: &RsaKey) -> Result<IssuedCertificate, AuthorityError> {
        let issuing = match request.class {
            CaClass::Class1 => &self.class_1,
            CaClass::Class2 => &self.class_2,
        };
        let mut params = CertificateParams::default();
        params.not_before = OffsetDateTime::from(request.not_before);
        params.not_after = OffsetDateTime::from(request.not_after);
        params.serial_number = Some(new_serial()?);
        params.distinguished_name = name(&request.organization, "Alipay", &request.common_name)?;
        // Key usage and nothing else, as on the real ones: no basic constraints, no key identifiers.
        params.key_usages = vec![
            KeyUsagePurpose::DigitalSignature,
            KeyUsagePurpose::ContentCommitment,
            KeyUsagePurpose::KeyEncipherment,
            KeyUsagePurpose::DataEncipherment,
        ];
        let leaf = params.signed_by(&rcgen_key(key)?, &issuing.issuer)?;
        Ok(IssuedCertificate { leaf: Certificate::from_der(leaf.der())?, issuer: issuing.certificate.clone() })
    }

    /// The roots, PEM, as `alipayRootCert.crt` holds them: the elliptic-curve one first, so that a reader of the first certificate only is found out.
    #[must_use]
    pub fn root_bundle(&self) -> String {
        format!("{}\n{}", self.elliptic_root.pem(), self.root.pem())
    }

    /// What `alipay_root_cert_sn` must be for this bundle.
    ///
    /// # Errors
    /// Never for an authority that was made; the reader's verdict is passed on.
    pub fn root_cert_sn(&self) -> Result<String, AuthorityError> {
        serial_number::root_cert_sn([self.elliptic_root.der(), self.root.der()])?
            .ok_or_else(|| AuthorityError::new("the bundle holds no root with an RSA signature"))
    }
}

impl IssuingAuthority {
    fn generate(common_name: &str, root: &Issuer<'_, KeyPair>) -> Result<Self, AuthorityError> {
        let key = rcgen_key(&RsaKey::generate()?)?;
        let params = ca_params(common_name, CaKind::Intermediate)?;
        let certificate = Certificate::from_der(params.signed_by(&key, root)?.der())?;
        Ok(Self { certificate, issuer: Issuer::new(params, key) })
    }
}

#[derive(Clone, Copy)]
enum CaKind {
    Root,
    Intermediate,
}

fn ca_params(common_name: &str, kind: CaKind) -> Result<CertificateParams, AuthorityError> {
    let mut params = CertificateParams::default();
    params.not_before = OffsetDateTime::from(moment(CA_FROM));
    params.not_after = OffsetDateTime::from(moment(CA_UNTIL));
    params.serial_number = Some(new_serial()?);
    params.distinguished_name = name("Simulated Ant Financial", "Certification Authority", common_name)?;
    params.is_ca = IsCa::Ca(match kind {
        CaKind::Root => BasicConstraints::Unconstrained,
        CaKind::Intermediate => BasicConstraints::Constrained(0),
    });
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    Ok(params)
}

fn name(organization: &str, unit: &str, common_name: &str) -> Result<DistinguishedName, AuthorityError> {
    let mut name = DistinguishedName::new();
    name.push(DnType::CountryName, DnValue::PrintableString("CN".try_into()?));
    name.push(DnType::OrganizationName, organization);
    name.push(DnType::OrganizationalUnitName, unit);
    name.push(DnType::CommonName, common_name);
    Ok(name)
}

/// Sixteen random bytes, positive.
fn new_serial() -> Result<SerialNumber, AuthorityError> {
    let mut serial = [0; 16];
    random::fill(&mut serial)?;
    serial[0] = serial[0] & 0x7f | 0x40;
    Ok(SerialNumber::from_slice(&serial))
}

fn rcgen_key(key: &RsaKey) -> Result<KeyPair, AuthorityError> {
    Ok(KeyPair::try_from(key.pkcs8_der())?)
}

fn moment(unix_seconds: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(unix_seconds)
}

#[cfg(test)]
#[path = "authority_tests.rs"]
mod tests;
