//! Tags and labels between a link header and its payload.

use super::ethernet::{TYPE, station, type_or_length};
use super::names::ethertype;
use super::notation::{
    Item, bits, bytes, code, flag, hardware, hex, hex_part, measure, named, named_part, number, part, scaled,
};
use super::reader::Reader;

/// 802.1Q and 802.1ad. IEEE 802.1Q §9.6
pub(super) fn vlan(reader: &mut Reader<'_>) {
    reader.item(bits(2, &[named_part("priority", 3, priority), flag("drop_eligible"), part("vlan_id", 12)]));
    type_or_length(reader, 4);
}

fn priority(value: u64) -> Option<&'static str> {
    let names = [
        "best effort",
        "background",
        "excellent effort",
        "critical applications",
        "video",
        "voice",
        "internetwork control",
        "network control",
    ];
    names.get(value as usize).copied()
}

/// The I-TAG of 802.1ah: the backbone service, then the customer's stations. IEEE 802.1Q §9.7
pub(super) fn backbone(reader: &mut Reader<'_>) {
    reader.item(bits(
        4,
        &[
            named_part("priority", 3, priority),
            flag("drop_eligible"),
            flag("use_customer_addresses"),
            part("reserved", 3),
            part("service_id", 24),
        ],
    ));
    station(reader, "customer_destination");
    station(reader, "customer_source");
    reader.item(TYPE);
}

/// IEEE 802.1AE §9.3
pub(super) fn macsec(reader: &mut Reader<'_>) {
    reader.item(bits(
        1,
        &[
            flag("version"),
            flag("end_station"),
            flag("secure_channel_present"),
            flag("single_copy_broadcast"),
            flag("encryption"),
            flag("changed_text"),
            part("association_number", 2),
        ],
    ));
    reader.read(&[bits(1, &[part("reserved", 2), part("short_length", 6)]), number("packet_number", 4)]);
    if reader.last("secure_channel_present") == 1 {
        reader.read(&[hardware("system"), number("port", 2)]);
    }
    reader.item(TYPE);
    // Only what is neither encrypted nor changed can be told from the integrity check value behind it.
    if reader.last("encryption") == 0 && reader.last("changed_text") == 0 {
        match reader.last("short_length") as usize {
            0 => reader.shorten(16),
            short => reader.end_at(reader.position().saturating_sub(2) + short),
        }
    }
}

/// Cisco's VN-Tag.
pub(super) fn vntag(reader: &mut Reader<'_>) {
    reader.read(&[
        bits(
            4,
            &[
                flag("to_interface"),
                flag("pointer"),
                part("destination_interface", 14),
                flag("looped"),
                flag("reserved"),
                part("version", 2),
                part("source_interface", 12),
            ],
        ),
        TYPE,
    ]);
}

/// Cisco FabricPath: the tag behind an outer Ethernet header.
pub(super) fn fabric_path(reader: &mut Reader<'_>) {
    reader.item(bits(2, &[part("forwarding_tag", 10), part("ttl", 6)]));
}

/// Cisco MetaData: the security group of TrustSec.
pub(super) fn metadata(reader: &mut Reader<'_>) {
    reader.read(&[
        number("version", 1),
        measure("length", 1, 4, "bytes"),
        hex("option", 2),
        number("security_group_tag", 2),
        TYPE,
    ]);
}

/// Marvell's switch tag of four bytes; the extended one stands behind a type and two zeros. Then the payload's type.
pub(super) fn marvell(reader: &mut Reader<'_>) {
    if reader.left() >= 10 {
        reader.read(&[code("tag_type", 2, ethertype), hex("reserved", 2)]);
    }
    reader.item(bits(
        4,
        &[
            named_part("mode", 2, |mode| {
                ["to the host", "from the host", "to the monitor", "forward"].get(mode as usize).copied()
            }),
            flag("tagged"),
            part("device", 5),
            part("port", 5),
            part("code", 3),
            part("priority", 3),
            flag("extended"),
            part("vlan_id", 12),
        ],
    ));
    type_or_length(reader, 6);
}

/// Broadcom's switch tag, and the payload's type where the tag stands before it.
pub(super) fn broadcom(reader: &mut Reader<'_>) {
    reader.item(bits(4, &[part("operation", 3), hex_part("operands", 24), part("port", 5)]));
    type_or_length(reader, 6);
}

/// Arista's timestamp.
pub(super) fn arista(reader: &mut Reader<'_>) {
    reader.read(&[number("subtype", 2), hex("version", 2)]);
    let seconds = reader.left().saturating_sub(6);
    reader.read(&[number("seconds", seconds), number("nanoseconds", 4), TYPE]);
}

/// The second half of Cisco's Inter-Switch Link; the first looks like an Ethernet header.
pub(super) fn inter_switch_link(reader: &mut Reader<'_>) {
    reader.read(&[
        hex("llc", 3),
        hex("source_organisation", 3),
        bits(2, &[part("vlan_id", 15), flag("bpdu")]),
        number("index", 2),
        hex("reserved", 2),
    ]);
}

/// A label stack entry. RFC 3032 §2.1
pub(super) fn mpls(reader: &mut Reader<'_>) {
    while reader.left() >= 4 {
        reader.item(bits(
            4,
            &[
                named_part("label", 20, label),
                part("traffic_class", 3),
                flag("bottom_of_stack"),
                part("ttl", 8),
            ],
        ));
    }
}

/// Special-purpose labels. RFC 7274 §3
fn label(value: u64) -> Option<&'static str> {
    Some(match value {
        0 => "IPv4 explicit null",
        1 => "router alert",
        2 => "IPv6 explicit null",
        3 => "implicit null",
        7 => "entropy label indicator",
        13 => "generic associated channel",
        14 => "OAM alert",
        15 => "extension",
        _ => return None,
    })
}

/// The control word of a pseudo-wire. RFC 4385 §3
pub(super) fn pseudo_wire(reader: &mut Reader<'_>) {
    reader.item(bits(
        4,
        &[
            part("zero", 4),
            hex_part("flags", 4),
            part("fragmentation", 2),
            part("length", 6),
            part("sequence", 16),
        ],
    ));
}

/// The network service header. RFC 8300 §2
pub(super) fn nsh(reader: &mut Reader<'_>) {
    const HEADER: &[Item<'_>] = &[
        bits(
            2,
            &[
                part("version", 2),
                flag("oam"),
                flag("reserved"),
                part("ttl", 6),
                scaled("header_length", 6, 4, "bytes"),
            ],
        ),
        bits(1, &[part("unassigned", 4), part("metadata_type", 4)]),
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
        number("service_path", 3),
        number("service_index", 1),
    ];
    reader.read(HEADER);
    if reader.last("metadata_type") == 1 {
        reader.item(bytes("context", 16));
    }
    while reader.left() >= 4 {
        let body = reader.peek().get(3).map_or(0, |len| usize::from(len & 0x7f).next_multiple_of(4));
        reader.group("metadata", 4 + body, |r| {
            r.read(&[hex("class", 2), number("type", 1), bits(1, &[flag("unassigned"), part("length", 7)])]);
            let text = format!("class {}, type {}", r.last_text("class"), r.last("type"));
            r.rest("value");
            text
        });
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{fields, opened, texts};
    use super::*;

    #[test]
    fn a_vlan_tag_opens_into_priority_and_id() {
        assert_eq!(
            opened(vlan, &[0xb0, 0x64, 0x08, 0x00], 4),
            "priority 0+2 [0,3]: 5 (voice)\ndrop_eligible 0+2 [3,1]: set\nvlan_id 0+2 [4,12]: 100\n\
             type 2+2: 0x0800 (IPv4)\n"
        );
    }

    #[test]
    fn each_label_of_a_stack_is_opened() {
        let shown = opened(mpls, &[0x00, 0x01, 0x0e, 0x40, 0, 0, 0x01, 0xff], 8);
        assert_eq!(
            shown,
            "label 0+4 [0,20]: 16\ntraffic_class 0+4 [20,3]: 7\nbottom_of_stack 0+4 [23,1]: not set\n\
             ttl 0+4 [24,8]: 64\nlabel 4+4 [0,20]: 0 (IPv4 explicit null)\ntraffic_class 4+4 [20,3]: 0\n\
             bottom_of_stack 4+4 [23,1]: set\nttl 4+4 [24,8]: 255\n"
        );
    }

    #[test]
    fn a_service_header_shows_its_metadata() {
        let mut header = vec![0x0f, 0xc4, 0x02, 0x03, 0, 0, 42, 255];
        header.extend([0x01, 0x02, 0x07, 0x03, 0xaa, 0xbb, 0xcc, 0x00]);
        opened(nsh, &header, header.len());
        let fields = fields(nsh, &header, header.len());
        assert_eq!(texts(&fields, "header_length"), ["16 bytes (4)"]);
        assert_eq!(texts(&fields, "next_protocol"), ["3 (Ethernet)"]);
        assert_eq!(texts(&fields, "metadata"), ["class 0x0102, type 7"]);
        assert_eq!(texts(&fields, "service_path"), ["42"]);
    }

    #[test]
    fn the_other_tags_cover_their_bytes() {
        for (open, len) in [
            (backbone as super::super::Open, 18),
            (macsec, 14),
            (vntag, 6),
            (metadata, 8),
            (marvell, 10),
            (marvell, 6),
            (broadcom, 6),
            (broadcom, 4),
            (arista, 14),
            (arista, 10),
            (inter_switch_link, 12),
            (fabric_path, 2),
            (pseudo_wire, 4),
        ] {
            for fill in [0, 0x55, 0xff] {
                opened(open, &vec![fill; len], len);
            }
        }
    }
}
