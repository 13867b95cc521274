//! What is lost, late, or sent again without need.

use crate::support::conversation::{MICROSECOND, MILLISECOND, Setup};
use crate::support::script::{established, run};
use crate::{Case, at_client, at_server, pcap};

pub fn cases() -> Vec<Case> {
    let mut cases = at_the_sender();
    cases.extend(away_from_the_sender());
    cases
}

fn at_the_sender() -> Vec<Case> {
    let case = |name, shows, text| pcap(name, shows, established(at_client(), text));
    let plain =
        |name, shows, text| pcap(name, shows, established(Setup { sack: false, ..at_client() }, text));
    vec![
        case(
            "fast-retransmit",
            "captured at the sender: the second of six segments is lost, four ACKs with SACK say so, it is sent again",
            "
            0.030000 >  1:1001(1000) ack 1
            0.030012 >x 1001:2001(1000) ack 1
            0.030024 >  2001:3001(1000) ack 1
            0.030036 >  3001:4001(1000) ack 1
            0.030048 >  4001:5001(1000) ack 1
            0.030060 >  5001:6001(1000) ack 1
            0.050000 <  ack 1001
            0.050024 <  ack 1001 sack 2001:3001
            0.050036 <  ack 1001 sack 2001:4001
            0.050048 <  ack 1001 sack 2001:5001
            0.050060 >  1001:2001(1000) ack 1
            0.050062 <  ack 1001 sack 2001:6001
            0.070060 <  ack 6001
        ",
        ),
        plain(
            "last-segment-rto",
            "no SACK: the last of three segments is lost and sent again after the timeout",
            "
            0.030000 >  1:1001(1000) ack 1
            0.030012 >  1001:2001(1000) ack 1
            0.030024 >x 2001:3001(1000) ack 1
            0.050012 <  ack 2001
            0.278    >  2001:3001(1000) ack 1
            0.298    <  ack 3001
        ",
        ),
        case(
            "tlp-tail-loss",
            "the last two of three segments are lost: a tail loss probe after 40 ms brings the SACK for a fast retransmission",
            "
            0.030000 >  1:1001(1000) ack 1
            0.030012 >x 1001:2001(1000) ack 1
            0.030024 >x 2001:3001(1000) ack 1
            0.050000 <  ack 1001
            0.094    >  2001:3001(1000) ack 1
            0.114    <  ack 1001 sack 2001:3001
            0.114010 >  1001:2001(1000) ack 1
            0.134010 <  ack 3001
        ",
        ),
        plain(
            "rto-recovery",
            "five segments lost at once: the first goes again after the timeout, the others as its ACKs come back",
            "
            0.030000 >x 1:1001(1000) ack 1
            0.030012 >x 1001:2001(1000) ack 1
            0.030024 >x 2001:3001(1000) ack 1
            0.030036 >x 3001:4001(1000) ack 1
            0.030048 >x 4001:5001(1000) ack 1
            0.256000 >  1:1001(1000) ack 1
            0.276000 <  ack 1001
            0.276010 >  1001:2001(1000) ack 1
            0.276022 >  2001:3001(1000) ack 1
            0.296010 <  ack 2001
            0.296020 >  3001:4001(1000) ack 1
            0.296022 <  ack 3001
            0.296034 >  4001:5001(1000) ack 1
            0.316020 <  ack 4001
            0.316034 <  ack 5001
        ",
        ),
        case(
            "lost-retransmission",
            "a fast retransmission is lost as well; the segment goes a third time after the timeout",
            "
            0.030000 >x 1:1001(1000) ack 1
            0.030012 >  1001:2001(1000) ack 1
            0.030024 >  2001:3001(1000) ack 1
            0.030036 >  3001:4001(1000) ack 1
            0.050012 <  ack 1 sack 1001:2001
            0.050024 <  ack 1 sack 1001:3001
            0.050036 <  ack 1 sack 1001:4001
            0.050040 >x 1:1001(1000) ack 1
            0.278    >  1:1001(1000) ack 1
            0.298    <  ack 4001
        ",
        ),
        case(
            "spurious-tlp-dsack",
            "ACKs held up for 35 ms: the probe was needless, as the receiver's DSACK proves",
            "
            0.030000 > 1:1001(1000) ack 1
            0.030012 > 1001:2001(1000) ack 1
            0.030024 > 2001:3001(1000) ack 1
            0.074    > 2001:3001(1000) ack 1
            0.085    < ack 3001
            0.094    < ack 3001 sack 2001:3001
        ",
        ),
        case(
            "spurious-fast-dsack",
            "reordering behind the capture point: a needless fast retransmission, which the receiver reports as received twice",
            "
            0.030000 > 1:1001(1000) ack 1
            0.030012 > 1001:2001(1000) ack 1
            0.030024 > 2001:3001(1000) ack 1
            0.030036 > 3001:4001(1000) ack 1
            0.030048 > 4001:5001(1000) ack 1
            0.050000 < ack 1001
            0.050024 < ack 1001 sack 2001:3001
            0.050036 < ack 1001 sack 2001:4001
            0.050048 < ack 1001 sack 2001:5001
            0.050052 > 1001:2001(1000) ack 1
            0.055    < ack 5001
            0.070052 < ack 5001 sack 1001:2001
        ",
        ),
        plain(
            "spurious-rto-eifel",
            "the path stalls for 300 ms: a needless retransmission, which the echoed timestamp proves (RFC 3522)",
            "
            0.030    > 1:1001(1000) ack 1
            0.256    > 1:1001(1000) ack 1
            0.330    < ack 1001 ts 900320 100030
            0.340    > 1001:2001(1000) ack 1
            0.360    < ack 2001
        ",
        ),
        case(
            "fin-with-data-lost",
            "the FIN that carries the last 500 bytes is lost after the capture point and sent again",
            "
            0.030000 >  1:1001(1000) ack 1
            0.050000 <  ack 1001
            0.060000 >x F 1001:1501(500) ack 1
            0.288    >  F 1001:1501(500) ack 1
            0.308    <  F ack 1502
            0.308    >  ack 2
        ",
        ),
    ]
}

fn away_from_the_sender() -> Vec<Case> {
    vec![
        pcap(
            "lost-before-capture",
            "captured at the receiver: a hole, six duplicate ACKs with SACK, filled 99.5 ms after the third; RTT 99 ms",
            established(
                Setup { rtt_to_client: 99 * MILLISECOND, rtt_to_server: 4 * MICROSECOND, ..at_client() },
                "
                0.110000 >  1:1001(1000) ack 1
                0.110010 <  ack 1001
                0.110012 >! 1001:2001(1000) ack 1
                0.110024 >  2001:3001(1000) ack 1
                0.110030 <  ack 1001 sack 2001:3001
                0.110036 >  3001:4001(1000) ack 1
                0.110042 <  ack 1001 sack 2001:4001
                0.110048 >  4001:5001(1000) ack 1
                0.110054 <  ack 1001 sack 2001:5001
                0.110060 >  5001:6001(1000) ack 1
                0.110066 <  ack 1001 sack 2001:6001
                0.110072 >  6001:7001(1000) ack 1
                0.110078 <  ack 1001 sack 2001:7001
                0.110084 >  7001:8001(1000) ack 1
                0.110090 <  ack 1001 sack 2001:8001
                0.209554 >  1001:2001(1000) ack 1
                0.209570 <  ack 8001
            ",
            ),
        ),
        pcap(
            "lost-before-capture-midstream",
            "the same, joined midway, with neither SACK nor timestamps",
            run(
                Setup { sack: false, timestamps: false, ..at_server(100) },
                "
                0.010000 >  50001:51001(1000) ack 9001
                0.010010 <  9001 ack 51001
                0.010012 >! 51001:52001(1000) ack 9001
                0.010024 >  52001:53001(1000) ack 9001
                0.010030 <  9001 ack 51001
                0.010036 >  53001:54001(1000) ack 9001
                0.010042 <  9001 ack 51001
                0.010048 >  54001:55001(1000) ack 9001
                0.010054 <  9001 ack 51001
                0.110070 >  51001:52001(1000) ack 9001
                0.110080 <  9001 ack 55001
            ",
            ),
        ),
        pcap(
            "tail-lost-before-capture",
            "captured at the receiver: the last two segments never came; after the probe and the fast retransmission they did",
            established(
                at_server(30),
                "
                0.040000 >  1:1001(1000) ack 1
                0.040010 <  ack 1001
                0.040012 >! 1001:2001(1000) ack 1
                0.040024 >! 2001:3001(1000) ack 1
                0.134    >  2001:3001(1000) ack 1
                0.134010 <  ack 1001 sack 2001:3001
                0.164050 >  1001:2001(1000) ack 1
                0.164060 <  ack 3001
            ",
            ),
        ),
        pcap(
            "swapped",
            "two segments swapped by 50 us on the way to the receiver, where they were captured",
            established(
                at_server(30),
                "
                0.040000 > 1:1001(1000) ack 1 id 1002
                0.040012 > 2001:3001(1000) ack 1 id 1004
                0.040020 < ack 1001 sack 2001:3001
                0.040062 > 1001:2001(1000) ack 1 id 1003
                0.040070 < ack 3001
            ",
            ),
        ),
        pcap(
            "reordering",
            "captured at the receiver: four of 32 segments come three places late, nothing is lost",
            reordered(true),
        ),
        pcap(
            "reordering-no-timestamps",
            "the same without timestamps or SACK: IP IDs alone tell",
            reordered(false),
        ),
        pcap(
            "gap",
            "the capture lost a segment: the receiver acknowledges bytes that nobody saw, and they never come again",
            established(
                at_client(),
                "
                0.030000 >  1:1001(1000) ack 1
                0.030012 >! 1001:2001(1000) ack 1
                0.030024 >  2001:3001(1000) ack 1
                0.050000 <  ack 1001
                0.050012 <  ack 2001
                0.050024 <  ack 3001
                0.060    >  3001:4001(1000) ack 1
                0.080    <  ack 4001
            ",
            ),
        ),
        pcap(
            "acked-unseen",
            "the last segments were never captured, only the ACK of them",
            established(
                at_client(),
                "
                0.030000 >  1:1001(1000) ack 1
                0.030012 >! 1001:2001(1000) ack 1
                0.050012 <  ack 2001
            ",
            ),
        ),
    ]
}

/// Segments in the order in which they come, the late ones four places behind, with the ACKs they cause.
fn reordered(options: bool) -> Vec<crate::support::Record> {
    let setup = Setup { sack: options, timestamps: options, ..at_server(30) };
    let mut order: Vec<u64> = (0..32).collect();
    for late in (1..32).step_by(8) {
        order[late..late + 4].rotate_left(1);
    }
    let mut text = String::new();
    let (mut have, mut next) = (std::collections::BTreeSet::new(), 0);
    for (place, &segment) in order.iter().enumerate() {
        let at = 40_000 + place * 20;
        let first = 1 + segment * 1000;
        let id = 1002 + segment;
        text += &format!("0.{at:06} > {first}:{}(1000) ack 1 id {id}\n", first + 1000);
        have.insert(segment);
        while have.contains(&next) {
            next += 1;
        }
        let sack = match have.range(next..).next_back() {
            Some(&last) if options => format!(" sack {}:{}", (next + 1) * 1000 + 1, (last + 1) * 1000 + 1),
            _ => String::new(),
        };
        text += &format!("0.{:06} < ack {}{sack}\n", at + 6, next * 1000 + 1);
    }
    established(setup, &text)
}
