//! IPsec and payload compression.

use super::names::ip_protocol;
use super::notation::{hex, measure, named, number};
use super::reader::Reader;

/// IPsec in UDP: four zeros in front of IKE, or a keep-alive of one byte. RFC 3948 §2
pub(super) fn udp_encapsulation(reader: &mut Reader<'_>) {
    match reader.left() {
        1 => reader.read(&[hex("keep_alive", 1)]),
        4.. => reader.read(&[hex("non_esp_marker", 4)]),
        _ => {}
    }
}

/// ESP, of which all but the first two fields is encrypted. RFC 4303 §2
pub(super) fn esp(reader: &mut Reader<'_>) {
    reader.read(&[hex("spi", 4), number("sequence", 4)]);
}

/// AH. RFC 4302 §2
pub(super) fn ah(reader: &mut Reader<'_>) {
    reader.read(&[
        named("next_header", 1, ip_protocol),
        measure("header_length", 1, 4, "bytes after 8"),
        hex("reserved", 2),
        hex("spi", 4),
        number("sequence", 4),
    ]);
    reader.rest("integrity_check");
}

/// IPComp. RFC 3173 §3
pub(super) fn ipcomp(reader: &mut Reader<'_>) {
    reader.read(&[named("next_header", 1, ip_protocol), hex("flags", 1), number("compression", 2)]);
}

#[cfg(test)]
mod tests {
    use super::super::Open;
    use super::super::testing::opened;
    use super::*;

    #[test]
    fn an_encrypted_packet_shows_its_association_and_sequence() {
        let bytes = [0, 0, 0x10, 0x01, 0, 0, 0, 7];
        assert_eq!(opened(esp, &bytes, 8), "spi 0+4: 0x00001001\nsequence 4+4: 7\n");
    }

    #[test]
    fn the_headers_cover_their_bytes() {
        let all: [(Open, usize); 5] =
            [(udp_encapsulation, 4), (udp_encapsulation, 1), (esp, 8), (ah, 24), (ipcomp, 4)];
        for (open, len) in all {
            for fill in [0, 1, 0x21, 0x32, 0x55, 0xc3, 0xff] {
                opened(open, &vec![fill; len], len);
            }
        }
    }
}
