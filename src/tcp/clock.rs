//! Where the capture point stands between the two hosts, and what the sender's own clock says. RFC 7323 §3, §4.

use serde::{Deserialize, Serialize};

use super::Segment;
use super::jump::Watch;
use crate::time::{Span, Timestamp};

/// Steps of the timestamp clocks that hosts use, in nanoseconds: 1 ms (Linux, Windows, BSD), 10 ms, 4 ms, 2 ms, 100 ms,
/// 500 ms, 1 µs. RFC 7323 §5.4 allows 1 ms to 1 s.
const TICKS: [i64; 7] = [1_000_000, 10_000_000, 4_000_000, 2_000_000, 100_000_000, 500_000_000, 1_000];

/// How long a clock is watched before its step is believed. Before that, nothing is told of it.
pub(super) const WATCH: Span = Span::from_millis(200);

/// One side's timestamp clock, as its segments show it at the capture point.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(super) struct Clock {
    first: Option<(Timestamp, u32)>,
    tick: Option<i64>,
    /// Least time from a segment's stamp to its capture, with the first segment's as 0.
    least_delay: Span,
    /// A TSval of the *other* side that this one has not echoed yet, and when it passed.
    awaited: Option<(u32, Timestamp)>,
    /// The shortest time in which this side echoed a TSval: from the capture point to it and back.
    nearest: Option<Span>,
    /// Whether the capture's clock keeps step with it.
    watch: Watch,
}

impl Clock {
    /// This side sends `segment`.
    pub(super) fn on_sent(&mut self, segment: &Segment) {
        let Some((tsval, tsecr)) = segment.timestamps else { return };
        if let Some((awaited, passed)) = self.awaited
            && tsecr.wrapping_sub(awaited) as i32 >= 0
        {
            self.awaited = None;
            let took = segment.at.since(passed);
            if tsecr == awaited && took >= Span::ZERO {
                self.nearest = Some(self.nearest.map_or(took, |nearest| nearest.min(took)));
            }
        }
        self.on_stamp(segment.at, tsval);
    }

    /// What this side sends `at` this time is stamped `tsval`: how fast its clock goes, and whether the capture's keeps step.
    #[inline]
    pub(super) fn on_stamp(&mut self, at: Timestamp, tsval: u32) {
        let Some((began, first)) = self.first else {
            self.first = Some((at, tsval));
            return;
        };
        let passed = at.since(began);
        if self.tick.is_some() || passed >= WATCH {
            self.on_ticks(at, passed, i64::from(tsval.wrapping_sub(first) as i32));
        }
    }

    /// Since its first segment, `ticks` of its clock and as much as `passed` of the capture's have passed.
    fn on_ticks(&mut self, at: Timestamp, passed: Span, ticks: i64) {
        match self.tick {
            None if ticks > 0 => {
                let near =
                    |tick: &i64| (passed.as_nanos() - ticks * tick).abs() <= tick + passed.as_nanos() / 8;
                self.tick = TICKS.iter().copied().find(near);
            }
            Some(tick) => {
                let delay = Span::from_nanos(passed.as_nanos().saturating_sub(ticks.saturating_mul(tick)));
                self.least_delay = self.least_delay.min(delay);
                self.watch.on_segment(at, delay);
            }
            None => {}
        }
    }

    /// The other side sends `segment`: it may be echoed.
    pub(super) fn on_received(&mut self, segment: &Segment) {
        if let (Some((tsval, _)), None) = (segment.timestamps, self.awaited) {
            self.awaited = Some((tsval, segment.at));
        }
    }

    /// The shortest time from the capture point to this side and back that echoes show.
    pub(super) fn nearest(&self) -> Option<Span> {
        self.nearest
    }

    /// By how much at least the capture's clock jumped forward, as this side's clock and the other's agree.
    pub(super) fn jump(&self, other: &Self) -> Option<Span> {
        self.watch.agreed(&other.watch)
    }

    /// When this side sent something that was seen `at` with `tsval`, on the capture's clock, as if every segment took
    /// as long to the capture point as the fastest.
    pub(super) fn sent_at(&self, at: Timestamp, tsval: Option<u32>) -> Timestamp {
        match (self.first, self.tick, tsval) {
            (Some((began, first)), Some(tick), Some(tsval)) => {
                let ticks = i64::from(tsval.wrapping_sub(first) as i32);
                let stamped = Span::from_nanos(ticks.saturating_add(1).saturating_mul(tick));
                at.min(began + stamped + self.least_delay)
            }
            _ => at,
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::tcp::conversation::conversation;
    use crate::time::{Span, Timestamp};

    use super::Clock;

    /// RFC 7323 §4.3: the echo is that of the segment that advanced the window.
    #[test]
    fn an_echo_shows_how_near_a_side_is() {
        let trace = conversation(
            "0.000 > 1:101(100) ack 1 ts 10:5
             0.030 < 1:1(0) ack 101 ts 6:10
             0.100 > 101:201(100) ack 1 ts 110:6
             0.112 < 1:1(0) ack 201 ts 90:110
             0.200 > 201:301(100) ack 1 ts 210:90
             0.201 < 1:1(0) ack 201 ts 91:110",
        );
        let halves = &trace.connection.halves;
        assert_eq!(halves.reverse.clock.nearest(), Some(Span::from_millis(12)));
        assert_eq!(halves.forward.clock.nearest(), Some(Span::from_millis(70)));
    }

    #[test]
    fn a_stamp_tells_when_what_came_late_was_sent() {
        let trace = conversation(
            "0.000 > 1:101(100) ack 1 ts 1000:5
             0.100 > 101:201(100) ack 1 ts 1100:5
             0.250 > 201:301(100) ack 1 ts 1250:5
             0.300 > 301:401(100) ack 1 ts 1300:5",
        );
        let clock: &Clock = &trace.connection.halves.forward.clock;
        let at = |millis: i64| Timestamp::from_nanos((1_000_000 + millis) * 1_000_000);
        assert_eq!(clock.sent_at(at(390), Some(1340)), at(341), "within a step of the sender's clock");
        assert_eq!(clock.sent_at(at(390), None), at(390));
        assert_eq!(clock.sent_at(at(330), Some(1340)), at(330), "never after it was seen");
    }
}
