//! Data in all shapes: wraps, offload, congestion marks, cut frames, contradictions.

use crate::support::conversation::{Conversation, Setup, Side, filling};
use crate::support::script::{established, run};
use crate::support::{Record, ip::Ip, link};
use crate::{Case, at_client, at_server, in_between, pcap};

pub fn cases() -> Vec<Case> {
    let case = |name, shows, text| pcap(name, shows, established(at_client(), text));
    let bulk = Conversation::new(in_between())
        .open()
        .say(Side::Client, &filling(Side::Client, 1, 200))
        .say(Side::Server, &filling(Side::Server, 1, 60_000))
        .close(Side::Client)
        .records
        .clone();
    let cut =
        |snaplen: usize| bulk.iter().cloned().map(|record| record.cut(snaplen)).collect::<Vec<Record>>();
    vec![
        pcap("bulk", "a request of 200 bytes and an answer of 60,000, nothing lost", bulk.clone()),
        pcap("snaplen-96", "the same, of every frame no more than 96 bytes", cut(96)),
        pcap("snaplen-50", "the same, cut within the TCP header", cut(50)),
        pcap(
            "bulk-ipv6",
            "the same over IPv6",
            Conversation::new(Setup {
                client: (Ip::v6(1, 2).source, 40000),
                server: (Ip::v6(1, 2).destination, 80),
                mss: 1440,
                ..in_between()
            })
            .open()
            .say(Side::Client, &filling(Side::Client, 1, 200))
            .say(Side::Server, &filling(Side::Server, 1, 60_000))
            .close(Side::Client)
            .records
            .clone(),
        ),
        pcap(
            "seq-wrap",
            "sequence numbers pass 2^32 in the middle of a lost and fast retransmitted segment",
            established(
                Setup { client_isn: u32::MAX - 1500, ..at_client() },
                "
                0.030000 >  1:1001(1000) ack 1
                0.030012 >x 1001:2001(1000) ack 1
                0.030024 >  2001:3001(1000) ack 1
                0.030036 >  3001:4001(1000) ack 1
                0.030048 >  4001:5001(1000) ack 1
                0.050000 <  ack 1001
                0.050024 <  ack 1001 sack 2001:3001
                0.050036 <  ack 1001 sack 2001:4001
                0.050048 <  ack 1001 sack 2001:5001
                0.050052 >  1001:2001(1000) ack 1
                0.070052 <  ack 5001
            ",
            ),
        ),
        pcap(
            "seq-wrap-twice",
            "twenty segments, each 500 MB beyond the last and acknowledged, what is between them not captured, in windows of 1 GiB: the numbers wrap twice",
            wraps(),
        ),
        pcap(
            "offload",
            "captured at the sender with segmentation offload: segments of three and four MSS, ACKs in between",
            established(
                at_client(),
                "
                0.030000 > 1:4345(4344) ack 1
                0.030010 > 4345:10137(5792) ack 1
                0.050000 < ack 2897
                0.050024 < ack 5793
                0.050048 < ack 8689
                0.050060 < ack 10137
                0.060    > 10137:10237(100) ack 1
                0.080    < ack 10237
            ",
            ),
        ),
        case(
            "offload-length-0",
            "the same with an IP total length of 0: the frame's own length counts",
            "
            0.030000 > 1:4345(4344) ack 1 len0
            0.050000 < ack 2897
            0.050024 < ack 4345
        ",
        ),
        pcap(
            "checksum-offload",
            "captured at the sender, whose card fills in the checksums: all of its own are wrong, none of the other's",
            established(
                at_client(),
                "
                0.030 > 1:1001(1000) ack 1 corrupt
                0.050 < 1:101(100) ack 1001
                0.050 > ack 101 corrupt
                0.060 > 1001:2001(1000) ack 101 corrupt
                0.080 < ack 2001
            ",
            ),
        ),
        pcap(
            "ethernet-padding",
            "frames filled up to 60 bytes: the padding of an ACK is no data",
            established(
                Setup {
                    timestamps: false,
                    wrap: |_, packet| link::padded(link::ethernet(packet)),
                    ..at_server(30)
                },
                r#"
                0.040    > "hi" ack 1
                0.040040 < ack 3
                0.050    < "ho" ack 3
                0.080    > ack 3
            "#,
            ),
        ),
        pcap(
            "ecn",
            "ECN (RFC 3168): negotiated, two packets marked CE by the network, echoed until the window was reduced",
            run(
                at_server(30),
                "
                0.000000 > SEC 0
                0.000040 < SE 0 ack 1
                0.030040 > 1 ack 1
                0.040    > 1:1001(1000) ack 1 tos 2
                0.040010 > 1001:2001(1000) ack 1 tos 3
                0.040020 > 2001:3001(1000) ack 1 tos 3
                0.040060 < E ack 3001
                0.070060 > C 3001:4001(1000) ack 1 tos 2
                0.070100 < ack 4001
            ",
            ),
        ),
        case(
            "overlap-different",
            "the same bytes sent twice with different content, and a segment that overlaps both",
            r#"
            0.030 > "first copy" ack 1
            0.031 > 1 "other copy" ack 1
            0.032 > 9 "py and more" ack 1
            0.052 < ack 20
        "#,
        ),
        case(
            "urgent",
            "urgent data of one byte",
            r#"
            0.030 > U "abc!" ack 1 urg 4
            0.050 < ack 5
        "#,
        ),
        case(
            "options-malformed",
            "options with a length of 0, of 1, beyond the header, of an unknown kind; a SACK block upside down: shown, never fatal",
            "
            0.030 > 1:101(100) ack 1 opt 0101fd0402000000
            0.031 > 101:201(100) ack 1 opt 01010801
            0.032 > 201:301(100) ack 1 opt 0101052a00000001
            0.052 < ack 301 sack 500:400
        ",
        ),
        pcap("time-backwards", "the clock is set back by ten seconds in the middle", {
            let mut records = bulk.iter().take(40).cloned().collect::<Vec<_>>();
            for record in &mut records[20..] {
                record.at -= 10_000_000_000;
            }
            records
        }),
        pcap(
            "two-directions-busy",
            "both sides send at once; every data segment carries an ACK",
            established(
                in_between(),
                "
                0.050 > 1:1001(1000) ack 1
                0.051 < 1:1001(1000) ack 1
                0.061 > 1001:2001(1000) ack 1001
                0.080 < 1001:2001(1000) ack 1001
                0.090 > 2001:3001(1000) ack 2001
                0.091 < ack 2001
                0.120 < 2001:2101(100) ack 3001
                0.130 > ack 2101
            ",
            ),
        ),
    ]
}

fn wraps() -> Vec<Record> {
    let mut text = String::new();
    for step in 0..20u64 {
        let first = 1 + step * 500_000_000;
        let at = 30_000 + step * 30_000;
        text += &format!("0.{at:06} > {first}:{}(1000) ack 1\n", first + 1000);
        text += &format!("0.{:06} < ack {}\n", at + 20_000, first + 1000);
    }
    established(Setup { window_scale: Some(14), window: 65535, ..at_client() }, &text)
}
