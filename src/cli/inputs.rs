//! The captures in directories.

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::capture;
use crate::error::{Error, Result};

/// How deep directories within directories are followed.
const MAX_DEPTH: usize = 64;

/// The inputs, each directory replaced by the captures in it and in the directories below, in order of their names.
/// What is no capture is passed over there; links to directories are not followed.
pub fn within(inputs: &[PathBuf]) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for input in inputs {
        if input.is_dir() {
            walk(input, MAX_DEPTH, &mut files)?;
        } else {
            files.push(input.clone());
        }
    }
    if files.is_empty() {
        let directories: Vec<_> = inputs.iter().map(|input| input.to_string_lossy()).collect();
        return Err(Error::NotFound(format!("{}: there are no captures in it", directories.join(", "))));
    }
    Ok(files)
}

fn walk(directory: &Path, depth: usize, files: &mut Vec<PathBuf>) -> Result<()> {
    let fail = |cause| Error::Input {
        path: directory.to_path_buf(),
        offset: None,
        what: "cannot be read".into(),
        cause: Some(cause),
    };
    let entries = fs::read_dir(directory).and_then(Iterator::collect::<io::Result<Vec<_>>>);
    let mut entries = entries.map_err(fail)?;
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let Ok(kind) = entry.file_type() else { continue };
        let path = entry.path();
        let hidden = entry.file_name().as_encoded_bytes().starts_with(b".");
        if kind.is_dir() && !hidden && depth > 0 {
            walk(&path, depth - 1, files)?;
        } else if !kind.is_dir() && path.is_file() && (is_named_so(&path) || capture::is_capture(&path)) {
            files.push(path);
        }
    }
    Ok(())
}

/// Whether a file is called a capture: then one that cannot be read is told of, not passed over.
fn is_named_so(path: &Path) -> bool {
    let is_one = |part: &str| ["pcap", "pcapng", "cap", "snoop"].contains(&part);
    path.file_name().and_then(OsStr::to_str).is_some_and(|name| name.split('.').skip(1).any(is_one))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_captures_are_known_with_what_compressed_them() {
        for (name, expected) in [("a.pcap", true), ("a.pcapng.zst", true), ("a.txt", false), ("pcap", false)]
        {
            assert_eq!(is_named_so(Path::new(name)), expected, "{name}");
        }
    }
}
