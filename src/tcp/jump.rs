//! Whether the capture's own clock jumped forward, as the timestamp clocks of both hosts show it.
//!
//! A segment carries the time of its sender's clock (RFC 7323 §4). Where what lies between that and its capture grows at
//! once, and stays so, either the sender's clock stood still or the capture's jumped. Where it grows for both sides of a
//! connection at the same time and by as much, it is the capture's clock; or both hosts stood still.

use serde::{Deserialize, Serialize};

use crate::time::{Span, Timestamp};

/// The least jump that is told: what a segment may wait in a queue is less.
const LEAST: Span = Span::from_millis(1000);

/// Watches how long the segments of one side take to the capture by their sender's clock.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(super) struct Watch {
    latest: Option<(Timestamp, Span)>,
    found: Option<Box<Jump>>,
}

/// A jump that one side shows.
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
pub(super) struct Jump {
    /// When its last segment before was captured, and its first one behind.
    between: (Timestamp, Timestamp),
    /// What segments took before.
    before: Span,
    /// By how much, at least.
    by: Span,
    /// Another segment shows it too.
    stays: bool,
}

impl Watch {
    /// A segment captured `at` took so long by its sender's clock.
    pub(super) fn on_segment(&mut self, at: Timestamp, delay: Span) {
        let latest = self.latest.replace((at, delay));
        if let Some(jump) = &mut self.found {
            let by = delay - jump.before;
            if by.times(2) < jump.by {
                // It was late, and others are not.
                self.found = None;
            } else {
                jump.by = jump.by.min(by);
                jump.stays = true;
            }
        } else if let Some((before_at, before)) = latest {
            let by = delay - before;
            // A step of the clock that is not quite what it is taken for adds up to far less than the time that passes.
            if by >= LEAST && by.times(2) >= at.since(before_at) {
                self.found = Some(Box::new(Jump { between: (before_at, at), before, by, stays: false }));
            }
        }
    }

    /// What it shows together with the other side's: by how much the clock jumped, at least.
    pub(super) fn agreed(&self, other: &Self) -> Option<Span> {
        let (one, other) = (self.found.as_deref()?, other.found.as_deref()?);
        let overlap = one.between.0.max(other.between.0) < one.between.1.min(other.between.1);
        let (least, most) = (one.by.min(other.by), one.by.max(other.by));
        let alike = (most - least).times(8) <= most;
        (one.stays && other.stays && overlap && alike).then_some(least)
    }
}

#[cfg(test)]
mod tests {
    use crate::tcp::conversation::conversation;
    use crate::time::Span;

    /// Half a second of talk; then `jump` ms pass on the capture's clock, and `stood` on the hosts'.
    fn talk(jump: u32, stood: [u32; 2], again: [u32; 2]) -> Option<Span> {
        let mut script = String::new();
        for n in 0..5 {
            let (at, begin) = (f64::from(n) / 10.0, 1 + 100 * n);
            script += &format!("{at:.3} > {begin}:{}(100) ack 1 ts {}:5\n", begin + 100, 1000 + 100 * n);
            script += &format!(
                "{:.3} < 1:1(0) ack {} ts {}:{}\n",
                at + 0.03,
                begin + 100,
                5030 + 100 * n,
                1000 + 100 * n
            );
        }
        for n in 0..3 {
            let (at, begin) = (f64::from(jump + 500 + 100 * n) / 1000.0, 501 + 100 * n);
            let late = |side: usize| if n == 0 { stood[side] } else { again[side] };
            let (client, server) = (1500 + 100 * n + late(0), 5530 + 100 * n + late(1));
            script += &format!("{at:.3} > {begin}:{}(100) ack 1 ts {client}:5500\n", begin + 100);
            script += &format!("{:.3} < 1:1(0) ack {} ts {server}:{client}\n", at + 0.03, begin + 100);
        }
        let halves = conversation(&script).connection.halves;
        halves.forward.clock.jump(&halves.reverse.clock)
    }

    #[test]
    fn both_clocks_deny_that_so_much_time_passed() {
        assert_eq!(talk(30_000, [0, 0], [0, 0]), Some(Span::from_millis(30_000)));
        assert_eq!(talk(30_000, [40, 90], [0, 0]), Some(Span::from_millis(29_910)));
    }

    #[test]
    fn time_that_passed_for_a_host_is_no_jump() {
        assert_eq!(talk(30_000, [30_000, 30_000], [30_000, 30_000]), None, "silence");
        assert_eq!(talk(30_000, [0, 30_000], [0, 30_000]), None, "one host stood still");
        assert_eq!(talk(30_000, [0, 0], [30_000, 30_000]), None, "segments that were late");
        assert_eq!(talk(900, [0, 0], [0, 0]), None, "less than a second");
        assert_eq!(talk(30_000, [0, 20_000], [0, 20_000]), None, "they do not agree");
    }
}
