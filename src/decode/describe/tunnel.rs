//! Tunnels over IP and UDP.

use super::names::{ethertype, ip_protocol};
use super::notation::{
    bits, bytes, code, flag, flags, hex, hex_part, ipv6, measure, named, number, part, scaled,
};
use super::reader::Reader;

/// GRE, its version 1 for PPTP included. RFC 2784, RFC 2890, RFC 2637 §4.1
pub(super) fn gre(reader: &mut Reader<'_>) {
    reader.read(&[
        bits(
            2,
            &[
                flag("checksum_present"),
                flag("routing_present"),
                flag("key_present"),
                flag("sequence_present"),
                flag("strict_source_route"),
                part("recursion", 3),
                flag("acknowledgment_present"),
                part("reserved", 4),
                part("version", 3),
            ],
        ),
        code("protocol", 2, ethertype),
    ]);
    let present = |reader: &Reader<'_>, name| reader.last(name) == 1;
    if reader.last("version") == 1 {
        reader.read(&[number("payload_length", 2), number("call", 2)]);
        if present(reader, "sequence_present") {
            reader.item(number("sequence", 4));
        }
        if present(reader, "acknowledgment_present") {
            reader.item(number("acknowledgment", 4));
        }
        return;
    }
    if present(reader, "checksum_present") || present(reader, "routing_present") {
        reader.read(&[hex("checksum", 2), hex("offset", 2)]);
    }
    if present(reader, "key_present") {
        reader.item(hex("key", 4));
    }
    if present(reader, "sequence_present") {
        reader.item(number("sequence", 4));
    }
    reader.rest("routing");
}

/// ERSPAN of type II or III; type I has no header of its own.
pub(super) fn erspan(reader: &mut Reader<'_>) {
    reader.item(bits(
        4,
        &[
            part("version", 4),
            part("vlan_id", 12),
            part("class_of_service", 3),
            part("encapsulation", 2),
            flag("truncated"),
            part("span_id", 10),
        ],
    ));
    if reader.last("version") != 2 {
        reader.item(bits(4, &[part("reserved", 12), part("index", 20)]));
        return;
    }
    reader.read(&[
        number("timestamp", 4),
        number("security_group_tag", 2),
        bits(
            2,
            &[
                flag("protocol_data_unit"),
                part("frame_type", 5),
                part("hardware", 6),
                flag("egress"),
                part("granularity", 2),
                flag("subheader_present"),
            ],
        ),
    ]);
    if reader.last("subheader_present") == 1 {
        reader.item(bytes("platform_subheader", 8));
    }
}

/// VXLAN, and its generic extension. RFC 7348 §5
pub(super) fn vxlan(reader: &mut Reader<'_>) {
    reader.read(&[
        flags(
            "flags",
            1,
            &[
                flag("group_policy"),
                flag("reserved"),
                part("version", 2),
                flag("instance_valid"),
                flag("next_protocol_present"),
                flag("replicated"),
                flag("oam"),
            ],
        ),
        hex("reserved", 2),
        named("next_protocol", 1, |value| {
            Some(match value {
                1 => "IPv4",
                2 => "IPv6",
                3 => "Ethernet",
                4 => "NSH",
                5 => "MPLS",
                _ => return None,
            })
        }),
        number("network_id", 3),
        hex("reserved", 1),
    ]);
}

/// Geneve with its options. RFC 8926 §3.4
pub(super) fn geneve(reader: &mut Reader<'_>) {
    reader.read(&[
        bits(1, &[part("version", 2), scaled("options_length", 6, 4, "bytes")]),
        bits(1, &[flag("control"), flag("critical_options"), part("reserved", 6)]),
        code("protocol", 2, ethertype),
        number("network_id", 3),
        hex("reserved", 1),
    ]);
    while reader.left() >= 4 {
        let len = reader.peek().get(3).map_or(0, |len| usize::from(len & 0x1f) * 4);
        reader.group("option", 4 + len, |r| {
            r.read(&[
                hex("class", 2),
                bits(1, &[flag("critical"), part("option_type", 7)]),
                bits(1, &[part("reserved", 3), scaled("option_length", 5, 4, "bytes")]),
            ]);
            let text = format!("class {}, type {}", r.last_text("class"), r.last("option_type"));
            r.rest("value");
            text
        });
    }
}

/// GTP, versions 1 and 2 and the charging protocol. 3GPP TS 29.060 §6, TS 29.281 §5
pub(super) fn gtp(reader: &mut Reader<'_>) {
    if reader.ahead(1).is_some_and(|first| first >> 5 == 2) {
        reader.item(bits(
            1,
            &[
                part("version", 3),
                flag("piggybacked"),
                flag("tunnel_present"),
                flag("priority_present"),
                part("spare", 2),
            ],
        ));
        reader.read(&[number("message_type", 1), number("length", 2)]);
        if reader.last("tunnel_present") == 1 {
            reader.item(hex("tunnel", 4));
        }
        reader.read(&[number("sequence", 3), hex("spare", 1)]);
        return;
    }
    reader.item(bits(
        1,
        &[
            part("version", 3),
            flag("gtp"),
            flag("reserved"),
            flag("extension_present"),
            flag("sequence_present"),
            flag("n_pdu_present"),
        ],
    ));
    reader.read(&[named("message_type", 1, gtp_message), number("length", 2)]);
    if reader.last("version") == 0 {
        reader.read(&[
            number("sequence", 2),
            hex("flow_label", 2),
            hex("n_pdu", 1),
            hex("spare", 3),
            hex("tunnel", 8),
        ]);
        return;
    }
    reader.item(hex("tunnel", 4));
    let optional = ["extension_present", "sequence_present", "n_pdu_present"];
    if optional.iter().all(|name| reader.last(name) == 0) {
        return;
    }
    reader.read(&[number("sequence", 2), number("n_pdu", 1), named("next_extension", 1, gtp_extension)]);
    while reader.last("next_extension") != 0 && reader.left() >= 4 {
        let len = reader.ahead(1).map_or(4, |len| (len as usize).max(1) * 4);
        let name = reader.last_text("next_extension");
        reader.group("extension", len, |r| {
            r.item(measure("extension_length", 1, 4, "bytes"));
            r.bytes("content", r.left().saturating_sub(1));
            r.item(named("next_extension", 1, gtp_extension));
            name
        });
    }
}

fn gtp_message(value: u64) -> Option<&'static str> {
    Some(match value {
        1 => "echo request",
        2 => "echo response",
        3 => "version not supported",
        16 => "create PDP context request",
        17 => "create PDP context response",
        18 => "update PDP context request",
        19 => "update PDP context response",
        20 => "delete PDP context request",
        21 => "delete PDP context response",
        26 => "error indication",
        31 => "supported extension headers",
        254 => "end marker",
        255 => "G-PDU",
        _ => return None,
    })
}

fn gtp_extension(value: u64) -> Option<&'static str> {
    Some(match value {
        0x00 => "none",
        0x20 => "service class",
        0x40 => "UDP port",
        0x81 => "RAN container",
        0x82 | 0x83 => "long PDCP PDU number",
        0x84 => "NR RAN container",
        0x85 => "PDU session container",
        0xc0 => "PDCP PDU number",
        _ => return None,
    })
}

/// Teredo's indications in front of the IPv6 packet. RFC 4380 §5.1.1
pub(super) fn teredo(reader: &mut Reader<'_>) {
    if reader.ahead(2) == Some(1) {
        reader.read(&[hex("authentication", 2), number("client_length", 1), number("value_length", 1)]);
        let (client, value) = (reader.last("client_length") as usize, reader.last("value_length") as usize);
        reader.bytes("client", client);
        reader.bytes("value", value);
        reader.read(&[hex("nonce", 8), number("confirmation", 1)]);
    }
    if reader.ahead(2) == Some(0) {
        // Both are sent with all bits inverted, so that no translator sees them.
        reader.read(&[hex("origin", 2), hex("obfuscated_port", 2)]);
        let port = !(reader.last("obfuscated_port") as u16);
        reader.derive("origin_port", super::Value::Number(port.into()), port.to_string());
        let inverted = reader.ahead(4);
        reader.item(hex("obfuscated_address", 4));
        if let Some(inverted) = inverted {
            let address = crate::decode::Address::v4((!(inverted as u32)).to_be_bytes());
            reader.derive("origin_address", super::Value::Address(address), address.to_string());
        }
    }
}

/// AYIYA, of the SixXS tunnel brokers.
pub(super) fn ayiya(reader: &mut Reader<'_>) {
    reader.read(&[
        bits(1, &[part("identity_length", 4), part("identity_type", 4)]),
        bits(1, &[scaled("signature_length", 4, 4, "bytes"), part("hash_method", 4)]),
        bits(1, &[part("authentication", 4), part("operation", 4)]),
        named("next_header", 1, ip_protocol),
        number("epoch", 4),
    ]);
    let identity = 1usize << reader.last("identity_length").min(8);
    match identity {
        16 => reader.read(&[ipv6("identity")]),
        _ => reader.bytes("identity", identity),
    }
    let signature = reader.last("signature_length") as usize * 4;
    reader.bytes("signature", signature);
}

/// L2TP, versions 2 and 3. RFC 2661 §3.1, RFC 3931 §4.1
pub(super) fn l2tp(reader: &mut Reader<'_>) {
    if reader.ahead(2).is_some_and(|word| word & 0xf < 2) && reader.left() <= 8 {
        return reader.read(&[hex("connection_id", 4), bytes("cookie", reader.left().saturating_sub(4))]);
    }
    reader.item(bits(
        2,
        &[
            flag("control"),
            flag("length_present"),
            part("reserved", 2),
            flag("sequence_present"),
            flag("reserved"),
            flag("offset_present"),
            flag("priority"),
            part("reserved", 4),
            part("version", 4),
        ],
    ));
    if reader.last("version") == 3 {
        match reader.last("control") {
            1 => reader.read(&[
                number("length", 2),
                hex("control_connection", 4),
                number("ns", 2),
                number("nr", 2),
            ]),
            _ => reader.read(&[hex("reserved", 2), hex("connection_id", 4)]),
        }
        return reader.rest("cookie");
    }
    if reader.last("length_present") == 1 {
        reader.item(number("length", 2));
    }
    reader.read(&[number("tunnel", 2), number("call", 2)]);
    if reader.last("sequence_present") == 1 {
        reader.read(&[number("ns", 2), number("nr", 2)]);
    }
    if reader.last("offset_present") == 1 {
        let size = reader.item(number("offset_size", 2)) as usize;
        reader.bytes("offset_padding", size.min(reader.left()));
    }
}

/// GTP', and version 0, with which it shares its port. 3GPP TS 32.295 §6.1.1
pub(super) fn gtp_prime(reader: &mut Reader<'_>) {
    reader.item(bits(1, &[part("version", 3), flag("gtp"), part("spare", 3), flag("short_header")]));
    reader.read(&[named("message_type", 1, gtp_message), number("length", 2), number("sequence", 2)]);
    reader.read(&[hex("flow_label", 2), hex("n_pdu", 1), hex("spare", 3), hex("tunnel", 8)]);
}

/// Ethernet within IP. RFC 3378 §3
pub(super) fn ether_ip(reader: &mut Reader<'_>) {
    reader.item(bits(2, &[part("version", 4), part("reserved", 12)]));
}

/// A control message of LISP. RFC 9301 §5.1
pub(super) fn lisp_control(reader: &mut Reader<'_>) {
    reader.item(bits(4, &[part("message_type", 4), hex_part("flags", 20), part("records", 8)]));
    if !matches!(reader.last("message_type"), 1..=4) {
        return;
    }
    reader.item(hex("nonce", 8));
}

/// LISP's data header. RFC 9300 §5.3
pub(super) fn lisp(reader: &mut Reader<'_>) {
    reader.read(&[
        bits(
            4,
            &[
                flag("nonce_present"),
                flag("locator_status_present"),
                flag("echo_nonce_request"),
                flag("map_version_present"),
                flag("instance_present"),
                part("reserved", 3),
                hex_part("nonce", 24),
            ],
        ),
        hex("locator_status", 4),
    ]);
}

#[cfg(test)]
mod tests {
    use super::super::Open;
    use super::super::testing::{fields, opened, texts};
    use super::*;

    #[test]
    fn gre_has_the_fields_that_its_flags_announce() {
        let bytes = [0xb0, 0, 0x65, 0x58, 0, 0, 0, 0, 0, 0, 0, 9, 0, 0, 0, 3];
        opened(gre, &bytes, 16);
        let found = fields(gre, &bytes, 16);
        assert_eq!(texts(&found, "protocol"), ["0x6558 (Transparent Ethernet bridging)"]);
        assert_eq!(texts(&found, "key"), ["0x00000009"]);
        assert_eq!(texts(&found, "sequence"), ["3"]);
        let pptp = [0x30, 0x81, 0x88, 0x0b, 0, 7, 0, 9, 0, 0, 0, 1, 0, 0, 0, 2];
        assert_eq!(texts(&fields(gre, &pptp, 16), "acknowledgment"), ["2"]);
    }

    #[test]
    fn overlays_show_their_network() {
        assert_eq!(texts(&fields(vxlan, &[8, 0, 0, 0, 0, 0, 42, 0], 8), "network_id"), ["42"]);
        let with_option = [1, 0, 0x65, 0x58, 0, 0, 7, 0, 1, 2, 0x80 | 5, 0];
        let found = fields(geneve, &with_option, 12);
        assert_eq!(texts(&found, "option"), ["class 0x0102, type 5"]);
        assert_eq!(texts(&found, "critical"), ["set"]);
        let mirrored = [0x10, 0x64, 0, 5, 0, 0, 0, 1];
        assert_eq!(texts(&fields(erspan, &mirrored, 8), "span_id"), ["5"]);
    }

    #[test]
    fn gtp_extensions_are_a_chain() {
        let bytes = [0x34, 255, 0, 8, 0, 0, 0, 1, 0, 0, 0, 0x85, 1, 0x10, 0x09, 0];
        opened(gtp, &bytes, 16);
        let found = fields(gtp, &bytes, 16);
        assert_eq!(texts(&found, "message_type"), ["255 (G-PDU)"]);
        assert_eq!(texts(&found, "extension"), ["133 (PDU session container)"]);
    }

    #[test]
    fn teredo_tells_the_origin_that_it_hides() {
        let bytes = [0, 0, 0xff, 0xca, 0xf5, 0xff, 0xff, 0xfe];
        let found = fields(teredo, &bytes, 8);
        assert_eq!(
            (texts(&found, "origin_port"), texts(&found, "origin_address")),
            (vec![String::from("53")], vec![String::from("10.0.0.1")])
        );
    }

    #[test]
    fn the_tunnels_cover_their_bytes() {
        let all: [(Open, usize); 17] = [
            (gre, 16),
            (gre, 4),
            (erspan, 8),
            (erspan, 20),
            (vxlan, 8),
            (geneve, 24),
            (gtp, 12),
            (gtp, 20),
            (teredo, 21),
            (ayiya, 44),
            (l2tp, 8),
            (l2tp, 14),
            (lisp, 8),
            (lisp_control, 20),
            (gtp_prime, 20),
            (gtp_prime, 6),
            (ether_ip, 2),
        ];
        for (open, len) in all {
            for fill in [0, 1, 0x21, 0x32, 0x4a, 0x55, 0xc3, 0xff] {
                opened(open, &vec![fill; len], len);
            }
        }
    }
}
