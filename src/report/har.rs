//! HTTP exchanges as an HTTP Archive 1.2, which browsers' developer tools open.
//! <http://www.softwareishard.com/blog/har-12-spec/>

use std::io::{self, Write};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value as Json, json};

use crate::app::http::{Exchange, Head, Kept, Message};
use crate::pipeline::Speaker;
use crate::time::{Span, Timestamp};

/// Writes an archive, entry by entry.
pub struct Archive<W> {
    out: W,
    entries: u64,
}

impl<W: Write> Archive<W> {
    /// Begins an archive.
    pub fn new(mut out: W) -> io::Result<Self> {
        let version = env!("CARGO_PKG_VERSION");
        write!(
            out,
            "{{\"log\":{{\"version\":\"1.2\",\"creator\":{{\"name\":\"flowray\",\"version\":\"{version}\"}},\"entries\":["
        )?;
        Ok(Self { out, entries: 0 })
    }

    /// Adds an exchange of the flow `flow`, if its request was seen, with as much of its bodies as there is. It should have
    /// been kept with all its fields.
    pub fn add(
        &mut self,
        flow: u64,
        speaker: &Speaker,
        exchange: &Exchange,
        bodies: &Bodies,
    ) -> io::Result<()> {
        let Some(request) = &exchange.request else { return Ok(()) };
        self.out.write_all(if self.entries == 0 { b"\n" } else { b",\n" })?;
        self.entries += 1;
        serde_json::to_writer(&mut self.out, &entry(flow, speaker, exchange, request, bodies))
            .map_err(io::Error::from)
    }

    /// Ends the archive.
    pub fn finish(mut self) -> io::Result<()> {
        self.out.write_all(b"\n]}}\n")?;
        self.out.flush()
    }
}

/// The bodies of an exchange, content codings undone; `None` where they are not wanted or were too much to be kept.
#[derive(Debug, Default)]
pub struct Bodies {
    /// Of the request.
    pub request: Option<Vec<u8>>,
    /// Of the response.
    pub response: Option<Vec<u8>>,
}

fn entry(flow: u64, speaker: &Speaker, exchange: &Exchange, request: &Message, bodies: &Bodies) -> Json {
    let (server, port) = speaker.key.sender(speaker.client.reverse());
    let head = &request.head;
    let host = head.field(Kept::Host).map_or_else(|| format!("{server}:{port}"), text);
    let target = head.target().map_or(String::new(), text);
    let url = if target.contains("://") { target.clone() } else { format!("http://{host}{target}") };
    let send = request.extent.last.at.since(request.extent.first.at);
    let wait = exchange.time_to_first_byte();
    let receive =
        exchange.response.as_ref().map(|response| response.extent.last.at.since(response.extent.first.at));
    let parts = [Some(send), wait, receive].map(|span| span.map_or(0.0, millis));
    // The first exchange of a connection had to wait for it, and then for whatever the client did.
    let opening =
        speaker.start.zip(speaker.connect).filter(|_| exchange.number == 1).and_then(|(start, connect)| {
            let blocked = request.extent.first.at.since(start).as_nanos() - connect.as_nanos();
            (blocked >= 0).then(|| (start, millis(Span::from_nanos(blocked)), millis(connect)))
        });
    let (started, blocked, connect) = opening.unwrap_or((request.extent.first.at, -1.0, -1.0));
    let mut asked = json!({
            "method": head.method().map_or(String::new(), text),
            "url": url,
            "httpVersion": version(head),
            "cookies": [],
            "headers": headers(head),
            "queryString": query(&target),
            "headersSize": head.len,
            "bodySize": request.body_len,
    });
    if let (Some(body), Some(asked)) = (&bodies.request, asked.as_object_mut()) {
        let kind = head.field(Kept::ContentType).map_or(String::new(), text);
        asked.insert("postData".into(), json!({ "mimeType": kind, "params": [], "text": text(body) }));
    }
    json!({
        "startedDateTime": date(started),
        "time": parts.iter().sum::<f64>() + blocked.max(0.0) + connect.max(0.0),
        "request": asked,
        "response": response(exchange.response.as_ref(), bodies.response.as_deref()),
        "cache": {},
        // What the packets of an exchange do not tell is -1, as the specification has it.
        "timings": {
            "blocked": blocked, "dns": -1, "connect": connect, "ssl": -1, "send": parts[0], "wait": parts[1], "receive": parts[2],
        },
        "serverIPAddress": server.to_string(),
        "connection": flow.to_string(),
        "comment": exchange.problems.to_string(),
    })
}

fn response(message: Option<&Message>, body: Option<&[u8]>) -> Json {
    let head = message.map(|message| message.head.as_ref());
    let field = |field| head.and_then(|head| head.field(field)).map_or(String::new(), text);
    let body_len = message.map_or(-1, |message| i64::try_from(message.body_len).unwrap_or(i64::MAX));
    let decoded_len = body.and_then(|body| i64::try_from(body.len()).ok()).unwrap_or(body_len.max(0));
    let mut content = json!({ "size": decoded_len, "mimeType": field(Kept::ContentType) });
    if let (Some(body), Some(content)) = (body, content.as_object_mut()) {
        match std::str::from_utf8(body) {
            Ok(body) => content.insert("text".into(), body.into()),
            Err(_) => {
                content.insert("encoding".into(), "base64".into());
                content.insert("text".into(), STANDARD.encode(body).into())
            }
        };
    }
    json!({
        // An answer that was not seen has status 0, as browsers write it.
        "status": head.and_then(Head::status).unwrap_or(0),
        "statusText": head.and_then(Head::reason).map_or(String::new(), text),
        "httpVersion": head.map_or(String::new(), version),
        "cookies": [],
        "headers": head.map_or(json!([]), headers),
        "content": content,
        "redirectURL": field(Kept::Location),
        "headersSize": head.map_or(-1, |head| i64::try_from(head.len).unwrap_or(i64::MAX)),
        "bodySize": body_len,
    })
}

fn headers(head: &Head) -> Json {
    let fields = head.fields().into_iter().flatten();
    Json::Array(fields.map(|(name, value)| json!({ "name": text(name), "value": text(&value) })).collect())
}

fn query(target: &str) -> Json {
    let query = target.split_once('?').map_or("", |(_, query)| query);
    let pair = |pair: &str| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        json!({ "name": name, "value": value })
    };
    Json::Array(query.split('&').filter(|part| !part.is_empty()).map(pair).collect())
}

fn version(head: &Head) -> String {
    head.version().map_or("HTTP/0.9".into(), |(major, minor)| format!("HTTP/{major}.{minor}"))
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn millis(span: Span) -> f64 {
    span.max(Span::ZERO).as_nanos() as f64 / 1e6
}

fn date(at: Timestamp) -> String {
    jiff::Timestamp::from_nanosecond(i128::from(at.as_nanos())).map_or(String::new(), |at| at.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::http::{Connection, Limits, Side, Sink};
    use crate::decode::Address;
    use crate::flow::{Direction, Key};
    use crate::tcp::Moment;

    struct Take<'a>(&'a mut Archive<Vec<u8>>, Speaker);

    impl Sink for Take<'_> {
        fn exchange(&mut self, exchange: Exchange) {
            self.0.add(7, &self.1, &exchange, &Bodies::default()).unwrap();
        }
    }

    #[test]
    fn an_archive_has_what_the_schema_requires() {
        let (key, client) = Key::new(6, (Address::v4([10, 0, 0, 1]), 4000), (Address::v4([10, 0, 0, 2]), 80));
        assert_eq!(client, Direction::Forward);
        let speaker =
            Speaker { key, client, client_inferred: false, start: None, fine_clock: false, connect: None };
        let mut archive = Archive::new(Vec::new()).unwrap();
        let mut connection = Connection::new(Limits { keep_heads: true, ..Limits::default() }, None);
        let moment = |number: u64| Moment { at: Timestamp::from_nanos(number as i64 * 1_000_000), number };
        let take = &mut Take(&mut archive, speaker);
        connection.on_data(
            Side::Request,
            b"GET /a?x=1&y HTTP/1.1\r\nHost: h\r\nA: \xff\r\n\r\n",
            moment(1),
            take,
        );
        connection.on_data(Side::Response, b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\na", moment(5), take);
        connection.on_data(Side::Response, b"b", moment(8), take);
        connection.on_data(Side::Request, b"GET /b HTTP/1.1\r\n\r\n", moment(9), take);
        connection.finish(take);
        let Archive { out, entries } = archive;
        assert_eq!(entries, 2);
        let text = String::from_utf8([out.as_slice(), b"\n]}}\n"].concat()).unwrap();
        let har: Json = serde_json::from_str(&text).unwrap();
        assert_eq!(
            (&har["log"]["version"], &har["log"]["creator"]["name"]),
            (&json!("1.2"), &json!("flowray"))
        );
        for entry in har["log"]["entries"].as_array().unwrap() {
            for (object, fields) in [
                ("", &["startedDateTime", "time", "request", "response", "cache", "timings"][..]),
                (
                    "request",
                    &[
                        "method",
                        "url",
                        "httpVersion",
                        "cookies",
                        "headers",
                        "queryString",
                        "headersSize",
                        "bodySize",
                    ],
                ),
                (
                    "response",
                    &[
                        "status",
                        "statusText",
                        "httpVersion",
                        "cookies",
                        "headers",
                        "content",
                        "redirectURL",
                        "headersSize",
                        "bodySize",
                    ],
                ),
                ("timings", &["send", "wait", "receive"]),
            ] {
                let object = if object.is_empty() { entry } else { &entry[object] };
                for field in fields {
                    assert!(!object[field].is_null(), "{field} in {object}");
                }
            }
            assert!(
                entry["response"]["content"]["size"].is_number()
                    && entry["response"]["content"]["mimeType"].is_string()
            );
        }
        let first = &har["log"]["entries"][0];
        assert_eq!(first["request"]["url"], "http://h/a?x=1&y");
        assert_eq!(first["request"]["queryString"][0], json!({ "name": "x", "value": "1" }));
        assert_eq!(first["timings"]["wait"], 4.0);
        assert_eq!((&first["timings"]["receive"], &first["response"]["bodySize"]), (&json!(3.0), &json!(2)));
        assert_eq!(har["log"]["entries"][1]["response"]["status"], 0);
    }
}
