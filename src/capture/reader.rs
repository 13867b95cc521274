//! One file, as blocks.

use std::io;
use std::path::Path;

use super::format::{Damage, HEADER_LEN, Walker};
use super::source::Source;
use super::{Block, FileInfo};
use crate::error::{Error, Result};

/// A file being read.
pub(super) struct Reader {
    source: Source,
    walker: Walker,
    /// What was read and not yet handed out: the beginning of the next block.
    rest: Vec<u8>,
    /// Where `rest` stands in the capture.
    offset: u64,
    ended: Option<End>,
    /// What is wrong with the file, but does not keep it from being read. The first is enough.
    fault: Option<(u64, String)>,
    fault_told: bool,
}

/// Why nothing more will be read.
enum End {
    /// The input is at its end.
    File,
    /// The operating system, or the decompressor, said so.
    Failure(io::Error),
    /// Its records cannot be followed any more.
    Damage(u64, String),
}

impl Reader {
    /// Starts reading `source`: its header is read into `info`.
    pub fn start(mut source: Source, info: &mut FileInfo) -> Result<Self> {
        info.size = source.size;
        info.compression = source.compression;
        let mut rest = vec![0; HEADER_LEN];
        let mut filled = 0;
        while let Some(free @ [_, ..]) = rest.get_mut(filled..) {
            match source.read(free) {
                Ok(0) => break,
                Ok(read) => filled += read,
                Err(cause) => {
                    return Err(failure(&info.path, filled as u64, source.compression.is_some(), cause));
                }
            }
        }
        rest.truncate(filled);
        let (walker, header_len) = Walker::recognise(&rest, info)
            .map_err(|damage| input(&info.path, damage.at as u64, damage.what, None))?;
        rest.drain(..header_len.min(filled));
        info.bytes = header_len as u64;
        Ok(Self {
            source,
            walker,
            rest,
            offset: header_len as u64,
            ended: None,
            fault: None,
            fault_told: false,
        })
    }

    /// Whether the file can be opened again.
    pub fn is_repeatable(&self) -> bool {
        self.source.repeatable
    }

    /// What is wrong with the file, though it can be read on; told once.
    pub fn fault(&mut self, info: &FileInfo) -> Option<Error> {
        if std::mem::replace(&mut self.fault_told, self.fault.is_some()) {
            return None;
        }
        self.fault.as_ref().map(|(offset, what)| input(&info.path, *offset, what.clone(), None))
    }

    /// The next block of about `size` bytes, in `buffer` if that is large enough. `None` at the end.
    /// The numbers of the block are those of a first block of a first file.
    pub fn next_block(
        &mut self,
        mut buffer: Vec<u8>,
        size: usize,
        info: &mut FileInfo,
    ) -> Result<Option<Block>> {
        let mut filled = self.rest.len();
        if buffer.len() < size.max(filled) {
            buffer = vec![0; size.max(filled)];
        }
        if let Some(start) = buffer.get_mut(..filled) {
            start.copy_from_slice(&self.rest);
        }
        self.rest.clear();
        let (mut end, mut packets) = (0, 0);
        loop {
            let full = filled == buffer.len();
            if !full && self.ended.is_none() {
                match self.source.read(buffer.get_mut(filled..).unwrap_or_default()) {
                    Ok(0) => self.ended = Some(End::File),
                    Ok(read) => filled += read,
                    Err(cause) => self.ended = Some(End::Failure(cause)),
                }
                if self.ended.is_none() && !self.source.live && filled < buffer.len() {
                    continue;
                }
            }
            let bytes = buffer.get(..filled).unwrap_or_default();
            let walked = self.walker.walk(bytes, end, info);
            info.bytes += (walked.end - end) as u64;
            (end, packets) = (walked.end, packets + walked.packets);
            if let Some(Damage { at, what }) = walked.fault {
                self.fault.get_or_insert((self.offset + at as u64, what));
            }
            if let Some(Damage { at, what }) = walked.damage {
                self.ended = Some(End::Damage(self.offset + at as u64, what));
                filled = end;
            }
            if packets > 0 && (self.ended.is_some() || self.source.live || filled == buffer.len()) {
                self.rest.extend_from_slice(buffer.get(end..filled).unwrap_or_default());
                self.offset += end as u64;
                let pieces = self.walker.pieces();
                let block = Block {
                    bytes: buffer,
                    end,
                    pieces,
                    first_number: 1,
                    first_file_number: 1,
                    file: 0,
                    packets,
                };
                return Ok(Some(block));
            }
            if packets == 0 && end > 0 {
                // Nothing but records that are no packets: they need not be kept.
                self.walker.pieces();
                buffer.copy_within(end..filled, 0);
                self.offset += end as u64;
                (filled, end) = (filled - end, 0);
            }
            match self.ended.take() {
                None => {}
                Some(End::File) if filled == 0 => return Ok(None),
                Some(ended) => return Err(self.error(ended, filled, walked.next_len, info)),
            }
            if filled == buffer.len() {
                // The next record is longer than a block. Its length is only a claim: grow as the bytes arrive.
                buffer.resize(walked.next_len.clamp(filled + 1, 2 * filled.max(size)), 0);
            }
        }
    }

    fn error(&mut self, ended: End, left: usize, wanted: usize, info: &FileInfo) -> Error {
        self.ended = Some(End::File);
        match ended {
            End::File => {
                let what = format!("is cut short: a record of at least {wanted} bytes has only {left}");
                input(&info.path, self.offset, what, None)
            }
            End::Failure(cause) => {
                failure(&info.path, self.offset + left as u64, self.source.compression.is_some(), cause)
            }
            End::Damage(offset, what) => input(&info.path, offset, what, None),
        }
    }
}

fn failure(path: &Path, offset: u64, compressed: bool, cause: io::Error) -> Error {
    let what = if compressed { "cannot be decompressed" } else { "cannot be read" };
    input(path, offset, what.into(), Some(cause))
}

fn input(path: &Path, offset: u64, what: String, cause: Option<io::Error>) -> Error {
    Error::Input { path: path.into(), offset: Some(offset), what, cause }
}
