//! Files of a folder that are written in large pieces: what comes of each is kept until it is worth writing.
//!
//! Opening a file costs more than writing some kilobytes, and most streams are short: so nothing is written of one before
//! it has [`LARGE`] bytes, or all of them together have [`MOST`].

use std::collections::HashMap;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{self, JoinHandle};

use foldhash::fast::RandomState;

use super::folder::Folder;
use crate::error::Result;

/// Bytes of one file that are written at once.
const LARGE: usize = 256 << 10;
/// Bytes that are kept of all files together.
const MOST: usize = 32 << 20;
/// Bytes that are given to the writer at once. It has one such bundle, and another waits for it.
const BUNDLE: usize = 8 << 20;

/// Names, and what is to be appended to the files.
type Bundle = Vec<(String, Vec<u8>)>;

/// What is to be written.
#[derive(Debug)]
pub struct Pieces {
    writer: Writer,
    /// By name, the place of what is kept of it.
    places: HashMap<String, usize, RandomState>,
    kept: Bundle,
    /// Bytes of these.
    bytes: usize,
    /// What is enough to be written, and its bytes.
    due: (Bundle, usize),
}

/// Who writes.
#[derive(Debug)]
enum Writer {
    Here(Folder),
    Thread(SyncSender<Bundle>, Option<JoinHandle<Result<usize>>>),
}

impl Writer {
    fn write(&mut self, bundle: Bundle) -> Result<()> {
        match self {
            Self::Here(folder) => write(folder, &bundle),
            // A thread that takes no more has failed: what it says of it is told.
            Self::Thread(sender, thread) => match sender.send(bundle) {
                Ok(()) => Ok(()),
                Err(_) => join(thread.take()).map(|_| ()),
            },
        }
    }
}

fn write(folder: &mut Folder, bundle: &Bundle) -> Result<()> {
    bundle.iter().try_for_each(|(name, bytes)| folder.append(name, bytes))
}

fn work(mut folder: Folder, bundles: &Receiver<Bundle>) -> Result<usize> {
    bundles.iter().try_for_each(|bundle| write(&mut folder, &bundle))?;
    Ok(folder.len())
}

fn join(thread: Option<JoinHandle<Result<usize>>>) -> Result<usize> {
    let Some(thread) = thread else { return Ok(0) };
    thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}

impl Pieces {
    /// Files in `folder`. `aside`: another thread writes them.
    pub fn new(folder: Folder, aside: bool) -> Self {
        let writer = if aside {
            let (sender, receiver) = sync_channel(1);
            Writer::Thread(sender, Some(thread::spawn(move || work(folder, &receiver))))
        } else {
            Writer::Here(folder)
        };
        Self { writer, places: HashMap::default(), kept: Vec::new(), bytes: 0, due: (Vec::new(), 0) }
    }

    /// Appends `bytes` to the file `name`, now or later.
    pub fn append(&mut self, name: String, bytes: Vec<u8>) -> Result<()> {
        self.bytes += bytes.len();
        let place = match self.places.get(&name) {
            Some(&place) => place,
            None => {
                self.places.insert(name.clone(), self.kept.len());
                self.kept.push((name, Vec::new()));
                self.kept.len() - 1
            }
        };
        if let Some((name, kept)) = self.kept.get_mut(place) {
            if kept.is_empty() {
                *kept = bytes;
            } else {
                kept.extend_from_slice(&bytes);
            }
            if kept.len() >= LARGE {
                self.bytes -= kept.len();
                self.due.1 += kept.len();
                self.due.0.push((name.clone(), std::mem::take(kept)));
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

    /// Writes all that is kept.
    fn flush(&mut self) -> Result<()> {
        self.places.clear();
        self.bytes = 0;
        self.due.0.extend(self.kept.drain(..).filter(|(_, bytes)| !bytes.is_empty()));
        self.write_due()
    }

    fn write_due(&mut self) -> Result<()> {
        let (bundle, _) = std::mem::take(&mut self.due);
        self.writer.write(bundle)
    }

    /// Writes what is kept, and says how many files were made.
    pub fn finish(mut self) -> Result<usize> {
        self.flush()?;
        match self.writer {
            Writer::Here(folder) => Ok(folder.len()),
            Writer::Thread(sender, thread) => {
                drop(sender);
                join(thread)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_later_is_all_there_and_in_order() {
        for aside in [false, true] {
            let dir = tempfile::tempdir().unwrap();
            let mut pieces = Pieces::new(Folder::new(dir.path()).unwrap(), aside);
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
        for aside in [false, true] {
            let dir = tempfile::tempdir().unwrap();
            std::fs::write(dir.path().join("there"), b"kept").unwrap();
            let mut pieces = Pieces::new(Folder::new(dir.path()).unwrap(), aside);
            let mut append = || (0..100).try_for_each(|_| pieces.append("there".into(), vec![b'x'; LARGE]));
            assert!(append().is_err());
            let mut pieces = Pieces::new(Folder::new(dir.path()).unwrap(), aside);
            pieces.append("there".into(), b"x".to_vec()).unwrap();
            assert!(pieces.finish().is_err());
            assert_eq!(std::fs::read(dir.path().join("there")).unwrap(), b"kept");
        }
    }
}
