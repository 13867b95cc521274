//! snoop files (RFC 1761): big-endian, microseconds, records padded to four bytes.

use super::Record;

/// A version 2 file; `datalink` 4 is Ethernet.
pub fn write(datalink: u32, records: &[Record]) -> Vec<u8> {
    let mut file = b"snoop\0\0\0".to_vec();
    file.extend(2u32.to_be_bytes());
    file.extend(datalink.to_be_bytes());
    for record in records {
        let padding = record.data.len().next_multiple_of(4) - record.data.len();
        let micros = record.at.rem_euclid(1_000_000_000) / 1000;
        for word in [
            record.orig_len,
            record.data.len() as u32,
            (24 + record.data.len() + padding) as u32,
            0,
            record.at.div_euclid(1_000_000_000) as u32,
            micros as u32,
        ] {
            file.extend(word.to_be_bytes());
        }
        file.extend(&record.data);
        file.extend(&[0; 3][..padding]);
    }
    file
}
