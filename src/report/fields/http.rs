//! `http`: one row an exchange.

use crate::app::http::{Exchange, Head, Kept, Message};
use crate::flow::{Direction, Key};
use crate::pipeline::Speaker;
use crate::report::Value;
use crate::report::fields::identity::{Identified, endpoints, file, start};
use crate::report::schema::{Family, Kind, Schema, Spec};
use crate::time::Timestamp;

type Field = Spec<Http>;

/// Rows that are HTTP exchanges.
pub enum Http {}

/// An exchange, and whose it is.
#[derive(Clone, Copy, Debug)]
pub struct Transaction<'a> {
    /// The file it is of, where each of several is analysed on its own.
    pub file: Option<&'a str>,
    /// The flow's number.
    pub flow: u64,
    /// The stream's number.
    pub stream: Option<u64>,
    /// The flow.
    pub speaker: &'a Speaker,
    /// The exchange.
    pub exchange: &'a Exchange,
}

impl Family for Http {
    type Row<'a> = Transaction<'a>;
}

impl Identified for Transaction<'_> {
    fn flow(&self) -> u64 {
        self.flow
    }

    fn stream(&self) -> Option<u64> {
        self.stream
    }

    fn key(&self) -> &Key {
        &self.speaker.key
    }

    fn client(&self) -> Direction {
        self.speaker.client
    }

    fn file(&self) -> Option<&str> {
        self.file
    }

    fn start(&self) -> Option<Timestamp> {
        self.speaker.start
    }

    fn fine_clock(&self) -> bool {
        self.speaker.fine_clock
    }
}

/// The fields of `http`.
pub static HTTP: Schema<Http> = Schema {
    command: "http",
    row: "an HTTP exchange",
    groups: &[&endpoints(), &start(), WHEN, REQUEST, RESPONSE, SIZES, TIMES, REST, &file()],
};

static WHEN: &[Field] = &[
    Field::one("number", Kind::Number, "1-based number of the exchange in its connection.", |row| {
        row.exchange.number.into()
    }),
    Field::one("request_packet", Kind::Number, "The packet that completes the request's header.", |row| {
        row.exchange.request.as_ref().map(|request| request.head_extent.last.number).into()
    }),
    Field::one("response_packet", Kind::Number, "The packet that completes the response's header.", |row| {
        row.exchange.response.as_ref().map(|response| response.head_extent.last.number).into()
    }),
    Field::one("request_s", Kind::Instant, "First byte of the request.", |row| {
        let request = row.exchange.request.as_ref();
        Value::instant(request.map(|request| request.extent.first.at), row.speaker.fine_clock)
    })
    .rank(65),
];

static REQUEST: &[Field] = &[
    Field::one("method", Kind::Text, "The request's method.", |row| text(request(row).and_then(Head::method)))
        .source("RFC 9110 section 9")
        .rank(95),
    Field::one("host", Kind::Text, "The Host header; null without one.", |row| {
        text(request(row).and_then(|head| head.field(Kept::Host)))
    })
    .source("RFC 9110 section 7.2")
    .rank(85),
    Field::one("target", Kind::Text, "The request target, as sent.", |row| {
        text(request(row).and_then(Head::target))
    })
    .source("RFC 9112 section 3.2")
    .rank(92),
    Field::one("version", Kind::Text, "The request's HTTP version, null where its first line has none; the response's where no request was seen.", |row| {
        let head = request(row).or(response(row));
        let version = head.and_then(Head::version);
        version.map(|(major, minor)| format!("HTTP/{major}.{minor}")).into()
    })
    .source("RFC 9110 section 2.5"),
    Field::one("user_agent", Kind::Text, "The User-Agent header.", |row| {
        text(request(row).and_then(|head| head.field(Kept::UserAgent)))
    })
    .source("RFC 9110 section 10.1.5"),
    Field::one("referer", Kind::Text, "The Referer header.", |row| {
        text(request(row).and_then(|head| head.field(Kept::Referer)))
    })
    .source("RFC 9110 section 10.1.3"),
    Field::one("request_content_type", Kind::Text, "The request's Content-Type.", |row| {
        text(request(row).and_then(|head| head.field(Kept::ContentType)))
    })
    .source("RFC 9110 section 8.3"),
];

static RESPONSE: &[Field] = &[
    Field::one("status", Kind::Number, "The status code of the final response; 101 is one.", |row| {
        response(row).and_then(Head::status).into()
    })
    .source("RFC 9110 section 15")
    .rank(94),
    Field::one("reason", Kind::Text, "The reason phrase.", |row| text(response(row).and_then(Head::reason)))
        .source("RFC 9112 section 4"),
    Field::one("interim_statuses", Kind::Numbers, "Interim responses (1xx but 101), at most 16.", |row| {
        Value::list(row.exchange.interim.iter().copied())
    })
    .source("RFC 9110 section 15.2"),
    Field::one("content_type", Kind::Text, "The response's Content-Type.", |row| {
        text(response(row).and_then(|head| head.field(Kept::ContentType)))
    })
    .source("RFC 9110 section 8.3")
    .rank(50),
    Field::one("content_encoding", Kind::Text, "The response's Content-Encoding.", |row| {
        text(response(row).and_then(|head| head.field(Kept::ContentEncoding)))
    })
    .source("RFC 9110 section 8.4"),
    Field::one("location", Kind::Text, "The response's Location.", |row| {
        text(response(row).and_then(|head| head.field(Kept::Location)))
    })
    .source("RFC 9110 section 10.2.2"),
];

static SIZES: &[Field] = &[
    Field::one(
        "request_header_bytes",
        Kind::Bytes,
        "Start line and header with the empty line behind it.",
        |row| request(row).map(|head| head.len).into(),
    ),
    Field::one("request_body_bytes", Kind::Bytes, BODY, |row| body(row.exchange.request.as_ref())),
    Field::one(
        "response_header_bytes",
        Kind::Bytes,
        "Status line and header with the empty line behind it.",
        |row| response(row).map(|head| head.len).into(),
    ),
    Field::one("response_body_bytes", Kind::Bytes, BODY, |row| body(row.exchange.response.as_ref())).rank(80),
];

const BODY: &str = "The body as transferred, chunk framing removed; 0 where a complete message has none.";

static TIMES: &[Field] = &[
    Field::one(
        "time_to_first_byte_s",
        Kind::Seconds,
        "Last byte of the request to first byte of the response, at the capture point; null where the answer began \
         before the request ended.",
        |row| Value::span(row.exchange.time_to_first_byte(), row.speaker.fine_clock),
    )
    .rank(88),
    Field::one(
        "response_time_s",
        Kind::Seconds,
        "Last byte of the request to last byte of the response; null where the answer ended before the request did.",
        |row| Value::span(row.exchange.response_time(), row.speaker.fine_clock),
    )
    .rank(82),
];

static REST: &[Field] = &[
    Field::one(
        "proxied_for",
        Kind::Text,
        "The source that a PROXY protocol header names: address and port.",
        |row| row.exchange.proxied_for.map(|source| source.to_string()).into(),
    )
    .source("PROXY protocol"),
    Field::one(
        "request_headers",
        Kind::Texts,
        "All fields of the request's header, only with --headers.",
        |row| all(request(row)),
    ),
    Field::one(
        "response_headers",
        Kind::Texts,
        "All fields of the response's header, only with --headers.",
        |row| all(response(row)),
    ),
    Field::one(
        "complete",
        Kind::Bool,
        "Request and response went to their ends, by their own account.",
        |row| row.exchange.is_complete().into(),
    ),
    Field::one(
        "error",
        Kind::Text,
        "What is wrong with either, the gravest first, joined by commas.",
        |row| {
            let problems = row.exchange.problems;
            (!problems.is_empty()).then(|| problems.to_string()).into()
        },
    )
    .rank(75),
];

fn request<'a>(row: &Transaction<'a>) -> Option<&'a Head> {
    row.exchange.request.as_ref().map(|message| message.head.as_ref())
}

fn response<'a>(row: &Transaction<'a>) -> Option<&'a Head> {
    row.exchange.response.as_ref().map(|message| message.head.as_ref())
}

fn text(bytes: Option<&[u8]>) -> Value<'_> {
    bytes.map_or(Value::Null, |bytes| Value::Bytes(bytes.into()))
}

/// `Name: value` of every field, where heads were kept whole.
fn all<'a>(head: Option<&'a Head>) -> Value<'a> {
    let line = |(name, value): (&'a [u8], std::borrow::Cow<'a, [u8]>)| {
        Value::Bytes([name, b": ", &value].concat().into())
    };
    head.and_then(Head::fields).map_or(Value::Null, |fields| Value::List(fields.map(line).collect()))
}

fn body(message: Option<&Message>) -> Value<'static> {
    message.filter(|message| message.whole || message.body_len > 0).map(|message| message.body_len).into()
}
