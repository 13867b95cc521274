//! What the tests of the decoders share: bytes as text, headers around a packet, and the laws that hold for every frame.

use super::{Packet, StopReason, headers};
use crate::capture::LinkType;

/// Link types of the registry.
pub(super) const ETHERNET: u16 = 1;
pub(super) const IPV4: u16 = 228;
pub(super) const IPV6: u16 = 229;

/// Bytes written as pairs of hexadecimal digits; what follows `|` on a line says what they are.
pub(super) fn bytes(text: &str) -> Vec<u8> {
    text.lines()
        .flat_map(|line| line.split('|').next().unwrap_or_default().split_whitespace())
        .map(|pair| u8::from_str_radix(pair, 16).unwrap_or_else(|_| panic!("{pair:?} is no byte")))
        .collect()
}

/// A UDP datagram without payload from 10.0.0.1, port 4096, to 10.0.0.2, port 8192.
pub(super) fn packet() -> Vec<u8> {
    ipv4(17, &udp(4096, 8192, &[]))
}

/// An IPv4 packet from 10.0.0.1 to 10.0.0.2.
pub(super) fn ipv4(protocol: u8, payload: &[u8]) -> Vec<u8> {
    let [l0, l1] = (20 + payload.len() as u16).to_be_bytes();
    let header = [0x45, 0, l0, l1, 0, 1, 0, 0, 64, protocol, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2];
    [&header, payload].concat()
}

/// An IPv6 packet from 2001:db8::1 to 2001:db8::2.
pub(super) fn ipv6(next: u8, payload: &[u8]) -> Vec<u8> {
    let [l0, l1] = (payload.len() as u16).to_be_bytes();
    let mut header = vec![0x60, 0, 0, 0, l0, l1, next, 64];
    for last in [1, 2] {
        header.extend([0x20, 1, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, last]);
    }
    [&header, payload].concat()
}

/// A UDP datagram.
pub(super) fn udp(source: u16, destination: u16, payload: &[u8]) -> Vec<u8> {
    let fields = [source, destination, 8 + payload.len() as u16, 0];
    fields.into_iter().flat_map(u16::to_be_bytes).chain(payload.iter().copied()).collect()
}

/// An Ethernet frame.
pub(super) fn ethernet(kind: u16, payload: &[u8]) -> Vec<u8> {
    [&[2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1], &kind.to_be_bytes()[..], payload].concat()
}

/// What a frame that was captured whole turned out to hold.
pub(super) fn decoded(linktype: u16, data: &[u8]) -> Packet<'_> {
    cut(linktype, data, data.len())
}

/// What a frame of which `data` was captured, and which was `wire` bytes long, turned out to hold.
pub(super) fn cut(linktype: u16, data: &[u8], wire: usize) -> Packet<'_> {
    let mut packet = Packet::default();
    headers(LinkType(linktype), data, wire as u32, &mut packet);
    packet
}

/// The layers of a packet as text.
pub(super) fn protocols(packet: &Packet<'_>) -> String {
    packet.protocols().collect::<Vec<_>>().join(":")
}

/// Asserts that `header` before [`packet`] is read as `expected`, then IP and UDP, and likewise as far as it was captured.
pub(super) fn carries(linktype: u16, header: &str, expected: &str) {
    let data = [bytes(header), packet()].concat();
    let whole = decoded(linktype, &data);
    assert_eq!(protocols(&whole), format!("{expected}:ip:udp"), "{header}");
    assert_eq!((whole.ports(), whole.stop), (Some((4096, 8192)), None), "{header}");
    holds_in_every_prefix(linktype, &data);
}

/// Asserts that `data` is read as `expected`, and likewise as far as it was captured.
pub(super) fn reads(linktype: u16, data: &[u8], expected: &str) {
    assert_eq!(protocols(&decoded(linktype, data)), expected, "{data:02x?}");
    holds_in_every_prefix(linktype, data);
}

/// The laws of a cut frame: its layers are the first of the whole frame's, in their places, and where some are missing it says that
/// the capture cut them off. Bytes that never were on the wire are as harmless.
pub(super) fn holds_in_every_prefix(linktype: u16, data: &[u8]) {
    let whole = decoded(linktype, data);
    for len in 0..data.len() {
        let start = &data[..len];
        let packet = cut(linktype, start, data.len());
        let places =
            |packet: &Packet<'_>| packet.layers.iter().map(|at| (at.layer, at.offset)).collect::<Vec<_>>();
        let (found, all) = (places(&packet), places(&whole));
        // What the cut-off header would have been is a guess where nothing of it was captured.
        let cut_off = packet.stop.is_some_and(|stop| stop.reason == StopReason::Truncated);
        let sure = if cut_off { &found[..found.len().saturating_sub(1)] } else { &found };
        assert!(all.starts_with(sure), "{len} bytes: {found:?} is no beginning of {all:?}");
        let quoting = packet.layers.iter().any(|at| at.quoted) || packet.quoted.is_some();
        if found.len() < all.len() && !quoting {
            let reason = packet.stop.map(|stop| stop.reason);
            assert_eq!(reason, Some(StopReason::Truncated), "{len} bytes of {all:?}: {found:?}");
        }
        assert!(
            packet.payload.len() <= packet.payload_len as usize || packet.payload_len == 0,
            "{len} bytes"
        );
        for at in &packet.layers {
            assert!(at.offset as usize + at.len as usize <= len, "{len} bytes: {at:?}");
        }
        let never_more = cut(linktype, start, len);
        assert!(never_more.payload.len() <= start.len());
    }
}
