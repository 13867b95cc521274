//! Is it a probe? Window probes (RFC 9293 §3.8.6.1) and keep-alives (RFC 9293 §3.8.4), and the answers to them.

use serde::{Deserialize, Serialize};

use super::{Flags, Position, Segment, Tag};

/// One side's probes.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize)]
pub(super) struct Probes {
    /// The one that was not answered yet.
    awaiting: Option<Tag>,
    /// The byte at the window's edge that was sent as a probe: it counts as sent once it is acknowledged.
    byte: Option<Position>,
}

/// What a probe is judged by.
#[derive(Clone, Copy, Debug)]
pub(super) struct Situation {
    /// The highest position sent.
    pub(super) snd_max: Position,
    /// Nothing is outstanding.
    pub(super) all_acked: bool,
    /// The receiver's window is closed.
    pub(super) closed: bool,
}

impl Probes {
    /// This side sends `segment` at `position`. What kind of probe it is, if it is one.
    pub(super) fn on_sent(
        &mut self,
        segment: &Segment,
        position: Position,
        situation: &Situation,
    ) -> Option<Tag> {
        let never = Flags(Flags::SYN.0 | Flags::FIN.0 | Flags::RST.0);
        if segment.payload_len > 1 || segment.flags.intersects(never) {
            self.on_payload();
            return None;
        }
        let below = position == situation.snd_max - 1;
        let next = segment.payload_len == 1 && position == situation.snd_max;
        let again = segment.payload_len == 1 && self.byte == Some(position);
        let kind = if situation.closed && (next || again || (below && segment.payload_len == 0)) {
            Some(Tag::WindowProbe)
        } else if below && !situation.closed && situation.all_acked {
            Some(Tag::KeepAlive)
        } else {
            None
        };
        if kind == Some(Tag::WindowProbe) && next {
            self.byte = Some(position);
        }
        if kind.is_some() || segment.payload_len > 0 {
            self.awaiting = kind;
        }
        kind
    }

    /// It sends what is no probe: nothing answers one any more.
    pub(super) fn on_payload(&mut self) {
        self.awaiting = None;
    }

    /// The position behind the byte that was sent as a probe.
    pub(super) fn end(&self) -> Option<Position> {
        self.byte.map(|byte| byte + 1)
    }

    /// Whether a pure ACK that changes nothing answers a probe, and which.
    pub(super) fn take_answer(&mut self) -> Option<Tag> {
        match self.awaiting.take()? {
            Tag::WindowProbe => Some(Tag::WindowProbeAck),
            _ => Some(Tag::KeepAliveAck),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::tcp::conversation::established_plain;

    /// RFC 9293 §3.8.6.1: one byte beyond a closed window; Linux sends none, one below.
    #[test]
    fn a_closed_window_is_probed() {
        let trace = established_plain(
            "0.000 > 1:1001(1000) ack 1
             0.100 < 1:1(0) ack 1001 win 0
             0.400 > 1001:1002(1) ack 1
             0.500 < 1:1(0) ack 1001 win 0
             0.900 > 1000:1000(0) ack 1
             1.000 < 1:1(0) ack 1001 win 0",
        );
        let expected = "2 zero_window\n3 window_probe\n4 zero_window window_probe_ack\n5 window_probe\n6 zero_window window_probe_ack";
        assert_eq!(trace.events(), expected);
        assert_eq!(trace.client().probes.window_probes, 2);
    }

    /// RFC 9293 §3.8.4: with the window open and nothing outstanding, what begins one below is a keep-alive.
    #[test]
    fn an_open_window_makes_it_a_keep_alive() {
        let trace = established_plain(
            "0.000 > 1:1001(1000) ack 1
             0.100 < 1:1(0) ack 1001
             9.000 > 1000:1000(0) ack 1
             9.100 < 1:1(0) ack 1001",
        );
        assert_eq!(trace.events(), "3 keep_alive\n4 keep_alive_ack");
    }

    #[test]
    fn what_is_outstanding_is_no_keep_alive() {
        let trace = established_plain(
            "0.000 > 1:1001(1000) ack 1
             9.000 > 1000:1000(0) ack 1",
        );
        assert_eq!(trace.client().probes.keep_alives, 0);
    }
}
