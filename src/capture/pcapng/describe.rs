//! What a pcapng file says of its sections and interfaces.

use std::sync::Arc;

use pcap_parser::{
    parse_interfacedescriptionblock_be, parse_interfacedescriptionblock_le, parse_sectionheaderblock,
};

use super::super::options::{BlockOption, BlockOptions};
use super::super::{Clock, FileInfo, Interface, InterfaceInfo, LinkType, SectionInfo};
use super::{OPTION_COMMENT, Sections, word};

/// Interfaces of a section: more are taken for damage, for all of them travel with every block.
const MAX_INTERFACES: usize = 1 << 16;
/// Memory for descriptions of sections and interfaces of one file, in bytes.
const MAX_DESCRIBED: usize = 16 << 20;
/// What a description takes besides its texts, about.
const DESCRIPTION: usize = 512;

impl Sections {
    /// Takes a section header in.
    pub(super) fn begin_section(&mut self, block: &[u8], info: &mut FileInfo) -> Result<(), String> {
        let (_, header) = parse_sectionheaderblock(block)
            .map_err(|_| "is damaged: a section header cannot be read".to_owned())?;
        let version = (header.major_version, header.minor_version);
        if version.0 != 1 {
            let (major, minor) = version;
            return Err(format!("has version {major}.{minor} of the pcapng format, which is not known"));
        }
        self.begun = self.begun.saturating_add(1);
        self.interfaces = Arc::default();
        let options = options_at(block, 24);
        if !self.has_room(options, info) {
            return Ok(());
        }
        let mut section = SectionInfo {
            big_endian: self.big_endian,
            version,
            options: options.into(),
            ..SectionInfo::default()
        };
        for option in BlockOptions::new(options, self.big_endian) {
            match option.code {
                OPTION_COMMENT => section.comments.push(option.text()),
                2 => section.hardware = Some(option.text()),
                3 => section.os = Some(option.text()),
                4 => section.application = Some(option.text()),
                _ => {}
            }
        }
        info.sections.push(section);
        Ok(())
    }

    /// Takes the description of an interface in. What is wrong with it, if its packets can be read nevertheless, is
    /// returned.
    pub(super) fn describe(&mut self, block: &[u8], info: &mut FileInfo) -> Result<Option<String>, String> {
        let parse = if self.big_endian {
            parse_interfacedescriptionblock_be
        } else {
            parse_interfacedescriptionblock_le
        };
        let (_, description) = parse(block)
            .map_err(|_| "is damaged: the description of an interface cannot be read".to_owned())?;
        if self.interfaces.len() == MAX_INTERFACES {
            return Err(format!("is damaged: a section describes more than {MAX_INTERFACES} interfaces"));
        }
        let options = options_at(block, 16);
        let (mut tsresol, mut offset, mut fcs_len) = (6, 0, None);
        for option in BlockOptions::new(options, self.big_endian) {
            match (option.code, option.value) {
                (9, &[resolution, ..]) => tsresol = resolution,
                (13, &[len, ..]) => fcs_len = Some(fcs_bytes(len)),
                (14, _) => offset = option.number().unwrap_or(0) as i64,
                _ => {}
            }
        }
        let clock = Clock::pcapng(tsresol, offset);
        let linktype = LinkType(description.linktype.0 as u16);
        let interface = Interface { linktype, snaplen: description.snaplen, clock, fcs_len };
        Arc::make_mut(&mut self.interfaces).push(interface);
        if self.has_room(options, info) {
            let mut described = InterfaceInfo::from(interface);
            BlockOptions::new(options, self.big_endian).for_each(|option| described.take(option));
            described.options = options.into();
            if let Some(section) = info.sections.last_mut() {
                section.interfaces.push(described);
            }
        }
        Ok((!clock.is_usable()).then(|| {
            let base = if tsresol & 0x80 == 0 { 10 } else { 2 };
            format!(
                "has an interface whose clock ticks in {base}^-{} seconds: its times mean nothing",
                tsresol & 0x7f
            )
        }))
    }

    /// Takes the statistics of an interface in (draft-ietf-opsawg-pcapng §4.6). They count from the start of the capture,
    /// so the last ones stand.
    pub(super) fn keep_statistics(&self, block: &[u8], info: &mut FileInfo) {
        let Some(id) = block.get(8..).and_then(|rest| rest.first_chunk()) else { return };
        let id = word(*id, self.big_endian) as usize;
        let section = info.sections.last_mut().filter(|_| !self.forgetful);
        let Some(kept) = section.and_then(|section| section.interfaces.get_mut(id)) else { return };
        let clock = kept.interface.clock;
        let statistics = &mut kept.statistics;
        for option in BlockOptions::new(options_at(block, 20), self.big_endian) {
            let number = option.number();
            match option.code {
                2 => statistics.start = option.ticks().and_then(|ticks| clock.at(ticks)),
                3 => statistics.end = option.ticks().and_then(|ticks| clock.at(ticks)),
                4 => statistics.received = number,
                5 => statistics.dropped = number,
                6 => statistics.accepted = number,
                7 => statistics.os_dropped = number,
                8 => statistics.delivered = number,
                _ => {}
            }
        }
    }

    /// Whether one more description can be kept.
    fn has_room(&mut self, options: &[u8], info: &mut FileInfo) -> bool {
        self.described += DESCRIPTION + 2 * options.len();
        self.forgetful |= self.described > MAX_DESCRIBED;
        info.forgotten += u64::from(self.forgetful);
        !self.forgetful
    }
}

impl InterfaceInfo {
    /// Takes an option of its description in (draft-ietf-opsawg-pcapng §4.2).
    fn take(&mut self, option: BlockOption<'_>) {
        match option.code {
            OPTION_COMMENT => self.comments.push(option.text()),
            2 => self.name = Some(option.text()),
            3 => self.description = Some(option.text()),
            8 => self.speed = option.number(),
            // A first byte of 0 means that a text follows.
            11 => {
                let text =
                    option.value.strip_prefix(&[0]).map(|value| BlockOption { value, ..option }.text());
                self.filter = text.or(self.filter.take());
            }
            12 => self.os = Some(option.text()),
            15 => self.hardware = Some(option.text()),
            _ => {}
        }
    }
}

/// The options of a block that begin at `at`.
fn options_at(block: &[u8], at: usize) -> &[u8] {
    block.get(at..block.len().saturating_sub(4)).unwrap_or_default()
}

/// `if_fcslen` counts bits; programs have written bytes.
fn fcs_bytes(len: u8) -> u8 {
    if len < 8 { len } else { len / 8 }
}

#[cfg(test)]
mod tests {
    use super::super::super::trial::read;
    use super::*;
    use crate::support::pcapng::{Interface as Built, Pcapng, option};
    use crate::support::{EPOCH, Record};
    use crate::time::Timestamp;

    #[test]
    fn what_is_said_of_sections_and_interfaces_is_kept() {
        for big_endian in [false, true] {
            let speed = if big_endian { 10u64.to_be_bytes() } else { 10u64.to_le_bytes() };
            let options = vec![
                (option::IF_DESCRIPTION, b"wired\0".to_vec()),
                (option::IF_SPEED, speed.to_vec()),
                (option::IF_FILTER, b"\0tcp port 80".to_vec()),
                (option::IF_OS, b"Linux".to_vec()),
                (15, b"a card".to_vec()),
                (option::COMMENT, b"noisy".to_vec()),
                (13, vec![32]),
            ];
            let header: &[(u16, &[u8])] = &[
                (option::SHB_HARDWARE, b"a box"),
                (option::SHB_OS, b"an OS"),
                (option::SHB_USER_APPLICATION, b"a program"),
                (option::COMMENT, b"first"),
                (option::COMMENT, b"second"),
            ];
            let file = Pcapng::default().section(big_endian, header).interface(Built {
                name: Some("eth0"),
                snaplen: 96,
                options,
                ..Built::of(1)
            });
            let info = read(&file.bytes).info;
            let section = &info.sections[0];
            assert_eq!((section.big_endian, section.version), (big_endian, (1, 0)));
            let text = |text: &str| Some(text.to_owned());
            assert_eq!(
                [&section.hardware, &section.os, &section.application],
                [&text("a box"), &text("an OS"), &text("a program")]
            );
            assert_eq!(section.comments, ["first", "second"]);
            assert_eq!(section.options, file.bytes[24..24 + section.options.len()]);
            let interface = &section.interfaces[0];
            assert_eq!(
                [
                    &interface.name,
                    &interface.description,
                    &interface.filter,
                    &interface.os,
                    &interface.hardware
                ],
                [&text("eth0"), &text("wired"), &text("tcp port 80"), &text("Linux"), &text("a card")]
            );
            assert_eq!((interface.speed, &interface.comments[..]), (Some(10), &["noisy".to_owned()][..]));
            assert_eq!((interface.interface.snaplen, interface.interface.fcs_len), (96, Some(4)));
            let end = file.bytes.len() - 4;
            assert_eq!(interface.options, file.bytes[end - interface.options.len()..end]);
        }
    }

    #[test]
    fn the_last_statistics_stand() {
        for big_endian in [false, true] {
            let ticks = |ticks: u64| {
                let (high, low) = ((ticks >> 32) as u32, ticks as u32);
                let word = |word: u32| if big_endian { word.to_be_bytes() } else { word.to_le_bytes() };
                [word(high), word(low)].concat()
            };
            let mut body = vec![0; 12];
            let half = |half: u16| if big_endian { half.to_be_bytes() } else { half.to_le_bytes() };
            for (code, value) in [(2, ticks(0x1_0000_0002)), (3, ticks(0x1_0000_0003))] {
                body.extend([half(code), half(8)].concat());
                body.extend(value);
            }
            let file = Pcapng::new(big_endian)
                .interface(Built { tsresol: Some(9), ..Built::of(1) })
                .statistics(0, EPOCH, 10, 1)
                .block(5, &body)
                .statistics(0, EPOCH, 20, 2)
                .statistics(9, EPOCH, 77, 77);
            let info = read(&file.bytes).info;
            let statistics = info.sections[0].interfaces[0].statistics;
            assert_eq!((statistics.received, statistics.dropped), (Some(20), Some(2)));
            let instant = |nanos| Some(Timestamp::from_nanos(nanos));
            assert_eq!(
                (statistics.start, statistics.end),
                (instant(0x1_0000_0002), instant(0x1_0000_0003)),
                "{big_endian}"
            );
            assert_eq!(info.drops(), Some(2));
        }
    }

    #[test]
    fn an_unusable_clock_is_told_once_and_its_packets_have_no_time() {
        let record = Record::new(EPOCH, vec![1; 20]);
        for (tsresol, text) in [(0xff, "2^-127"), (0xc0, "2^-64"), (20, "10^-20"), (0x7f, "10^-127")] {
            let mut file = Pcapng::new(false);
            for _ in 0..2 {
                file = file.interface(Built { options: vec![(9, vec![tsresol])], ..Built::of(1) });
            }
            let trial = read(&file.interface(Built::of(1)).packet(0, &record).packet(2, &record).bytes);
            let error = format!(
                "x: has an interface whose clock ticks in {text} seconds: its times mean nothing at byte 28"
            );
            assert_eq!(trial.errors, [error]);
            assert_eq!(trial.frames.iter().map(|frame| frame.at).collect::<Vec<_>>(), [None, Some(EPOCH)]);
        }
    }

    #[test]
    fn interfaces_beyond_all_bounds_are_damage() {
        let described = |interfaces: usize| {
            let block = Pcapng::new(false).interface(Built::of(1)).bytes.split_off(28);
            let file = [Pcapng::new(false).bytes, block.repeat(interfaces)].concat();
            read(&Pcapng::default().raw(&file).packet(interfaces as u32 - 1, &Record::new(0, vec![1])).bytes)
        };
        let trial = described(MAX_INTERFACES);
        assert_eq!((trial.errors.len(), trial.frames.len()), (0, 1));
        assert_eq!(described(MAX_INTERFACES + 1).errors.len(), 1);
    }

    #[test]
    fn descriptions_are_kept_in_bounds() {
        let block = |text: usize| {
            let options = vec![(option::COMMENT, vec![b'x'; text])];
            Pcapng::new(false).interface(Built { options, ..Built::of(1) }).bytes.split_off(28)
        };
        let file = [Pcapng::new(false).bytes, block(60_000).repeat(1000), block(0)].concat();
        let file = Pcapng::default().raw(&file).packet(999, &Record::new(0, vec![1])).bytes;
        let trial = read(&file);
        assert_eq!((trial.errors.len(), trial.frames.len()), (0, 1));
        let kept = trial.info.sections[0].interfaces.len();
        assert!((100..200).contains(&kept), "{kept}");
        assert_eq!(trial.info.forgotten, 1001 - kept as u64);
    }
}
