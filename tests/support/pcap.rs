//! Classic pcap files.

use super::Record;
use super::link::linktype;

/// How a file is written.
#[derive(Clone, Copy, Debug)]
pub struct Pcap {
    pub big_endian: bool,
    pub nanos: bool,
    pub linktype: u32,
    pub snaplen: u32,
    pub version: (u16, u16),
}

impl Default for Pcap {
    fn default() -> Self {
        Self {
            big_endian: false,
            nanos: false,
            linktype: linktype::ETHERNET,
            snaplen: 262_144,
            version: (2, 4),
        }
    }
}

impl Pcap {
    pub fn of(linktype: u32) -> Self {
        Self { linktype, ..Self::default() }
    }

    pub fn write(&self, records: &[Record]) -> Vec<u8> {
        let mut file = self.header();
        for record in records {
            self.record(&mut file, record);
        }
        file
    }

    pub fn header(&self) -> Vec<u8> {
        let mut file = Vec::new();
        self.word(&mut file, if self.nanos { 0xa1b2_3c4d } else { 0xa1b2_c3d4 });
        for half in [self.version.0, self.version.1] {
            file.extend(if self.big_endian { half.to_be_bytes() } else { half.to_le_bytes() });
        }
        for word in [0, 0, self.snaplen, self.linktype] {
            self.word(&mut file, word);
        }
        file
    }

    pub fn record(&self, file: &mut Vec<u8>, record: &Record) {
        let fraction = record.at.rem_euclid(1_000_000_000) as u32;
        self.word(file, record.at.div_euclid(1_000_000_000) as u32);
        self.word(file, if self.nanos { fraction } else { fraction / 1000 });
        self.word(file, record.data.len() as u32);
        self.word(file, record.orig_len);
        file.extend(&record.data);
    }

    fn word(&self, file: &mut Vec<u8>, word: u32) {
        file.extend(if self.big_endian { word.to_be_bytes() } else { word.to_le_bytes() });
    }
}

/// A little-endian microsecond Ethernet capture: what most files are.
pub fn ethernet(records: &[Record]) -> Vec<u8> {
    Pcap::default().write(records)
}
