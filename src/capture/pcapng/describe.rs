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
