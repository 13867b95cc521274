//! Multipath TCP's option. RFC 8684 §3.

use super::notation::{bits, flag, hex, ipv4, ipv6, named_part, number, part};
use super::reader::Reader;
use crate::decode::MptcpSubtype;

/// The option behind its kind and length.
pub(super) fn option(reader: &mut Reader<'_>) {
    match reader.ahead(1).unwrap_or(0) >> 4 {
        0 => capable(reader),
        1 => join(reader),
        2 => data_sequence_signal(reader),
        3 => {
            reader.read(&[bits(1, &[named_part("subtype", 4, subtype), part("echo", 4)])]);
            reader.item(number("address_id", 1));
            match reader.left() {
                16.. => reader.read(&[ipv6("address")]),
                4.. => reader.read(&[ipv4("address")]),
                _ => {}
            }
            if reader.left() & 3 == 2 {
                reader.item(number("port", 2));
            }
            reader.rest("hmac");
        }
        4 => {
            reader.read(&[bits(1, &[named_part("subtype", 4, subtype), part("reserved", 4)])]);
            while reader.left() > 0 {
                reader.item(number("address_id", 1));
            }
        }
        5 => {
            reader
                .read(&[bits(1, &[named_part("subtype", 4, subtype), part("reserved", 3), flag("backup")])]);
            if reader.left() > 0 {
                reader.item(number("address_id", 1));
            }
        }
        6 => reader
            .read(&[bits(2, &[named_part("subtype", 4, subtype), part("reserved", 12)]), hex("data_seq", 8)]),
        7 => reader.read(&[
            bits(2, &[named_part("subtype", 4, subtype), part("reserved", 12)]),
            hex("receiver_key", 8),
        ]),
        8 => reader.read(&[bits(
            2,
            &[
                named_part("subtype", 4, subtype),
                flag("no_address"),
                flag("no_port"),
                flag("no_data"),
                flag("transient"),
                part("reason", 8),
            ],
        )]),
        _ => reader.read(&[bits(1, &[named_part("subtype", 4, subtype), part("reserved", 4)])]),
    }
}

fn capable(reader: &mut Reader<'_>) {
    reader.read(&[
        bits(1, &[named_part("subtype", 4, subtype), part("version", 4)]),
        bits(
            1,
            &[
                flag("checksum_required"),
                flag("extensible"),
                flag("no_more_subflows"),
                part("reserved", 4),
                flag("hmac_sha256"),
            ],
        ),
    ]);
    for key in ["sender_key", "receiver_key"] {
        if reader.left() >= 8 {
            reader.item(hex(key, 8));
        }
    }
    if reader.left() >= 2 {
        reader.item(number("data_length", 2));
    }
    if reader.left() >= 2 {
        reader.item(hex("data_checksum", 2));
    }
}

fn join(reader: &mut Reader<'_>) {
    reader.read(&[
        bits(1, &[named_part("subtype", 4, subtype), part("reserved", 3), flag("backup")]),
        number("address_id", 1),
    ]);
    // RFC 8684 §3.2: SYN, SYN-ACK and ACK tell themselves apart by their lengths.
    match reader.left() {
        8 => reader.read(&[hex("receiver_token", 4), hex("sender_random", 4)]),
        12 => reader.read(&[hex("sender_hmac", 8), hex("sender_random", 4)]),
        _ => reader.rest("sender_hmac"),
    }
}

fn data_sequence_signal(reader: &mut Reader<'_>) {
    reader.read(&[
        bits(1, &[named_part("subtype", 4, subtype), part("reserved", 4)]),
        bits(
            1,
            &[
                part("reserved", 3),
                flag("data_fin"),
                flag("data_seq_8"),
                flag("data_seq_present"),
                flag("data_ack_8"),
                flag("data_ack_present"),
            ],
        ),
    ]);
    let octets = |reader: &Reader<'_>, name| if reader.last(name) == 1 { 8 } else { 4 };
    if reader.last("data_ack_present") == 1 {
        reader.item(number("data_ack", octets(reader, "data_ack_8")));
    }
    if reader.last("data_seq_present") == 1 {
        reader.read(&[
            number("data_seq", octets(reader, "data_seq_8")),
            number("subflow_seq", 4),
            number("data_length", 2),
        ]);
        if reader.left() >= 2 {
            reader.item(hex("data_checksum", 2));
        }
    }
}

fn subtype(value: u64) -> Option<&'static str> {
    MptcpSubtype(value as u8).name()
}

#[cfg(test)]
mod tests {
    use super::super::testing::{fields, opened, texts};
    use super::*;

    #[test]
    fn a_data_sequence_signal_is_as_long_as_its_flags_say() {
        let bytes = [0x20, 0x05, 0, 0, 0, 9, 0, 0, 0, 7, 0, 0, 0, 1, 0, 20, 0xab, 0xcd];
        opened(option, &bytes, bytes.len());
        let found = fields(option, &bytes, bytes.len());
        assert_eq!(texts(&found, "subtype"), ["2 (DSS)"]);
        assert_eq!(texts(&found, "data_ack"), ["9"]);
        assert_eq!(texts(&found, "data_seq"), ["7"]);
        assert_eq!(texts(&found, "data_length"), ["20"]);
        assert_eq!(texts(&found, "data_checksum"), ["0xabcd"]);
    }

    #[test]
    fn every_subtype_covers_its_bytes() {
        for subtype in 0..16u8 {
            for len in 1..30 {
                let mut bytes = vec![0xff; len];
                bytes[0] = subtype << 4 | 0x0f;
                opened(option, &bytes, len);
            }
        }
    }
}
