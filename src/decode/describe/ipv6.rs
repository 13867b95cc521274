//! IPv6 and its extension headers. RFC 8200.

use super::names::{dscp, ecn, ip_protocol};
use super::notation::{
    Item, bits, flag, flags, hex, hex_part, ipv6, measure, named, named_part, number, part, scaled,
};
use super::reader::Reader;

/// The fixed header. RFC 8200 §3
pub(super) fn header(reader: &mut Reader<'_>) {
    reader.read(&[
        bits(
            4,
            &[
                part("version", 4),
                named_part("dscp", 6, dscp),
                named_part("ecn", 2, ecn),
                hex_part("flow_label", 20),
            ],
        ),
        number("payload_length", 2),
        named("next_header", 1, ip_protocol),
        number("hop_limit", 1),
        ipv6("source"),
        ipv6("destination"),
    ]);
    // A payload length of 0 is a jumbogram or segmentation offload.
    let payload = reader.last("payload_length") as usize;
    if payload > 0 {
        reader.end_at(40 + payload);
    }
    reader.around.fragment = false;
    reader.around.network = reader.last_address("source").zip(reader.last_address("destination"));
}

const NEXT: &[Item<'_>] =
    &[named("next_header", 1, ip_protocol), measure("header_length", 1, 8, "bytes after 8")];

/// Hop-by-hop and destination options. RFC 8200 §4.3, §4.6
pub(super) fn options(reader: &mut Reader<'_>) {
    reader.read(NEXT);
    while let Some(kind) = reader.ahead(1) {
        let len = if kind == 0 { 1 } else { reader.peek().get(1).map_or(2, |&len| 2 + usize::from(len)) };
        reader.group("option", len, |r| {
            r.item(named("option_type", 1, option));
            let name = option(kind).map_or_else(|| format!("option {kind}"), String::from);
            r.share("if_unknown", (0, 2), super::Value::Number(kind >> 6));
            r.share("may_change", (2, 1), super::Value::Bool(kind & 0x20 != 0));
            if kind == 0 {
                return name;
            }
            r.item(number("option_length", 1));
            match (kind, r.left()) {
                (1, _) => r.rest("padding"),
                (5, 2) => r.read(&[named("alert", 2, |value| {
                    ["multicast listener discovery", "RSVP", "active networks"].get(value as usize).copied()
                })]),
                (0xc2, 4) => r.read(&[number("jumbo_length", 4)]),
                (0xc9, 16) => r.read(&[ipv6("home_address")]),
                (0x31, 12..) => r.read(&[
                    flags(
                        "rpl_flags",
                        1,
                        &[flag("down"), flag("rank_error"), flag("forwarding_error"), part("reserved", 5)],
                    ),
                    number("rpl_instance", 1),
                ]),
                _ => r.rest("value"),
            }
            name
        });
    }
}

fn option(value: u64) -> Option<&'static str> {
    Some(match value {
        0x00 => "Pad1",
        0x01 => "PadN",
        0x04 => "tunnel encapsulation limit",
        0x05 => "router alert",
        0x07 => "CALIPSO",
        0x08 => "SMF DPD",
        0x0f => "performance and diagnostic metrics",
        0x23 | 0x63 => "RPL",
        0x26 => "quick start",
        0x30 => "minimum path MTU",
        0x31 => "in-situ OAM",
        0x6d => "MPL",
        0x8b => "ILNP nonce",
        0x8c => "line identification",
        0xc2 => "jumbo payload",
        0xc9 => "home address",
        0xee => "IP DFF",
        _ => return None,
    })
}

/// The routing header. RFC 8200 §4.4
pub(super) fn routing(reader: &mut Reader<'_>) {
    reader.read(NEXT);
    reader.read(&[named("routing_type", 1, routing_type), number("segments_left", 1)]);
    let mut hops = Vec::new();
    let kind = reader.last("routing_type");
    match kind {
        0 | 2 => reader.read(&[hex("reserved", 4)]),
        4 => reader.read(&[number("last_entry", 1), hex("flags", 1), hex("tag", 2)]),
        3 => reader.read(&[bits(
            4,
            &[part("cmpri", 4), part("cmpre", 4), part("pad", 4), hex_part("reserved", 20)],
        )]),
        _ => {}
    }
    let listed = match kind {
        0 | 2 => reader.left() / 16,
        4 => (reader.last("last_entry") as usize + 1).min(reader.left() / 16),
        _ => 0,
    };
    for _ in 0..listed {
        reader.item(ipv6("hop"));
        hops.extend(reader.last_address("hop"));
    }
    // RFC 8200 §8.1: the pseudo-header has the final destination. RFC 8754 §2: segments stand in reverse order.
    let last = if kind == 4 { hops.first() } else { hops.last() };
    if let (Some((source, _)), Some(last), 1..) = (reader.around.network, last, reader.last("segments_left"))
    {
        reader.around.network = Some((source, *last));
    }
    reader.rest("value");
}

fn routing_type(value: u64) -> Option<&'static str> {
    Some(match value {
        0 => "source route, deprecated",
        2 => "mobility",
        3 => "RPL source route",
        4 => "segment routing",
        253 | 254 => "experiment",
        _ => return None,
    })
}

/// The fragment header. RFC 8200 §4.5
pub(super) fn fragment(reader: &mut Reader<'_>) {
    reader.read(&[
        named("next_header", 1, ip_protocol),
        hex("reserved", 1),
        bits(2, &[scaled("fragment_offset", 13, 8, "bytes"), part("reserved", 2), flag("more_fragments")]),
        hex("identification", 4),
    ]);
    reader.around.fragment = reader.last("more_fragments") == 1 || reader.last("fragment_offset") != 0;
}

/// The mobility header. RFC 6275 §6.1
pub(super) fn mobility(reader: &mut Reader<'_>) {
    reader.read(NEXT);
    reader.read(&[
        named("mobility_type", 1, |value| {
            let names = [
                "binding refresh request",
                "home test init",
                "care-of test init",
                "home test",
                "care-of test",
                "binding update",
                "binding acknowledgment",
                "binding error",
                "fast binding update",
                "fast binding acknowledgment",
                "fast neighbor advertisement",
                "experimental",
                "home agent switch",
                "heartbeat",
                "handover initiate",
                "handover acknowledge",
                "binding revocation",
            ];
            names.get(value as usize).copied()
        }),
        hex("reserved", 1),
        hex("checksum", 2),
    ]);
    reader.rest("message");
}

/// Shim6. RFC 5533 §5.1
pub(super) fn shim6(reader: &mut Reader<'_>) {
    reader.read(NEXT);
    if reader.ahead(1).is_some_and(|byte| byte & 0x80 != 0) {
        return reader.read(&[bits(6, &[flag("payload"), hex_part("context_tag", 47)])]);
    }
    reader.read(&[
        bits(2, &[flag("payload"), part("message_type", 7), part("type_specific", 7), flag("zero")]),
        hex("checksum", 2),
    ]);
    reader.rest("message");
}

/// The Host Identity Protocol. RFC 7401 §5.1
pub(super) fn hip(reader: &mut Reader<'_>) {
    reader.read(NEXT);
    reader.read(&[
        bits(
            2,
            &[flag("zero"), part("packet_type", 7), part("version", 4), part("reserved", 3), flag("one")],
        ),
        hex("checksum", 2),
        hex("controls", 2),
        ipv6("sender_identity"),
        ipv6("receiver_identity"),
    ]);
    reader.rest("parameters");
}

#[cfg(test)]
mod tests {
    use super::super::Open;
    use super::super::reader::Around;
    use super::super::testing::{fields, opened, texts};
    use super::*;

    #[test]
    fn the_fixed_header_opens_field_by_field() {
        let mut bytes = vec![0x6b, 0x81, 0x23, 0x45, 0, 20, 6, 64];
        bytes.extend([0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]);
        bytes.extend([0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2]);
        assert_eq!(
            opened(header, &bytes, 40),
            "version 0+4 [0,4]: 6\ndscp 0+4 [4,6]: 46 (EF)\necn 0+4 [10,2]: 0 (Not-ECT)\n\
             flow_label 0+4 [12,20]: 0x12345\npayload_length 4+2: 20\nnext_header 6+1: 6 (TCP)\n\
             hop_limit 7+1: 64\nsource 8+16: 2001:db8::1\ndestination 24+16: fe80::2\n"
        );
    }

    #[test]
    fn options_are_shown_one_by_one() {
        let bytes = [58, 0, 5, 2, 0, 0, 1, 0];
        opened(options, &bytes, 8);
        let found = fields(options, &bytes, 8);
        assert_eq!(texts(&found, "option"), ["router alert", "PadN"]);
        assert_eq!(texts(&found, "alert"), ["0 (multicast listener discovery)"]);
        for broken in [[58, 0, 0, 1, 200, 1, 2, 3], [58, 0, 0xc2, 4, 0, 0, 0, 9], [1; 8], [0xff; 8]] {
            opened(options, &broken, 8);
        }
    }

    #[test]
    fn a_routing_header_names_the_final_destination() {
        for (kind, expected) in [(0u8, "::2"), (4, "::1")] {
            let mut bytes = vec![6, 4, kind, 1, 1, 0, 0, 0];
            bytes.extend([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]);
            bytes.extend([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2]);
            let address = crate::decode::Address::v6([9; 16]);
            let around = Around { network: Some((address, address)), end: 40, ..Around::default() };
            let mut reader = Reader::new(&bytes, 40, 0, around);
            routing(&mut reader);
            let (fields, _, around) = reader.finish();
            assert_eq!(texts(&fields, "hop"), ["::1", "::2"]);
            assert_eq!(around.network.unwrap().1.to_string(), expected);
            opened(routing, &bytes, 40);
        }
    }

    #[test]
    fn the_other_headers_cover_their_bytes() {
        let all: [(Open, usize); 6] =
            [(fragment, 8), (mobility, 24), (shim6, 8), (shim6, 24), (hip, 56), (routing, 40)];
        for (open, len) in all {
            for fill in [0, 1, 3, 4, 0x55, 0xff] {
                opened(open, &vec![fill; len], len);
            }
        }
    }
}
