//! A recovery: it begins with the first segment sent again for a loss, and ends once all that was outstanding then is
//! acknowledged, or once it turns out to have been needless. RFC 5681 §3.2, RFC 6675 §5, RFC 4015.

use serde::{Deserialize, Serialize};

use super::Position;
use super::sender::{Cause, Probe, Resend, Twice};
use crate::time::Timestamp;

/// A recovery.
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
pub(super) struct Episode {
    pub(super) cause: Cause,
    /// RFC 6675 §5: RecoveryPoint.
    pub(super) point: Position,
    /// When the timer expired last, or the first loss was inferred.
    pub(super) began: Timestamp,
    /// The TSval of what was sent again first. RFC 3522 §3.2: RetransmitTS
    first_tsval: Option<u32>,
    /// Some ACK has advanced since it began.
    judged: bool,
    /// Nothing below was outstanding when it began.
    floor: Position,
    /// How much was sent again and is not reported as received twice. RFC 3708 §3
    needed: i64,
}

impl Episode {
    /// Begun by `resend`, or by a timer that `expired` anew: then all that is outstanding counts as lost (RFC 6675
    /// §5.1). What was sent again `before` and is not acknowledged is still in doubt.
    pub(super) fn new(
        cause: Cause,
        resend: &Resend,
        before: Option<Self>,
        expired: bool,
        una: Position,
    ) -> Self {
        let first_tsval = before.and_then(|before| before.first_tsval);
        let open = before.filter(|before| {
            before.cause == Cause::Tlp || (expired && (before.cause == Cause::Fast || !before.judged))
        });
        Self {
            cause,
            point: resend.snd_max,
            began: resend.seen_at,
            first_tsval: first_tsval.or(resend.tsval),
            judged: false,
            floor: open.map_or(una, |before| before.floor),
            needed: open.map_or(0, |before| before.needed),
        }
    }

    /// What `probe`, which is not answered, leaves in doubt.
    pub(super) fn of_probe(probe: &Probe, una: Position) -> Self {
        let first_tsval = probe.tsval;
        Self {
            cause: Cause::Tlp,
            first_tsval,
            needed: probe.len,
            ..Self::unseen(una, Timestamp::default(), una)
        }
    }

    /// Begun by a timeout that was not seen as one.
    pub(super) fn unseen(point: Position, began: Timestamp, una: Position) -> Self {
        Self { cause: Cause::Rto, point, began, first_tsval: None, judged: false, floor: una, needed: 0 }
    }

    /// Something is sent again.
    pub(super) fn on_resend(&mut self, resend: &Resend) {
        self.needed = self.needed.saturating_add(resend.end - resend.start);
    }

    /// Whether an ACK that advances shows, by echoing `tsecr`, that it was caused by what was sent before. Only the
    /// first can. RFC 3522 §3.2
    pub(super) fn is_needless(&mut self, tsecr: Option<u32>) -> bool {
        let older = |(echo, first): (u32, u32)| (echo.wrapping_sub(first) as i32) < 0;
        let first = !std::mem::replace(&mut self.judged, true);
        first && tsecr.zip(self.first_tsval).is_some_and(older)
    }

    /// A DSACK. Whether all that was sent again has now arrived twice: then nothing was lost. RFC 3708 §3
    pub(super) fn on_twice(&mut self, twice: Twice) -> bool {
        let counts = twice.end > self.floor && self.needed > 0;
        self.needed -= if counts { twice.len } else { 0 };
        counts && self.needed <= 0
    }
}

#[cfg(test)]
mod tests {
    use crate::tcp::conversation::{established, established_plain};

    /// What the last line is.
    fn last(events: &str) -> &str {
        events.lines().last().unwrap().split_once(' ').unwrap().1
    }

    #[test]
    fn each_timeout_begins_the_recovery_anew() {
        let trace = established(
            "0.000 > 1:1001(1000) ack 1
             0.001 > 1001:2001(1000) ack 1
             0.002 > 2001:3001(1000) ack 1
             0.310 > 1:1001(1000) ack 1
             0.410 < 1:1(0) ack 1001
             0.410 > 1001:2001(1000) ack 1
             0.411 > 3001:4001(1000) ack 1
             0.800 > 1001:2001(1000) ack 1
             0.900 < 1:1(0) ack 3001
             0.900 > 3001:4001(1000) ack 1",
        );
        let rto = [4, 6, 8, 10].map(|line| format!("{line} retransmission rto"));
        assert_eq!(trace.events(), rto.join("\n"));
    }

    #[test]
    fn an_echo_of_what_a_recovery_sent_first_does_not_end_it() {
        let script = |echo: u32| {
            let script = format!(
                "0.000 > 1:1001(1000) ack 1 ts 100:1
                 0.000 > 1001:4001(3000) ack 1 ts 100:1
                 0.100 < 1:1(0) ack 1 sack 1001:4001 ts 200:100
                 0.100 > 1:1001(1000) ack 1 ts 200:200
                 0.101 > 4001:5001(1000) ack 1 ts 201:200
                 0.510 > 1:1001(1000) ack 1 ts 610:200
                 0.520 < 1:1(0) ack 4001 ts 630:{echo}
                 0.560 > 4001:5001(1000) ack 1 ts 660:630"
            );
            last(&established(&script).events()).to_owned()
        };
        assert_eq!(script(200), "retransmission rto");
        assert_eq!(script(150), "retransmission unclassified");
    }

    #[test]
    fn a_recovery_of_which_all_arrived_twice_is_over() {
        let script = |report: &str| {
            let script = format!(
                "0.000 > 1:1001(1000) ack 1
                 0.001 > 1001:2001(1000) ack 1
                 0.002 > 2001:3001(1000) ack 1
                 0.310 > 1:1001(1000) ack 1
                 0.320 < 1:1(0) ack 1001 sack {report}2001:3001
                 0.320 > 1001:2001(1000) ack 1"
            );
            last(&established(&script).events()).to_owned()
        };
        assert_eq!(script("1:1001,"), "retransmission fast");
        assert_eq!(script(""), "retransmission rto");
    }

    #[test]
    fn duplicate_acks_outlast_a_partial_ack_without_sack() {
        let trace = established_plain(
            "0.000 > 1:1001(1000) ack 1 ts 100:1
             0.000 > 1001:2001(1000) ack 1 ts 100:1
             0.000 > 2001:6001(4000) ack 1 ts 100:1
             0.100 < 1:1(0) ack 1 ts 200:99
             0.101 < 1:1(0) ack 1 ts 201:99
             0.102 < 1:1(0) ack 1 ts 202:99
             0.103 < 1:1(0) ack 1 ts 203:99
             0.103 > 1:1001(1000) ack 1 ts 203:203
             0.104 < 1:1(0) ack 1001 ts 204:100
             0.104 > 1001:2001(1000) ack 1 ts 204:204",
        );
        let ends = "\n8 retransmission fast spurious\n10 retransmission fast";
        assert!(trace.events().ends_with(ends), "{}", trace.events());
    }
}
