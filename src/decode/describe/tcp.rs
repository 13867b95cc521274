//! TCP with its options. RFC 9293 §3.1.

use super::checksum;
use super::field::Value;
use super::notation::{Item, bits, flag, hex, named, number, part, scaled};
use super::reader::Reader;

const NUMBERS: &[Item<'_>] =
    &[number("source_port", 2), number("destination_port", 2), number("seq", 4), number("ack", 4)];

const CONTROL: Item<'_> = bits(
    2,
    &[
        scaled("header_length", 4, 4, "bytes"),
        part("reserved", 3),
        flag("ae"),
        flag("cwr"),
        flag("ece"),
        flag("urg"),
        flag("ack_flag"),
        flag("psh"),
        flag("rst"),
        flag("syn"),
        flag("fin"),
    ],
);

const FLAGS: [(u64, &str); 9] = [
    (0x002, "SYN"),
    (0x001, "FIN"),
    (0x004, "RST"),
    (0x008, "PSH"),
    (0x010, "ACK"),
    (0x020, "URG"),
    (0x040, "ECE"),
    (0x080, "CWR"),
    (0x100, "AE"),
];

/// A TCP header.
pub(super) fn header(reader: &mut Reader<'_>) {
    let check = checksum::over_transport(reader, 6, None);
    reader.read(NUMBERS);
    if let Some(word) = reader.ahead(2) {
        reader.item(CONTROL);
        let set: Vec<_> = FLAGS.iter().filter(|(bit, _)| word & bit != 0).map(|(_, name)| *name).collect();
        let set = if set.is_empty() { String::from("none") } else { set.join(", ") };
        let text = format!("0x{:03x} ({set})", word & 0xfff);
        reader.over("flags", 2, Some((4, 12)), Value::Number(word & 0xfff), text);
    }
    reader.item(number("window", 2));
    checksum::read(reader, check);
    reader.item(number("urgent_pointer", 2));
    options(reader);
}

fn options(reader: &mut Reader<'_>) {
    while let Some(kind) = reader.ahead(1) {
        let len = match kind {
            0 | 1 => 1,
            _ => reader.peek().get(1).map_or(2, |&len| usize::from(len).max(2)),
        };
        reader.group("option", len, |r| option(r, kind));
        if kind == 0 {
            reader.rest("padding");
        }
    }
}

/// Reads one option, and gives its text.
fn option(reader: &mut Reader<'_>, kind: u64) -> String {
    reader.item(named("kind", 1, option_name));
    let name = option_name(kind).map_or_else(|| format!("option {kind}"), String::from);
    if kind <= 1 {
        return name;
    }
    reader.item(number("option_length", 1));
    match (kind, reader.left()) {
        (2, 2) => format!("{name}: {}", reader.item(number("mss", 2))),
        (3, 1) => {
            let shift = reader.item(number("window_scale", 1));
            format!("{name}: {shift} (times {})", 1u64 << shift.min(14))
        }
        (5, len) if len >= 8 => {
            let mut blocks = Vec::new();
            while reader.left() >= 8 {
                let left = reader.item(number("left_edge", 4));
                let right = reader.item(number("right_edge", 4));
                blocks.push(format!("{left}-{right}"));
            }
            format!("{name}: {}", blocks.join(" "))
        }
        (8, 8) => {
            let tsval = reader.item(number("tsval", 4));
            let tsecr = reader.item(number("tsecr", 4));
            format!("{name}: TSval {tsval}, TSecr {tsecr}")
        }
        (28, 2) => {
            reader.item(bits(2, &[flag("minutes"), part("timeout", 15)]));
            let unit = if reader.last("minutes") == 1 { "min" } else { "s" };
            format!("{name}: {} {unit}", reader.last("timeout"))
        }
        (30, 1..) => {
            super::mptcp::option(reader);
            format!("{name}: {}", reader.last_text("subtype"))
        }
        (172 | 174, _) => {
            for counter in ["first_counter", "second_counter", "third_counter"] {
                if reader.left() >= 3 {
                    reader.item(number(counter, 3));
                }
            }
            name
        }
        (34, 0) => format!("{name}: request"),
        (34, _) => {
            reader.rest("cookie");
            format!("{name}: {}", reader.last_text("cookie"))
        }
        (253 | 254, 2..) => {
            let id = reader.item(hex("experiment", 2));
            // RFC 7413's cookie under its experimental number.
            if id == 0xf989 {
                reader.rest("cookie");
                return format!("{name}: Fast Open");
            }
            format!("{name}: 0x{id:04x}")
        }
        _ => name,
    }
}

/// Kinds of options. IANA, TCP Parameters
pub(super) fn option_name(kind: u64) -> Option<&'static str> {
    Some(match kind {
        0 => "end of options",
        1 => "no operation",
        2 => "maximum segment size",
        3 => "window scale",
        4 => "SACK permitted",
        5 => "SACK",
        6 => "echo",
        7 => "echo reply",
        8 => "timestamps",
        9 => "partial order connection permitted",
        10 => "partial order service profile",
        11 => "CC",
        12 => "CC.NEW",
        13 => "CC.ECHO",
        14 => "alternate checksum request",
        15 => "alternate checksum data",
        18 => "trailer checksum",
        19 => "MD5 signature",
        20 => "SCPS capabilities",
        21 => "selective negative acknowledgments",
        22 => "record boundaries",
        23 => "corruption experienced",
        27 => "quick start",
        28 => "user timeout",
        29 => "authentication",
        30 => "Multipath TCP",
        34 => "Fast Open",
        69 => "encryption negotiation",
        172 => "AccECN, order 0",
        174 => "AccECN, order 1",
        253 | 254 => "experiment",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::super::testing::{fields, opened, shown, texts};
    use super::*;

    fn segment(options: &[u8]) -> Vec<u8> {
        let mut bytes = vec![0x01, 0xbb, 0xc7, 0x38, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0x12, 0xff, 0xff, 0, 0, 0, 0];
        bytes.extend(options);
        bytes[12] = ((bytes.len() / 4) as u8) << 4;
        bytes
    }

    #[test]
    fn a_header_opens_field_by_field() {
        let mut bytes = segment(&[]);
        // Over the pseudo-header 10.0.0.1, 10.0.0.2, 6, 20.
        bytes[16..18].copy_from_slice(&[0xd2, 0xd9]);
        let shown = opened(header, &bytes, 20);
        assert!(
            shown.starts_with(
                "source_port 0+2: 443\ndestination_port 2+2: 51000\nseq 4+4: 1\nack 8+4: 2\n\
                 header_length 12+2 [0,4]: 20 bytes (5)\nreserved 12+2 [4,3]: 0\nae 12+2 [7,1]: not set\n"
            ),
            "{shown}"
        );
        assert!(
            shown.ends_with(
                "syn 12+2 [14,1]: set\nfin 12+2 [15,1]: not set\nflags 12+2 [4,12]: 0x012 (SYN, ACK)\n\
                 window 14+2: 65535\nchecksum 16+2: 0xd2d9 (correct)\nchecksum_status 16+2: good\n\
                 urgent_pointer 18+2: 0\n"
            ),
            "{shown}"
        );
    }

    #[test]
    fn options_are_named_with_their_values() {
        for (options, expected) in [
            (&[2, 4, 5, 0xb4][..], &["maximum segment size: 1460"][..]),
            (&[1, 3, 3, 7], &["no operation", "window scale: 7 (times 128)"]),
            (&[4, 2, 1, 1], &["SACK permitted", "no operation", "no operation"]),
            (&[8, 10, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0], &["timestamps: TSval 1, TSecr 2", "end of options"]),
            (&[5, 10, 0, 0, 0, 5, 0, 0, 0, 9, 1, 1], &["SACK: 5-9", "no operation", "no operation"]),
            (&[34, 2, 34, 6, 1, 2, 3, 4], &["Fast Open: request", "Fast Open: 01020304"]),
            (&[28, 4, 0x80, 5], &["user timeout: 5 min"]),
            (&[254, 4, 0xf9, 0x89], &["experiment: Fast Open"]),
            (&[77, 4, 1, 2], &["option 77"]),
            (&[2, 3, 9, 0], &["maximum segment size", "end of options"]),
            (&[2, 0, 0, 0], &["maximum segment size", "end of options"]),
            (&[5, 200, 1, 2], &["SACK"]),
        ] {
            let bytes = segment(options);
            opened(header, &bytes, bytes.len());
            let found = fields(header, &bytes, bytes.len());
            assert_eq!(texts(&found, "option"), expected, "{}", shown(&found));
        }
    }
}
