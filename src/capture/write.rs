//! Chosen frames as a new capture: bytes, times, lengths, interfaces and comments as they were.

mod classic;
mod pcapng;

use std::fs::{File, Metadata};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use super::{FileInfo, Frame};
use crate::error::{Error, Result};
use classic::Classic;
use pcapng::Pcapng;

/// The formats in which captures are written.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum WriteFormat {
    /// Classic pcap: one link type, one clock, no comments.
    Pcap,
    /// pcapng: interfaces, comments and clocks as they were.
    Pcapng,
}

impl WriteFormat {
    /// The format that a file's name asks for: pcapng where it ends so, else pcap.
    pub fn of(path: &Path) -> Self {
        match path.extension() {
            Some(end) if end.eq_ignore_ascii_case("pcapng") || end.eq_ignore_ascii_case("ntar") => {
                Self::Pcapng
            }
            _ => Self::Pcap,
        }
    }
}

/// A capture that is being written. Nothing is certain to be in the file before [`Writer::finish`].
pub struct Writer {
    path: PathBuf,
    out: BufWriter<Box<dyn Write + Send>>,
    layout: Layout,
}

enum Layout {
    Classic(Classic),
    Pcapng(Pcapng),
}

/// Why a frame cannot be written.
enum Refused {
    /// The format has no room for it.
    Format(&'static str),
    Io(io::Error),
}

impl From<io::Error> for Refused {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

const BUFFER: usize = 256 << 10;

impl Writer {
    /// Creates `path`, `-` being standard output. Refuses a file that is one of the `inputs`, by whatever name.
    pub fn create(path: &Path, format: WriteFormat, inputs: &[PathBuf]) -> Result<Self> {
        if path.as_os_str() == "-" {
            return Ok(Self::new(path, format, Box::new(io::stdout())));
        }
        let compressed =
            path.extension().is_some_and(|end| ["gz", "zst", "lz4"].iter().any(|one| end == *one));
        if compressed {
            let name = path.display();
            return Err(Error::Usage(format!(
                "--write: {name}: written captures are not compressed; write to `-` and pipe it"
            )));
        }
        if inputs.iter().any(|input| is_same_file(path, input)) {
            return Err(Error::Usage(format!("--write: {}: is an input, and would be lost", path.display())));
        }
        let failed = |source| Error::Output { path: path.into(), what: "cannot be created".into(), source };
        Ok(Self::new(path, format, Box::new(File::create(path).map_err(failed)?)))
    }

    /// A capture that is written to `out`; `path` is for messages.
    pub fn new(path: &Path, format: WriteFormat, out: Box<dyn Write + Send>) -> Self {
        let layout = match format {
            WriteFormat::Pcap => Layout::Classic(Classic::default()),
            WriteFormat::Pcapng => Layout::Pcapng(Pcapng::default()),
        };
        Self { path: path.into(), out: BufWriter::with_capacity(BUFFER, out), layout }
    }

    /// Writes a frame. `files` are those of its capture, as far as it is read.
    pub fn frame(&mut self, frame: &Frame<'_>, files: &[FileInfo]) -> Result<()> {
        let written = match &mut self.layout {
            Layout::Classic(classic) => classic.frame(&mut self.out, frame),
            Layout::Pcapng(pcapng) => pcapng.frame(&mut self.out, frame, files.get(frame.file as usize)),
        };
        written.map_err(|refused| self.failed(refused))
    }

    /// Writes what is still due: the file's header, if there was no frame.
    pub fn finish(mut self, files: &[FileInfo]) -> Result<()> {
        let first = files.iter().flat_map(FileInfo::interfaces).next().map(|one| one.interface);
        let written = match &mut self.layout {
            Layout::Classic(classic) => classic.finish(&mut self.out, first),
            Layout::Pcapng(pcapng) => pcapng.finish(&mut self.out),
        };
        let flushed = written.and_then(|()| self.out.flush().map_err(Refused::Io));
        flushed.map_err(|refused| self.failed(refused))
    }

    fn failed(&self, refused: Refused) -> Error {
        let path =
            if self.path.as_os_str() == "-" { PathBuf::from("standard output") } else { self.path.clone() };
        match refused {
            Refused::Io(source) => Error::Output { path, what: "cannot be written".into(), source },
            Refused::Format(why) => Error::Output {
                path,
                what: "cannot be written as pcap".into(),
                source: io::Error::new(io::ErrorKind::InvalidInput, format!("{why}; name it .pcapng")),
            },
        }
    }
}

/// Whether two names lead to one file, also through links.
fn is_same_file(one: &Path, other: &Path) -> bool {
    match (std::fs::metadata(one), std::fs::metadata(other)) {
        (Ok(first), Ok(second)) if first.is_file() && second.is_file() => {
            is_same(one, &first, other, &second)
        }
        _ => false,
    }
}

#[cfg(unix)]
fn is_same(_: &Path, first: &Metadata, _: &Path, second: &Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;
    (first.dev(), first.ino()) == (second.dev(), second.ino())
}

#[cfg(not(unix))]
fn is_same(one: &Path, _: &Metadata, other: &Path, _: &Metadata) -> bool {
    match (one.canonicalize(), other.canonicalize()) {
        (Ok(first), Ok(second)) => first == second,
        _ => false,
    }
}

#[cfg(test)]
mod tests;
