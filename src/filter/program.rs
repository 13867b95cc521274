//! A filter made ready for one link type: tests that lead to tests, until one of them decides.
//!
//! A load beyond the bytes captured rejects the frame whatever the expression, also under `not`.

use super::syntax::{How, Operator};

/// Where a branch ends.
const ACCEPT: u32 = u32::MAX;
const REJECT: u32 = u32::MAX - 1;

/// How many offsets that depend on the frame a filter can keep.
pub(super) const REGISTERS: usize = 8;

type Registers = [u32; REGISTERS];

/// A condition over loads, as the link type was lowered to.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Condition {
    Always(bool),
    Test {
        at: At,
        size: u8,
        mask: u32,
        how: How,
        value: u32,
    },
    Relation {
        left: Value,
        how: How,
        right: Value,
    },
    /// The protocol of this number, behind the extension headers of the packet that begins at the place.
    Chain {
        network: At,
        version: u8,
        number: u32,
    },
    /// True, and from here on the registers hold where the frame inside Geneve begins.
    Geneve {
        network: At,
        version: u8,
        registers: GeneveRegisters,
    },
    /// The two registers differ.
    Differ(u8, u8),
    All(Vec<Condition>),
    Any(Vec<Condition>),
    Not(Box<Condition>),
}

/// The registers that a Geneve header sets.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct GeneveRegisters {
    pub link: u8,
    pub linktype: u8,
    pub payload: u8,
}

/// A place in the frame.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum At {
    /// This many bytes from the start.
    Frame(u32),
    /// `base` bytes behind the register's offset plus `index`.
    Register { register: u8, base: u32, index: u32 },
    /// Behind the IPv4 header that begins `base` bytes behind the register's offset, `index` bytes.
    Ipv4Payload { register: Option<u8>, base: u32, index: u32 },
}

/// A number computed from the frame.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Value {
    Number(u32),
    Length,
    Load { at: At, index: Option<Box<Value>>, size: u8 },
    Negative(Box<Value>),
    Binary(Operator, Box<Value>, Box<Value>),
}

/// The offsets that have to be computed before the first test.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Prologue {
    /// Where the link header's offset comes from.
    pub prefix: Prefix,
    pub link: u8,
    /// Where the link payload's offset goes, if it is an IEEE 802.11 header or a pf log that precedes it.
    pub payload: Option<u8>,
}

/// What stands before the link header.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Prefix {
    Nothing,
    /// Radiotap and PPI: a little-endian length at byte 2.
    Radiotap,
    Ppi,
    /// A big-endian length at byte 4.
    Avs,
    /// 144 bytes, unless it is an AVS header after all.
    Prism,
    /// The log of OpenBSD's packet filter, its length in the first byte.
    Pflog,
}

/// Tests one behind the other. A loop that only steps on, until one jumps, leaves it to the processor to run ahead of
/// the loads; with two ways to go on at each test, every load would wait for the test before.
#[derive(Debug)]
pub(super) struct Program {
    prologue: Option<Prologue>,
    nodes: Vec<Node>,
    first: u32,
}

#[derive(Debug)]
struct Node {
    step: Step,
    /// What has to come out for the next node to be asked.
    on: bool,
    /// Where to go on if it does not.
    jump: u32,
}

/// A test with the numbers of those that follow, the later before the earlier.
struct Branch {
    step: Step,
    yes: u32,
    no: u32,
}

#[derive(Debug)]
enum Step {
    /// A [`Test`](Self::Test) of bytes at a fixed place, which most are: whether what is left of the four bytes at `at`, when
    /// they were shifted and masked, lies in a range.
    Field {
        at: u32,
        shift: u8,
        mask: u32,
        least: u32,
        /// The greatest of the range, less the least.
        span: u32,
    },
    Test {
        at: At,
        size: u8,
        mask: u32,
        how: How,
        value: u32,
    },
    /// Boxed, so that tests, of which most filters consist, stay close together.
    Relation(Box<(Value, How, Value)>),
    Chain {
        network: At,
        version: u8,
        number: u32,
    },
    Geneve {
        network: At,
        version: u8,
        registers: GeneveRegisters,
    },
    Differ(u8, u8),
    Never,
}

impl Program {
    pub fn new(prologue: Option<Prologue>, condition: Condition) -> Self {
        let mut branches = Vec::new();
        let first = add(&mut branches, condition, ACCEPT, REJECT);
        let mut nodes = Vec::new();
        // Where each branch stands, the last of them first.
        let mut places = Vec::new();
        for (index, Branch { step, yes, no }) in branches.into_iter().enumerate().rev() {
            let behind = index.checked_sub(1).map(|behind| behind as u32);
            places.push(nodes.len() as u32);
            nodes.push(if Some(no) == behind {
                Node { step, on: false, jump: yes }
            } else {
                Node { step, on: true, jump: no }
            });
            if Some(yes) != behind && Some(no) != behind {
                nodes.push(Node { step: Step::Never, on: true, jump: yes });
            }
        }
        let place = |branch: u32| places.iter().rev().nth(branch as usize).copied().unwrap_or(branch);
        nodes.iter_mut().for_each(|node| node.jump = place(node.jump));
        Self { prologue, first: place(first), nodes }
    }

    /// Whether a frame with these bytes and this length on the wire is selected.
    pub fn accepts(&self, data: &[u8], wire_len: u32) -> bool {
        self.run(data, wire_len).unwrap_or(false)
    }

    fn run(&self, data: &[u8], wire_len: u32) -> Option<bool> {
        let mut registers = Registers::default();
        if let Some(prologue) = &self.prologue {
            prologue.run(data, &mut registers)?;
        }
        let mut next = self.first;
        'jump: while let Some(nodes) = self.nodes.get(next as usize..) {
            for node in nodes {
                let holds = match &node.step {
                    Step::Field { at, shift, mask, least, span } => {
                        let field = (word(data, *at as usize, 4 - *shift / 8)? >> shift) & mask;
                        field.wrapping_sub(*least) <= *span
                    }
                    Step::Test { at, size, mask, how, value } => {
                        how.holds(load(data, &registers, *at, 0, *size)? & mask, *value)
                    }
                    step => step.holds(data, wire_len, &mut registers)?,
                };
                if holds != node.on {
                    next = node.jump;
                    continue 'jump;
                }
            }
            return None;
        }
        Some(next == ACCEPT)
    }
}

/// Adds the branches of a condition that goes to `yes` or `no`, and returns the number of its first.
fn add(branches: &mut Vec<Branch>, condition: Condition, yes: u32, no: u32) -> u32 {
    let step = match condition {
        Condition::Always(true) => return yes,
        Condition::Always(false) => return no,
        Condition::All(all) => {
            return all.into_iter().rev().fold(yes, |next, one| add(branches, one, next, no));
        }
        Condition::Any(any) => {
            return any.into_iter().rev().fold(no, |next, one| add(branches, one, yes, next));
        }
        Condition::Not(inner) => return add(branches, *inner, no, yes),
        Condition::Test { at, size, mask, how, value } => Step::test(at, size, mask, how, value),
        Condition::Relation { left, how, right } => Step::Relation(Box::new((left, how, right))),
        Condition::Chain { network, version, number } => Step::Chain { network, version, number },
        Condition::Geneve { network, version, registers } => Step::Geneve { network, version, registers },
        Condition::Differ(a, b) => Step::Differ(a, b),
    };
    branches.push(Branch { step, yes, no });
    branches.len() as u32 - 1
}

impl Step {
    fn test(at: At, size: u8, mask: u32, how: How, value: u32) -> Self {
        let (mask, range) = match how {
            How::Equal => (mask, Some((value, value))),
            How::Greater => (mask, value.checked_add(1).map(|least| (least, u32::MAX))),
            How::AtLeast => (mask, Some((value, u32::MAX))),
            How::AnyBit => (mask & value, Some((1, u32::MAX))),
        };
        match (at, range) {
            (At::Frame(at), Some((least, most))) => {
                Self::Field { at, shift: 32 - 8 * size, mask, least, span: most - least }
            }
            _ => Self::Test { at, size, mask, how, value },
        }
    }

    /// What is seldom asked for, apart from the loop over tests.
    #[cold]
    fn holds(&self, data: &[u8], wire_len: u32, registers: &mut Registers) -> Option<bool> {
        Some(match self {
            // The loop asks them itself.
            Self::Field { .. } | Self::Test { .. } => return None,
            Self::Relation(relation) => {
                let (left, how, right) = &**relation;
                let frame = Bytes { data, wire_len, registers };
                how.holds(left.of(&frame)?, right.of(&frame)?)
            }
            Self::Chain { network, version, number } => chain(data, registers, *network, *version, *number)?,
            Self::Geneve { network, version, registers: kept } => {
                enter_geneve(data, registers, *network, *version, *kept)?
            }
            Self::Differ(a, b) => registers.get(usize::from(*a)) != registers.get(usize::from(*b)),
            Self::Never => false,
        })
    }
}

impl How {
    /// Whether it holds between these two.
    #[inline]
    pub fn holds(self, left: u32, right: u32) -> bool {
        match self {
            Self::Equal => left == right,
            Self::Greater => left > right,
            Self::AtLeast => left >= right,
            Self::AnyBit => left & right != 0,
        }
    }
}

#[inline]
fn load(data: &[u8], registers: &Registers, at: At, index: u32, size: u8) -> Option<u32> {
    let (base, behind) = match at {
        At::Frame(base) => (base, index),
        At::Register { register, base, index: more } => {
            (base, registers.get(usize::from(register))?.wrapping_add(more).wrapping_add(index))
        }
        At::Ipv4Payload { register, base, index: more } => {
            let start = register.map_or(Some(0), |register| registers.get(usize::from(register)).copied())?;
            let first = *data.get((base as usize).checked_add(start as usize)?)?;
            let header_len = u32::from(first & 0x0f) << 2;
            (base, start.wrapping_add(header_len).wrapping_add(more).wrapping_add(index))
        }
    };
    let at = (base as usize).checked_add(behind as usize)?;
    Some(word(data, at, size)? >> (32 - 8 * size))
}

/// The four bytes at `at`, of which the first `size` have to be there: those missing behind them are 0.
#[inline]
fn word(data: &[u8], at: usize, size: u8) -> Option<u32> {
    let bytes = data.get(at..)?;
    if let Some(four) = bytes.first_chunk() {
        return Some(u32::from_be_bytes(*four));
    }
    Some(match size {
        1 => u32::from(*bytes.first()?) << 24,
        2 => u32::from(u16::from_be_bytes(*bytes.first_chunk()?)) << 16,
        _ => return None,
    })
}

/// What arithmetic can look at.
struct Bytes<'a> {
    data: &'a [u8],
    wire_len: u32,
    registers: &'a Registers,
}

impl Value {
    fn of(&self, frame: &Bytes<'_>) -> Option<u32> {
        Some(match self {
            Self::Number(number) => *number,
            Self::Length => frame.wire_len,
            Self::Load { at, index, size } => {
                let index = index.as_ref().map_or(Some(0), |index| index.of(frame))?;
                load(frame.data, frame.registers, *at, index, *size)?
            }
            Self::Negative(inner) => inner.of(frame)?.wrapping_neg(),
            Self::Binary(operator, left, right) => operator.apply(left.of(frame)?, right.of(frame)?)?,
        })
    }
}

impl Operator {
    /// `None`, which rejects the frame, for a division by zero.
    pub fn apply(self, left: u32, right: u32) -> Option<u32> {
        Some(match self {
            Self::Add => left.wrapping_add(right),
            Self::Subtract => left.wrapping_sub(right),
            Self::Multiply => left.wrapping_mul(right),
            Self::Divide => left.checked_div(right)?,
            Self::Remainder => left.checked_rem(right)?,
            Self::And => left & right,
            Self::Or => left | right,
            Self::ExclusiveOr => left ^ right,
            Self::Left => left.checked_shl(right).unwrap_or(0),
            Self::Right => left.checked_shr(right).unwrap_or(0),
        })
    }
}

impl Prologue {
    fn run(&self, data: &[u8], registers: &mut Registers) -> Option<()> {
        let byte = |at: usize| data.get(at).map(|byte| u32::from(*byte));
        let word = |at: usize| Some(u32::from_be_bytes(*data.get(at..)?.first_chunk()?));
        let link = match self.prefix {
            Prefix::Nothing => 0,
            Prefix::Radiotap | Prefix::Ppi => byte(3)? << 8 | byte(2)?,
            Prefix::Avs => word(4)?,
            Prefix::Prism if word(0)? & 0xffff_f000 == 0x8021_1000 => word(4)?,
            Prefix::Prism => 144,
            Prefix::Pflog => 0,
        };
        *registers.get_mut(usize::from(self.link))? = link;
        let Some(payload) = self.payload else {
            return Some(());
        };
        let payload_at = match self.prefix {
            Prefix::Pflog => (byte(0)? + 3) & !3,
            prefix => self.wlan_payload(data, link, prefix == Prefix::Radiotap)?,
        };
        *registers.get_mut(usize::from(payload))? = payload_at;
        Some(())
    }

    /// Behind the IEEE 802.11 header: 24 bytes, in data frames 2 more for QoS, and padding where radiotap says so.
    fn wlan_payload(&self, data: &[u8], link: u32, radiotap: bool) -> Option<u32> {
        let byte = |at: usize| data.get(at).map(|byte| u32::from(*byte));
        let control = byte(link as usize)?;
        let mut payload = link.wrapping_add(24);
        if control & 0x08 == 0 || control & 0x04 != 0 {
            return Some(payload);
        }
        if control & 0x80 != 0 {
            payload = payload.wrapping_add(2);
        }
        if radiotap {
            let present = u32::from_le_bytes(*data.get(4..)?.first_chunk()?);
            let (flags, more, time) = (present & 2 != 0, present >> 31 != 0, present & 1 != 0);
            if flags && !more && byte(if time { 16 } else { 8 })? & 0x20 != 0 {
                payload = payload.wrapping_add(3) & !3;
            }
        }
        Some(payload)
    }
}

/// Follows the chain of headers of the packet at `network`: extension headers of IPv6, and AH in both versions.
fn chain(data: &[u8], registers: &Registers, network: At, version: u8, wanted: u32) -> Option<bool> {
    let byte = |index: u32| load(data, registers, network, index, 1);
    let (mut protocol, mut at) = match version {
        4 => (byte(9)?, (byte(0)? & 0x0f) << 2),
        _ => (byte(6)?, 40),
    };
    loop {
        let len = match protocol {
            _ if protocol == wanted => return Some(true),
            0 | 43 | 44 | 60 if version == 6 => (byte(at.checked_add(1)?)? + 1) * 8,
            // RFC 4302 §2.2: in words of four bytes, less two.
            51 => (byte(at.checked_add(1)?)? + 2) * 4,
            _ => return Some(false),
        };
        protocol = byte(at)?;
        at = at.checked_add(len)?;
    }
}

/// RFC 8926 §3.4: notes where the frame or packet inside begins.
fn enter_geneve(
    data: &[u8],
    registers: &mut Registers,
    network: At,
    version: u8,
    kept: GeneveRegisters,
) -> Option<bool> {
    let (base, start) = match network {
        At::Frame(base) => (base, 0),
        At::Register { register, base, index } => {
            (base, registers.get(usize::from(register))?.wrapping_add(index))
        }
        At::Ipv4Payload { .. } => return None,
    };
    let ip_len = if version == 4 { (load(data, registers, network, 0, 1)? & 0x0f) << 2 } else { 40 };
    let header = start.checked_add(base)?.checked_add(ip_len)?.checked_add(8)?;
    let field = |offset, size| load(data, &Registers::default(), At::Frame(header), offset, size);
    let link = (field(0, 1)? & 0x3f).checked_mul(4)?.checked_add(header)?.checked_add(8)?;
    let ethernet = field(2, 2)? == 0x6558;
    *registers.get_mut(usize::from(kept.link))? = link;
    *registers.get_mut(usize::from(kept.linktype))? =
        if ethernet { link.checked_add(12)? } else { header.checked_add(2)? };
    *registers.get_mut(usize::from(kept.payload))? = if ethernet { link.checked_add(14)? } else { link };
    Some(true)
}
