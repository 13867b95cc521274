//! Which of two segments was sent first? By IP ID, else by TSval.

use serde::{Deserialize, Serialize};

use super::Segment;
use super::flight::Sent;
use crate::time::Span;

/// How far the ID of a host that counts may go from one segment of a connection to its next.
const STEP: i16 = 4096;

/// How long after another segment an ID tells which was sent first: a busy host may use half of all IDs meanwhile.
const COMPARABLE: Span = Span::from_secs(1);

/// How far behind another one an ID may be whenever it comes.
const ADJACENT: u16 = 64;

/// Whether the IP IDs of one side count up.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize)]
pub(super) struct IdOrder {
    last: u16,
    up: u8,
    wild: u8,
}

impl IdOrder {
    /// A segment that was sent in order.
    pub(super) fn on_new(&mut self, segment: &Segment) {
        let id = segment.ip_id.unwrap_or(0);
        if self.last != 0 && id != 0 {
            let counts = (1..=STEP).contains(&(id.wrapping_sub(self.last) as i16));
            if counts {
                self.up = self.up.saturating_add(1);
            } else if self.wild == u8::MAX {
                self.up /= 2;
            } else {
                self.wild += 1;
            }
        }
        self.last = id;
    }

    /// How many IDs after the last segment in order `segment` is; `None` where they do not count.
    pub(super) fn step(&self, segment: &Segment) -> Option<u16> {
        let id = segment.ip_id.filter(|&id| id != 0 && self.last != 0 && self.usable())?;
        Some(id.wrapping_sub(self.last)).filter(|step| (1..=STEP as u16).contains(step))
    }

    /// RFC 6864 §4.1: an ID need not count; it does where it was seen to.
    fn usable(&self) -> bool {
        self.up > 0 && (self.wild == 0 || self.up / 8 >= self.wild)
    }

    /// Whether `segment`, which shows bytes for the first time, was sent before `other`; `None` where nothing tells.
    pub(super) fn is_older(&self, segment: &Segment, other: &Sent) -> Option<bool> {
        self.has_lower_id(segment, other).or_else(|| Some(stamped_after(segment, other)? <= 0))
    }

    /// Whether `segment` is an original overtaken by its own copy, `other`. Equal stamps say nothing here: the copy may
    /// follow at once.
    pub(super) fn is_overtaken(&self, segment: &Segment, other: &Sent) -> Option<bool> {
        self.has_lower_id(segment, other).or_else(|| Some(stamped_after(segment, other)? < 0))
    }

    fn has_lower_id(&self, segment: &Segment, other: &Sent) -> Option<bool> {
        let id =
            segment.ip_id.filter(|&id| id != 0 && other.ip_id != 0 && id != other.ip_id && self.usable())?;
        let (behind, apart) = (other.ip_id.wrapping_sub(id), segment.at.since(other.at));
        let told = behind <= ADJACENT || (apart <= COMPARABLE && Span::ZERO <= apart + COMPARABLE);
        told.then_some(behind as i16 > 0)
    }
}

/// How many ticks after `other` `segment` was stamped.
fn stamped_after(segment: &Segment, other: &Sent) -> Option<i32> {
    let (tsval, _) = segment.timestamps?;
    Some(tsval.wrapping_sub(other.tsval?) as i32)
}

#[cfg(test)]
mod tests {
    use crate::tcp::conversation::established_plain;

    #[test]
    fn ids_that_were_not_seen_to_count_tell_nothing() {
        let script = |second: u16| {
            format!(
                "0.000 > 1:1001(1000) ack 1 id 50000
                 0.001 > 1001:2001(1000) ack 1 id {second}
                 0.310 > 1:1001(1000) ack 1 id 30000"
            )
        };
        assert_eq!(established_plain(&script(9)).events(), "3 retransmission rto");
        assert_eq!(established_plain(&script(0)).events(), "3 retransmission rto");
        assert_eq!(established_plain(&script(50001)).events(), "3 out_of_order");
    }

    #[test]
    fn ids_of_a_busy_host_tell_nothing_for_long() {
        let script = |at: &str, id: u16| {
            let script = format!(
                "0.000 > 1:1001(1000) ack 1 id 100
                 0.001 > 1001:2001(1000) ack 1 id 101
                 0.400 > 1:1001(1000) ack 1 id 10000
                 {at} > 1:1001(1000) ack 1 id {id}"
            );
            established_plain(&script).events().lines().last().unwrap().to_owned()
        };
        assert_eq!(script("0.900", 9000), "4 out_of_order");
        assert_eq!(script("2.900", 9000), "4 retransmission rto");
        assert_eq!(script("2.900", 9999), "4 out_of_order");
    }

    #[test]
    fn equal_stamps_do_not_make_a_copy_older() {
        let script = |tsval: u32| {
            let script = format!(
                "0.000 > 1:1001(1000) ack 1 id 50000 ts 100:1
                 0.001 > 1001:2001(1000) ack 1 id 9 ts 101:1
                 0.001 > fin 2001:2001(0) ack 1 id 40000 ts 101:1
                 0.002 > fin 2001:2001(0) ack 1 id 700 ts {tsval}:1"
            );
            established_plain(&script).events()
        };
        assert_eq!(script(101), "4 retransmission fin");
        assert_eq!(script(100), "4 out_of_order");
    }
}
