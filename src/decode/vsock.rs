//! Virtual sockets between a virtual machine and its host, as Linux captures them.

use super::walk::{At, Step};
use super::{Layer, Packet};

/// Addresses and ports of both ends, operation, transport and its own header.
pub(super) fn vsock<'a>(at: At<'a>, packet: &mut Packet<'a>) -> Step<'a> {
    at.header::<32>(Layer::Vsock, packet)?;
    packet.push(Layer::Vsock, at.offset, 32);
    None
}
