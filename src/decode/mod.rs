//! Bytes to headers: views that say what stands in a frame and never judge it.
//!
//! [`frame`] walks a frame from its link header inwards and leaves in a [`Packet`] every layer that could be
//! read, the innermost addresses and ports, and the reason where it stopped. Each header's parser stands in
//! the file of its family; [`describe`] opens one layer field by field for people.

mod address;
mod ethernet;
mod ip;
mod layer;
mod packet;
mod sack;
mod tcp;
mod udp;

pub use address::Address;
pub use layer::Layer;
pub use packet::{
    Fragment, Header, IcmpError, LayerAt, Network, Packet, Quoted, Stop, StopReason, Transport,
};
pub use sack::SackBlocks;
pub use tcp::{Tcp, TcpOption, TcpOptions};

use crate::capture::{Frame, LinkType};

/// Reads the headers of a frame into `packet`, whatever it held before.
pub fn frame<'a>(frame: &Frame<'a>, packet: &mut Packet<'a>) {
    packet.clear();
    match frame.linktype {
        LinkType::ETHERNET => ethernet::walk(frame.data, 0, frame.orig_len, packet),
        LinkType::RAW => ip::walk(frame.data, 0, frame.orig_len, packet),
        LinkType(other) => packet.stop(StopReason::Unsupported(u32::from(other)), Layer::Frame, 0),
    }
}
