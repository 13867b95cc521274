//! IPv4 with its options. RFC 791.

use super::checksum::{self, Check};
use super::names::{dscp, ecn, ip_protocol};
use super::notation::{Item, bits, flag, hex, ipv4, named, named_part, number, part, scaled};
use super::reader::Reader;

const HEAD: &[Item<'_>] = &[
    bits(1, &[part("version", 4), scaled("header_length", 4, 4, "bytes")]),
    bits(1, &[named_part("dscp", 6, dscp), named_part("ecn", 2, ecn)]),
    number("total_length", 2),
    hex("identification", 2),
    bits(
        2,
        &[
            flag("reserved"),
            flag("dont_fragment"),
            flag("more_fragments"),
            scaled("fragment_offset", 13, 8, "bytes"),
        ],
    ),
    number("ttl", 1),
    named("protocol", 1, ip_protocol),
];

/// An IPv4 header.
pub(super) fn header(reader: &mut Reader<'_>) {
    let header = reader.peek();
    reader.read(HEAD);
    let header_len = reader.last("header_length") as usize * 4;
    let check = match header.get(..header_len) {
        Some(bytes) if header_len >= 20 => checksum::over(bytes),
        _ => Check::Unverified("cut"),
    };
    checksum::read(reader, check);
    reader.read(&[ipv4("source"), ipv4("destination")]);
    options(reader);

    // A total length of 0 is segmentation offload: the frame's own length counts.
    let total = reader.last("total_length") as usize;
    if total >= header_len.max(20) {
        reader.end_at(total);
    }
    reader.around.fragment = reader.last("more_fragments") == 1 || reader.last("fragment_offset") != 0;
    reader.around.network = reader.last_address("source").zip(reader.last_address("destination"));
}

fn options(reader: &mut Reader<'_>) {
    while let Some(kind) = reader.ahead(1) {
        let len = match kind {
            0 | 1 => 1,
            _ => reader.peek().get(1).map_or(2, |&len| usize::from(len).max(2)),
        };
        reader.group("option", len, |r| {
            r.item(bits(1, &[flag("copied"), part("class", 2), named_part("number", 5, option)]));
            let name = option(kind & 0x1f).map_or_else(|| format!("option {kind}"), String::from);
            if len > 1 {
                r.item(number("option_length", 1));
            }
            match kind {
                7 | 131 | 137 => {
                    r.item(number("pointer", 1));
                    while r.left() >= 4 {
                        r.item(ipv4("route"));
                    }
                }
                68 => {
                    r.item(number("pointer", 1));
                    r.item(bits(1, &[part("overflow", 4), named_part("form", 4, timestamp_form)]));
                    let with_address = r.last("form") != 0;
                    while r.left() >= if with_address { 8 } else { 4 } {
                        if with_address {
                            r.item(ipv4("hop"));
                        }
                        r.item(number("timestamp", 4));
                    }
                }
                136 => r.read(&[number("stream", 2)]),
                148 => r.read(&[number("alert", 2)]),
                _ => {}
            }
            name
        });
        if kind == 0 {
            reader.rest("padding");
        }
    }
}

fn option(number: u64) -> Option<&'static str> {
    Some(match number {
        0 => "end of options",
        1 => "no operation",
        2 => "security",
        3 => "loose source route",
        4 => "timestamp",
        5 => "extended security",
        6 => "commercial security",
        7 => "record route",
        8 => "stream",
        9 => "strict source route",
        11 => "MTU probe",
        12 => "MTU reply",
        18 => "traceroute",
        20 => "router alert",
        21 => "selective directed broadcast",
        25 => "quick start",
        30 => "experiment",
        _ => return None,
    })
}

fn timestamp_form(value: u64) -> Option<&'static str> {
    Some(match value {
        0 => "timestamps",
        1 => "addresses and timestamps",
        3 => "timestamps of addresses given",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::super::testing::{fields, opened, shown, texts};
    use super::*;

    const PLAIN: [u8; 20] =
        [0x45, 0x02, 0, 0x28, 0xab, 0xcd, 0x40, 0, 0x40, 0x06, 0xba, 0x0d, 192, 168, 0, 1, 192, 168, 0, 199];

    #[test]
    fn a_header_opens_field_by_field() {
        let mut bytes = PLAIN.to_vec();
        bytes.extend([0; 20]);
        assert_eq!(
            opened(header, &bytes, 20),
            "version 0+1 [0,4]: 4\n\
             header_length 0+1 [4,4]: 20 bytes (5)\n\
             dscp 1+1 [0,6]: 0 (CS0)\n\
             ecn 1+1 [6,2]: 2 (ECT(0))\n\
             total_length 2+2: 40\n\
             identification 4+2: 0xabcd\n\
             reserved 6+2 [0,1]: not set\n\
             dont_fragment 6+2 [1,1]: set\n\
             more_fragments 6+2 [2,1]: not set\n\
             fragment_offset 6+2 [3,13]: 0 bytes (0)\n\
             ttl 8+1: 64\n\
             protocol 9+1: 6 (TCP)\n\
             checksum 10+2: 0xba0d (wrong, should be 0x0ce8)\n\
             checksum_status 10+2: bad\n\
             source 12+4: 192.168.0.1\n\
             destination 16+4: 192.168.0.199\n"
        );
    }

    #[test]
    fn options_are_shown_one_by_one() {
        let mut bytes = PLAIN.to_vec();
        bytes[0] = 0x48;
        bytes.extend([7, 7, 4, 10, 0, 0, 1, 1, 148, 4, 0, 0]);
        opened(header, &bytes, 32);
        let found = fields(header, &bytes, 32);
        assert_eq!(texts(&found, "option"), ["record route", "no operation", "router alert"]);
        assert_eq!(texts(&found, "route"), ["10.0.0.1"]);
        assert!(shown(&found).contains("option 20+7: record route\n  copied 20+1 [0,1]: not set\n"));
    }

    #[test]
    fn an_option_of_impossible_length_ends_with_the_header() {
        for option in [[130, 0, 0, 0], [130, 255, 0, 0], [68, 3, 0, 0], [7, 1, 9, 9]] {
            let mut bytes = PLAIN.to_vec();
            bytes[0] = 0x46;
            bytes.extend(option);
            opened(header, &bytes, 24);
        }
    }
}
