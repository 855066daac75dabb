//! Which IP addresses are an upstream's.
//!
//! The tables follow the IANA special-purpose registries (RFC 6890 and what came after), as of 2026-11. For IPv6 only global unicast space
//! (`2000::/3`) is taken at all, so that what is assigned later is refused until it stands here.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Why no request goes to `address`, in words that follow "it is …"; `None` for a public address.
pub(crate) fn refusal(address: IpAddr) -> Option<&'static str> {
    match address {
        IpAddr::V4(address) => REFUSED_V4
            .iter()
            .find(|(network, length, _)| is_v4_within(address, *network, *length))
            .map(|(_, _, why)| *why),
        IpAddr::V6(address) => REFUSED_V6
            .iter()
            .find(|(network, length, _)| is_v6_within(address, *network, *length))
            .map(|(_, _, why)| *why)
            .or_else(|| {
                let is_global = is_v6_within(address, Ipv6Addr::new(0x2000, 0, 0, 0, 0, 0, 0, 0), 3);
                (!is_global).then_some("an address outside the public internet")
            }),
    }
}

type Network<A> = (A, u32, &'static str);

const REFUSED_V4: &[Network<Ipv4Addr>] = &[
    (Ipv4Addr::new(0, 0, 0, 0), 8, "an unspecified address"),
    (Ipv4Addr::new(10, 0, 0, 0), 8, "a private address"),
    (Ipv4Addr::new(100, 64, 0, 0), 10, "a carrier's shared address"),
    (Ipv4Addr::new(127, 0, 0, 0), 8, "a loopback address"),
    // Answers to every machine of one large cloud, and to nobody else.
    (Ipv4Addr::new(168, 63, 129, 16), 32, "a cloud platform's internal address"),
    (Ipv4Addr::new(169, 254, 0, 0), 16, "a link-local address"),
    (Ipv4Addr::new(172, 16, 0, 0), 12, "a private address"),
    (Ipv4Addr::new(192, 0, 0, 0), 24, "a protocol assignment"),
    (Ipv4Addr::new(192, 0, 2, 0), 24, "a documentation address"),
    (Ipv4Addr::new(192, 88, 99, 0), 24, "a 6to4 relay address"),
    (Ipv4Addr::new(192, 168, 0, 0), 16, "a private address"),
    (Ipv4Addr::new(198, 18, 0, 0), 15, "a benchmarking address"),
    (Ipv4Addr::new(198, 51, 100, 0), 24, "a documentation address"),
    (Ipv4Addr::new(203, 0, 113, 0), 24, "a documentation address"),
    (Ipv4Addr::new(224, 0, 0, 0), 4, "a multicast address"),
    (Ipv4Addr::BROADCAST, 32, "the broadcast address"),
    (Ipv4Addr::new(240, 0, 0, 0), 4, "a reserved address"),
];

// Addresses that carry an IPv4 address are refused whatever it is: which one a translator on the way reaches is not ours to know.
const REFUSED_V6: &[Network<Ipv6Addr>] = &[
    (Ipv6Addr::UNSPECIFIED, 128, "the unspecified address"),
    (Ipv6Addr::LOCALHOST, 128, "the loopback address"),
    (Ipv6Addr::new(0, 0, 0, 0, 0, 0xffff, 0, 0), 96, "an ipv4-mapped address"),
    (Ipv6Addr::UNSPECIFIED, 96, "an ipv4-compatible address"),
    (Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, 0, 0), 96, "a nat64 address"),
    (Ipv6Addr::new(0x64, 0xff9b, 1, 0, 0, 0, 0, 0), 48, "a nat64 address"),
    (Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 32, "a teredo address"),
    (Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 23, "a protocol assignment"),
    (Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0), 32, "a documentation address"),
    (Ipv6Addr::new(0x2002, 0, 0, 0, 0, 0, 0, 0), 16, "a 6to4 address"),
    (Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0), 20, "a documentation address"),
    (Ipv6Addr::new(0xfc00, 0, 0, 0, 0, 0, 0, 0), 7, "a private address"),
    (Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 0), 10, "a link-local address"),
    (Ipv6Addr::new(0xfec0, 0, 0, 0, 0, 0, 0, 0), 10, "a site-local address"),
    (Ipv6Addr::new(0xff00, 0, 0, 0, 0, 0, 0, 0), 8, "a multicast address"),
];

fn is_v4_within(address: Ipv4Addr, network: Ipv4Addr, length: u32) -> bool {
    (address.to_bits() ^ network.to_bits()).leading_zeros() >= length
}

fn is_v6_within(address: Ipv6Addr, network: Ipv6Addr, length: u32) -> bool {
    (address.to_bits() ^ network.to_bits()).leading_zeros() >= length
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_special_network_is_refused_from_its_first_address_to_its_last() {
        let networks = [
            ("0.0.0.0", "0.255.255.255", "unspecified"),
            ("10.0.0.0", "10.255.255.255", "private"),
            ("100.64.0.0", "100.127.255.255", "carrier"),
            ("127.0.0.0", "127.255.255.255", "loopback"),
            ("168.63.129.16", "168.63.129.16", "cloud"),
            ("169.254.0.0", "169.254.255.255", "link-local"),
            ("172.16.0.0", "172.31.255.255", "private"),
            ("192.0.0.0", "192.0.0.255", "protocol"),
            ("192.0.2.0", "192.0.2.255", "documentation"),
            ("192.88.99.0", "192.88.99.255", "6to4"),
            ("192.168.0.0", "192.168.255.255", "private"),
            ("198.18.0.0", "198.19.255.255", "benchmarking"),
            ("198.51.100.0", "198.51.100.255", "documentation"),
            ("203.0.113.0", "203.0.113.255", "documentation"),
            ("224.0.0.0", "239.255.255.255", "multicast"),
            ("240.0.0.0", "255.255.255.254", "reserved"),
            ("255.255.255.255", "255.255.255.255", "broadcast"),
            ("::", "::", "unspecified"),
            ("::1", "::1", "loopback"),
            ("::2", "::ffff:ffff", "ipv4-compatible"),
            ("::ffff:0.0.0.0", "::ffff:255.255.255.255", "ipv4-mapped"),
            ("64:ff9b::", "64:ff9b::ffff:ffff", "nat64"),
            ("64:ff9b:1::", "64:ff9b:1:ffff:ffff:ffff:ffff:ffff", "nat64"),
            ("100::", "100::ffff:ffff:ffff:ffff", "outside"),
            ("2001::", "2001:0:ffff:ffff:ffff:ffff:ffff:ffff", "teredo"),
            ("2001:1::", "2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff", "protocol"),
            ("2001:db8::", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff", "documentation"),
            ("2002::", "2002:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "6to4"),
            ("3fff::", "3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff", "documentation"),
            ("4000::", "fbff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "outside"),
            ("fc00::", "fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "private"),
            ("fe80::", "febf:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "link-local"),
            ("fec0::", "feff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "site-local"),
            ("ff00::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "multicast"),
        ];
        for (first, last, word) in networks {
            for address in [first, last] {
                let why = refusal(address.parse().unwrap()).unwrap_or_else(|| panic!("{address} is taken for public"));
                assert!(why.contains(word), "{address} is called {why}");
            }
        }
    }

    #[test]
    fn the_neighbours_of_special_networks_are_public() {
        let public = [
            "1.0.0.0",
            "9.255.255.255",
            "11.0.0.0",
            "100.63.255.255",
            "100.128.0.0",
            "126.255.255.255",
            "128.0.0.0",
            "168.63.129.15",
            "169.253.255.255",
            "172.15.255.255",
            "172.32.0.0",
            "192.0.1.0",
            "192.167.255.255",
            "192.169.0.0",
            "198.17.255.255",
            "198.20.0.0",
            "223.255.255.255",
            "110.75.0.1",
            "2000::",
            "2001:200::",
            "2001:db7:ffff::",
            "2001:db9::",
            "2400:3200::1",
            "3fff:1000::",
        ];
        for address in public {
            assert_eq!(refusal(address.parse().unwrap()), None, "{address}");
        }
    }
}
