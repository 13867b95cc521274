//! IPv6. RFC 8200.

use super::walk::{At, Next, Step, array};
use super::{Address, Layer, Network, Packet, StopReason};

/// RFC 2675 §2: the option that holds the length of a packet of more than 65,535 bytes.
const JUMBO_PAYLOAD: u8 = 0xc2;

/// An IPv6 header.
#[inline]
pub(super) fn ipv6<'a>(at: At<'a>, packet: &mut Packet<'a>) -> Step<'a> {
    let header = at.header::<40>(Layer::Ipv6, packet)?;
    let &[first, second, _, _, l0, l1, next, hops, ..] = header;
    if first >> 4 != 6 {
        return packet.stop_behind(StopReason::Malformed, at.offset);
    }
    let (source, destination) = addresses(header)?;
    packet.enter_network(Network {
        source,
        destination,
        protocol: next,
        ttl: hops,
        tos: first << 4 | second >> 4,
        id: None,
        header_len: 40,
    });
    packet.push(Layer::Ipv6, at.offset, 40);
    let rest = at.after(40);
    let len = match u16::from_be_bytes([l0, l1]) {
        0 => jumbo_len(next, rest),
        len => u32::from(len).min(rest.wire),
    };
    let rest = At { wire: len, ..rest.cut(len) };
    (len > 0).then_some((Next::Protocol(next), rest))
}

#[inline]
fn addresses(header: &[u8; 40]) -> Option<(Address, Address)> {
    let (source, destination) = header.get(8..)?.split_first_chunk::<16>()?;
    Some((Address::v6(*source), Address::v6(*destination.first_chunk::<16>()?)))
}

/// The length of a payload whose length field is 0: a jumbogram says it in an option; else it was left to be filled in by the
/// network card (segmentation offload), and the rest of the frame is the payload.
fn jumbo_len(next: u8, rest: At<'_>) -> u32 {
    (next == 0).then(|| jumbo_option(rest.bytes)).flatten().unwrap_or(rest.wire)
}

fn jumbo_option(hop_by_hop: &[u8]) -> Option<u32> {
    let (options, [_, len]) = array::<2>(hop_by_hop).ok()?;
    let mut options = options.get(..usize::from(*len) * 8 + 6)?;
    loop {
        match options.split_first_chunk::<2>() {
            Some((&[JUMBO_PAYLOAD, 4], rest)) => return Some(u32::from_be_bytes(*rest.first_chunk()?)),
            // Pad1 is a single byte. RFC 8200 §4.2
            Some((&[0, _], _)) => options = options.get(1..)?,
            Some((&[_, len], rest)) => options = rest.get(usize::from(len)..)?,
            None => return None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::StopReason;
    use super::super::testing::*;

    #[test]
    fn every_field_is_where_rfc_8200_says() {
        let mut frame = ipv6(17, &udp(53, 4096, &[5; 4]));
        frame[0..4].copy_from_slice(&[0x6b, 0x91, 0x23, 0x45]);
        let packet = decoded(IPV6, &frame);
        let network = packet.network.unwrap();
        assert_eq!(network.source.to_string(), "2001:db8::1");
        assert_eq!(network.destination.to_string(), "2001:db8::2");
        assert_eq!((network.tos, network.ttl, network.id), (0xb9, 64, None));
        assert_eq!((network.protocol, network.header_len, packet.payload_len), (17, 40, 4));
        holds_in_every_prefix(IPV6, &frame);
    }

    #[test]
    fn a_jumbogram_says_its_length_in_an_option() {
        let hop_by_hop = bytes(
            "11 01                    | UDP, 16 bytes
             01 06 00 00 00 00 00 00  | PadN: the others are aligned
             c2 04 00 01 11 88        | jumbo payload of 70,024 bytes",
        );
        let payload = [hop_by_hop, bytes("00 01 00 02 00 00 00 00"), vec![3; 70_000]].concat();
        let mut frame = ipv6(0, &payload);
        frame[4..6].fill(0);
        frame.extend([0; 5]);
        assert_eq!(decoded(IPV6, &frame).payload_len, 70_000);
        assert_eq!(decoded(IPV6, &frame).network.unwrap().header_len, 56);
    }

    #[test]
    fn a_length_of_zero_without_the_option_means_the_rest_of_the_frame() {
        let mut frame = ipv6(17, &udp(1, 2, &[0; 60]));
        frame[4..6].fill(0);
        assert_eq!(decoded(IPV6, &frame).payload_len, 60);
    }

    #[test]
    fn another_version_is_malformed() {
        let mut frame = ipv6(17, &udp(1, 2, &[]));
        frame[0] = 0x70;
        assert_eq!(decoded(IPV6, &frame).stop.unwrap().reason, StopReason::Malformed);
        assert_eq!(protocols(&decoded(IPV6, &frame)), "");
    }
}
