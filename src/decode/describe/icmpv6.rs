//! ICMPv6 with neighbour discovery and listener discovery. RFC 4443, RFC 4861, RFC 3810.

use super::checksum;
use super::notation::{bits, flag, hardware_of, hex, ipv6, measure, named, named_part, number, part};
use super::reader::Reader;

/// An ICMPv6 message.
pub(super) fn icmpv6(reader: &mut Reader<'_>) {
    let check = checksum::over_transport(reader, 58, None);
    let kind = reader.item(named("type", 1, icmpv6_type));
    let code = reader.item(number("code", 1));
    if let Some(name) = icmpv6_code(kind, code) {
        reader.remark(name);
    }
    checksum::read(reader, check);
    if kind > 127 && !matches!(kind, 128 | 129) {
        reader.take_payload();
    }
    match kind {
        2 => reader.read(&[number("mtu", 4)]),
        4 => reader.read(&[number("pointer", 4)]),
        1 | 3 => reader.read(&[measure("quoted_length", 1, 8, "bytes"), hex("unused", 3)]),
        128 | 129 => reader.read(&[number("identifier", 2), number("sequence", 2)]),
        130..=132 => listener(reader, kind),
        133 => {
            reader.item(hex("reserved", 4));
            options(reader);
        }
        134 => router_advertisement(reader),
        135 => {
            reader.read(&[hex("reserved", 4), ipv6("target")]);
            options(reader);
        }
        136 => {
            reader.read(&[
                bits(4, &[flag("router"), flag("solicited"), flag("override"), part("reserved", 29)]),
                ipv6("target"),
            ]);
            options(reader);
        }
        137 => {
            reader.read(&[hex("reserved", 4), ipv6("target"), ipv6("destination")]);
            options(reader);
        }
        143 => {
            reader.read(&[hex("reserved", 2), number("records", 2)]);
            while reader.left() >= 20 {
                group_record(reader);
            }
        }
        155 => reader.rest("rpl"),
        _ => reader.read(&[hex("unused", 4)]),
    }
}

fn listener(reader: &mut Reader<'_>, kind: u64) {
    reader.read(&[measure("max_response_delay", 2, 1, "ms"), hex("reserved", 2), ipv6("group")]);
    if kind == 130 && reader.left() >= 4 {
        reader.read(&[
            bits(1, &[part("reserved", 4), flag("suppress"), part("robustness", 3)]),
            measure("query_interval", 1, 1, "s"),
            number("sources", 2),
        ]);
        while reader.left() >= 16 {
            reader.item(ipv6("source"));
        }
    }
}

fn group_record(reader: &mut Reader<'_>) {
    let sources = reader.peek().get(2..4).map_or(0, |n| n.iter().fold(0, |n, b| n << 8 | usize::from(*b)));
    let auxiliary = reader.peek().get(1).map_or(0, |&len| usize::from(len) * 4);
    reader.group("record", 20 + sources * 16 + auxiliary, |r| {
        r.read(&[
            number("record_type", 1),
            measure("auxiliary_length", 1, 4, "bytes"),
            number("sources", 2),
            ipv6("group"),
        ]);
        let text = r.last_text("group");
        for _ in 0..sources.min(r.left() / 16) {
            r.item(ipv6("source"));
        }
        text
    });
}

fn router_advertisement(reader: &mut Reader<'_>) {
    reader.read(&[
        number("current_hop_limit", 1),
        bits(
            1,
            &[
                flag("managed"),
                flag("other"),
                flag("home_agent"),
                named_part("preference", 2, |value| {
                    ["medium", "high", "reserved", "low"].get(value as usize).copied()
                }),
                flag("proxy"),
                part("reserved", 2),
            ],
        ),
        measure("router_lifetime", 2, 1, "s"),
        measure("reachable_time", 4, 1, "ms"),
        measure("retransmission_timer", 4, 1, "ms"),
    ]);
    options(reader);
}

/// Options of neighbour discovery, in units of eight bytes. RFC 4861 §4.6
fn options(reader: &mut Reader<'_>) {
    while reader.left() >= 2 {
        let len = reader.peek().get(1).map_or(8, |&len| usize::from(len).max(1) * 8);
        reader.group("option", len, |r| {
            let kind = r.item(named("option_type", 1, option));
            r.item(measure("option_length", 1, 8, "bytes"));
            let name = r.last_text("option_type");
            match (kind, r.left()) {
                (1 | 2, len) => {
                    r.item(hardware_of("link_address", len));
                    return format!("{name}: {}", r.last_text("link_address"));
                }
                (3, 30) => {
                    r.read(&[
                        number("prefix_length", 1),
                        bits(1, &[flag("on_link"), flag("autonomous"), part("reserved", 6)]),
                        measure("valid_lifetime", 4, 1, "s"),
                        measure("preferred_lifetime", 4, 1, "s"),
                        hex("reserved", 4),
                        ipv6("prefix"),
                    ]);
                    return format!("{name}: {}/{}", r.last_text("prefix"), r.last("prefix_length"));
                }
                (4, 6..) => {
                    r.item(hex("reserved", 6));
                    r.rest("redirected");
                }
                (5, 6) => {
                    r.item(hex("reserved", 2));
                    return format!("{name}: {}", r.item(number("mtu", 4)));
                }
                (14, _) => r.rest("nonce"),
                (25, 6..) => {
                    r.read(&[hex("reserved", 2), measure("lifetime", 4, 1, "s")]);
                    while r.left() >= 16 {
                        r.item(ipv6("dns_server"));
                    }
                }
                _ => r.rest("value"),
            }
            name
        });
    }
}

fn option(value: u64) -> Option<&'static str> {
    Some(match value {
        1 => "source link-layer address",
        2 => "target link-layer address",
        3 => "prefix",
        4 => "redirected header",
        5 => "MTU",
        13 => "timestamp",
        14 => "nonce",
        24 => "route",
        25 => "DNS servers",
        31 => "DNS search list",
        33 => "address registration",
        34 => "6LoWPAN context",
        35 => "authoritative border router",
        37 => "captive portal",
        38 => "PREF64",
        _ => return None,
    })
}

/// Types. IANA, ICMPv6 Parameters
pub(super) fn icmpv6_type(value: u64) -> Option<&'static str> {
    Some(match value {
        1 => "Destination unreachable",
        2 => "Packet too big",
        3 => "Time exceeded",
        4 => "Parameter problem",
        128 => "Echo (ping) request",
        129 => "Echo (ping) reply",
        130 => "Multicast listener query",
        131 => "Multicast listener report",
        132 => "Multicast listener done",
        133 => "Router solicitation",
        134 => "Router advertisement",
        135 => "Neighbor solicitation",
        136 => "Neighbor advertisement",
        137 => "Redirect",
        138 => "Router renumbering",
        139 => "Node information query",
        140 => "Node information response",
        141 => "Inverse neighbor solicitation",
        142 => "Inverse neighbor advertisement",
        143 => "Multicast listener report, version 2",
        144 => "Home agent discovery request",
        145 => "Home agent discovery reply",
        146 => "Mobile prefix solicitation",
        147 => "Mobile prefix advertisement",
        151 => "Multicast router advertisement",
        152 => "Multicast router solicitation",
        153 => "Multicast router termination",
        155 => "RPL control",
        160 => "Extended echo request",
        161 => "Extended echo reply",
        _ => return None,
    })
}

/// Codes of the errors.
pub(super) fn icmpv6_code(kind: u64, code: u64) -> Option<&'static str> {
    Some(match (kind, code) {
        (1, 0) => "No route to destination",
        (1, 1) => "Administratively prohibited",
        (1, 2) => "Beyond scope of source address",
        (1, 3) => "Address unreachable",
        (1, 4) => "Port unreachable",
        (1, 5) => "Source address failed policy",
        (1, 6) => "Reject route to destination",
        (3, 0) => "Hop limit exceeded in transit",
        (3, 1) => "Fragment reassembly time exceeded",
        (4, 0) => "Erroneous header field",
        (4, 1) => "Unrecognized next header",
        (4, 2) => "Unrecognized option",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::super::testing::{fields, opened, texts};
    use super::*;

    #[test]
    fn a_neighbor_solicitation_shows_target_and_options() {
        let mut bytes = vec![135, 0, 0, 0, 0, 0, 0, 0];
        bytes.extend([0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]);
        bytes.extend([1, 1, 2, 0, 0, 0, 0, 9]);
        opened(icmpv6, &bytes, 8);
        let found = fields(icmpv6, &bytes, 8);
        assert_eq!(texts(&found, "type"), ["135 (Neighbor solicitation)"]);
        assert_eq!(texts(&found, "target"), ["fe80::1"]);
        assert_eq!(texts(&found, "option"), ["1 (source link-layer address): 02:00:00:00:00:09"]);
    }

    #[test]
    fn a_router_advertisement_shows_its_prefix() {
        let mut bytes = vec![134, 0, 0, 0, 64, 0x40, 7, 8, 0, 0, 0, 0, 0, 0, 0, 0];
        bytes.extend([3, 4, 64, 0xc0, 0, 0, 0, 9, 0, 0, 0, 8, 0, 0, 0, 0]);
        bytes.extend([0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
        bytes.extend([5, 1, 0, 0, 0, 0, 5, 0xdc]);
        opened(icmpv6, &bytes, 8);
        let found = fields(icmpv6, &bytes, 8);
        assert_eq!(texts(&found, "option"), ["3 (prefix): 2001:db8::/64", "5 (MTU): 1500"]);
        assert_eq!(texts(&found, "other"), ["set"]);
        assert_eq!(texts(&found, "router_lifetime"), ["1800 s"]);
    }

    #[test]
    fn every_type_covers_its_bytes() {
        for kind in 0..=255 {
            let mut bytes = [0xff; 44];
            bytes[0] = kind;
            opened(icmpv6, &bytes, 8);
            bytes[1..].fill(0);
            opened(icmpv6, &bytes, 8);
        }
    }
}
