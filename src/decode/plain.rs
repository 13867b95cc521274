//! A short way through the frames that most captures consist of: Ethernet, IPv4 without options, TCP.
//!
//! It says of a frame what the walk says, or nothing; whatever is out of the ordinary is left to the walk.

use super::{Address, Layer, Limits, Network, Tcp};
use crate::capture::LinkType;

/// A whole TCP segment in an IPv4 packet in an Ethernet frame. Every name means what it means in [`super::Packet`].
#[derive(Clone, Copy, Debug)]
pub struct Plain<'a> {
    headers: &'a [u8; HEADERS_LEN],
    /// The bytes of the TCP options.
    options: &'a [u8],
    /// The bytes of the payload that were captured.
    pub payload: &'a [u8],
    /// The length of the payload on the wire.
    pub payload_len: u32,
}

/// Where the IP header and the TCP header begin, and where the options do.
const IP: usize = 14;
const TCP: usize = IP + 20;
const HEADERS_LEN: usize = TCP + 20;

/// The headers of an Ethernet frame, `orig_len` bytes long on the wire, if it is a plain one: nothing in it is cut but the
/// payload, and the walk would note nothing else.
#[inline(always)]
pub fn plain(data: &[u8], orig_len: u32) -> Option<Plain<'_>> {
    // One look whether all of it is there.
    let (headers, behind) = data.split_first_chunk::<HEADERS_LEN>()?;
    let plain = Plain { headers, options: &[], payload: &[], payload_len: 0 };
    let [version, flags, fragment, protocol] = [IP, IP + 6, IP + 7, IP + 9].map(|at| plain.byte(at));
    let is_whole = flags & 0x3f == 0 && fragment == 0;
    if plain.short(IP - 2) != 0x0800 || version != 0x45 || protocol != 6 || !is_whole {
        return None;
    }
    // As in the walk: a record may claim less than it holds, and a total length of 0 was left to the network card.
    let wire = orig_len.max(data.len() as u32) - IP as u32;
    let total = match u32::from(plain.short(IP + 2)) {
        0 => wire,
        total => total.min(wire),
    };
    let left = total.checked_sub(40)?;
    let behind = behind.get(..left as usize).unwrap_or(behind);
    let options_len = (usize::from(plain.byte(TCP + 12) >> 4) * 4).checked_sub(20)?;
    let (options, payload) = behind.split_at_checked(options_len)?;
    Some(Plain { options, payload, payload_len: left - options_len as u32, ..plain })
}

impl<'a> Plain<'a> {
    /// The layers of each of them.
    pub const LAYERS: [Layer; 3] = [Layer::Ethernet, Layer::Ipv4, Layer::Tcp];

    /// Whether there can be any among frames of this link type.
    #[inline]
    pub fn may_be(linktype: LinkType, limits: &Limits) -> bool {
        linktype == LinkType::ETHERNET && limits.layers >= Plain::LAYERS.len()
    }

    /// Who sent it: address and port.
    #[inline(always)]
    pub fn source(&self) -> (Address, u16) {
        (Address::v4(self.word(IP + 12).to_be_bytes()), self.short(TCP))
    }

    /// For whom it is.
    #[inline(always)]
    pub fn destination(&self) -> (Address, u16) {
        (Address::v4(self.word(IP + 16).to_be_bytes()), self.short(TCP + 2))
    }

    /// The IP header.
    #[inline(always)]
    pub fn network(&self) -> Network {
        Network {
            source: self.source().0,
            destination: self.destination().0,
            protocol: 6,
            ttl: self.byte(IP + 8),
            tos: self.byte(IP + 1),
            id: Some(self.short(IP + 4)),
            header_len: 20,
        }
    }

    /// The TCP header.
    #[inline(always)]
    pub fn tcp(&self) -> Tcp<'a> {
        Tcp {
            source_port: self.source().1,
            destination_port: self.destination().1,
            seq: self.word(TCP + 4),
            ack: self.word(TCP + 8),
            flags: self.short(TCP + 12) & 0xfff,
            window: self.short(TCP + 14),
            checksum: self.short(TCP + 16),
            urgent: self.short(TCP + 18),
            options: self.options,
        }
    }

    /// Where its payload begins in the frame.
    #[inline]
    pub fn payload_offset(&self) -> u32 {
        (HEADERS_LEN + self.options.len()) as u32
    }

    /// What stands `at` a constant place of the headers.
    #[inline(always)]
    fn byte(&self, at: usize) -> u8 {
        self.headers.get(at).copied().unwrap_or(0)
    }

    #[inline(always)]
    fn short(&self, at: usize) -> u16 {
        u16::from_be_bytes([self.byte(at), self.byte(at + 1)])
    }

    #[inline(always)]
    fn word(&self, at: usize) -> u32 {
        u32::from_be_bytes([self.byte(at), self.byte(at + 1), self.byte(at + 2), self.byte(at + 3)])
    }
}
