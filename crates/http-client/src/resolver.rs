//! From a name to the addresses that may be dialled.

use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use async_trait::async_trait;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use crate::addresses::refusal;
use crate::guard::Passage;

/// From a name to addresses. What it answers is judged; it need not be trusted.
#[async_trait]
pub trait Resolver: fmt::Debug + Send + Sync + 'static {
    /// All addresses of `name`, in the order in which they should be tried.
    ///
    /// # Errors
    /// When the name cannot be resolved.
    async fn resolve(&self, name: &str) -> io::Result<Vec<IpAddr>>;
}

/// The operating system's resolver (`getaddrinfo`).
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemResolver;

#[async_trait]
impl Resolver for SystemResolver {
    async fn resolve(&self, name: &str) -> io::Result<Vec<IpAddr>> {
        let addresses = tokio::net::lookup_host((name, 0)).await?;
        Ok(addresses.map(|address| address.ip()).collect())
    }
}

/// Why a name leads nowhere.
#[derive(Debug)]
pub(crate) enum NameFault {
    /// The resolver failed.
    Unresolved(io::Error),
    /// The resolver knows the name, and no address for it.
    WithoutAddress,
    /// None of the addresses is public.
    Refused(Vec<(IpAddr, &'static str)>),
}

impl fmt::Display for NameFault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unresolved(_) => formatter.write_str("its name could not be resolved"),
            Self::WithoutAddress => formatter.write_str("its name has no address"),
            Self::Refused(refused) => {
                formatter.write_str("its name leads to ")?;
                for (position, (address, why)) in refused.iter().take(SHOWN).enumerate() {
                    let separator = if position == 0 { "" } else { ", " };
                    write!(formatter, "{separator}{address} ({why})")?;
                }
                let more = refused.len().saturating_sub(SHOWN);
                if more > 0 {
                    write!(formatter, ", and {more} more of that sort")?;
                }
                Ok(())
            }
        }
    }
}

impl std::error::Error for NameFault {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Unresolved(error) => Some(error),
            Self::WithoutAddress | Self::Refused(_) => None,
        }
    }
}

/// How many refused addresses a message lists.
const SHOWN: usize = 4;

/// The resolver of one reqwest client.
#[derive(Debug)]
pub(crate) struct JudgedNames {
    pub(crate) resolver: Arc<dyn Resolver>,
    pub(crate) passage: Passage,
}

impl Resolve for JudgedNames {
    fn resolve(&self, name: Name) -> Resolving {
        let resolver = Arc::clone(&self.resolver);
        let passage = self.passage;
        Box::pin(async move {
            let found = resolver.resolve(name.as_str()).await.map_err(NameFault::Unresolved)?;
            let permitted = permitted(found, passage)?;
            // Port 0 stands for the URL's own port.
            let addresses = permitted.into_iter().map(|address| SocketAddr::new(address, 0));
            Ok(Box::new(addresses) as Addrs)
        })
    }
}

/// The addresses that may be dialled. A public address beside a private one stays usable: only what was judged here is dialled.
fn permitted(found: Vec<IpAddr>, passage: Passage) -> Result<Vec<IpAddr>, NameFault> {
    if found.is_empty() {
        return Err(NameFault::WithoutAddress);
    }
    if passage == Passage::Exempt {
        return Ok(found);
    }
    let (mut permitted, mut refused) = (Vec::new(), Vec::new());
    for address in found {
        match refusal(address) {
            None => permitted.push(address),
            Some(why) => refused.push((address, why)),
        }
    }
    if permitted.is_empty() {
        return Err(NameFault::Refused(refused));
    }
    if !refused.is_empty() {
        tracing::warn!(dropped = refused.len(), "an upstream's name also leads to addresses that are not public");
    }
    Ok(permitted)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn addresses(texts: &[&str]) -> Vec<IpAddr> {
        texts.iter().map(|text| text.parse().unwrap()).collect()
    }

    #[test]
    fn of_mixed_addresses_only_the_public_ones_are_dialled() {
        let found = addresses(&["10.0.0.1", "110.75.0.1", "::1", "2400:3200::1", "::ffff:127.0.0.1"]);
        let permitted = permitted(found, Passage::Strict).unwrap();
        assert_eq!(permitted, addresses(&["110.75.0.1", "2400:3200::1"]));
    }

    #[test]
    fn a_name_without_a_public_address_is_refused_with_every_reason() {
        let fault = permitted(addresses(&["10.0.0.1", "fe80::1"]), Passage::Strict).unwrap_err();
        assert_eq!(fault.to_string(), "its name leads to 10.0.0.1 (a private address), fe80::1 (a link-local address)");
    }

    #[test]
    fn a_long_list_is_cut_in_the_message() {
        let fault = permitted(addresses(&["10.0.0.1"; 7]), Passage::Strict).unwrap_err();
        assert!(fault.to_string().ends_with("and 3 more of that sort"), "{fault}");
    }

    #[test]
    fn towards_an_allowed_host_every_address_is_dialled() {
        let found = addresses(&["127.0.0.1", "110.75.0.1"]);
        assert_eq!(permitted(found.clone(), Passage::Exempt).unwrap(), found);
    }

    #[test]
    fn a_name_without_address_is_said_to_have_none() {
        assert!(matches!(permitted(Vec::new(), Passage::Exempt), Err(NameFault::WithoutAddress)));
    }
}
