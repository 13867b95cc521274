//! The head of a message: start line and header fields. RFC 9112 §2 to §5.

use std::borrow::Cow;

use memchr::{memchr, memmem};
use nom::bytes::complete::{tag, take_while, take_while_m_n, take_while1};
use nom::character::complete::char;
use nom::combinator::{map, map_opt, opt, rest};
use nom::number::complete::u8;
use nom::sequence::preceded;
use nom::{IResult, Parser};

use super::problem::{Problem, Problems};

/// The first line of a message.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum StartLine<'a> {
    /// Of a request.
    Request {
        /// The method, as sent.
        method: &'a [u8],
        /// The request target, as sent.
        target: &'a [u8],
        /// Major and minor version; `None` where the line ends before it, as in a simple request of HTTP/0.9.
        version: Option<(u8, u8)>,
    },
    /// Of a response.
    Response {
        /// Major and minor version.
        version: (u8, u8),
        /// The status code, three digits.
        status: u16,
        /// The reason phrase, often empty.
        reason: &'a [u8],
    },
}

/// Whether a byte may stand in a method or a field name. RFC 9110 §5.6.2
pub(super) fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

/// The start line of a request, without its line end.
pub fn request_line(line: &[u8]) -> Option<StartLine<'_>> {
    let (target, method) = method(line).ok()?;
    // The target ends where the version begins: RFC 9112 §3 lets a lenient reader take spaces into it.
    let split = memmem::rfind(target, b" HTTP/");
    if let Some((target, end)) = split.and_then(|at| target.split_at_checked(at)) {
        let version = preceded((char(' '), tag("HTTP/")), version).parse(end.trim_ascii_end()).ok();
        let version = version.filter(|(rest, _)| rest.is_empty()).map(|(_, version)| version);
        return Some(StartLine::Request { method, target: target.trim_ascii(), version });
    }
    if let Some(end) = target.strip_prefix(b"HTTP/") {
        // Nothing stands where the target should.
        let version = version(end.trim_ascii_end()).ok().map(|(_, version)| version);
        return Some(StartLine::Request { method, target: &[], version });
    }
    // RFC 1945 §4.1: a simple request has no version. So have some that a person typed; other protocols speak similarly.
    let target = target.trim_ascii();
    let simple = METHODS.contains(&method) && is_like_a_target(target) && !target.contains(&b' ');
    simple.then_some(StartLine::Request { method, target, version: None })
}

/// The start line of a request of which the end is missing.
pub(super) fn cut_request_line(line: &[u8]) -> Option<StartLine<'_>> {
    let (rest, method) = method(line).ok()?;
    let target = rest.split(|&byte| byte == b' ').next().unwrap_or_default();
    let good = METHODS.contains(&method) && is_like_a_target(target);
    good.then_some(StartLine::Request { method, target, version: None })
}

fn is_like_a_target(target: &[u8]) -> bool {
    [&b"/"[..], b"*", b"http://"].iter().any(|start| target.starts_with(start))
}

/// The methods of RFC 9110 §9.3.
const METHODS: [&[u8]; 8] = [b"GET", b"HEAD", b"POST", b"PUT", b"DELETE", b"CONNECT", b"OPTIONS", b"TRACE"];

fn method(line: &[u8]) -> IResult<&[u8], &[u8]> {
    let (rest, method) = take_while_m_n(1, 32, is_token).parse(line)?;
    let (rest, _) = char(' ').parse(rest)?;
    Ok((rest, method))
}

fn digit(input: &[u8]) -> IResult<&[u8], u8> {
    map_opt(u8, |byte: u8| byte.is_ascii_digit().then(|| byte - b'0')).parse(input)
}

fn version(input: &[u8]) -> IResult<&[u8], (u8, u8)> {
    let (rest, (major, _, minor)) = (digit, char('.'), digit).parse(input)?;
    Ok((rest, (major, minor)))
}

/// The start line of a response, without its line end.
pub fn status_line(line: &[u8]) -> Option<StartLine<'_>> {
    let status = map_opt(take_while_m_n(3, 3, |byte: u8| byte.is_ascii_digit()), number::<u16>);
    let reason = opt(preceded(char(' '), rest));
    let mut parser =
        (preceded(tag("HTTP/"), version), preceded(take_while1(|byte| byte == b' '), status), reason);
    let (left, (version, status, reason)): (&[u8], _) = parser.parse(line).ok()?;
    let reason = reason.unwrap_or_default().trim_ascii();
    (left.trim_ascii().is_empty() && (100..=999).contains(&status)).then_some(StartLine::Response {
        version,
        status,
        reason,
    })
}

fn number<T: std::str::FromStr>(digits: &[u8]) -> Option<T> {
    std::str::from_utf8(digits).ok()?.parse().ok()
}

/// Name, white space before the colon, value without the white space around it.
type FieldLine<'a> = (&'a [u8], &'a [u8], &'a [u8]);

/// A header field.
fn field_line(line: &[u8]) -> IResult<&[u8], FieldLine<'_>> {
    let value = map(rest, |value: &[u8]| value.trim_ascii());
    let space = take_while(|byte| byte == b' ' || byte == b'\t');
    let (rest, (name, space, _, value)) = (take_while1(is_token), space, char(':'), value).parse(line)?;
    Ok((rest, (name, space, value)))
}

/// A line of `bytes` without its end, what follows it, and whether it ended in a bare LF.
pub(super) fn line(bytes: &[u8]) -> (&[u8], &[u8], bool) {
    match memchr(b'\n', bytes).and_then(|at| bytes.split_at_checked(at)) {
        Some((line, after)) => {
            let rest = after.get(1..).unwrap_or_default();
            line.strip_suffix(b"\r").map_or((line, rest, true), |line| (line, rest, false))
        }
        None => (bytes, &[], false),
    }
}

/// The header fields of a head without its start line, in order. Lines that are none are passed over.
#[derive(Clone, Debug)]
pub struct Fields<'a> {
    rest: &'a [u8],
    /// What was wrong with the lines passed so far.
    pub problems: Problems,
}

impl<'a> Fields<'a> {
    /// The fields that follow a start line.
    pub fn new(rest: &'a [u8]) -> Self {
        Self { rest, problems: Problems::default() }
    }
}

impl<'a> Iterator for Fields<'a> {
    type Item = (&'a [u8], Cow<'a, [u8]>);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let (text, rest, bare) = line(self.rest);
            if text.is_empty() {
                return None;
            }
            self.rest = rest;
            self.problems.note(Problem::BareLineFeed, bare);
            let Ok((_, (name, space, value))) = field_line(text) else {
                self.problems.insert(Problem::BadField);
                continue;
            };
            // RFC 9112 §5.1: no white space is allowed here, and proxies that disagree on it can be fooled.
            self.problems.note(Problem::SpaceBeforeColon, !space.is_empty());
            self.problems
                .note(Problem::ControlCharacter, value.iter().any(|&byte| byte == 0 || byte == b'\r'));
            return Some((name, self.unfold(value)));
        }
    }
}

impl<'a> Fields<'a> {
    /// RFC 9112 §5.2: a line that begins with white space continues the value.
    fn unfold(&mut self, value: &'a [u8]) -> Cow<'a, [u8]> {
        let mut value = Cow::Borrowed(value);
        while matches!(self.rest.first(), Some(b' ' | b'\t')) {
            let (text, rest, _) = line(self.rest);
            if text.trim_ascii().is_empty() && rest.is_empty() {
                break;
            }
            self.rest = rest;
            self.problems.insert(Problem::FoldedField);
            let folded = value.to_mut();
            folded.push(b' ');
            folded.extend_from_slice(text.trim_ascii());
        }
        value
    }
}

/// Where the empty line behind a head ends. Keeps its place, so that bytes are looked at once however they come.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct HeadEnd {
    line: usize,
    searched: usize,
}

impl HeadEnd {
    /// Looks at `head`, which begins as it did before. The length of the head, once it is whole.
    pub fn find(&mut self, head: &[u8]) -> Option<usize> {
        while let Some(at) = head.get(self.searched..).and_then(|new| memchr(b'\n', new)) {
            let end = self.searched + at;
            let text = head.get(self.line..end).unwrap_or_default();
            (self.line, self.searched) = (end + 1, end + 1);
            if matches!(text, b"" | b"\r") {
                return Some(end + 1);
            }
        }
        self.searched = head.len();
        None
    }

    /// Where the line begins whose end has not come yet.
    pub fn whole_lines(&self) -> usize {
        self.line
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn request_lines() {
        let line = |method, target, version| Some(StartLine::Request { method, target, version });
        let table: &[(&[u8], Option<StartLine<'_>>)] = &[
            (b"GET / HTTP/1.1", line(b"GET", b"/", Some((1, 1)))),
            (b"CCM_POST /a b HTTP/1.0 ", line(b"CCM_POST", b"/a b", Some((1, 0)))),
            (b"GET /old", line(b"GET", b"/old", None)),
            (b"PRI * HTTP/2.0", line(b"PRI", b"*", Some((2, 0)))),
            (b"GET  HTTP/1.1", line(b"GET", b"", Some((1, 1)))),
            (b"GET / HTTP/1.", line(b"GET", b"/", None)),
            (b"GET /HTTP/1.1", line(b"GET", b"/HTTP/1.1", None)),
            (b"GET", None),
            (b"G(T / HTTP/1.1", None),
            (b"OPTIONS HTTP/1.1", line(b"OPTIONS", b"", Some((1, 1)))),
            (b"GET key", None),
            (b"STORE /old", None),
            (b"", None),
        ];
        for (text, expected) in table {
            assert_eq!(request_line(text), *expected, "{}", text.escape_ascii());
        }
    }

    #[test]
    fn status_lines() {
        let line = |version, status, reason| Some(StartLine::Response { version, status, reason });
        let table: &[(&[u8], Option<StartLine<'_>>)] = &[
            (b"HTTP/1.1 200 OK", line((1, 1), 200, b"OK")),
            (b"HTTP/1.0 404", line((1, 0), 404, b"")),
            (b"HTTP/1.1  301 Moved Permanently ", line((1, 1), 301, b"Moved Permanently")),
            (b"HTTP/1.1 99 x", None),
            (b"HTTP/1.1 2000", None),
            (b"HTTP/1.1 2x0", None),
            (b"HTTP/x.1 200", None),
        ];
        for (text, expected) in table {
            assert_eq!(status_line(text), *expected, "{}", text.escape_ascii());
            for end in 0..text.len() {
                let _ = (status_line(&text[..end]), request_line(&text[..end]));
            }
        }
    }

    #[test]
    fn fields_are_unfolded_and_their_faults_noted() {
        let head = b"Host: a\r\nX:  b \n c\r\n\td \r\nBad Line\r\nTE : x\r\n\r\nbody: no";
        let mut fields = Fields::new(head);
        let got: Vec<_> = fields.by_ref().map(|(name, value)| [name.to_vec(), value.to_vec()]).collect();
        assert_eq!(
            got,
            [
                [b"Host".to_vec(), b"a".to_vec()],
                [b"X".to_vec(), b"b c d".to_vec()],
                [b"TE".to_vec(), b"x".to_vec()]
            ]
        );
        assert_eq!(fields.problems.to_string(), "bad_field,space_before_colon,folded_field,bare_line_feed");
    }

    #[test]
    fn the_end_of_a_head_is_found_byte_by_byte() {
        for (head, end) in [("GET / HTTP/1.1\r\nA: b\r\n\r\nrest", 24), ("A\n\nB\n\n", 3), ("A\r\n\nB", 4)] {
            let mut search = HeadEnd::default();
            let found = (0..=head.len()).find_map(|len| search.find(&head.as_bytes()[..len]));
            assert_eq!(found, Some(end), "{head:?}");
        }
    }
}
