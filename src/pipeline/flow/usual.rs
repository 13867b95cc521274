//! Segments in which nothing happens that anything waits for, as nothing does in most: the short way past all that others
//! are asked.

use super::{Ear, Open, Tcp};
use crate::pipeline::record::{Beside, Kind, Record};
use crate::pipeline::responses::is_news;
use crate::pipeline::shared::Shared;
use crate::tcp::Flags;

impl<Row> Open<Row> {
    /// Whether it is a connection of which most segments may be usual ones.
    pub fn has_usual(&self) -> bool {
        self.listed && matches!(self.tcp, Some(Tcp::Analysed(_)))
    }

    /// Analyses a segment without SYN that is not the first of anything, and that tells no listener anything. Whether it is such
    /// a one; if not, nothing has changed.
    // Apart: the way of most segments is short because few variables are in use on it.
    #[inline(never)]
    pub fn follow(&mut self, record: &Record, beside: &Beside, shared: &mut Shared) -> bool {
        let is_new = record.is_syn() || (record.path != 0 && self.path.is_none());
        if record.kind != Kind::Segment || is_new {
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
            Ear::Quiet(_) | Ear::Packed(_) => false,
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
