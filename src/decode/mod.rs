//! Bytes to headers: views that say what stands in a frame and never judge it.
//!
//! [`frame`] walks a frame from its link header inwards and leaves in a [`Packet`] every layer that could be
//! read, the innermost addresses and ports, and the reason where it stopped. Each header's parser stands in
//! the file of its family; [`describe`] opens one layer field by field for people. A fragment goes to a
//! [`Reassembler`], and [`datagram`] walks on in what it put together. [`mod@plain`] is a short way through the frames that
//! most captures consist of.

mod address;
mod arp;
mod atm;
mod checksum;
mod cooked;
mod dccp;
pub mod describe;
mod dsa;
mod ethernet;
mod extension;
mod fragments;
mod geneve;
mod gre;
mod gtp;
mod icmp;
mod ipv4;
mod ipv6;
mod juniper;
mod l2tp;
mod lan;
mod layer;
mod limits;
mod link;
mod lisp;
mod llc;
mod mpls;
#[cfg(test)]
mod oracle;
mod packet;
mod plain;
mod ppp;
mod radio;
mod sack;
mod sctp;
mod serial;
mod tagged;
mod tcp;
mod tcp_option;
mod teredo;
#[cfg(test)]
mod testing;
mod tunnel;
mod udp;
mod vlan;
mod vsock;
mod vxlan;
mod walk;
mod wlan;
mod wpan;

pub use address::Address;
pub use checksum::checksums_hold;
pub use fragments::{Datagram, FragmentCounts, FragmentLimits, Reassembler};
pub use layer::Layer;
pub use limits::Limits;
pub use packet::{
    Fragment, Header, IcmpError, LayerAt, MAX_LAYERS, MAX_TUNNELS, Network, Packet, Quoted, Stop, StopReason,
    Transport,
};
pub use plain::{Plain, plain};
pub use sack::SackBlocks;
pub use sctp::{SctpChunk, SctpChunks, sctp_chunk_name};
pub use tcp::Tcp;
pub use tcp_option::{MptcpSubtype, TcpOption, TcpOptions};

use crate::capture::{Frame, LinkType};
use walk::{At, Next};

/// Reads the headers of a frame into `packet`, whatever it held before.
pub fn frame<'a>(frame: &Frame<'a>, packet: &mut Packet<'a>) {
    headers(frame.linktype, frame.data, frame.orig_len, packet);
}

/// Reads the headers of a frame of which `data` was captured, and which was `orig_len` bytes long.
fn headers<'a>(linktype: LinkType, data: &'a [u8], orig_len: u32, packet: &mut Packet<'a>) {
    packet.clear();
    // A record may claim less than it holds; what is there was on the wire.
    let at = At { bytes: data, offset: 0, wire: orig_len.max(data.len() as u32) };
    let first = match linktype {
        LinkType::ETHERNET => Next::Ethernet,
        LinkType(number) => link::first(number),
    };
    walk::walk(first, at, packet);
}

/// Reads on in the datagram that the fragment of `outer` completed: into `packet` go the layers of `outer`, and behind
/// them those in the datagram, marked as standing there.
pub fn datagram<'a>(outer: &Packet<'a>, datagram: &'a Datagram, packet: &mut Packet<'a>) {
    packet.continue_from(outer, datagram.protocol);
    let at = At { bytes: &datagram.bytes, offset: 0, wire: datagram.bytes.len() as u32 };
    walk::walk(Next::Protocol(datagram.protocol), at, packet);
}
