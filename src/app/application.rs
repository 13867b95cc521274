//! What a connection speaks, found out from its first bytes, and read on by the protocol's parser.

use std::net::SocketAddr;

use serde::{Deserialize, Serialize};

use super::Service;
use super::http::{self, Side};
use super::probe::{Probe, Verdict};
use super::proxy::{self, Proxy};
use crate::flow::{Direction, Pair};
use crate::tcp::Moment;
use crate::tcp::stream::Chunk;

/// Bytes of a direction that are kept until its protocol is known.
const MAX_EARLY: usize = 2 << 10;
/// Segments of a direction that may pass, of a stream joined midway or of an unknown protocol, before it is given up.
const MAX_SEARCHED: u16 = 256;

/// How far a connection is read.
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
pub enum Depth {
    /// Until its protocol is known.
    Service,
    /// All messages.
    #[serde(skip)]
    Messages(http::Limits),
}

/// What a connection speaks. It can be put aside as bytes, unless a parser reads it.
#[derive(Debug, Deserialize, Serialize)]
pub struct Application {
    depth: Depth,
    service: Option<Service>,
    probe: Probe,
    directions: Pair<Beginning>,
    proxied_for: Option<SocketAddr>,
    speaker: Speaker,
}

/// Who reads the bytes.
#[derive(Debug, Deserialize, Serialize)]
enum Speaker {
    /// Nobody yet.
    Unknown,
    /// Nobody any more.
    Nobody,
    /// HTTP, and the direction of its requests. It stands last, as it is skipped: the others are written by their place.
    #[serde(skip)]
    Http(Box<http::Connection>, Direction),
}

/// The first bytes of a direction.
#[derive(Debug, Default, Deserialize, Serialize)]
struct Beginning {
    bytes: Vec<u8>,
    /// The segments of these bytes, and where each ends.
    segments: Vec<(Moment, usize)>,
    /// Its first bytes showed nothing: segments passed since.
    searched: Option<u16>,
}

impl Application {
    /// A connection of which nothing was seen.
    pub fn new(depth: Depth) -> Self {
        Self {
            depth,
            service: None,
            probe: Probe::default(),
            directions: Pair::default(),
            proxied_for: None,
            speaker: Speaker::Unknown,
        }
    }

    /// What the first bytes of a connection make certain, whatever follows, where nothing is asked but the protocol.
    pub fn told_at_once(bytes: &[u8]) -> Option<Service> {
        match Probe::default().look(bytes) {
            _ if proxy::read(bytes) != Proxy::Absent => None,
            Verdict::Certain(service) => Some(service).filter(|&service| service != Service::Socks5),
            Verdict::LikelyHttp => http::begins_message(bytes).then_some(Service::Http),
            Verdict::Unsure | Verdict::Unknown => None,
        }
    }

    /// The protocol, once the bytes have shown it.
    pub fn service(&self) -> Option<Service> {
        self.service
    }

    /// Whether more bytes would say more.
    pub fn wants_more(&self) -> bool {
        !matches!(self.speaker, Speaker::Nobody)
    }

    /// Whether so much of a direction told nothing that no more of it need be shown, as long as the other one can be heard.
    pub fn has_given_up(&self, direction: Direction) -> bool {
        self.directions[direction].has_given_up()
    }

    /// Takes what became readable of one direction.
    pub fn on_chunk(&mut self, direction: Direction, chunk: &Chunk<'_>, sink: &mut impl http::Sink) {
        match chunk {
            Chunk::Data { bytes, moment, .. } => self.on_data(direction, bytes, *moment, sink),
            Chunk::Gap { len, .. } => self.on_gap(direction, *len, sink),
            Chunk::Acked { number, ahead } => {
                if let Some((connection, Side::Response)) = self.http(direction) {
                    connection.on_heard(*number, *ahead);
                }
            }
            Chunk::Fin(_) => {
                if let Some((connection, side)) = self.http(direction) {
                    connection.on_fin(side, sink);
                }
            }
            Chunk::Reset(_) => {
                if let Some((connection, _)) = self.http(direction) {
                    connection.on_reset();
                }
            }
        }
    }

    /// About how many bytes are kept of what has not come whole.
    pub fn kept(&self) -> usize {
        let early = self.directions.forward.bytes.len() + self.directions.reverse.bytes.len();
        match &self.speaker {
            Speaker::Http(connection, _) => early + connection.kept(),
            Speaker::Unknown => early,
            Speaker::Nobody => 0,
        }
    }

    /// Keeps no more of it. What follows is read on.
    pub fn relieve(&mut self, sink: &mut impl http::Sink) {
        for direction in Direction::BOTH {
            let beginning = &mut self.directions[direction];
            if !beginning.bytes.is_empty() {
                beginning.forget();
                beginning.searched.get_or_insert(0);
            }
        }
        if let Speaker::Http(connection, _) = &mut self.speaker {
            connection.relieve(sink);
        }
    }

    /// Nothing more comes.
    pub fn finish(&mut self, sink: &mut impl http::Sink) {
        if let Speaker::Http(connection, _) = &mut self.speaker {
            connection.finish(sink);
            if connection.has_messages() {
                self.service.get_or_insert(Service::Http);
            }
        }
        self.speaker = Speaker::Nobody;
    }

    fn http(&mut self, direction: Direction) -> Option<(&mut http::Connection, Side)> {
        let Speaker::Http(connection, requests) = &mut self.speaker else { return None };
        let side = if *requests == direction { Side::Request } else { Side::Response };
        Some((connection, side))
    }

    fn on_data(&mut self, direction: Direction, bytes: &[u8], moment: Moment, sink: &mut impl http::Sink) {
        match &self.speaker {
            Speaker::Nobody => {}
            Speaker::Unknown => self.look(direction, bytes, moment, sink),
            Speaker::Http(..) => {
                if let Some((connection, side)) = self.http(direction) {
                    connection.on_data(side, bytes, moment, sink);
                }
                self.judge(sink);
            }
        }
    }

    fn on_gap(&mut self, direction: Direction, len: u64, sink: &mut impl http::Sink) {
        match self.http(direction) {
            Some((connection, side)) => connection.on_gap(side, len, sink),
            None => {
                let beginning = &mut self.directions[direction];
                beginning.forget();
                beginning.searched.get_or_insert(0);
            }
        }
    }

    /// Looks at bytes whose protocol is not known.
    fn look(&mut self, direction: Direction, bytes: &[u8], moment: Moment, sink: &mut impl http::Sink) {
        let beginning = &mut self.directions[direction];
        if beginning.searched.is_some() || !beginning.bytes.is_empty() && http::begins_message(bytes) {
            return self.search(direction, bytes, moment, sink);
        }
        beginning.add(bytes, moment);
        if !self.pass_proxy(direction) {
            return;
        }
        let early = &self.directions[direction].bytes;
        if early.is_empty() {
            return;
        }
        match self.probe.look(early) {
            Verdict::Certain(Service::Socks5) => {
                // What is carried follows.
                self.service = Some(Service::Socks5);
                for direction in Direction::BOTH {
                    self.directions[direction].forget();
                    self.directions[direction].searched = Some(0);
                }
            }
            Verdict::Certain(service) => {
                self.service = Some(service);
                self.speaker = Speaker::Nobody;
            }
            Verdict::LikelyHttp if matches!(self.depth, Depth::Service) && http::begins_message(early) => {
                self.service = Some(Service::Http);
                self.speaker = Speaker::Nobody;
            }
            Verdict::LikelyHttp => self.begin_http(direction, sink),
            Verdict::Unsure => {}
            Verdict::Unknown => {
                let beginning = &mut self.directions[direction];
                beginning.forget();
                beginning.searched = Some(0);
            }
        }
    }

    /// Passes over a PROXY protocol header. Whether what is left can be looked at.
    fn pass_proxy(&mut self, direction: Direction) -> bool {
        let beginning = &mut self.directions[direction];
        match proxy::read(&beginning.bytes) {
            Proxy::Absent => true,
            Proxy::Unsure => beginning.bytes.len() >= MAX_EARLY,
            Proxy::Header { len, source } => {
                beginning.take(len);
                self.proxied_for = source;
                true
            }
        }
    }

    /// Looks for HTTP at the start of a segment somewhere in a stream.
    fn search(&mut self, direction: Direction, bytes: &[u8], moment: Moment, sink: &mut impl http::Sink) {
        let beginning = &mut self.directions[direction];
        if http::begins_message(bytes) {
            beginning.forget();
            beginning.add(bytes, moment);
            return self.begin_http(direction, sink);
        }
        beginning.searched = beginning.searched.map(|passed| passed.saturating_add(1));
        if Direction::BOTH.into_iter().all(|direction| self.has_given_up(direction)) {
            self.speaker = Speaker::Nobody;
        }
    }

    fn begin_http(&mut self, direction: Direction, sink: &mut impl http::Sink) {
        let limits = match self.depth {
            Depth::Messages(limits) => limits,
            Depth::Service => http::Limits::default(),
        };
        let answers = self.directions[direction].bytes.starts_with(b"HTTP/");
        let requests = if answers { direction.reverse() } else { direction };
        let connection = http::Connection::new(limits, self.proxied_for);
        self.speaker = Speaker::Http(Box::new(connection), requests);
        // The other direction may have said something first that was not yet clear.
        for direction in [requests, requests.reverse()] {
            let beginning = std::mem::take(&mut self.directions[direction]);
            let mut start = 0;
            for (moment, end) in beginning.segments {
                let bytes = beginning.bytes.get(start..end).unwrap_or_default();
                self.on_data(direction, bytes, moment, sink);
                start = end;
            }
        }
    }

    /// Whether it is HTTP, and whether anything more can come of it.
    fn judge(&mut self, sink: &mut impl http::Sink) {
        let Speaker::Http(connection, _) = &mut self.speaker else { return };
        if connection.has_messages() {
            self.service.get_or_insert(Service::Http);
            let enough = matches!(self.depth, Depth::Service) || connection.is_opaque();
            if enough {
                self.finish(sink);
            }
        } else if connection.is_lost() {
            self.speaker = Speaker::Unknown;
            for direction in Direction::BOTH {
                self.directions[direction].searched = Some(0);
            }
        }
    }
}

impl Beginning {
    fn has_given_up(&self) -> bool {
        self.searched.is_some_and(|passed| passed >= MAX_SEARCHED)
    }

    fn add(&mut self, bytes: &[u8], moment: Moment) {
        self.bytes.extend_from_slice(bytes);
        self.segments.push((moment, self.bytes.len()));
    }

    /// Takes `len` bytes off the front.
    fn take(&mut self, len: usize) {
        self.bytes.drain(..len.min(self.bytes.len()));
        self.segments.retain_mut(|(_, end)| {
            *end = end.saturating_sub(len);
            *end > 0
        });
    }

    fn forget(&mut self) {
        self.bytes = Vec::new();
        self.segments = Vec::new();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Timestamp;

    #[derive(Default)]
    struct Rows(Vec<http::Exchange>);

    impl http::Sink for Rows {
        fn exchange(&mut self, exchange: http::Exchange) {
            self.0.push(exchange);
        }
    }

    /// Plays lines of `>` or `<` and text (`~` is a line end, `gap` missing bytes) in pieces of `step` bytes.
    fn play(script: &str, step: usize, depth: Depth) -> (Option<&'static str>, Vec<http::Exchange>, bool) {
        let mut application = Application::new(depth);
        let mut rows = Rows::default();
        let mut number = 0;
        for line in script.lines() {
            let (who, text) = line.trim().split_once(' ').unwrap();
            let direction = if who == ">" { Direction::Forward } else { Direction::Reverse };
            if text == "gap" {
                application.on_chunk(direction, &Chunk::Gap { offset: 0, len: 5 }, &mut rows);
                continue;
            }
            for bytes in text.replace('~', "\r\n").as_bytes().chunks(step) {
                number += 1;
                let moment = Moment { at: Timestamp::from_nanos(number), number: number as u64 };
                application.on_chunk(direction, &Chunk::Data { offset: 0, moment, bytes }, &mut rows);
            }
        }
        let wants_more = application.wants_more();
        application.finish(&mut rows);
        (application.service().map(Service::name), rows.0, wants_more)
    }

    #[test]
    fn services_and_exchanges() {
        let table = [
            ("> GET / HTTP/1.1~~\n< HTTP/1.1 200 OK~Content-Length: 0~~", Some("http"), 1, true),
            ("> PROXY TCP4 1.2.3.4 5.6.7.8 9 10~GET / HTTP/1.1~~", Some("http"), 1, true),
            ("> PROXY TCP4 1.2.3.4 5.6.7.8 9 10~SSH-2.0-x~", Some("ssh"), 0, false),
            ("< 220 mail~\n> EHLO x~", Some("smtp"), 0, false),
            ("> GET something else~", None, 0, true),
            ("> CONNECT a:1 HTTP/1.1~~\n< HTTP/1.1 200 OK~~", Some("http"), 1, false),
            ("> ab", None, 0, true),
            (
                "> \u{5}\u{1}\u{0}\n< \u{5}\u{0}\n> \u{5}\u{1}x\n< \u{5}\u{0}x\n> GET / HTTP/1.1~~",
                Some("socks5"),
                1,
                true,
            ),
        ];
        for (script, service, exchanges, wants_more) in table {
            // What is carried by SOCKS is found at the start of a segment.
            let steps = if service == Some("socks5") { [1000; 3] } else { [1, 3, 1000] };
            for step in steps {
                let (found, rows, wants) = play(script, step, Depth::Messages(http::Limits::default()));
                assert_eq!(
                    (found, rows.len(), wants),
                    (service, exchanges, wants_more),
                    "{script} by {step}"
                );
                let proxied = rows.first().and_then(|row| row.proxied_for).map(|source| source.to_string());
                let expected =
                    (service == Some("http") && script.contains("PROXY")).then(|| "1.2.3.4:9".into());
                assert_eq!(proxied, expected, "{script} by {step}");
            }
        }
    }

    #[test]
    fn the_service_alone_is_soon_known() {
        let script = "> GET / HTTP/1.1~~\n< HTTP/1.1 200 OK~Content-Length: 0~~";
        let (service, _, wants_more) = play(script, 1000, Depth::Service);
        assert_eq!((service, wants_more), (Some("http"), false));
    }

    #[test]
    fn what_is_told_at_once_is_what_the_first_bytes_tell() {
        let table = [
            ("GET / HTTP/1.1~Host: a~~", Some(Service::Http)),
            ("PRI * HTTP/2.0~~SM~~", Some(Service::Http2)),
            ("SSH-2.0-x~", Some(Service::Ssh)),
            ("PROXY TCP4 1.2.3.4 5.6.7.8 9 10~SSH-2.0-x~", None),
            ("\u{5}\u{1}\u{0}", None),
            ("GET something else~", None),
        ];
        for (text, service) in table {
            let text = text.replace('~', "\r\n");
            assert_eq!(Application::told_at_once(text.as_bytes()), service, "{text}");
            for len in 0..=text.len() {
                let bytes = &text.as_bytes()[..len];
                let mut application = Application::new(Depth::Service);
                let moment = Moment { at: Timestamp::from_nanos(1), number: 1 };
                let chunk = Chunk::Data { offset: 0, moment, bytes };
                application.on_chunk(Direction::Forward, &chunk, &mut Rows::default());
                if let Some(told) = Application::told_at_once(bytes) {
                    assert_eq!(
                        (application.service(), application.wants_more()),
                        (Some(told), false),
                        "{text}"
                    );
                }
            }
        }
    }

    #[test]
    fn streams_joined_midway_are_searched() {
        let script = "< gap\n< rest of an answer that nobody saw begin, long enough to be unknown for sure, and then some\n\
            > GET /next HTTP/1.1~~\n< HTTP/1.1 200 OK~Content-Length: 0~~";
        let (service, rows, _) = play(script, 1000, Depth::Messages(http::Limits::default()));
        assert_eq!((service, rows.len()), (Some("http"), 1));
        assert!(rows[0].is_complete());
    }
}
