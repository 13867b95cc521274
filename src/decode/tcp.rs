//! TCP. RFC 9293 §3.1.

use nom::IResult;
use nom::Parser;
use nom::bytes::complete::take;
use nom::number::complete::{be_u8, be_u16, be_u32};

use super::{Layer, Packet, SackBlocks, StopReason, Transport};

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
    /// The checksum field.
    pub checksum: u16,
    /// The urgent pointer.
    pub urgent: u16,
    /// The bytes of the options, as far as captured.
    pub options: &'a [u8],
}

/// A TCP option.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum TcpOption<'a> {
    /// Maximum segment size.
    Mss(u16),
    /// Shift count as on the wire.
    WindowScale(u8),
    /// SACK permitted.
    SackPermitted,
    /// SACK blocks.
    Sack(SackBlocks),
    /// TSval and TSecr.
    Timestamps(u32, u32),
    /// Fast Open cookie. RFC 7413 §4.1.1
    FastOpen(&'a [u8]),
    /// Any other, by its kind.
    Other(u8, &'a [u8]),
}

/// The options of a header, one after the other; ends at the end-of-list option or at the first malformed one.
#[derive(Clone, Debug)]
pub struct TcpOptions<'a>(&'a [u8]);

impl<'a> Tcp<'a> {
    /// Its options.
    pub fn options(&self) -> TcpOptions<'a> {
        TcpOptions(self.options)
    }
}

impl<'a> Iterator for TcpOptions<'a> {
    type Item = TcpOption<'a>;

    fn next(&mut self) -> Option<TcpOption<'a>> {
        loop {
            match self.0.first()? {
                0 => return None,
                1 => self.0 = self.0.get(1..)?,
                _ => break,
            }
        }
        let (rest, option) = option(self.0).ok()?;
        self.0 = rest;
        Some(option)
    }
}

fn option(input: &[u8]) -> IResult<&[u8], TcpOption<'_>> {
    let (rest, (kind, len)) = (be_u8, be_u8).parse(input)?;
    let (rest, body) = take(usize::from(len).saturating_sub(2))(rest)?;
    let option = match (kind, body) {
        (2, [a, b]) => TcpOption::Mss(u16::from_be_bytes([*a, *b])),
        (3, [shift]) => TcpOption::WindowScale(*shift),
        (4, []) => TcpOption::SackPermitted,
        (5, blocks) => {
            let mut sack = SackBlocks::new();
            for block in blocks.chunks_exact(8).take(4) {
                if let Ok((_, edges)) = (be_u32::<_, nom::error::Error<&[u8]>>, be_u32).parse(block) {
                    sack.push(edges);
                }
            }
            TcpOption::Sack(sack)
        }
        (8, [a, b, c, d, e, f, g, h]) => {
            TcpOption::Timestamps(u32::from_be_bytes([*a, *b, *c, *d]), u32::from_be_bytes([*e, *f, *g, *h]))
        }
        (34, cookie) => TcpOption::FastOpen(cookie),
        (kind, body) => TcpOption::Other(kind, body),
    };
    Ok((rest, option))
}

type Fixed = (u16, u16, u32, u32, u16, u16, u16, u16);

fn header(input: &[u8]) -> IResult<&[u8], Fixed> {
    (be_u16, be_u16, be_u32, be_u32, be_u16, be_u16, be_u16, be_u16).parse(input)
}

/// Walks a TCP segment of `wire` bytes.
pub(super) fn walk<'a>(input: &'a [u8], offset: usize, wire: u32, packet: &mut Packet<'a>) {
    let Ok((rest, fixed)) = header(input) else {
        return packet.stop(StopReason::Truncated, Layer::Tcp, offset);
    };
    let (source_port, destination_port, seq, ack, bits, window, checksum, urgent) = fixed;
    let header_len = usize::from(bits >> 12) * 4;
    let options = rest.get(..header_len.saturating_sub(20)).unwrap_or(rest);
    packet.push(Layer::Tcp, offset, header_len);
    packet.transport = Transport::Tcp(Tcp {
        source_port,
        destination_port,
        seq,
        ack,
        flags: bits & 0xfff,
        window,
        checksum,
        urgent,
        options,
    });
    packet.payload_len = wire.saturating_sub(header_len as u32);
    packet.payload = rest.get(options.len()..).unwrap_or(&[]);
    packet.payload_offset = (offset + header_len) as u32;
}
