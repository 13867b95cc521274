//! An HTTP connection: both directions read, answers tied to their requests. RFC 9112 §9.3.

use std::collections::VecDeque;
use std::net::SocketAddr;

use super::body::{Body, Then};
use super::exchange::{Exchange, Message};
use super::extent::Extent;
use super::message::{Head, Length, Side};
use super::pairing::{Answer, Answers, Pairing};
use super::problem::Problem;
use super::reader::{Reader, Step};
use crate::tcp::Moment;

/// Answers without a request that wait for it: its bytes may be held back for a hole.
const MAX_ORPHANS: usize = 8;
/// Interim responses that are listed.
const MAX_INTERIM: usize = 16;

/// Bounds on what is kept of a connection.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// The largest head.
    pub head: usize,
    /// Requests that may wait for their answers.
    pub waiting: usize,
    /// Heads are kept whole, with all their fields.
    pub keep_heads: bool,
}

/// Heads of 64 KiB, 1024 requests waiting.
impl Default for Limits {
    fn default() -> Self {
        Self { head: 64 << 10, waiting: 1024, keep_heads: false }
    }
}

/// Who takes what is found in a connection.
pub trait Sink {
    /// Payload of a body, in order: of the message on this side of the exchange `number`.
    fn body(&mut self, _number: u64, _side: Side, _head: &Head, _bytes: &[u8]) {}

    /// An exchange of which nothing more comes.
    fn exchange(&mut self, exchange: Exchange);
}

/// A connection that speaks HTTP.
#[derive(Debug)]
pub struct Connection {
    limits: Limits,
    requests: Reader,
    responses: Reader,
    queue: VecDeque<Exchange>,
    /// What the exchanges in the queue cost.
    kept: usize,
    /// The number of the next exchange.
    next: u64,
    /// The exchange whose request is being read.
    asking: Option<u64>,
    /// The exchange whose response is being read.
    answering: Option<u64>,
    pairing: Pairing,
    /// How much the server has said, missing bytes too.
    said: u64,
    /// The latest segment with which the client said something, and how much it had acknowledged of what the server said.
    heard: Option<(u64, u64)>,
    reset: bool,
    proxied_for: Option<SocketAddr>,
}

impl Connection {
    /// A connection, from its first bytes or any later ones. `proxied_for` is what a PROXY protocol header said.
    pub fn new(limits: Limits, proxied_for: Option<SocketAddr>) -> Self {
        Self {
            limits,
            requests: Reader::new(Side::Request, limits.head, limits.keep_heads),
            responses: Reader::new(Side::Response, limits.head, limits.keep_heads),
            queue: VecDeque::new(),
            kept: 0,
            next: 1,
            asking: None,
            answering: None,
            pairing: Pairing::default(),
            said: 0,
            heard: None,
            reset: false,
            proxied_for,
        }
    }

    /// Whether it has become something else, by `CONNECT` or `Upgrade`.
    pub fn is_opaque(&self) -> bool {
        self.requests.is_opaque() && self.responses.is_opaque()
    }

    /// Whether what was taken for a message was none.
    pub fn is_lost(&self) -> bool {
        self.requests.is_lost() || self.responses.is_lost()
    }

    /// About how many bytes are kept of heads that have not come whole, and of exchanges that are not over.
    pub fn kept(&self) -> usize {
        self.kept + self.requests.kept() + self.responses.kept()
    }

    /// Keeps no more of them: heads are cut, and exchanges given as they are. Nothing is lost of what comes afterwards but
    /// which request it answers.
    pub fn relieve(&mut self, sink: &mut impl Sink) {
        for side in [Side::Request, Side::Response] {
            let step = self.reader(side).relieve();
            self.on_step(side, step, None, sink);
        }
        while let Some(exchange) = self.pop() {
            self.shed(exchange, Problem::Crowded, sink);
        }
    }

    /// Gives an exchange before it is over.
    fn shed(&mut self, mut exchange: Exchange, why: Problem, sink: &mut impl Sink) {
        if exchange.waits() {
            self.pairing.shed();
        }
        exchange.problems.insert(why);
        give(exchange, sink);
    }

    /// Takes the oldest exchange out of the queue.
    fn pop(&mut self) -> Option<Exchange> {
        self.remove(0)
    }

    fn remove(&mut self, index: usize) -> Option<Exchange> {
        let exchange = self.queue.remove(index)?;
        self.kept = self.kept.saturating_sub(exchange.cost());
        Some(exchange)
    }

    /// Whether any message was found.
    pub fn has_messages(&self) -> bool {
        self.next > 1
    }

    /// Takes bytes in.
    pub fn on_data(&mut self, side: Side, mut bytes: &[u8], moment: Moment, sink: &mut impl Sink) {
        while !bytes.is_empty() {
            let (taken, step) = self.reader(side).read(bytes, moment);
            self.said += if side == Side::Response { taken as u64 } else { 0 };
            self.on_step(side, step, Some(moment), sink);
            bytes = bytes.get(taken..).unwrap_or_default();
        }
    }

    /// Passes over `len` bytes that are missing.
    pub fn on_gap(&mut self, side: Side, len: u64, sink: &mut impl Sink) {
        let (skipped, mut step) = self.reader(side).skip(len);
        if let Step::CutHead(head, _) = &mut step {
            head.problems.insert(Problem::Gap);
        } else if let Some(exchange) = self.open(side) {
            exchange.problems.insert(Problem::Gap);
            if let Some(message) = exchange.message(side) {
                message.body_len += skipped;
            }
        }
        self.on_step(side, step, None, sink);
        self.said += if side == Side::Response { len } else { 0 };
        if self.reader(side).is_lost() {
            let waiting = self.queue.iter().filter(|exchange| exchange.waits()).count();
            self.pairing.on_hole(side, waiting as u64);
        }
        self.settle(sink);
    }

    /// The client speaks next, in segment `number`, and has acknowledged `ahead` bytes beyond all that the server said.
    pub fn on_heard(&mut self, number: u64, ahead: u64) {
        self.heard = Some((number, self.said + ahead));
    }

    /// One side has closed in order.
    pub fn on_fin(&mut self, side: Side, sink: &mut impl Sink) {
        self.close(side, true, sink);
    }

    /// A RST was seen.
    pub fn on_reset(&mut self) {
        self.reset = true;
    }

    /// Nothing more comes: all that is open ends.
    pub fn finish(&mut self, sink: &mut impl Sink) {
        self.close(Side::Request, false, sink);
        self.close(Side::Response, false, sink);
        while let Some(mut exchange) = self.pop() {
            let first = exchange.request.as_ref().map(|request| request.extent.first.number);
            let unsure = exchange.waits() && first.is_some_and(|first| self.pairing.is_unsure(first));
            exchange.problems.note(Problem::Gap, unsure);
            give(exchange, sink);
        }
    }

    fn close(&mut self, side: Side, closed: bool, sink: &mut impl Sink) {
        let why = match (closed, self.reset) {
            (true, _) => Some(Problem::ClosedEarly),
            (false, true) => Some(Problem::Reset),
            (false, false) => None,
        };
        let mut step = self.reader(side).close(closed);
        if let (Step::CutHead(head, _), Some(why)) = (&mut step, why) {
            head.problems.insert(why);
        }
        self.on_step(side, step, None, sink);
        if self
            .open(side)
            .is_some_and(|exchange| exchange.message(side).is_some_and(|message| message.head.is_cut()))
        {
            self.pay(side);
        } else {
            if let (Some(exchange), Some(why)) = (self.open(side), why) {
                exchange.problems.insert(why);
            }
            self.end(side, false);
        }
        self.settle(sink);
    }

    fn on_step(&mut self, side: Side, step: Step<'_>, moment: Option<Moment>, sink: &mut impl Sink) {
        match step {
            Step::Nothing => return,
            Step::Head(head, extent) => self.on_head(side, head, extent, true, sink),
            Step::CutHead(head, extent) => self.on_head(side, head, extent, false, sink),
            Step::Payload(bytes, then) => {
                if let Some(exchange) = self.open(side) {
                    let number = exchange.number;
                    exchange.problems.note(Problem::BadChunk, then == Then::Broken && moment.is_some());
                    if let Some(message) = exchange.message(side) {
                        message.body_len += bytes.len() as u64;
                        if let Some(moment) = moment {
                            message.extent.see(moment);
                        }
                        if !bytes.is_empty() {
                            sink.body(number, side, &message.head, bytes);
                        }
                    }
                }
                if then == Then::More {
                    return;
                }
                self.end(side, then == Then::Ended);
            }
        }
        self.settle(sink);
    }

    fn on_head(&mut self, side: Side, head: Box<Head>, extent: Extent, whole: bool, sink: &mut impl Sink) {
        self.pay(side);
        match side {
            Side::Request => self.on_request(head, extent, whole, sink),
            Side::Response => self.on_response(head, extent, whole, sink),
        }
    }

    fn on_request(&mut self, head: Box<Head>, extent: Extent, whole: bool, sink: &mut impl Sink) {
        self.flush_orphans(extent.first.number, sink);
        let latest = self.queue.back().and_then(|exchange| exchange.request.as_ref());
        self.pairing.on_request(latest.map(|latest| latest.extent.last.number), extent.first.number);
        let body = match head.length {
            Length::Unsaid | Length::Bytes(0) => None,
            Length::Bytes(len) => Some(Body::Length(len)),
            Length::Chunked => Some(Body::Chunked(Default::default())),
            // RFC 9112 §6.3: a request whose length cannot be told has to be refused.
            Length::UntilClose => {
                self.requests.lose();
                None
            }
        };
        let other_protocol = matches!(head.version(), Some((2.., _)));
        let heard = self.heard.filter(|(number, _)| *number == extent.first.number).map(|(_, heard)| heard);
        let message = Message::new(head, extent);
        // Answers without a request stand before all requests that wait.
        let number = match self
            .queue
            .iter_mut()
            .take_while(|exchange| exchange.response.is_some())
            .find(|exchange| exchange.request.is_none())
            .filter(|_| self.pairing.is_certain())
        {
            Some(orphan) => {
                let before = orphan.cost();
                orphan.request = Some(message);
                self.kept += orphan.cost() - before;
                orphan.number
            }
            None => self.begin(|exchange| (exchange.request, exchange.heard) = (Some(message), heard)),
        };
        self.asking = Some(number);
        match body {
            Some(body) if whole => self.requests.expect_body(body),
            Some(_) => {}
            None => self.end(Side::Request, whole),
        }
        if other_protocol {
            self.expect_nothing();
        }
        if self.queue.len() > self.limits.waiting
            && let Some(oldest) = self.pop()
        {
            self.shed(oldest, Problem::TooManyWaiting, sink);
        }
    }

    fn on_response(&mut self, head: Box<Head>, extent: Extent, whole: bool, sink: &mut impl Sink) {
        let status = head.status().unwrap_or_default();
        if (100..200).contains(&status) && status != 101 {
            if let Answers::At(index) = self.pairing.interim(&self.queue)
                && let Some(exchange) = self.queue.get_mut(index)
                && exchange.interim.len() < MAX_INTERIM
            {
                exchange.interim.push(status);
            }
            return;
        }
        let answer = Answer { segment: extent.first.number, begin: self.said.saturating_sub(head.len) };
        let index = self.answered_by(answer, sink);
        let request = index.and_then(|index| self.queue.get(index)?.request.as_ref());
        let method = request.and_then(|request| request.head.method()).unwrap_or_default();
        let follows = follows(status, method, head.length);
        let message = Message::new(head, extent);
        let number = match index.and_then(|index| self.queue.get_mut(index)) {
            Some(exchange) => {
                let before = exchange.cost();
                exchange.response = Some(message);
                self.kept += exchange.cost() - before;
                exchange.number
            }
            None => self.orphan(message),
        };
        self.answering = Some(number);
        match follows {
            Follows::Body(_) if !whole => {}
            Follows::Nothing if !whole => self.end(Side::Response, false),
            Follows::Body(body) => self.responses.expect_body(body),
            Follows::Nothing => self.end(Side::Response, true),
            Follows::Other => {
                self.end(Side::Response, true);
                self.expect_nothing();
            }
        }
    }

    /// The place in the queue of the request that a response answers. Earlier ones have lost theirs, and are given.
    fn answered_by(&mut self, answer: Answer, sink: &mut impl Sink) -> Option<usize> {
        let Answers::At(index) = self.pairing.answers(&self.queue, answer) else { return None };
        let first = self.queue.iter().position(Exchange::waits)?;
        for _ in first..index {
            if let Some(mut exchange) = self.remove(first) {
                exchange.problems.insert(Problem::Gap);
                give(exchange, sink);
            }
        }
        Some(first)
    }

    /// A response without a request; its place is before all that wait.
    fn orphan(&mut self, message: Message) -> u64 {
        let place = self.queue.iter().position(Exchange::waits);
        let mut exchange = Exchange::new(self.next);
        self.next += 1;
        exchange.response = Some(message);
        let number = exchange.number;
        self.kept += exchange.cost();
        self.queue.insert(place.unwrap_or(self.queue.len()), exchange);
        number
    }

    fn begin(&mut self, fill: impl FnOnce(&mut Exchange)) -> u64 {
        let mut exchange = Exchange::new(self.next);
        self.next += 1;
        exchange.proxied_for = self.proxied_for;
        fill(&mut exchange);
        let number = exchange.number;
        self.kept += exchange.cost();
        self.queue.push_back(exchange);
        number
    }

    /// Gives the answers without request that came before the segment `request`: it is not theirs.
    fn flush_orphans(&mut self, request: u64, sink: &mut impl Sink) {
        let is_older = |exchange: &Exchange| {
            let first = exchange.response.as_ref().map(|response| response.extent.first.number);
            exchange.request.is_none() && first.is_none_or(|first| first < request)
        };
        while let Some(index) =
            self.queue.iter().take_while(|exchange| exchange.response.is_some()).position(is_older)
        {
            if let Some(exchange) = self.remove(index) {
                self.answering = self.answering.filter(|&number| number != exchange.number);
                give(exchange, sink);
            }
        }
    }

    /// What follows the exchange is another protocol.
    fn expect_nothing(&mut self) {
        self.requests.expect_nothing();
        self.responses.expect_nothing();
    }

    /// Ends a message of which the end of the head is missing: what passed since is its body, as far as its length is known.
    fn pay(&mut self, side: Side) {
        let passed = self.reader(side).passed();
        let Some(message) = self.open(side).and_then(|exchange| exchange.message(side)) else { return };
        let Length::Bytes(len) = message.head.length else { return self.end(side, false) };
        message.body_len = len.min(passed);
        let whole = passed >= len;
        self.end(side, whole);
    }

    fn end(&mut self, side: Side, whole: bool) {
        if let Some(message) = self.open(side).and_then(|exchange| exchange.message(side)) {
            message.end(whole);
        }
        match side {
            Side::Request => self.asking = None,
            Side::Response => self.answering = None,
        }
    }

    /// Gives what is done, in order.
    fn settle(&mut self, sink: &mut impl Sink) {
        let orphans = self.queue.iter().take(MAX_ORPHANS + 1);
        let many = orphans.filter(|exchange| exchange.request.is_none()).count() > MAX_ORPHANS;
        let mut give_orphan = many;
        while let Some(front) = self.queue.front() {
            let orphan = front.request.is_none();
            if !front.is_done() || orphan && !give_orphan {
                break;
            }
            give_orphan &= !orphan;
            if let Some(exchange) = self.pop() {
                give(exchange, sink);
            }
        }
    }

    fn reader(&mut self, side: Side) -> &mut Reader {
        match side {
            Side::Request => &mut self.requests,
            Side::Response => &mut self.responses,
        }
    }

    /// The exchange whose message is being read on a side.
    fn open(&mut self, side: Side) -> Option<&mut Exchange> {
        match side {
            Side::Request => {
                let number = self.asking?;
                self.queue.iter_mut().rev().find(|exchange| exchange.number == number)
            }
            Side::Response => {
                let number = self.answering?;
                self.queue.iter_mut().find(|exchange| exchange.number == number)
            }
        }
    }
}

enum Follows {
    Nothing,
    Body(Body),
    /// Another protocol.
    Other,
}

/// What follows the head of a response. RFC 9112 §6.3
fn follows(status: u16, method: &[u8], length: Length) -> Follows {
    match (status, length) {
        (101, _) => Follows::Other,
        (200..300, _) if method == b"CONNECT" => Follows::Other,
        (204 | 304, _) => Follows::Nothing,
        _ if method == b"HEAD" => Follows::Nothing,
        (_, Length::Bytes(0)) => Follows::Nothing,
        (_, Length::Bytes(len)) => Follows::Body(Body::Length(len)),
        (_, Length::Chunked) => Follows::Body(Body::Chunked(Default::default())),
        (_, Length::Unsaid | Length::UntilClose) => Follows::Body(Body::UntilClose),
    }
}

fn give(mut exchange: Exchange, sink: &mut impl Sink) {
    exchange.settle();
    sink.exchange(exchange);
}

#[cfg(test)]
mod tests;
