//! What stops a run, or the reading of one input: which file, at which byte, and why.

use std::io;
use std::path::PathBuf;

use thiserror::Error;

/// A failure that a person must hear of. Packets that cannot be decoded are no errors but counted facts.
#[derive(Debug, Error)]
pub enum Error {
    /// An input could not be read on: by the operating system's word, or because it is damaged.
    #[error("{}: {what}{}{}", path.display(), at(*offset), because(cause))]
    Input {
        /// The file, `-` for standard input.
        path: PathBuf,
        /// The byte at which it went wrong, counted in the (decompressed) capture; `None` where there is no such place.
        offset: Option<u64>,
        /// What went wrong.
        what: String,
        /// The operating system's reason, if it gave one.
        cause: Option<io::Error>,
    },
    /// Standard output, or a file that was to be written, would not take more.
    #[error("{}: {what}: {source}", path.display())]
    Output {
        /// The file, `-` for standard output.
        path: PathBuf,
        /// What was being done.
        what: String,
        /// The operating system's reason.
        source: io::Error,
    },
    /// The command line asks for something impossible.
    #[error("{0}")]
    Usage(String),
    /// The capture does not have what was asked for.
    #[error("{0}")]
    NotFound(String),
}

fn at(offset: Option<u64>) -> String {
    offset.map_or(String::new(), |offset| format!(" at byte {offset}"))
}

fn because(cause: &Option<io::Error>) -> String {
    cause.as_ref().map_or(String::new(), |cause| format!(": {cause}"))
}

/// The result of what can stop a run.
pub type Result<T> = std::result::Result<T, Error>;
