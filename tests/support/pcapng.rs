//! pcapng files (draft-ietf-opsawg-pcapng), block by block.

use super::Record;

/// Option codes.
pub mod option {
    pub const COMMENT: u16 = 1;
    pub const SHB_HARDWARE: u16 = 2;
    pub const SHB_OS: u16 = 3;
    pub const SHB_USER_APPLICATION: u16 = 4;
    pub const IF_NAME: u16 = 2;
    pub const IF_DESCRIPTION: u16 = 3;
    pub const IF_SPEED: u16 = 8;
    pub const IF_TSRESOL: u16 = 9;
    pub const IF_FILTER: u16 = 11;
    pub const IF_OS: u16 = 12;
    pub const IF_TSOFFSET: u16 = 14;
    pub const EPB_FLAGS: u16 = 2;
    pub const EPB_DROP_COUNT: u16 = 4;
    pub const ISB_IF_RECEIVED: u16 = 4;
    pub const ISB_IF_DROPPED: u16 = 5;
}

/// One interface of a section.
#[derive(Clone, Debug, Default)]
pub struct Interface {
    pub linktype: u16,
    /// 0: no limit.
    pub snaplen: u32,
    /// As on the wire: 10^-n, or 2^-n with the high bit. Without it: microseconds.
    pub tsresol: Option<u8>,
    /// Seconds added to every timestamp.
    pub tsoffset: Option<i64>,
    pub name: Option<&'static str>,
    /// Any others.
    pub options: Vec<(u16, Vec<u8>)>,
}

impl Interface {
    pub fn of(linktype: u32) -> Self {
        Self { linktype: linktype as u16, ..Self::default() }
    }

    /// Ticks of this interface's clock at `at`, rounded down.
    pub fn ticks(&self, at: i64) -> u64 {
        let nanos = i128::from(at) - i128::from(self.tsoffset.unwrap_or(0)) * 1_000_000_000;
        let resol = self.tsresol.unwrap_or(6);
        let exponent = u32::from(resol & 0x7f);
        let rate = if resol & 0x80 == 0 { 10i128.pow(exponent) } else { 1i128 << exponent };
        (nanos.div_euclid(1_000_000_000) * rate + nanos.rem_euclid(1_000_000_000) * rate / 1_000_000_000)
            as u64
    }
}

/// A file in the making.
#[derive(Clone, Debug, Default)]
pub struct Pcapng {
    pub bytes: Vec<u8>,
    big_endian: bool,
    interfaces: Vec<Interface>,
}

impl Pcapng {
    /// A file of one section, for now.
    pub fn new(big_endian: bool) -> Self {
        Self::default().section(big_endian, &[])
    }

    /// Begins a section; interfaces count from 0 again.
    pub fn section(mut self, big_endian: bool, options: &[(u16, &[u8])]) -> Self {
        self.big_endian = big_endian;
        self.interfaces.clear();
        let mut body = Vec::new();
        self.word(&mut body, 0x1a2b_3c4d);
        self.half(&mut body, 1);
        self.half(&mut body, 0);
        body.extend([0xff; 8]);
        self.options(&mut body, options);
        self.block(0x0a0d_0d0a, &body)
    }

    pub fn interface(mut self, interface: Interface) -> Self {
        let mut body = Vec::new();
        self.half(&mut body, interface.linktype);
        self.half(&mut body, 0);
        self.word(&mut body, interface.snaplen);
        let tsresol = interface.tsresol.map(|resol| [resol]);
        let tsoffset = interface
            .tsoffset
            .map(|seconds| if self.big_endian { seconds.to_be_bytes() } else { seconds.to_le_bytes() });
        let mut options: Vec<(u16, &[u8])> = Vec::new();
        options.extend(interface.name.map(|name| (option::IF_NAME, name.as_bytes())));
        options.extend(tsresol.as_ref().map(|value| (option::IF_TSRESOL, value.as_slice())));
        options.extend(tsoffset.as_ref().map(|value| (option::IF_TSOFFSET, value.as_slice())));
        options.extend(interface.options.iter().map(|(code, value)| (*code, value.as_slice())));
        self.options(&mut body, &options);
        self.interfaces.push(interface);
        self.block(1, &body)
    }

    /// An Enhanced Packet Block.
    pub fn packet(self, interface: u32, record: &Record) -> Self {
        self.packet_with(interface, record, &[])
    }

    pub fn packet_with(self, interface: u32, record: &Record, options: &[(u16, &[u8])]) -> Self {
        let known = self.interfaces.get(interface as usize).cloned().unwrap_or_default();
        let ticks = known.ticks(record.at);
        let mut body = Vec::new();
        self.word(&mut body, interface);
        self.word(&mut body, (ticks >> 32) as u32);
        self.word(&mut body, ticks as u32);
        self.word(&mut body, record.data.len() as u32);
        self.word(&mut body, record.orig_len);
        body.extend(&record.data);
        body.resize(body.len().next_multiple_of(4), 0);
        self.options(&mut body, options);
        self.block(6, &body)
    }

    pub fn packets(self, interface: u32, records: &[Record]) -> Self {
        records.iter().fold(self, |file, record| file.packet(interface, record))
    }

    /// A Simple Packet Block: interface 0, no time.
    pub fn simple(self, record: &Record) -> Self {
        let mut body = Vec::new();
        self.word(&mut body, record.orig_len);
        body.extend(&record.data);
        self.block(3, &body)
    }

    /// A Name Resolution Block with IPv4 names.
    pub fn names(self, names: &[([u8; 4], &str)]) -> Self {
        let mut body = Vec::new();
        for (address, name) in names {
            self.half(&mut body, 1);
            self.half(&mut body, 4 + name.len() as u16 + 1);
            body.extend(address);
            body.extend(name.as_bytes());
            body.push(0);
            body.resize(body.len().next_multiple_of(4), 0);
        }
        body.extend([0; 4]);
        self.block(4, &body)
    }

    /// An Interface Statistics Block: what the interface received and dropped.
    pub fn statistics(self, interface: u32, at: i64, received: u64, dropped: u64) -> Self {
        let ticks = self.interfaces.get(interface as usize).cloned().unwrap_or_default().ticks(at);
        let mut body = Vec::new();
        self.word(&mut body, interface);
        self.word(&mut body, (ticks >> 32) as u32);
        self.word(&mut body, ticks as u32);
        let bytes = |value: u64| if self.big_endian { value.to_be_bytes() } else { value.to_le_bytes() };
        let (received, dropped) = (bytes(received), bytes(dropped));
        self.options(&mut body, &[(option::ISB_IF_RECEIVED, &received), (option::ISB_IF_DROPPED, &dropped)]);
        self.block(5, &body)
    }

    /// Any block: type, body (padded here), and the length before and behind.
    pub fn block(mut self, kind: u32, body: &[u8]) -> Self {
        let padded = body.len().next_multiple_of(4);
        let mut block = Vec::with_capacity(padded + 12);
        self.word(&mut block, kind);
        self.word(&mut block, padded as u32 + 12);
        block.extend(body);
        block.resize(8 + padded, 0);
        self.word(&mut block, padded as u32 + 12);
        self.bytes.extend(block);
        self
    }

    /// Bytes that are no block.
    pub fn raw(mut self, bytes: &[u8]) -> Self {
        self.bytes.extend(bytes);
        self
    }

    fn options(&self, body: &mut Vec<u8>, options: &[(u16, &[u8])]) {
        for (code, value) in options {
            self.half(body, *code);
            self.half(body, value.len() as u16);
            body.extend(*value);
            body.resize(body.len().next_multiple_of(4), 0);
        }
        if !options.is_empty() {
            body.extend([0; 4]);
        }
    }

    fn half(&self, body: &mut Vec<u8>, half: u16) {
        body.extend(if self.big_endian { half.to_be_bytes() } else { half.to_le_bytes() });
    }

    fn word(&self, body: &mut Vec<u8>, word: u32) {
        body.extend(if self.big_endian { word.to_be_bytes() } else { word.to_le_bytes() });
    }
}
