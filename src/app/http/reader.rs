//! One direction of a connection: bytes and gaps in, heads and bodies out. However the bytes are cut into segments, the
//! messages are the same.
//!
//! ```text
//!            a head          its body          the next
//!   Start ---------> Head -------------> Body ---------> Start
//!     |  no message    |  gap, too large   |  gap beyond its end, broken
//!     +----------------+-------------------+--> Lost: until a line that begins a message
//! ```

use memchr::memchr;

use super::body::{Body, Then};
use super::extent::Extent;
use super::head::{Fields, HeadEnd, line, request_line, status_line};
use super::message::{Head, Side};
use super::problem::Problem;
use super::start::{may_begin_request, message_start};
use crate::tcp::Moment;

/// The longest line that is searched for the beginning of a message.
const MAX_START_LINE: usize = 16 << 10;

/// What the next bytes turned out to be.
#[derive(Debug, Eq, PartialEq)]
pub enum Step<'a> {
    /// Nothing yet, or nothing of a message.
    Nothing,
    /// A head. The reader has to be told what follows.
    Head(Box<Head>, Extent),
    /// A head of which the end is missing. What follows it is not known.
    CutHead(Box<Head>, Extent),
    /// Payload of the body, and whether the body goes on.
    Payload(&'a [u8], Then),
}

/// A direction that is being read.
#[derive(Debug)]
pub struct Reader {
    side: Side,
    keep_all: bool,
    max_head: usize,
    state: State,
    /// The head, or in [`State::Lost`] the line, that has not come whole.
    gathered: Vec<u8>,
    search: HeadEnd,
    extent: Option<Extent>,
    /// The first line of the head is whole, and good.
    line_checked: bool,
    /// Bytes passed since it lost its place.
    passed: u64,
    /// The head begins in the middle of a line: it has to be a good one to be believed.
    doubtful: bool,
}

#[derive(Debug)]
enum State {
    Start,
    Head,
    Body(Body),
    Lost,
    Opaque,
}

impl Reader {
    /// A reader of `side`. Heads of more than `max_head` bytes are cut there; `keep_all` keeps their text.
    pub fn new(side: Side, max_head: usize, keep_all: bool) -> Self {
        Self {
            side,
            keep_all,
            max_head,
            state: State::Start,
            gathered: Vec::new(),
            search: HeadEnd::default(),
            extent: None,
            line_checked: false,
            passed: 0,
            doubtful: false,
        }
    }

    /// A body follows the head.
    pub fn expect_body(&mut self, body: Body) {
        self.state = State::Body(body);
    }

    /// What follows is no HTTP.
    pub fn expect_nothing(&mut self) {
        self.state = State::Opaque;
    }

    /// Where it stands is not known: the next line that begins a message is looked for.
    pub fn lose(&mut self) {
        self.state = State::Lost;
        self.gathered = Vec::new();
        self.extent = None;
        self.passed = 0;
    }

    /// Bytes, captured or not, between the place where it was lost last and where it found a message.
    pub fn passed(&self) -> u64 {
        self.passed
    }

    /// Whether the bytes to come are no HTTP.
    pub fn is_opaque(&self) -> bool {
        matches!(self.state, State::Opaque)
    }

    /// Whether it has lost its place.
    pub fn is_lost(&self) -> bool {
        matches!(self.state, State::Lost)
    }

    /// Takes bytes, of which there are some, and says how many it took and what they were.
    pub fn read<'a>(&mut self, bytes: &'a [u8], moment: Moment) -> (usize, Step<'a>) {
        match &mut self.state {
            State::Start => self.start(bytes, moment),
            State::Head => self.gather(bytes, moment),
            State::Body(body) => {
                let taken = body.take(bytes);
                if taken.then == Then::Ended {
                    self.state = State::Start;
                } else if taken.then == Then::Broken {
                    self.lose();
                }
                (taken.consumed, Step::Payload(taken.payload, taken.then))
            }
            State::Lost => self.seek(bytes, moment),
            State::Opaque => (bytes.len(), Step::Nothing),
        }
    }

    /// Passes over `len` bytes that are missing; how many of them belong to a body, and what they ended.
    pub fn skip(&mut self, len: u64) -> (u64, Step<'static>) {
        match &mut self.state {
            State::Start => self.lose(),
            State::Lost if !self.gathered.is_empty() => {
                // The line that a gap cuts may be the first of a message.
                let passed = self.passed;
                let step = self.cut();
                self.passed = if step == Step::Nothing { passed + len } else { len };
                return (0, step);
            }
            State::Lost => self.extent = None,
            State::Opaque => {}
            State::Head => {
                let step = self.cut();
                self.passed = len;
                return (0, step);
            }
            State::Body(body) => {
                let (skipped, then) = body.skip(len);
                match then {
                    Then::More => {}
                    Then::Ended if skipped == len => self.state = State::Start,
                    Then::Ended | Then::Broken => {
                        self.lose();
                        self.passed = len - skipped;
                    }
                }
                return (skipped, Step::Payload(&[], then));
            }
        }
        self.passed += len;
        (0, Step::Nothing)
    }

    /// Bytes that are kept of a head or a line that has not come whole.
    pub fn kept(&self) -> usize {
        self.gathered.capacity()
    }

    /// Keeps no more of it: a head is cut here.
    pub fn relieve(&mut self) -> Step<'static> {
        if matches!(self.state, State::Head) {
            return self.cut_for(Problem::Crowded);
        }
        self.gathered = Vec::new();
        Step::Nothing
    }

    fn cut_for(&mut self, why: Problem) -> Step<'static> {
        let mut step = self.cut();
        if let Step::CutHead(head, _) = &mut step {
            head.problems.insert(why);
        }
        step
    }

    /// Nothing more comes. A body until the close ends well if `closed` in order.
    pub fn close(&mut self, closed: bool) -> Step<'static> {
        match self.state {
            State::Head => self.cut(),
            State::Body(Body::UntilClose) if closed => {
                self.state = State::Start;
                Step::Payload(&[], Then::Ended)
            }
            _ => Step::Nothing,
        }
    }

    fn start<'a>(&mut self, bytes: &'a [u8], moment: Moment) -> (usize, Step<'a>) {
        // RFC 9112 §2.2: empty lines before a message are passed over.
        let blank = bytes.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
        if blank > 0 {
            return (blank, Step::Nothing);
        }
        self.extent = Some(Extent::new(moment));
        self.search = HeadEnd::default();
        self.doubtful = false;
        // The common case: the whole head is in one segment.
        if let Some(end) = self.search.find(bytes.get(..self.max_head).unwrap_or(bytes))
            && let Some(raw) = bytes.get(..end)
        {
            return match self.finish_head(raw) {
                Some(step) => (end, step),
                None => (0, self.seek_instead()),
            };
        }
        self.search = HeadEnd::default();
        self.gathered.clear();
        self.line_checked = false;
        self.state = State::Head;
        self.gather(bytes, moment)
    }

    fn gather<'a>(&mut self, bytes: &'a [u8], moment: Moment) -> (usize, Step<'a>) {
        if let Some(extent) = &mut self.extent {
            extent.see(moment);
        }
        let before = self.gathered.len();
        let room = self.max_head.saturating_sub(before).max(1);
        self.gathered.extend_from_slice(bytes.get(..room).unwrap_or(bytes));
        let end = self.search.find(&self.gathered);
        match (self.may_be_head(), end) {
            (false, _) => {
                // It is no beginning of a message, but one may stand in its first line.
                self.gathered.truncate(before);
                self.state = State::Lost;
                (0, Step::Nothing)
            }
            (true, Some(end)) => {
                self.gathered.truncate(end);
                let raw = std::mem::take(&mut self.gathered);
                let step = self.finish_head(&raw).unwrap_or_else(|| self.seek_instead());
                (end - before, step)
            }
            (true, None) if self.gathered.len() >= self.max_head => {
                let taken = self.gathered.len() - before;
                (taken, self.cut_for(Problem::HeadTooLarge))
            }
            (true, None) => (self.gathered.len() - before, Step::Nothing),
        }
    }

    /// Whether what was gathered can be the beginning of a head.
    fn may_be_head(&mut self) -> bool {
        if self.line_checked {
            return true;
        }
        if self.search.whole_lines() == 0 {
            return match self.side {
                Side::Request => may_begin_request(&self.gathered),
                Side::Response => {
                    let common = self.gathered.len().min(5);
                    self.gathered.get(..common) == b"HTTP/".get(..common)
                }
            };
        }
        self.line_checked = true;
        let (first, ..) = line(&self.gathered);
        match self.side {
            Side::Request => request_line(first).is_some(),
            Side::Response => status_line(first).is_some(),
        }
    }

    /// Reads a whole head; `None` if it is none.
    fn finish_head(&mut self, raw: &[u8]) -> Option<Step<'static>> {
        let head = Head::read(raw, self.side, self.keep_all, true)?;
        let has_fields = || Fields::new(line(raw).1).next().is_some();
        if self.doubtful && (head.problems.contains(Problem::BadField) || !has_fields()) {
            return None;
        }
        self.state = State::Start;
        Some(Step::Head(Box::new(head), self.extent.take()?))
    }

    /// Ends a head whose end is missing.
    fn cut(&mut self) -> Step<'static> {
        let whole_lines = if self.is_lost() { 0 } else { self.search.whole_lines() };
        let raw = std::mem::take(&mut self.gathered);
        let extent = self.extent;
        self.lose();
        // The line that is cut says nothing, unless it is the first.
        let read = if whole_lines > 0 { raw.get(..whole_lines) } else { Some(raw.as_slice()) };
        let head = read.and_then(|raw| Head::read(raw, self.side, self.keep_all, false));
        match head.zip(extent) {
            Some((head, extent)) => Step::CutHead(Box::new(head), extent),
            None => Step::Nothing,
        }
    }

    fn seek_instead(&mut self) -> Step<'static> {
        self.lose();
        Step::Nothing
    }

    /// Takes a line, and begins a head where one begins in it.
    fn seek<'a>(&mut self, bytes: &'a [u8], moment: Moment) -> (usize, Step<'a>) {
        let (whole, taken) = match memchr(b'\n', bytes) {
            Some(end) => (true, end + 1),
            None => (false, bytes.len()),
        };
        let new = bytes.get(..taken).unwrap_or(bytes);
        let extent = self.extent.get_or_insert(Extent::new(moment));
        extent.see(moment);
        let extent = *extent;
        if !whole {
            if self.gathered.len() + new.len() > MAX_START_LINE {
                self.gathered.clear();
            }
            let kept = new.len().saturating_sub(MAX_START_LINE);
            self.gathered.extend_from_slice(new.get(kept..).unwrap_or_default());
            return (taken, Step::Nothing);
        }
        let gathered = std::mem::take(&mut self.gathered);
        let joined = [gathered.as_slice(), new].concat();
        let text = if gathered.is_empty() { new } else { joined.as_slice() };
        self.extent = None;
        let start = message_start(text, self.side);
        self.passed += start.unwrap_or(text.len()) as u64;
        if let Some(at) = start {
            self.state = State::Head;
            self.doubtful = at > 0;
            self.line_checked = true;
            self.gathered = text.get(at..).unwrap_or_default().to_vec();
            self.search = HeadEnd::default();
            self.search.find(&self.gathered);
            // What stands before it in the line came earlier, and is not of it.
            let behind = at >= gathered.len();
            self.extent = Some(if behind { Extent::new(moment) } else { extent });
        }
        (taken, Step::Nothing)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Timestamp;

    fn moment(number: u64) -> Moment {
        Moment { at: Timestamp::from_nanos(number as i64), number }
    }

    #[test]
    fn a_head_behind_the_end_of_a_body_begins_with_its_own_bytes() {
        let mut reader = Reader::new(Side::Response, 1000, false);
        reader.lose();
        reader.read(b"the end of a body", moment(1));
        reader.read(b"HTTP/1.1 200 OK\r\n", moment(2));
        let (_, step) = reader.read(b"Content-Length: 0\r\n\r\n", moment(3));
        let Step::Head(_, extent) = step else { panic!("{step:?}") };
        assert_eq!((extent.first.number, extent.last.number), (2, 3));
    }

    /// What a reader says of pieces: bytes, or `None` for three missing ones. Responses have bodies of five bytes.
    fn read(side: Side, pieces: &[Option<&[u8]>], max_head: usize) -> String {
        let mut reader = Reader::new(side, max_head, false);
        let mut said = String::new();
        let mut say = |reader: &mut Reader, step: Step<'_>| match step {
            Step::Nothing => {}
            Step::Head(head, _) => {
                said.push_str(&format!("{} ", name(&head)));
                if side == Side::Response {
                    reader.expect_body(Body::Length(5));
                }
            }
            Step::CutHead(head, _) => said.push_str(&format!("cut {} ", name(&head))),
            Step::Payload(bytes, Then::More) => said.push_str(std::str::from_utf8(bytes).unwrap()),
            Step::Payload(bytes, then) => {
                said.push_str(&format!("{}|{then:?} ", std::str::from_utf8(bytes).unwrap()));
            }
        };
        for (number, piece) in pieces.iter().enumerate() {
            let Some(mut bytes) = *piece else {
                let (_, step) = reader.skip(3);
                say(&mut reader, step);
                continue;
            };
            while !bytes.is_empty() {
                let (taken, step) = reader.read(bytes, moment(number as u64));
                bytes = &bytes[taken..];
                say(&mut reader, step);
            }
        }
        let step = reader.close(true);
        say(&mut reader, step);
        said
    }

    fn name(head: &Head) -> String {
        let text = head.target().map(|target| String::from_utf8_lossy(target).into_owned());
        text.unwrap_or_else(|| head.status().unwrap().to_string())
    }

    #[test]
    fn messages_are_the_same_in_any_segmentation() {
        let table: &[(Side, &str, &str)] = &[
            (
                Side::Request,
                "GET /a HTTP/1.1\r\nHost: h\r\n\r\nGET /b HTTP/1.1\n\n\r\nGET /c HTTP/1.0\r\n\r\n",
                "/a /b /c ",
            ),
            (Side::Request, "GET /old\r\n", "cut /old "),
            (Side::Request, "junk\r\nmore\0GET /a HTTP/1.1\r\nA: b\r\n\r\nGET /b HTTP/1.1\r\n\r\n", "/a /b "),
            (
                Side::Request,
                "\x16\x03 GET / \r\n GET /a HTTP/1.1\r\nno field\r\n\r\nGET /b HTTP/1.1\r\n\r\n",
                "/b ",
            ),
            (
                Side::Response,
                "HTTP/1.1 200 OK\r\n\r\nabcdeHTTP/1.1 404\r\n\r\n12345",
                "200 abcde|Ended 404 12345|Ended ",
            ),
            (
                Side::Response,
                "HTTX/1.1 200 OK\r\n\r\nabHTTP/1.1 404 No\r\nA: b\r\n\r\n12345",
                "404 12345|Ended ",
            ),
            (Side::Response, "HTTP/1.1 200 OK\r\nA: b", "cut 200 "),
        ];
        for (side, text, expected) in table {
            for step in [1, 2, 3, 7, 20, 1000] {
                let pieces: Vec<_> = text.as_bytes().chunks(step).map(Some).collect();
                let got = read(*side, &pieces, 1000);
                assert_eq!(got, *expected, "{text:?} by {step}");
            }
        }
    }

    #[test]
    fn gaps_are_bridged_or_the_next_message_is_found() {
        let head = &b"HTTP/1.1 200 OK\r\n\r\n"[..];
        let table: &[(&[Option<&[u8]>], &str)] = &[
            (&[Some(head), Some(b"a"), None, Some(b"e"), Some(head)], "200 ae|Ended 200 "),
            (&[Some(head), Some(b"abc"), None, Some(b"xx\r\n"), Some(head)], "200 abc|Ended 200 "),
            (&[Some(b"HTTP/1.1 200 OK\r\nA: "), None, Some(b"\r\n\r\n"), Some(head)], "cut 200 200 "),
            (&[Some(b"HTTP/1.1 20"), None, Some(b"x\r\n"), Some(head)], "200 "),
            (&[None, Some(head), Some(b"abcde")], "200 abcde|Ended "),
        ];
        for (pieces, expected) in table {
            assert_eq!(read(Side::Response, pieces, 1000), *expected, "{pieces:?}");
        }
    }

    #[test]
    fn a_head_that_is_too_large_is_cut_and_the_next_one_found() {
        let bomb = format!("GET /a HTTP/1.1\r\n{}\r\nGET /b HTTP/1.1\r\n\r\n", "X: y\r\n".repeat(100));
        for step in [1, 13, 1000] {
            let pieces: Vec<_> = bomb.as_bytes().chunks(step).map(Some).collect();
            assert_eq!(read(Side::Request, &pieces, 200), "cut /a /b ", "by {step}");
        }
    }

    #[test]
    fn extents_name_the_segments() {
        let mut reader = Reader::new(Side::Request, 1000, false);
        reader.read(b"GET /a HT", moment(4));
        reader.read(b"TP/1.1\r\n", moment(9));
        let (_, step) = reader.read(b"\r\n", moment(7));
        let Step::Head(_, extent) = step else { panic!("no head") };
        assert_eq!((extent.first.number, extent.last.number), (4, 9));
    }
}
