//! Segments in which nothing happens that anything waits for, as nothing does in most: the short way past all that others
//! are asked.

use super::{Ear, Open, Tcp};
use crate::pipeline::record::{Beside, Record};
use crate::pipeline::responses::is_news;
use crate::pipeline::shared::Shared;
use crate::tcp::Flags;

impl<Row> Open<Row> {
    /// Whether it is a connection of which most segments may be usual ones.
    pub fn has_usual(&self) -> bool {
        match &self.tcp {
            Some(Tcp::Young(_)) => self.counted.is_none() && matches!(self.ear, Ear::None | Ear::Quiet),
            Some(Tcp::Analysed(_)) => self.listed,
            None => false,
        }
    }

    /// Takes a segment without SYN that is not the first of anything, and that tells no listener anything. Whether it is such a
    /// one; if not, nothing has changed.
    #[inline]
    pub fn on_usual(&mut self, record: &Record, beside: &Beside, shared: &mut Shared) -> bool {
        self.note(record, beside, shared) || self.follow(record, beside, shared)
    }

    /// Writes the segment of a young connection down to which nothing listens.
    #[inline]
    fn note(&mut self, record: &Record, beside: &Beside, shared: &mut Shared) -> bool {
        let Some(Tcp::Young(young)) = &mut self.tcp else { return false };
        let deaf = match &self.ear {
            Ear::None => true,
            Ear::Quiet => record.payload_len() == 0,
            Ear::Packed(_) | Ear::Awake(_) => false,
        };
        if !deaf || young.is_full() || may_be_first(record, self.path.is_some()) {
            return false;
        }
        let clock = self.head.end.unwrap_or_default();
        let more = (!record.is_line()).then(|| record.segment(clock, beside));
        let line = record.line(clock);
        young.push(record.number, &line, more.as_ref(), &mut shared.outgrown);
        self.pass(record);
        self.on_flags(record.direction(), line.flags(), line.at);
        true
    }

    /// Analyses the segment of a connection that goes on.
    // Apart: the way of most segments is short because few variables are in use on it.
    #[inline(never)]
    fn follow(&mut self, record: &Record, beside: &Beside, shared: &mut Shared) -> bool {
        if may_be_first(record, self.path.is_some()) {
            return false;
        }
        let (Some(Tcp::Analysed(tcp)), Some(counted)) = (&mut self.tcp, &mut self.counted) else {
            return false;
        };
        let (direction, segment) =
            (record.direction(), record.segment(self.head.end.unwrap_or_default(), beside));
        let deaf = match &self.ear {
            Ear::None => true,
            Ear::Awake(listener) => listener.is_deaf_to(direction, &segment),
            Ear::Quiet | Ear::Packed(_) => false,
        };
        if !deaf || segment.flags.intersects(Flags::CLOSING) {
            return false;
        }
        let verdict = tcp.on_segment(direction, &segment, &mut shared.resolutions);
        // Nobody asks for them where verdicts may be passed over.
        shared.resolutions.clear();
        counted.on_packet(direction, &record.sent(), is_news(record.payload_len(), Some(&verdict)));
        self.pass(record);
        true
    }
}

/// Whether a record may be the first of a connection, or, unless one is `known`, the first that passed VLANs or tunnels.
#[inline]
fn may_be_first(record: &Record, known: bool) -> bool {
    record.is_syn() || (record.path != 0 && !known)
}
