//! Text that would do harm in a terminal, in a table or in a file name.

use crate::datagrams::dns;
use crate::support::conversation::{Conversation, Side};
use crate::support::ip::Ip;
use crate::support::link::{self, linktype};
use crate::support::pcapng::{Interface, Pcapng, option};
use crate::support::records;
use crate::{Case, file, in_between, pcap};

pub fn cases() -> Vec<Case> {
    let request = b"GET /\x1b]0;owned\x07\x1b[2J?x=\xc2\x9b31m HTTP/1.1\r\nHost: evil\x1b[31m.example\r\n\
        User-Agent: \xe2\x80\xaegpj.exe \xff\xfe\xc3(\r\nReferer: a\tb\"c,d\\e\x7f\x00\r\n\r\n";
    let answer =
        b"HTTP/1.1 200 \x1b[5mOK\x9b\r\nContent-Type: text/\x08\x08html\r\nContent-Length: 0\r\n\r\n";
    let formula = b"GET /../../../etc/passwd HTTP/1.1\r\nHost: =cmd|'/c calc'!A0\r\n\r\n";
    let talk = Conversation::new(in_between())
        .open()
        .say(Side::Client, request)
        .say(Side::Server, answer)
        .say(Side::Client, formula)
        .say(Side::Server, b"HTTP/1.1 404 \xe2\x80\xae\r\nContent-Length: 0\r\n\r\n")
        .close(Side::Client)
        .records
        .clone();
    let name = "eth\u{1b}[41m\u{202e}0\n";
    vec![
        pcap(
            "hostile-http",
            "terminal escapes, control characters, changes of direction and invalid UTF-8 in HTTP",
            talk.clone(),
        ),
        pcap("hostile-dns", "the same in a host name", {
            records(
                0,
                [link::ethernet(&Ip::v4(1, 2).udp(5300, 53, &dns(1, "\u{1b}[2J\u{202e}.example\n", None)))],
            )
        }),
        file(
            "hostile-metadata.pcapng",
            "the same in the names and comments of a pcapng file",
            Pcapng::default()
                .section(
                    false,
                    &[(option::COMMENT, b"\x1b[2Jcleared\x07"), (option::SHB_OS, b"\xff\xfeOS\r\n")],
                )
                .interface(Interface {
                    name: Some(name),
                    options: vec![(option::IF_FILTER, b"\0tcp\x1b]0;x\x07".to_vec())],
                    ..Interface::of(linktype::ETHERNET)
                })
                .names(&[([10, 0, 0, 1], "a\u{1b}[5m.example")])
                .packet_with(0, &talk[0], &[(option::COMMENT, "\u{202e}txt.exe\u{9b}".as_bytes())])
                .packets(0, &talk[1..])
                .bytes,
        ),
    ]
}
