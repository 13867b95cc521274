//! Stretches of a file that threads read side by side, each to be cut into a block in its turn.
//!
//! Where records begin and end is only known from the first one on, so blocks are cut one after the other. The bytes of
//! a file on the disk need not wait for that: to copy them is most of what there is to do.

use std::fs::File;
use std::io;
use std::sync::Arc;

use super::source::read_at;

/// A part of a file, and the memory for it.
#[derive(Debug)]
pub struct Stretch {
    file: Arc<File>,
    /// The number of the input.
    pub(super) input: usize,
    at: u64,
    /// Its bytes, behind room for what the stretch before leaves over.
    pub(super) buffer: Vec<u8>,
    pub(super) room: usize,
    end: usize,
    /// Where the bytes that were read end.
    pub(super) filled: usize,
    /// The file ends in it, or cannot be read on.
    pub(super) stopped: Option<io::Result<()>>,
}

impl Stretch {
    /// The `len` bytes of `file` that begin at `at`, to be read into `buffer`.
    pub(super) fn new(file: Arc<File>, input: usize, at: u64, mut buffer: Vec<u8>, len: usize) -> Self {
        let room = len / 8;
        let end = room + len;
        if buffer.len() < end {
            buffer = vec![0; end];
        }
        Self { file, input, at, buffer, room, end, filled: room, stopped: None }
    }

    /// Reads it.
    pub fn read(&mut self) {
        while let Some(free @ [_, ..]) = self.buffer.get_mut(self.filled..self.end) {
            match read_at(&self.file, free, self.at) {
                Ok(0) => {
                    self.stopped = Some(Ok(()));
                    break;
                }
                Ok(read) => (self.filled, self.at) = (self.filled + read, self.at + read as u64),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => {
                    self.stopped = Some(Err(error));
                    break;
                }
            }
        }
    }

    /// How many bytes it may have.
    pub fn size(&self) -> usize {
        self.end - self.room
    }
}
