//! Primitives: qualifiers with what they qualify, and the keywords that stand alone.

use super::{Expression, Fault, Kind, Parser, Qualifiers, Token};
use crate::filter::names;
use crate::filter::syntax::{Atm, How, PROTOCOLS, PfField, Primitive, Protocol, Way};

/// What the parser finds: a question, and the qualifiers that it leaves behind.
type Found = Result<(Expression, Option<Qualifiers>), Fault>;

/// Whether `word` has a meaning of its own and so cannot name a host or a service unless escaped.
pub(super) fn is_keyword(word: &str) -> bool {
    Protocol::of(word).is_some() || KEYWORDS.contains(&word)
}

/// All keywords, for proposals.
pub(super) fn keywords() -> impl Iterator<Item = &'static str> {
    PROTOCOLS.iter().map(|(name, _)| *name).chain(KEYWORDS.iter().copied())
}

const KEYWORDS: &[&str] = &[
    "dst",
    "src",
    "host",
    "net",
    "mask",
    "port",
    "portrange",
    "proto",
    "protochain",
    "gateway",
    "type",
    "subtype",
    "direction",
    "dir",
    "address1",
    "addr1",
    "address2",
    "addr2",
    "address3",
    "addr3",
    "address4",
    "addr4",
    "ra",
    "ta",
    "less",
    "greater",
    "byte",
    "broadcast",
    "multicast",
    "and",
    "or",
    "not",
    "len",
    "length",
    "inbound",
    "outbound",
    "ifindex",
    "vlan",
    "mpls",
    "pppoed",
    "pppoes",
    "geneve",
    "lane",
    "llc",
    "metac",
    "bcc",
    "oam",
    "oamf4",
    "oamf4ec",
    "oamf4sc",
    "sc",
    "ilmic",
    "vpi",
    "vci",
    "connectmsg",
    "metaconnect",
    "on",
    "ifname",
    "rset",
    "ruleset",
    "rnr",
    "rulenum",
    "srnr",
    "subrulenum",
    "reason",
    "action",
];

impl Parser<'_> {
    pub(super) fn primitive(&mut self) -> Found {
        let at = self.place();
        let protocol = match self.peek() {
            Some(Token::Word(word)) => Protocol::of(word),
            _ => None,
        };
        self.next += usize::from(protocol.is_some());
        let way = self.way()?;
        let kind = self.kind();
        let lone = way.is_none() && kind.is_none();
        if let Some(kind @ (Kind::Proto | Kind::Protochain)) = kind
            && way.is_some()
        {
            let name = if kind == Kind::Proto { "proto" } else { "protochain" };
            return Err(Fault::new(at, format!("`{name}` has no direction")));
        }
        if !lone {
            let qualifiers = Qualifiers { protocol, way, kind: kind.unwrap_or(Kind::Host), at };
            return Ok((self.identifiers(qualifiers)?, Some(qualifiers)));
        }
        let found = match self.peek() {
            Some(Token::Word("gateway")) => {
                return Err(self
                    .fault("`gateway` needs name services, which are not asked")
                    .hint("write `ether host MAC and not host ADDRESS`"));
            }
            Some(Token::Word("broadcast")) => {
                self.next += 1;
                cast(protocol, &[Protocol::Link, Protocol::Ip], "broadcasts", at)?;
                Primitive::Broadcast(protocol)
            }
            Some(Token::Word("multicast")) => {
                self.next += 1;
                cast(protocol, &[Protocol::Link, Protocol::Ip, Protocol::Ip6], "multicasts", at)?;
                Primitive::Multicast(protocol)
            }
            Some(Token::Word("type" | "subtype" | "dir" | "direction")) => self.wlan()?,
            _ => match protocol {
                Some(Protocol::Link) => {
                    return Err(
                        self.unexpected("`host`, `src`, `dst`, `proto`, `broadcast`, `multicast` or `[`")
                    );
                }
                Some(Protocol::Radio) => return Err(self.unexpected("`[`")),
                Some(protocol) => Primitive::Protocol(protocol),
                None => self.lone(at)?,
            },
        };
        Ok((Expression::Primitive(found, at), None))
    }

    fn way(&mut self) -> Result<Option<Way>, Fault> {
        let Some(Token::Word(word)) = self.peek() else {
            return Ok(None);
        };
        let way = match word {
            "src" | "dst" => return self.ends(word).map(Some),
            "addr1" | "address1" => Way::Address(1),
            "addr2" | "address2" => Way::Address(2),
            "addr3" | "address3" => Way::Address(3),
            "addr4" | "address4" => Way::Address(4),
            "ra" => Way::Receiver,
            "ta" => Way::Transmitter,
            _ => return Ok(None),
        };
        self.next += 1;
        Ok(Some(way))
    }

    /// `src`, `dst`, or both of them joined by `and` or `or`.
    fn ends(&mut self, first: &str) -> Result<Way, Fault> {
        self.next += 1;
        let second = if first == "src" { "dst" } else { "src" };
        let Some(and) = self.conjunction() else {
            return Ok(if first == "src" { Way::Source } else { Way::Destination });
        };
        match self.word(second) {
            true => Ok(if and { Way::Both } else { Way::Either }),
            false => Err(self.unexpected(&format!("`{second}`"))),
        }
    }

    fn kind(&mut self) -> Option<Kind> {
        let Some(Token::Word(word)) = self.peek() else {
            return None;
        };
        let kind = match word {
            "host" => Kind::Host,
            "net" => Kind::Net,
            "port" => Kind::Port,
            "portrange" => Kind::Portrange,
            "proto" => Kind::Proto,
            "protochain" => Kind::Protochain,
            _ => return None,
        };
        self.next += 1;
        Some(kind)
    }

    /// A keyword that needs no qualifiers.
    fn lone(&mut self, at: usize) -> Result<Primitive, Fault> {
        use crate::filter::syntax::Arithmetic;
        let Some(Token::Word(word)) = self.peek() else {
            return Err(self.unexpected("a primitive"));
        };
        self.next += 1;
        let length = |how, limit, negated| Primitive::Relation {
            left: Arithmetic::Length,
            how,
            right: Arithmetic::Number(limit),
            negated,
        };
        Ok(match word {
            "less" => length(How::Greater, self.wanted_number("a length")?, true),
            "greater" => length(How::AtLeast, self.wanted_number("a length")?, false),
            "byte" => self.byte()?,
            "inbound" => Primitive::Outbound(false),
            "outbound" => Primitive::Outbound(true),
            "ifindex" => Primitive::Interface(self.wanted_number("an interface number")?),
            "vlan" => Primitive::Vlan(self.limited("VLAN", 0xfff)?),
            "mpls" => Primitive::Mpls(self.limited("label", 0xf_ffff)?),
            "pppoed" => Primitive::PppoeDiscovery,
            "pppoes" => Primitive::PppoeSession(self.limited("session", 0xffff)?),
            "geneve" => Primitive::Geneve(self.limited("virtual network", 0xff_ffff)?),
            "llc" => self.llc()?,
            "ifname" | "on" => Primitive::Pf(PfField::Interface(self.pf_name()?)),
            "rset" | "ruleset" => Primitive::Pf(PfField::Ruleset(self.pf_name()?)),
            "rnr" | "rulenum" => Primitive::Pf(PfField::Rule(self.wanted_number("a rule number")?)),
            "srnr" | "subrulenum" => Primitive::Pf(PfField::Subrule(self.wanted_number("a rule number")?)),
            "reason" => Primitive::Pf(PfField::Reason(
                self.number_or_name("a reason such as `match`", names::pf_reason)?,
            )),
            "action" => Primitive::Pf(PfField::Action(
                self.number_or_name("an action such as `pass`", names::pf_action)?,
            )),
            "vpi" | "vci" => self.atm_field(word == "vpi")?,
            "lane" => Primitive::Atm(Atm::Lane),
            "metac" => Primitive::Atm(Atm::Circuit(&[1])),
            "bcc" => Primitive::Atm(Atm::Circuit(&[2])),
            "oamf4sc" => Primitive::Atm(Atm::Circuit(&[3])),
            "oamf4ec" => Primitive::Atm(Atm::Circuit(&[4])),
            "oam" | "oamf4" => Primitive::Atm(Atm::Circuit(&[3, 4])),
            "sc" => Primitive::Atm(Atm::Circuit(&[5])),
            "ilmic" => Primitive::Atm(Atm::Circuit(&[16])),
            // ITU-T Q.2931 §4.4: Setup, Call Proceeding, Connect, Connect Ack, Release, Release Complete.
            "connectmsg" => Primitive::Atm(Atm::Messages(5, &[0x05, 0x02, 0x07, 0x0f, 0x4d, 0x5a])),
            "metaconnect" => Primitive::Atm(Atm::Messages(1, &[0x05, 0x02, 0x07, 0x4d, 0x5a])),
            _ => return Err(Fault::new(at, format!("`{word}` cannot stand here"))),
        })
    }

    /// `byte OFFSET = VALUE`, the old way to write `link[OFFSET] = VALUE`.
    fn byte(&mut self) -> Result<Primitive, Fault> {
        use crate::filter::syntax::Arithmetic;
        let index = Box::new(Arithmetic::Number(self.wanted_number("an offset")?));
        let (how, negated) = match self.peek() {
            Some(Token::Sign("=")) => (How::Equal, false),
            Some(Token::Sign(">")) => (How::Greater, false),
            Some(Token::Sign("<")) => (How::AtLeast, true),
            _ => return Err(self.unexpected("`=`, `<` or `>`")),
        };
        self.next += 1;
        let right = Arithmetic::Number(self.wanted_number("a value")?);
        let left = Arithmetic::Load { header: Protocol::Link, index, size: 1 };
        Ok(Primitive::Relation { left, how, right, negated })
    }

    /// A number behind `vlan`, `mpls` and the like, where there is one.
    fn limited(&mut self, what: &str, greatest: u32) -> Result<Option<u32>, Fault> {
        let opened =
            self.tokens.iter().skip(self.next).take_while(|(token, _)| *token == Token::Sign("(")).count();
        let (Some(Token::Number(number)), at) = (self.peek_at(opened), self.place()) else {
            return Ok(None);
        };
        if opened > 0 && self.peek_at(opened + 1) != Some(Token::Sign(")")) {
            return Ok(None);
        }
        self.next += opened + 1;
        for _ in 0..opened {
            self.close(at)?;
        }
        if number > greatest {
            return Err(Fault::new(at, format!("{what} {number} is above {greatest}")));
        }
        Ok(Some(number))
    }

    fn wanted_number(&mut self, what: &str) -> Result<u32, Fault> {
        let Some(Token::Number(number)) = self.peek() else {
            return Err(self.unexpected(what));
        };
        self.next += 1;
        Ok(number)
    }

    fn number_or_name(&mut self, what: &str, of: impl Fn(&str) -> Option<u32>) -> Result<u32, Fault> {
        let number = match self.peek() {
            Some(Token::Number(number)) => Some(number),
            Some(Token::Word(name) | Token::Escaped(name)) => of(name),
            _ => None,
        };
        match number {
            Some(number) => {
                self.next += 1;
                Ok(number)
            }
            None => Err(self.unexpected(what)),
        }
    }

    fn pf_name(&mut self) -> Result<String, Fault> {
        let (Some(Token::Word(name)) | Some(Token::Escaped(name))) = self.peek() else {
            return Err(self.unexpected("a name"));
        };
        if name.len() > 15 {
            return Err(self.fault("a name in a pf log has at most 15 characters"));
        }
        self.next += 1;
        Ok(name.into())
    }

    fn llc(&mut self) -> Result<Primitive, Fault> {
        let Some(Token::Word(name)) = self.peek() else {
            return Ok(Primitive::Llc(None));
        };
        match names::llc_control(name) {
            Some(control) => {
                self.next += 1;
                Ok(Primitive::Llc(Some(control)))
            }
            None if is_keyword(name) => Ok(Primitive::Llc(None)),
            None => Err(self.fault(format!("`{name}` is no kind of LLC frame"))),
        }
    }

    fn wlan(&mut self) -> Result<Primitive, Fault> {
        if self.word("dir") || self.word("direction") {
            let direction =
                self.number_or_name("`nods`, `tods`, `fromds`, `dstods` or a number", names::wlan_direction)?;
            return Ok(Primitive::WlanDirection(direction));
        }
        if self.word("subtype") {
            let any = |name: &str| {
                [0, 4, 8].into_iter().find_map(|kind| Some(kind | names::wlan_subtype(kind, name)?))
            };
            let value = self.number_or_name("an IEEE 802.11 subtype such as `beacon`", any)?;
            return Ok(Primitive::WlanType { value, mask: 0xfc });
        }
        self.next += 1;
        let kind = self.number_or_name("`mgt`, `ctl` or `data`", names::wlan_type)?;
        if kind & !0x0c != 0 {
            return Err(Fault::new(self.place(), "an IEEE 802.11 type is 0, 4 or 8"));
        }
        if !self.word("subtype") {
            return Ok(Primitive::WlanType { value: kind, mask: 0x0c });
        }
        let subtype =
            self.number_or_name("a subtype of this type", |name| names::wlan_subtype(kind, name))?;
        if subtype & !0xf0 != 0 {
            return Err(Fault::new(self.place(), "an IEEE 802.11 subtype has only the bits of 0xf0"));
        }
        Ok(Primitive::WlanType { value: kind | subtype, mask: 0xfc })
    }

    fn atm_field(&mut self, vpi: bool) -> Result<Primitive, Fault> {
        let (how, negated) = match self.peek() {
            Some(Token::Sign("=")) => (How::Equal, false),
            Some(Token::Sign(">")) => (How::Greater, false),
            Some(Token::Sign(">=")) => (How::AtLeast, false),
            Some(Token::Sign("<=")) => (How::Greater, true),
            Some(Token::Sign("<")) => (How::AtLeast, true),
            Some(Token::Sign("!=")) => (How::Equal, true),
            _ => {
                let number = self.wanted_number("a number or a comparison")?;
                return Ok(Primitive::Atm(if vpi {
                    Atm::Vpi(How::Equal, number, false)
                } else {
                    Atm::Vci(How::Equal, number, false)
                }));
            }
        };
        self.next += 1;
        let number = self.wanted_number("a number")?;
        Ok(Primitive::Atm(if vpi { Atm::Vpi(how, number, negated) } else { Atm::Vci(how, number, negated) }))
    }
}

fn cast(protocol: Option<Protocol>, carriers: &[Protocol], what: &str, at: usize) -> Result<(), Fault> {
    match protocol.filter(|protocol| !carriers.contains(protocol)) {
        Some(protocol) => Err(Fault::new(at, format!("`{}` has no {what}", protocol.name()))),
        None => Ok(()),
    }
}
