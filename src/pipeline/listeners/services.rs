//! Which protocol a flow speaks, found out from its first bytes.

use serde::{Deserialize, Serialize};

use crate::app::http::{Exchange, Sink};
use crate::app::{Application, Depth, Service, probe};
use crate::flow::{Direction, Key};
use crate::pipeline::record::{TCP, UDP};
use crate::pipeline::unheard::Unheard;
use crate::pipeline::{Heard, Listener};
use crate::tcp::stream::{Conversation, Room};
use crate::tcp::{Entry, Journal, Segment};

/// Datagrams that are looked at before a flow is given up.
const MAX_DATAGRAMS: u8 = 8;
/// Listens until it knows what is spoken, and says no rows.
#[derive(Debug, Deserialize, Serialize)]
pub struct Services {
    service: Option<Service>,
    search: Search,
}

#[derive(Debug, Deserialize, Serialize)]
enum Search {
    /// A connection in which nobody has said anything yet.
    Silence,
    Stream(Box<(Conversation, Application)>),
    Datagrams(u8),
    Over,
}

/// Takes exchanges, and lets them go.
struct Nothing;

impl Sink for Nothing {
    fn exchange(&mut self, _exchange: Exchange) {}
}

impl Services {
    /// A listener for the flow `key`, if its protocol carries others.
    pub fn of(key: &Key) -> Option<Self> {
        let search = match key.protocol() {
            TCP => Search::Silence,
            UDP => Search::Datagrams(0),
            _ => return None,
        };
        Some(Self { service: None, search })
    }

    fn on_segment(&mut self, direction: Direction, segment: &Segment, payload: &[u8], room: &mut Room) {
        let Search::Stream(stream) = &mut self.search else { return };
        let (conversation, application) = stream.as_mut();
        // Whether it is heard or not must come to the same: both streams count the segments that pass.
        if conversation.is_moot(direction, segment) {
            return;
        }
        conversation.on_segment(direction, segment, payload, room, &mut |direction, chunk| {
            application.on_chunk(direction, &chunk, &mut Nothing);
        });
        self.service = application.service();
        // Of a long transfer of something unknown, only the other side may yet tell what it is: if there is one.
        if application.has_given_up(direction) && conversation.is_acknowledged(direction) {
            conversation.abandon_side(direction, room);
        }
        if conversation.has_ended() {
            application.finish(&mut Nothing);
            self.service = application.service();
        }
        if !application.wants_more() {
            conversation.abandon(room);
            self.search = Search::Over;
        }
    }
}

impl<Row> Listener<Row> for Services {
    fn hear(&mut self, heard: &Heard<'_>, room: &mut Room, _say: &mut dyn FnMut(Row)) {
        match (&mut self.search, heard.segment) {
            (Search::Silence, Some(segment)) => {
                let Some(before) = heard.before.filter(|_| segment.payload_len > 0) else { return };
                if before.expects(heard.direction, segment)
                    && let Some(service) = Application::told_at_once(heard.payload)
                {
                    (self.service, self.search) = (Some(service), Search::Over);
                    return;
                }
                Listener::<Row>::catch_up(self, before, None, room);
                self.on_segment(heard.direction, segment, heard.payload, room);
            }
            (Search::Stream(_), Some(segment)) => {
                self.on_segment(heard.direction, segment, heard.payload, room);
            }
            (Search::Datagrams(seen), _) if heard.payload_len > 0 => {
                *seen += 1;
                self.service = probe::datagram(heard.payload);
                if self.service.is_some() || *seen >= MAX_DATAGRAMS {
                    self.search = Search::Over;
                }
            }
            _ => {}
        }
    }

    fn needs_verdicts(&self) -> bool {
        false
    }

    fn catch_up(&mut self, before: &Journal, unheard: Option<&Unheard>, room: &mut Room) {
        if !matches!(self.search, Search::Silence) {
            return;
        }
        let application = Application::new(Depth::Service);
        self.search = Search::Stream(Box::new((Conversation::trusting(), application)));
        let mut payloads = unheard.map(|unheard| unheard.payloads(before));
        for Entry { direction, segment, .. } in before.entries() {
            let payload = payloads.as_mut().and_then(Iterator::next).unwrap_or_default();
            self.on_segment(direction, &segment, payload, room);
        }
    }

    fn end(&mut self, room: &mut Room, _say: &mut dyn FnMut(Row)) {
        if let Search::Stream(stream) = &mut self.search {
            let (conversation, application) = stream.as_mut();
            conversation.finish(room, &mut |direction, chunk| {
                application.on_chunk(direction, &chunk, &mut Nothing);
            });
            application.finish(&mut Nothing);
            self.service = application.service();
        }
        self.search = Search::Over;
    }

    fn service(&self) -> Option<Service> {
        self.service
    }

    fn is_over(&self) -> bool {
        matches!(self.search, Search::Over)
    }

    fn is_quiet(&self) -> bool {
        matches!(self.search, Search::Silence)
    }

    fn is_deaf_to(&self, direction: Direction, segment: &Segment) -> bool {
        matches!(&self.search, Search::Stream(stream) if stream.0.is_moot(direction, segment))
    }

    fn pack(&self, packing: &mut [u8]) -> Option<usize> {
        if let Search::Stream(stream) = &self.search
            && stream.0.holds_bytes()
        {
            return None;
        }
        postcard::to_slice(self, packing).ok().map(|packed| packed.len())
    }

    fn unpack(&mut self, packed: &[u8]) {
        let unpacked = postcard::from_bytes(packed);
        debug_assert!(unpacked.is_ok(), "what was packed can be read");
        if let Ok(unpacked) = unpacked {
            *self = unpacked;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode::Address;
    use crate::flow::Pair;
    use crate::tcp::conversation::{Setup, parse};
    use crate::tcp::{Line, Outgrown};

    /// Plays `rounds` segments that say nothing known, with an ACK behind each where `answered`, then `last` in `direction`.
    /// Whether nobody wants to hear the segments any more, what is spoken, and how many segments need not have been heard.
    fn transfer(
        rounds: u32,
        answered: bool,
        direction: Direction,
        last: &[u8],
    ) -> (bool, Option<Service>, u32) {
        let application = Application::new(Depth::Service);
        let search = Search::Stream(Box::new((Conversation::trusting(), application)));
        let mut services = Services { service: None, search };
        let mut room = Room::default();
        let noise = [0xff; 100];
        let mut deaf = 0;
        let mut play = |line: &str, payload: &[u8]| {
            let (direction, segment) = parse(line, 1, Setup::default());
            let known = format!("{services:?}");
            let is_deaf = Listener::<()>::is_deaf_to(&services, direction, &segment);
            services.on_segment(direction, &segment, payload, &mut room);
            assert!(!is_deaf || known == format!("{services:?}"), "{line}");
            deaf += u32::from(is_deaf);
        };
        for at in (0..rounds).map(|round| 1 + round * 100) {
            play(&format!("0 > {at}:{}(100) ack 1", at + 100), &noise);
            if answered {
                play(&format!("0 < 1:1(0) ack {}", at + 100), b"");
            }
        }
        let next = 1 + rounds * 100;
        let (who, at, ack) = if direction == Direction::Forward { ('>', next, 1) } else { ('<', 1, next) };
        play(&format!("0 {who} {at}:{}({}) ack {ack}", at as usize + last.len(), last.len()), last);
        let Search::Stream(stream) = &services.search else { return (false, services.service, deaf) };
        let abandoned = stream.0.counts().forward.delivered < u64::from(rounds) * 100;
        (abandoned, services.service, deaf)
    }

    #[test]
    fn a_long_transfer_of_something_unknown_is_heard_no_more_until_the_other_side_speaks() {
        let (forward, reverse) = (Direction::Forward, Direction::Reverse);
        let heard = |(abandoned, service, deaf): (bool, Option<Service>, u32)| (abandoned, service, deaf > 0);
        assert_eq!(heard(transfer(255, true, forward, b"nothing")), (false, None, false));
        assert_eq!(heard(transfer(400, true, forward, b"nothing")), (true, None, true));
        let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
        assert_eq!(transfer(400, true, reverse, answer).1, Some(Service::Http));
        assert_eq!(heard(transfer(400, false, forward, b"nothing")), (false, None, false));
        assert_eq!(transfer(400, false, forward, answer).1, Some(Service::Http));
    }

    /// Who says what.
    type Part<'a> = (Direction, &'a [u8]);

    /// The segments of what each side says, from the SYN on if the connection was seen `opened`.
    fn dialogue(parts: &[Part<'_>], opened: bool) -> Vec<(Direction, Segment, Vec<u8>)> {
        let mut segments = Vec::new();
        if opened {
            for line in ["0 > syn 0:0(0)", "0 < syn 0:0(0) ack 1", "0 > 1:1(0) ack 1"] {
                let (direction, segment) = parse(line, 1, Setup::default());
                segments.push((direction, segment, Vec::new()));
            }
        }
        let mut next = Pair { forward: 1, reverse: 1 };
        for &(who, said) in parts {
            let (from, ack) = (next[who], next[who.reverse()]);
            next[who] += said.len();
            let sign = if who == Direction::Forward { '>' } else { '<' };
            let line = format!("0 {sign} {from}:{}({}) ack {ack}", next[who], said.len());
            let (direction, segment) = parse(&line, 1, Setup::default());
            segments.push((direction, segment, said.to_vec()));
        }
        segments
    }

    #[test]
    fn what_is_heard_at_the_end_comes_to_the_same_as_what_is_heard_at_once() {
        use Direction::{Forward as Client, Reverse as Server};
        let (key, _) = Key::new(TCP, (Address::v4([10, 0, 0, 1]), 1), (Address::v4([10, 0, 0, 2]), 2));
        let dialogues: [(&[Part<'_>], Option<Service>); 9] = [
            (&[(Client, b"nothing known")], None),
            (&[(Client, b"nothing known"), (Server, b"nor this")], None),
            (&[(Server, b"SSH-2.0-x\r\n"), (Client, b"SSH-2.0-y\r\n")], Some(Service::Ssh)),
            (&[(Server, b"220 mail\r\n"), (Client, b"EHLO a\r\n")], Some(Service::Smtp)),
            (&[(Server, b"220 files\r\n"), (Client, b"USER a\r\n")], Some(Service::Ftp)),
            (&[(Client, &[5, 1, 0]), (Server, &[5, 0])], Some(Service::Socks5)),
            (&[(Client, b"GE"), (Client, b"T / HTTP/1.1\r\nHost: a\r\n\r\n")], Some(Service::Http)),
            (&[(Client, b"PROXY TCP4 1.2.3.4 5.6.7.8 9 10\r\nSSH-2.0-x\r\n")], Some(Service::Ssh)),
            (
                &[(Client, b""), (Server, b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")],
                Some(Service::Http),
            ),
        ];
        for (parts, expected) in dialogues {
            for opened in [true, false] {
                let (mut journal, mut unheard, mut room) = (Journal::default(), None, Room::default());
                let mut live = Services::of(&key).unwrap();
                for (direction, segment, payload) in dialogue(parts, opened) {
                    let payload_len = segment.payload_len;
                    let (number, at) = (segment.number, Some(segment.at));
                    let (segment, before) = (Some(&segment), Some(&journal));
                    let heard = Heard {
                        number,
                        at,
                        direction,
                        segment,
                        before,
                        payload_len,
                        verdict: None,
                        payload: &payload,
                        frame_len: 0,
                    };
                    Listener::<()>::hear(&mut live, &heard, &mut room, &mut |()| ());
                    if !payload.is_empty() {
                        assert!(Unheard::keep(&mut unheard, journal.len(), &payload));
                    }
                    let line = Line::of(direction, segment.unwrap(), true);
                    journal.push(number, &line, segment, &mut Outgrown::default());
                }
                Listener::<()>::end(&mut live, &mut room, &mut |()| ());
                let listener: Box<dyn Listener<()>> = Box::new(Services::of(&key).unwrap());
                let later = unheard.and_then(|unheard| unheard.service(&journal, listener));
                let told = Listener::<()>::service(&live);
                assert_eq!((later, told), (expected, expected), "{parts:?} {opened}");
            }
        }
    }
}
