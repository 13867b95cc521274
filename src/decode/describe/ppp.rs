//! PPP, PPP over Ethernet, and the serial links: Cisco HDLC, frame relay, SLIP.

use super::names::{ethertype, ppp_protocol};
use super::notation::{Names, bits, code, flag, hex, ipv4, named, named_part, number, part};
use super::reader::Reader;

/// PPP over Ethernet. RFC 2516 §4
pub(super) fn pppoe(reader: &mut Reader<'_>) {
    reader.read(&[
        bits(1, &[part("version", 4), part("type", 4)]),
        code("code", 1, pppoe_code),
        hex("connection_id", 2),
        number("length", 2),
    ]);
    let length = reader.last("length") as usize;
    if reader.last("code") == 0 {
        return reader.end_at(6 + length);
    }
    reader.end_at(6 + length);
    reader.take_payload();
    while reader.left() >= 4 {
        let len =
            reader.peek().get(2..4).map_or(0, |len| len.iter().fold(0, |n, b| n << 8 | usize::from(*b)));
        reader.group("tag", 4 + len, |r| {
            r.read(&[code("tag_type", 2, pppoe_tag), number("tag_length", 2)]);
            let text = r.last_text("tag_type");
            match r.last("tag_type") {
                0x0101 | 0x0102 | 0x0201 | 0x0202 | 0x0203 => r.characters("text", r.left()),
                _ => r.rest("value"),
            }
            text
        });
    }
}

fn pppoe_code(value: u64) -> Option<&'static str> {
    Some(match value {
        0x00 => "session data",
        0x07 => "PADO, offer",
        0x09 => "PADI, initiation",
        0x19 => "PADR, request",
        0x65 => "PADS, confirmation",
        0xa7 => "PADT, termination",
        _ => return None,
    })
}

fn pppoe_tag(value: u64) -> Option<&'static str> {
    Some(match value {
        0x0000 => "end of list",
        0x0101 => "service name",
        0x0102 => "access concentrator",
        0x0103 => "host unique",
        0x0104 => "cookie",
        0x0105 => "vendor specific",
        0x0110 => "relay session",
        0x0120 => "maximum payload",
        0x0201 => "service name error",
        0x0202 => "access concentrator error",
        0x0203 => "generic error",
        _ => return None,
    })
}

/// PPP, with HDLC's address and control where they were sent. RFC 1661 §2, RFC 1662 §3.1
pub(super) fn ppp(reader: &mut Reader<'_>) {
    if reader.left() >= 3 && reader.ahead(1) == Some(0xff) || reader.left() == 4 {
        reader.read(&[hex("address", 1), hex("control", 1)]);
    }
    let compressed = reader.left() == 1;
    reader.item(code("protocol", if compressed { 1 } else { 2 }, ppp_protocol));
}

/// PPP multilink. RFC 1990 §3
pub(super) fn multilink(reader: &mut Reader<'_>) {
    if reader.left() == 2 {
        reader.item(bits(2, &[flag("begin"), flag("end"), part("class", 2), part("sequence", 12)]));
    } else {
        reader.item(bits(4, &[flag("begin"), flag("end"), part("class", 6), part("sequence", 24)]));
    }
}

/// A control protocol of PPP: LCP and those that follow its form. RFC 1661 §5
pub(super) fn control(reader: &mut Reader<'_>) {
    control_packet(reader, "options", lcp_option);
}

/// IPCP. RFC 1332 §3
pub(super) fn ip_control(reader: &mut Reader<'_>) {
    control_packet(reader, "options", ipcp_option);
}

/// Authentication by password or challenge, which has no options. RFC 1334, RFC 1994
pub(super) fn authentication(reader: &mut Reader<'_>) {
    control_packet(reader, "value", |_| None);
}

fn control_packet(reader: &mut Reader<'_>, body: &'static str, options: Names) {
    reader.take_payload();
    let names = if body == "options" { control_code } else { |_| None };
    reader.read(&[named("code", 1, names), number("identifier", 1), number("length", 2)]);
    reader.end_at((reader.last("length") as usize).max(4));
    if body != "options" || !(1..=4).contains(&reader.last("code")) {
        return reader.rest("value");
    }
    while reader.left() >= 2 {
        let len = reader.peek().get(1).map_or(2, |&len| usize::from(len).max(2));
        reader.group("option", len, |r| {
            r.read(&[named("option_type", 1, options), number("option_length", 1)]);
            let kind = r.last_text("option_type");
            let value = r.ahead(r.left()).filter(|_| matches!(r.left(), 1..=4));
            r.rest("option_value");
            value.map_or(kind.clone(), |value| format!("{kind} = {value}"))
        });
    }
}

fn control_code(value: u64) -> Option<&'static str> {
    Some(match value {
        1 => "Configure-Request",
        2 => "Configure-Ack",
        3 => "Configure-Nak",
        4 => "Configure-Reject",
        5 => "Terminate-Request",
        6 => "Terminate-Ack",
        7 => "Code-Reject",
        8 => "Protocol-Reject",
        9 => "Echo-Request",
        10 => "Echo-Reply",
        11 => "Discard-Request",
        12 => "Identification",
        13 => "Time-Remaining",
        _ => return None,
    })
}

fn lcp_option(value: u64) -> Option<&'static str> {
    Some(match value {
        1 => "maximum receive unit",
        2 => "asynchronous control character map",
        3 => "authentication protocol",
        4 => "quality protocol",
        5 => "magic number",
        7 => "protocol field compression",
        8 => "address and control field compression",
        13 => "callback",
        17 => "multilink maximum reconstructed unit",
        18 => "multilink short sequence numbers",
        19 => "multilink endpoint discriminator",
        _ => return None,
    })
}

fn ipcp_option(value: u64) -> Option<&'static str> {
    Some(match value {
        1 => "addresses",
        2 => "compression protocol",
        3 => "address",
        129 => "primary DNS server",
        130 => "primary NBNS server",
        131 => "secondary DNS server",
        132 => "secondary NBNS server",
        _ => return None,
    })
}

/// Cisco HDLC.
pub(super) fn cisco_hdlc(reader: &mut Reader<'_>) {
    reader.read(&[
        named("address", 1, |value| match value {
            0x0f => Some("unicast"),
            0x8f => Some("multicast"),
            _ => None,
        }),
        hex("control", 1),
        code("protocol", 2, |value| if value == 0x8035 { Some("SLARP") } else { ethertype(value) }),
    ]);
}

/// Cisco's keep-alive and address resolution over a serial line.
pub(super) fn slarp(reader: &mut Reader<'_>) {
    reader.take_payload();
    reader.item(named("packet_type", 4, |value| {
        ["address request", "address reply", "keep-alive"].get(value as usize).copied()
    }));
    if reader.last("packet_type") == 2 {
        reader.read(&[number("sequence", 4), number("last_seen_sequence", 4), hex("reliability", 2)]);
    } else {
        reader.read(&[ipv4("address"), ipv4("mask")]);
    }
    reader.rest("data");
}

/// Frame relay. Q.922 §3.2, RFC 2427 §3
pub(super) fn frame_relay(reader: &mut Reader<'_>) {
    reader.item(bits(
        2,
        &[
            part("dlci_high", 6),
            flag("command_response"),
            flag("extended_first"),
            part("dlci_low", 4),
            flag("forward_congestion"),
            flag("backward_congestion"),
            flag("discard_eligible"),
            flag("extended_last"),
        ],
    ));
    if reader.position() < 2 {
        return;
    }
    let dlci = reader.last("dlci_high") << 4 | reader.last("dlci_low");
    reader.over("dlci", 2, None, super::Value::Number(dlci), dlci.to_string());
    if reader.ahead(1) == Some(3) {
        reader.item(hex("control", 1));
        if reader.left() >= 1 && reader.ahead(1) == Some(0) {
            reader.item(hex("padding", 1));
        }
        reader.item(code("nlpid", 1, nlpid));
        if reader.left() >= 5 {
            reader.item(hex("oui", 3));
        }
    }
    if reader.left() >= 2 {
        reader.item(super::ethernet::TYPE);
    }
}

fn nlpid(value: u64) -> Option<&'static str> {
    Some(match value {
        0x08 => "Q.933",
        0x80 => "SNAP",
        0x81 => "CLNP",
        0x82 => "ES-IS",
        0x83 => "IS-IS",
        0x8e => "IPv6",
        0xb0 => "compression",
        0xb1 => "fragmentation",
        0xcc => "IPv4",
        0xcf => "PPP",
        _ => return None,
    })
}

/// Multilink frame relay. FRF.16.1
pub(super) fn multilink_frame_relay(reader: &mut Reader<'_>) {
    reader.item(bits(
        2,
        &[
            flag("begin"),
            flag("end"),
            flag("control"),
            part("sequence_high", 4),
            flag("extended"),
            part("sequence_low", 8),
        ],
    ));
}

/// SLIP, as a capture gives it: direction, kind, and the header as compressed. RFC 1144 §3
pub(super) fn slip(reader: &mut Reader<'_>) {
    reader.read(&[
        named("direction", 1, |value| ["received", "sent"].get(value as usize).copied()),
        bits(
            1,
            &[named_part("kind", 8, |value| match value {
                0x40..=0x6f => Some("IP"),
                0x70..=0x7f => Some("uncompressed TCP"),
                0x80..=0xff => Some("compressed TCP"),
                _ => None,
            })],
        ),
    ]);
    reader.rest("compressed_header");
}

#[cfg(test)]
mod tests {
    use super::super::testing::{fields, opened, texts};
    use super::*;

    #[test]
    fn a_discovery_packet_shows_its_tags() {
        let bytes = [0x11, 0x09, 0, 0, 0, 11, 1, 1, 0, 0, 1, 2, 0, 3, b'I', b'S', b'P', 0, 0];
        opened(pppoe, &bytes, 6);
        let found = fields(pppoe, &bytes, 6);
        assert_eq!(texts(&found, "code"), ["0x09 (PADI, initiation)"]);
        assert_eq!(texts(&found, "tag"), ["0x0101 (service name)", "0x0102 (access concentrator)"]);
        assert_eq!(texts(&found, "text"), ["ISP"]);
    }

    #[test]
    fn ppp_is_read_with_and_without_its_hdlc_header_and_compressed() {
        for (bytes, expected) in [
            (
                &[0xff, 0x03, 0x00, 0x21][..],
                "address 0+1: 0xff\ncontrol 1+1: 0x03\nprotocol 2+2: 0x0021 (IPv4)\n",
            ),
            (&[0xc0, 0x21], "protocol 0+2: 0xc021 (Link control (LCP))\n"),
            (&[0x21], "protocol 0+1: 0x21 (IPv4)\n"),
        ] {
            assert_eq!(opened(ppp, bytes, bytes.len()), expected);
        }
    }

    #[test]
    fn link_control_options_are_shown_with_their_values() {
        let bytes = [1, 7, 0, 14, 1, 4, 0x05, 0xdc, 5, 6, 0, 0, 0, 9, 0xde, 0xad];
        let found = fields(control, &bytes, bytes.len());
        assert_eq!(texts(&found, "code"), ["1 (Configure-Request)"]);
        assert_eq!(texts(&found, "option"), ["1 (maximum receive unit) = 1500", "5 (magic number) = 9"]);
        let echo = [9, 1, 0, 8, 0, 0, 0, 1];
        assert_eq!(opened(control, &echo, 8).lines().last(), Some("value 4+4: 00000001"));
    }

    #[test]
    fn a_frame_relay_header_gives_the_dlci_in_one_number() {
        let bytes = [0x18, 0x41, 0x03, 0xcc];
        let found = fields(frame_relay, &bytes, 4);
        assert_eq!(texts(&found, "dlci"), ["100"]);
        assert_eq!(texts(&found, "nlpid"), ["0xcc (IPv4)"]);
        opened(frame_relay, &bytes, 4);
    }

    #[test]
    fn the_serial_links_cover_their_bytes() {
        for (open, len) in [
            (cisco_hdlc as super::super::Open, 4),
            (slarp, 18),
            (multilink, 4),
            (multilink, 2),
            (multilink_frame_relay, 2),
            (slip, 16),
            (ip_control, 20),
            (authentication, 20),
            (frame_relay, 10),
        ] {
            for fill in [0, 2, 0x55, 0xff] {
                opened(open, &vec![fill; len], len);
            }
        }
    }
}
