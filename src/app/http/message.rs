//! What is kept of a message's head, and what it says of the body. RFC 9112 §6.

use super::head::{Fields, StartLine, cut_request_line, line, request_line, status_line};
use super::problem::{Problem, Problems};

/// Which of the two a message is.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Side {
    /// Sent by the client.
    Request,
    /// Sent by the server.
    Response,
}

/// Declares the header fields whose values are kept.
macro_rules! kept {
    ($($kept:ident $name:literal;)*) => {
        /// A header field whose value is kept of every message.
        #[derive(Clone, Copy, Debug, Eq, PartialEq)]
        #[repr(u8)]
        pub enum Kept { $(#[doc = $name] $kept,)* }

        impl Kept {
            fn named(name: &[u8]) -> Option<Self> {
                match name.len() {
                    $(len if len == $name.len() && name.eq_ignore_ascii_case($name.as_bytes()) => Some(Self::$kept),)*
                    _ => None,
                }
            }
        }

        const KEPT: usize = [$($name,)*].len();
    };
}

kept! {
    Host "host";
    UserAgent "user-agent";
    Referer "referer";
    ContentType "content-type";
    ContentEncoding "content-encoding";
    Location "location";
}

/// A part of a head's text.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
struct Part {
    start: u32,
    len: u32,
}

/// The first line, as kept.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Line {
    Request { method: Part, target: Part, version: Option<(u8, u8)> },
    Response { version: (u8, u8), status: u16, reason: Part },
}

/// The head of a message: its start line, the fields that everyone asks for, and on request the whole text.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Head {
    text: Box<[u8]>,
    line: Line,
    kept: [Option<Part>; KEPT],
    raw: Option<Box<[u8]>>,
    /// Its length on the wire, with the empty line behind it.
    pub len: u64,
    /// What it says of the body.
    pub length: Length,
    /// `Upgrade` or `Connection: upgrade` stands in it.
    pub upgrade: bool,
    /// What is wrong with it.
    pub problems: Problems,
}

/// What the fields of a head say of the body's length. RFC 9112 §6.3
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Length {
    /// Nothing.
    Unsaid,
    /// This many bytes.
    Bytes(u64),
    /// Chunks.
    Chunked,
    /// Nothing that can be relied on: until the connection closes.
    UntilClose,
}

impl Head {
    /// Reads the head `raw`; `None` if its first line is no start line of a `side`. `whole`: nothing is missing at its end.
    pub fn read(raw: &[u8], side: Side, keep_all: bool, whole: bool) -> Option<Self> {
        let (first, rest, bare) = line(raw);
        let start = match side {
            Side::Request if !whole && rest.is_empty() => request_line(first).or(cut_request_line(first))?,
            Side::Request => request_line(first)?,
            Side::Response => status_line(first)?,
        };
        let mut text = Vec::with_capacity(raw.len().min(512));
        let line = keep_line(&start, &mut text);
        let mut framing = Framing { old: version(&start) == Some((1, 0)), ..Framing::default() };
        let mut kept = [None; KEPT];
        let mut upgrade = false;
        let mut fields = Fields::new(rest);
        for (name, value) in fields.by_ref() {
            match Kept::named(name) {
                Some(field) => {
                    if let Some(place) = kept.get_mut(field as usize)
                        && place.is_none()
                    {
                        *place = Some(keep(&value, &mut text));
                    }
                }
                None if name.eq_ignore_ascii_case(b"content-length") => framing.on_length(&value),
                None if name.eq_ignore_ascii_case(b"transfer-encoding") => framing.on_coding(&value),
                None => upgrade |= name.eq_ignore_ascii_case(b"upgrade"),
            }
        }
        let mut problems = fields.problems;
        problems.note(Problem::BareLineFeed, bare && whole);
        problems.note(Problem::BadStartLine, is_faulty(&start));
        let length = framing.length(&mut problems);
        let raw_len = raw.len() as u64;
        let raw = keep_all.then(|| raw.into());
        Some(Self { text: text.into(), line, kept, raw, len: raw_len, length, upgrade, problems })
    }

    /// The request's method.
    pub fn method(&self) -> Option<&[u8]> {
        match self.line {
            Line::Request { method, .. } => Some(self.part(method)),
            Line::Response { .. } => None,
        }
    }

    /// The request's target.
    pub fn target(&self) -> Option<&[u8]> {
        match self.line {
            Line::Request { target, .. } => Some(self.part(target)),
            Line::Response { .. } => None,
        }
    }

    /// Major and minor version; `None` where a request line has none.
    pub fn version(&self) -> Option<(u8, u8)> {
        match self.line {
            Line::Request { version, .. } => version,
            Line::Response { version, .. } => Some(version),
        }
    }

    /// The response's status code.
    pub fn status(&self) -> Option<u16> {
        match self.line {
            Line::Request { .. } => None,
            Line::Response { status, .. } => Some(status),
        }
    }

    /// The response's reason phrase.
    pub fn reason(&self) -> Option<&[u8]> {
        match self.line {
            Line::Request { .. } => None,
            Line::Response { reason, .. } => Some(self.part(reason)),
        }
    }

    /// The value of a field, of the first where there are several.
    pub fn field(&self, field: Kept) -> Option<&[u8]> {
        self.kept.get(field as usize).copied().flatten().map(|part| self.part(part))
    }

    /// Whether its end is missing.
    pub fn is_cut(&self) -> bool {
        [Problem::Gap, Problem::HeadTooLarge, Problem::Crowded]
            .into_iter()
            .any(|problem| self.problems.contains(problem))
    }

    /// Bytes of it that are kept.
    pub fn kept_len(&self) -> usize {
        self.text.len() + self.raw.as_ref().map_or(0, |raw| raw.len())
    }

    /// All fields, where the head was kept whole; those that were read of it, if it was too large.
    pub fn fields(&self) -> Option<Fields<'_>> {
        let raw = self.raw.as_deref()?;
        Some(Fields::new(line(raw).1))
    }

    fn part(&self, part: Part) -> &[u8] {
        let start = part.start as usize;
        self.text.get(start..start + part.len as usize).unwrap_or_default()
    }
}

fn is_faulty(start: &StartLine<'_>) -> bool {
    matches!(start, StartLine::Request { version: None, .. } | StartLine::Request { target: b"", .. })
}

fn version(start: &StartLine<'_>) -> Option<(u8, u8)> {
    match *start {
        StartLine::Request { version, .. } => version,
        StartLine::Response { version, .. } => Some(version),
    }
}

fn keep(bytes: &[u8], text: &mut Vec<u8>) -> Part {
    let part = Part { start: text.len() as u32, len: bytes.len() as u32 };
    text.extend_from_slice(bytes);
    part
}

fn keep_line(start: &StartLine<'_>, text: &mut Vec<u8>) -> Line {
    match *start {
        StartLine::Request { method, target, version } => {
            Line::Request { method: keep(method, text), target: keep(target, text), version }
        }
        StartLine::Response { version, status, reason } => {
            Line::Response { version, status, reason: keep(reason, text) }
        }
    }
}

/// What was said of the body's length so far.
#[derive(Debug, Default)]
struct Framing {
    /// It is HTTP/1.0, which knows no transfer codings.
    old: bool,
    length: Option<u64>,
    coded: bool,
    chunked: bool,
    problems: Problems,
}

impl Framing {
    /// RFC 9110 §8.6, RFC 9112 §6.3: digits, or the same digits several times.
    fn on_length(&mut self, value: &[u8]) {
        for value in value.split(|&byte| byte == b',') {
            let value = value.trim_ascii();
            let digits = !value.is_empty() && value.iter().all(u8::is_ascii_digit);
            let length =
                std::str::from_utf8(value).ok().filter(|_| digits).and_then(|text| text.parse().ok());
            // Nobody sends that much: it is there to overflow.
            let length = length.filter(|&length| length <= i64::MAX as u64);
            self.problems.note(Problem::BadLength, length.is_none());
            let Some(length) = length else { continue };
            self.problems.note(Problem::ConflictingLengths, self.length.is_some_and(|known| known != length));
            self.length.get_or_insert(length);
        }
    }

    /// RFC 9112 §6.1: the last coding says whether there are chunks.
    fn on_coding(&mut self, value: &[u8]) {
        self.coded = true;
        let last = value.rsplit(|&byte| byte == b',').next().unwrap_or_default().trim_ascii();
        let any = |coding: &[u8]| coding.trim_ascii().eq_ignore_ascii_case(b"chunked");
        // `chunked, identity` was legal in RFC 2616 §3.6, and identity changes nothing.
        let identity = last.eq_ignore_ascii_case(b"identity");
        self.chunked = any(last) || identity && value.split(|&byte| byte == b',').any(any);
        self.problems.note(Problem::BadTransferEncoding, self.old || !self.chunked);
    }

    fn length(self, problems: &mut Problems) -> Length {
        problems.extend(self.problems);
        problems.note(Problem::LengthAndChunked, self.coded && self.length.is_some());
        match (self.coded, self.chunked, self.length) {
            (true, true, _) => Length::Chunked,
            (true, false, _) => Length::UntilClose,
            (false, _, Some(length)) => Length::Bytes(length),
            (false, _, None) if self.problems.contains(Problem::BadLength) => Length::UntilClose,
            (false, _, None) => Length::Unsaid,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_length_of_the_body_by_its_fields() {
        let table: &[(&str, Length, &str)] = &[
            ("", Length::Unsaid, ""),
            ("Content-Length: 12\r\n", Length::Bytes(12), ""),
            ("content-length:12\r\nContent-Length: 12, 12\r\n", Length::Bytes(12), ""),
            ("Content-Length: 12\r\nContent-Length: 13\r\n", Length::Bytes(12), "conflicting_lengths"),
            ("Content-Length: -1\r\n", Length::UntilClose, "bad_length"),
            ("Content-Length: +1\r\n", Length::UntilClose, "bad_length"),
            ("Content-Length: 99999999999999999999\r\n", Length::UntilClose, "bad_length"),
            ("Content-Length: 18446744073709551615\r\n", Length::UntilClose, "bad_length"),
            ("Content-Length:\r\n", Length::UntilClose, "bad_length"),
            ("Transfer-Encoding: gzip, Chunked\r\n", Length::Chunked, ""),
            ("Transfer-Encoding: chunked, identity\r\n", Length::Chunked, ""),
            ("Transfer-Encoding: xchunked\r\n", Length::UntilClose, "bad_transfer_encoding"),
            ("Transfer-Encoding: chunked\r\nContent-Length: 3\r\n", Length::Chunked, "length_and_chunked"),
            ("Transfer-Encoding : chunked\r\n", Length::Chunked, "space_before_colon"),
        ];
        for (fields, length, problems) in table {
            let text = format!("HTTP/1.1 200 OK\r\n{fields}\r\n");
            let head = Head::read(text.as_bytes(), Side::Response, false, true).unwrap();
            assert_eq!((head.length, head.problems.to_string()), (*length, problems.to_string()), "{fields}");
            for end in 0..text.len() {
                let _ = Head::read(&text.as_bytes()[..end], Side::Response, true, false);
            }
        }
    }

    #[test]
    fn the_first_of_equal_fields_is_kept_and_on_request_all() {
        let text = b"GET /a HTTP/1.1\r\nHOST: one\r\nHost: two\r\nUser-Agent: x\r\n\r\n";
        let head = Head::read(text, Side::Request, true, true).unwrap();
        assert_eq!((head.method(), head.target()), (Some(&b"GET"[..]), Some(&b"/a"[..])));
        assert_eq!((head.field(Kept::Host), head.field(Kept::Referer)), (Some(&b"one"[..]), None));
        assert_eq!((head.len, head.fields().unwrap().count()), (text.len() as u64, 3));
        assert_eq!(Head::read(text, Side::Response, true, true), None);
    }
}
