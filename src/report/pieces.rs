//! Files of a folder that are written in large pieces: what comes of each is kept until it is worth writing.
//!
//! Opening a file costs more than writing some kilobytes, and most streams are short: so nothing is written of one before
//! it has [`LARGE`] bytes, or all of them together have [`MOST`].

use std::collections::HashMap;
use std::hash::BuildHasher;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{self, JoinHandle};

use foldhash::fast::FixedState;

use super::folder::Folder;
use crate::error::{Error, Result};

/// Bytes of one file that are written at once.
const LARGE: usize = 256 << 10;
/// Bytes that are kept of all files together.
const MOST: usize = 32 << 20;
/// Bytes that are given to the writers at once. They have one such bundle, and another waits for them.
const BUNDLE: usize = 8 << 20;

/// What is to be appended to a file.
#[derive(Debug)]
struct Piece {
    /// Where it stands among all: of several that cannot be written, the first is told.
    number: u64,
    name: String,
    bytes: Vec<u8>,
}

/// What one writer is to write. Each file has one, so that its pieces are written in order.
type Bundle = Vec<Piece>;

/// What is to be written.
#[derive(Debug)]
pub struct Pieces {
    writers: Vec<Writer>,
    /// By name, the place of what is kept of it.
    places: HashMap<String, usize, FixedState>,
    kept: Bundle,
    /// Bytes of these.
    bytes: usize,
    /// What is enough to be written, by its writer, and the bytes of all.
    due: (Vec<Bundle>, usize),
    /// Pieces that became due.
    number: u64,
}

/// The number of a piece that could not be written, and why.
type Failure = (u64, Error);

/// How many files a writer has made.
type Written = std::result::Result<usize, Failure>;

/// Who writes.
#[derive(Debug)]
enum Writer {
    Here(Folder),
    Thread(SyncSender<Bundle>, JoinHandle<Written>),
}

impl Writer {
    fn aside(folder: Folder) -> Self {
        let (sender, receiver) = sync_channel(1);
        Self::Thread(sender, thread::spawn(move || work(folder, &receiver)))
    }

    /// Writes now or later; whether that can go on. Why it cannot is told at the end.
    fn write(&mut self, bundle: Bundle) -> Result<bool> {
        match self {
            Self::Here(folder) => write(folder, &bundle).map(|()| true).map_err(|(_, error)| error),
            // A thread that takes no more has failed.
            Self::Thread(sender, _) => Ok(sender.send(bundle).is_ok()),
        }
    }

    /// Waits until all is written.
    fn finish(self) -> Written {
        match self {
            Self::Here(folder) => Ok(folder.len()),
            Self::Thread(sender, thread) => {
                drop(sender);
                thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
            }
        }
    }
}

fn write(folder: &mut Folder, bundle: &Bundle) -> std::result::Result<(), Failure> {
    let append =
        |piece: &Piece| folder.append(&piece.name, &piece.bytes).map_err(|error| (piece.number, error));
    bundle.iter().try_for_each(append)
}

fn work(mut folder: Folder, bundles: &Receiver<Bundle>) -> Written {
    bundles.iter().try_for_each(|bundle| write(&mut folder, &bundle))?;
    Ok(folder.len())
}

impl Pieces {
    /// Files in `folder`, written by so many threads; by the caller's own if by none.
    pub fn new(folder: Folder, threads: usize) -> Self {
        let writers: Vec<_> = match threads {
            0 => vec![Writer::Here(folder)],
            threads => folder.share(threads).map(Writer::aside).collect(),
        };
        let due = (writers.iter().map(|_| Vec::new()).collect(), 0);
        Self { writers, places: HashMap::default(), kept: Vec::new(), bytes: 0, due, number: 0 }
    }

    /// Appends `bytes` to the file `name`, now or later.
    pub fn append(&mut self, name: String, bytes: Vec<u8>) -> Result<()> {
        self.bytes += bytes.len();
        let place = match self.places.get(&name) {
            Some(&place) => place,
            None => {
                self.places.insert(name.clone(), self.kept.len());
                self.kept.push(Piece { number: 0, name, bytes: Vec::new() });
                self.kept.len() - 1
            }
        };
        if let Some(kept) = self.kept.get_mut(place) {
            if kept.bytes.is_empty() {
                kept.bytes = bytes;
            } else {
                kept.bytes.extend_from_slice(&bytes);
            }
            if kept.bytes.len() >= LARGE {
                let (name, bytes) = (kept.name.clone(), std::mem::take(&mut kept.bytes));
                self.bytes -= bytes.len();
                self.become_due(name, bytes);
            }
        }
        if self.bytes >= MOST {
            self.flush()
        } else if self.due.1 >= BUNDLE {
            self.write_due()
        } else {
            Ok(())
        }
    }

    fn become_due(&mut self, name: String, bytes: Vec<u8>) {
        self.number += 1;
        self.due.1 += bytes.len();
        let writer = self.places.hasher().hash_one(&name) as usize % self.due.0.len().max(1);
        if let Some(bundle) = self.due.0.get_mut(writer) {
            bundle.push(Piece { number: self.number, name, bytes });
        }
    }

    /// Writes all that is kept.
    fn flush(&mut self) -> Result<()> {
        self.places.clear();
        self.bytes = 0;
        for Piece { name, bytes, .. } in std::mem::take(&mut self.kept) {
            if !bytes.is_empty() {
                self.become_due(name, bytes);
            }
        }
        self.write_due()
    }

    fn write_due(&mut self) -> Result<()> {
        self.due.1 = 0;
        let mut fine = true;
        for (writer, bundle) in self.writers.iter_mut().zip(&mut self.due.0) {
            fine &= writer.write(std::mem::take(bundle))?;
        }
        if fine { Ok(()) } else { self.end().map(|_| ()) }
    }

    /// Writes what is kept, and says how many files were made.
    pub fn finish(mut self) -> Result<usize> {
        self.flush()?;
        self.end()
    }

    /// Waits for the writers. Of what they could not write the first is told, whoever was faster.
    fn end(&mut self) -> Result<usize> {
        let (mut made, mut failure) = (0, None::<Failure>);
        for writer in self.writers.drain(..) {
            match writer.finish() {
                Ok(files) => made += files,
                Err(other) => failure = failure.into_iter().chain([other]).min_by_key(|(number, _)| *number),
            }
        }
        failure.map_or(Ok(made), |(_, error)| Err(error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_later_is_all_there_and_in_order() {
        for threads in [0, 1, 3] {
            let dir = tempfile::tempdir().unwrap();
            let mut pieces = Pieces::new(Folder::new(dir.path()).unwrap(), threads);
            let mut expected = vec![Vec::new(); 300];
            // More than is kept of one, and of all.
            for round in 0..1000_usize {
                for (number, expected) in
                    expected.iter_mut().enumerate().filter(|(number, _)| round % (number + 1) == 0)
                {
                    let bytes = vec![(round + number) as u8; 9_001];
                    expected.extend_from_slice(&bytes);
                    pieces.append(format!("file_{number}"), bytes).unwrap();
                    assert!(pieces.bytes < MOST && pieces.due.1 < BUNDLE);
                }
            }
            assert_eq!(pieces.finish().unwrap(), 300);
            for (number, expected) in expected.iter().enumerate() {
                assert!(
                    std::fs::read(dir.path().join(format!("file_{number}"))).unwrap() == *expected,
                    "{number}"
                );
            }
        }
    }

    #[test]
    fn a_file_that_cannot_be_made_is_an_error_at_the_latest_at_the_end() {
        for threads in [0, 1, 3] {
            let dir = tempfile::tempdir().unwrap();
            std::fs::write(dir.path().join("there"), b"kept").unwrap();
            let mut pieces = Pieces::new(Folder::new(dir.path()).unwrap(), threads);
            let mut append = || (0..100).try_for_each(|_| pieces.append("there".into(), vec![b'x'; LARGE]));
            assert!(append().is_err());
            let mut pieces = Pieces::new(Folder::new(dir.path()).unwrap(), threads);
            pieces.append("there".into(), b"x".to_vec()).unwrap();
            assert!(pieces.finish().is_err());
            assert_eq!(std::fs::read(dir.path().join("there")).unwrap(), b"kept");
        }
    }

    /// Whichever writer is faster.
    #[test]
    fn the_first_of_several_files_that_cannot_be_made_is_told() {
        let dir = tempfile::tempdir().unwrap();
        for number in 0..40 {
            std::fs::write(dir.path().join(format!("file_{number}")), b"kept").unwrap();
        }
        for _ in 0..10 {
            let mut pieces = Pieces::new(Folder::new(dir.path()).unwrap(), 3);
            for number in (0..80).rev() {
                pieces.append(format!("file_{number}"), b"x".to_vec()).unwrap();
            }
            let told = pieces.finish().unwrap_err().to_string();
            assert!(told.contains("file_39"), "{told}");
            (40..80).for_each(|number| _ = std::fs::remove_file(dir.path().join(format!("file_{number}"))));
        }
    }
}
