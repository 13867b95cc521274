//! Headers that a capturing system puts in place of, or in front of, the link header.

use super::ethernet::TYPE;
use super::names::{address_family, ethertype, hardware_type, sap};
use super::notation::{
    Item, bits, bytes, characters, code, flag, flags, hardware_of, hex, little, little_hex, little_named,
    named, number, part, signed,
};
use super::reader::Reader;

/// Linux cooked capture. <https://www.tcpdump.org/linktypes/LINKTYPE_LINUX_SLL.html>
pub(super) fn sll(reader: &mut Reader<'_>) {
    reader.read(&[
        named("packet_type", 2, packet_type),
        named("hardware_type", 2, hardware_type),
        number("address_length", 2),
    ]);
    cooked_address(reader);
    reader.item(TYPE);
}

/// Its second version. <https://www.tcpdump.org/linktypes/LINKTYPE_LINUX_SLL2.html>
pub(super) fn sll2(reader: &mut Reader<'_>) {
    reader.read(&[
        TYPE,
        hex("reserved", 2),
        number("interface", 4),
        named("hardware_type", 2, hardware_type),
        named("packet_type", 1, packet_type),
        number("address_length", 1),
    ]);
    cooked_address(reader);
}

/// Eight bytes, of which the address fills as many as its length says.
fn cooked_address(reader: &mut Reader<'_>) {
    let len = (reader.last("address_length") as usize).min(8);
    if len > 0 {
        reader.item(hardware_of("source", len));
    }
    reader.bytes("unused", 8 - len);
}

fn packet_type(value: u64) -> Option<&'static str> {
    let names =
        ["to us", "broadcast", "multicast", "to another host", "sent by us", "looped back", "to user space"];
    names.get(value as usize).copied()
}

/// BSD loopback: the address family, in the byte order of the host that captured.
pub(super) fn null(reader: &mut Reader<'_>) {
    let swapped = reader.ahead(4).is_some_and(|family| family > 0xffff);
    reader.item(if swapped {
        little_named("family", 4, address_family)
    } else {
        named("family", 4, address_family)
    });
}

/// Linux's log of Netfilter: attributes, one after the other.
pub(super) fn nflog(reader: &mut Reader<'_>) {
    reader.read(&[named("family", 1, address_family), number("version", 1), number("resource", 2)]);
    let little_endian = reader.peek().get(1).is_some_and(|&high| high == 0);
    while reader.left() >= 4 {
        let len = reader.peek().get(..2).map_or(0, |len| match (len, little_endian) {
            ([low, high], true) | ([high, low], false) => usize::from(*high) << 8 | usize::from(*low),
            _ => 0,
        });
        reader.group("attribute", len.max(4).next_multiple_of(4), |r| {
            if little_endian {
                r.read(&[little("attribute_length", 2), little_named("attribute_type", 2, nflog_attribute)]);
            } else {
                r.read(&[number("attribute_length", 2), named("attribute_type", 2, nflog_attribute)]);
            }
            match r.last("attribute_type") {
                10 => r.characters("prefix", r.left()),
                2 | 3 | 4 | 5 | 6 | 11 | 14 | 15 | 16 if r.left() == 4 => r.read(&[number("value", 4)]),
                _ => r.rest("value"),
            }
            r.last_text("attribute_type")
        });
    }
}

fn nflog_attribute(value: u64) -> Option<&'static str> {
    Some(match value {
        1 => "packet header",
        2 => "mark",
        3 => "time",
        4 => "incoming interface",
        5 => "outgoing interface",
        6 => "incoming physical interface",
        7 => "outgoing physical interface",
        8 => "hardware address",
        9 => "payload",
        10 => "prefix",
        11 => "user",
        12 => "sequence",
        13 => "global sequence",
        14 => "group",
        15 => "hardware type",
        16 => "hardware header length",
        17 => "hardware header",
        18 => "conntrack entry",
        19 => "conntrack state",
        _ => return None,
    })
}

/// Apple's packet tap. <https://www.tcpdump.org/linktypes/LINKTYPE_PKTAP.html>
pub(super) fn pktap(reader: &mut Reader<'_>) {
    reader.read(&[
        little("header_length", 4),
        little("record_type", 4),
        little("link_type", 4),
        characters("interface", 24),
        little_hex("flags", 4),
        little_named("protocol_family", 4, address_family),
        little("link_header_length", 4),
        little("link_trailer_length", 4),
        little("process", 4),
        characters("command", 20),
        little("service_class", 4),
        little("interface_type", 2),
        little("interface_unit", 2),
        little("effective_process", 4),
        characters("effective_command", 20),
    ]);
}

/// Solaris' IPNET device.
pub(super) fn ipnet(reader: &mut Reader<'_>) {
    reader.read(&[
        number("version", 1),
        named("family", 1, |value| match value {
            2 => Some("IPv4"),
            26 => Some("IPv6"),
            _ => None,
        }),
        number("hook_type", 2),
        number("packet_length", 4),
        number("interface", 4),
        number("group_interface", 4),
        number("source_zone", 4),
        number("destination_zone", 4),
    ]);
}

/// Per-packet information: fields, one after the other.
pub(super) fn ppi(reader: &mut Reader<'_>) {
    reader.read(&[
        number("version", 1),
        bits(1, &[part("reserved", 7), flag("aligned")]),
        little("header_length", 2),
        little("link_type", 4),
    ]);
    while reader.left() >= 4 {
        let len = reader
            .peek()
            .get(2..4)
            .map_or(0, |len| len.iter().rev().fold(0, |n, b| n << 8 | usize::from(*b)));
        reader.group("ppi_field", 4 + len, |r| {
            r.read(&[
                little_named("field_type", 2, |value| match value {
                    2 => Some("802.11 common"),
                    3 => Some("802.11n MAC"),
                    4 => Some("802.11n MAC and PHY"),
                    5 => Some("spectrum map"),
                    6 => Some("process information"),
                    7 => Some("capture information"),
                    _ => None,
                }),
                little("field_length", 2),
            ]);
            if r.last("field_type") == 2 {
                r.read(&[
                    little("tsf_timer", 8),
                    little_hex("flags", 2),
                    little("rate", 2),
                    little("channel_frequency", 2),
                    little_hex("channel_flags", 2),
                    number("hop_set", 1),
                    number("hop_pattern", 1),
                    signed("signal", "dBm"),
                    signed("noise", "dBm"),
                ]);
            }
            r.last_text("field_type")
        });
    }
}

/// SunATM. <https://www.tcpdump.org/linktypes/LINKTYPE_SUNATM.html>
pub(super) fn atm(reader: &mut Reader<'_>) {
    if reader.left() >= 8 && reader.ahead(1) == Some(0xaa) {
        return super::ethernet::llc(reader);
    }
    reader.read(&[
        flags("flags", 1, &[flag("sent"), part("reserved", 3), part("traffic", 4)]),
        number("virtual_path", 1),
        number("virtual_channel", 2),
    ]);
    if reader.left() >= 3 {
        reader.read(&[code("dsap", 1, sap), code("ssap", 1, sap), hex("control", 1)]);
    }
    if reader.left() >= 5 {
        reader.read(&[hex("oui", 3), TYPE]);
    }
}

/// Juniper's header: magic, flags, and what the kind of interface adds.
pub(super) fn juniper(reader: &mut Reader<'_>) {
    reader.read(&[
        hex("magic", 3),
        flags("flags", 1, &[flag("extension"), part("other", 5), flag("no_link_header"), flag("incoming")]),
    ]);
    if reader.last("extension") == 1 && reader.left() >= 2 {
        let len = reader.ahead(2).unwrap_or(0) as usize;
        reader.group("extensions", 2 + len, |r| {
            r.item(number("extensions_length", 2));
            while r.left() >= 2 {
                let len = r.peek().get(1).map_or(0, |&len| usize::from(len));
                r.group("extension", 2 + len, |r| {
                    r.read(&[number("extension_type", 1), number("extension_length", 1)]);
                    let text = format!("type {}", r.last("extension_type"));
                    r.rest("value");
                    text
                });
            }
            String::new()
        });
    }
    reader.rest("cookie");
}

/// IP over InfiniBand, with the destination in front where the capture has it. RFC 4391 §6
pub(super) fn ipoib(reader: &mut Reader<'_>) {
    let front = reader.left().saturating_sub(4);
    reader.bytes("destination", front);
    reader.read(&[code("type", 2, ethertype), hex("reserved", 2)]);
}

/// The preamble of a frame that may be pre-empted. IEEE 802.3br
pub(super) fn mpacket(reader: &mut Reader<'_>) {
    reader.read(&[bytes("preamble", 7), hex("start_delimiter", 1)]);
}

/// A virtual machine's socket, as Linux monitors it.
pub(super) fn vsock(reader: &mut Reader<'_>) {
    const HEADER: &[Item<'_>] = &[
        little("source", 8),
        little("destination", 8),
        little("source_port", 4),
        little("destination_port", 4),
        little_named("operation", 2, |value| {
            ["unknown", "connect", "disconnect", "control", "payload"].get(value as usize).copied()
        }),
        little_named("transport", 2, |value| ["unknown", "none", "virtio"].get(value as usize).copied()),
        little("transport_header_length", 2),
        little_hex("reserved", 2),
    ];
    reader.read(HEADER);
}

#[cfg(test)]
mod tests {
    use super::super::Open;
    use super::super::testing::{fields, opened, texts};
    use super::*;

    #[test]
    fn a_cooked_header_shows_the_address_as_long_as_it_is() {
        let bytes = [0, 4, 0, 1, 0, 6, 1, 2, 3, 4, 5, 6, 0, 0, 8, 0];
        assert_eq!(
            opened(sll, &bytes, 16),
            "packet_type 0+2: 4 (sent by us)\nhardware_type 2+2: 1 (Ethernet)\naddress_length 4+2: 6\n\
             source 6+6: 01:02:03:04:05:06\nunused 12+2: 0000\ntype 14+2: 0x0800 (IPv4)\n"
        );
        let second = [0x86, 0xdd, 0, 0, 0, 0, 0, 2, 3, 4, 0, 0, 9, 9, 9, 9, 9, 9, 9, 9];
        assert_eq!(texts(&fields(sll2, &second, 20), "hardware_type"), ["772 (Loopback)"]);
        opened(sll2, &second, 20);
    }

    #[test]
    fn the_loopback_family_is_read_in_either_byte_order() {
        assert_eq!(opened(null, &[2, 0, 0, 0], 4), "family 0+4: 2 (IPv4)\n");
        assert_eq!(opened(null, &[0, 0, 0, 30], 4), "family 0+4: 30 (IPv6)\n");
    }

    #[test]
    fn netfilter_attributes_are_read_in_the_order_of_their_host() {
        for bytes in [
            [2, 0, 0, 1, 9, 0, 10, 0, b'd', b'r', b'o', b'p', 0, 0, 0, 0],
            [2, 0, 0, 1, 0, 9, 0, 10, b'd', b'r', b'o', b'p', 0, 0, 0, 0],
        ] {
            assert_eq!(texts(&fields(nflog, &bytes, 16), "prefix"), ["drop"]);
            opened(nflog, &bytes, 16);
        }
    }

    #[test]
    fn the_other_headers_cover_their_bytes() {
        let all: [(Open, usize); 10] = [
            (pktap, 108),
            (ipnet, 24),
            (ppi, 32),
            (atm, 12),
            (atm, 4),
            (juniper, 20),
            (ipoib, 4),
            (ipoib, 44),
            (mpacket, 8),
            (vsock, 32),
        ];
        for (open, len) in all {
            for fill in [0, 4, 0x55, 0xff] {
                opened(open, &vec![fill; len], len);
            }
        }
    }
}
