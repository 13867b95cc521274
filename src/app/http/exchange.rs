//! A request and its answer: one row of `http`.

use std::net::SocketAddr;

use super::extent::Extent;
use super::message::{Head, Side};
use super::problem::{Problem, Problems};

use crate::time::Span;

/// What a head takes besides its bytes.
const MESSAGE_COST: usize = 256;

/// A request and its answer, as far as they were seen.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Exchange {
    /// 1-based, in the connection.
    pub number: u64,
    /// The request.
    pub request: Option<Message>,
    /// The final response; `101` is one.
    pub response: Option<Message>,
    /// Statuses of interim responses. RFC 9110 §15.2
    pub interim: Vec<u16>,
    /// The source that a PROXY protocol header before the first request names.
    pub proxied_for: Option<SocketAddr>,
    /// What was wrong with either.
    pub problems: Problems,
    /// How much the client had acknowledged of what the server said, when it asked.
    pub(super) heard: Option<u64>,
}

/// A message that was read.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Message {
    /// Its head.
    pub head: Box<Head>,
    /// The segments of its head.
    pub head_extent: Extent,
    /// The segments of all of it.
    pub extent: Extent,
    /// Bytes of the body as transferred, without chunk framing; missing ones whose number is known count.
    pub body_len: u64,
    /// Nothing more of it comes.
    pub done: bool,
    /// It went to its end, by its own account.
    pub whole: bool,
}

impl Message {
    /// A message of which the head was read.
    pub(super) fn new(head: Box<Head>, extent: Extent) -> Self {
        Self { head, head_extent: extent, extent, body_len: 0, done: false, whole: false }
    }

    pub(super) fn end(&mut self, whole: bool) {
        (self.done, self.whole) = (true, whole);
    }
}

impl Exchange {
    pub(super) fn new(number: u64) -> Self {
        let (interim, problems) = (Vec::new(), Problems::default());
        Self { number, request: None, response: None, interim, proxied_for: None, problems, heard: None }
    }

    pub(super) fn message(&mut self, side: Side) -> Option<&mut Message> {
        match side {
            Side::Request => self.request.as_mut(),
            Side::Response => self.response.as_mut(),
        }
    }

    /// Whether both messages went to their ends.
    pub fn is_complete(&self) -> bool {
        let whole = |message: &Option<Message>| message.as_ref().is_some_and(|message| message.whole);
        whole(&self.request) && whole(&self.response)
    }

    /// Last byte of the request to first byte of the response; `None` where the answer began before the request ended.
    pub fn time_to_first_byte(&self) -> Option<Span> {
        let (request, response) = (self.request.as_ref()?, self.response.as_ref()?);
        let after = response.extent.first.number > request.extent.last.number && request.done;
        let span = response.extent.first.at.since(request.extent.last.at);
        (after && span >= Span::ZERO).then_some(span)
    }

    /// Last byte of the request to last byte of the response; `None` where the answer ended before the request did, or
    /// its end was not seen.
    pub fn response_time(&self) -> Option<Span> {
        let (request, response) = (self.request.as_ref()?, self.response.as_ref()?);
        let after = response.extent.last.number > request.extent.last.number && request.done;
        let span = response.extent.last.at.since(request.extent.last.at);
        (after && response.whole && span >= Span::ZERO).then_some(span)
    }

    /// About how much memory it takes.
    pub(super) fn cost(&self) -> usize {
        let of = |message: &Option<Message>| {
            message.as_ref().map_or(0, |message| MESSAGE_COST + message.head.kept_len())
        };
        size_of::<Self>() + of(&self.request) + of(&self.response)
    }

    /// Whether it has no answer yet.
    pub(super) fn waits(&self) -> bool {
        self.response.is_none()
    }

    /// Whether nothing more of it comes.
    pub(super) fn is_done(&self) -> bool {
        let done = |message: &Option<Message>| message.as_ref().is_some_and(|message| message.done);
        (self.request.is_none() || done(&self.request)) && done(&self.response)
    }

    /// Takes the faults of its heads over, when it is complete or can never be.
    pub(super) fn settle(&mut self) {
        for message in [&self.request, &self.response].into_iter().flatten() {
            self.problems.extend(message.head.problems);
        }
        self.problems.note(Problem::NoRequest, self.request.is_none());
    }
}
