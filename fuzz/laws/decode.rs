//! Decoding: whatever a frame holds, layers, payload and described fields lie within it, for it and for each of its prefixes; and the
//! short way says what the walk does.

use flowray::capture::LinkType;
use flowray::decode::{Limits, Packet, Plain, Transport, describe, frame, plain};

/// The first two bytes are the link type, the others the frame.
pub fn check(bytes: &[u8]) {
    let Some((kind, data)) = bytes.split_first_chunk::<2>() else { return };
    let linktype = LinkType(u16::from_be_bytes(*kind) % 300);
    let step = 1 + data.len() / 48;
    for len in (0..data.len()).step_by(step).chain([data.len()]) {
        one(linktype, &data[..len], data.len() as u32);
    }
    one(linktype, data, data.len() as u32 + 100);
    one(linktype, data, 0);
}

fn one(linktype: LinkType, data: &[u8], orig_len: u32) {
    let captured = super::frame(linktype, data, orig_len);
    let mut packet = Packet::default();
    frame(&captured, &mut packet);
    if Plain::may_be(linktype, &Limits::default())
        && let Some(plain) = plain(data, orig_len)
    {
        same(&plain, &packet);
    }
    let len = data.len() as u64;
    for layer in &packet.layers {
        assert!(u64::from(layer.offset) <= len, "{layer:?} begins behind the frame");
    }
    if !packet.payload.is_empty() {
        let start = packet.payload_offset as usize;
        assert_eq!(data.get(start..start + packet.payload.len()), Some(packet.payload));
        assert!(
            packet.payload.len() as u64 <= u64::from(packet.payload_len),
            "more payload than on the wire"
        );
    }
    if let Some(fragment) = packet.fragment {
        assert!(fragment.bytes.len() as u64 <= u64::from(fragment.len));
    }
    for layer in describe::layers(&captured, &packet, None) {
        for field in &layer.fields {
            let end = u64::from(field.offset) + u64::from(field.length);
            assert!(end <= len, "{}.{} lies behind the frame", layer.layer.name(), field.name);
        }
    }
}

fn same(plain: &Plain<'_>, packet: &Packet<'_>) {
    assert!(packet.layers.iter().map(|at| at.layer).eq(Plain::LAYERS), "{packet:?}");
    assert!(packet.stop.is_none() && packet.fragment.is_none() && packet.quoted.is_none(), "{packet:?}");
    assert!(packet.headers.is_empty() && packet.vlans.is_empty() && packet.tunnels.is_empty(), "{packet:?}");
    assert_eq!(packet.network, Some(plain.network()));
    assert!(matches!(packet.transport, Transport::Tcp(tcp) if tcp == plain.tcp()), "{packet:?}");
    assert_eq!(
        (packet.payload, packet.payload_len, packet.payload_offset),
        (plain.payload, plain.payload_len, plain.payload_offset())
    );
}
