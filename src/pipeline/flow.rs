//! What is kept of one flow while it is open, and the row it becomes.

mod usual;

use serde::{Deserialize, Serialize};

use super::counted::Counted;
use super::ended::Identity;
use super::listener::{Heard, Listener, Speaker};
use super::noted::{Fins, Noted, Seen, on_flags};
use super::opened::Opened;
use super::record::{Kind, Path, Record, TCP};
use super::responses::is_news;
use super::rows::FlowRow;
use super::settings::Lifetime;
use super::shared::Shared;
use super::unheard::Unheard;
use super::young::{Replayed, Young};
use crate::app::Service;
use crate::decode::IcmpError;
use crate::flow::{Direction, Key, guess_client};
use crate::tcp::stream::Room;
use crate::tcp::{self, Verdict};
use crate::time::Timestamp;

/// What is asked of every flow now and then. It stands first in a flow, so that it can be read alone.
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
pub(super) struct Head {
    /// The number of its first frame.
    pub first_packet: u64,
    /// The number of its latest frame.
    pub last_packet: u64,
    /// When it closed, if it did.
    pub closed: Option<Timestamp>,
    /// The latest time of its packets.
    pub end: Option<Timestamp>,
}

impl Head {
    /// When the flow ends by time.
    pub fn deadline(&self, lifetime: &Lifetime) -> Option<Timestamp> {
        self.end.map(|latest| lifetime.deadline(latest, self.closed))
    }
}

/// What is kept of a flow's TCP.
#[derive(Deserialize, Serialize)]
enum Tcp {
    /// Its segments, to be counted and analysed later.
    Young(Young),
    /// What the analysis remembers.
    Analysed(Box<tcp::Connection>),
}

/// What listens to a flow.
#[derive(Deserialize, Serialize)]
#[serde(bound = "")]
enum Ear<Row> {
    /// Nothing, or nothing any more.
    None,
    /// Something that needs to hear nothing before there is payload, but for what it has not heard yet.
    Quiet(Option<Unheard>),
    /// Something that was let go until the next packet: what it remembers.
    Packed(Box<[u8]>),
    /// This. It stands last: what is written of the others is their place, which is read without those that are skipped.
    #[serde(skip)]
    Awake(Box<dyn Listener<Row>>),
}

/// An open flow.
#[derive(Deserialize, Serialize)]
#[serde(bound = "")]
pub(super) struct Open<Row> {
    head: Head,
    fins: Fins,
    first_sender: Direction,
    start: Option<Timestamp>,
    fine_clock: bool,
    path: Option<Box<Path>>,
    icmp: Option<(u32, IcmpError)>,
    /// Its packets; `None` while they are written down.
    counted: Option<Box<Counted>>,
    tcp: Option<Tcp>,
    service: Option<Service>,
    ear: Ear<Row>,
    /// Whether it is among those of its shard that are awake and may be put aside.
    #[serde(skip)]
    pub listed: bool,
}

impl<Row> Open<Row> {
    /// A flow that begins with the packet `number`, sent in `direction`. With `notes`, it says of every packet what it is.
    pub fn new(
        key: &Key,
        number: u64,
        direction: Direction,
        notes: bool,
        listener: Option<Box<dyn Listener<Row>>>,
    ) -> Self {
        let at_once = notes || listener.as_ref().is_some_and(|listener| listener.needs_verdicts());
        let mut open = Self {
            head: Head { first_packet: number, last_packet: number, closed: None, end: None },
            fins: Fins::default(),
            first_sender: direction,
            start: None,
            fine_clock: false,
            path: None,
            icmp: None,
            counted: None,
            tcp: (key.protocol() == TCP).then(|| Tcp::Young(Young::default())),
            service: None,
            ear: listener.map_or(Ear::None, Ear::Awake),
            listed: false,
        };
        if at_once {
            open.analyse(&mut Room::default());
        }
        open
    }

    /// A connection that was written down, of which more is to be kept.
    pub fn of_noted(noted: Noted) -> Option<Self> {
        let (seen, (fins, closed)) = (noted.seen()?, noted.closed());
        let head = noted.head_of(&seen, closed);
        let Noted { young, path, service, quiet, unheard } = noted;
        Some(Self {
            head,
            fins,
            first_sender: seen.first_sender,
            start: seen.start,
            fine_clock: seen.fine_clock,
            path,
            icmp: None,
            counted: None,
            tcp: Some(Tcp::Young(young)),
            service,
            ear: if quiet { Ear::Quiet(unheard) } else { Ear::None },
            listed: false,
        })
    }

    /// The connection, if there is nothing to keep of it but what was written down. It is taken out of the flow, which is not to
    /// be used any more.
    pub fn take_noted(&mut self) -> Option<Noted> {
        let Some(Tcp::Young(young)) =
            self.tcp.as_mut().filter(|_| self.counted.is_none() && self.icmp.is_none())
        else {
            return None;
        };
        let (quiet, unheard) = match &mut self.ear {
            Ear::None => (false, None),
            Ear::Quiet(unheard) => (true, unheard.take()),
            Ear::Packed(_) | Ear::Awake(_) => return None,
        };
        let young = std::mem::take(young);
        Some(Noted { young, path: self.path.take(), service: self.service, quiet, unheard })
    }

    /// Whether a segment begins a new connection on the same addresses and ports.
    pub fn is_reused_by(&mut self, direction: Direction, segment: &tcp::Segment, room: &mut Room) -> bool {
        if let Some(Tcp::Young(young)) = &self.tcp {
            if let Some(reused) = young.is_reused_by(direction, segment) {
                return reused;
            }
            self.analyse(room);
        }
        match &self.tcp {
            Some(Tcp::Analysed(tcp)) => tcp.is_reused_by(direction, segment),
            _ => false,
        }
    }

    /// What was written down of it is analysed, and from now on every segment at once.
    fn analyse(&mut self, room: &mut Room) {
        let Some(Tcp::Young(young)) = &self.tcp else { return };
        if let Ear::Awake(listener) = &mut self.ear {
            listener.catch_up(young.journal(), None, room);
        }
        let Replayed { connection, counted, .. } = young.replay();
        self.counted.get_or_insert_with(|| Box::new(counted));
        self.tcp = Some(Tcp::Analysed(Box::new(connection)));
    }

    /// Whether little is kept of it, so that it need not be put aside.
    pub fn is_light(&self) -> bool {
        let analysed = matches!(self.tcp, Some(Tcp::Analysed(_)));
        !analysed && !matches!(self.ear, Ear::Awake(_))
    }

    /// Lets go of its listener, by way of `packing`, until it has another packet. Whether it has none now.
    pub fn pack_listener(&mut self, packing: &mut [u8]) -> bool {
        let Ear::Awake(listener) = &self.ear else { return true };
        let packed = listener.pack(packing).and_then(|len| packing.get(..len));
        packed.is_some_and(|packed| {
            self.ear = Ear::Packed(packed.into());
            true
        })
    }

    /// Before one of its packets: if its listener was let go, `listener` gives another one, which remembers what that
    /// one did.
    pub fn wake_listener(
        &mut self,
        record: &Record,
        listener: impl FnOnce() -> Option<Box<dyn Listener<Row>>>,
        room: &mut Room,
    ) {
        let wakes = match &self.ear {
            Ear::Packed(_) => true,
            Ear::Quiet(_) => record.payload_len() > 0 || self.may_be_analysed_before(record),
            Ear::None | Ear::Awake(_) => false,
        };
        if !wakes {
            return;
        }
        let mut listener = listener();
        match (&self.ear, &self.tcp, &mut listener) {
            (Ear::Packed(packed), _, Some(listener)) => listener.unpack(packed),
            (Ear::Quiet(Some(unheard)), Some(Tcp::Young(young)), Some(listener)) => {
                listener.catch_up(young.journal(), Some(unheard), room);
            }
            _ => {}
        }
        self.ear = listener.map_or(Ear::None, Ear::Awake);
    }

    /// Whether `record` may be the one before which it is analysed.
    fn may_be_analysed_before(&self, record: &Record) -> bool {
        let Some(Tcp::Young(young)) = &self.tcp else { return true };
        let again = record.is_syn() && !(record.has_ack() && young.is_answered_by(record.direction()));
        young.is_full() || again || record.kind != Kind::Segment || self.counted.is_some()
    }

    /// Lets go of a listener that has nothing to remember yet.
    fn hush(&mut self) {
        if let (Some(Tcp::Young(_)), Ear::Awake(listener)) = (&self.tcp, &self.ear)
            && listener.is_quiet()
        {
            self.ear = Ear::Quiet(None);
        }
    }

    /// One of its packets has passed.
    #[inline]
    fn pass(&mut self, record: &Record) {
        self.fine_clock |= record.fine_clock();
        self.head.last_packet = record.number;
        if let Some(at) = record.at() {
            if self.start.is_none_or(|start| at < start) {
                self.start = Some(at);
            }
            if self.head.end.is_none_or(|end| end < at) {
                self.head.end = Some(at);
            }
        }
    }

    /// Counts one of its packets, and says what it is if it is a TCP segment. What its listener says goes to `say`; what it
    /// holds is held in what is `shared`.
    pub fn on_packet(
        &mut self,
        record: &Record,
        segment: Option<&tcp::Segment>,
        opened: &Opened,
        shared: &mut Shared,
        say: &mut dyn FnMut(Row),
    ) -> Option<Verdict> {
        let direction = record.direction();
        let at = record.at();
        let clock = self.head.end.unwrap_or_default();
        self.pass(record);
        if self.path.is_none() && record.path != 0 {
            self.path = opened.beside.paths.get(usize::from(record.path)).cloned().map(Box::new);
        }
        if let Some(segment) = segment {
            on_flags(&mut self.fins, &mut self.head.closed, direction, segment.flags, segment.at);
        }
        if let Some(Tcp::Young(young)) = &self.tcp {
            // Packets that are no segments are not written down: what is counted of them and of segments depends on their order.
            let over = match segment {
                Some(segment) => self.counted.is_some() || young.is_over(direction, segment),
                None => !young.journal().is_empty(),
            };
            if over {
                self.analyse(&mut shared.room);
            }
        }
        let verdict = match (&mut self.tcp, segment) {
            (Some(Tcp::Analysed(tcp)), Some(segment)) => {
                Some(tcp.on_segment(direction, segment, &mut shared.resolutions))
            }
            _ => None,
        };
        if let Ear::Awake(listener) = &mut self.ear {
            let before = match &self.tcp {
                Some(Tcp::Young(young)) => Some(young.journal()),
                _ => None,
            };
            let heard = Heard {
                number: record.number,
                at,
                direction,
                segment,
                verdict: verdict.as_ref(),
                before,
                payload: opened.payload(&record.payload()),
                frame_len: record.frame_len(),
                payload_len: record.payload_len(),
            };
            listener.hear(&heard, &mut shared.room, say);
            if listener.is_over() {
                self.service = listener.service();
                self.ear = Ear::None;
            }
        }
        if let (Some(Tcp::Young(young)), Some(segment)) = (&mut self.tcp, segment) {
            let more = (!record.is_line()).then_some(segment);
            young.push(record.number, &record.line(clock), more, &mut shared.outgrown);
        } else {
            let is_news = is_news(record.payload_len(), verdict.as_ref());
            self.counted.get_or_insert_default().on_packet(direction, &record.sent(), is_news);
        }
        self.hush();
        verdict
    }

    /// What is asked of every flow now and then.
    pub fn head(&self) -> Head {
        self.head
    }

    /// Whether nothing is pending, so that it can be put aside.
    pub fn may_sleep(&self) -> bool {
        match &self.tcp {
            Some(Tcp::Analysed(tcp)) => tcp.is_settled(),
            _ => true,
        }
    }

    /// Nothing listens to it any more.
    pub fn ignore(&mut self, room: &mut Room) {
        if let Ear::Awake(mut listener) = std::mem::replace(&mut self.ear, Ear::None) {
            // What it holds is let go.
            listener.end(room, &mut |_| ());
        }
    }

    /// It begins on the addresses and ports of an earlier connection.
    pub fn reuse_ports(&mut self) {
        match &mut self.tcp {
            Some(Tcp::Young(young)) => *young = Young::reusing_ports(),
            Some(Tcp::Analysed(tcp)) => **tcp = tcp::Connection::reusing_ports(),
            None => {}
        }
    }

    /// Counts an ICMP error that quotes it.
    pub fn on_icmp_error(&mut self, error: IcmpError) {
        let (errors, _) = self.icmp.unwrap_or((0, error));
        self.icmp = Some((errors.saturating_add(1), error));
    }

    /// Ends it: what was pending is decided, and its listener says its last rows.
    pub fn finish(&mut self, shared: &mut Shared, say: &mut dyn FnMut(Row)) {
        if let Some(Tcp::Analysed(tcp)) = &mut self.tcp {
            tcp.finish(&mut shared.resolutions);
        }
        if let Ear::Awake(listener) = &mut self.ear {
            listener.end(&mut shared.room, say);
        }
    }

    /// Whether its listener keeps something to say.
    pub fn has_more(&self) -> bool {
        matches!(&self.ear, Ear::Awake(listener) if listener.has_more())
    }

    /// Its listener says what it keeps to say.
    pub fn flush(&mut self, say: &mut dyn FnMut(Row)) {
        if let Ear::Awake(listener) = &mut self.ear {
            listener.flush(say);
        }
    }

    /// The flow behind a row that its listener says now.
    pub fn speaker(&self, key: &Key) -> Speaker {
        let (known, connect) = match &self.tcp {
            Some(Tcp::Analysed(tcp)) => (tcp.client(), tcp.initial_rtt()),
            Some(Tcp::Young(young)) if self.asks_for_opening() => {
                let tcp = young.opening();
                (tcp.client(), tcp.initial_rtt())
            }
            Some(Tcp::Young(_)) | None => (None, None),
        };
        let (client, client_inferred) = self.roles(key, known);
        let (start, fine_clock) = (self.start, self.fine_clock);
        Speaker { key: *key, client, client_inferred, start, fine_clock, connect }
    }

    fn asks_for_opening(&self) -> bool {
        !matches!(&self.ear, Ear::Awake(listener) if !listener.asks_for_opening())
    }

    /// The client's direction, and whether that is a guess, where `known` is what the segments told.
    fn roles(&self, key: &Key, known: Option<(Direction, bool)>) -> (Direction, bool) {
        known.unwrap_or((guess_client(key, self.first_sender), true))
    }

    /// Its row, with its samples where they are wanted. It speaks `service`. If it has to be analysed, that is done in
    /// `replayed`.
    pub fn row(
        &self,
        identity: &Identity,
        service: Option<Service>,
        samples: bool,
        replayed: &mut Replayed,
    ) -> FlowRow {
        if let Some(Tcp::Young(young)) = &self.tcp {
            young.replay_whole(replayed);
        }
        let tcp = self.tcp.as_ref().map(|tcp| match tcp {
            Tcp::Young(_) => &replayed.connection,
            Tcp::Analysed(tcp) => tcp,
        });
        let counted = self.counted.as_deref().unwrap_or(&replayed.counted);
        let seen = Seen {
            first_packet: self.head.first_packet,
            first_sender: self.first_sender,
            start: self.start,
            end: self.head.end,
            fine_clock: self.fine_clock,
        };
        let row = identity.row_of(&seen, self.path.as_deref(), service, tcp, counted, samples);
        FlowRow {
            icmp_errors: self.icmp.map_or(0, |(errors, _)| errors),
            icmp_error: self.icmp.map(|(_, error)| error),
            ..row
        }
    }

    /// What it speaks, at its end. If its listener was let go, `listener` gives another one.
    pub fn service(&self, listener: impl FnOnce() -> Option<Box<dyn Listener<Row>>>) -> Option<Service> {
        match &self.ear {
            Ear::Awake(listener) => listener.service(),
            Ear::Packed(packed) => {
                let mut listener = listener()?;
                listener.unpack(packed);
                listener.end(&mut Room::default(), &mut |_| ());
                listener.service()
            }
            Ear::Quiet(Some(unheard)) => match &self.tcp {
                Some(Tcp::Young(young)) => unheard.service(young.journal(), listener()?),
                _ => None,
            },
            Ear::None | Ear::Quiet(None) => self.service,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode::Address;

    #[test]
    fn a_flow_is_put_aside_with_what_its_listener_remembers() {
        let (key, direction) =
            Key::new(TCP, (Address::v4([10, 0, 0, 1]), 1), (Address::v4([10, 0, 0, 2]), 2));
        let mut open = Open::<()>::new(&key, 7, direction, true, None);
        open.ear = Ear::Packed([1, 2, 3].into());
        let bytes = postcard::to_allocvec(&open).unwrap();
        let woken: Open<()> = postcard::from_bytes(&bytes).unwrap();
        assert!(matches!(woken.ear, Ear::Packed(packed) if *packed == [1, 2, 3]));
        assert_eq!(woken.head.first_packet, 7);
    }
}
