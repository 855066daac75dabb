//! For whom and towards which hosts a record's private key signs, as it stands in two columns.

use vestibule_database::{Record, StoreError, check_name};
use vestibule_oauth_provider::{KeyGrant, Owners};

/// The longest text that is read of either column, in bytes.
const LONGEST: usize = 65_536;
const EVERY_OWNER: &str = "*";

/// The columns `key_owners` and `key_hosts` of `vestibule_cert`, for a `SELECT`. What is too long is nobody, towards no host.
macro_rules! grant {
    () => {
        "CASE WHEN octet_length(key_owners) <= 65536 THEN key_owners ELSE '' END AS key_owners,
        CASE WHEN octet_length(key_hosts) <= 65536 THEN key_hosts ELSE ';' END AS key_hosts"
    };
}
pub(crate) use grant;

/// Reads the two columns; nothing for what is not UTF-8. Whatever cannot be read shares the key with nobody: a text that was meant to narrow must not widen.
pub(crate) fn read(owners: Option<&str>, hosts: Option<&str>) -> KeyGrant {
    let nobody = || KeyGrant { owners: Owners::Listed(Vec::new()), hosts: Vec::new() };
    let (Some(owners), Some(hosts)) = (owners, hosts) else { return nobody() };
    let named: Vec<String> = names(hosts).map(str::to_ascii_lowercase).collect();
    if named.is_empty() && !hosts.trim().is_empty() {
        return nobody();
    }
    let owners = if owners.trim() == EVERY_OWNER {
        Owners::All
    } else {
        Owners::Listed(names(owners).map(str::to_owned).collect())
    };
    KeyGrant { owners, hosts: named }
}

fn names(list: &str) -> impl Iterator<Item = &str> {
    list.split(';').map(str::trim).filter(|name| !name.is_empty())
}

/// The texts for the two columns.
///
/// # Errors
/// [`StoreError::Refused`], naming the record and what is no owner or no host.
pub(crate) fn write(record: Record<'_>, grant: &KeyGrant) -> Result<(String, String), StoreError> {
    let owners = match &grant.owners {
        Owners::All => EVERY_OWNER.to_owned(),
        Owners::Listed(owners) => {
            for owner in owners {
                check_name("key owner", owner)
                    .map_err(|error| StoreError::Refused(format!("{record}, field Key owners: {error}")))?;
                if owner == EVERY_OWNER {
                    let said = "stands for every owner, and alone";
                    return Err(StoreError::Refused(format!("{record}, field Key owners: \"*\" {said}")));
                }
            }
            owners.join(";")
        }
    };
    for host in &grant.hosts {
        if !is_host(host) {
            let shown: String = host.chars().take(100).flat_map(char::escape_debug).collect();
            return Err(StoreError::Refused(format!(
                "{record}, field Key hosts: \"{shown}\" is no host name; write it as it stands in an address, without scheme, port, path and wildcards, \
                 such as \"openapi.example.com\""
            )));
        }
    }
    let hosts = grant.hosts.join(";").to_ascii_lowercase();
    for (field, text) in [("Key owners", &owners), ("Key hosts", &hosts)] {
        if text.len() > LONGEST {
            return Err(StoreError::Refused(format!(
                "{record}, field {field}: is longer than {LONGEST} bytes; share with every owner, or split the record"
            )));
        }
    }
    Ok((owners, hosts))
}

/// Whether it can be the host of an address: a name in its ASCII form, or an IP address (IPv6 in brackets).
fn is_host(host: &str) -> bool {
    let inner = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    match inner {
        Some(address) => address.parse::<std::net::Ipv6Addr>().is_ok(),
        None => {
            !host.is_empty()
                && host.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_'))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RECORD: Record<'_> = Record { what: "cert record", owner: "admin", name: "app" };

    fn listed(owners: &[&str], hosts: &[&str]) -> KeyGrant {
        let texts = |list: &[&str]| list.iter().map(|text| (*text).to_owned()).collect();
        KeyGrant { owners: Owners::Listed(texts(owners)), hosts: texts(hosts) }
    }

    #[test]
    fn a_star_is_every_owner_and_names_are_trimmed() {
        assert_eq!(read(Some("*"), Some("")), KeyGrant::every_owner());
        assert_eq!(read(Some(" * "), Some(" ")), KeyGrant::every_owner());
        assert_eq!(
            read(Some("acme; Beta ;"), Some(" A.example;b.Example")),
            listed(&["acme", "Beta"], &["a.example", "b.example"])
        );
        assert_eq!(read(Some(""), Some("")), listed(&[], &[]));
    }

    #[test]
    fn what_cannot_be_read_shares_with_nobody() {
        for (owners, hosts) in
            [(None, Some("")), (Some("*"), None), (Some("*"), Some(";")), (Some(""), Some("x.example"))]
        {
            let Owners::Listed(owners) = read(owners, hosts).owners else { panic!("everybody") };
            assert!(owners.is_empty());
        }
        assert_eq!(read(Some("acme;*"), Some("")), listed(&["acme", "*"], &[]), "a star beside names is nobody's name");
    }

    #[test]
    fn what_is_written_is_read_again() {
        for grant in
            [KeyGrant::every_owner(), listed(&[], &[]), listed(&["a", "支付宝"], &["x.example", "[::1]", "10.0.0.1"])]
        {
            let (owners, hosts) = write(RECORD, &grant).unwrap();
            assert_eq!(read(Some(&owners), Some(&hosts)), grant);
        }
    }

    #[test]
    fn what_is_no_host_or_no_owner_is_refused_by_name() {
        for host in ["", "https://x.example", "x.example:443", "x/y", "*.example", "a;b", "b\u{fc}cher.example", "[x]"]
        {
            let said = write(RECORD, &listed(&[], &[host])).unwrap_err().to_string();
            assert!(said.starts_with("cert record \"admin/app\", field Key hosts: "), "{said}");
        }
        for owner in ["", "a;b", "a/b", "*"] {
            let said = write(RECORD, &listed(&[owner], &[])).unwrap_err().to_string();
            assert!(said.starts_with("cert record \"admin/app\", field Key owners: "), "{said}");
        }
    }
}
