//! ICMP and IGMP. RFC 792, RFC 3376.

use super::checksum::{self, Check};
use super::notation::{bits, flag, hex, ipv4, measure, named, number, part};
use super::reader::Reader;

/// An ICMP message.
pub(super) fn icmp(reader: &mut Reader<'_>) {
    let check = match reader.whole() {
        _ if reader.around.fragment => Check::Unverified("a fragment"),
        Some(bytes) => checksum::over(bytes),
        None => Check::Unverified("cut"),
    };
    let kind = reader.item(named("type", 1, icmp_type));
    let code = reader.item(number("code", 1));
    if let Some(name) = icmp_code(kind, code) {
        reader.remark(name);
    }
    checksum::read(reader, check);
    match kind {
        0 | 8 | 13..=18 => reader.read(&[number("identifier", 2), number("sequence", 2)]),
        3 => reader.read(&[
            hex("unused", 1),
            measure("quoted_length", 1, 4, "bytes"),
            number("next_hop_mtu", 2),
        ]),
        5 => reader.read(&[ipv4("gateway")]),
        9 => {
            reader.take_payload();
            reader.read(&[number("addresses", 1), number("entry_size", 1), measure("lifetime", 2, 1, "s")]);
            while reader.left() >= 8 {
                reader.read(&[ipv4("router"), number("preference", 4)]);
            }
        }
        11 => reader.read(&[hex("unused", 1), measure("quoted_length", 1, 4, "bytes"), hex("unused", 2)]),
        12 => reader.read(&[number("pointer", 1), measure("quoted_length", 1, 4, "bytes"), hex("unused", 2)]),
        42 | 43 => reader.read(&[number("identifier", 2), number("sequence", 1), hex("flags", 1)]),
        _ => reader.read(&[hex("unused", 4)]),
    }
    if matches!(kind, 13 | 14) {
        reader.take_payload();
        for name in ["originate_timestamp", "receive_timestamp", "transmit_timestamp"] {
            reader.item(measure(name, 4, 1, "ms since midnight"));
        }
    }
    if matches!(kind, 17 | 18) {
        reader.take_payload();
        reader.item(ipv4("mask"));
    }
}

/// Types. IANA, ICMP Parameters
pub(super) fn icmp_type(value: u64) -> Option<&'static str> {
    Some(match value {
        0 => "Echo (ping) reply",
        3 => "Destination unreachable",
        4 => "Source quench",
        5 => "Redirect",
        6 => "Alternate host address",
        8 => "Echo (ping) request",
        9 => "Router advertisement",
        10 => "Router solicitation",
        11 => "Time exceeded",
        12 => "Parameter problem",
        13 => "Timestamp request",
        14 => "Timestamp reply",
        15 => "Information request",
        16 => "Information reply",
        17 => "Address mask request",
        18 => "Address mask reply",
        30 => "Traceroute",
        31 => "Datagram conversion error",
        37 => "Domain name request",
        38 => "Domain name reply",
        40 => "Photuris",
        42 => "Extended echo request",
        43 => "Extended echo reply",
        253 | 254 => "Experiment",
        _ => return None,
    })
}

/// Codes of the errors.
pub(super) fn icmp_code(kind: u64, code: u64) -> Option<&'static str> {
    Some(match (kind, code) {
        (3, 0) => "Network unreachable",
        (3, 1) => "Host unreachable",
        (3, 2) => "Protocol unreachable",
        (3, 3) => "Port unreachable",
        (3, 4) => "Fragmentation needed",
        (3, 5) => "Source route failed",
        (3, 6) => "Destination network unknown",
        (3, 7) => "Destination host unknown",
        (3, 8) => "Source host isolated",
        (3, 9) => "Network administratively prohibited",
        (3, 10) => "Host administratively prohibited",
        (3, 11) => "Network unreachable for TOS",
        (3, 12) => "Host unreachable for TOS",
        (3, 13) => "Communication administratively filtered",
        (3, 14) => "Host precedence violation",
        (3, 15) => "Precedence cutoff in effect",
        (5, 0) => "Redirect for network",
        (5, 1) => "Redirect for host",
        (5, 2) => "Redirect for type of service and network",
        (5, 3) => "Redirect for type of service and host",
        (11, 0) => "TTL exceeded in transit",
        (11, 1) => "Fragment reassembly time exceeded",
        (12, 0) => "Pointer indicates the error",
        (12, 1) => "Missing a required option",
        (12, 2) => "Bad length",
        _ => return None,
    })
}

/// IGMP, versions 1 to 3.
pub(super) fn igmp(reader: &mut Reader<'_>) {
    reader.take_payload();
    let check = reader.whole().map_or(Check::Unverified("cut"), checksum::over);
    let kind = reader.item(named("type", 1, igmp_type));
    reader.item(measure("max_response_time", 1, 100, "ms"));
    checksum::read(reader, check);
    match (kind, reader.left()) {
        (0x11, 8..) => {
            reader.read(&[
                ipv4("group"),
                bits(1, &[part("reserved", 4), flag("suppress"), part("robustness", 3)]),
                measure("query_interval", 1, 1, "s"),
                number("sources", 2),
            ]);
            while reader.left() >= 4 {
                reader.item(ipv4("source"));
            }
        }
        (0x22, _) => {
            reader.read(&[hex("reserved", 2), number("records", 2)]);
            while reader.left() >= 8 {
                group_record(reader);
            }
        }
        _ => reader.read(&[ipv4("group")]),
    }
}

fn group_record(reader: &mut Reader<'_>) {
    let sources = reader.peek().get(2..4).map_or(0, |n| n.iter().fold(0, |n, b| n << 8 | usize::from(*b)));
    let auxiliary = reader.peek().get(1).map_or(0, |&len| usize::from(len) * 4);
    reader.group("record", 8 + sources * 4 + auxiliary, |r| {
        r.read(&[
            named("record_type", 1, |value| {
                let names = ["", "is include", "is exclude", "to include", "to exclude", "allow", "block"];
                names.get(value as usize).copied().filter(|name| !name.is_empty())
            }),
            measure("auxiliary_length", 1, 4, "bytes"),
            number("sources", 2),
            ipv4("group"),
        ]);
        let text = r.last_text("group");
        for _ in 0..sources.min(r.left() / 4) {
            r.item(ipv4("source"));
        }
        text
    });
}

fn igmp_type(value: u64) -> Option<&'static str> {
    Some(match value {
        0x11 => "membership query",
        0x12 => "membership report, version 1",
        0x13 => "DVMRP",
        0x14 => "PIM version 1",
        0x16 => "membership report, version 2",
        0x17 => "leave group",
        0x1e => "multicast traceroute response",
        0x1f => "multicast traceroute",
        0x22 => "membership report, version 3",
        0x30 => "multicast router advertisement",
        0x31 => "multicast router solicitation",
        0x32 => "multicast router termination",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::super::testing::{fields, opened, texts};
    use super::*;

    #[test]
    fn an_echo_request_shows_identifier_and_sequence() {
        let bytes = [8, 0, 0xf7, 0xf9, 0, 1, 0, 5];
        assert_eq!(
            opened(icmp, &bytes, 8),
            "type 0+1: 8 (Echo (ping) request)\ncode 1+1: 0\nchecksum 2+2: 0xf7f9 (correct)\n\
             checksum_status 2+2: good\nidentifier 4+2: 1\nsequence 6+2: 5\n"
        );
    }

    #[test]
    fn errors_name_their_code_and_what_they_tell() {
        let found = fields(icmp, &[3, 4, 0, 0, 0, 0, 0x05, 0xdc], 8);
        assert_eq!(texts(&found, "code"), ["4 (Fragmentation needed)"]);
        assert_eq!(texts(&found, "next_hop_mtu"), ["1500"]);
        assert_eq!(texts(&fields(icmp, &[5, 1, 0, 0, 10, 0, 0, 9], 8), "gateway"), ["10.0.0.9"]);
    }

    #[test]
    fn a_report_lists_its_groups() {
        let bytes = [0x22, 0, 0, 0, 0, 0, 0, 1, 4, 0, 0, 1, 239, 1, 2, 3, 10, 0, 0, 1];
        opened(igmp, &bytes, 8);
        let found = fields(igmp, &bytes, 8);
        assert_eq!(texts(&found, "record"), ["239.1.2.3"]);
        assert_eq!(texts(&found, "record_type"), ["4 (to exclude)"]);
        assert_eq!(texts(&found, "source"), ["10.0.0.1"]);
    }

    #[test]
    fn every_type_covers_its_bytes() {
        for kind in 0..=255 {
            let mut bytes = [0xff; 28];
            bytes[0] = kind;
            opened(icmp, &bytes, 8);
            opened(igmp, &bytes, 8);
        }
    }
}
