//! UDP. RFC 768.

use nom::IResult;
use nom::Parser;
use nom::number::complete::be_u16;

use super::{Layer, Packet, StopReason, Transport};

fn header(input: &[u8]) -> IResult<&[u8], (u16, u16, u16, u16)> {
    (be_u16, be_u16, be_u16, be_u16).parse(input)
}

/// Walks a UDP datagram of `wire` bytes.
pub(super) fn walk<'a>(input: &'a [u8], offset: usize, wire: u32, packet: &mut Packet<'a>) {
    let Ok((rest, (source_port, destination_port, len, _))) = header(input) else {
        return packet.stop(StopReason::Truncated, Layer::Udp, offset);
    };
    packet.push(Layer::Udp, offset, 8);
    packet.transport = Transport::Udp { source_port, destination_port, lite: false };
    let len = if len == 0 { wire } else { u32::from(len) };
    packet.payload_len = len.saturating_sub(8);
    packet.payload = rest.get(..packet.payload_len as usize).unwrap_or(rest);
    packet.payload_offset = offset as u32 + 8;
}
