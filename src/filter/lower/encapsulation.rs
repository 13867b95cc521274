//! Headers between the link and the network that move everything behind them.

use super::{Base, Condition, Link, Lowering, Offset, Refused, all, any, not, test};
use crate::filter::program::{At, GeneveRegisters};

/// IANA's UDP port of Geneve (RFC 8926 §3.3).
const GENEVE_PORT: u32 = 6081;
const UDP: u32 = 17;

impl Lowering {
    /// A VLAN tag of IEEE 802.1Q or 802.1ad, or the older 0x9100; behind it everything is four bytes further in.
    pub(super) fn vlan(&mut self, id: Option<u32>) -> Result<Condition, Refused> {
        if self.labels > 0 {
            return Err("`vlan` cannot follow `mpls`".into());
        }
        if !matches!(self.link, Link::Ethernet | Link::Wlan) {
            return Err("`vlan` is only on Ethernet and IEEE 802.11".into());
        }
        let tags: Result<Vec<_>, _> =
            [0x8100, 0x88a8, 0x9100].into_iter().map(|tag| self.linktype(tag)).collect();
        let mut found = vec![any(tags?)];
        if let Some(id) = id {
            found.push(self.masked(Base::Network, 0, 2, 0x0fff, id));
        }
        self.payload.constant = self.payload.constant.wrapping_add(4);
        self.linktype.constant = self.linktype.constant.wrapping_add(4);
        Ok(all(found))
    }

    /// An MPLS label (RFC 3032 §2.1), the next one where there was one before.
    pub(super) fn mpls(&mut self, label: Option<u32>) -> Result<Condition, Refused> {
        let mut found = match self.link {
            _ if self.labels > 0 => vec![self.masked(Base::PreviousLabel, 2, 1, 0x01, 0)],
            Link::Ethernet | Link::Hdlc => vec![self.linktype(0x8847)?],
            Link::Ppp => vec![self.linktype(0x0281)?],
            _ => return Err("`mpls` is only on Ethernet, PPP and Cisco HDLC".into()),
        };
        if let Some(label) = label {
            found.push(self.masked(Base::Network, 0, 4, 0xffff_f000, label << 12));
        }
        self.network = self.network.wrapping_add(4);
        self.network_nosnap = self.network_nosnap.wrapping_add(4);
        self.labels += 1;
        Ok(all(found))
    }

    /// A PPPoE session (RFC 2516 §4); behind it the link is PPP.
    pub(super) fn pppoe_session(&mut self, session: Option<u32>) -> Result<Condition, Refused> {
        let mut found = vec![self.linktype(0x8864)?];
        if let Some(session) = session {
            found.push(self.masked(Base::Network, 0, 4, 0xffff, session));
        }
        self.link = Link::Ppp;
        self.geneve = false;
        let constant = self.payload.constant.wrapping_add(self.network).wrapping_add(6);
        self.header = Offset { register: self.payload.register, constant };
        self.linktype = self.header;
        self.payload.constant = constant.wrapping_add(2);
        self.network = 0;
        self.network_nosnap = 0;
        Ok(all(found))
    }

    /// Geneve over UDP; behind it the link is Ethernet, or nothing where a packet follows directly.
    pub(super) fn geneve(&mut self, virtual_network: Option<u32>) -> Result<Condition, Refused> {
        let network = self.at(Base::Network, 0);
        let registers =
            GeneveRegisters { link: self.register()?, linktype: self.register()?, payload: self.register()? };
        let mut versions = Vec::new();
        for (version, linktype, base) in [(4, 0x0800, Base::Ipv4Payload), (6, 0x86dd, Base::Ipv6Payload)] {
            let carried = if version == 4 { 9 } else { 6 };
            let mut found = vec![self.linktype(linktype)?, self.test(Base::Network, carried, 1, UDP)];
            if version == 4 {
                found.push(self.first_fragment());
            }
            found.push(self.test(base, 2, 2, GENEVE_PORT));
            found.push(self.masked(base, 8, 1, 0xc0, 0));
            if let Some(number) = virtual_network {
                found.push(self.masked(base, 12, 4, 0xffff_ff00, number << 8));
            }
            found.push(Condition::Geneve { network, version, registers });
            versions.push(all(found));
        }
        let at = |register| Offset { register: Some(register), constant: 0 };
        self.link = Link::Ethernet;
        self.geneve = true;
        self.header = at(registers.link);
        self.linktype = at(registers.linktype);
        self.payload = at(registers.payload);
        self.network = 0;
        Ok(any(versions))
    }

    /// An emulated LAN over ATM; behind it the link is Ethernet, unless it is a control frame.
    pub(super) fn lane(&mut self) -> Condition {
        let found = self.masked(Base::Link, 0, 1, 0x0f, 1);
        self.lane = Some(Offset { register: None, constant: 0 });
        self.link = Link::Ethernet;
        let fixed = |constant| Offset { register: None, constant };
        (self.header, self.linktype, self.payload) = (fixed(6), fixed(18), fixed(20));
        (self.network, self.network_nosnap) = (0, 3);
        found
    }

    /// What must hold before an Ethernet header is looked at that is not the outermost.
    pub(super) fn emulated(&self) -> Option<Condition> {
        match (self.geneve, self.header.register, self.payload.register, self.lane) {
            (true, Some(header), Some(payload), _) => Some(Condition::Differ(header, payload)),
            (false, _, _, Some(_)) => Some(not(test(At::Frame(4), 2, 0xff00))),
            _ => None,
        }
    }
}
