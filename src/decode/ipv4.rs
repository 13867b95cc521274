//! IPv4. RFC 791.

use super::walk::{At, Next, Step};
use super::{Address, Fragment, Layer, Network, Packet, StopReason};

/// An IPv4 header, its options and what it says of the payload.
#[inline]
pub(super) fn ipv4<'a>(at: At<'a>, packet: &mut Packet<'a>) -> Step<'a> {
    let &[first, tos, t0, t1, i0, i1, f0, f1, ttl, protocol, _, _, s0, s1, s2, s3, d0, d1, d2, d3] =
        at.header::<20>(Layer::Ipv4, packet)?;
    if first >> 4 != 4 {
        return other_version(first, at, packet);
    }
    let header_len = usize::from(first & 0xf) * 4;
    if header_len < 20 {
        packet.push(Layer::Ipv4, at.offset, 20);
        packet.stop(StopReason::Malformed, Layer::Ipv4, at.offset);
        return None;
    }
    let id = u16::from_be_bytes([i0, i1]);
    packet.enter_network(Network {
        source: Address::v4([s0, s1, s2, s3]),
        destination: Address::v4([d0, d1, d2, d3]),
        protocol,
        ttl,
        tos,
        id: Some(id),
        header_len: header_len as u32,
    });
    packet.push(Layer::Ipv4, at.offset, header_len.min(at.bytes.len()));
    let rest = payload(at, header_len, u16::from_be_bytes([t0, t1]), packet)?;
    let fragment = u16::from_be_bytes([f0, f1]);
    if fragment & 0x3fff != 0 {
        packet.enter_fragment(Fragment {
            protocol,
            id: u32::from(id),
            offset: u32::from(fragment & 0x1fff) * 8,
            more: fragment & 0x2000 != 0,
            bytes: rest.bytes,
            len: rest.wire,
        });
        if !packet.is_quoting() || fragment & 0x1fff != 0 {
            return None;
        }
    }
    (rest.wire > 0).then_some((Next::Protocol(protocol), rest))
}

/// What stands behind the header, by its total length, but no more than the frame or a header around it has room for; 0 was
/// left to be filled in by the network card (segmentation offload).
#[inline]
fn payload<'a>(at: At<'a>, header_len: usize, total: u16, packet: &mut Packet<'a>) -> Option<At<'a>> {
    let total = match u32::from(total) {
        0 => at.wire,
        total => total.min(at.wire),
    };
    if at.bytes.len() < header_len {
        packet.stop(at.short_of(header_len), Layer::Ipv4, at.offset);
        return None;
    }
    let Some(len) = total.checked_sub(header_len as u32) else {
        packet.stop(StopReason::Malformed, Layer::Ipv4, at.offset);
        return None;
    };
    let rest = at.after(header_len);
    Some(At { wire: len, ..rest.cut(len) })
}

/// A packet whose IP version is not told by what stands before it.
pub(super) fn by_version<'a>(at: At<'a>, packet: &mut Packet<'a>) -> Step<'a> {
    match at.first(packet)? >> 4 {
        4 => Some((Next::Ipv4, at)),
        6 => Some((Next::Ipv6, at)),
        _ => packet.stop_behind(StopReason::Malformed, at.offset),
    }
}

/// The number before says IPv4, the packet does not.
#[cold]
fn other_version<'a>(first: u8, at: At<'a>, packet: &mut Packet<'a>) -> Step<'a> {
    if first >> 4 == 6 {
        return Some((Next::Ipv6, at));
    }
    packet.push(Layer::Ipv4, at.offset, 20);
    packet.stop(StopReason::Malformed, Layer::Ipv4, at.offset);
    None
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;
    use super::super::{Address, Layer, StopReason};

    #[test]
    fn every_field_is_where_rfc_791_says() {
        let header = bytes(
            "46 b9 00 24 | version 4, 24 bytes, DSCP 46 and ECN 1, total length 36
             12 34 40 00 | identification, do not fragment
             3f 11 00 00 | TTL 63, UDP, checksum
             c0 00 02 01 | 192.0.2.1
             c6 33 64 02 | 198.51.100.2
             94 04 00 00 | router alert
             00 35 10 00  00 0c 00 00  de ad be ef | UDP with four bytes
             00 00 00    | padding of the link",
        );
        let packet = decoded(IPV4, &header);
        let network = packet.network.unwrap();
        assert_eq!(network.source, Address::v4([192, 0, 2, 1]));
        assert_eq!(network.destination, Address::v4([198, 51, 100, 2]));
        assert_eq!((network.ttl, network.tos, network.id), (63, 0xb9, Some(0x1234)));
        assert_eq!((network.protocol, network.header_len), (17, 24));
        assert_eq!((packet.payload, packet.payload_len, packet.payload_offset), (&header[32..36], 4, 32));
        holds_in_every_prefix(IPV4, &header);
    }

    #[test]
    fn a_total_length_of_zero_means_the_rest_of_the_frame() {
        let mut frame = ipv4(
            6,
            &[&bytes("00 50 10 00 00 00 00 01 00 00 00 02 50 10 00 ff 00 00 00 00")[..], &[7; 3000]].concat(),
        );
        frame[2..4].fill(0);
        assert_eq!(decoded(IPV4, &frame).payload_len, 3000);
    }

    #[test]
    fn a_total_length_beyond_the_frame_is_not_believed() {
        let whole = ipv4(17, &udp(1, 2, &[9; 100]));
        let packet = decoded(IPV4, &whole[..60]);
        assert_eq!((packet.payload_len, packet.payload.len()), (100, 32));
        assert!(packet.stop.is_some());
    }

    #[test]
    fn contradictions_are_named() {
        for (field, value, protocols_expected) in [(0, 0x44, "ip"), (0, 0x35, "ip"), (3, 0x10, "ip")] {
            let mut frame = packet();
            frame[field] = value;
            let stop = decoded(IPV4, &frame).stop.unwrap();
            assert_eq!((stop.reason, stop.layer), (StopReason::Malformed, Layer::Ipv4), "{field}");
            assert_eq!(protocols(&decoded(IPV4, &frame)), protocols_expected);
        }
        let long = [&[0x4f][..], &packet()[1..]].concat();
        assert_eq!(decoded(IPV4, &long).stop.unwrap().reason, StopReason::Malformed);
    }

    #[test]
    fn nothing_above_a_fragment_is_read() {
        for (bits, offset, more) in [([0x20, 0], 0, true), ([0, 3], 24, false), ([0x20, 3], 24, true)] {
            let mut frame = packet();
            frame[6..8].copy_from_slice(&bits);
            let packet = decoded(IPV4, &frame);
            let fragment = packet.fragment.unwrap();
            assert_eq!(
                (fragment.id, fragment.offset, fragment.more, fragment.protocol),
                (1, offset, more, 17)
            );
            assert_eq!((fragment.len, fragment.bytes), (8, &frame[20..]));
            assert!(matches!(packet.transport, super::super::Transport::None));
        }
    }

    #[test]
    fn an_unknown_protocol_is_told_by_its_number() {
        let frame = ipv4(200, &[1, 2, 3]);
        let stop = decoded(IPV4, &frame).stop.unwrap();
        assert_eq!((stop.reason, stop.layer, stop.offset), (StopReason::Unsupported(200), Layer::Ipv4, 20));
        reads(IPV4, &ipv4(89, &[2; 24]), "ip:ospf");
    }
}
