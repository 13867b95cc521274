//! UDP, UDP-Lite and DCCP. RFC 768, RFC 3828, RFC 4340.

use super::checksum::{self, Check};
use super::notation::{Item, bits, flag, hex, measure, named, named_part, number, part};
use super::reader::Reader;

const PORTS: &[Item<'_>] = &[number("source_port", 2), number("destination_port", 2)];

/// A UDP header.
pub(super) fn udp(reader: &mut Reader<'_>) {
    reader.read(PORTS);
    let len = reader.item(number("length", 2)) as usize;
    // A length of 0 is a jumbogram or segmentation offload.
    if len >= 8 {
        reader.end_at(len);
    }
    let check = match reader.ahead(2) {
        // RFC 768: 0 means that the sender computed none.
        Some(0) => Check::Absent,
        _ => checksum::over_transport(reader, 17, None),
    };
    checksum::read(reader, check);
}

/// A UDP-Lite header, whose third field is what the checksum covers. RFC 3828 §3.1
pub(super) fn udp_lite(reader: &mut Reader<'_>) {
    reader.read(PORTS);
    let coverage = reader.item(number("checksum_coverage", 2)) as usize;
    let covered = (coverage > 0).then_some(coverage);
    checksum::read(reader, checksum::over_transport(reader, 136, covered));
}

/// A DCCP header. RFC 4340 §5.1
pub(super) fn dccp(reader: &mut Reader<'_>) {
    reader.read(PORTS);
    reader.item(measure("data_offset", 1, 4, "bytes"));
    reader.item(bits(1, &[part("ccval", 4), part("checksum_coverage", 4)]));
    let covered = match reader.last("checksum_coverage") as usize {
        0 => None,
        words => Some(reader.last("data_offset") as usize * 4 + (words - 1) * 4),
    };
    checksum::read(reader, checksum::over_transport(reader, 33, covered));
    reader.item(bits(1, &[part("reserved", 3), named_part("type", 4, dccp_type), flag("extended_sequence")]));
    let kind = reader.last("type");
    if reader.last("extended_sequence") == 1 {
        reader.read(&[number("reserved", 1), number("sequence", 6)]);
    } else {
        reader.item(number("sequence", 3));
    }
    // RFC 4340 §5.3: all but Request and Data acknowledge.
    if !matches!(kind, 0 | 2) {
        if reader.last("extended_sequence") == 1 {
            reader.read(&[number("reserved", 2), number("acknowledgment", 6)]);
        } else {
            reader.read(&[number("reserved", 1), number("acknowledgment", 3)]);
        }
    }
    match kind {
        0 | 1 => reader.read(&[hex("service_code", 4)]),
        7 => reader.read(&[number("reset_code", 1), hex("reset_data", 3)]),
        _ => {}
    }
    while let Some(kind) = reader.ahead(1) {
        let len = if kind < 32 { 1 } else { reader.peek().get(1).map_or(2, |&len| usize::from(len).max(2)) };
        reader.group("option", len, |r| {
            r.item(named("option_type", 1, dccp_option));
            let text = r.last_text("option_type");
            if kind >= 32 {
                r.item(number("option_length", 1));
                r.rest("value");
            }
            text
        });
    }
}

fn dccp_type(value: u64) -> Option<&'static str> {
    let names =
        ["Request", "Response", "Data", "Ack", "DataAck", "CloseReq", "Close", "Reset", "Sync", "SyncAck"];
    names.get(value as usize).copied()
}

fn dccp_option(value: u64) -> Option<&'static str> {
    Some(match value {
        0 => "padding",
        1 => "mandatory",
        2 => "slow receiver",
        32 => "change L",
        33 => "confirm L",
        34 => "change R",
        35 => "confirm R",
        36 => "init cookie",
        37 => "NDP count",
        38 => "ACK vector, nonce 0",
        39 => "ACK vector, nonce 1",
        40 => "data dropped",
        41 => "timestamp",
        42 => "timestamp echo",
        43 => "elapsed time",
        44 => "data checksum",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::super::Open;
    use super::super::testing::{fields, opened, texts};
    use super::*;

    #[test]
    fn a_datagram_ends_where_its_length_says() {
        let bytes = [0, 53, 4, 0, 0, 9, 0, 0, 1, 0xff, 0xff];
        assert_eq!(
            opened(udp, &bytes, 8),
            "source_port 0+2: 53\ndestination_port 2+2: 1024\nlength 4+2: 9\nchecksum 6+2: 0x0000 (none)\n\
             checksum_status 6+2: absent\n"
        );
        let with_checksum = [0, 53, 4, 0, 0, 9, 0xe6, 0xa4, 1];
        let expected = ["0xe6a4 (correct)"];
        assert_eq!(texts(&fields(udp, &with_checksum, 8), "checksum"), expected);
    }

    #[test]
    fn a_checksum_may_cover_the_header_alone() {
        let bytes = [0, 53, 4, 0, 0, 8, 0xe7, 0x2d, 1, 2];
        assert_eq!(texts(&fields(udp_lite, &bytes, 8), "checksum_status"), ["good"]);
    }

    #[test]
    fn a_request_shows_its_service_code() {
        let bytes = [0, 1, 0, 2, 6, 0, 0, 0, 0x01, 0, 0, 0, 0, 0, 0, 7, 0, 0, 0, 42, 32, 4, 1, 2];
        opened(dccp, &bytes, 24);
        let found = fields(dccp, &bytes, 24);
        assert_eq!(texts(&found, "type"), ["0 (Request)"]);
        assert_eq!(texts(&found, "sequence"), ["7"]);
        assert_eq!(texts(&found, "service_code"), ["0x0000002a"]);
        assert_eq!(texts(&found, "option"), ["32 (change L)"]);
    }

    #[test]
    fn the_headers_cover_their_bytes() {
        for open in [udp as Open, udp_lite, dccp] {
            for fill in [0, 1, 0x1f, 0x55, 0xff] {
                opened(open, &[fill; 36], 36);
                opened(open, &[fill; 36], 8);
            }
        }
    }
}
