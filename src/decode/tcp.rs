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
