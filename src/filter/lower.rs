//! An expression for one link type: each primitive becomes tests at the offsets where that link type has its fields.
//!
//! The layout changes while the expression is read from left to right: behind `vlan`, `mpls`, `pppoes` and `geneve`
//! everything is looked for one header further in.

mod address;
mod arithmetic;
mod encapsulation;
mod linktype;
mod protocol;
mod wlan;

use super::error::Fault;
use super::link::{self, Link, Shape};
use super::program::{At, Condition, Prefix, Program, Prologue, REGISTERS};
use super::syntax::{Atm, Expression, How, PfField, Primitive};
use crate::capture::LinkType;

/// The filter as a program for frames of `linktype`, or why it cannot be asked of them.
pub(super) fn lower(expression: &Expression, linktype: LinkType) -> Result<Program, Fault> {
    let shape =
        link::shape(linktype).ok_or_else(|| Fault::new(0, "cannot filter frames of this link type"))?;
    let mut lowering = Lowering::new(shape);
    let mut condition = lowering.expression(expression)?;
    if shape.prefix == Prefix::Ppi {
        // A PPI header says what follows it; only IEEE 802.11 is looked into.
        condition = all([test(At::Frame(4), 4, LITTLE_ENDIAN_105), condition]);
    }
    Ok(Program::new(lowering.prologue(shape.prefix), condition))
}

/// The link type number of IEEE 802.11 as a little-endian word that was read as a big-endian one.
const LITTLE_ENDIAN_105: u32 = 105u32.swap_bytes();

/// What a primitive cannot be asked of this link type, in words.
type Refused = String;

/// Where the headers are, at one point of the expression.
struct Lowering {
    link: Link,
    header: Offset,
    linktype: Offset,
    payload: Offset,
    network: u32,
    network_nosnap: u32,
    labels: u32,
    geneve: bool,
    /// The link header in front of an emulated LAN.
    lane: Option<Offset>,
    registers: u8,
    uses_header: bool,
    uses_payload: bool,
}

/// A number of bytes from the start of the frame, part of which may have to be computed.
#[derive(Clone, Copy)]
struct Offset {
    register: Option<u8>,
    constant: u32,
}

/// What an offset is counted from.
#[derive(Clone, Copy)]
enum Base {
    Frame,
    Link,
    LinkType,
    /// The payload of the link, an LLC header perhaps.
    Payload,
    Network,
    NetworkNoSnap,
    /// The MPLS label before the current one.
    PreviousLabel,
    Ipv4Payload,
    /// Behind an IPv6 header without extensions.
    Ipv6Payload,
}

/// The registers that [`Prologue`] fills.
const HEADER_REGISTER: u8 = 0;
const PAYLOAD_REGISTER: u8 = 1;

impl Lowering {
    fn new(shape: Shape) -> Self {
        let fixed = |constant| Offset { register: None, constant };
        let moving = shape.prefix != Prefix::Nothing && shape.link == Link::Wlan;
        let header = Offset { register: moving.then_some(HEADER_REGISTER), constant: shape.header };
        let behind = matches!(shape.link, Link::Wlan | Link::Pflog);
        Self {
            link: shape.link,
            header,
            linktype: fixed(shape.linktype),
            payload: Offset { register: behind.then_some(PAYLOAD_REGISTER), constant: shape.payload },
            network: shape.network,
            network_nosnap: shape.network_nosnap,
            labels: 0,
            geneve: false,
            lane: None,
            registers: 2,
            uses_header: false,
            uses_payload: false,
        }
    }

    fn prologue(&self, prefix: Prefix) -> Option<Prologue> {
        (self.uses_header || self.uses_payload).then_some(Prologue {
            prefix,
            link: HEADER_REGISTER,
            payload: self.uses_payload.then_some(PAYLOAD_REGISTER),
        })
    }

    fn expression(&mut self, expression: &Expression) -> Result<Condition, Fault> {
        Ok(match expression {
            Expression::All(inner) => Condition::All(self.each(inner)?),
            Expression::Any(inner) => Condition::Any(self.each(inner)?),
            Expression::Not(inner) => Condition::Not(Box::new(self.expression(inner)?)),
            Expression::Primitive(primitive, at) => {
                self.primitive(primitive).map_err(|message| Fault::new(*at, message))?
            }
        })
    }

    fn each(&mut self, expressions: &[Expression]) -> Result<Vec<Condition>, Fault> {
        expressions.iter().map(|expression| self.expression(expression)).collect()
    }

    fn primitive(&mut self, primitive: &Primitive) -> Result<Condition, Refused> {
        match primitive {
            Primitive::Protocol(protocol) => self.protocol(*protocol),
            Primitive::Ipv4 { protocol, way, address, mask } => self.ipv4(*protocol, *way, *address, *mask),
            Primitive::Ipv6 { way, address, mask } => self.ipv6(*way, *address, *mask),
            Primitive::Mac { way, address } => self.mac(*way, *address),
            Primitive::Arcnet { way, address } => self.arcnet(*way, *address),
            Primitive::Decnet { way, address } => self.decnet(*way, *address),
            Primitive::Port { transport, way, ports } => self.ports(*transport, *way, *ports),
            Primitive::Carries { carrier, number } => self.carries(*carrier, *number),
            Primitive::Chain { carrier, number } => self.protocol_chain(*carrier, *number),
            Primitive::Broadcast(protocol) => self.broadcast(*protocol),
            Primitive::Multicast(protocol) => self.multicast(*protocol),
            Primitive::Relation { left, how, right, negated } => self.relation(left, *how, right, *negated),
            Primitive::Outbound(out) => self.outbound(*out),
            Primitive::Interface(number) => match (self.link, self.linktype.constant) {
                (Link::EtherType, 0) => Ok(self.test(Base::Link, 4, 4, *number)),
                _ => Err("`ifindex` is only in cooked captures of version 2 (SLL2)".into()),
            },
            Primitive::Vlan(id) => self.vlan(*id),
            Primitive::Mpls(label) => self.mpls(*label),
            Primitive::PppoeDiscovery => self.linktype(0x8863),
            Primitive::PppoeSession(session) => self.pppoe_session(*session),
            Primitive::Geneve(network) => self.geneve(*network),
            Primitive::Pf(field) => self.pf(field),
            Primitive::WlanType { value, mask } => match self.link {
                Link::Wlan => Ok(self.masked(Base::Link, 0, 1, *mask, *value)),
                _ => Err("`type` and `subtype` are only in IEEE 802.11 frames".into()),
            },
            Primitive::WlanDirection(direction) => match self.link {
                Link::Wlan => Ok(self.masked(Base::Link, 1, 1, 0x03, *direction)),
                _ => Err("`dir` is only in IEEE 802.11 frames".into()),
            },
            Primitive::Llc(control) => self.llc(*control),
            Primitive::Atm(atm) => self.atm(atm),
        }
    }

    /// Whether the capturing host sent the frame, where the link type says so.
    fn outbound(&mut self, out: bool) -> Result<Condition, Refused> {
        let sent = match (self.link, self.linktype.constant) {
            (Link::Slip, _) => not(self.test(Base::Link, 0, 1, 0)),
            (Link::Ipnet, _) => return Ok(self.test(Base::Link, 2, 2, if out { 1 } else { 2 })),
            (Link::Cooked, _) => self.test(Base::Link, 0, 2, 4),
            (Link::EtherType, 0) => self.test(Base::Link, 10, 1, 4),
            (Link::Pflog, _) => return Ok(self.test(Base::Link, 60, 1, if out { 2 } else { 1 })),
            (Link::PppDirected, _) => return Ok(self.test(Base::Link, 0, 1, u32::from(out))),
            (Link::Juniper, _) => self.masked(Base::Link, 3, 1, 0x01, 0),
            _ => return Err("this link type does not say which frames are inbound or outbound".into()),
        };
        Ok(if out { sent } else { not(sent) })
    }

    fn pf(&mut self, field: &PfField) -> Result<Condition, Refused> {
        if self.link != Link::Pflog {
            return Err("this is only in logs of OpenBSD's packet filter (PFLOG)".into());
        }
        let name = |lowering: &mut Self, at: u32, name: &str| {
            all(name
                .bytes()
                .zip(at..)
                .map(|(byte, at)| lowering.test(Base::Link, at, 1, byte.into()))
                .collect::<Vec<_>>())
        };
        Ok(match field {
            PfField::Action(action) => self.test(Base::Link, 2, 1, *action),
            PfField::Reason(reason) => self.test(Base::Link, 3, 1, *reason),
            PfField::Interface(interface) => name(self, 4, interface),
            PfField::Ruleset(ruleset) => name(self, 20, ruleset),
            PfField::Rule(rule) => self.test(Base::Link, 36, 4, *rule),
            PfField::Subrule(rule) => self.test(Base::Link, 40, 4, *rule),
        })
    }

    fn atm(&mut self, atm: &Atm) -> Result<Condition, Refused> {
        if self.link != Link::SunAtm && self.lane.is_none() {
            return Err("this is only in ATM captures of Solaris (SUNATM)".into());
        }
        let circuit = |vci: u32| compare(At::Frame(2), 2, u32::MAX, How::Equal, vci);
        Ok(match atm {
            Atm::Vpi(how, number, negated) => {
                maybe_not(compare(At::Frame(1), 1, u32::MAX, *how, *number), *negated)
            }
            Atm::Vci(how, number, negated) => {
                maybe_not(compare(At::Frame(2), 2, u32::MAX, *how, *number), *negated)
            }
            Atm::Circuit(numbers) => all([
                test(At::Frame(1), 1, 0),
                any(numbers.iter().map(|vci| circuit(*vci)).collect::<Vec<_>>()),
            ]),
            Atm::Messages(vci, types) => all([
                test(At::Frame(1), 1, 0),
                circuit(*vci),
                any(types.iter().map(|kind| test(At::Frame(9), 1, *kind)).collect::<Vec<_>>()),
            ]),
            Atm::Lane => self.lane(),
        })
    }

    /// An equality of `size` bytes.
    fn test(&mut self, base: Base, offset: u32, size: u8, value: u32) -> Condition {
        self.compare(base, offset, size, u32::MAX, How::Equal, value)
    }

    /// An equality of some bits; one of no bits looks at nothing.
    fn masked(&mut self, base: Base, offset: u32, size: u8, mask: u32, value: u32) -> Condition {
        if mask == 0 {
            Condition::Always(value == 0)
        } else {
            self.compare(base, offset, size, mask, How::Equal, value)
        }
    }

    fn compare(&mut self, base: Base, offset: u32, size: u8, mask: u32, how: How, value: u32) -> Condition {
        compare(self.at(base, offset), size, mask, how, value)
    }

    fn at(&mut self, base: Base, offset: u32) -> At {
        let (from, offset) = match base {
            Base::Frame => return At::Frame(offset),
            Base::Link => (self.header, offset),
            Base::LinkType => (self.linktype, offset),
            Base::Payload => (self.payload, offset),
            Base::Network | Base::Ipv4Payload => (self.payload, self.network.wrapping_add(offset)),
            Base::NetworkNoSnap => (self.payload, self.network_nosnap.wrapping_add(offset)),
            Base::PreviousLabel => (self.payload, self.network.wrapping_add(offset).wrapping_sub(4)),
            Base::Ipv6Payload => (self.payload, self.network.wrapping_add(40).wrapping_add(offset)),
        };
        self.uses_header |= from.register == Some(HEADER_REGISTER);
        self.uses_payload |= from.register == Some(PAYLOAD_REGISTER);
        let constant = from.constant.wrapping_add(offset);
        match (base, from.register) {
            (Base::Ipv4Payload, register) => {
                let base = from.constant.wrapping_add(self.network);
                At::Ipv4Payload { register, base, index: constant.wrapping_sub(base) }
            }
            (_, Some(register)) => At::Register { register, base: constant, index: 0 },
            (_, None) => At::Frame(constant),
        }
    }

    fn register(&mut self) -> Result<u8, Refused> {
        let register = self.registers;
        if usize::from(register) >= REGISTERS {
            return Err("too many headers of varying length inside each other".into());
        }
        self.registers += 1;
        Ok(register)
    }
}

fn compare(at: At, size: u8, mask: u32, how: How, value: u32) -> Condition {
    Condition::Test { at, size, mask, how, value }
}

fn test(at: At, size: u8, value: u32) -> Condition {
    compare(at, size, u32::MAX, How::Equal, value)
}

fn all(conditions: impl Into<Vec<Condition>>) -> Condition {
    Condition::All(conditions.into())
}

fn any(conditions: impl Into<Vec<Condition>>) -> Condition {
    Condition::Any(conditions.into())
}

fn not(condition: Condition) -> Condition {
    Condition::Not(Box::new(condition))
}

fn maybe_not(condition: Condition, negated: bool) -> Condition {
    if negated { not(condition) } else { condition }
}
