//! Which of two segments was sent first? By IP ID, else by TSval.

use serde::{Deserialize, Serialize};

use super::Segment;
use super::flight::Sent;

/// How far the ID of a host that counts may go from one segment of a connection to its next.
const STEP: i16 = 4096;

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

    /// Whether `segment` was sent before `other`; `None` where nothing tells.
    pub(super) fn is_older(&self, segment: &Segment, other: &Sent) -> Option<bool> {
        let ids =
            segment.ip_id.filter(|&id| id != 0 && other.ip_id != 0 && id != other.ip_id && self.usable());
        if let Some(id) = ids {
            return Some((id.wrapping_sub(other.ip_id) as i16) < 0);
        }
        let (tsval, _) = segment.timestamps?;
        Some((tsval.wrapping_sub(other.tsval?) as i32) <= 0)
    }
}
