//! Protocols that routers speak among themselves over IP.

use super::notation::{bits, flag, hex, ipv4, named_part, number, part};
use super::reader::Reader;

/// PIM. RFC 7761 §4.9
pub(super) fn pim(reader: &mut Reader<'_>) {
    reader.read(&[
        bits(
            1,
            &[
                part("version", 4),
                named_part("message_type", 4, |value| {
                    let names = [
                        "hello",
                        "register",
                        "register-stop",
                        "join/prune",
                        "bootstrap",
                        "assert",
                        "graft",
                        "graft-ack",
                        "candidate RP advertisement",
                        "state refresh",
                    ];
                    names.get(value as usize).copied()
                }),
            ],
        ),
        hex("reserved", 1),
        hex("checksum", 2),
    ]);
    if reader.last("message_type") == 1 {
        reader.item(bits(4, &[flag("border"), flag("null_register"), part("reserved", 30)]));
    }
}

/// VRRP. RFC 9568 §5.1
pub(super) fn vrrp(reader: &mut Reader<'_>) {
    reader.take_payload();
    reader.item(bits(1, &[part("version", 4), part("type", 4)]));
    reader.read(&[number("router", 1), number("priority", 1), number("addresses", 1)]);
    reader.read(&[hex("interval", 2), hex("checksum", 2)]);
    for _ in 0..(reader.last("addresses") as usize).min(reader.left() / 4) {
        reader.item(ipv4("address"));
    }
}

#[cfg(test)]
mod tests {
    use super::super::Open;
    use super::super::testing::{fields, opened, texts};
    use super::*;

    #[test]
    fn an_advertisement_lists_its_addresses() {
        let bytes = [0x21, 7, 100, 1, 1, 1, 0, 0, 10, 0, 0, 254];
        let found = fields(vrrp, &bytes, 8);
        assert_eq!(texts(&found, "router"), ["7"]);
        assert_eq!(texts(&found, "address"), ["10.0.0.254"]);
        assert_eq!(texts(&fields(pim, &[0x20, 0, 0, 0], 4), "message_type"), ["0 (hello)"]);
    }

    #[test]
    fn the_headers_cover_their_bytes() {
        let all: [(Open, usize); 3] = [(pim, 8), (pim, 4), (vrrp, 20)];
        for (open, len) in all {
            for fill in [0, 1, 0x21, 0x32, 0x55, 0xc3, 0xff] {
                opened(open, &vec![fill; len], len);
            }
        }
    }
}
