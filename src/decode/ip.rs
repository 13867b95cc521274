//! IPv4. RFC 791.

use nom::IResult;
use nom::Parser;
use nom::bytes::complete::take;
use nom::number::complete::{be_u8, be_u16, be_u32};

use super::{Address, Fragment, Layer, Network, Packet, StopReason, tcp, udp};

type Fixed = (u8, u8, u16, u16, u16, u8, u8, u16, u32, u32);

fn header(input: &[u8]) -> IResult<&[u8], (Fixed, &[u8])> {
    let (rest, fixed) =
        (be_u8, be_u8, be_u16, be_u16, be_u16, be_u8, be_u8, be_u16, be_u32, be_u32).parse(input)?;
    let (rest, options) = take((usize::from(fixed.0 & 0xf) * 4).saturating_sub(20))(rest)?;
    Ok((rest, (fixed, options)))
}

/// Walks an IP packet.
pub(super) fn walk<'a>(input: &'a [u8], offset: usize, wire: u32, packet: &mut Packet<'a>) {
    let Ok((rest, (fixed, options))) = header(input) else {
        return packet.stop(StopReason::Truncated, Layer::Ipv4, offset);
    };
    let (_, tos, total, id, fragment, ttl, protocol, _, source, destination) = fixed;
    let header_len = 20 + options.len() as u32;
    packet.push(Layer::Ipv4, offset, header_len as usize);
    packet.network = Some(Network {
        source: Address::v4(source.to_be_bytes()),
        destination: Address::v4(destination.to_be_bytes()),
        protocol,
        ttl,
        tos,
        id: Some(id),
        header_len,
    });
    let total = if total == 0 { wire } else { u32::from(total) };
    let len = total.saturating_sub(header_len);
    let bytes = rest.get(..len as usize).unwrap_or(rest);
    if fragment & 0x3fff != 0 {
        packet.fragment = Some(Fragment {
            id: u32::from(id),
            offset: u32::from(fragment & 0x1fff) * 8,
            more: fragment & 0x2000 != 0,
            bytes,
            len,
        });
        return;
    }
    let at = offset + header_len as usize;
    match protocol {
        6 => tcp::walk(bytes, at, len, packet),
        17 => udp::walk(bytes, at, len, packet),
        other => packet.stop(StopReason::Unsupported(u32::from(other)), Layer::Ipv4, at),
    }
}
