//! Which Alipay: where it is, and whose certificates belong to it.

use std::fmt;

use serde::Deserialize;
use vestibule_oauth_provider::{Context, Error, NamedBy, Result, Url};
use vestibule_x509_material::ChainPolicy;

/// Which Alipay a row means. Addresses: <https://opendocs.alipay.com/common/02kkv2> and, for the global gateway, <https://docs.antom.com>.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Environment {
    /// `openapi.alipay.com`.
    #[default]
    Production,
    /// `openapi-sandbox.dl.alipaydev.com`, with app ids, keys and certificates of its own.
    Sandbox,
    /// `globalopenapi.alipay.com`; people agree on the same page as in production.
    Global,
    /// Addresses of the installation's own: a simulator, a test double.
    Custom,
}

/// Whose certificates an environment works with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Issuers {
    /// Those of production; the test authority's are refused.
    Production,
    /// Those of the test authority, whose names end in "test"; those of production are refused.
    Test,
    /// Any.
    Any,
}

impl Environment {
    pub(crate) fn issuers(self) -> Issuers {
        match self {
            Self::Production | Self::Global => Issuers::Production,
            Self::Sandbox => Issuers::Test,
            Self::Custom => Issuers::Any,
        }
    }

    /// Who says where its gateway is.
    pub(crate) fn named_by(self) -> NamedBy {
        match self {
            Self::Production | Self::Sandbox | Self::Global => NamedBy::Vendor,
            Self::Custom => NamedBy::Row,
        }
    }

    /// The sandbox's own authority expired in 2024 and never was allowed to issue, so only signatures and the leaf's dates can be asked for there.
    pub(crate) fn chain_policy(self) -> ChainPolicy {
        match self {
            Self::Sandbox => ChainPolicy::SignaturesAndLeafDates,
            Self::Production | Self::Global | Self::Custom => ChainPolicy::Strict,
        }
    }
}

impl fmt::Display for Environment {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Production => "production",
            Self::Sandbox => "sandbox",
            Self::Global => "global",
            Self::Custom => "custom",
        })
    }
}

/// The two addresses of an Alipay.
#[derive(Debug, Clone)]
pub(crate) struct Endpoints {
    /// The page on which people agree.
    pub(crate) authorize: Url,
    /// Where the methods are called.
    pub(crate) gateway: Url,
}

impl Endpoints {
    /// The addresses of `environment`. The custom ones are given for `custom` and for nothing else, and the installation must permit them.
    pub(crate) fn of(
        environment: Environment,
        custom: (Option<&str>, Option<&str>),
        cx: &Context,
    ) -> Result<Self, Vec<Error>> {
        const AUTHORIZE: &str = "https://openauth.alipay.com/oauth2/publicAppAuthorize.htm";
        let (authorize, gateway) = match environment {
            Environment::Production => (AUTHORIZE, "https://openapi.alipay.com/gateway.do"),
            Environment::Global => (AUTHORIZE, "https://globalopenapi.alipay.com/gateway.do"),
            Environment::Sandbox => (
                "https://openauth-sandbox.dl.alipaydev.com/oauth2/publicAppAuthorize.htm",
                "https://openapi-sandbox.dl.alipaydev.com/gateway.do",
            ),
            Environment::Custom => return Self::custom(custom, cx),
        };
        let superfluous = [("authorizeUrl", custom.0), ("gatewayUrl", custom.1)]
            .into_iter()
            .filter(|(_, given)| given.is_some())
            .map(|(field, _)| {
                Error::configuration(format!(
                    "\"{field}\" is set, but \"environment\" is \"{environment}\", which has its own address; remove \"{field}\" or set \"environment\" to \"custom\""
                ))
            })
            .collect::<Vec<_>>();
        if !superfluous.is_empty() {
            return Err(superfluous);
        }
        let parse =
            |text: &str| Url::parse(text).map_err(|_| vec![Error::internal("an address of Alipay is not a url")]);
        Ok(Self { authorize: parse(authorize)?, gateway: parse(gateway)? })
    }

    fn custom((authorize, gateway): (Option<&str>, Option<&str>), cx: &Context) -> Result<Self, Vec<Error>> {
        match (custom_url("authorizeUrl", authorize, cx), custom_url("gatewayUrl", gateway, cx)) {
            (Ok(authorize), Ok(gateway)) => Ok(Self { authorize, gateway }),
            (authorize, gateway) => Err([authorize.err(), gateway.err()].into_iter().flatten().collect()),
        }
    }

    /// Both addresses as one text: what a login was begun at.
    pub(crate) fn authority(&self) -> String {
        format!("{} {}", self.authorize, self.gateway)
    }
}

fn custom_url(field: &str, given: Option<&str>, cx: &Context) -> Result<Url> {
    let Some(text) = given else {
        return Err(Error::configuration(format!(
            "\"{field}\" is missing; \"environment\" is \"custom\", which needs both \"authorizeUrl\" and \"gatewayUrl\""
        )));
    };
    let url = Url::parse(text).map_err(|_| {
        Error::configuration(format!("\"{field}\" is not an absolute url, such as https://alipay.example/gateway.do"))
    })?;
    if url.query().is_some() || url.fragment().is_some() {
        return Err(Error::configuration(format!(
            "\"{field}\" has a query or a fragment; give the address alone, the parameters are added to it"
        )));
    }
    cx.http().permit(&url).map_err(|error| error.within(format!("\"{field}\"")))?;
    Ok(url)
}
