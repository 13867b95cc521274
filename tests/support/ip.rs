//! IP packets and what is directly in them, with right checksums.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

pub const ICMP: u8 = 1;
pub const TCP: u8 = 6;
pub const UDP: u8 = 17;
pub const GRE: u8 = 47;
pub const ICMPV6: u8 = 58;

/// An IP header: addresses and the fields that analysis looks at.
#[derive(Clone, Copy, Debug)]
pub struct Ip {
    pub source: IpAddr,
    pub destination: IpAddr,
    pub ttl: u8,
    /// DSCP and ECN.
    pub tos: u8,
    /// IPv4 only.
    pub id: u16,
    /// Don't fragment. IPv4 only.
    pub df: bool,
}

impl Ip {
    pub fn new(source: IpAddr, destination: IpAddr) -> Self {
        Self { source, destination, ttl: 64, tos: 0, id: 1, df: true }
    }

    /// `10.0.0.<source>` to `10.0.0.<destination>`.
    pub fn v4(source: u8, destination: u8) -> Self {
        Self::new(Ipv4Addr::new(10, 0, 0, source).into(), Ipv4Addr::new(10, 0, 0, destination).into())
    }

    /// `2001:db8::<source>` to `2001:db8::<destination>`.
    pub fn v6(source: u16, destination: u16) -> Self {
        let address = |last| Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, last).into();
        Self::new(address(source), address(destination))
    }

    pub fn id(self, id: u16) -> Self {
        Self { id, ..self }
    }

    pub fn ttl(self, ttl: u8) -> Self {
        Self { ttl, ..self }
    }

    pub fn tos(self, tos: u8) -> Self {
        Self { tos, ..self }
    }

    pub fn reverse(self) -> Self {
        Self { source: self.destination, destination: self.source, ..self }
    }

    pub fn ethertype(&self) -> u16 {
        if self.source.is_ipv4() { 0x0800 } else { 0x86dd }
    }

    /// A packet with `payload` behind the header.
    pub fn packet(&self, protocol: u8, payload: &[u8]) -> Vec<u8> {
        self.header(protocol, payload.len(), 0, &[], payload)
    }

    /// An IPv4 packet with options (a multiple of four bytes).
    pub fn with_options(&self, protocol: u8, options: &[u8], payload: &[u8]) -> Vec<u8> {
        self.header(protocol, payload.len(), 0, options, payload)
    }

    /// A packet whose total length field is 0, as a host with segmentation offload shows it.
    pub fn offloaded(&self, protocol: u8, payload: &[u8]) -> Vec<u8> {
        let mut packet = self.packet(protocol, payload);
        let (field, checksum) = if self.source.is_ipv4() { (2, Some(10)) } else { (4, None) };
        packet[field..field + 2].fill(0);
        if let Some(at) = checksum {
            packet[at..at + 2].fill(0);
            let sum = checksum_of(&[&packet[..20]]);
            packet[at..at + 2].copy_from_slice(&sum.to_be_bytes());
        }
        packet
    }

    /// One fragment: the bytes of `payload` from `offset` (a multiple of 8) on, `len` of them.
    pub fn fragment(&self, protocol: u8, payload: &[u8], offset: usize, len: usize) -> Vec<u8> {
        let end = (offset + len).min(payload.len());
        let more = u16::from(end < payload.len());
        let part = &payload[offset..end];
        if self.source.is_ipv4() {
            return self.header(protocol, part.len(), more << 13 | (offset / 8) as u16, &[], part);
        }
        let mut body = vec![protocol, 0];
        body.extend((offset as u16 | more).to_be_bytes());
        body.extend(u32::from(self.id).to_be_bytes());
        body.extend(part);
        self.packet(44, &body)
    }

    /// All fragments of `payload`, each of `step` bytes (a multiple of 8) but the last.
    pub fn fragments(&self, protocol: u8, payload: &[u8], step: usize) -> Vec<Vec<u8>> {
        (0..payload.len())
            .step_by(step)
            .map(|offset| self.fragment(protocol, payload, offset, step))
            .collect()
    }

    fn header(&self, protocol: u8, len: usize, fragment: u16, options: &[u8], payload: &[u8]) -> Vec<u8> {
        let mut packet = Vec::with_capacity(40 + len);
        match (self.source, self.destination) {
            (IpAddr::V4(source), IpAddr::V4(destination)) => {
                let header_len = 20 + options.len();
                packet.extend([0x40 | (header_len / 4) as u8, self.tos]);
                packet.extend(((header_len + len) as u16).to_be_bytes());
                packet.extend(self.id.to_be_bytes());
                let df = u16::from(self.df && fragment == 0) << 14;
                packet.extend((df | fragment).to_be_bytes());
                packet.extend([self.ttl, protocol, 0, 0]);
                packet.extend(source.octets());
                packet.extend(destination.octets());
                packet.extend(options);
                let sum = checksum_of(&[&packet]);
                packet[10..12].copy_from_slice(&sum.to_be_bytes());
            }
            (IpAddr::V6(source), IpAddr::V6(destination)) => {
                packet.extend((6 << 28 | u32::from(self.tos) << 20).to_be_bytes());
                packet.extend((len as u16).to_be_bytes());
                packet.extend([protocol, self.ttl]);
                packet.extend(source.octets());
                packet.extend(destination.octets());
            }
            _ => panic!("both addresses of one family"),
        }
        packet.extend(payload);
        packet
    }

    /// The checksum of `transport`, whose checksum field is 0, with the pseudo header.
    pub fn checksum(&self, protocol: u8, transport: &[u8]) -> u16 {
        let mut pseudo = Vec::new();
        for address in [self.source, self.destination] {
            match address {
                IpAddr::V4(address) => pseudo.extend(address.octets()),
                IpAddr::V6(address) => pseudo.extend(address.octets()),
            }
        }
        pseudo.extend((transport.len() as u32).to_be_bytes());
        pseudo.extend(u32::from(protocol).to_be_bytes());
        checksum_of(&[&pseudo, transport])
    }

    pub fn udp(&self, source_port: u16, destination_port: u16, payload: &[u8]) -> Vec<u8> {
        self.packet(UDP, &self.udp_datagram(source_port, destination_port, payload))
    }

    /// A UDP header and its payload, without the IP header.
    pub fn udp_datagram(&self, source_port: u16, destination_port: u16, payload: &[u8]) -> Vec<u8> {
        let mut datagram = Vec::with_capacity(8 + payload.len());
        datagram.extend(source_port.to_be_bytes());
        datagram.extend(destination_port.to_be_bytes());
        datagram.extend((8 + payload.len() as u16).to_be_bytes());
        datagram.extend([0, 0]);
        datagram.extend(payload);
        let sum = match self.checksum(UDP, &datagram) {
            0 => 0xffff,
            sum => sum,
        };
        datagram[6..8].copy_from_slice(&sum.to_be_bytes());
        datagram
    }

    /// An ICMP or ICMPv6 message: `rest` is the second word of its header.
    pub fn icmp(&self, kind: u8, code: u8, rest: u32, body: &[u8]) -> Vec<u8> {
        let mut message = vec![kind, code, 0, 0];
        message.extend(rest.to_be_bytes());
        message.extend(body);
        let (protocol, sum) = if self.source.is_ipv4() {
            (ICMP, checksum_of(&[&message]))
        } else {
            (ICMPV6, self.checksum(ICMPV6, &message))
        };
        message[2..4].copy_from_slice(&sum.to_be_bytes());
        self.packet(protocol, &message)
    }
}

/// A TCP header.
#[derive(Clone, Debug, Default)]
pub struct Tcp {
    pub source_port: u16,
    pub destination_port: u16,
    pub seq: u32,
    pub ack: u32,
    /// FIN is bit 0, AE (once NS) bit 8.
    pub flags: u16,
    pub window: u16,
    pub urgent: u16,
    /// Padded to a multiple of four bytes when written.
    pub options: Vec<u8>,
}

impl Tcp {
    /// The header and `payload`, with the checksum for `ip`.
    pub fn segment(&self, ip: &Ip, payload: &[u8]) -> Vec<u8> {
        let options_len = self.options.len().next_multiple_of(4);
        let mut segment = Vec::with_capacity(20 + options_len + payload.len());
        segment.extend(self.source_port.to_be_bytes());
        segment.extend(self.destination_port.to_be_bytes());
        segment.extend(self.seq.to_be_bytes());
        segment.extend(self.ack.to_be_bytes());
        segment.extend((((20 + options_len) as u16 / 4) << 12 | self.flags).to_be_bytes());
        segment.extend(self.window.to_be_bytes());
        segment.extend([0, 0]);
        segment.extend(self.urgent.to_be_bytes());
        segment.extend(&self.options);
        segment.resize(20 + options_len, 0);
        segment.extend(payload);
        let sum = ip.checksum(TCP, &segment);
        segment[16..18].copy_from_slice(&sum.to_be_bytes());
        segment
    }

    /// The IP packet.
    pub fn packet(&self, ip: &Ip, payload: &[u8]) -> Vec<u8> {
        ip.packet(TCP, &self.segment(ip, payload))
    }
}

/// TCP options, in the order in which they are added.
#[derive(Clone, Debug, Default)]
pub struct Options(pub Vec<u8>);

impl Options {
    pub fn raw(mut self, bytes: &[u8]) -> Self {
        self.0.extend(bytes);
        self
    }

    pub fn mss(self, mss: u16) -> Self {
        self.raw(&[2, 4]).raw(&mss.to_be_bytes())
    }

    pub fn window_scale(self, shift: u8) -> Self {
        self.raw(&[1, 3, 3, shift])
    }

    pub fn sack_permitted(self) -> Self {
        self.raw(&[1, 1, 4, 2])
    }

    pub fn timestamps(self, value: u32, echo: u32) -> Self {
        self.raw(&[1, 1, 8, 10]).raw(&value.to_be_bytes()).raw(&echo.to_be_bytes())
    }

    pub fn sack(self, blocks: &[(u32, u32)]) -> Self {
        let head = self.raw(&[1, 1, 5, 2 + 8 * blocks.len() as u8]);
        blocks
            .iter()
            .fold(head, |options, (left, right)| options.raw(&left.to_be_bytes()).raw(&right.to_be_bytes()))
    }

    pub fn fast_open(self, cookie: &[u8]) -> Self {
        let option = self.raw(&[34, 2 + cookie.len() as u8]).raw(cookie);
        let padding = option.0.len().next_multiple_of(4) - option.0.len();
        option.raw(&[1, 1, 1][..padding])
    }
}

/// The Internet checksum (RFC 1071) over `parts`, of which all but the last have an even length.
pub fn checksum_of(parts: &[&[u8]]) -> u16 {
    let mut sum = 0u64;
    for part in parts {
        for pair in part.chunks(2) {
            sum += u64::from(pair[0]) << 8 | u64::from(pair.get(1).copied().unwrap_or(0));
        }
    }
    while sum > 0xffff {
        sum = (sum >> 16) + (sum & 0xffff);
    }
    !(sum as u16)
}
