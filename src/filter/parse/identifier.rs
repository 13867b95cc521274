//! Addresses, networks, ports and protocols: what stands behind qualifiers.

use super::{Fault, Kind, Parser, Qualifiers, Token};
use crate::filter::names;
use crate::filter::services::{self, Registered};
use crate::filter::syntax::{Expression, Primitive, Protocol, Way};

impl Parser<'_> {
    /// What the qualifiers speak of: one identifier, one behind `not`, or a list in parentheses.
    pub(super) fn identifiers(&mut self, qualifiers: Qualifiers) -> Result<Expression, Fault> {
        let depth = self.depth;
        let found = match self.peek() {
            Some(Token::Word("not") | Token::Sign("!")) => {
                self.next += 1;
                self.deeper(1)?;
                Expression::Not(Box::new(self.identifiers(qualifiers)?))
            }
            Some(Token::Sign("(")) => {
                let opened = self.place();
                self.next += 1;
                self.deeper(1)?;
                let first = self.identifiers(qualifiers)?;
                let (list, _) = self.chain((first, Some(qualifiers)))?;
                self.close(opened)?;
                list
            }
            _ => self.identifier(qualifiers)?,
        };
        self.depth = depth;
        Ok(found)
    }

    pub(super) fn identifier(&mut self, qualifiers: Qualifiers) -> Result<Expression, Fault> {
        let at = self.place();
        let Some(token) = self.peek() else {
            return Err(self.unexpected(wanted(qualifiers.kind)));
        };
        if let Token::Word(word) = token
            && super::primitive::is_keyword(word)
        {
            let hint = format!("write `\\{word}` for the name, since `{word}` is a keyword");
            let fault = self.unexpected(wanted(qualifiers.kind));
            let named = matches!(qualifiers.kind, Kind::Proto | Kind::Protochain);
            return Err(if named { fault.hint(hint) } else { fault });
        }
        self.next += 1;
        let primitive = match token {
            Token::Number(number)
                if qualifiers.kind == Kind::Net && self.peek() == Some(Token::Sign("/")) =>
            {
                self.ipv4(qualifiers, &number.to_string(), at)?
            }
            Token::Number(value) => number(qualifiers, value, at)?,
            Token::Dotted(text) if qualifiers.protocol == Some(Protocol::Decnet) => {
                decnet(qualifiers, text, at)?
            }
            Token::Dotted(text) => self.ipv4(qualifiers, text, at)?,
            Token::Ipv6(address) => self.ipv6(qualifiers, address, at)?,
            Token::Mac(address) => {
                link_address(qualifiers, at)?;
                Primitive::Mac { way: qualifiers.way.unwrap_or(Way::Either), address }
            }
            Token::Arcnet(address) => {
                link_address(qualifiers, at)?;
                Primitive::Arcnet { way: qualifiers.way.unwrap_or(Way::Either), address }
            }
            Token::Word(name) | Token::Escaped(name) => named(qualifiers, name, at)?,
            Token::Sign(_) => return Err(Fault::new(at, format!("expected {}", wanted(qualifiers.kind)))),
        };
        Ok(Expression::Primitive(primitive, at))
    }

    /// An IPv4 address or network, with `/LENGTH` or `mask MASK` behind a network.
    fn ipv4(&mut self, qualifiers: Qualifiers, text: &str, at: usize) -> Result<Primitive, Fault> {
        let way = ip_address(qualifiers, Protocol::Ip, at)?;
        let (address, bits) = ipv4_prefix(text, at)?;
        let sized = |len: u32| if len == 0 { 0 } else { u32::MAX << (32 - len) };
        let mut mask = sized(bits);
        if self.peek() == Some(Token::Sign("/")) {
            self.network_only(qualifiers)?;
            self.next += 1;
            mask = match self.peek() {
                Some(Token::Number(len @ 0..=32)) => sized(len),
                _ => return Err(self.fault("the length of an IPv4 prefix is 0 to 32")),
            };
            self.next += 1;
        } else if self.peek() == Some(Token::Word("mask")) {
            self.network_only(qualifiers)?;
            self.next += 1;
            let Some(Token::Dotted(text)) = self.peek() else {
                return Err(self.unexpected("a mask such as 255.255.255.0"));
            };
            mask = ipv4_prefix(text, self.place())?.0;
            self.next += 1;
        }
        if address & !mask != 0 {
            return Err(Fault::new(at, "bits are set outside the mask")
                .hint("write the first address of the network"));
        }
        Ok(Primitive::Ipv4 { protocol: qualifiers.protocol, way, address, mask })
    }

    fn ipv6(&mut self, qualifiers: Qualifiers, address: u128, at: usize) -> Result<Primitive, Fault> {
        let way = ip_address(qualifiers, Protocol::Ip6, at)?;
        let mut mask = u128::MAX;
        if self.peek() == Some(Token::Sign("/")) {
            self.next += 1;
            mask = match self.peek() {
                Some(Token::Number(0)) => 0,
                Some(Token::Number(len @ 1..=128)) => u128::MAX << (128 - len),
                _ => return Err(self.fault("the length of an IPv6 prefix is 0 to 128")),
            };
            self.next += 1;
            if mask != u128::MAX && qualifiers.kind != Kind::Net {
                return Err(Fault::new(at, "a prefix length makes this a network").hint("write `net`"));
            }
        }
        if address & !mask != 0 {
            return Err(Fault::new(at, "bits are set outside the prefix")
                .hint("write the first address of the network"));
        }
        Ok(Primitive::Ipv6 { way, address, mask })
    }

    fn network_only(&self, qualifiers: Qualifiers) -> Result<(), Fault> {
        match qualifiers.kind {
            Kind::Net => Ok(()),
            _ => Err(self.fault("only a `net` has a mask").hint("write `net` instead of `host`")),
        }
    }
}

fn wanted(kind: Kind) -> &'static str {
    match kind {
        Kind::Host => "an address",
        Kind::Net => "a network such as 10.0.0.0/8",
        Kind::Port => "a port",
        Kind::Portrange => "a range of ports such as 6000-6008",
        Kind::Proto | Kind::Protochain => "a protocol number or name",
    }
}

/// A plain number as an identifier.
pub(super) fn number(qualifiers: Qualifiers, number: u32, at: usize) -> Result<Primitive, Fault> {
    match qualifiers.kind {
        Kind::Host if qualifiers.protocol == Some(Protocol::Decnet) => {
            Ok(Primitive::Decnet { way: qualifiers.way.unwrap_or(Way::Either), address: number as u16 })
        }
        Kind::Host => {
            let way = ip_address(qualifiers, Protocol::Ip, at)?;
            Ok(Primitive::Ipv4 { protocol: qualifiers.protocol, way, address: number, mask: u32::MAX })
        }
        Kind::Net => {
            let way = ip_address(qualifiers, Protocol::Ip, at)?;
            // A number of one byte is the first of the address, and so on.
            let shift = if number == 0 { 0 } else { number.leading_zeros() & !7 };
            Ok(Primitive::Ipv4 {
                protocol: qualifiers.protocol,
                way,
                address: number << shift,
                mask: u32::MAX << shift,
            })
        }
        Kind::Port | Kind::Portrange => {
            let port = port(number, at)?;
            ports(qualifiers, (port, port), None, at)
        }
        Kind::Proto => carries(qualifiers, number),
        Kind::Protochain => chain(qualifiers, number),
    }
}

fn named(qualifiers: Qualifiers, name: &str, at: usize) -> Result<Primitive, Fault> {
    match qualifiers.kind {
        Kind::Host => Err(Fault::new(at, format!("host names such as `{name}` are not looked up"))
            .hint("write the address itself")),
        Kind::Net => Err(Fault::new(at, format!("network names such as `{name}` are not looked up"))
            .hint("write the address and prefix length, such as 10.0.0.0/8")),
        Kind::Port => {
            let (port, registered) = service(name, at)?;
            ports(qualifiers, (port, port), Some((registered, name)), at)
        }
        Kind::Portrange => {
            let range = name.split_once('-').map(|(first, last)| (first.parse::<u32>(), last.parse::<u32>()));
            if let Some((Ok(first), Ok(last))) = range {
                let (first, last) = (port(first, at)?, port(last, at)?);
                return ports(qualifiers, (first.min(last), first.max(last)), None, at);
            }
            let Some((first, last)) = name.split_once('-') else {
                return Err(Fault::new(at, format!("expected {}", wanted(Kind::Portrange))));
            };
            let (first, last) = (service(first, at)?, service(last, at)?);
            let registered = if first.1 == last.1 { last.1 } else { Registered::Both };
            ports(qualifiers, (first.0.min(last.0), first.0.max(last.0)), Some((registered, name)), at)
        }
        Kind::Proto | Kind::Protochain => {
            let known = match qualifiers.protocol {
                None | Some(Protocol::Ip | Protocol::Ip6) => names::ip_protocol(name),
                Some(Protocol::Link) => names::ether_protocol(name),
                Some(Protocol::Iso) => names::iso_protocol(name),
                Some(_) => None,
            };
            let number = known.ok_or_else(|| {
                Fault::new(at, format!("unknown protocol `{name}`")).nearest(name, names::protocols())
            })?;
            if qualifiers.kind == Kind::Proto {
                carries(qualifiers, number)
            } else {
                chain(qualifiers, number)
            }
        }
    }
}

/// The way of an IP address, if its qualifiers suit one of this version.
fn ip_address(qualifiers: Qualifiers, version: Protocol, at: usize) -> Result<Way, Fault> {
    use Protocol::*;
    let fits =
        matches!((qualifiers.protocol, version), (None, _) | (Some(Ip | Arp | Rarp), Ip) | (Some(Ip6), Ip6));
    if !matches!(qualifiers.kind, Kind::Host | Kind::Net) {
        return Err(Fault::new(at, format!("expected {}", wanted(qualifiers.kind)))
            .hint("an address belongs behind `host` or `net`"));
    }
    match qualifiers.protocol {
        Some(Link) => {
            return Err(Fault::new(at, "not a link-layer address").hint("write it as 00:11:22:33:44:55"));
        }
        Some(protocol) if !fits => {
            let kind = if version == Ip { "IPv4" } else { "IPv6" };
            return Err(Fault::new(qualifiers.at, format!("`{}` has no {kind} addresses", protocol.name())));
        }
        _ => {}
    }
    match qualifiers.way.unwrap_or(Way::Either) {
        way @ (Way::Source | Way::Destination | Way::Either | Way::Both) => Ok(way),
        _ => Err(Fault::new(qualifiers.at, "this direction is only for link-layer addresses of IEEE 802.11")),
    }
}

fn link_address(qualifiers: Qualifiers, at: usize) -> Result<(), Fault> {
    if qualifiers.kind == Kind::Host && qualifiers.protocol == Some(Protocol::Link) {
        return Ok(());
    }
    Err(Fault::new(at, "a link-layer address").hint("put `ether host`, `ether src` or `ether dst` before it"))
}

/// `10.1.2`: the address with zeros behind, and how many bits were given.
fn ipv4_prefix(text: &str, at: usize) -> Result<(u32, u32), Fault> {
    let mut address = 0;
    let mut bits = 0;
    for part in text.split('.') {
        let byte: u8 = part.parse().map_err(|_| Fault::new(at, format!("`{text}` is no IPv4 address")))?;
        bits += 8;
        address |= u32::from(byte) << (32u32.saturating_sub(bits));
    }
    Ok((address, bits.min(32)))
}

/// `AREA.NODE`: DECnet phase IV, six bits and ten.
fn decnet(qualifiers: Qualifiers, text: &str, at: usize) -> Result<Primitive, Fault> {
    let parts = text
        .split_once('.')
        .and_then(|(area, node)| Some((area.parse::<u16>().ok()?, node.parse::<u16>().ok()?)));
    match parts {
        Some((area @ ..64, node @ ..1024)) => {
            Ok(Primitive::Decnet { way: qualifiers.way.unwrap_or(Way::Either), address: area << 10 | node })
        }
        _ => Err(Fault::new(at, "a DECnet address is AREA.NODE, such as 10.123")),
    }
}

fn port(number: u32, at: usize) -> Result<u16, Fault> {
    u16::try_from(number).map_err(|_| Fault::new(at, format!("port {number} is above 65535")))
}

fn service(name: &str, at: usize) -> Result<(u16, Registered), Fault> {
    if let Ok(number) = name.parse::<u32>() {
        return port(number, at).map(|port| (port, Registered::Both));
    }
    services::service(name)
        .ok_or_else(|| Fault::new(at, format!("unknown port `{name}`")).nearest(name, services::names()))
}

/// A port by the transport that is asked for, or for which its name is registered.
fn ports(
    qualifiers: Qualifiers,
    ports: (u16, u16),
    named: Option<(Registered, &str)>,
    at: usize,
) -> Result<Primitive, Fault> {
    let asked = match qualifiers.protocol {
        None => None,
        Some(Protocol::Tcp) => Some(6),
        Some(Protocol::Udp) => Some(17),
        Some(Protocol::Sctp) => Some(132),
        Some(other) => return Err(Fault::new(qualifiers.at, format!("`{}` has no ports", other.name()))),
    };
    let registered = match named {
        Some((Registered::Tcp, name)) => Some((6, "TCP", name)),
        Some((Registered::Udp, name)) => Some((17, "UDP", name)),
        _ => None,
    };
    let transport = match (asked, registered) {
        (Some(asked), Some((number, transport, name))) if asked != number => {
            return Err(Fault::new(at, format!("`{name}` is a service of {transport}")));
        }
        (asked, registered) => asked.or(registered.map(|(number, ..)| number)),
    };
    match qualifiers.way.unwrap_or(Way::Either) {
        way @ (Way::Source | Way::Destination | Way::Either | Way::Both) => {
            Ok(Primitive::Port { transport, way, ports })
        }
        _ => Err(Fault::new(qualifiers.at, "this direction is only for link-layer addresses of IEEE 802.11")),
    }
}

fn carries(qualifiers: Qualifiers, number: u32) -> Result<Primitive, Fault> {
    use Protocol::*;
    match qualifiers.protocol {
        carrier @ (None | Some(Link | Ip | Ip6 | Iso | Isis)) => Ok(Primitive::Carries { carrier, number }),
        Some(other) => Err(Fault::new(qualifiers.at, format!("`{} proto` makes no sense", other.name()))
            .hint("`proto` follows `ether`, `ip`, `ip6` or `iso`")),
    }
}

fn chain(qualifiers: Qualifiers, number: u32) -> Result<Primitive, Fault> {
    match qualifiers.protocol {
        carrier @ (None | Some(Protocol::Ip | Protocol::Ip6)) => Ok(Primitive::Chain { carrier, number }),
        Some(other) => {
            Err(Fault::new(qualifiers.at, format!("`{} protochain` makes no sense", other.name()))
                .hint("`protochain` follows `ip` or `ip6`"))
        }
    }
}
