//! What listens to the bytes of a flow, and the rows it makes of them.

use super::unheard::Unheard;
use crate::app::Service;
use crate::flow::{Direction, Key};
use crate::tcp::stream::Room;
use crate::tcp::{Journal, Segment, Verdict};
use crate::time::{Span, Timestamp};

/// One packet of a flow, with its payload.
#[derive(Clone, Copy, Debug)]
pub struct Heard<'a> {
    /// The frame's number.
    pub number: u64,
    /// When it was captured; `None` where the record has no time.
    pub at: Option<Timestamp>,
    /// Who sent it.
    pub direction: Direction,
    /// The TCP segment.
    pub segment: Option<&'a Segment>,
    /// What it is, unless that is found out later: see [`Listener::needs_verdicts`].
    pub verdict: Option<&'a Verdict>,
    /// The segments before it, where what they are is found out later.
    pub before: Option<&'a Journal>,
    /// The payload captured.
    pub payload: &'a [u8],
    /// The frame's length on the wire.
    pub frame_len: u32,
    /// The payload's length on the wire.
    pub payload_len: u32,
}

/// Something that listens to one flow, in file order, and says rows.
pub trait Listener<Row>: Send + Sync {
    /// Hears a packet. A row that it says now is ordered by this packet's number. What comes out of order is held in `room`,
    /// which it shares with other flows.
    fn hear(&mut self, heard: &Heard<'_>, room: &mut Room, say: &mut dyn FnMut(Row));

    /// The flow has ended. Rows that are said now come after all others, in order of their flow.
    fn end(&mut self, room: &mut Room, say: &mut dyn FnMut(Row));

    /// Whether it keeps something to say, which it says when it is [asked](Self::flush): at the latest when the frames are
    /// over that are analysed at a time, however many these are.
    fn has_more(&self) -> bool {
        false
    }

    /// Says what it keeps to say.
    fn flush(&mut self, _say: &mut dyn FnMut(Row)) {}

    /// Whether it has to know what every segment is when it hears it. Otherwise young connections are written down, to be
    /// analysed at their end; and for each row that it says, since the row tells who the client is: so one that says many
    /// rows a flow does better with verdicts, too.
    fn needs_verdicts(&self) -> bool {
        true
    }

    /// Whether it matters to its rows who the client is and how long the handshake took, which is only known of a young
    /// connection once its opening was analysed. Where it does not, who sent first is taken for the client.
    fn asks_for_opening(&self) -> bool {
        true
    }

    /// What is written down of a connection will not be given any more as what was [before](Heard::before): the listener
    /// takes from it what it needs. It hears at the same time what payload of it is still `unheard`: all that was said so far, and
    /// only if it [is quiet](Self::is_quiet).
    fn catch_up(&mut self, _before: &Journal, _unheard: Option<&Unheard>, _room: &mut Room) {}

    /// The application protocol that the bytes showed so far.
    fn service(&self) -> Option<Service> {
        None
    }

    /// It needs to hear no more, and says nothing at the end: it is let go.
    fn is_over(&self) -> bool {
        false
    }

    /// It remembers nothing yet, and needs to hear nothing before there is payload: another one is as good. Only where it
    /// takes what was [before](Heard::before).
    fn is_quiet(&self) -> bool {
        false
    }

    /// Whether it would learn nothing from a segment, nor say anything: nothing changes if it does not hear it.
    fn is_deaf_to(&self, _direction: Direction, _segment: &Segment) -> bool {
        false
    }

    /// Puts what it remembers into `packing`, and says how long that is, so that the listener can be let go until the flow
    /// has another packet. Only for one that holds nothing out of order and says no rows at the end, and where it fits.
    fn pack(&self, _packing: &mut [u8]) -> Option<usize> {
        None
    }

    /// Takes up what one like it has packed.
    fn unpack(&mut self, _packed: &[u8]) {}
}

/// A row, and whose it is.
#[derive(Clone, Debug)]
pub struct Spoken<Row> {
    /// The flow's number.
    pub flow: u64,
    /// The stream's number.
    pub stream: Option<u64>,
    /// The flow.
    pub speaker: Speaker,
    /// What was said.
    pub row: Row,
}

/// The flow behind a row, as far as it was known when the row was said.
#[derive(Clone, Copy, Debug)]
pub struct Speaker {
    /// Endpoints and protocol.
    pub key: Key,
    /// The direction in which the client sends.
    pub client: Direction,
    /// `client` is a guess.
    pub client_inferred: bool,
    /// When the flow began.
    pub start: Option<Timestamp>,
    /// Some clock ticked finer than a microsecond.
    pub fine_clock: bool,
    /// How long the TCP handshake took, where that is without a doubt.
    pub connect: Option<Span>,
}
