//! UDP (RFC 768) and UDP-Lite (RFC 3828).

use super::tunnel;
use super::walk::{At, Step};
use super::{Layer, Packet, StopReason, Transport};

/// A UDP datagram; where its ports or bytes say so, a tunnel.
#[inline]
pub(super) fn udp<'a>(at: At<'a>, packet: &mut Packet<'a>) -> Step<'a> {
    let Some((&[s0, s1, d0, d1, l0, l1, _, _], _)) = at.bytes.split_first_chunk::<8>() else {
        return cut_header(Layer::Udp, 8, at, packet);
    };
    let (source_port, destination_port) = (u16::from_be_bytes([s0, s1]), u16::from_be_bytes([d0, d1]));
    packet.push(Layer::Udp, at.offset, 8);
    // RFC 2675 §4: a length of 0 means all that the IP packet holds.
    let len = match u16::from_be_bytes([l0, l1]) {
        0 => at.wire,
        len => u32::from(len),
    };
    let payload_len = len.saturating_sub(8);
    let payload = At { wire: payload_len, ..at.after(8).cut(payload_len) };
    packet.enter_transport(Transport::Udp { source_port, destination_port, lite: false }, payload);
    if len < 8 || len > at.wire {
        packet.stop(StopReason::Malformed, Layer::Udp, at.offset);
        return None;
    }
    tunnel::behind(source_port, destination_port, payload)
}

/// A UDP-Lite datagram: in the place of the length stands how much the checksum covers.
pub(super) fn udp_lite<'a>(at: At<'a>, packet: &mut Packet<'a>) -> Step<'a> {
    let Some((&[s0, s1, d0, d1, ..], _)) = at.bytes.split_first_chunk::<8>() else {
        return cut_header(Layer::UdpLite, 8, at, packet);
    };
    let (source_port, destination_port) = (u16::from_be_bytes([s0, s1]), u16::from_be_bytes([d0, d1]));
    packet.push(Layer::UdpLite, at.offset, 8);
    packet.enter_transport(Transport::Udp { source_port, destination_port, lite: true }, at.after(8));
    None
}

/// A header of which the ports at best can be read.
#[cold]
pub(super) fn cut_header<'a>(layer: Layer, needed: usize, at: At<'a>, packet: &mut Packet<'a>) -> Step<'a> {
    if let Some((&[s0, s1, d0, d1], _)) = at.bytes.split_first_chunk::<4>() {
        let (source_port, destination_port) = (u16::from_be_bytes([s0, s1]), u16::from_be_bytes([d0, d1]));
        packet.enter_transport(
            Transport::Ports { source_port, destination_port },
            at.after(at.bytes.len()).cut(0),
        );
    }
    if !at.bytes.is_empty() {
        packet.push(layer, at.offset, at.bytes.len());
    }
    packet.stop(at.short_of(needed), layer, at.offset);
    None
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;
    use super::super::{Layer, StopReason, Transport};

    #[test]
    fn the_length_cuts_the_payload() {
        let mut frame = ipv4(17, &udp(53, 4096, b"abcdef"));
        frame[25] = 8 + 4;
        let packet = decoded(IPV4, &frame);
        assert_eq!((packet.ports(), packet.payload, packet.payload_len), (Some((53, 4096)), &b"abcd"[..], 4));
        assert_eq!((packet.payload_offset, packet.stop), (28, None));
        holds_in_every_prefix(IPV4, &frame);
    }

    #[test]
    fn a_length_of_zero_means_all_of_the_packet() {
        let mut frame = ipv4(17, &udp(53, 4096, b"abcdef"));
        frame[24..26].fill(0);
        assert_eq!(decoded(IPV4, &frame).payload, b"abcdef");
    }

    #[test]
    fn a_length_that_cannot_be_is_malformed_and_no_tunnel_is_opened() {
        for len in [7, 200] {
            let mut frame = ipv4(17, &udp(1000, 4789, &[0; 60]));
            frame[25] = len;
            let packet = decoded(IPV4, &frame);
            assert_eq!(
                (packet.stop.unwrap().reason, packet.stop.unwrap().layer),
                (StopReason::Malformed, Layer::Udp)
            );
            assert_eq!(protocols(&packet), "ip:udp");
            assert_eq!(packet.payload_len, u32::from(len).saturating_sub(8));
        }
    }

    #[test]
    fn udp_lite_has_no_length() {
        let frame = ipv4(136, &bytes("10 00 20 00  00 08 00 00  61 62 63 | coverage of 8 bytes"));
        reads(IPV4, &frame, "ip:udplite");
        let packet = decoded(IPV4, &frame);
        assert_eq!((packet.ports(), packet.payload), (Some((4096, 8192)), &b"abc"[..]));
        assert!(matches!(packet.transport, Transport::Udp { lite: true, .. }));
    }
}
