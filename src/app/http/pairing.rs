//! Which request a response answers, also where bytes are missing that may have held some of either. RFC 9112 §9.3

use std::collections::VecDeque;

use super::exchange::Exchange;
use super::message::Side;

/// What is known of the order in which a connection's requests are answered.
#[derive(Debug, Default)]
pub(super) struct Pairing {
    /// Requests are sent without waiting for the answers to earlier ones. RFC 9112 §9.3.2
    pipelined: bool,
    /// Answers to come that belong to requests which were let go.
    shed: u64,
    lost: Lost,
}

/// Which messages may be missing since the last pair that was certain.
#[derive(Clone, Copy, Debug, Default)]
enum Lost {
    #[default]
    Nothing,
    /// Answers; and the number of those that came since without showing whose they are.
    Answers { unpaired: u64, latest: u64 },
    /// Requests, perhaps answers too; the next `sure` answers are still those to the requests that waited.
    Requests { sure: u64 },
}

/// Where a final response begins.
#[derive(Clone, Copy, Debug)]
pub(super) struct Answer {
    /// The segment of its first byte.
    pub(super) segment: u64,
    /// How much the server said before it.
    pub(super) begin: u64,
}

/// Whose a response is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Answers {
    /// That of a request that is not there, or cannot be told.
    Unknown,
    /// That of the request at this place of the queue; earlier ones that wait have none.
    At(usize),
}

impl Pairing {
    /// A request whose first byte came in segment `first`, where the one before it ended in segment `before`.
    pub(super) fn on_request(&mut self, before: Option<u64>, first: u64) {
        self.pipelined |= before == Some(first);
    }

    /// Requests were let go that wait for their answers.
    pub(super) fn shed(&mut self) {
        self.shed += 1;
    }

    /// Bytes are missing in which messages of a side may have been, while `waiting` requests are without answer.
    pub(super) fn on_hole(&mut self, side: Side, waiting: u64) {
        let waiting = waiting + self.shed;
        self.lost = match (side, self.lost) {
            (Side::Request, Lost::Nothing) => Lost::Requests { sure: waiting },
            (Side::Request, Lost::Answers { .. }) => Lost::Requests { sure: 0 },
            // No answer can be among what is missing when nothing was asked.
            (Side::Response, lost) if waiting == 0 => lost,
            (Side::Response, Lost::Nothing) => Lost::Answers { unpaired: 0, latest: 0 },
            (Side::Response, Lost::Requests { .. }) => Lost::Requests { sure: 0 },
            (_, lost) => lost,
        };
    }

    /// Whether the order of the messages tells which belong together.
    pub(super) fn is_certain(&self) -> bool {
        !self.pipelined || matches!(self.lost, Lost::Nothing)
    }

    /// Whether the answer to a request that waits may be among those that could not be told: the request's first byte came
    /// in segment `first`.
    pub(super) fn is_unsure(&self, first: u64) -> bool {
        matches!(self.lost, Lost::Answers { latest, .. } if first < latest)
    }

    /// Whose an interim response is. RFC 9110 §15.2
    pub(super) fn interim(&self, queue: &VecDeque<Exchange>) -> Answers {
        let certain = self.shed == 0 && self.is_certain();
        let first = queue.iter().position(Exchange::waits).filter(|_| certain);
        first.map_or(Answers::Unknown, Answers::At)
    }

    /// Whose a final response is.
    pub(super) fn answers(&mut self, queue: &VecDeque<Exchange>, answer: Answer) -> Answers {
        match self.lost {
            Lost::Nothing => self.in_order(queue, answer),
            Lost::Answers { .. } if !self.pipelined => self.latest_asked(queue, answer),
            Lost::Answers { unpaired, .. } => self.counted(queue, answer, unpaired),
            Lost::Requests { sure: 0 } if self.pipelined => Answers::Unknown,
            Lost::Requests { sure: 0 } => {
                self.lost = Lost::Nothing;
                self.in_order(queue, answer)
            }
            Lost::Requests { sure } => {
                self.lost = Lost::Requests { sure: sure - 1 };
                self.in_order(queue, answer)
            }
        }
    }

    /// Nothing is missing: the first that waits.
    fn in_order(&mut self, queue: &VecDeque<Exchange>, answer: Answer) -> Answers {
        if self.shed > 0 {
            self.shed -= 1;
            return Answers::Unknown;
        }
        let mut waiting = queue.iter().enumerate().filter(|(_, exchange)| exchange.waits());
        let Some((first, _)) = waiting.next() else { return Answers::Unknown };
        self.pipelined |= waiting.next().is_some_and(|(_, next)| asked_before(next, answer));
        Answers::At(first)
    }

    /// A client that waits for each answer has had, or given up, those to its earlier requests.
    fn latest_asked(&mut self, queue: &VecDeque<Exchange>, answer: Answer) -> Answers {
        if self.shed > 0 {
            self.shed -= 1;
            return Answers::Unknown;
        }
        self.lost = Lost::Nothing;
        let latest = queue.iter().rposition(|exchange| exchange.waits() && asked_before(exchange, answer));
        latest.map_or(Answers::Unknown, Answers::At)
    }

    /// Each answer is to a later request than the one before it and to none that was not asked yet: where as many answers
    /// came as requests were asked, the last is to the last. And a server of which the client had heard all, when it asked,
    /// goes on with the answer to that.
    fn counted(&mut self, queue: &VecDeque<Exchange>, answer: Answer, unpaired: u64) -> Answers {
        let answers = unpaired + 1;
        self.lost = Lost::Answers { unpaired: answers, latest: answer.segment };
        if queue.len() as u64 + self.shed < answers {
            return Answers::Unknown;
        }
        let mut asked = self.shed;
        let mut last = None;
        let waiting = queue.iter().enumerate().filter(|(_, exchange)| exchange.waits());
        for (index, exchange) in waiting.filter(|(_, exchange)| asked_before(exchange, answer)) {
            (asked, last) = (asked + 1, Some(index));
            if asked >= answers && exchange.heard.is_some_and(|heard| heard >= answer.begin) {
                (self.lost, self.shed) = (Lost::Nothing, 0);
                return Answers::At(index);
            }
        }
        if asked != answers {
            return Answers::Unknown;
        }
        (self.lost, self.shed) = (Lost::Nothing, 0);
        last.map_or(Answers::Unknown, Answers::At)
    }
}

fn asked_before(exchange: &Exchange, answer: Answer) -> bool {
    exchange.request.as_ref().is_some_and(|request| request.extent.first.number < answer.segment)
}
