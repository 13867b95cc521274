//! Where a message begins in bytes that need not hold one.

use memchr::{memchr, memmem};

use super::head::{StartLine, is_token, line, request_line, status_line};
use super::message::Side;

/// The longest method of a request that is looked for.
const MAX_METHOD: usize = 32;

/// The length of which no method of HTTP is: RFC 9110 §9.3.
const SHORT: usize = 8;

/// Whether the beginning of a line can be that of a request line.
pub(super) fn may_begin_request(text: &[u8]) -> bool {
    // What ends a method is no token either, and known at once.
    let token =
        |most: usize| text.iter().take(most).take_while(|&&byte| byte != b' ' && is_token(byte)).count();
    let mut len = token(SHORT);
    if len == SHORT {
        if text.get(..=MAX_METHOD).is_some_and(|start| memchr(b' ', start).is_none()) {
            return false;
        }
        len = token(MAX_METHOD + 1);
    }
    let then = text.get(len);
    (len > 0 || text.is_empty()) && len <= MAX_METHOD && matches!(then, None | Some(b' '))
}

/// Whether bytes begin with the whole start line of a message of either side, with a version.
pub fn begins_message(bytes: &[u8]) -> bool {
    // Nearly all bytes that are asked about are in the midst of something else: the first few tell.
    let answers = bytes.starts_with(b"HTTP/");
    if !answers && !may_begin_request(bytes) {
        return false;
    }
    let (first, rest, _) = line(bytes);
    let whole = !rest.is_empty() || bytes.ends_with(b"\n");
    let begins = match answers {
        true => status_line(first).is_some(),
        // A method comes first, as was seen: with the usual version at its end, the line is one.
        false if first.ends_with(b" HTTP/1.1") => true,
        false => matches!(request_line(first), Some(StartLine::Request { version: Some(_), .. })),
    };
    whole && begins
}

/// Where in a line a message begins: at its start, or behind the end of a body that has no line end.
pub(super) fn message_start(text: &[u8], side: Side) -> Option<usize> {
    let (text, ..) = line(text);
    let starts = |at: usize| {
        let text = text.get(at..)?;
        let found = match side {
            Side::Request => matches!(request_line(text), Some(StartLine::Request { version: Some(_), .. })),
            Side::Response => status_line(text).is_some(),
        };
        found.then_some(at)
    };
    if let Some(at) = starts(0) {
        return Some(at);
    }
    match side {
        Side::Response => memmem::rfind(text, b"HTTP/").and_then(starts),
        Side::Request => {
            let version = memmem::rfind(text, b" HTTP/1.")?;
            let before = text.get(..version)?;
            METHODS.iter().filter_map(|method| memmem::rfind(before, method)).max().and_then(starts)
        }
    }
}

/// Beginnings of request lines that are looked for in the middle of a line.
const METHODS: [&[u8]; 6] = [b"GET /", b"POST /", b"HEAD /", b"PUT /", b"DELETE /", b"OPTIONS "];

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn messages_begin_at_a_line_or_behind_a_body_without_a_line_end() {
        let table: &[(Side, &[u8], Option<usize>)] = &[
            (Side::Request, b"GET / HTTP/1.1\r\n", Some(0)),
            (Side::Request, b"\xff\x00GET / HTTP/1.1\r\n", Some(2)),
            (Side::Request, b"(see) GET /a or POST /b HTTP/1.0\n", Some(16)),
            (Side::Request, b"GET /\r\n", None),
            (Side::Request, b"HTTP/1.1 200 OK\r\n", None),
            (Side::Response, b"HTTP/1.1 200 OK\r\n", Some(0)),
            (Side::Response, b"\x1f\x8bHTTP/1.0 404\n", Some(2)),
            (Side::Response, b"GET / HTTP/1.1\r\n", None),
            (Side::Response, b"", None),
        ];
        for (side, text, expected) in table {
            assert_eq!(message_start(text, *side), *expected, "{}", text.escape_ascii());
            for end in 0..text.len() {
                let _ = (message_start(&text[..end], *side), begins_message(&text[..end]));
            }
        }
    }

    proptest! {
        #[test]
        fn the_usual_version_at_its_end_makes_a_line_a_request_line(
            method in "[A-Z(]{0,34}", between in "[ a/]{0,5}", end in prop::sample::select(vec!["", "\r", "\r\n", "\n", " \n"]),
        ) {
            let text = format!("{method} {between} HTTP/1.1");
            let is = matches!(request_line(text.as_bytes()), Some(StartLine::Request { version: Some(_), .. }));
            prop_assert_eq!(begins_message(format!("{text}{end}").as_bytes()), is && end.ends_with('\n'));
        }
    }

    #[test]
    fn a_whole_start_line_is_needed() {
        assert!(begins_message(b"GET / HTTP/1.1\r\n") && begins_message(b"HTTP/1.1 200 OK\r\nA: b"));
        assert!(!begins_message(b"GET / HTTP/1.1") && !begins_message(b"GET /\r\n") && !begins_message(b""));
    }
}
