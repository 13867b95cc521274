//! pcapng files: sections of blocks.
//!
//! Read first: draft-ietf-opsawg-pcapng. Blocks that are no packets are parsed by pcap-parser. Packets are opened here:
//! its parsers collect the options of every packet, and know nothing of the obsolete Packet Block. Whatever depends on
//! the byte order inside an option is read here too: it reads `if_tsoffset` and the counters of statistics as
//! little-endian always.

mod describe;
mod head;
mod packet;

use std::sync::Arc;

use self::head::Head;
use self::packet::{Kind, Packet};
use super::block::{Piece, Record};
use super::format::{Damage, Records, Walked};
use super::options::BlockOptions;
use super::tally::Tally;
use super::{FileInfo, Interface};

/// The type of a section header: the same in either byte order.
const SECTION_HEADER: u32 = 0x0a0d_0d0a;
const BYTE_ORDER_MAGIC: u32 = 0x1a2b_3c4d;
const INTERFACE_DESCRIPTION: u32 = 1;
const OBSOLETE_PACKET: u32 = 2;
const SIMPLE_PACKET: u32 = 3;
const INTERFACE_STATISTICS: u32 = 5;
const ENHANCED_PACKET: u32 = 6;

/// Type and length before, length behind.
const FRAME_LEN: usize = 12;
/// Options that concern a reader of packet blocks.
const OPTION_COMMENT: u16 = 1;
const OPTION_DROPCOUNT: u16 = 4;

/// Where in a pcapng file a walk stands.
#[derive(Debug, Default)]
pub(super) struct Sections {
    big_endian: bool,
    /// Sections begun.
    begun: u32,
    interfaces: Arc<Vec<Interface>>,
    /// Of what was passed since pieces were last taken: whole sections, and where the present one starts.
    pieces: Vec<Piece>,
    start: usize,
    /// Memory that descriptions take.
    described: usize,
    /// There was no room for a description: no later one is kept, for they are found by their numbers.
    forgetful: bool,
}

/// Whether a capture that begins with `start` may be pcapng.
pub(super) fn recognise(start: &[u8]) -> bool {
    start.first_chunk() == Some(&SECTION_HEADER.to_be_bytes())
}

impl Sections {
    /// Passes the whole blocks of `bytes` from `from` on.
    pub fn walk(&mut self, bytes: &[u8], from: usize, max_record: usize, info: &mut FileInfo) -> Walked {
        let mut tally = Tally::after(info.last);
        let mut walked = Walked { end: from, next_len: FRAME_LEN, ..Walked::default() };
        while let Some(rest) = bytes.get(walked.end..) {
            match self.pass(rest, walked.end, max_record, (info, &mut tally), &mut walked.fault) {
                Ok(Passed::Packet(len)) => {
                    (walked.end, walked.packets) = (walked.end + len, walked.packets + 1)
                }
                Ok(Passed::Other(len)) => walked.end += len,
                Ok(Passed::Short(len)) => {
                    walked.next_len = len;
                    break;
                }
                Err(what) => {
                    walked.damage = Some(Damage { at: walked.end, what });
                    break;
                }
            }
        }
        info.add(&tally);
        walked
    }

    /// What the blocks are that were passed since the last call.
    pub fn pieces(&mut self) -> Vec<Piece> {
        self.end_piece();
        self.start = 0;
        std::mem::take(&mut self.pieces)
    }

    fn end_piece(&mut self) {
        let records = Records::Pcapng { big_endian: self.big_endian };
        let section = self.begun.saturating_sub(1);
        self.pieces.push(Piece::new(self.start, records, section, Arc::clone(&self.interfaces)));
    }

    /// Passes the block at the start of `rest`, which is at `at` in the bytes of the walk.
    fn pass(
        &mut self,
        rest: &[u8],
        at: usize,
        max_record: usize,
        (info, tally): (&mut FileInfo, &mut Tally),
        fault: &mut Option<Damage>,
    ) -> Result<Passed, String> {
        let Some(head) = Head::read(rest, self.big_endian, max_record, &mut info.notes)? else {
            return Ok(Passed::Short(FRAME_LEN));
        };
        let Head { kind, len, big_endian } = head;
        let Some(block) = rest.get(..len) else { return Ok(Passed::Short(len)) };
        let trailer = block.last_chunk().map_or(0, |bytes| word(*bytes, big_endian) as usize);
        if trailer != len {
            return Err(format!(
                "is damaged: a block is {len} bytes long by its start, and {trailer} by its end"
            ));
        }
        match kind {
            ENHANCED_PACKET | OBSOLETE_PACKET | SIMPLE_PACKET => {
                let packet = Packet::read(Kind::of(kind), block, big_endian, &self.interfaces)?;
                self.count(&packet, block, info, tally);
                let what =
                    |claim| format!("is damaged: a packet claims to have {claim} bytes in a block of {len}");
                *fault = fault.take().or(packet.excess.map(|claim| Damage { at, what: what(claim) }));
                return Ok(Passed::Packet(len));
            }
            SECTION_HEADER => {
                if at > self.start {
                    self.end_piece();
                }
                (self.start, self.big_endian) = (at, big_endian);
                self.begin_section(block, info)?;
            }
            INTERFACE_DESCRIPTION => {
                let found = self.describe(block, info)?.map(|what| Damage { at, what });
                *fault = fault.take().or(found);
            }
            INTERFACE_STATISTICS => self.keep_statistics(block, info),
            _ => {}
        }
        if kind != SECTION_HEADER && kind != INTERFACE_DESCRIPTION {
            info.count_block(kind);
        }
        Ok(Passed::Other(len))
    }

    fn count(&self, packet: &Packet<'_>, block: &[u8], info: &mut FileInfo, tally: &mut Tally) {
        let Some(interface) = self.interfaces.get(packet.interface as usize) else { return };
        let at = packet.raw_at.and_then(|raw| interface.clock.at(raw));
        tally.captured_bytes += packet.data.len() as u64;
        tally.count(at, packet.data.len() as u32, packet.orig_len, interface.snaplen);
        info.notes.dropped += u64::from(packet.drops.unwrap_or(0));
        for option in BlockOptions::new(packet.options(block), self.big_endian) {
            match option.code {
                OPTION_COMMENT => info.notes.comments += 1,
                OPTION_DROPCOUNT => info.notes.dropped += option.number().unwrap_or(0),
                _ => {}
            }
        }
        let section = info.sections.last_mut().filter(|_| !self.forgetful);
        if let Some(kept) = section.and_then(|section| section.interfaces.get_mut(packet.interface as usize))
        {
            kept.packets += 1;
        }
    }
}

/// What a step passed.
enum Passed {
    Packet(usize),
    Other(usize),
    /// Nothing: the block is so long, as far as is known, and its end is not there.
    Short(usize),
}

/// What is at `at` in a block of records, and where the next block is. All were passed by a walk.
#[inline(never)]
pub(super) fn open<'a>(
    bytes: &'a [u8],
    at: usize,
    big_endian: bool,
    interfaces: &[Interface],
) -> Option<(Option<Record<'a>>, usize)> {
    let rest = bytes.get(at..)?;
    let &[k0, k1, k2, k3, l0, l1, l2, l3] = rest.first_chunk()?;
    let kind = word([k0, k1, k2, k3], big_endian);
    let len = word([l0, l1, l2, l3], big_endian) as usize;
    let block = rest.get(..len)?;
    let record = match kind {
        ENHANCED_PACKET | OBSOLETE_PACKET | SIMPLE_PACKET => {
            let packet = Packet::read(Kind::of(kind), block, big_endian, interfaces).ok()?;
            Some(Record {
                raw_at: packet.raw_at,
                interface: packet.interface,
                orig_len: packet.orig_len,
                data: packet.data,
                options: packet.options(block),
            })
        }
        _ => None,
    };
    Some((record, at + len))
}

#[inline]
fn word(bytes: [u8; 4], big_endian: bool) -> u32 {
    if big_endian { u32::from_be_bytes(bytes) } else { u32::from_le_bytes(bytes) }
}

#[cfg(test)]
mod tests {
    use super::super::trial::{Seen, check_beginnings, read};
    use crate::support::pcapng::{Interface, Pcapng, option};
    use crate::support::{EPOCH, Record, records};

    fn some() -> Vec<Record> {
        let mut some = records(1_000_001_000, [b"abc".to_vec(), Vec::new(), vec![7; 60]]);
        some.push(Record::new(EPOCH + 5_000, vec![8; 40]).cut(21));
        some
    }

    fn seen(record: &Record, section: u32, interface: u32, linktype: u16) -> Seen {
        let Record { at, data, orig_len } = record.clone();
        Seen { at: Some(at), orig_len, data, linktype, section, interface }
    }

    fn word(value: u32, big_endian: bool) -> [u8; 4] {
        if big_endian { value.to_be_bytes() } else { value.to_le_bytes() }
    }

    #[test]
    fn sections_differ_in_byte_order_and_interfaces() {
        for first in [false, true] {
            let file = Pcapng::new(first)
                .interface(Interface::of(1))
                .packets(0, &some())
                .section(!first, &[])
                .interface(Interface::of(113))
                .interface(Interface { tsresol: Some(9), ..Interface::of(101) })
                .packets(1, &some())
                .section(!first, &[])
                .section(first, &[])
                .interface(Interface::of(0))
                .packets(0, &some());
            let expected: Vec<Seen> = [(0, 0, 1), (1, 1, 101), (3, 0, 0)]
                .iter()
                .flat_map(|&(section, interface, linktype)| {
                    some().into_iter().map(move |record| seen(&record, section, interface, linktype))
                })
                .collect();
            let trial = read(&file.bytes);
            assert_eq!(trial.frames, expected);
            assert_eq!(trial.errors, Vec::<String>::new());
            let linktypes: Vec<_> =
                trial.info.linktypes().iter().map(|(linktype, packets)| (linktype.0, *packets)).collect();
            assert_eq!(linktypes, [(1, 4), (113, 0), (101, 4), (0, 4)]);
            check_beginnings(&file.bytes);
        }
    }

    #[test]
    fn an_interface_may_be_described_between_packets() {
        let (first, second) = (&some()[0], &some()[1]);
        let file = Pcapng::new(false)
            .interface(Interface::of(1))
            .packet(0, first)
            .interface(Interface::of(113))
            .packet(1, second)
            .packet(0, first);
        assert_eq!(
            read(&file.bytes).frames,
            [seen(first, 0, 0, 1), seen(second, 0, 1, 113), seen(first, 0, 0, 1)]
        );
    }

    /// pcap-parser 0.17 reads `if_tsoffset` as little-endian always, and keeps 32 bits of seconds.
    #[test]
    fn every_clock_is_read_in_either_byte_order() {
        let record = Record::new(EPOCH + 123_456_000, vec![1]);
        for big_endian in [false, true] {
            for (tsresol, tsoffset, at) in [
                (None, None, EPOCH + 123_456_000),
                (Some(9), None, EPOCH + 123_456_000),
                (Some(3), None, EPOCH + 123_000_000),
                (Some(0), None, EPOCH),
                (Some(0x88), None, EPOCH + 121_093_750),
                (Some(0x80 | 30), None, EPOCH + 123_455_999),
                (Some(9), Some(1_700_000_000), EPOCH + 123_456_000),
                (None, Some(-3600), EPOCH + 123_456_000),
            ] {
                let interface = Interface { tsresol, tsoffset, ..Interface::of(1) };
                let file = Pcapng::new(big_endian).interface(interface).packet(0, &record);
                assert_eq!(read(&file.bytes).frames[0].at, Some(at), "{big_endian} {tsresol:?} {tsoffset:?}");
            }
        }
    }

    #[test]
    fn seconds_go_beyond_32_bits() {
        let at = 9_000_000_000_000_000_000;
        let file = Pcapng::new(false).interface(Interface::of(1)).packet(0, &Record::new(at, vec![1]));
        assert_eq!(read(&file.bytes).frames[0].at, Some(at));
    }

    #[test]
    fn a_simple_packet_has_no_time_and_is_cut_by_the_snap_length() {
        for (snaplen, captured) in [(0, 50), (50, 50), (48, 48), (33, 33)] {
            let record = Record::new(0, vec![9; 50]).cut(captured);
            let interface = Interface { snaplen, ..Interface::of(1) };
            let file = Pcapng::new(true).interface(interface).simple(&record);
            let trial = read(&file.bytes);
            assert_eq!(trial.frames, [Seen { at: None, ..seen(&record, 0, 0, 1) }], "{snaplen}");
            assert_eq!(trial.info.notes.untimed, 1);
            check_beginnings(&file.bytes);
        }
    }

    #[test]
    fn the_obsolete_packet_block_is_read() {
        for big_endian in [false, true] {
            let half = |value: u16| if big_endian { value.to_be_bytes() } else { value.to_le_bytes() };
            let file = [(2, 7), (1, u16::MAX)].iter().fold(
                Pcapng::new(big_endian)
                    .interface(Interface::of(1))
                    .interface(Interface::of(113))
                    .interface(Interface::of(101)),
                |file, &(interface, drops)| {
                    let mut body = [half(interface), half(drops)].concat();
                    for value in [0, 77, 5, 9] {
                        body.extend(word(value, big_endian));
                    }
                    body.extend(b"hello\0\0\0");
                    file.block(2, &body)
                },
            );
            let trial = read(&file.bytes);
            let record = Record { at: 77_000, orig_len: 9, data: b"hello".to_vec() };
            assert_eq!(trial.frames, [seen(&record, 0, 2, 101), seen(&record, 0, 1, 113)]);
            assert_eq!(trial.info.drops(), Some(7));
            check_beginnings(&file.bytes);
        }
    }

    #[test]
    fn blocks_that_are_no_packets_are_passed_and_counted() {
        let record = &some()[0];
        let file = Pcapng::new(false)
            .block(0xbad, b"custom")
            .interface(Interface::of(1))
            .names(&[([10, 0, 0, 1], "one")])
            .packet(0, record)
            .block(10, b"secrets")
            .block(0x7fff_0001, b"")
            .packet(0, record)
            .block(10, b"secrets");
        let trial = read(&file.bytes);
        assert_eq!(trial.frames, [seen(record, 0, 0, 1), seen(record, 0, 0, 1)]);
        assert_eq!(trial.info.other_blocks, [(0xbad, 1), (4, 1), (10, 2), (0x7fff_0001, 1)]);
        check_beginnings(&file.bytes);
    }

    #[test]
    fn options_of_packets_are_kept_and_counted() {
        let record = &some()[0];
        for big_endian in [false, true] {
            let drops = if big_endian { 3u64.to_be_bytes() } else { 3u64.to_le_bytes() };
            let flags = word(4 << 5, big_endian);
            let options: &[(u16, &[u8])] = &[
                (option::COMMENT, b"one"),
                (option::EPB_FLAGS, &flags),
                (option::COMMENT, b"t\xffo"),
                (option::EPB_DROP_COUNT, &drops),
            ];
            let file = Pcapng::new(big_endian)
                .interface(Interface { options: vec![(13, vec![16])], ..Interface::of(1) })
                .packet_with(0, record, options)
                .packet(0, record);
            let mut info = super::FileInfo::default();
            let file = Box::new(std::io::Cursor::new(file.bytes));
            let source = super::super::source::Source::new(file, None, None);
            let mut reader =
                super::super::reader::Reader::start(source.unwrap(), crate::capture::MAX_RECORD, &mut info)
                    .unwrap();
            let block = reader.next_block(Vec::new(), 4096, &mut info).unwrap().unwrap();
            let frames: Vec<_> = block.frames().collect();
            assert_eq!(frames[0].comments().collect::<Vec<_>>(), ["one", "t\u{fffd}o"]);
            assert_eq!((frames[0].fcs_len(), frames[1].fcs_len()), (Some(4), Some(2)));
            assert!(frames[1].options.is_empty());
            assert_eq!((info.notes.comments, info.notes.dropped), (2, 3));
        }
    }

    #[test]
    fn what_cannot_be_followed_is_told_with_its_place() {
        let sound = Pcapng::new(false)
            .interface(Interface { snaplen: 0, ..Interface::of(1) })
            .packets(0, &some()[..1]);
        let at = sound.bytes.len();
        let epb = |interface: u32, captured: u32| {
            let mut body = Vec::new();
            for value in [interface, 0, 0, captured, 4] {
                body.extend(value.to_le_bytes());
            }
            [body, vec![0; 4]].concat()
        };
        let table: Vec<(Pcapng, String)> = vec![
            (sound.clone().block(6, &epb(3, 4)), "a packet is of interface 3, which is not described".into()),
            (
                sound.clone().section(false, &[]).block(6, &epb(0, 4)),
                "a packet is of interface 0, which is not described".into(),
            ),
            (sound.clone().block(6, &epb(0, 5)), "a packet claims to have 5 bytes in a block of 36".into()),
            (
                sound.clone().block(6, &epb(0, u32::MAX)),
                "a packet claims to have 4294967295 bytes in a block of 36".into(),
            ),
            (
                sound.clone().block(3, &word(9, false)),
                "a packet claims to have 9 bytes in a block of 16".into(),
            ),
            (
                sound.clone().raw(&[6, 0, 0, 0, 14, 0, 0, 0, 0, 0, 14, 0, 0, 0]),
                "a block of type 6 claims to be 14 bytes long".into(),
            ),
            (
                sound.clone().raw(&[9, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0]),
                "a block claims to be 4294967295 bytes long, beyond --max-record".into(),
            ),
            (
                sound.clone().raw(&[9, 0, 0, 0, 16, 0, 0, 0, 0, 0, 0, 0, 20, 0, 0, 0]),
                "a block is 16 bytes long by its start, and 20 by its end".into(),
            ),
            (
                sound.clone().raw(&[10, 13, 13, 10, 28, 0, 0, 0, 1, 2, 3, 4]),
                "a section header has 0x01020304 for its byte-order magic".into(),
            ),
        ];
        for (file, error) in table {
            let trial = read(&file.bytes);
            let sections = trial.info.sections.len() - 1;
            let expected = format!("x: is damaged: {error} at byte {}", at + 28 * sections);
            assert_eq!(trial.errors, [expected]);
            assert_eq!(trial.frames[0], seen(&some()[0], 0, 0, 1));
            // A block that is whole can be passed: its packet has what is there.
            assert_eq!(trial.frames.len(), if error.contains("a packet claims") { 2 } else { 1 });
        }
    }

    /// A writer was stopped in the middle of a block, and another one went on with the file.
    #[test]
    fn a_section_header_in_the_middle_of_a_block_is_damage() {
        let first = Pcapng::new(false).interface(Interface::of(1)).packets(0, &some());
        let second = Pcapng::new(false).interface(Interface::of(1)).packets(0, &some());
        for cut in [70, 90] {
            let mut file = first.bytes.clone();
            file.truncate(first.bytes.len() - cut);
            file.extend(&second.bytes);
            let trial = read(&file);
            assert_eq!(trial.errors.len(), 1);
            assert!(trial.errors[0].contains("is damaged: a block"), "{:?}", trial.errors);
            assert!(trial.frames.len() < some().len());
        }
    }

    #[test]
    fn versions_that_are_not_known_are_refused() {
        let mut file = Pcapng::new(false).bytes;
        file[12] = 2;
        assert_eq!(
            read(&file).errors,
            ["x: has version 2.0 of the pcapng format, which is not known at byte 0"]
        );
    }
}
