//! The windows that one side advertises, and when the other has used all of them. RFC 9293 §3.8.6.

use serde::{Deserialize, Serialize};

use super::WindowStats;
use crate::time::{Span, Timestamp};

/// One side's advertised windows, those of its segments without SYN and RST.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize)]
pub(super) struct Windows {
    /// As on the wire; `None` before the first.
    last: Option<u16>,
    /// That of its SYN, which is not scaled.
    syn: Option<u16>,
    least: u16,
    greatest: u16,
    sum: u64,
    segments: u32,
    closed_at: Option<Timestamp>,
    closed_for: Span,
    pub(super) zero_windows: u32,
}

impl Windows {
    /// Of a side that never closed its window: the latest, the least and the greatest of its `segments`, and all of them added up.
    pub(super) fn open(last: u16, least: u16, greatest: u16, sum: u64, segments: u32) -> Self {
        Self { last: (segments > 0).then_some(last), least, greatest, sum, segments, ..Self::default() }
    }

    /// Its SYN advertises `window`.
    pub(super) fn on_syn(&mut self, window: u16) {
        self.syn = Some(window);
    }

    /// A segment advertises `window`, shifted by `shift` bits. Whether it is known to differ from the one before.
    pub(super) fn on_window(&mut self, window: u16, shift: u8, at: Timestamp) -> bool {
        let differs = |syn: u16| u32::from(syn) != u32::from(window) << shift;
        let changed = match self.last {
            Some(last) => last != window,
            None => self.syn.is_some_and(differs),
        };
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn closed_windows_are_counted_and_timed() {
        let at = |millis: i64| Timestamp::from_nanos(millis * 1_000_000);
        let mut windows = Windows::default();
        windows.on_syn(400);
        let changes = [(100, 0), (0, 10), (0, 20), (50, 40), (0, 90)];
        let changes = changes.map(|(window, millis)| windows.on_window(window, 2, at(millis)));
        assert_eq!(changes, [false, true, false, true, true]);
        let stats = windows.stats(Some(2), at(100));
        assert_eq!(stats.min_mean_max, Some((0, 120, 400)));
        assert_eq!((stats.zero_windows, stats.zero_window_time), (2, Span::from_millis(40)));
        assert_eq!(windows.stats(None, at(100)).min_mean_max, None);
    }
}
