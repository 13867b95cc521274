//! SCTP with its chunks. RFC 9260.

use super::field::Value;
use super::notation::{Item, flag, flags, hex, ipv4, ipv6, measure, named, number, part};
use super::reader::Reader;
use crate::decode::sctp_chunk_name;

/// The common header, and the chunks behind it.
pub(super) fn sctp(reader: &mut Reader<'_>) {
    let whole = reader.whole();
    reader.read(&[number("source_port", 2), number("destination_port", 2), hex("verification_tag", 4)]);
    if reader.left() < 4 {
        return;
    }
    let found = reader.item(hex("checksum", 4)) as u32;
    let (word, text) = match whole.filter(|_| !reader.around.fragment).and_then(crc32c) {
        Some(right) if right == found => ("good", String::from("correct")),
        // RFC 9653: the check is left to a lower layer.
        _ if found == 0 => ("absent", String::from("none")),
        Some(right) => ("bad", format!("wrong, should be 0x{right:08x}")),
        None => ("unverified", String::from("not verified: cut")),
    };
    reader.remark(&text);
    reader.derive("checksum_status", Value::Text(String::from(word)), String::from(word));
    reader.take_payload();
    while reader.left() >= 4 {
        let len =
            reader.peek().get(2..4).map_or(0, |len| len.iter().fold(0, |n, b| n << 8 | usize::from(*b)));
        let padded = len.max(4).next_multiple_of(4);
        reader.group("chunk", padded, |r| {
            chunk(r);
            r.last_text("chunk_type")
        });
    }
}

fn chunk(reader: &mut Reader<'_>) {
    const DATA_FLAGS: Item<'_> = flags(
        "chunk_flags",
        1,
        &[part("reserved", 4), flag("immediate"), flag("unordered"), flag("beginning"), flag("ending")],
    );
    let kind = reader.item(named("chunk_type", 1, chunk_type));
    reader.item(if matches!(kind, 0 | 64) { DATA_FLAGS } else { hex("chunk_flags", 1) });
    let len = reader.item(number("chunk_length", 2)) as usize;
    let padding = reader.left().saturating_sub(len.saturating_sub(4));
    match kind {
        0 => reader.read(&[
            number("tsn", 4),
            number("stream", 2),
            number("stream_sequence", 2),
            named("payload_protocol", 4, payload_protocol),
        ]),
        1 | 2 => {
            reader.read(&[
                hex("initiate_tag", 4),
                number("receiver_window", 4),
                number("outbound_streams", 2),
                number("inbound_streams", 2),
                number("initial_tsn", 4),
            ]);
            parameters(reader);
        }
        3 => {
            reader.read(&[
                number("cumulative_tsn", 4),
                number("receiver_window", 4),
                number("gap_blocks", 2),
                number("duplicate_tsns", 2),
            ]);
            for _ in 0..(reader.last("gap_blocks") as usize).min(reader.left() / 4) {
                reader.read(&[number("gap_start", 2), number("gap_end", 2)]);
            }
            for _ in 0..(reader.last("duplicate_tsns") as usize).min(reader.left() / 4) {
                reader.item(number("duplicate_tsn", 4));
            }
        }
        4 | 5 => parameters(reader),
        7 => reader.read(&[number("cumulative_tsn", 4)]),
        12 | 13 => reader.read(&[number("lowest_tsn", 4)]),
        10 => reader.rest("cookie"),
        64 => reader.read(&[
            number("tsn", 4),
            number("stream", 2),
            hex("reserved", 2),
            number("message", 4),
            number("fragment_or_protocol", 4),
        ]),
        192 => {
            reader.item(number("new_cumulative_tsn", 4));
            while reader.left() >= 4 {
                reader.read(&[number("stream", 2), number("stream_sequence", 2)]);
            }
        }
        _ => parameters(reader),
    }
    let body = reader.left().saturating_sub(padding);
    reader.bytes("payload", body);
    reader.rest("padding");
}

/// Parameters and error causes, which have one form. RFC 9260 §3.2.1, §3.3.10
fn parameters(reader: &mut Reader<'_>) {
    while reader.left() >= 4 {
        let len =
            reader.peek().get(2..4).map_or(0, |len| len.iter().fold(0, |n, b| n << 8 | usize::from(*b)));
        reader.group("parameter", len.max(4).next_multiple_of(4), |r| {
            let kind = r.item(named("parameter_type", 2, parameter));
            r.item(number("parameter_length", 2));
            let name = r.last_text("parameter_type");
            match (kind, r.left()) {
                (5, 4) => r.read(&[ipv4("address")]),
                (6, 16) => r.read(&[ipv6("address")]),
                (9, 4) => r.read(&[measure("lifespan", 4, 1, "ms")]),
                (12, _) => {
                    while r.left() >= 2 {
                        r.item(number("address_type", 2));
                    }
                }
                _ => r.rest("value"),
            }
            name
        });
    }
}

fn chunk_type(value: u64) -> Option<&'static str> {
    u8::try_from(value).ok().and_then(sctp_chunk_name)
}

fn parameter(value: u64) -> Option<&'static str> {
    Some(match value {
        1 => "heartbeat information",
        5 => "IPv4 address",
        6 => "IPv6 address",
        7 => "state cookie",
        8 => "unrecognized parameter",
        9 => "cookie preservative",
        11 => "host name address",
        12 => "supported address types",
        0x8000 => "ECN capable",
        0x8001 => "zero checksum acceptable",
        0x8002 => "random",
        0x8003 => "chunk list",
        0x8004 => "requested HMAC algorithms",
        0x8005 => "padding",
        0x8008 => "supported extensions",
        0xc000 => "forward TSN supported",
        0xc001 => "add address",
        0xc002 => "delete address",
        0xc003 => "error cause",
        0xc004 => "set primary address",
        0xc005 => "success",
        0xc006 => "adaptation layer",
        _ => return None,
    })
}

fn payload_protocol(value: u64) -> Option<&'static str> {
    Some(match value {
        1 => "IUA",
        2 => "M2UA",
        3 => "M3UA",
        4 => "SUA",
        5 => "M2PA",
        11 => "H.248",
        18 => "S1AP",
        24 => "RANAP",
        27 => "X2AP",
        46 => "Diameter",
        47 => "Diameter over DTLS",
        50 => "WebRTC control",
        51 => "WebRTC text",
        53 => "WebRTC binary",
        60 => "NGAP",
        61 => "XnAP",
        _ => return None,
    })
}

/// The CRC32c of a packet with its checksum field taken as 0, as it stands in the header. RFC 9260 appendix A
fn crc32c(packet: &[u8]) -> Option<u32> {
    let (before, after) = (packet.get(..8)?, packet.get(12..)?);
    let crc = before.iter().chain(&[0; 4]).chain(after).fold(u32::MAX, |crc, byte| {
        (0..8).fold(
            crc ^ u32::from(*byte),
            |crc, _| if crc & 1 == 1 { crc >> 1 ^ 0x82f6_3b78 } else { crc >> 1 },
        )
    });
    Some((!crc).swap_bytes())
}

#[cfg(test)]
mod tests {
    use super::super::testing::{fields, opened, texts};
    use super::*;

    #[test]
    fn chunks_are_opened_one_by_one() {
        let mut bytes = vec![0x0b, 0x59, 0x0b, 0x59, 0, 0, 0, 1, 0, 0, 0, 0];
        bytes.extend([3, 0, 0, 20, 0, 0, 0, 9, 0, 1, 0, 0, 0, 1, 0, 0, 0, 2, 0, 3]);
        bytes.extend([0, 3, 0, 17, 0, 0, 0, 5, 0, 1, 0, 0, 0, 0, 0, 46, 0xaa, 0, 0, 0]);
        opened(sctp, &bytes, 12);
        let found = fields(sctp, &bytes, 12);
        assert_eq!(texts(&found, "chunk"), ["3 (SACK)", "0 (DATA)"]);
        assert_eq!(texts(&found, "gap_end"), ["3"]);
        assert_eq!(texts(&found, "payload"), ["aa"]);
        assert_eq!(texts(&found, "padding"), ["000000"]);
        assert_eq!(texts(&found, "chunk_flags"), ["0x00", "0x03 (beginning, ending)"]);
        assert_eq!(texts(&found, "payload_protocol"), ["46 (Diameter)"]);
    }

    #[test]
    fn the_checksum_is_the_crc32c_in_wire_order() {
        // "123456789" has the CRC32c e3069283, which stands least significant byte first.
        let crc = b"123456789".iter().fold(u32::MAX, |crc, byte| {
            (0..8).fold(crc ^ u32::from(*byte), |c, _| if c & 1 == 1 { c >> 1 ^ 0x82f6_3b78 } else { c >> 1 })
        });
        assert_eq!(!crc, 0xe306_9283);
        let mut packet = vec![0, 1, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 11, 0, 0, 4];
        let right = crc32c(&packet).unwrap();
        packet[8..12].copy_from_slice(&right.to_be_bytes());
        assert_eq!(texts(&fields(sctp, &packet, 12), "checksum_status"), ["good"]);
        packet[15] = 5;
        assert_eq!(texts(&fields(sctp, &packet, 12), "checksum_status"), ["bad"]);
    }

    #[test]
    fn every_kind_of_chunk_covers_its_bytes() {
        for kind in 0..=255u8 {
            let mut bytes = vec![0x80; 60];
            bytes[12..16].copy_from_slice(&[kind, 0, 0, 37]);
            bytes[30..34].copy_from_slice(&[0, 5, 0, 8]);
            opened(sctp, &bytes, 12);
        }
    }
}
