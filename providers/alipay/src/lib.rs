//! Sign in with Alipay (支付宝), in certificate mode or in public-key mode.
//!
//! A login is two calls of Alipay's gateway between two visits of the browser:
//!
//! 1. **Open.** A row is in one of two modes (`modes`). In public-key mode the app's key and Alipay's stand in the row.
//!    In certificate mode its config names cert records: `slots` reads them, judges by content whether each text stands where it belongs, and makes credentials
//!    of them: the app's key for signing, Alipay's key for verifying, and the serial numbers (`serial_number`) that every request carries. Alipay's
//!    certificate must chain to the root bundle *and* be recognised as Alipay's own (`certificates`), because every merchant's certificate chains to the same root.
//!    The active versions of the records sign and are named in requests. An answer is verified with whichever version its `alipay_cert_sn` names:
//!    active, staged, or retired and not expired. So either side of a rotation may go first, and nobody's sign-in fails.
//! 2. **Authorize.** The browser goes to `publicAppAuthorize.htm` with `app_id`, `scope`, `redirect_uri` and `state`. There is no PKCE, no nonce, and the
//!    way back is not signed: the attempt's `state`, bound to the browser, protects it.
//! 3. **Exchange.** The callback brings `auth_code` (and `app_id`, which must be ours). `alipay.system.oauth.token` makes tokens and ids of it.
//! 4. **User info.** `alipay.user.info.share` tells the profile, where the scope asks for it. It must be about the same ids.
//!
//! One call goes so: `request` writes the string to sign in the bytes of the row's `charset`, signs it (`signer`) and places the parameters; the answer is **cut** (`answer::cut`: exact bytes, nothing
//! parsed), its node **verified** (`answer::verify`), and only then **parsed** (`nodes`), from the very bytes that were verified. An unsigned success is refused; an
//! unsigned error is reported as unverified. What goes wrong becomes an error that says what to do (`errors`).
//!
//! ```
//! use vestibule_oauth_provider::Registry;
//! use vestibule_provider_alipay::Alipay;
//!
//! let mut registry = Registry::new();
//! registry.add(Alipay)?;
//! assert_eq!(registry.get("Alipay")?.schema().certs().collect::<Vec<_>>(), ["appCert", "rootCert", "alipayCert"]);
//! # Ok::<(), vestibule_oauth_provider::Error>(())
//! ```

mod answer;
mod certificates;
mod charset;
mod config;
mod describe;
mod environment;
mod errors;
mod findings;
mod modes;
mod nodes;
mod provider;
mod request;
mod serial_number;
mod sign_type;
mod signer;
mod slot;
mod slots;

use std::sync::Arc;

use async_trait::async_trait;
use vestibule_oauth_provider::{Context, Fact, Finding, OAuthProvider, ProviderType, Result, Step};

pub use crate::config::AlipayConfig;
use crate::config::Parts;
pub use crate::environment::Environment;
use crate::environment::Issuers;
use crate::findings::Findings;
use crate::modes::Expected;
use crate::provider::AlipayProvider;

/// The parts of the protocol, for the tests that compare each with the expected values of other implementations. No promise is made about them.
#[doc(hidden)]
pub mod parts {
    pub use crate::answer::{Answer, AnswerFault, GatewayError, OtherVersion, SignedWith, Verifier};
    pub use crate::charset::Charset;
    pub use crate::request::{string_to_sign, timestamp};
    pub use crate::serial_number::{cert_sn, hashed_text, root_sn};
    pub use crate::sign_type::SignType;
    pub use crate::signer::Signer;
}

/// Opens rows of type "Alipay".
#[derive(Debug, Clone, Copy, Default)]
pub struct Alipay;

#[async_trait]
impl ProviderType for Alipay {
    type Config = AlipayConfig;
    const KIND: &'static str = "Alipay";

    async fn open(&self, config: AlipayConfig, cx: &Context) -> Result<Arc<dyn OAuthProvider>> {
        let mut findings = Findings::default();
        let provider = assemble(&config, cx, &mut findings).await;
        match (provider, findings.into_first_fault()) {
            (Some(provider), None) => Ok(Arc::new(provider)),
            (_, Some(fault)) => Err(fault.at(Step::Open)),
            (None, None) => Err(nothing_found().at(Step::Open)),
        }
    }

    async fn check(&self, config: AlipayConfig, cx: &Context) -> Vec<Finding> {
        let mut findings = Findings::default();
        let provider = assemble(&config, cx, &mut findings).await;
        let mut findings = findings.into_all();
        let has_fault = findings.iter().any(|finding| finding.severity == vestibule_oauth_provider::Severity::Fatal);
        if provider.is_none() && !has_fault {
            findings.push(Finding::fatal(nothing_found().report()));
        }
        findings
    }

    fn describe(&self, text: &str) -> Vec<Fact> {
        describe::describe(text)
    }
}

/// Every refusal has a finding; this is said if one should be missing.
fn nothing_found() -> vestibule_oauth_provider::Error {
    vestibule_oauth_provider::Error::internal("the Alipay row could not be opened, and no reason was found")
}

/// Reads and judges all of a row. A provider comes of it only where every part was read; whether there are faults, the findings say.
async fn assemble(config: &AlipayConfig, cx: &Context, findings: &mut Findings) -> Option<AlipayProvider> {
    let parts = Parts::read(config, cx, findings);
    let expected = Expected {
        app_id: parts.app_id.as_deref(),
        environment: parts.environment,
        gateway: parts.endpoints.as_ref().map(|endpoints| &endpoints.gateway),
        sign_type: parts.sign_type.unwrap_or_default(),
        charset: parts.charset.unwrap_or_default(),
        now: cx.clock().now(),
        cx,
    };
    if let Some(warning) = expected.sign_type.warning() {
        findings.add(warning);
    }
    if let Some(app_id) = expected.app_id.filter(|app_id| errors::looks_like_sandbox(app_id))
        && expected.environment.issuers() == Issuers::Production
    {
        findings.add(Finding::warning(format!(
            "app id {app_id} looks like one of the sandbox, but \"environment\" is \"{}\"",
            expected.environment
        )));
    }
    let credentials = modes::credentials(config, &expected, findings).await;
    Some(AlipayProvider::new(parts.into_settings()?, credentials?, cx.clone()))
}
