//! The HTTP exchanges of a TCP connection.

use crate::app::http::{Exchange, Head, Kept, Limits, Side, Sink};
use crate::app::{Application, Depth, Service};
use crate::flow::Key;
use crate::pipeline::record::TCP;
use crate::pipeline::{Heard, Listener};
use crate::tcp::stream::{Conversation, Room};

/// A connection that keeps more is the first to let it go: at half of what all may keep together.
const LITTLE: usize = 2 << 10;

/// What is said of a connection that speaks HTTP.
#[derive(Clone, Debug)]
pub enum Said {
    /// An exchange of which nothing more comes.
    Exchange(Box<Exchange>),
    /// Segments that had other content for bytes that came before.
    Overlaps(u64),
    /// Payload of a body, in order.
    Body {
        /// The exchange's number in its connection.
        number: u64,
        /// Whose body it is.
        side: Side,
        /// Its content codings, the value of Content-Encoding; empty where there are none.
        codings: Box<[u8]>,
        /// Some of its bytes, as transferred.
        bytes: Box<[u8]>,
    },
}

/// Listens to a TCP connection, and says its HTTP exchanges.
#[derive(Debug)]
pub struct Transactions {
    bodies: bool,
    service: Option<Service>,
    /// Bytes that it keeps of messages.
    kept: usize,
    /// Until nothing more can come of it.
    open: Option<Box<(Conversation, Application)>>,
}

impl Transactions {
    /// A listener for the flow `key`, if it is a TCP connection. `bodies`: bodies are wanted, too.
    pub fn of(key: &Key, limits: Limits, bodies: bool) -> Option<Self> {
        let open = || Box::new((Conversation::default(), Application::new(Depth::Messages(limits))));
        (key.protocol() == TCP).then(|| Self { bodies, service: None, kept: 0, open: Some(open()) })
    }
}

struct Speak<'a> {
    bodies: bool,
    say: &'a mut dyn FnMut(Said),
}

impl Sink for Speak<'_> {
    fn body(&mut self, number: u64, side: Side, head: &Head, bytes: &[u8]) {
        if self.bodies {
            let codings = head.field(Kept::ContentEncoding).unwrap_or_default().into();
            (self.say)(Said::Body { number, side, codings, bytes: bytes.into() });
        }
    }

    fn exchange(&mut self, exchange: Exchange) {
        (self.say)(Said::Exchange(Box::new(exchange)));
    }
}

impl Listener<Said> for Transactions {
    fn hear(&mut self, heard: &Heard<'_>, room: &mut Room, say: &mut dyn FnMut(Said)) {
        let (Some(open), Some(segment)) = (&mut self.open, heard.segment) else { return };
        let (conversation, application) = open.as_mut();
        let mut speak = Speak { bodies: self.bodies, say };
        let before = conversation.overlaps();
        conversation.on_segment(heard.direction, segment, heard.payload, room, &mut |direction, chunk| {
            application.on_chunk(direction, &chunk, &mut speak);
        });
        let overlaps = conversation.overlaps() - before;
        if overlaps > 0 && application.service() == Some(Service::Http) {
            (speak.say)(Said::Overlaps(overlaps));
        }
        if conversation.has_ended() {
            // No bytes follow: nothing more comes of it.
            application.finish(&mut speak);
        }
        self.service = application.service();
        room.kept = room.kept.saturating_sub(self.kept);
        self.kept = application.kept();
        let most = if self.kept > LITTLE { room.messages / 2 } else { room.messages };
        if self.kept > 0 && room.kept + self.kept > most {
            application.relieve(&mut speak);
            room.relieved += 1;
            self.kept = application.kept();
        }
        room.kept += self.kept;
        if !application.wants_more() {
            conversation.abandon(room);
            self.open = None;
        }
    }

    fn needs_verdicts(&self) -> bool {
        false
    }

    fn end(&mut self, room: &mut Room, say: &mut dyn FnMut(Said)) {
        room.kept = room.kept.saturating_sub(std::mem::take(&mut self.kept));
        let Some(mut open) = self.open.take() else { return };
        let (conversation, application) = open.as_mut();
        let mut speak = Speak { bodies: self.bodies, say };
        conversation.finish(room, &mut |direction, chunk| {
            application.on_chunk(direction, &chunk, &mut speak);
        });
        application.finish(&mut speak);
        self.service = application.service();
    }

    fn service(&self) -> Option<Service> {
        self.service
    }

    fn is_over(&self) -> bool {
        self.open.is_none()
    }
}
