//! The body of a message: where it ends, and which of its bytes are payload. RFC 9112 §6.3, §7.1.

use memchr::memchr;
use nom::Parser;
use nom::bytes::complete::take_while;
use nom::character::complete::hex_digit1;

/// The longest line of a chunk header or trailer that is kept.
const MAX_LINE: usize = 8 << 10;

/// A body that is being read.
#[derive(Debug)]
pub enum Body {
    /// So many bytes are left.
    Length(u64),
    /// Chunks.
    Chunked(Chunks),
    /// Everything until the connection closes.
    UntilClose,
}

/// A body in chunks. RFC 9112 §7.1
#[derive(Debug, Default)]
pub struct Chunks {
    at: At,
    /// The line that has not come whole.
    line: Vec<u8>,
}

/// What comes next in a chunked body.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
enum At {
    /// The line with a chunk's size.
    #[default]
    Size,
    /// So many bytes of a chunk, then its line end.
    Data(u64),
    /// The line end behind a chunk.
    DataEnd,
    /// The trailer, up to an empty line.
    Trailer,
}

/// What became of bytes given to a body.
#[derive(Debug, Default, Eq, PartialEq)]
pub struct Taken<'a> {
    /// How many bytes were taken.
    pub consumed: usize,
    /// Those of them that are payload.
    pub payload: &'a [u8],
    /// Whether it goes on.
    pub then: Then,
}

/// How a body goes on.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Then {
    /// More belongs to it.
    #[default]
    More,
    /// It has ended.
    Ended,
    /// It is not what it was said to be: where it ends is not known.
    Broken,
}

impl Body {
    /// Takes the bytes that come next, or some of them.
    pub fn take<'a>(&mut self, bytes: &'a [u8]) -> Taken<'a> {
        match self {
            Self::UntilClose => Taken { consumed: bytes.len(), payload: bytes, then: Then::More },
            Self::Length(left) => {
                let payload = prefix(bytes, *left);
                *left -= payload.len() as u64;
                let then = if *left == 0 { Then::Ended } else { Then::More };
                Taken { consumed: payload.len(), payload, then }
            }
            Self::Chunked(chunks) => chunks.take(bytes),
        }
    }

    /// Passes over `len` bytes that are missing. How many of them were payload, and how it goes on; what is left of
    /// the gap when it ends belongs to what follows.
    pub fn skip(&mut self, len: u64) -> (u64, Then) {
        match self {
            Self::UntilClose => (len, Then::More),
            Self::Length(left) => {
                let skipped = len.min(*left);
                *left -= skipped;
                (skipped, if *left == 0 { Then::Ended } else { Then::More })
            }
            Self::Chunked(Chunks { at: At::Data(left), .. }) if *left >= len => {
                *left -= len;
                (len, Then::More)
            }
            Self::Chunked(_) => (0, Then::Broken),
        }
    }
}

fn prefix(bytes: &[u8], len: u64) -> &[u8] {
    let len = usize::try_from(len).unwrap_or(usize::MAX).min(bytes.len());
    bytes.get(..len).unwrap_or(bytes)
}

impl Chunks {
    fn take<'a>(&mut self, bytes: &'a [u8]) -> Taken<'a> {
        let At::Data(left) = &mut self.at else { return self.take_line(bytes) };
        let payload = prefix(bytes, *left);
        *left -= payload.len() as u64;
        if *left == 0 {
            self.at = At::DataEnd;
        }
        Taken { consumed: payload.len(), payload, then: Then::More }
    }

    /// Takes bytes up to a line end, and reads the line if it is whole.
    fn take_line<'a>(&mut self, bytes: &'a [u8]) -> Taken<'a> {
        let (line, whole) = match memchr(b'\n', bytes).and_then(|end| bytes.get(..=end)) {
            Some(line) => (line, true),
            None => (bytes, false),
        };
        let consumed = line.len();
        let then = if whole && self.line.is_empty() {
            self.on_line(line)
        } else {
            self.line.extend_from_slice(line);
            let long = self.line.len() > MAX_LINE;
            match whole {
                true => {
                    let line = std::mem::take(&mut self.line);
                    self.on_line(&line)
                }
                // A size is short; what does not look like one need not be gathered.
                false if long => Then::Broken,
                false => Then::More,
            }
        };
        Taken { consumed, payload: &[], then }
    }

    fn on_line(&mut self, line: &[u8]) -> Then {
        let line = line.strip_suffix(b"\n").unwrap_or(line);
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        match self.at {
            At::Size => match chunk_size(line) {
                Some(0) => self.at = At::Trailer,
                Some(size) => self.at = At::Data(size),
                None => return Then::Broken,
            },
            At::DataEnd if line.is_empty() => self.at = At::Size,
            At::DataEnd => return Then::Broken,
            At::Trailer if line.is_empty() => return Then::Ended,
            At::Trailer | At::Data(_) => {}
        }
        Then::More
    }
}

/// `SIZE [;EXTENSION]`, of at most sixteen hexadecimal digits behind leading zeros.
fn chunk_size(line: &[u8]) -> Option<u64> {
    let space = take_while(|byte| byte == b' ' || byte == b'\t');
    let (rest, (digits, _)) = (hex_digit1::<_, nom::error::Error<&[u8]>>, space).parse(line).ok()?;
    if !matches!(rest.first(), None | Some(b';')) {
        return None;
    }
    u64::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The payload of a body that comes in pieces of `step` bytes, how it went on, and how many bytes were left.
    fn read(mut body: Body, mut bytes: &[u8], step: usize) -> (String, Then, usize) {
        let mut payload = Vec::new();
        while !bytes.is_empty() {
            let taken = body.take(&bytes[..step.min(bytes.len())]);
            payload.extend_from_slice(taken.payload);
            bytes = &bytes[taken.consumed..];
            if taken.then != Then::More {
                return (String::from_utf8(payload).unwrap(), taken.then, bytes.len());
            }
        }
        (String::from_utf8(payload).unwrap(), Then::More, 0)
    }

    #[test]
    fn chunks_in_any_segmentation() {
        let table: &[(&str, &str, Then, usize)] = &[
            ("3\r\nabc\r\n0\r\n\r\nnext", "abc", Then::Ended, 4),
            (
                "3;x=\"y\"\r\nabc\r\n00A \r\n0123456789\r\n0\r\nTrailer: x\r\n\r\n",
                "abc0123456789",
                Then::Ended,
                0,
            ),
            ("3\nabc\n0\n\n", "abc", Then::Ended, 0),
            ("3\r\nabcd\r\n", "abc", Then::Broken, 0),
            ("x\r\n", "", Then::Broken, 0),
            ("-1\r\n", "", Then::Broken, 0),
            ("fffffffffffffffff\r\n", "", Then::Broken, 0),
            ("ffffffffffffffff\r\nab", "ab", Then::More, 0),
            ("", "", Then::More, 0),
        ];
        for (text, payload, then, left) in table {
            for step in [1, 2, 3, 1000] {
                let got = read(Body::Chunked(Chunks::default()), text.as_bytes(), step);
                assert_eq!(got, (payload.to_string(), *then, *left), "{text:?} by {step}");
            }
        }
    }

    #[test]
    fn missing_bytes_belong_to_the_body_as_far_as_it_goes() {
        let mut body = Body::Length(10);
        assert_eq!((body.skip(4), body.take(b"abc").then), ((4, Then::More), Then::More));
        assert_eq!(body.skip(7), (3, Then::Ended));
        let mut body = Body::Chunked(Chunks { at: At::Data(5), line: Vec::new() });
        assert_eq!((body.skip(5), body.skip(1)), ((5, Then::More), (0, Then::Broken)));
        assert_eq!(Body::UntilClose.skip(9), (9, Then::More));
    }
}
