//! DCCP. RFC 4340 §5.1.

use super::walk::{At, Step};
use super::{Layer, Packet, StopReason, Transport, udp};

/// The generic header: ports, data offset, type, and a sequence number of 24 or 48 bits.
pub(super) fn dccp<'a>(at: At<'a>, packet: &mut Packet<'a>) -> Step<'a> {
    let Some((&[s0, s1, d0, d1, words, _, _, _, bits, ..], _)) = at.bytes.split_first_chunk::<12>() else {
        return udp::cut_header(Layer::Dccp, 12, at, packet);
    };
    let (source_port, destination_port) = (u16::from_be_bytes([s0, s1]), u16::from_be_bytes([d0, d1]));
    let header_len = usize::from(words) * 4;
    packet.push(Layer::Dccp, at.offset, header_len.clamp(12, at.bytes.len()));
    packet.enter_transport(Transport::Ports { source_port, destination_port }, at.after(header_len.max(12)));
    // X says that the sequence number is of 48 bits, and the header 4 bytes longer.
    let least = if bits & 1 == 0 { 12 } else { 16 };
    if header_len < least {
        packet.stop(StopReason::Malformed, Layer::Dccp, at.offset);
    } else if at.bytes.len() < header_len {
        packet.stop(at.short_of(header_len), Layer::Dccp, at.offset);
    }
    None
}

#[cfg(test)]
mod tests {
    use super::super::StopReason;
    use super::super::testing::*;

    #[test]
    fn the_header_is_as_long_as_it_says() {
        let request = bytes(
            "10 00 13 89  05 00 00 00  | ports, data offset 20 bytes, coverage, checksum
             01 00 00 00 00 00 00 07  | request, extended sequence number
             00 00 00 2a              | service code
             61                       | data",
        );
        let frame = ipv4(33, &request);
        reads(IPV4, &frame, "ip:dccp");
        let packet = decoded(IPV4, &frame);
        assert_eq!((packet.ports(), packet.payload), (Some((4096, 5001)), &b"a"[..]));
        let mut short = frame.clone();
        short[24] = 3;
        assert_eq!(decoded(IPV4, &short).stop.unwrap().reason, StopReason::Malformed);
    }
}
