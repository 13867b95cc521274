//! How the connection closed, and the state of each side. RFC 9293 §3.3.2, §3.6.

use serde::{Deserialize, Serialize};

use super::{Close, Closing, Moment, Opening, Position, State};
use crate::flow::{Direction, Pair};

/// FINs, their acknowledgments, and the first RST.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize)]
pub(super) struct Closer {
    fins: Pair<Option<Fin>>,
    first: Option<Direction>,
    reset: Option<(Direction, Moment)>,
    reset_after_close: bool,
    last_ack: Option<Moment>,
}

#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
struct Fin {
    moment: Moment,
    /// The position behind it.
    end: Position,
    acked: bool,
}

impl Closer {
    /// `direction` sends a FIN that ends at `end`.
    pub(super) fn on_fin(&mut self, direction: Direction, moment: Moment, end: Position) {
        if self.fins[direction].is_none() {
            self.fins[direction] = Some(Fin { moment, end, acked: false });
            self.first = self.first.or(Some(direction));
        }
    }

    /// What `direction` sent is acknowledged up to `ack`, by a segment without RST.
    pub(super) fn on_ack(&mut self, direction: Direction, moment: Moment, ack: Position) {
        if let Some(fin) = self.fins[direction].as_mut().filter(|fin| !fin.acked && ack >= fin.end) {
            fin.acked = true;
            if self.both_acked() {
                self.last_ack = Some(moment);
            }
        }
    }

    /// `direction` sends a RST.
    pub(super) fn on_reset(&mut self, direction: Direction, moment: Moment) {
        if self.reset.is_none() {
            self.reset = Some((direction, moment));
            self.reset_after_close = self.both_acked();
        }
    }

    /// Where the first FIN of `direction` ends.
    pub(super) fn fin_end(&self, direction: Direction) -> Option<Position> {
        self.fins[direction].map(|fin| fin.end)
    }

    fn both_acked(&self) -> bool {
        Direction::BOTH.into_iter().all(|direction| self.fins[direction].is_some_and(|fin| fin.acked))
    }

    /// How it closed, if it ever opened.
    pub(super) fn summary(&self, opening: Opening, client: Direction) -> Close {
        let opened = !matches!(opening, Opening::Refused | Opening::NoAnswer);
        let closing = match self.reset {
            Some(_) if self.reset_after_close => Closing::ResetAfterClose,
            Some((by, _)) if by == client => Closing::ClientReset,
            Some(_) => Closing::ServerReset,
            None if self.both_acked() => Closing::Graceful,
            None if self.first.is_some() => Closing::HalfClosed,
            None => Closing::Open,
        };
        let began = self.first.and_then(|first| self.fins[first]).map(|fin| fin.moment.at);
        Close {
            closing: opened.then_some(closing),
            first: self.first.or(self.reset.filter(|_| opened).map(|(by, _)| by)),
            duration: self.last_ack.zip(began).map(|(last, began)| last.at.since(began)),
            fin: self.fins.map(|fin| fin.map(|fin| fin.moment)),
            reset: self.reset.map(|(_, moment)| moment),
            last_ack: self.last_ack,
        }
    }

    /// The state of the side that sends in `direction`, which sent something if `seen`. RFC 9293 §3.3.2
    pub(super) fn state(
        &self,
        opening: Opening,
        direction: Direction,
        client: Direction,
        seen: bool,
    ) -> State {
        let (own, other) = (self.fins[direction], self.fins[direction.reverse()]);
        let acked = own.is_some_and(|fin| fin.acked);
        if self.reset.is_some() {
            return State::Closed;
        }
        match (own, other) {
            (Some(_), None) if acked => State::FinWait2,
            (Some(_), None) => State::FinWait1,
            (Some(_), Some(_)) if self.first == Some(direction) && acked => State::TimeWait,
            (Some(_), Some(_)) if self.first == Some(direction) => State::Closing,
            (Some(_), Some(_)) if acked => State::Closed,
            (Some(_), Some(_)) => State::LastAck,
            (None, Some(_)) => State::CloseWait,
            (None, None) => match opening {
                Opening::Midstream if seen => State::Partial,
                Opening::Midstream => State::Closed,
                Opening::Complete => State::Established,
                Opening::Simultaneous | Opening::HalfOpen if direction != client => State::SynReceived,
                Opening::Simultaneous => State::SynReceived,
                Opening::HalfOpen | Opening::NoAnswer | Opening::Refused if direction == client => {
                    State::SynSent
                }
                Opening::HalfOpen | Opening::NoAnswer | Opening::Refused => State::Closed,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::flow::Direction;
    use crate::tcp::conversation::{conversation, established_plain};
    use crate::tcp::{Closing, State};
    use crate::time::Span;

    /// RFC 9293 §3.6, figure 12.
    #[test]
    fn four_segments_close_both_ways() {
        let trace = established_plain(
            "0.000 > fin 1:1(0) ack 1
             0.100 < 1:1(0) ack 2
             0.150 < fin 1:1(0) ack 2
             0.151 > 2:2(0) ack 2",
        );
        let summary = trace.summary();
        let close = summary.close;
        assert_eq!((close.closing, close.first), (Some(Closing::Graceful), Some(Direction::Forward)));
        assert_eq!(close.duration, Some(Span::from_millis(151)));
        assert_eq!((trace.client().state, trace.server().state), (State::TimeWait, State::Closed));
    }

    /// RFC 9293 §3.6, figure 13.
    #[test]
    fn crossing_fins_close_it_too() {
        let trace = established_plain(
            "0.000 > fin 1:1(0) ack 1
             0.001 < fin 1:1(0) ack 1
             0.100 > 2:2(0) ack 2
             0.101 < 2:2(0) ack 2",
        );
        assert_eq!(trace.summary().close.closing, Some(Closing::Graceful));
    }

    #[test]
    fn a_fin_that_nobody_acknowledged_closes_half() {
        let trace = established_plain("0.000 > fin 1:1(0) ack 1\n 0.100 < fin 1:1(0) ack 2");
        assert_eq!(trace.summary().close.closing, Some(Closing::HalfClosed));
        let open = established_plain("0.000 > 1:101(100) ack 1");
        assert_eq!(open.summary().close.closing, Some(Closing::Open));
    }

    #[test]
    fn a_reset_closes_by_who_sent_it_first() {
        let script = |side: &str| format!("0.000 > 1:101(100) ack 1\n 0.100 {side} rst 1:1(0)");
        let closing = |side| established_plain(&script(side)).summary().close.closing;
        assert_eq!((closing(">"), closing("<")), (Some(Closing::ClientReset), Some(Closing::ServerReset)));
        let never = conversation("0.000 > syn 0:1(0)\n 0.100 < rst 0:0(0) ack 1");
        assert_eq!(never.summary().close.closing, None);
    }
}
