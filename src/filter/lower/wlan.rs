//! IEEE 802.11 frames, LLC headers, and link-layer broadcast and multicast.

use super::{Base, Condition, How, Link, Lowering, Refused, all, any, not};
use crate::filter::syntax::{Protocol, Way};

/// The bits of the two frame control bytes (IEEE 802.11-2020 §9.2.4.1).
const DATA: u32 = 0x08;
const CONTROL: u32 = 0x04;
const TO_DS: u32 = 0x01;
const FROM_DS: u32 = 0x02;

impl Lowering {
    /// A data frame, the only kind with a payload to look into.
    pub(super) fn wlan_data(&mut self) -> Condition {
        all([not(self.bit(0, CONTROL)), self.bit(0, DATA)])
    }

    fn bit(&mut self, at: u32, bit: u32) -> Condition {
        self.compare(Base::Link, at, 1, u32::MAX, How::AnyBit, bit)
    }

    pub(super) fn wlan_address(&mut self, way: Way, address: [u8; 6]) -> Condition {
        match way {
            Way::Source => self.wlan_source(|lowering, at| lowering.six_bytes(at, address)),
            Way::Destination => self.wlan_destination(|lowering, at| lowering.six_bytes(at, address)),
            Way::Both => {
                all([self.wlan_address(Way::Source, address), self.wlan_address(Way::Destination, address)])
            }
            Way::Either => {
                any([self.wlan_address(Way::Source, address), self.wlan_address(Way::Destination, address)])
            }
            Way::Address(1) => self.six_bytes(4, address),
            Way::Address(2) => all([self.has_second_address(), self.six_bytes(10, address)]),
            Way::Address(3) => {
                all([not(self.masked(Base::Link, 0, 1, 0x0c, CONTROL)), self.six_bytes(16, address)])
            }
            Way::Address(_) => {
                all([self.masked(Base::Link, 1, 1, 0x03, TO_DS | FROM_DS), self.six_bytes(24, address)])
            }
            Way::Receiver => all([self.bit(0, DATA), self.six_bytes(4, address)]),
            Way::Transmitter => {
                all([self.bit(0, DATA), self.has_second_address(), self.six_bytes(10, address)])
            }
        }
    }

    /// Not a control frame that acknowledges or clears to send.
    fn has_second_address(&mut self) -> Condition {
        let control = self.masked(Base::Link, 0, 1, 0x0c, CONTROL);
        let clear = self.masked(Base::Link, 0, 1, 0xf0, 0xc0);
        let acknowledge = self.masked(Base::Link, 0, 1, 0xf0, 0xd0);
        any([not(control), all([not(clear), not(acknowledge)])])
    }

    /// Where a frame's source address is depends on its kind and on the way it takes.
    fn wlan_source(&mut self, mut is: impl FnMut(&mut Self, u32) -> Condition) -> Condition {
        let management = all([not(self.bit(0, DATA)), is(self, 10)]);
        let to_station = all([not(self.bit(1, FROM_DS)), is(self, 10)]);
        let from_one = all([not(self.bit(1, TO_DS)), is(self, 16)]);
        let from_both = all([self.bit(1, TO_DS), is(self, 24)]);
        let from = all([self.bit(1, FROM_DS), any([from_one, from_both])]);
        let data = all([self.bit(0, DATA), any([to_station, from])]);
        all([not(self.bit(0, CONTROL)), any([management, data])])
    }

    fn wlan_destination(&mut self, mut is: impl FnMut(&mut Self, u32) -> Condition) -> Condition {
        let management = all([not(self.bit(0, DATA)), is(self, 4)]);
        let direct = all([not(self.bit(1, TO_DS)), is(self, 4)]);
        let through = all([self.bit(1, TO_DS), is(self, 16)]);
        let data = all([self.bit(0, DATA), any([direct, through])]);
        all([not(self.bit(0, CONTROL)), any([management, data])])
    }

    pub(super) fn broadcast(&mut self, protocol: Option<Protocol>) -> Result<Condition, Refused> {
        if protocol == Some(Protocol::Ip) {
            // The mask of the network is unknown in a file: only 0.0.0.0 and 255.255.255.255 are certain.
            let is = self.linktype(0x0800)?;
            let address =
                any([self.test(Base::Network, 16, 4, 0), self.test(Base::Network, 16, 4, u32::MAX)]);
            return Ok(all([is, address]));
        }
        match self.link {
            Link::Arcnet => Ok(self.test(Base::Link, 1, 1, 0)),
            Link::Ethernet | Link::Fddi | Link::TokenRing | Link::FibreChannel | Link::Wlan => {
                self.mac(Way::Destination, [0xff; 6])
            }
            _ => Err("this link type has no broadcast".into()),
        }
    }

    pub(super) fn multicast(&mut self, protocol: Option<Protocol>) -> Result<Condition, Refused> {
        match protocol {
            Some(Protocol::Ip) => {
                let is = self.linktype(0x0800)?;
                return Ok(all([is, self.compare(Base::Network, 16, 1, u32::MAX, How::AtLeast, 224)]));
            }
            Some(Protocol::Ip6) => {
                return Ok(all([self.linktype(0x86dd)?, self.test(Base::Network, 24, 1, 255)]));
            }
            _ => {}
        }
        Ok(match self.link {
            Link::Arcnet => self.test(Base::Link, 1, 1, 0),
            Link::Ethernet => {
                let group = self.bit(0, 1);
                match self.emulated() {
                    Some(check) => all([check, group]),
                    None => group,
                }
            }
            Link::Fddi => self.bit(1, 1),
            Link::TokenRing | Link::FibreChannel => self.bit(2, 1),
            Link::Wlan => self.wlan_destination(|lowering, at| lowering.bit(at, 1)),
            _ => return Err("this link type has no multicast".into()),
        })
    }

    /// Frames with an LLC header, and among them those whose control byte has `value` under `mask`.
    pub(super) fn llc(&mut self, control: Option<(u32, u32)>) -> Result<Condition, Refused> {
        let is = match self.link {
            Link::Ethernet => {
                let length = not(self.compare(Base::LinkType, 0, 2, u32::MAX, How::Greater, 1500));
                all([length, not(self.test(Base::Payload, 0, 2, 0xffff))])
            }
            Link::SunAtm => self.masked(Base::Link, 0, 1, 0x0f, 2),
            Link::TokenRing | Link::Fddi | Link::Llc => Condition::Always(true),
            Link::Wlan => self.wlan_data(),
            _ => return Err("this link type has no LLC headers".into()),
        };
        Ok(match control {
            Some((mask, value)) => all([is, self.masked(Base::Payload, 2, 1, mask, value)]),
            None => is,
        })
    }
}
