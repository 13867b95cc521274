//! Ethernet II.

use nom::IResult;
use nom::Parser;
use nom::bytes::complete::take;
use nom::number::complete::be_u16;

use super::{Layer, Packet, StopReason, ip};

type Header<'a> = (&'a [u8], &'a [u8], u16);

fn header(input: &[u8]) -> IResult<&[u8], Header<'_>> {
    (take(6usize), take(6usize), be_u16).parse(input)
}

/// Walks an Ethernet frame that begins at `offset` of the captured frame and was `wire` bytes long.
pub(super) fn walk<'a>(input: &'a [u8], offset: usize, wire: u32, packet: &mut Packet<'a>) {
    let Ok((rest, (destination, source, kind))) = header(input) else {
        return packet.stop(StopReason::Truncated, Layer::Ethernet, offset);
    };
    packet.push(Layer::Ethernet, offset, 14);
    packet.link = Some((source, destination));
    match kind {
        0x0800 | 0x86dd => ip::walk(rest, offset + 14, wire.saturating_sub(14), packet),
        other => packet.stop(StopReason::Unsupported(u32::from(other)), Layer::Ethernet, offset),
    }
}
