//! The windows that one side advertises, and when the other has used all of them. RFC 9293 §3.8.6.

use super::WindowStats;
use crate::time::{Span, Timestamp};

/// One side's advertised windows, those of its segments without SYN and RST.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Windows {
    /// As on the wire; `None` before the first.
    last: Option<u16>,
    least: u16,
    greatest: u16,
    sum: u64,
    segments: u32,
    closed_at: Option<Timestamp>,
    closed_for: Span,
    pub(super) zero_windows: u32,
}

impl Windows {
    /// A segment advertises `window`. Whether it differs from the one before.
    pub(super) fn on_window(&mut self, window: u16, at: Timestamp) -> bool {
        let changed = self.last != Some(window);
        (self.least, self.greatest) = match self.segments {
            0 => (window, window),
            _ => (self.least.min(window), self.greatest.max(window)),
        };
        self.segments = self.segments.saturating_add(1);
        self.sum += u64::from(window);
        match (window, self.closed_at) {
            (0, None) => {
                self.zero_windows += 1;
                self.closed_at = Some(at);
            }
            (1.., Some(closed_at)) => {
                self.closed_for = self.closed_for + at.since(closed_at).max(Span::ZERO);
                self.closed_at = None;
            }
            _ => {}
        }
        self.last = Some(window);
        changed
    }

    /// The latest, as on the wire.
    pub(super) fn last(&self) -> Option<u16> {
        self.last
    }

    /// The greatest, as on the wire.
    pub(super) fn greatest(&self) -> u16 {
        self.greatest
    }

    /// It is closed.
    pub(super) fn closed(&self) -> bool {
        self.closed_at.is_some()
    }

    /// In figures, shifted by `shift` bits if that is known, up to `end`.
    pub(super) fn stats(&self, shift: Option<u8>, end: Timestamp) -> WindowStats {
        let scaled = |window: u16, shift: u8| u32::from(window) << shift;
        let mean = |shift: u8| ((self.sum << shift) / u64::from(self.segments.max(1))) as u32;
        let known = shift.filter(|_| self.segments > 0);
        let open = self.closed_at.map_or(Span::ZERO, |closed_at| end.since(closed_at).max(Span::ZERO));
        WindowStats {
            min_mean_max: known
                .map(|shift| (scaled(self.least, shift), mean(shift), scaled(self.greatest, shift))),
            zero_windows: self.zero_windows,
            zero_window_time: self.closed_for + open,
            ..WindowStats::default()
        }
    }
}
