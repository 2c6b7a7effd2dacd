//! Which addresses may be spoken to (docs/WIRE.md, 1; `allow_private` of docs/CONFIGURATION.md).
//!
//! An address is classified by the special-purpose registries of IANA (RFC 6890). IPv4 addresses hidden in IPv6 ones
//! (mapped, 6to4, NAT64) are judged by the IPv4 address.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use crate::NetError;

/// What kind of address a target has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AddressKind {
    /// Reachable from anywhere.
    Public,
    /// This machine.
    Loopback,
    /// RFC 1918 and the shared space of RFC 6598.
    Private,
    /// IPv6 `fc00::/7`.
    UniqueLocal,
    /// `169.254.0.0/16` and `fe80::/10`; the metadata services of clouds live here.
    LinkLocal,
    /// Groups, never a peer.
    Multicast,
    /// Unspecified, broadcast, documentation, benchmark and reserved ranges, never a peer.
    Reserved,
}

impl AddressKind {
    /// The kind of `address`.
    pub fn of(address: IpAddr) -> Self {
        match address {
            IpAddr::V4(v4) => of_v4(v4),
            IpAddr::V6(v6) => match embedded_v4(v6) {
                Some(v4) => of_v4(v4),
                None => of_v6(v6),
            },
        }
    }

    /// Whether an address of this kind may be a target.
    fn may_be_target(self, allow_private: bool) -> bool {
        match self {
            Self::Public => true,
            Self::Loopback | Self::Private | Self::UniqueLocal | Self::LinkLocal => allow_private,
            Self::Multicast | Self::Reserved => false,
        }
    }
}

impl fmt::Display for AddressKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Public => "public",
            Self::Loopback => "loopback",
            Self::Private => "private",
            Self::UniqueLocal => "unique-local",
            Self::LinkLocal => "link-local",
            Self::Multicast => "multicast",
            Self::Reserved => "reserved",
        })
    }
}

fn of_v4(a: Ipv4Addr) -> AddressKind {
    let [first, second, third, _] = a.octets();
    if a.is_loopback() {
        AddressKind::Loopback
    } else if a.is_link_local() {
        AddressKind::LinkLocal
    } else if a.is_private() || (first == 100 && second & 0xc0 == 64) {
        AddressKind::Private
    } else if a.is_multicast() {
        AddressKind::Multicast
    } else if first == 0
        || first >= 240
        || a.is_documentation()
        || (first == 198 && second & 0xfe == 18)
        || (first == 192 && second == 0 && third == 0)
    {
        AddressKind::Reserved
    } else {
        AddressKind::Public
    }
}

fn of_v6(a: Ipv6Addr) -> AddressKind {
    let [first, second, ..] = a.segments();
    if a.is_loopback() {
        AddressKind::Loopback
    } else if a.is_unicast_link_local() || first & 0xffc0 == 0xfec0 {
        AddressKind::LinkLocal
    } else if a.is_unique_local() {
        AddressKind::UniqueLocal
    } else if a.is_multicast() {
        AddressKind::Multicast
    } else if first & 0xe000 != 0x2000 || (first == 0x2001 && second == 0x0db8) {
        AddressKind::Reserved
    } else {
        AddressKind::Public
    }
}

/// The IPv4 address that an IPv6 one carries, if it does.
fn embedded_v4(a: Ipv6Addr) -> Option<Ipv4Addr> {
    let [s0, s1, s2, s3, s4, s5, s6, s7] = a.segments();
    let join = |high: u16, low: u16| {
        let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
        Ipv4Addr::new(a, b, c, d)
    };
    match (s0, s1, s2, s3, s4, s5) {
        (0, 0, 0, 0, 0, 0xffff) | (0x64, 0xff9b, 0, 0, 0, 0) => Some(join(s6, s7)),
        // The deprecated "compatible" form; `::` and `::1` are addresses of their own.
        (0, 0, 0, 0, 0, 0) if s6 != 0 => Some(join(s6, s7)),
        (0x2002, high, low, ..) => Some(join(high, low)),
        _ => None,
    }
}

/// What a connection may lead to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rule {
    /// Plain HTTP: this machine only, where that is allowed at all.
    Plain { allow_private: bool },
    /// HTTPS: public addresses, and others where allowed.
    Tls { allow_private: bool },
}

impl Rule {
    /// Refuses `address` of `host` unless this rule allows it.
    pub(crate) fn check(self, host: &str, address: IpAddr) -> Result<(), NetError> {
        let kind = AddressKind::of(address);
        let (allow_private, plain) = match self {
            Self::Plain { allow_private } => (allow_private, true),
            Self::Tls { allow_private } => (allow_private, false),
        };
        if !kind.may_be_target(allow_private) {
            return Err(NetError::AddressRefused { host: host.into(), address, kind });
        }
        if plain && kind != AddressKind::Loopback {
            return Err(NetError::PlainHttp { host: host.into() });
        }
        Ok(())
    }
}

/// Resolves names by the system and lets through what the rule allows. The connector dials exactly the addresses that
/// come out of here, so a name cannot change its address between the check and the connection.
pub(crate) struct CheckedResolver {
    pub(crate) rule: Rule,
}

impl Resolve for CheckedResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let rule = self.rule;
        Box::pin(async move { Ok(checked(rule, name.as_str()).await?) })
    }
}

async fn checked(rule: Rule, host: &str) -> Result<Addrs, NetError> {
    let found = tokio::net::lookup_host((host, 0))
        .await
        .map_err(|source| NetError::Unresolved { host: host.into(), source })?;
    Ok(Box::new(allowed(rule, host, found)?.into_iter()))
}

/// The addresses that the rule allows; an error that names the first refused one when none is left.
fn allowed(
    rule: Rule,
    host: &str,
    found: impl Iterator<Item = SocketAddr>,
) -> Result<Vec<SocketAddr>, NetError> {
    let mut refusal = None;
    let mut good = Vec::new();
    for address in found {
        match rule.check(host, address.ip()) {
            Ok(()) => good.push(address),
            Err(error) => refusal = refusal.or(Some(error)),
        }
    }
    match refusal {
        Some(error) if good.is_empty() => Err(error),
        None if good.is_empty() => Err(NetError::Unresolved {
            host: host.into(),
            source: std::io::Error::new(std::io::ErrorKind::NotFound, "the name has no address"),
        }),
        _ => Ok(good),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests {
    use super::*;

    fn kind(text: &str) -> AddressKind {
        AddressKind::of(text.parse().unwrap())
    }

    #[test]
    fn every_special_range_has_its_kind() {
        let table = [
            ("127.0.0.1", AddressKind::Loopback),
            ("127.255.255.254", AddressKind::Loopback),
            ("::1", AddressKind::Loopback),
            ("10.1.2.3", AddressKind::Private),
            ("172.16.0.1", AddressKind::Private),
            ("172.31.255.255", AddressKind::Private),
            ("172.32.0.1", AddressKind::Public),
            ("192.168.1.1", AddressKind::Private),
            ("100.64.0.1", AddressKind::Private),
            ("100.127.255.255", AddressKind::Private),
            ("100.128.0.1", AddressKind::Public),
            ("169.254.169.254", AddressKind::LinkLocal),
            ("fe80::1", AddressKind::LinkLocal),
            ("fec0::1", AddressKind::LinkLocal),
            ("fd00::1", AddressKind::UniqueLocal),
            ("fc00::1", AddressKind::UniqueLocal),
            ("224.0.0.1", AddressKind::Multicast),
            ("239.255.255.255", AddressKind::Multicast),
            ("ff02::1", AddressKind::Multicast),
            ("0.0.0.0", AddressKind::Reserved),
            ("0.1.2.3", AddressKind::Reserved),
            ("255.255.255.255", AddressKind::Reserved),
            ("240.0.0.1", AddressKind::Reserved),
            ("192.0.2.1", AddressKind::Reserved),
            ("192.0.0.8", AddressKind::Reserved),
            ("198.19.0.1", AddressKind::Reserved),
            ("198.20.0.1", AddressKind::Public),
            ("::", AddressKind::Reserved),
            ("2001:db8::1", AddressKind::Reserved),
            ("100::1", AddressKind::Reserved),
            ("1.1.1.1", AddressKind::Public),
            ("202.96.128.86", AddressKind::Public),
            ("2400:3200::1", AddressKind::Public),
        ];
        for (text, expected) in table {
            assert_eq!(kind(text), expected, "{text}");
        }
    }

    #[test]
    fn an_ipv4_address_inside_an_ipv6_one_is_judged_as_itself() {
        assert_eq!(kind("::ffff:127.0.0.1"), AddressKind::Loopback);
        assert_eq!(kind("::ffff:10.0.0.1"), AddressKind::Private);
        assert_eq!(kind("::ffff:1.1.1.1"), AddressKind::Public);
        assert_eq!(kind("64:ff9b::169.254.169.254"), AddressKind::LinkLocal);
        assert_eq!(kind("2002:7f00:1::"), AddressKind::Loopback);
        assert_eq!(kind("2002:c0a8:101::1"), AddressKind::Private);
        assert_eq!(kind("::127.0.0.1"), AddressKind::Loopback);
    }

    #[test]
    fn private_targets_need_permission_and_groups_never_get_it() {
        let closed = Rule::Tls { allow_private: false };
        let open = Rule::Tls { allow_private: true };
        for text in ["127.0.0.1", "10.0.0.1", "169.254.1.1", "fd00::1", "fe80::1", "::1"] {
            let address = text.parse().unwrap();
            assert!(
                matches!(closed.check("peer", address), Err(NetError::AddressRefused { .. })),
                "{text} must be refused"
            );
            assert!(open.check("peer", address).is_ok(), "{text} must be allowed");
        }
        for text in ["224.0.0.1", "0.0.0.0", "255.255.255.255", "::"] {
            assert!(open.check("peer", text.parse().unwrap()).is_err(), "{text} must be refused");
        }
        assert!(closed.check("peer", "1.1.1.1".parse().unwrap()).is_ok());
    }

    #[test]
    fn plain_http_stays_on_this_machine() {
        let rule = Rule::Plain { allow_private: true };
        assert!(rule.check("localhost", "127.0.0.1".parse().unwrap()).is_ok());
        for text in ["1.1.1.1", "10.0.0.1", "fd00::1"] {
            let refusal = rule.check("peer", text.parse().unwrap()).unwrap_err();
            assert!(matches!(refusal, NetError::PlainHttp { .. }), "{text}: {refusal}");
        }
        let closed = Rule::Plain { allow_private: false };
        assert!(closed.check("localhost", "127.0.0.1".parse().unwrap()).is_err());
    }

    #[test]
    fn a_name_with_good_and_bad_addresses_keeps_the_good_ones() {
        let rule = Rule::Tls { allow_private: false };
        let both = ["10.0.0.1:0".parse().unwrap(), "1.1.1.1:0".parse().unwrap()];
        assert_eq!(allowed(rule, "peer", both.into_iter()).unwrap(), vec![both[1]]);
        let refused = allowed(rule, "peer", both.into_iter().take(1)).unwrap_err();
        assert!(refused.to_string().contains("10.0.0.1"), "{refused}");
        let none = allowed(rule, "peer", std::iter::empty()).unwrap_err();
        assert!(matches!(none, NetError::Unresolved { .. }), "{none}");
    }
}
