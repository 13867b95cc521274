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
    // EtherType, version and header length; whether it is a fragment, and the protocol.
    if plain.word(IP - 2) & 0xffff_ff00 != 0x0800_4500 || plain.word(IP + 6) & 0x3fff_00ff != 6 {
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

    /// The addresses of source and destination.
    #[inline(always)]
    pub fn addresses(&self) -> u64 {
        u64::from_be_bytes(self.bytes(IP + 12))
    }

    /// The ports of source and destination.
    #[inline(always)]
    pub fn ports(&self) -> u32 {
        self.word(TCP)
    }

    /// The IP header.
    #[inline(always)]
    pub fn network(&self) -> Network {
        Network {
            source: Address::v4(self.bytes(IP + 12)),
            destination: Address::v4(self.bytes(IP + 16)),
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
            source_port: self.short(TCP),
            destination_port: self.short(TCP + 2),
            seq: self.word(TCP + 4),
            ack: self.word(TCP + 8),
            flags: self.short(TCP + 12) & 0xfff,
            window: self.short(TCP + 14),
            checksum: self.short(TCP + 16),
            urgent: self.short(TCP + 18),
            options: self.options,
        }
    }

    /// The length of the TCP header.
    #[inline]
    pub fn tcp_header_len(&self) -> u32 {
        20 + self.options.len() as u32
    }

    /// Where its payload begins in the frame.
    #[inline]
    pub fn payload_offset(&self) -> u32 {
        (HEADERS_LEN + self.options.len()) as u32
    }

    /// What stands `at` a constant place of the headers.
    #[inline(always)]
    fn bytes<const N: usize>(&self, at: usize) -> [u8; N] {
        self.headers.get(at..).and_then(|bytes| bytes.first_chunk()).copied().unwrap_or([0; N])
    }

    #[inline(always)]
    fn byte(&self, at: usize) -> u8 {
        u8::from_be_bytes(self.bytes(at))
    }

    #[inline(always)]
    fn short(&self, at: usize) -> u16 {
        u16::from_be_bytes(self.bytes(at))
    }

    #[inline(always)]
    fn word(&self, at: usize) -> u32 {
        u32::from_be_bytes(self.bytes(at))
    }
}
