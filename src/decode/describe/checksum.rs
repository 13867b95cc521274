//! Internet checksums, and what is said of them. RFC 1071.

use super::field::Value;
use super::notation::hex;
use super::reader::Reader;
use crate::decode::Address;
use crate::decode::checksum::{fold, sum};

/// What became of the check of a checksum.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Check {
    /// The sum over all that it covers; 0 if the checksum is right.
    Sum(u16),
    /// Not everything that it covers is at hand.
    Unverified(&'static str),
    /// The sender computed none.
    Absent,
}

/// Reads a 16-bit checksum, and says whether it is right: as `checksum`, and in a word as `checksum_status`.
pub(super) fn read(reader: &mut Reader<'_>, check: Check) {
    if reader.left() < 2 {
        return reader.rest("data");
    }
    let found = reader.item(hex("checksum", 2)) as u16;
    let (word, more) = match check {
        Check::Sum(0) => ("good", String::from("correct")),
        Check::Sum(sum) => {
            // The difference to 0 in ones' complement is what the field lacks. RFC 1624 §3
            let right = fold(u64::from(found) + u64::from(sum));
            ("bad", format!("wrong, should be 0x{right:04x}"))
        }
        Check::Unverified(why) => ("unverified", format!("not verified: {why}")),
        Check::Absent => ("absent", String::from("none")),
    };
    reader.remark(&more);
    reader.derive("checksum_status", Value::Text(String::from(word)), String::from(word));
}

/// The sum of some bytes as a checksum has it: 0 if they hold a right one.
pub(super) fn over(bytes: &[u8]) -> Check {
    Check::Sum(!fold(sum(bytes)))
}

/// The sum of a transport's header and payload and of the pseudo-header before it. RFC 9293 §3.1, RFC 8200 §8.1
pub(super) fn over_transport(reader: &Reader<'_>, protocol: u8, covered: Option<usize>) -> Check {
    if reader.around.fragment {
        return Check::Unverified("a fragment");
    }
    let Some((source, destination)) = reader.around.network else {
        return Check::Unverified("no addresses");
    };
    let Some(whole) = reader.whole() else { return Check::Unverified("cut") };
    let Some(bytes) = covered.map_or(Some(whole), |covered| whole.get(..covered)) else {
        return Check::Unverified("it covers more than there is");
    };
    let pseudo = octets(source) + octets(destination) + whole.len() as u64 + u64::from(protocol);
    Check::Sum(!fold(sum(bytes) + pseudo))
}

fn octets(address: Address) -> u64 {
    sum(&address.bytes())
}

/// The frame check sequence of IEEE 802, as it stands on the wire: the CRC of everything before it.
pub(super) fn frame_check_sequence(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(
            crc ^ u32::from(*byte),
            |crc, _| if crc & 1 == 1 { crc >> 1 ^ 0xedb8_8320 } else { crc >> 1 },
        )
    })
}

#[cfg(test)]
mod tests {
    use super::super::reader::Around;
    use super::*;

    #[test]
    fn an_ipv4_header_with_its_checksum_sums_to_nothing() {
        // The example of RFC 1071 section 3, then a header as it went over the wire.
        assert_eq!(!fold(sum(&[0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7])), 0x220d);
        let header =
            [0x45, 0, 0, 0x73, 0, 0, 0x40, 0, 0x40, 0x11, 0xb8, 0x61, 0xc0, 0xa8, 0, 1, 0xc0, 0xa8, 0, 0xc7];
        assert_eq!(over(&header), Check::Sum(0));
    }

    #[test]
    fn a_wrong_checksum_is_named_with_the_right_one() {
        let mut header =
            [0x45, 0, 0, 0x73, 0, 0, 0x40, 0, 0x40, 0x11, 0xb8, 0x60, 0xc0, 0xa8, 0, 1, 0xc0, 0xa8, 0, 0xc7];
        let text = |header: &[u8]| {
            let mut reader = Reader::new(&header[10..], 2, 0, Around::default());
            read(&mut reader, over(header));
            reader.finish().0.iter().map(|field| field.text.clone()).collect::<Vec<_>>()
        };
        assert_eq!(text(&header), ["0xb860 (wrong, should be 0xb861)", "bad"]);
        header[11] = 0x61;
        assert_eq!(text(&header), ["0xb861 (correct)", "good"]);
    }

    #[test]
    fn the_frame_check_sequence_is_the_crc_of_ieee_802() {
        assert_eq!(frame_check_sequence(b"123456789"), 0xcbf4_3926);
    }
}
