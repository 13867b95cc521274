//! ARP (RFC 826) and RARP (RFC 903).

use super::walk::{At, Step};
use super::{Layer, Packet};

/// Kinds and lengths of the two addresses, operation, and the addresses of sender and target.
pub(super) fn arp<'a>(at: At<'a>, packet: &mut Packet<'a>) -> Step<'a> {
    let &[_, _, _, _, hardware, protocol, _, _] = at.header::<8>(Layer::Arp, packet)?;
    let len = 8 + 2 * (usize::from(hardware) + usize::from(protocol));
    packet.push(Layer::Arp, at.offset, len.min(at.bytes.len()));
    if at.bytes.len() < len {
        packet.stop(at.short_of(len), Layer::Arp, at.offset);
    }
    None
}
