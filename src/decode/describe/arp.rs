//! ARP and RARP. RFC 826, RFC 903.

use super::names::{ethertype, hardware_type};
use super::notation::{Item, code, hardware_of, ipv4, named, number};
use super::reader::Reader;

/// An ARP packet; what follows in its frame is padding.
pub(super) fn arp(reader: &mut Reader<'_>) {
    reader.read(&[
        named("hardware_type", 2, hardware_type),
        code("protocol_type", 2, ethertype),
        number("hardware_length", 1),
        number("protocol_length", 1),
        named("operation", 2, operation),
    ]);
    let (hardware, protocol) =
        (reader.last("hardware_length") as usize, reader.last("protocol_length") as usize);
    reader.take_payload();
    reader.end_at(8 + 2 * (hardware + protocol));
    for (station, address) in [("sender", "sender_address"), ("target", "target_address")] {
        if hardware > 0 {
            reader.item(hardware_of(station, hardware));
        }
        match protocol {
            0 => {}
            4 => reader.read(&[ipv4(address)]),
            _ => reader.read(&[Item { len: protocol, ..hardware_of(address, 0) }]),
        }
    }
}

fn operation(value: u64) -> Option<&'static str> {
    Some(match value {
        1 => "request",
        2 => "reply",
        3 => "reverse request",
        4 => "reverse reply",
        5 => "dynamic reverse request",
        6 => "dynamic reverse reply",
        7 => "dynamic reverse error",
        8 => "inverse request",
        9 => "inverse reply",
        10 => "NAK",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::super::testing::opened;
    use super::*;

    #[test]
    fn a_request_shows_who_asks_for_whom() {
        let mut bytes =
            vec![0, 1, 8, 0, 6, 4, 0, 1, 2, 0, 0, 0, 0, 1, 10, 0, 0, 2, 0, 0, 0, 0, 0, 0, 10, 0, 0, 1];
        let expected = "hardware_type 0+2: 1 (Ethernet)\nprotocol_type 2+2: 0x0800 (IPv4)\n\
             hardware_length 4+1: 6\nprotocol_length 5+1: 4\noperation 6+2: 1 (request)\n\
             sender 8+6: 02:00:00:00:00:01\nsender_address 14+4: 10.0.0.2\n\
             target 18+6: 00:00:00:00:00:00\ntarget_address 24+4: 10.0.0.1\n";
        assert_eq!(opened(arp, &bytes, 28), expected);
        bytes.extend([0; 18]);
        assert_eq!(opened(arp, &bytes, 28), expected);
    }
}
