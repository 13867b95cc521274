//! Conversations in a notation of one line a segment: `>` the client, `<` the server; `\r\n` as `~`, `gap N` missing bytes,
//! `fin` and `rst` the close, `heard N` that the segment of the next line acknowledges N bytes beyond those handed out.

use proptest::prelude::*;

use super::*;
use crate::app::http::message::Kept;
use crate::time::Timestamp;

#[derive(Default)]
struct Rows(Vec<String>, Vec<(u64, Side, Vec<u8>)>);

impl Sink for Rows {
    fn body(&mut self, number: u64, side: Side, _head: &Head, bytes: &[u8]) {
        match self.1.last_mut() {
            Some((last, of, body)) if *last == number && *of == side => body.extend_from_slice(bytes),
            _ => self.1.push((number, side, bytes.to_vec())),
        }
    }

    fn exchange(&mut self, exchange: Exchange) {
        let text = |bytes: Option<&[u8]>| String::from_utf8_lossy(bytes.unwrap_or(b"-")).into_owned();
        let request = exchange.request.as_ref().map_or("-".into(), |request| {
            let head = &request.head;
            format!("{} {}+{}", text(head.method()), text(head.target()), request.body_len)
        });
        let response = exchange.response.as_ref().map_or("-".into(), |response| {
            format!("{}+{}", response.head.status().unwrap(), response.body_len)
        });
        let complete = if exchange.is_complete() { "" } else { " incomplete" };
        let mut row = format!("{} {request} {response}{complete}", exchange.number);
        if !exchange.interim.is_empty() {
            row.push_str(&format!(" {:?}", exchange.interim));
        }
        if !exchange.problems.is_empty() {
            row.push_str(&format!(" ({})", exchange.problems));
        }
        self.0.push(row);
    }
}

fn play_with(script: &str, limits: Limits) -> Rows {
    let mut connection = Connection::new(limits, None);
    let mut rows = Rows::default();
    for (number, line) in (1..).zip(script.lines().map(str::trim).filter(|line| !line.is_empty())) {
        let (who, what) = line.split_once(' ').unwrap();
        let side = if who == ">" { Side::Request } else { Side::Response };
        let moment = Moment { at: Timestamp::from_nanos(number * 1_000), number: number as u64 };
        match what.split_once(' ') {
            Some(("gap", len)) => connection.on_gap(side, len.parse().unwrap(), &mut rows),
            Some(("heard", ahead)) => connection.on_heard(number as u64 + 1, ahead.parse().unwrap()),
            _ if what == "fin" => connection.on_fin(side, &mut rows),
            _ if what == "rst" => connection.on_reset(),
            _ if what == "crowd" => {
                connection.relieve(&mut rows);
                assert_eq!(connection.kept(), 0);
            }
            _ => connection.on_data(side, what.replace('~', "\r\n").as_bytes(), moment, &mut rows),
        }
    }
    connection.finish(&mut rows);
    assert_eq!(connection.kept, 0);
    rows
}

fn play(script: &str) -> String {
    play_with(script, Limits::default()).0.join("\n")
}

/// What is let go is told, and what comes afterwards is read.
#[test]
fn what_is_kept_can_be_let_go() {
    let table = [
        (
            "a head that has not come whole",
            "> GET /1 HTTP/1.1~A: b\n> crowd\n> ~B: c~~GET /2 HTTP/1.1~~\n< HTTP/1.1 204 None~~HTTP/1.1 304 No~~",
            "1 GET /1+0 - incomplete (crowded)\n3 - 204+0 incomplete (no_request)\n2 GET /2+0 304+0",
        ),
        (
            "requests that wait",
            "> GET /1 HTTP/1.1~~GET /2 HTTP/1.1~~\n> crowd\n> GET /3 HTTP/1.1~~
             < HTTP/1.1 204 None~~HTTP/1.1 304 No~~HTTP/1.1 200 OK~Content-Length: 0~~",
            "1 GET /1+0 - incomplete (crowded)\n2 GET /2+0 - incomplete (crowded)\n4 - 204+0 incomplete (no_request)\n\
             5 - 304+0 incomplete (no_request)\n3 GET /3+0 200+0",
        ),
        (
            "a body on its way",
            "> GET /1 HTTP/1.1~~\n< HTTP/1.1 200 OK~Content-Length: 4~~ab\n< crowd\n< cd
             > GET /2 HTTP/1.1~~\n< HTTP/1.1 204 None~~",
            "1 GET /1+0 200+2 incomplete (crowded)\n2 GET /2+0 204+0",
        ),
    ];
    for (what, script, expected) in table {
        assert_eq!(play(script), expected, "{what}");
    }
}

#[test]
fn exchanges_by_example() {
    let table = [
        ("one", "> GET / HTTP/1.1~~\n< HTTP/1.1 200 OK~Content-Length: 3~~abc", "1 GET /+0 200+3"),
        ("a body each way", "> POST / HTTP/1.1~Content-Length: 2~~hi\n< HTTP/1.1 200 OK~Content-Length: 0~~", "1 POST /+2 200+0"),
        (
            "pipelined",
            "> GET /1 HTTP/1.1~~GET /2 HTTP/1.1~~HEAD /3 HTTP/1.1~~GET /4 HTTP/1.1~~
             < HTTP/1.1 200 OK~Content-Length: 1~~aHTTP/1.1 304 No~Content-Length: 9~~HTTP/1.1 200~Content-Length: 9~~
             < HTTP/1.1 404 No~Content-Length: 2~~ab",
            "1 GET /1+0 200+1\n2 GET /2+0 304+0\n3 HEAD /3+0 200+0\n4 GET /4+0 404+2",
        ),
        (
            "interim",
            "> PUT / HTTP/1.1~Expect: 100-continue~Content-Length: 2~~\n< HTTP/1.1 100 Continue~~\n> ab\n< HTTP/1.1 103 Hints~~HTTP/1.1 204 None~~",
            "1 PUT /+2 204+0 [100, 103]",
        ),
        (
            "chunked with a trailer",
            "> GET / HTTP/1.1~~\n< HTTP/1.1 200 OK~Transfer-Encoding: chunked~~3~abc~0~T: x~~HTTP/1.1 500 stray~~\n< fin",
            "1 GET /+0 200+3\n2 - 500+0 incomplete (no_request)",
        ),
        ("until the close", "> GET / HTTP/1.0~~\n< HTTP/1.0 200 OK~~abc\n< def\n< fin", "1 GET /+0 200+6"),
        ("until the end of the capture", "> GET / HTTP/1.0~~\n< HTTP/1.0 200 OK~~abc", "1 GET /+0 200+3 incomplete"),
        ("until a reset", "> GET / HTTP/1.0~~\n< HTTP/1.0 200 OK~~abc\n> rst", "1 GET /+0 200+3 incomplete (reset)"),
        (
            "closed early",
            "> GET / HTTP/1.1~~\n< HTTP/1.1 200 OK~Content-Length: 9~~abc\n< fin",
            "1 GET /+0 200+3 incomplete (closed_early)",
        ),
        ("no answer", "> GET / HTTP/1.1~~", "1 GET /+0 - incomplete"),
        (
            "upgrade",
            "> GET / HTTP/1.1~Upgrade: x~~\n< HTTP/1.1 101 Go~Upgrade: x~~HTTP/1.1 200 no~~\n> GET /no HTTP/1.1~~",
            "1 GET /+0 101+0",
        ),
        ("connect", "> CONNECT h:1 HTTP/1.1~~\n< HTTP/1.1 200 OK~~\n> GET /no HTTP/1.1~~", "1 CONNECT h:1+0 200+0"),
        (
            "connect refused",
            "> CONNECT h:1 HTTP/1.1~~\n< HTTP/1.1 407 No~Content-Length: 0~~\n> GET /yes HTTP/1.1~~",
            "1 CONNECT h:1+0 407+0\n2 GET /yes+0 - incomplete",
        ),
        (
            "an answer before the end of the request",
            "> PUT / HTTP/1.1~Content-Length: 4~~ab\n< HTTP/1.1 413 No~Content-Length: 0~~\n> cd",
            "1 PUT /+4 413+0",
        ),
        (
            "a gap inside a body",
            "> GET / HTTP/1.1~~\n< HTTP/1.1 200 OK~Content-Length: 9~~abc\n< gap 4\n< hi\n> GET /2 HTTP/1.1~~",
            "1 GET /+0 200+9 (gap)\n2 GET /2+0 - incomplete",
        ),
        (
            "a gap beyond a body",
            "> GET / HTTP/1.1~~\n< HTTP/1.1 200 OK~Content-Length: 5~~abc\n< gap 40\n> GET /2 HTTP/1.1~~\n< x~HTTP/1.1 201 OK~Content-Length: 0~~",
            "1 GET /+0 200+5 (gap)\n2 GET /2+0 201+0",
        ),
        (
            "a lost answer",
            "> GET /1 HTTP/1.1~~\n> GET /2 HTTP/1.1~~\n< gap 400\n< HTTP/1.1 201 OK~Content-Length: 0~~",
            "1 GET /1+0 - incomplete (gap)\n2 GET /2+0 201+0",
        ),
        (
            "a lost request",
            "> gap 40\n< HTTP/1.1 200 OK~Content-Length: 0~~\n> GET /2 HTTP/1.1~~\n< HTTP/1.1 201 OK~Content-Length: 0~~",
            "1 - 200+0 incomplete (no_request)\n2 GET /2+0 201+0",
        ),
        ("a cut head", "> GET / HTTP/1.1~Host: a\n> gap 9", "1 GET /+0 - incomplete (gap)"),
        (
            "a cut head, and a body that is missing with it",
            "> GET / HTTP/1.1~~\n< HTTP/1.1 200 OK~Content-Length: 9~\n< gap 30\n> GET /2 HTTP/1.1~~\n< HTTP/1.1 201 OK~Content-Length: 0~~",
            "1 GET /+0 200+9 (gap)\n2 GET /2+0 201+0",
        ),
        (
            "smuggling",
            "> POST / HTTP/1.1~Content-Length: 3~Transfer-Encoding: chunked~~0~~\n< HTTP/1.1 400 No~Content-Length: 0~~",
            "1 POST /+0 400+0 (length_and_chunked)",
        ),
        (
            "a chunk that is none",
            "> GET / HTTP/1.1~~\n< HTTP/1.1 200 OK~Transfer-Encoding: chunked~~3~abc~-9~xHTTP/1.1 200 no~\n> GET /2 HTTP/1.1~~\n< ~HTTP/1.1 404 No~Content-Length: 0~~",
            "1 GET /+0 200+3 incomplete (bad_chunk)\n2 GET /2+0 404+0",
        ),
        ("binary", "> \u{16}\u{3}\u{1}\n< \u{0}\u{1}~", ""),
    ];
    for (name, script, expected) in table {
        assert_eq!(play(script), expected, "{name}");
    }
}

/// Requests that came together, and a hole that may have swallowed any number of answers, or of requests.
#[test]
fn no_answer_is_tied_to_a_request_that_may_not_be_its() {
    let ok = |n: u32| format!("HTTP/1.1 20{n} OK~Content-Length: 0~~");
    let (ok1, ok2, ok3) = (ok(1), ok(2), ok(3));
    let get = |n: u32| format!("GET /{n} HTTP/1.1~~");
    let (two, three) = (get(1) + &get(2), get(1) + &get(2) + &get(3));
    let table = [
        (
            "either may be answered",
            format!("> {two}\n< gap 400\n< {ok2}"),
            "3 - 202+0 incomplete (no_request)\n1 GET /1+0 - incomplete (gap)\n2 GET /2+0 - incomplete (gap)",
        ),
        (
            "as many answers as requests: the last is to the last",
            format!("> {two}\n< gap 400\n< {ok1}{ok2}\n> {}\n< {ok3}", get(3)),
            "1 GET /1+0 - incomplete (gap)\n3 - 201+0 incomplete (no_request)\n2 GET /2+0 202+0\n4 GET /3+0 203+0",
        ),
        (
            "one is left",
            format!("> {two}\n< {ok1}\n< gap 400\n< {ok2}\n> {}\n< {ok3}", get(3)),
            "1 GET /1+0 201+0\n2 GET /2+0 202+0\n3 GET /3+0 203+0",
        ),
        (
            "nothing was asked that could be missing",
            format!("> {two}\n< {ok1}{ok2}\n< gap 400\n> {}{}\n< {ok3}", get(3), get(4)),
            "1 GET /1+0 201+0\n2 GET /2+0 202+0\n3 GET /3+0 203+0\n4 GET /4+0 - incomplete",
        ),
        (
            "requests that are asked later cannot be told either",
            format!("> {three}\n< gap 400\n< {ok1}\n> {}\n< {ok2}\n> {}", get(4), get(5)),
            "4 - 201+0 incomplete (no_request)\n6 - 202+0 incomplete (no_request)\n1 GET /1+0 - incomplete (gap)\n\
             2 GET /2+0 - incomplete (gap)\n3 GET /3+0 - incomplete (gap)\n5 GET /4+0 - incomplete (gap)\n7 GET /5+0 - incomplete",
        ),
        (
            "pipelining shows in answers that come after the next request",
            format!("> {}\n> {}\n< {ok1}\n> {}\n< gap 400\n< {ok2}", get(1), get(2), get(3)),
            "1 GET /1+0 201+0\n4 - 202+0 incomplete (no_request)\n2 GET /2+0 - incomplete (gap)\n3 GET /3+0 - incomplete (gap)",
        ),
        (
            "a lost request: those before it are answered in order, whose the later answers are cannot be told",
            format!("> {two}\n> gap 40\n> {}\n< {ok1}{ok2}{ok3}", get(4)),
            "1 GET /1+0 201+0\n2 GET /2+0 202+0\n4 - 203+0 incomplete (no_request)\n3 GET /4+0 - incomplete",
        ),
        (
            "the server had nothing more to say when the client asked on",
            format!("> {two}\n< gap 400\n> heard 0\n> {}{}\n< {ok3}{ok1}", get(3), get(4)),
            "1 GET /1+0 - incomplete (gap)\n2 GET /2+0 - incomplete (gap)\n3 GET /3+0 203+0\n4 GET /4+0 201+0",
        ),
        (
            "the same, where the hole shows later",
            format!("> {two}\n> heard 400\n> {}{}\n< gap 400\n< {ok3}{ok1}", get(3), get(4)),
            "1 GET /1+0 - incomplete (gap)\n2 GET /2+0 - incomplete (gap)\n3 GET /3+0 203+0\n4 GET /4+0 201+0",
        ),
        (
            "the server was still saying something when the client asked on",
            format!("> {two}\n> heard 399\n> {}\n< gap 400\n< {ok3}", get(3)),
            "4 - 203+0 incomplete (no_request)\n1 GET /1+0 - incomplete (gap)\n2 GET /2+0 - incomplete (gap)\n\
             3 GET /3+0 - incomplete (gap)",
        ),
        (
            "an interim answer",
            format!("> {two}\n< gap 400\n< HTTP/1.1 100 Go~~{ok2}"),
            "3 - 202+0 incomplete (no_request)\n1 GET /1+0 - incomplete (gap)\n2 GET /2+0 - incomplete (gap)",
        ),
    ];
    for (what, script, expected) in table {
        assert_eq!(play(&script), expected, "{what}");
    }
}

/// An interim response does not count as the answer of a request that was let go.
#[test]
fn an_interim_answer_to_a_request_that_was_let_go_is_none() {
    let script = "> GET /1 HTTP/1.1~~\n> crowd\n> GET /2 HTTP/1.1~~
                  < HTTP/1.1 103 Hints~~HTTP/1.1 201 OK~Content-Length: 0~~HTTP/1.1 202 OK~Content-Length: 0~~";
    let expected = "1 GET /1+0 - incomplete (crowded)\n3 - 201+0 incomplete (no_request)\n2 GET /2+0 202+0";
    assert_eq!(play(script), expected);
}

#[test]
fn a_request_that_comes_to_light_after_its_answer_is_still_tied_to_it() {
    let mut connection = Connection::new(Limits::default(), None);
    let mut rows = Rows::default();
    let moment = |number| Moment { at: Timestamp::default(), number };
    connection.on_data(Side::Response, b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", moment(9), &mut rows);
    assert!(rows.0.is_empty());
    connection.on_data(Side::Request, b"GET / HTTP/1.1\r\n\r\n", moment(3), &mut rows);
    assert_eq!(rows.0, ["1 GET /+0 200+0"]);
}

#[test]
fn requests_that_wait_are_bounded() {
    let ask: String = (0..10).map(|n| format!("> GET /{n} HTTP/1.1~~\n")).collect();
    let answer = "< HTTP/1.1 200 OK~Content-Length: 0~~\n".repeat(10);
    let rows = play_with(&(ask + &answer), Limits { waiting: 4, ..Limits::default() });
    assert_eq!(rows.0.len(), 16);
    assert_eq!(rows.0[0], "1 GET /0+0 - incomplete (too_many_waiting)");
    assert!(rows.0.contains(&"10 GET /9+0 200+0".into()), "{:?}", rows.0);
}

/// A conversation of every kind of message, the bytes of each side, and the rows it makes.
const ASKED: &str = "GET /1 HTTP/1.1\r\nHost: h\r\n\r\n\r\nPOST /2 HTTP/1.1\r\nContent-Length: 12\r\n\r\nHTTP/1.1 200HEAD /3 \
    HTTP/1.1\r\n\r\nPUT /4 HTTP/1.1\nTransfer-Encoding: chunked\n\n5\r\nhello\r\n0\r\nT: x\r\n\r\nGET /5 HTTP/1.0\r\nX: a\r\n b\r\n\r\n";
const ANSWERED: &str = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabcdeHTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 201 \
    Made\r\nTransfer-Encoding: chunked\r\n\r\n3;x\r\nabc\r\n02\r\nde\r\n0\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n\
    HTTP/1.1 304 No\r\n\r\nHTTP/1.0 200 OK\r\nContent-Type: x\r\n\r\nuntil the close";
const ROWS: [&str; 5] = [
    "1 GET /1+0 200+5",
    "2 POST /2+12 201+5 [100]",
    "3 HEAD /3+0 200+0",
    "4 PUT /4+5 304+0 (bare_line_feed)",
    "5 GET /5+0 200+15 (folded_field)",
];

proptest! {
    #[test]
    fn any_segmentation_gives_the_same_messages_and_bodies(
        cuts in proptest::collection::vec((any::<bool>(), 1usize..40), 1..200),
    ) {
        let mut connection = Connection::new(Limits::default(), None);
        let mut rows = Rows::default();
        let mut left = [ASKED.as_bytes(), ANSWERED.as_bytes()];
        let mut cuts = cuts.into_iter().cycle();
        let mut number = 0;
        while left.iter().any(|left| !left.is_empty()) {
            let (asks, len) = cuts.next().unwrap();
            // An answer does not come before its request here: ask first.
            let asks = asks && !left[0].is_empty() || !left[0].is_empty();
            let (side, left) = if asks { (Side::Request, &mut left[0]) } else { (Side::Response, &mut left[1]) };
            let (piece, rest) = left.split_at(len.min(left.len()));
            number += 1;
            *left = rest;
            connection.on_data(side, piece, Moment { at: Timestamp::default(), number }, &mut rows);
        }
        connection.on_fin(Side::Response, &mut rows);
        connection.finish(&mut rows);
        prop_assert_eq!(&rows.0, &ROWS);
        let body = |number, side| rows.1.iter().filter(|(of, on, _)| (*of, *on) == (number, side))
            .flat_map(|(.., body)| body.clone()).collect::<Vec<u8>>();
        prop_assert_eq!(body(1, Side::Response), b"abcde");
        prop_assert_eq!(body(2, Side::Request), b"HTTP/1.1 200");
        prop_assert_eq!(body(2, Side::Response), b"abcde");
        prop_assert_eq!(body(5, Side::Response), b"until the close");
    }

    #[test]
    fn hostile_bytes_and_gaps_end_in_rows(
        script in proptest::collection::vec((any::<bool>(), 0u8..12, any::<u16>()), 0..60),
    ) {
        const PIECES: [&[u8]; 10] = [
            b"GET / HTTP/1.1\r\n", b"HTTP/1.1 200 OK\r\n", b"\r\n", b"Content-Length: 5\r\n", b"Transfer-Encoding: chunked\r\n",
            b"5\r\nabcde\r\n", b"0\r\n\r\n", b"HEAD /x HTTP/1.0\n\n", b"\x00\xff\n", b"HTTP/1.1 101 Up\r\n\r\n",
        ];
        let mut connection = Connection::new(Limits { head: 64, waiting: 3, keep_heads: true }, None);
        let mut rows = Rows::default();
        for (number, (asks, what, len)) in (1..).zip(script) {
            let side = if asks { Side::Request } else { Side::Response };
            let moment = Moment { at: Timestamp::default(), number };
            match PIECES.get(usize::from(what)) {
                Some(bytes) => connection.on_data(side, &bytes[usize::from(len) % bytes.len()..], moment, &mut rows),
                None if what == 10 => connection.on_gap(side, u64::from(len) % 9 + 1, &mut rows),
                None => connection.on_fin(side, &mut rows),
            }
            prop_assert!(connection.queue.len() <= 3 + MAX_ORPHANS + 1);
        }
        connection.finish(&mut rows);
        let begun = connection.next - 1;
        prop_assert_eq!(rows.0.len() as u64, begun);
    }
}

#[test]
fn times_run_between_the_last_byte_of_the_request_and_those_of_the_answer() {
    struct Times(Vec<[Option<i64>; 2]>);
    impl Sink for Times {
        fn exchange(&mut self, exchange: Exchange) {
            let spans = [exchange.time_to_first_byte(), exchange.response_time()];
            self.0.push(spans.map(|span| span.map(|span| span.as_nanos())));
        }
    }
    let mut connection = Connection::new(Limits::default(), None);
    let mut times = Times(Vec::new());
    let steps: [(Side, &[u8]); 9] = [
        (Side::Request, b"POST / HTTP/1.1\r\nContent-Length: 2\r\n\r\n"),
        (Side::Request, b"ab"),
        (Side::Response, b"HTTP/1.1 200 OK\r\n"),
        (Side::Response, b"Content-Length: 2\r\n\r\na"),
        (Side::Response, b"b"),
        (Side::Request, b"PUT / HTTP/1.1\r\nContent-Length: 2\r\n\r\na"),
        (Side::Response, b"HTTP/1.1 400 No\r\nContent-Length: 1\r\n\r\n"),
        (Side::Request, b"b"),
        (Side::Response, b"c"),
    ];
    for (number, (side, bytes)) in (1..).zip(steps) {
        let moment = Moment { at: Timestamp::from_nanos(number * 10), number: number as u64 };
        connection.on_data(side, bytes, moment, &mut times);
    }
    assert_eq!(times.0, [[Some(10), Some(30)], [None, Some(10)]]);
}

#[test]
fn fields_are_at_hand() {
    struct Hosts(Vec<Option<Vec<u8>>>);
    impl Sink for Hosts {
        fn exchange(&mut self, exchange: Exchange) {
            self.0.push(exchange.request.unwrap().head.field(Kept::Host).map(<[u8]>::to_vec));
        }
    }
    let mut hosts = Hosts(Vec::new());
    let mut connection = Connection::new(Limits::default(), None);
    let moment = Moment { at: Timestamp::default(), number: 1 };
    connection.on_data(
        Side::Request,
        b"GET / HTTP/1.1\r\nhost:\r\n\r\nGET / HTTP/1.1\r\n\r\n",
        moment,
        &mut hosts,
    );
    connection.finish(&mut hosts);
    assert_eq!(hosts.0, [Some(Vec::new()), None]);
}
