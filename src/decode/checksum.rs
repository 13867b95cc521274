//! Internet checksums, and whether those of a packet are right. RFC 1071.

use super::{Layer, LayerAt, Packet, Transport};

/// The sum of some bytes as 16-bit numbers, not yet folded.
pub(super) fn sum(bytes: &[u8]) -> u64 {
    bytes
        .chunks(2)
        .map(|pair| match pair {
            [high, low] => u64::from(u16::from_be_bytes([*high, *low])),
            [last] => u64::from(*last) << 8,
            _ => 0,
        })
        .sum()
}

/// A sum in ones' complement.
pub(super) fn fold(mut sum: u64) -> u16 {
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    sum as u16
}

/// Whether the innermost IP header of a packet and the TCP or UDP header behind it have right checksums. `frame` are
/// the bytes of its frame, `datagram` those of the reassembled datagram in which it ends. `None` where nothing could be
/// verified: no checksum, no IP, or not all that it covers was captured.
///
/// What a host leaves to its network card (offload) is no wrong checksum: a field of 0, or the sum of the pseudo-header alone.
pub fn checksums_hold(packet: &Packet<'_>, frame: &[u8], datagram: Option<&[u8]>) -> Option<bool> {
    let is_ip = |at: &LayerAt| matches!(at.layer, Layer::Ipv4 | Layer::Ipv6) && !at.quoted;
    let place = packet.layers.iter().rposition(is_ip)?;
    let (_, inner) = packet.layers.split_at(place);
    let (ip, inner) = inner.split_first()?;
    let bytes_of = |at: &LayerAt| if at.in_datagram { datagram } else { Some(frame) };
    let header = bytes_of(ip)?.get(ip.offset as usize..)?;
    let network = match ip.layer {
        Layer::Ipv4 => ipv4_header(header),
        _ => None,
    };
    let transport = inner.iter().find(|at| matches!(at.layer, Layer::Tcp | Layer::Udp) && !at.quoted);
    // Options may say that the pseudo-header has other addresses than the header. RFC 8200 §8.1, RFC 6275 §6.1.7
    let rerouted = inner.iter().any(|at| matches!(at.layer, Layer::Routing | Layer::DestinationOptions));
    // A frame may have been shortened without saying so.
    let shortened = datagram.is_none() && claimed(ip.layer, header).is_none_or(|len| len > header.len());
    let transport = transport.filter(|_| !rerouted && !shortened).and_then(|at| {
        let bytes = bytes_of(at)?.get(at.offset as usize..)?;
        transport_header(packet, at, bytes)
    });
    match (network, transport) {
        (None, None) => None,
        (network, transport) => Some(network.unwrap_or(true) && transport.unwrap_or(true)),
    }
}

/// How long an IP packet says it is; what a network card is left to fill in is 0.
fn claimed(layer: Layer, header: &[u8]) -> Option<usize> {
    let (at, more) = if layer == Layer::Ipv4 { (2, 0) } else { (4, 40) };
    let field = header.get(at..)?.first_chunk::<2>()?;
    Some(usize::from(u16::from_be_bytes(*field)) + more)
}

fn ipv4_header(bytes: &[u8]) -> Option<bool> {
    let len = usize::from(bytes.first()? & 0xf) * 4;
    let header = bytes.get(..len)?;
    let field = header.get(10..12)?;
    Some(field == [0, 0] || fold(sum(header)) == 0xffff)
}

fn transport_header(packet: &Packet<'_>, at: &LayerAt, bytes: &[u8]) -> Option<bool> {
    let network = packet.network?;
    let (len, field, protocol) = match (at.layer, packet.transport) {
        (Layer::Tcp, Transport::Tcp(tcp)) => {
            let header_len = packet.payload_offset.checked_sub(at.offset)?;
            (header_len + packet.payload_len, tcp.checksum, 6)
        }
        (Layer::Udp, Transport::Udp { lite: false, .. }) => {
            let &[_, _, _, _, l0, l1, c0, c1] = bytes.first_chunk::<8>()?;
            (u16::from_be_bytes([l0, l1]).into(), u16::from_be_bytes([c0, c1]), 17)
        }
        _ => return None,
    };
    let covered = bytes.get(..len as usize).filter(|covered| covered.len() >= 8)?;
    let addresses = sum(&network.source.bytes()) + sum(&network.destination.bytes());
    let pseudo = addresses + u64::from(len) + protocol;
    // In UDP a field of 0 says that there is none. RFC 768
    let left_open = [0, fold(pseudo), fold(addresses + protocol)].contains(&field);
    match (left_open, protocol) {
        (true, 17) if field == 0 => None,
        (true, _) => Some(true),
        (false, _) => Some(fold(sum(covered) + pseudo) == 0xffff),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::capture::LinkType;
    use crate::support::ip::{Ip, Tcp, UDP};

    fn hold(frame: &[u8]) -> Option<bool> {
        let mut packet = Packet::default();
        super::super::headers(LinkType(101), frame, frame.len() as u32, &mut packet);
        checksums_hold(&packet, frame, None)
    }

    #[test]
    fn one_wrong_bit_anywhere_is_a_wrong_checksum() {
        for (ip, header_len) in [(Ip::v4(1, 2), 20), (Ip::v6(1, 2), 40)] {
            let tcp = Tcp { source_port: 40_000, destination_port: 80, flags: 0x18, ..Tcp::default() };
            for frame in [tcp.packet(&ip, b"GET /"), ip.udp(40_000, 5000, b"hello")] {
                assert_eq!(hold(&frame), Some(true));
                for byte in [header_len + 9, frame.len() - 1] {
                    let mut wrong = frame.clone();
                    wrong[byte] ^= 0x10;
                    assert_eq!(hold(&wrong), Some(false), "byte {byte} of {frame:?}");
                }
            }
        }
    }

    #[test]
    fn what_the_network_card_fills_in_is_not_wrong() {
        let ip = Ip::v4(1, 2);
        let tcp = Tcp { source_port: 40_000, destination_port: 80, flags: 0x18, ..Tcp::default() };
        let frame = tcp.packet(&ip, b"GET /");
        let mut open = frame.clone();
        open[36..38].copy_from_slice(&[0, 0]);
        assert_eq!(hold(&open), Some(true));
        let pseudo = fold(sum(&frame[12..20]) + 6 + (frame.len() as u64 - 20));
        open[36..38].copy_from_slice(&pseudo.to_be_bytes());
        assert_eq!(hold(&open), Some(true));
        open[36] ^= 1;
        assert_eq!(hold(&open), Some(false));
        open[10..12].copy_from_slice(&[0, 0]);
        open[36] ^= 1;
        assert_eq!(hold(&open), Some(true));
    }

    #[test]
    fn what_is_not_all_there_is_not_verified() {
        let ip = Ip::v6(1, 2);
        let tcp = Tcp { source_port: 40_000, destination_port: 80, flags: 0x18, ..Tcp::default() };
        let frame = tcp.packet(&ip, b"GET /");
        assert_eq!(hold(&frame[..frame.len() - 1]), None);
        let without = ip.packet(UDP, &[0x9c, 0x40, 0x13, 0x88, 0, 9, 0, 0, 7]);
        assert_eq!(hold(&without), None);
    }
}
