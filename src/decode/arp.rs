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

#[cfg(test)]
mod tests {
    use super::super::StopReason;
    use super::super::testing::*;

    #[test]
    fn addresses_are_as_long_as_the_header_says() {
        let request = bytes(
            "00 01  08 00  06 04  00 01       | Ethernet, IPv4, lengths, request
             02 00 00 00 00 01  0a 00 00 01   | sender
             00 00 00 00 00 00  0a 00 00 02   | target",
        );
        reads(ETHERNET, &ethernet(0x0806, &request), "eth:ethertype:arp");
        reads(ETHERNET, &ethernet(0x8035, &request), "eth:ethertype:arp");
        let long = ethernet(0x0806, &[&request[..4], &[6, 40], &request[6..]].concat());
        assert_eq!(decoded(ETHERNET, &long).stop.unwrap().reason, StopReason::Malformed);
        assert_eq!(decoded(ETHERNET, &long).network, None);
    }
}
