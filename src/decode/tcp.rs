//! TCP. RFC 9293 §3.1.

use nom::IResult;
use nom::Parser;
use nom::number::complete::{be_u16, be_u32};

use super::tcp_option::TcpOptions;
use super::walk::{At, Step};
use super::{Layer, Packet, StopReason, Transport};

/// A TCP header.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Tcp<'a> {
    /// Source port.
    pub source_port: u16,
    /// Destination port.
    pub destination_port: u16,
    /// SEG.SEQ.
    pub seq: u32,
    /// SEG.ACK, as it stands, whether or not the ACK flag is set.
    pub ack: u32,
    /// The twelve bits behind the data offset: FIN is bit 0, AE (once NS) bit 8.
    pub flags: u16,
    /// The window field as on the wire.
    pub window: u16,
    /// The checksum field; 0 where the capture cut it off.
    pub checksum: u16,
    /// The urgent pointer; 0 where the capture cut it off.
    pub urgent: u16,
    /// The bytes of the options, as far as captured.
    pub options: &'a [u8],
}

impl<'a> Tcp<'a> {
    /// Its options.
    pub fn options(&self) -> TcpOptions<'a> {
        TcpOptions::new(self.options)
    }
}

/// A TCP segment.
#[inline]
pub(super) fn tcp<'a>(at: At<'a>, packet: &mut Packet<'a>) -> Step<'a> {
    let Some((&[s0, s1, d0, d1, q0, q1, q2, q3, a0, a1, a2, a3, b0, b1, w0, w1, c0, c1, u0, u1], rest)) =
        at.bytes.split_first_chunk::<20>()
    else {
        return cut_header(at, packet);
    };
    let bits = u16::from_be_bytes([b0, b1]);
    let header_len = usize::from(bits >> 12) * 4;
    let options = rest.get(..header_len.saturating_sub(20)).unwrap_or(rest);
    packet.push(Layer::Tcp, at.offset, 20 + options.len());
    let segment = Tcp {
        source_port: u16::from_be_bytes([s0, s1]),
        destination_port: u16::from_be_bytes([d0, d1]),
        seq: u32::from_be_bytes([q0, q1, q2, q3]),
        ack: u32::from_be_bytes([a0, a1, a2, a3]),
        flags: bits & 0xfff,
        window: u16::from_be_bytes([w0, w1]),
        checksum: u16::from_be_bytes([c0, c1]),
        urgent: u16::from_be_bytes([u0, u1]),
        options,
    };
    packet.enter_transport(Transport::Tcp(segment), at.after(header_len.max(20)));
    if header_len < 20 {
        packet.stop(StopReason::Malformed, Layer::Tcp, at.offset);
    } else if at.bytes.len() < header_len {
        packet.stop(at.short_of(header_len), Layer::Tcp, at.offset);
    }
    None
}

/// What is left of a header of which less than 20 bytes can be read: all that matters of it, or the ports alone.
#[cold]
fn cut_header<'a>(at: At<'a>, packet: &mut Packet<'a>) -> Step<'a> {
    type Most = (u16, u16, u32, u32, u16, u16);
    let most: IResult<&[u8], Most> = (be_u16, be_u16, be_u32, be_u32, be_u16, be_u16).parse(at.bytes);
    let ports: IResult<&[u8], (u16, u16)> = (be_u16, be_u16).parse(at.bytes);
    if let Ok((_, (source_port, destination_port, seq, ack, bits, window))) = most {
        let (flags, header_len) = (bits & 0xfff, usize::from(bits >> 12) * 4);
        let segment = Tcp {
            source_port,
            destination_port,
            seq,
            ack,
            flags,
            window,
            checksum: 0,
            urgent: 0,
            options: &[],
        };
        packet.enter_transport(Transport::Tcp(segment), at.after(header_len.max(20)));
    } else if let Ok((_, (source_port, destination_port))) = ports {
        packet.enter_transport(
            Transport::Ports { source_port, destination_port },
            at.after(at.bytes.len()).cut(0),
        );
    }
    if !at.bytes.is_empty() {
        packet.push(Layer::Tcp, at.offset, at.bytes.len());
    }
    packet.stop(at.short_of(20), Layer::Tcp, at.offset);
    None
}

#[cfg(test)]
mod tests {
    use super::super::TcpOption;
    use super::super::testing::*;
    use super::super::{Packet, StopReason, Tcp, Transport};

    const SEGMENT: &str = "
        00 50 c0 00 | ports 80 and 49152
        00 00 00 07 | sequence number
        00 00 00 08 | acknowledgment number
        81 52 01 00 | header of 32 bytes; AE, ECE, ACK and SYN; window 256
        12 34 00 05 | checksum, urgent pointer
        02 04 05 b4 | MSS 1460
        01 03 03 07 | no operation, window scale 7
        04 02 01 01 | SACK permitted
        61 62 63    | payload";

    fn segment<'a>(packet: &Packet<'a>) -> Tcp<'a> {
        match packet.transport {
            Transport::Tcp(tcp) => tcp,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn every_field_is_where_rfc_9293_says() {
        let frame = ipv4(6, &bytes(SEGMENT));
        let packet = decoded(IPV4, &frame);
        let tcp = segment(&packet);
        assert_eq!((tcp.source_port, tcp.destination_port, tcp.seq, tcp.ack), (80, 49152, 7, 8));
        assert_eq!((tcp.flags, tcp.window, tcp.checksum, tcp.urgent), (0x152, 256, 0x1234, 5));
        assert!(tcp.options().eq([
            TcpOption::Mss(1460),
            TcpOption::WindowScale(7),
            TcpOption::SackPermitted
        ]));
        assert_eq!((packet.payload, packet.payload_len, packet.payload_offset), (&b"abc"[..], 3, 52));
        holds_in_every_prefix(IPV4, &frame);
    }

    #[test]
    fn what_the_capture_left_of_a_header_is_kept() {
        let frame = ipv4(6, &bytes(SEGMENT));
        for (len, ports, whole) in [
            (23, None, false),
            (24, Some((80, 49152)), false),
            (35, Some((80, 49152)), false),
            (36, Some((80, 49152)), true),
        ] {
            let packet = cut(IPV4, &frame[..len], frame.len());
            assert_eq!(packet.ports(), ports, "{len}");
            assert_eq!(matches!(packet.transport, Transport::Tcp(_)), whole, "{len}");
            assert_eq!(packet.stop.unwrap().reason, StopReason::Truncated);
        }
        let packet = cut(IPV4, &frame[..36], frame.len());
        assert_eq!((segment(&packet).flags, segment(&packet).window, packet.payload_len), (0x152, 256, 3));
    }

    #[test]
    fn an_impossible_data_offset_is_malformed() {
        for offset in [0x40, 0xf0] {
            let mut frame = ipv4(6, &bytes(SEGMENT));
            frame[32] = offset;
            let packet = decoded(IPV4, &frame);
            assert_eq!((packet.stop.unwrap().reason, segment(&packet).seq), (StopReason::Malformed, 7));
        }
    }
}
