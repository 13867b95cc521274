//! Payload that nothing has listened to yet.
//!
//! What many connections say first tells nothing by itself, and the next word may be long in coming. Something that listens takes
//! kilobytes until then; the few bytes said do not. It can hear them later, and comes to the same.

use arrayvec::ArrayVec;
use serde::{Deserialize, Serialize};

use super::listener::Listener;
use crate::app::Service;
use crate::tcp::Journal;
use crate::tcp::stream::Room;

/// Bytes that are kept of a connection, with two for each segment that has some.
const MOST: usize = 252;

/// The payload of segments that were written down, in their order: of each its place in the journal, its length, and its bytes.
#[derive(Debug, Default, Deserialize, Serialize)]
pub struct Unheard(Box<ArrayVec<u8, MOST>>);

impl Unheard {
    /// Keeps the payload of the segment that is written down at `place` in `unheard`, if there is room. Whether there is.
    pub(super) fn keep(unheard: &mut Option<Self>, place: usize, payload: &[u8]) -> bool {
        let (Ok(place), Ok(len)) = (u8::try_from(place), u8::try_from(payload.len())) else { return false };
        let room = unheard.as_ref().map_or(MOST, |unheard| unheard.0.remaining_capacity());
        if room < 2 + payload.len() {
            return false;
        }
        let Self(bytes) = unheard.get_or_insert_default();
        bytes.extend([place, len]);
        bytes.extend(payload.iter().copied());
        true
    }

    /// Every segment of `journal`, to which it belongs, has its payload, or none that was captured.
    pub(super) fn payloads<'a>(&'a self, journal: &Journal) -> impl Iterator<Item = &'a [u8]> {
        let mut rest = self.0.as_slice();
        (0..journal.len()).map(move |place| match rest {
            [first, len, bytes @ ..] if usize::from(*first) == place => {
                let (payload, others) = bytes.split_at_checked(usize::from(*len)).unwrap_or_default();
                rest = others;
                payload
            }
            _ => &[],
        })
    }

    /// What it says of the connection of `journal` to a listener that has heard nothing of it.
    pub(super) fn service<Row>(
        &self,
        journal: &Journal,
        mut listener: Box<dyn Listener<Row>>,
    ) -> Option<Service> {
        let mut room = Room::default();
        listener.catch_up(journal, Some(self), &mut room);
        listener.end(&mut room, &mut |_| ());
        listener.service()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flow::Direction;
    use crate::tcp::conversation::{Setup, parse};
    use crate::tcp::{Line, Outgrown};

    #[test]
    fn payload_is_kept_with_its_segment_while_there_is_room() {
        let mut journal = Journal::default();
        for number in 1..=5 {
            let (_, segment) = parse("0 > 1:11(10) ack 1", number, Setup::default());
            let line = Line::of(Direction::Forward, &segment, true);
            journal.push(number, &line, None, &mut Outgrown::default());
        }
        let mut kept = None;
        let mut keep = |place, payload: &[u8]| Unheard::keep(&mut kept, place, payload);
        assert!(keep(1, b"one") && keep(3, b"") && keep(4, &[7; 240]));
        assert!(!keep(4, &[7; 2]) && keep(4, b"1"));
        let expected: [&[u8]; 5] = [b"", b"one", b"", b"", &[7; 240]];
        assert!(kept.unwrap().payloads(&journal).eq(expected));
        let mut none = None;
        assert!(!Unheard::keep(&mut none, 0, &[7; 251]) && !Unheard::keep(&mut none, 256, b""));
        assert!(none.is_none());
        assert!(Unheard::keep(&mut none, 0, &[7; 250]) && none.is_some());
    }
}
