//! Certificate mode: a row names cert records, and `slots` judges what stands in them.

use vestibule_oauth_provider::CertRecord;

use crate::config::{AlipayConfig, given};
use crate::findings::Findings;
use crate::modes::{Credentials, Expected};
use crate::slots::{self, AlipayRecord, Records};

pub(super) async fn credentials(
    config: &AlipayConfig,
    expected: &Expected<'_>,
    findings: &mut Findings,
) -> Option<Credentials> {
    let records = Records {
        app: record("appCert", config.app_cert.as_deref(), expected, findings).await,
        root: record("rootCert", config.root_cert.as_deref(), expected, findings).await,
        alipay: match given(config.alipay_cert.as_deref()) {
            None => AlipayRecord::BesideTheRoots,
            name => match record("alipayCert", name, expected, findings).await {
                Some(record) => AlipayRecord::Own(record),
                None => AlipayRecord::Missing,
            },
        },
    };
    slots::judge(&records, expected, findings)
}

async fn record(
    field: &str,
    name: Option<&str>,
    expected: &Expected<'_>,
    findings: &mut Findings,
) -> Option<CertRecord> {
    let Some(name) = given(name) else {
        findings.fault(format!("\"{field}\" is empty; it takes the name of a cert record"));
        return None;
    };
    match expected.cx.cert(name).await {
        Ok(record) => Some(record),
        Err(error) => {
            findings.error(error.within(format!("\"{field}\"")));
            None
        }
    }
}
