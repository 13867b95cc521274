//! A folder of files that are written piece by piece: never outside of it, never through a link, never over a file that
//! was there before, with a bounded number of them open.

use std::collections::{BTreeMap, HashMap};
use std::fs::{File, Metadata};
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
    directory: Directory,
    /// By name, the place of what is known of a file.
    places: HashMap<String, usize, RandomState>,
    files: Vec<Made>,
    /// When each open file was used last, and its place: the first is the one to close.
    used: BTreeMap<u64, usize>,
    clock: u64,
    most_open: usize,
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
        let directory = match made {
            Err(source) if !path.is_dir() => Err(source),
            _ => Directory::open(path),
        };
        let fail = |source| Error::Output { path: path.into(), what: "cannot be made".into(), source };
        Ok(Self::of(path.into(), directory.map_err(fail)?))
    }

    fn of(path: PathBuf, directory: Directory) -> Self {
        let (places, files, used) = (HashMap::default(), Vec::new(), BTreeMap::new());
        Self { path, directory, places, files, used, clock: 0, most_open: MAX_OPEN }
    }

    /// The same folder for `parts` writers, each of which makes files of its own.
    pub fn share(self, parts: usize) -> impl Iterator<Item = Self> {
        let most_open = (MAX_OPEN / parts.max(1)).max(1);
        (0..parts).map(move |_| Self { most_open, ..Self::of(self.path.clone(), self.directory.clone()) })
    }

    /// Appends `bytes` to the file `name`, a plain name of letters, digits, `.`, `_` and `-`, made at its first use.
    pub fn append(&mut self, name: &str, bytes: &[u8]) -> Result<()> {
        self.write(name, bytes).map_err(|source| {
            let path = self.path.join(name);
            Error::Output { path, what: "cannot be written".into(), source }
        })
    }

    fn write(&mut self, name: &str, bytes: &[u8]) -> io::Result<()> {
        if !is_plain(name) {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        self.clock += 1;
        let place = match self.places.get(name) {
            Some(&place) => place,
            None => {
                let file = self.directory.make(name)?;
                self.files.push(Made { identity: identity(file.metadata()), open: Some((file, 0)) });
                self.places.insert(name.to_owned(), self.files.len() - 1);
                self.files.len() - 1
            }
        };
        let Some(made) = self.files.get_mut(place) else { return Ok(()) };
        if made.open.is_none() {
            let file = self.directory.reopen(name)?;
            // Somebody may have put another file in its place meanwhile.
            if identity(file.metadata()) != made.identity {
                return Err(io::Error::other("it is not the file that was made here"));
            }
            made.open = Some((file, 0));
        }
        if let Some((file, last)) = &mut made.open {
            file.write_all(bytes)?;
            self.used.remove(last);
            *last = self.clock;
            self.used.insert(self.clock, place);
        }
        if self.used.len() > self.most_open
            && let Some((_, place)) = self.used.pop_first()
            && let Some(made) = self.files.get_mut(place)
        {
            made.open = None;
        }
        Ok(())
    }

    /// Removes a file that was made here, if it was.
    pub fn remove(&mut self, name: &str) -> Result<()> {
        let place = self.places.remove(name);
        let Some(made) = place.and_then(|place| self.files.get_mut(place)) else { return Ok(()) };
        if let Some((_, last)) = made.open.take() {
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
        self.places.len()
    }

    /// Whether no file was made.
    pub fn is_empty(&self) -> bool {
        self.places.is_empty()
    }
}

/// Where files are made: the directory itself, whatever its path leads to later.
#[cfg(unix)]
#[derive(Clone, Debug)]
struct Directory(std::sync::Arc<std::os::fd::OwnedFd>);

#[cfg(unix)]
impl Directory {
    fn open(path: &Path) -> io::Result<Self> {
        use rustix::fs::{Mode, OFlags};
        // Who may make files in it need not be allowed to list them.
        #[cfg(target_os = "linux")]
        let how = OFlags::PATH;
        #[cfg(not(target_os = "linux"))]
        let how = OFlags::RDONLY;
        let directory = rustix::fs::open(path, how | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())?;
        Ok(Self(directory.into()))
    }

    fn make(&self, name: &str) -> io::Result<File> {
        use rustix::fs::OFlags;
        self.at(name, OFlags::CREATE | OFlags::EXCL)
    }

    /// No link is followed, and nobody is waited for who would read from a pipe.
    fn reopen(&self, name: &str) -> io::Result<File> {
        use rustix::fs::OFlags;
        self.at(name, OFlags::NOFOLLOW | OFlags::NONBLOCK)
    }

    fn at(&self, name: &str, how: rustix::fs::OFlags) -> io::Result<File> {
        use rustix::fs::{Mode, OFlags};
        let flags = OFlags::WRONLY | OFlags::APPEND | OFlags::CLOEXEC | how;
        // As the standard library asks for; the user's mask takes from it.
        let mode = Mode::RUSR | Mode::WUSR | Mode::RGRP | Mode::WGRP | Mode::ROTH | Mode::WOTH;
        Ok(rustix::fs::openat(&*self.0, name, flags, mode)?.into())
    }
}

/// Where files are made.
#[cfg(not(unix))]
#[derive(Clone, Debug)]
struct Directory(PathBuf);

#[cfg(not(unix))]
impl Directory {
    fn open(path: &Path) -> io::Result<Self> {
        Ok(Self(path.into()))
    }

    fn make(&self, name: &str) -> io::Result<File> {
        File::options().append(true).create_new(true).open(self.0.join(name))
    }

    fn reopen(&self, name: &str) -> io::Result<File> {
        File::options().append(true).open(self.0.join(name))
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
                assert!(folder.files.iter().filter(|made| made.open.is_some()).count() <= MAX_OPEN);
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
        assert!(!dir.path().join("nowhere").exists());
    }

    /// A file that was closed in between, and replaced by something that must not be opened, or not be waited for.
    #[cfg(unix)]
    #[test]
    fn what_was_put_in_the_place_of_a_file_is_not_written() {
        use rustix::fs::{CWD, Mode, mkfifoat};
        use rustix::io::Errno;
        let dir = tempfile::tempdir().unwrap();
        let target = dir.path().join("target");
        std::fs::write(&target, b"kept").unwrap();
        let link = |path: &Path| std::os::unix::fs::symlink(&target, path).unwrap();
        let pipe = |path: &Path| mkfifoat(CWD, path, Mode::RUSR | Mode::WUSR).unwrap();
        let strange = dir.path().join("strange");
        std::fs::write(&strange, b"kept").unwrap();
        let file = |path: &Path| std::fs::rename(&strange, path).unwrap();
        type Put<'a> = &'a dyn Fn(&Path);
        let others: [(&str, Put<'_>, Option<Errno>); 3] =
            [("link", &link, Some(Errno::LOOP)), ("pipe", &pipe, Some(Errno::NXIO)), ("file", &file, None)];
        let mut folder = Folder::new(&dir.path().join("out")).unwrap();
        others.iter().for_each(|(name, ..)| folder.append(name, b"x").unwrap());
        for number in 0..=MAX_OPEN {
            folder.append(&format!("n{number}"), b"x").unwrap();
        }
        for (name, put, expected) in others {
            std::fs::remove_file(folder.path_of(name)).unwrap();
            put(&folder.path_of(name));
            let Err(Error::Output { source, .. }) = folder.append(name, b"x") else { panic!("{name}") };
            assert_eq!(source.raw_os_error(), expected.map(Errno::raw_os_error), "{name}");
        }
        assert_eq!(std::fs::read(&target).unwrap(), b"kept");
        assert_eq!(std::fs::read(folder.path_of("file")).unwrap(), b"kept");
    }
}
