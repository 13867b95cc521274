//! A folder of files that are written piece by piece: never outside of it, never through a link, never over a file that
//! was there before, with a bounded number of them open.

use std::collections::{BTreeMap, HashMap};
use std::fs::{File, Metadata, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use foldhash::fast::RandomState;

use crate::error::{Error, Result};

/// Files that are open at a time. Systems allow 256 or more.
const MAX_OPEN: usize = 128;

/// A folder, and the files made in it.
#[derive(Debug)]
pub struct Folder {
    path: PathBuf,
    files: HashMap<String, Made, RandomState>,
    /// When each open file was used last: the first is the one to close.
    used: BTreeMap<u64, String>,
    clock: u64,
}

/// A file that was made here.
#[derive(Debug)]
struct Made {
    identity: Option<Identity>,
    open: Option<(File, u64)>,
}

/// What tells a file from another one of the same name.
type Identity = (u64, u64);

impl Folder {
    /// The folder at `path`, which is made if it is not there.
    pub fn new(path: &Path) -> Result<Self> {
        let made = std::fs::create_dir(path);
        let fine = made.is_ok() || path.is_dir();
        match made {
            Err(source) if !fine => {
                Err(Error::Output { path: path.into(), what: "cannot be made".into(), source })
            }
            _ => Ok(Self { path: path.into(), files: HashMap::default(), used: BTreeMap::new(), clock: 0 }),
        }
    }

    /// Appends `bytes` to the file `name`, a plain name of letters, digits, `.`, `_` and `-`, made at its first use.
    pub fn append(&mut self, name: &str, bytes: &[u8]) -> Result<()> {
        let path = self.path.join(name);
        let fail = |source| Error::Output { path: path.clone(), what: "cannot be written".into(), source };
        if !is_plain(name) {
            return Err(fail(io::ErrorKind::InvalidInput.into()));
        }
        self.clock += 1;
        let made = match self.files.get_mut(name) {
            Some(made) => made,
            None => {
                let file = OpenOptions::new().append(true).create_new(true).open(&path).map_err(fail)?;
                let made = Made { identity: identity(file.metadata()), open: Some((file, 0)) };
                self.files.entry(name.to_owned()).or_insert(made)
            }
        };
        if made.open.is_none() {
            let file = OpenOptions::new().append(true).open(&path).map_err(fail)?;
            // Somebody may have put a link in its place meanwhile.
            if identity(file.metadata()) != made.identity {
                return Err(fail(io::Error::other("it is not the file that was made here")));
            }
            made.open = Some((file, 0));
        }
        if let Some((file, last)) = &mut made.open {
            file.write_all(bytes).map_err(fail)?;
            self.used.remove(last);
            *last = self.clock;
            self.used.insert(self.clock, name.to_owned());
        }
        if self.used.len() > MAX_OPEN
            && let Some((_, name)) = self.used.pop_first()
            && let Some(made) = self.files.get_mut(&name)
        {
            made.open = None;
        }
        Ok(())
    }

    /// Removes a file that was made here, if it was.
    pub fn remove(&mut self, name: &str) -> Result<()> {
        let Some(made) = self.files.remove(name) else { return Ok(()) };
        if let Some((_, last)) = made.open {
            self.used.remove(&last);
        }
        let path = self.path.join(name);
        if identity(std::fs::symlink_metadata(&path)) != made.identity {
            return Ok(());
        }
        let what = "cannot be removed".into();
        std::fs::remove_file(&path).map_err(|source| Error::Output { path, what, source })
    }

    /// Where a file of this name stands.
    pub fn path_of(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// How many files were made.
    pub fn len(&self) -> usize {
        self.files.len()
    }

    /// Whether no file was made.
    pub fn is_empty(&self) -> bool {
        self.files.is_empty()
    }
}

fn is_plain(name: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    !name.is_empty() && !name.starts_with('.') && name.bytes().all(plain)
}

#[cfg(unix)]
fn identity(of: io::Result<Metadata>) -> Option<Identity> {
    use std::os::unix::fs::MetadataExt;
    let metadata = of.ok()?;
    Some((metadata.dev(), metadata.ino()))
}

#[cfg(not(unix))]
fn identity(_of: io::Result<Metadata>) -> Option<Identity> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_files_than_may_be_open_are_written_piece_by_piece() {
        let dir = tempfile::tempdir().unwrap();
        let mut folder = Folder::new(&dir.path().join("new")).unwrap();
        for round in ["a", "b", "c"] {
            for number in 0..MAX_OPEN + 40 {
                folder.append(&format!("file_{number}"), round.as_bytes()).unwrap();
                assert!(folder.files.values().filter(|made| made.open.is_some()).count() <= MAX_OPEN);
            }
        }
        assert_eq!(folder.len(), MAX_OPEN + 40);
        for number in 0..MAX_OPEN + 40 {
            assert_eq!(std::fs::read(folder.path_of(&format!("file_{number}"))).unwrap(), b"abc");
        }
    }

    #[test]
    fn names_stay_inside_and_nothing_is_overwritten() {
        let dir = tempfile::tempdir().unwrap();
        let mut folder = Folder::new(dir.path()).unwrap();
        for name in ["../x", "a/b", "/etc/x", "", ".hidden", "..", "a\0b", "ü"] {
            assert!(folder.append(name, b"x").is_err(), "{name:?}");
        }
        std::fs::write(dir.path().join("there"), b"kept").unwrap();
        assert!(folder.append("there", b"x").is_err());
        assert_eq!(std::fs::read(dir.path().join("there")).unwrap(), b"kept");
    }

    #[cfg(unix)]
    #[test]
    fn only_what_was_made_here_is_removed() {
        let dir = tempfile::tempdir().unwrap();
        let mut folder = Folder::new(dir.path()).unwrap();
        for name in ["gone", "replaced"] {
            folder.append(name, b"x").unwrap();
        }
        let (replaced, strange) = (folder.path_of("replaced"), folder.path_of("strange"));
        std::fs::write(&strange, b"kept").unwrap();
        std::fs::rename(&strange, &replaced).unwrap();
        std::fs::write(&strange, b"kept").unwrap();
        for name in ["gone", "replaced", "strange"] {
            folder.remove(name).unwrap();
        }
        assert!(!folder.path_of("gone").exists() && replaced.exists() && strange.exists());
        assert!(folder.is_empty());
    }

    #[cfg(unix)]
    #[test]
    fn links_are_not_followed() {
        let dir = tempfile::tempdir().unwrap();
        let target = dir.path().join("target");
        std::fs::write(&target, b"kept").unwrap();
        let mut folder = Folder::new(&dir.path().join("out")).unwrap();
        std::os::unix::fs::symlink(&target, folder.path_of("link")).unwrap();
        std::os::unix::fs::symlink(dir.path().join("nowhere"), folder.path_of("dangling")).unwrap();
        assert!(folder.append("link", b"x").is_err() && folder.append("dangling", b"x").is_err());
        // A file that was closed in between, and replaced by a link.
        folder.append("first", b"x").unwrap();
        for number in 0..=MAX_OPEN {
            folder.append(&format!("n{number}"), b"x").unwrap();
        }
        std::fs::remove_file(folder.path_of("first")).unwrap();
        std::os::unix::fs::symlink(&target, folder.path_of("first")).unwrap();
        assert!(folder.append("first", b"x").is_err());
        assert_eq!(std::fs::read(&target).unwrap(), b"kept");
        assert!(!dir.path().join("nowhere").exists());
    }
}
