//! SCTP. RFC 9260 §3.

use nom::IResult;
use nom::Parser;
use nom::number::complete::{be_u8, be_u16};

use super::walk::{At, Step};
use super::{Layer, Packet, StopReason, Transport, udp};

/// A chunk of an SCTP packet.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct SctpChunk<'a> {
    /// Its type. RFC 9260 §3.2
    pub kind: u8,
    /// Its flags, which mean what the type says.
    pub flags: u8,
    /// Its length on the wire with the four bytes of its own header, without padding.
    pub len: u16,
    /// What follows its header, as far as captured.
    pub value: &'a [u8],
}

/// The chunks of an SCTP packet, one after the other; ends at one that is cut or malformed.
#[derive(Clone, Debug)]
pub struct SctpChunks<'a>(&'a [u8]);

impl<'a> SctpChunks<'a> {
    /// Those in `bytes`, which stand behind the common header.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }
}

impl<'a> Iterator for SctpChunks<'a> {
    type Item = SctpChunk<'a>;

    fn next(&mut self) -> Option<SctpChunk<'a>> {
        let header: IResult<&[u8], (u8, u8, u16)> = (be_u8, be_u8, be_u16).parse(self.0);
        let (rest, (kind, flags, len)) = header.ok()?;
        let value_len = usize::from(len).checked_sub(4)?;
        let value = rest.get(..value_len).unwrap_or(rest);
        // RFC 9260 §3.2: padded to a multiple of 4 bytes.
        self.0 = rest.get(value_len.next_multiple_of(4)..).unwrap_or_default();
        Some(SctpChunk { kind, flags, len, value })
    }
}

/// The name of a chunk type; `None` for one that is not assigned.
pub const fn sctp_chunk_name(kind: u8) -> Option<&'static str> {
    Some(match kind {
        0 => "DATA",
        1 => "INIT",
        2 => "INIT ACK",
        3 => "SACK",
        4 => "HEARTBEAT",
        5 => "HEARTBEAT ACK",
        6 => "ABORT",
        7 => "SHUTDOWN",
        8 => "SHUTDOWN ACK",
        9 => "ERROR",
        10 => "COOKIE ECHO",
        11 => "COOKIE ACK",
        12 => "ECNE",
        13 => "CWR",
        14 => "SHUTDOWN COMPLETE",
        15 => "AUTH",
        64 => "I-DATA",
        128 => "ASCONF-ACK",
        130 => "RE-CONFIG",
        132 => "PAD",
        192 => "FORWARD-TSN",
        193 => "ASCONF",
        194 => "I-FORWARD-TSN",
        _ => return None,
    })
}

/// The common header: ports, verification tag, checksum. What follows are chunks, to be had by [`SctpChunks`].
pub(super) fn sctp<'a>(at: At<'a>, packet: &mut Packet<'a>) -> Step<'a> {
    let Some((&[s0, s1, d0, d1, ..], _)) = at.bytes.split_first_chunk::<12>() else {
        return udp::cut_header(Layer::Sctp, 12, at, packet);
    };
    let (source_port, destination_port) = (u16::from_be_bytes([s0, s1]), u16::from_be_bytes([d0, d1]));
    packet.push(Layer::Sctp, at.offset, 12);
    let chunks = at.after(12);
    packet.enter_transport(Transport::Ports { source_port, destination_port }, chunks);
    if chunks.bytes.get(2..4).is_some_and(|len| matches!(len, [0, 0..=3])) {
        packet.stop(StopReason::Malformed, Layer::Sctp, chunks.offset);
    }
    None
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;
    use super::*;

    const PACKET: &str = "
        0b 59 0b 5a  00 00 00 07  00 00 00 00 | ports, verification tag, checksum
        00 03 00 12  00 00 00 01  00 00 00 00  00 00 00 00  61 62 | DATA, 18 bytes
        00 00                                 | padding
        0e 01 00 04                           | SHUTDOWN COMPLETE";

    #[test]
    fn ports_and_chunks() {
        let frame = ipv4(132, &bytes(PACKET));
        reads(IPV4, &frame, "ip:sctp");
        let packet = decoded(IPV4, &frame);
        assert_eq!((packet.ports(), packet.stop), (Some((2905, 2906)), None));
        let chunks: Vec<_> =
            SctpChunks::new(packet.payload).map(|chunk| (chunk.kind, chunk.len, chunk.value.len())).collect();
        assert_eq!(chunks, [(0, 18, 14), (14, 4, 0)]);
        assert_eq!(sctp_chunk_name(14), Some("SHUTDOWN COMPLETE"));
        assert_eq!(sctp_chunk_name(77), None);
    }

    #[test]
    fn chunks_end_where_they_are_cut_or_make_no_sense() {
        let packet = bytes(PACKET);
        for len in 12..packet.len() {
            assert!(SctpChunks::new(&packet[12..len]).count() <= 2);
        }
        assert_eq!(SctpChunks::new(&[0, 0, 0, 3, 0]).count(), 0);
        let frame = ipv4(132, &bytes("0b 59 0b 5a  00 00 00 07  00 00 00 00  00 00 00 03"));
        assert_eq!(decoded(IPV4, &frame).stop.unwrap().reason, StopReason::Malformed);
    }
}
