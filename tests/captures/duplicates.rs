//! The same packet twice.

use crate::support::script::established;
use crate::{Case, at_client, at_server, pcap};

pub fn cases() -> Vec<Case> {
    let twice = |copy: &str| {
        let mut text = String::new();
        for segment in 0..10 {
            let first = 1 + segment * 1000;
            text += &format!("0.{:06} > {first}:{}(1000) ack 1\n", 30_000 + segment * 500, first + 1000);
            text += &format!("0.{:06} > copy {copy}\n", 30_003 + segment * 500);
        }
        for segment in 0..10 {
            text += &format!("0.{:06} < ack {}\n", 50_000 + segment * 500, (segment + 1) * 1000 + 1);
            text += &format!("0.{:06} < copy {copy}\n", 50_003 + segment * 500);
        }
        text
    };
    vec![
        pcap(
            "span-duplicates",
            "a mirror port copied ten data packets and their ten ACKs 3 us later: no retransmission, no duplicate ACK",
            established(at_client(), &twice("")),
        ),
        pcap(
            "routed-duplicates",
            "the same on both sides of a router: the second copies have a lower TTL",
            established(at_client(), &twice("ttl 63")),
        ),
        pcap(
            "network-duplicates",
            "the network delivers a data packet twice, 40 us apart; the receiver's DSACK says that it got both",
            established(
                at_server(30),
                "
                0.040000 > 1:1001(1000) ack 1
                0.040010 < ack 1001
                0.040040 > 1:1001(1000) ack 1 id 1002
                0.040050 < ack 1001 sack 1:1001
                0.040100 > 1001:2001(1000) ack 1
                0.040110 < ack 2001
            ",
            ),
        ),
        pcap(
            "network-duplicates-no-sack",
            "the same without SACK: one ACK more than the segments explain",
            established(
                crate::Setup { sack: false, ..at_server(30) },
                "
                0.040000 > 1:1001(1000) ack 1
                0.040010 < ack 1001
                0.040040 > 1:1001(1000) ack 1 id 1002
                0.040050 < ack 1001
                0.040100 > 1001:2001(1000) ack 1
                0.040110 < ack 2001
            ",
            ),
        ),
        pcap(
            "syn-duplicates",
            "SYN and SYN-ACK copied by a mirror port",
            crate::support::script::capture(
                "
                0.000000 > S 0
                0.000003 > copy
                0.020000 < S 0 ack 1
                0.020003 < copy
                0.020010 > ack 1
                0.030    > 1:101(100) ack 1
                0.050    < ack 101
            ",
            ),
        ),
    ]
}
