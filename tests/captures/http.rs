//! What was said over HTTP.

use crate::support::Record;
use crate::support::conversation::{Conversation, MILLISECOND, Setup, Side};
use crate::support::packed::gzip;
use crate::support::script::established;
use crate::{Case, at_client, in_between, pcap};

use Side::{Client, Server};

/// A conversation in which the sides speak in turn, the server after 5 ms of thought.
fn talk(setup: Setup, turns: &[(Side, &[u8])]) -> Vec<Record> {
    let mut conversation = Conversation::new(setup);
    conversation.open();
    for &(side, bytes) in turns {
        if side == Server {
            conversation.wait(5 * MILLISECOND);
        }
        conversation.say(side, bytes);
    }
    conversation.close(Client);
    conversation.records
}

pub fn cases() -> Vec<Case> {
    let case = |name, shows, turns: &[(Side, &[u8])]| pcap(name, shows, talk(in_between(), turns));
    let page = b"<html><body>It works.</body></html>\n";
    let answer = |head: &str, body: &[u8]| [head.as_bytes(), body].concat();
    let large: Vec<u8> = (0..5000u32).map(|place| b' ' + (place % 95) as u8).collect();
    let mut cases = vec![
        case(
            "http-get",
            "three exchanges on one connection: a page, an image that is not there, a form",
            &[
                (Client, b"GET /index.html HTTP/1.1\r\nHost: www.example.org\r\nUser-Agent: curl/8.0\r\nAccept: */*\r\n\r\n"),
                (Server, &answer("HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: 36\r\n\r\n", page)),
                (Client, b"GET /logo.png HTTP/1.1\r\nHost: www.example.org\r\nReferer: http://www.example.org/index.html\r\n\r\n"),
                (Server, b"HTTP/1.1 404 Not Found\r\nContent-Type: text/plain\r\nContent-Length: 9\r\n\r\nnot here\n"),
                (Client, b"POST /form?a=1 HTTP/1.1\r\nHost: www.example.org\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 11\r\n\r\nname=flow&x"),
                (Server, b"HTTP/1.1 302 Found\r\nLocation: /thanks\r\nContent-Length: 0\r\n\r\n"),
            ],
        ),
        case(
            "http-bodies",
            "every way in which a body ends: HEAD, 204, 304, chunks with a trailer, chunks of gzip, an end with the connection",
            &[
                (Client, b"HEAD /large HTTP/1.1\r\nHost: h\r\n\r\n"),
                (Server, b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n"),
                (Client, b"DELETE /thing HTTP/1.1\r\nHost: h\r\n\r\n"),
                (Server, b"HTTP/1.1 204 No Content\r\n\r\n"),
                (Client, b"GET /same HTTP/1.1\r\nHost: h\r\nIf-None-Match: \"1\"\r\n\r\n"),
                (Server, b"HTTP/1.1 304 Not Modified\r\nETag: \"1\"\r\nContent-Length: 77\r\n\r\n"),
                (Client, b"GET /chunks HTTP/1.1\r\nHost: h\r\n\r\n"),
                (Server, b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: Sum\r\n\r\n4\r\nWiki\r\n6;x=y\r\npedia \r\nE\r\nin \r\n\r\nchunks.\r\n0\r\nSum: 24\r\n\r\n"),
                (Client, b"GET /gzip HTTP/1.1\r\nHost: h\r\nAccept-Encoding: gzip\r\n\r\n"),
                (Server, &{
                    let packed = gzip(b"hello, world\n");
                    let mut said = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec();
                    for part in packed.chunks(15) {
                        said.extend(format!("{:x}\r\n", part.len()).bytes());
                        said.extend(part);
                        said.extend(b"\r\n");
                    }
                    said.extend(b"0\r\n\r\n");
                    said
                }),
                (Client, b"GET /end HTTP/1.0\r\n\r\n"),
                (Server, &answer("HTTP/1.0 200 OK\r\nContent-Type: application/octet-stream\r\n\r\n", &large)),
            ],
        ),
        case(
            "http-pipelined",
            "four requests in one segment, answered in order, the second with an empty body",
            &[
                (Client, b"GET /1 HTTP/1.1\r\nHost: h\r\n\r\nGET /2 HTTP/1.1\r\nHost: h\r\n\r\nGET /3 HTTP/1.1\r\nHost: h\r\n\r\nGET /4 HTTP/1.1\r\nHost: h\r\n\r\n"),
                (Server, b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\noneHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"),
                (Server, b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 5\r\n\r\nthreeHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nfour"),
            ],
        ),
        case(
            "http-interim",
            "100 Continue before the body is sent, 103 Early Hints before the answer, then an upgrade to another protocol",
            &[
                (Client, b"PUT /file HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n"),
                (Server, b"HTTP/1.1 100 Continue\r\n\r\n"),
                (Client, b"data"),
                (Server, b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\nHTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n"),
                (Client, b"GET /chat HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"),
                (Server, b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"),
                (Client, b"\x81\x85\0\0\0\0hello"),
                (Server, b"\x81\x05hello"),
            ],
        ),
        case(
            "http-connect",
            "a CONNECT, answered with 200: what follows is no HTTP, though it looks like it",
            &[
                (Client, b"CONNECT www.example.org:443 HTTP/1.1\r\nHost: www.example.org:443\r\n\r\n"),
                (Server, b"HTTP/1.1 200 Connection established\r\n\r\n"),
                (Client, b"GET /inside HTTP/1.1\r\nHost: inside\r\n\r\n"),
                (Server, b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"),
            ],
        ),
        case(
            "http-proxy-protocol",
            "a PROXY protocol header, version 1, before the request",
            &[
                (Client, b"PROXY TCP4 192.0.2.7 198.51.100.1 56324 443\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n"),
                (Server, b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"),
            ],
        ),
        case(
            "http-proxy-protocol-2",
            "a PROXY protocol header, version 2, before the request",
            &[
                (Client, b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c\xc0\0\x02\x07\xc6\x33\x64\x01\xdc\x04\x01\xbbGET / HTTP/1.1\r\nHost: h\r\n\r\n"),
                (Server, b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"),
            ],
        ),
        case(
            "http-smuggling",
            "Transfer-Encoding together with Content-Length; two Content-Lengths that disagree",
            &[
                (Client, b"POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
                (Server, b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"),
                (Client, b"POST /b HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\nContent-Length: 5\r\n\r\nabc"),
                (Server, b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"),
            ],
        ),
        case(
            "http-odd-syntax",
            "bare LF, obsolete line folding, header names of any case, blanks, no reason phrase, an absolute target",
            &[
                (Client, b"GET http://other.example/x HTTP/1.1\nhOST:\tother.example  \nX-Folded: one\n two\n\n"),
                (Server, b"HTTP/1.1 200\r\ncontent-LENGTH:2\r\n\r\nok"),
            ],
        ),
    ];
    cases.extend(incomplete());
    cases
}

fn incomplete() -> Vec<Case> {
    let case = |name, shows, text| pcap(name, shows, established(at_client(), text));
    vec![
        case(
            "http-unanswered",
            "a request that is answered after 2 s, a second one that is not, and the reset",
            r#"
            0.030 > P "GET /slow HTTP/1.1\r\nHost: h\r\n\r\n" ack 1
            0.050 < ack 31
            2.050 < P "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nslow" ack .
            2.050 > ack .
            2.060 > P "GET /never HTTP/1.1\r\nHost: h\r\n\r\n" ack .
            2.080 < ack 62
            9.000 < R ack . wnd 0
        "#,
        ),
        case(
            "http-gap",
            "the capture lost a segment in the middle of the first body; the second exchange is whole",
            r#"
            0.030 >  P "GET /1 HTTP/1.1\r\nHost: h\r\n\r\n" ack 1
            0.050 <  "HTTP/1.1 200 OK\r\nContent-Length: 30\r\n\r\n0123456789" ack .
            0.051 <! "klmnopqrst" ack .
            0.052 <  P "abcdefghij" ack .
            0.052 >  ack .
            0.060 >  P "GET /2 HTTP/1.1\r\nHost: h\r\n\r\n" ack .
            0.080 <  P "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok" ack .
            0.080 >  ack .
        "#,
        ),
        pcap(
            "http-midstream",
            "a capture that begins in the middle of a response body; the next exchange is whole",
            crate::support::script::capture(
                r#"
                0.000 < 7001 "rest of a body that began before" ack 501
                0.000 > 501 ack .
                0.010 > P "GET /next HTTP/1.1\r\nHost: h\r\n\r\n" ack .
                0.030 < P "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok" ack .
                0.030 > ack .
            "#,
            ),
        ),
        case(
            "http-out-of-order",
            "the second half of a request before the first, the response with a retransmission",
            r#"
            0.030000 > 11 "dex.html HTTP/1.1\r\nHost: h\r\n\r\n" ack 1 id 1003
            0.030040 > P 1 "GET /in-in" ack 1 id 1002
            0.050000 < "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n" ack .
            0.050012 < P "answer" ack .
            0.270    < P 39 "answer" ack .
            0.270010 > ack .
        "#,
        ),
        case(
            "http-ends-open",
            "the capture ends in the middle of a chunked response",
            r#"
            0.030 > P "GET /long HTTP/1.1\r\nHost: h\r\n\r\n" ack 1
            0.050 < "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n64\r\nonly this much" ack .
            0.050 > ack .
        "#,
        ),
    ]
}
