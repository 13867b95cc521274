//! How the connection closed, and the state of each side. RFC 9293 §3.3.2, §3.6.

use serde::{Deserialize, Serialize};

use super::{Close, Closing, Moment, Opening, Position, Segment, State};
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
    pub(super) fn on_fin(&mut self, direction: Direction, segment: &Segment, end: Position) {
        if self.fins[direction].is_none() {
            let moment = Moment { at: segment.at, number: segment.number };
            self.fins[direction] = Some(Fin { moment, end, acked: false });
            self.first = self.first.or(Some(direction));
        }
    }

    /// What `direction` sent is acknowledged up to `ack`, by a segment without RST.
    pub(super) fn on_ack(&mut self, direction: Direction, segment: &Segment, ack: Position) {
        if let Some(fin) = self.fins[direction].as_mut().filter(|fin| !fin.acked && ack >= fin.end) {
            fin.acked = true;
            if self.both_acked() {
                self.last_ack = Some(Moment { at: segment.at, number: segment.number });
            }
        }
    }

    /// `direction` sends a RST.
    pub(super) fn on_reset(&mut self, direction: Direction, segment: &Segment) {
        if self.reset.is_none() {
            self.reset = Some((direction, Moment { at: segment.at, number: segment.number }));
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
