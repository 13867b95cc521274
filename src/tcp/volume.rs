//! How much one side has in flight, and how much it sent before the first answer. RFC 5681 §2 (FlightSize), RFC 6928.

use serde::{Deserialize, Serialize};

use super::InitialWindow;
use crate::time::{Span, Timestamp};

/// Payload bytes outstanding, over time.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize)]
pub(super) struct Volume {
    now: u64,
    greatest: u64,
    /// Since when it is watched, and when it last changed; `None` before the first payload.
    span: Option<(Timestamp, Timestamp)>,
    /// Bytes times nanoseconds.
    area: u128,
    initial: InitialWindow,
    answered: bool,
}

impl Volume {
    /// What came of payload that was never sent twice: what is in flight in the end, the most that was, from the first payload
    /// to the end, bytes times nanoseconds, and what was sent before the first answer.
    pub(super) fn whole(
        now: u64,
        greatest: u64,
        span: (Timestamp, Timestamp),
        area: u128,
        initial: InitialWindow,
    ) -> Self {
        Self { now, greatest, span: Some(span), area, initial, answered: true }
    }

    /// New payload of `len` bytes was sent.
    pub(super) fn on_new_data(&mut self, len: u32) {
        if !self.answered && len > 0 {
            self.initial.bytes += u64::from(len);
            self.initial.segments += 1;
        }
    }

    /// Some payload was acknowledged.
    pub(super) fn on_data_acked(&mut self) {
        self.answered = true;
    }

    /// From `at` on, so much is in flight.
    pub(super) fn on_change(&mut self, in_flight: u64, at: Timestamp) {
        let Some((began, changed)) = self.span else {
            if in_flight > 0 {
                self.span = Some((at, at));
                (self.now, self.greatest) = (in_flight, in_flight);
            }
            return;
        };
        let lasted = at.since(changed).max(Span::ZERO).as_nanos() as u128;
        self.area = self.area.saturating_add(lasted * u128::from(self.now));
        self.now = in_flight;
        self.greatest = self.greatest.max(in_flight);
        self.span = Some((began, changed.max(at)));
    }

    /// The most that was in flight; `None` without payload.
    pub(super) fn greatest(&self) -> Option<u64> {
        self.span.map(|_| self.greatest)
    }

    /// The mean from the first payload to the last change.
    pub(super) fn mean(&self) -> Option<u64> {
        let (began, changed) = self.span?;
        match changed.since(began).as_nanos() {
            ..=0 => Some(self.now),
            // A division of fewer bits, where they are enough, is much faster.
            lasted => Some(match u64::try_from(self.area) {
                Ok(area) => area / lasted as u64,
                Err(_) => (self.area / lasted as u128) as u64,
            }),
        }
    }

    /// What was sent before the first ACK of payload.
    pub(super) fn initial(&self) -> Option<InitialWindow> {
        (self.initial.segments > 0).then_some(self.initial)
    }
}

#[cfg(test)]
mod tests {
    use crate::tcp::InitialWindow;
    use crate::tcp::conversation::established_plain;

    /// RFC 5681 §2: FlightSize; RFC 6928: what is sent before the first answer.
    #[test]
    fn what_is_in_flight_over_time() {
        let trace = established_plain(
            "0.000 > 1:1001(1000) ack 1
             0.100 > 1001:3001(2000) ack 1
             0.200 < 1:1(0) ack 1001
             0.400 < 1:1(0) ack 3001
             0.500 > 3001:4001(1000) ack 1",
        );
        let client = trace.client();
        assert_eq!(client.in_flight_max, Some(3000));
        assert_eq!(client.initial_window, Some(InitialWindow { bytes: 3000, segments: 2 }));
        // 0.1 s of 1000, 0.1 s of 3000, 0.2 s of 2000, 0.1 s of none.
        assert_eq!(client.in_flight_mean, Some(1600));
        let flights = [1, 2, 5].map(|line| trace.verdict(line).in_flight);
        assert_eq!(flights, [Some(1000), Some(3000), Some(1000)]);
        assert_eq!((trace.server().in_flight_max, trace.server().initial_window), (None, None));
    }
}
