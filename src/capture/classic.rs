//! Classic pcap files.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use super::{Block, LinkType};
use crate::error::{Error, Result};

/// The inputs, read one after the other.
#[derive(Debug)]
pub struct Capture {
    file: File,
    path: PathBuf,
    carry: Vec<u8>,
    offset: u64,
    number: u64,
    big_endian: bool,
    nanos: bool,
    linktype: LinkType,
    block_size: usize,
    done: bool,
}

impl Capture {
    /// Opens the inputs. Placeholder for one classic pcap file.
    pub fn open(paths: &[PathBuf], block_size: usize) -> Result<Self> {
        let path = paths.first().ok_or_else(|| Error::Usage("no file given".into()))?.clone();
        let fail = |cause| input(&path, Some(0), "cannot be read", Some(cause));
        let mut file = File::open(&path).map_err(fail)?;
        let mut header = [0; 24];
        file.read_exact(&mut header).map_err(fail)?;
        let (_, parsed) = pcap_parser::parse_pcap_header(&header)
            .map_err(|_| input(&path, Some(0), "is not a capture file", None))?;
        Ok(Self {
            file,
            carry: Vec::new(),
            offset: 24,
            number: 1,
            big_endian: parsed.is_bigendian(),
            nanos: parsed.is_nanosecond_precision(),
            linktype: LinkType(parsed.network.0 as u16),
            block_size,
            done: false,
            path,
        })
    }

    /// The next block of whole records; `None` at the end of the last input.
    pub fn next_block(&mut self) -> Result<Option<Block>> {
        if self.done {
            return Ok(None);
        }
        let mut bytes = std::mem::take(&mut self.carry);
        let mut wanted = self.block_size.max(bytes.len() + 1);
        loop {
            let start = bytes.len();
            let got = (&mut self.file)
                .take((wanted - start) as u64)
                .read_to_end(&mut bytes)
                .map_err(|cause| input(&self.path, Some(self.offset), "cannot be read on", Some(cause)))?;
            let (records, whole) = self.walk(&bytes);
            if records == 0 && got > 0 {
                wanted = bytes.len() * 2;
                continue;
            }
            self.carry = bytes.split_off(whole);
            self.offset += whole as u64;
            if records == 0 {
                self.done = true;
                return match self.carry.len() {
                    0 => Ok(None),
                    _ => Err(input(
                        &self.path,
                        Some(self.offset),
                        "is cut short in the middle of a record",
                        None,
                    )),
                };
            }
            let first = self.number;
            self.number += records;
            return Ok(Some(Block {
                bytes,
                first_number: first,
                first_file_number: first,
                file: 0,
                records,
                big_endian: self.big_endian,
                nanos: self.nanos,
                linktype: self.linktype,
            }));
        }
    }

    /// How many whole records stand at the start of `bytes`, and where the last one ends.
    fn walk(&self, bytes: &[u8]) -> (u64, usize) {
        let (mut records, mut at) = (0, 0);
        while let Some(field) = bytes.get(at + 8..at + 12).and_then(|field| <[u8; 4]>::try_from(field).ok()) {
            let len = if self.big_endian { u32::from_be_bytes(field) } else { u32::from_le_bytes(field) };
            let end = at + 16 + len as usize;
            if end > bytes.len() {
                break;
            }
            (records, at) = (records + 1, end);
        }
        (records, at)
    }
}

fn input(path: &Path, offset: Option<u64>, what: &str, cause: Option<std::io::Error>) -> Error {
    Error::Input { path: path.into(), offset, what: what.into(), cause }
}
