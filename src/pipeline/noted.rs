//! A TCP connection of which nothing is kept but its segments, written down: nearly all short ones are so to their end.
//!
//! It stands in the entry of its endpoints itself, so that a segment finds it without another way through memory. What it
//! has no room for makes a flow of it: see [`Open::of_noted`](super::flow::Open::of_noted).

use super::ended::Identity;
use super::flow::Head;
use super::listener::Listener;
use super::opened::Opened;
use super::record::{Kind, Path, Record};
use super::rows::FlowRow;
use super::unheard::Unheard;
use super::young::{Replayed, Young};
use crate::app::{Application, Service};
use crate::flow::{Direction, Pair};
use crate::tcp::{Flags, Journal, Outgrown};
use crate::time::Timestamp;

/// A connection that is written down.
#[derive(Debug, Default)]
pub(super) struct Noted {
    /// Its segments.
    pub young: Young,
    /// VLANs and tunnels that it passed.
    pub path: Option<Box<Path>>,
    /// What it speaks, as far as that is known.
    pub service: Option<Service>,
    /// Something will listen to it from the first payload on.
    pub quiet: bool,
    /// Payload that it has still to listen to.
    pub unheard: Option<Unheard>,
}

/// What the packets of a flow show of it, whatever they hold.
#[derive(Clone, Copy, Debug)]
pub(super) struct Seen {
    /// The number of its first frame.
    pub first_packet: u64,
    /// Who sent it.
    pub first_sender: Direction,
    /// The least time of its packets.
    pub start: Option<Timestamp>,
    /// The greatest time of its packets.
    pub end: Option<Timestamp>,
    /// Some clock ticked finer than a microsecond.
    pub fine_clock: bool,
}

/// The sides of a flow that sent a FIN or RST.
pub(super) type Fins = Pair<bool>;

impl Noted {
    /// One of which nothing was seen yet. If it is `quiet`, something will listen to it from the first payload on.
    pub fn new(quiet: bool) -> Self {
        Self { quiet, ..Self::default() }
    }

    /// Writes a usual segment down, as most are. Whether it was: if not, [`Self::takes`] may.
    #[inline(always)]
    pub fn takes_usual(&mut self, record: &Record) -> bool {
        let Some(line) = record.usual_line() else { return false };
        // As long as there is room, it is not full either.
        !self.awaits(record) && self.young.push_at_once(record.number, line)
    }

    /// Whether `record` has payload, for which something waits that will listen.
    #[inline(always)]
    pub fn awaits(&self, record: &Record) -> bool {
        self.quiet && record.payload_len() > 0
    }

    /// Writes a segment down, if nothing else has to be done with it. Whether it was. If `all` that is asked of its bytes is what
    /// it speaks, its first payload may tell that at once, and a little payload can be heard later.
    #[inline(never)]
    pub fn takes(&mut self, record: &Record, opened: &Opened, all: bool, outgrown: &mut Outgrown) -> bool {
        let fits = !self.young.is_full() && (record.path == 0 || self.path.is_some());
        if record.kind != Kind::Segment
            || !fits
            || (record.is_syn() && !self.takes_syn(record))
            || (self.awaits(record)
                && !(all && (self.is_told_by(record, opened) || self.keeps(record, opened))))
        {
            return false;
        }
        let clock = record.at().or_else(|| self.seen()?.end).unwrap_or_default();
        let more = (!record.is_line()).then(|| record.segment(clock, &opened.beside));
        match record.timed_line() {
            Some(line) => self.young.push(record.number, line, more.as_ref(), outgrown),
            None => self.young.push(record.number, &record.line(clock), more.as_ref(), outgrown),
        }
        true
    }

    /// Whether a SYN neither begins another connection nor has what was written down analysed.
    fn takes_syn(&self, record: &Record) -> bool {
        match self.journal().opened_by() {
            Some((opener, seq)) if opener == record.direction() => seq == record.seq(),
            Some(_) => record.has_ack(),
            None => self.journal().is_empty() || record.has_ack(),
        }
    }

    /// Whether the payload of `record` is the first of the connection, and tells what it speaks.
    #[inline(never)]
    fn is_told_by(&mut self, record: &Record, opened: &Opened) -> bool {
        let segment = record.segment(Timestamp::default(), &opened.beside);
        if self.unheard.is_none() && self.journal().expects(record.direction(), &segment) {
            self.service = Application::told_at_once(opened.payload(&record.payload()));
            self.quiet = self.service.is_none();
        }
        !self.quiet
    }

    /// Keeps the payload of `record`, which is written down next, to be heard later, if there is room. Whether there is.
    fn keeps(&mut self, record: &Record, opened: &Opened) -> bool {
        let (place, payload) = (self.journal().len(), opened.payload(&record.payload()));
        Unheard::keep(&mut self.unheard, place, payload)
    }

    /// Nothing will listen to it.
    pub fn ignore(&mut self) {
        (self.quiet, self.unheard) = (false, None);
    }

    fn journal(&self) -> &Journal {
        self.young.journal()
    }

    /// What its packets show; `None` where there is none.
    pub fn seen(&self) -> Option<Seen> {
        let first = self.journal().told().next()?;
        let (first_packet, first_sender) = (first.number(), first.line.direction());
        let (mut fine_clock, mut least, mut greatest) = (false, Timestamp::MAX, Timestamp::MIN);
        for told in self.journal().told() {
            fine_clock |= told.line.has_fine_clock();
            if let Some(at) = told.line.at() {
                (least, greatest) = (least.min(at), greatest.max(at));
            }
        }
        let timed = least <= greatest;
        let (start, end) = (timed.then_some(least), timed.then_some(greatest));
        Some(Seen { first_packet, first_sender, start, end, fine_clock })
    }

    /// The sides that closed it, and when it closed.
    pub fn closed(&self) -> (Fins, Option<Timestamp>) {
        let (mut fins, mut closed) = (Fins::default(), None);
        for told in self.journal().told() {
            on_flags(&mut fins, &mut closed, told.line.direction(), told.line.flags(), told.line.at);
        }
        (fins, closed)
    }

    /// What is asked of every flow now and then.
    pub fn head(&self) -> Option<Head> {
        Some(self.head_of(&self.seen()?, self.closed().1))
    }

    /// The same, where it is known what was `seen` of it and when it `closed`.
    pub fn head_of(&self, seen: &Seen, closed: Option<Timestamp>) -> Head {
        let Seen { first_packet, end, .. } = *seen;
        let last_packet = self.journal().told().last().map_or(first_packet, |told| told.number());
        Head { first_packet, last_packet, closed, end }
    }

    /// Its row. If there is something to listen to, `listener` does.
    pub fn row<Row>(
        &self,
        identity: &Identity,
        listener: impl FnOnce() -> Option<Box<dyn Listener<Row>>>,
        samples: bool,
        replayed: &mut Replayed,
    ) -> Option<FlowRow> {
        let seen = self.seen()?;
        self.young.replay_whole(replayed);
        let Replayed { connection, counted, .. } = replayed;
        let heard = || self.unheard.as_ref()?.service(self.journal(), listener()?);
        let service = self.service.or_else(heard);
        Some(identity.row_of(&seen, self.path.as_deref(), service, Some(connection), counted, samples))
    }
}

/// A flow has a segment with `flags`. It closes with a RST, or with the second FIN.
#[inline]
pub(super) fn on_flags(
    fins: &mut Fins,
    closed: &mut Option<Timestamp>,
    direction: Direction,
    flags: Flags,
    at: Timestamp,
) {
    if !flags.intersects(Flags::CLOSING) {
        return;
    }
    fins[direction] = true;
    if closed.is_none() && (flags.contains(Flags::RST) || fins[direction.reverse()]) {
        *closed = Some(at);
    }
}

#[cfg(test)]
mod tests {
    use super::super::flow::Open;
    use super::*;
    use crate::tcp::Line;
    use crate::tcp::conversation::{Setup, parse};

    /// What is written down of a script, whose lines are packets from 7 on; those that say `timeless` have no time.
    fn noted(script: &str) -> Noted {
        let mut noted = Noted::new(false);
        for (number, line) in (7..).zip(script.lines()) {
            let (line, timed) = match line.strip_suffix(" timeless") {
                Some(line) => (line, false),
                None => (line, true),
            };
            let (direction, segment) = parse(line, number, Setup::default());
            let line = Line::of(direction, &segment, timed);
            noted.young.push(number, &line, Some(&segment), &mut Outgrown::default());
        }
        noted
    }

    #[test]
    fn what_was_written_down_shows_when_a_flow_began_closed_and_ended() {
        let noted = noted(
            "5 < 1:11(10) ack 1\n3 > fin 1:1(0) ack 11\n9 > 2:2(0) ack 11 timeless\n8 < fin 11:11(0) ack 2\n6 > rst 2:2(0) ack 12",
        );
        let at = |seconds: i64| Some(Timestamp::from_nanos((1000 + seconds) * 1_000_000_000));
        let seen = noted.seen().unwrap();
        assert_eq!((seen.first_packet, seen.first_sender, seen.fine_clock), (7, Direction::Reverse, false));
        assert_eq!((seen.start, seen.end), (at(3), at(8)));
        let (fins, closed) = noted.closed();
        assert_eq!((fins, closed), (Fins { forward: true, reverse: true }, at(8)));
        let Head { first_packet, last_packet, closed, end } = noted.head().unwrap();
        assert_eq!((first_packet, last_packet, closed, end), (7, 11, at(8), at(8)));
        assert!(Noted::new(true).seen().is_none() && Noted::new(true).head().is_none());
    }

    #[test]
    fn a_flow_of_more_is_made_of_it_and_it_of_the_flow_again() {
        let mut noted = noted("5 < 1:11(10) ack 1\n6 > 1:1(0) ack 11");
        (noted.service, noted.path) = (Some(Service::Http), Some(Box::default()));
        let told = |noted: &Noted| noted.young.journal().told().map(|told| told.number()).collect::<Vec<_>>();
        let before = told(&noted);
        let mut open = Open::<()>::of_noted(noted).unwrap();
        let again = open.take_noted().unwrap();
        assert_eq!((told(&again), again.service, again.quiet), (before, Some(Service::Http), false));
        assert!(again.path.is_some());
        let mut quoted = Open::<()>::of_noted(again).unwrap();
        quoted.on_icmp_error(crate::decode::IcmpError { v6: false, kind: 3, code: 1 });
        assert!(quoted.take_noted().is_none());
    }
}
