//! How long round trips take, measured at the capture point. RFC 6298 and RFC 7323 §4.
//!
//! A sample runs from the transmission of the newest byte that an ACK covers to that ACK, if that byte was sent once
//! (Karn's algorithm, RFC 6298 §3). Where it was sent again, the echoed TSval says which copy is meant.

use serde::{Deserialize, Serialize};

use super::flight::Sent;
use super::{RttFigures, RttStats};
use crate::stats::{Quantiles, Spread};
use crate::time::{Span, Timestamp};

/// RFC 6298 §2.1: the timeout before any sample.
const INITIAL_RTO: Span = Span::from_secs(1);

/// Linux's least variance term (TCP_RTO_MIN). RFC 6298 §2.4 recommends a least timeout of one second; no sender heeds it.
const MIN_VARIANCE: Span = Span::from_millis(200);

/// Round trips from the capture point to the receiver of one direction's segments and back.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(super) struct RoundTrips {
    samples: Quantiles,
    /// Smoothed, and its variance; zero before the first sample.
    srtt: Span,
    rttvar: Span,
}

impl RoundTrips {
    /// Forgets all, but keeps the memory that it took.
    pub(super) fn clear(&mut self) {
        let Self { samples, srtt, rttvar } = self;
        samples.clear();
        (*srtt, *rttvar) = (Span::ZERO, Span::ZERO);
    }

    /// A clean sample. RFC 6298 §2.2, §2.3
    pub(super) fn on_sample(&mut self, sample: Span) {
        let sample = sample.max(Span::ZERO);
        let nanos = sample.as_nanos();
        if self.samples.count() == 0 {
            (self.srtt, self.rttvar) = (sample, Span::from_nanos(nanos / 2));
        } else {
            let (srtt, rttvar) = (self.srtt.as_nanos(), self.rttvar.as_nanos());
            let error = nanos.saturating_sub(srtt);
            self.rttvar = Span::from_nanos(rttvar - rttvar / 4 + error.saturating_abs() / 4);
            self.srtt = Span::from_nanos(srtt + error / 8);
        }
        self.samples.record(sample);
    }

    /// A clean sample, where nobody will ask for the smoothed round trip.
    #[inline]
    pub(super) fn on_last_sample(&mut self, sample: Span) {
        self.samples.record(sample);
    }

    /// All samples.
    pub(super) fn samples(&self) -> &Quantiles {
        &self.samples
    }

    /// The smoothed round trip.
    pub(super) fn srtt(&self) -> Option<Span> {
        (self.samples.count() > 0).then_some(self.srtt)
    }

    /// The shortest.
    pub(super) fn min(&self) -> Option<Span> {
        self.samples.min()
    }

    /// The sender's timeout, if it is `back` away from the capture point. RFC 6298 §2.3, with Linux's minimum
    pub(super) fn rto(&self, back: Span) -> Span {
        match self.srtt() {
            Some(srtt) => srtt + back + self.rttvar.times(4).max(MIN_VARIANCE),
            None => INITIAL_RTO,
        }
    }

    /// In figures.
    pub(super) fn stats(&self) -> RttStats {
        let figures = || {
            let [p50, p95, p99] = self.samples.quantiles([0.5, 0.95, 0.99])?;
            let Spread { min, mean, stddev, max } = self.samples.spread()?;
            Some(RttFigures { min, mean, stddev, p50, p95, p99, max })
        };
        RttStats { samples: self.samples.count(), figures: figures() }
    }
}

/// The sample that an ACK gives which arrives `at`, echoes `tsecr`, and newly covers `newest` as it was last sent.
pub(super) fn sample(
    newest: &Sent,
    first_tsval: Option<u32>,
    at: Timestamp,
    tsecr: Option<u32>,
) -> Option<Span> {
    let clean = newest.copies == 1;
    // RFC 7323 §4: the echo names the copy that was received, if no two copies have the same TSval.
    let named = || {
        newest.tsval.is_some() && newest.tsval == tsecr && newest.copies == 2 && first_tsval != newest.tsval
    };
    let sample = at.since(newest.at);
    ((clean || named()) && sample >= Span::ZERO).then_some(sample)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn millis(millis: i64) -> Span {
        Span::from_millis(millis)
    }

    #[test]
    fn smooths_as_rfc_6298_says() {
        let mut trips = RoundTrips::default();
        assert_eq!((trips.srtt(), trips.rto(millis(5))), (None, INITIAL_RTO));
        trips.on_sample(millis(100));
        assert_eq!((trips.srtt, trips.rttvar), (millis(100), millis(50)));
        trips.on_sample(millis(180));
        assert_eq!((trips.srtt, trips.rttvar), (millis(110), Span::from_micros(57_500)));
        assert_eq!(trips.rto(millis(10)), millis(110 + 10 + 230));
    }

    #[test]
    fn a_copy_gives_no_sample_unless_its_timestamp_names_it() {
        let at = Timestamp::from_nanos(1_000_000);
        let once = Sent { start: 1, end: 2, at, number: 7, tsval: Some(50), ip_id: 0, copies: 1 };
        let (ack_at, again) = (at + millis(3), Sent { copies: 2, ..once });
        assert_eq!(sample(&once, None, ack_at, None), Some(millis(3)));
        assert_eq!(sample(&again, Some(40), ack_at, Some(40)), None);
        assert_eq!(sample(&again, Some(40), ack_at, Some(50)), Some(millis(3)));
        assert_eq!(sample(&again, Some(50), ack_at, Some(50)), None);
        assert_eq!(sample(&once, None, at - millis(1), None), None);
    }
}
