//! What is wrong with a message or an exchange: the words of `http.error`.

use std::fmt;

/// Declares the problems with their names in `http.error`.
macro_rules! problems {
    ($($problem:ident $name:literal $meaning:literal;)*) => {
        /// One thing that is wrong with an exchange.
        #[derive(Clone, Copy, Debug, Eq, PartialEq)]
        #[repr(u8)]
        pub enum Problem { $(#[doc = $meaning] $problem,)* }

        impl Problem {
            /// All of them, the gravest first.
            pub const ALL: &[Self] = &[$(Self::$problem,)*];

            /// The name in `http.error`.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$problem => $name,)* }
            }

            /// What it means.
            pub const fn meaning(self) -> &'static str {
                match self { $(Self::$problem => $meaning,)* }
            }
        }
    };
}

problems! {
    Gap "gap" "Bytes of it are missing in the capture, perhaps all those of its answer.";
    Reset "reset" "A RST came before its end.";
    ClosedEarly "closed_early" "The sender closed the connection before its end.";
    NoRequest "no_request" "A response whose request was not seen, or cannot be told because messages before it are missing.";
    TooManyWaiting "too_many_waiting" "More requests waited for an answer than are kept: its answer is not tied to it.";
    Crowded "crowded" "All connections together kept more of their messages than they may: what this one kept was let go.";
    HeadTooLarge "head_too_large" "The head is larger than is kept.";
    LengthAndChunked "length_and_chunked" "Both Content-Length and Transfer-Encoding: request smuggling. RFC 9112 section 6.1";
    ConflictingLengths "conflicting_lengths" "Content-Length fields that disagree: request smuggling. RFC 9112 section 6.3";
    BadStartLine "bad_start_line" "A request line without target or version. RFC 9112 section 3";
    BadLength "bad_length" "A Content-Length that is no number. RFC 9110 section 8.6";
    BadTransferEncoding "bad_transfer_encoding" "A Transfer-Encoding that does not end in chunked, or in HTTP/1.0. RFC 9112 section 6.1";
    BadChunk "bad_chunk" "A chunk header that is no size. RFC 9112 section 7.1";
    BadField "bad_field" "A header line that is no field. RFC 9112 section 5";
    SpaceBeforeColon "space_before_colon" "White space before the colon of a field. RFC 9112 section 5.1";
    ControlCharacter "control_character" "A NUL or CR in a field. RFC 9110 section 5.5";
    FoldedField "folded_field" "A field on several lines. RFC 9112 section 5.2";
    BareLineFeed "bare_line_feed" "A line that ends in LF alone. RFC 9112 section 2.2";
}

/// A set of problems.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Problems(u32);

impl Problems {
    /// Adds a problem.
    pub fn insert(&mut self, problem: Problem) {
        self.0 |= 1 << problem as u8;
    }

    /// Adds a problem where `there` says so.
    pub fn note(&mut self, problem: Problem, there: bool) {
        self.0 |= u32::from(there) << problem as u8;
    }

    /// Adds all of another set.
    pub fn extend(&mut self, other: Self) {
        self.0 |= other.0;
    }

    /// Whether it has a problem.
    pub const fn contains(self, problem: Problem) -> bool {
        self.0 >> problem as u8 & 1 == 1
    }

    /// Whether it has none.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Its problems, the gravest first.
    pub fn iter(self) -> impl Iterator<Item = Problem> {
        Problem::ALL.iter().copied().filter(move |&problem| self.contains(problem))
    }
}

/// The names, joined by commas.
impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (nth, problem) in self.iter().enumerate() {
            f.write_str(if nth > 0 { "," } else { "" })?;
            f.write_str(problem.name())?;
        }
        Ok(())
    }
}
