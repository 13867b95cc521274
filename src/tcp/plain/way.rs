//! One side of a plain connection: what its segments come to, kept in as few numbers as the next one has to change.

use arrayvec::ArrayVec;

use super::super::extent::Extent;
use super::super::half::Half;
use super::super::line::Look;
use super::super::volume::Volume;
use super::super::window::Windows;
use super::super::{Flags, InitialWindow, Journal, Line, Position, SegmentSizes, Seq};
use crate::flow::Traffic;
use crate::time::{Span, Timestamp};

/// One side, and what it sent that is not acknowledged. Positions count from its SYN, which is 0; times are nanoseconds
/// since 1970.
#[derive(Debug, Default)]
pub(super) struct Way {
    pub(super) side: Side,
    pub(super) unacked: Unacked,
}

/// One side.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Side {
    /// The number of its SYN, if that was seen.
    pub(super) base: u32,
    pub(super) begun: bool,
    /// SND.MAX, and SND.UNA as far as the other side told; 0 for neither.
    pub(super) snd_max: u32,
    pub(super) acked: u32,
    /// It sent a FIN, which ends at `snd_max`; and the other side has not acknowledged that.
    pub(super) fin: bool,
    pub(super) fin_unacked: bool,
    /// By how many bits its windows are shifted.
    pub(super) shift: u8,
    /// The latest window of its segments without SYN, as it is and shifted; 0 where there is none.
    window: u16,
    reach: u32,
    least_window: u16,
    greatest_window: u16,
    windows: u32,
    /// The other side's MSS option, or the greatest number; at least 1.
    pub(super) offered: u32,
    /// All that it sent; of that, with RST, and without ACK.
    pub(super) packets: u32,
    pub(super) resets: u32,
    pub(super) without_ack: u32,
    pub(super) pure_acks: u32,
    pub(super) data_segments: u32,
    pushes: u32,
    full_segments: u32,
    shortest: u32,
    longest: u32,
    /// When it sent payload first and last, and anything that occupies sequence space last.
    began: i64,
    pub(super) data_at: i64,
    sent_at: i64,
    /// The most that was in flight.
    most: u32,
    /// Payload sent until the first of it was acknowledged.
    initial: InitialWindow,
    /// All that was acknowledged times when it was, less all that was sent times when that was: with what is left at the end
    /// times the end, that is what was in flight times how long it was.
    area: i128,
    /// Of the packets that look like the latest: how they look, and how many came before.
    look: Look,
    before: u32,
    /// What is known of the others.
    traffic: Traffic,
    wire_bytes: u64,
    header_bytes: u32,
    last_at: i64,
    silence: i64,
}

/// What one side sent that occupies sequence space. Apart, since it is long: it is never moved.
#[derive(Debug, Default)]
pub(super) struct Unacked {
    /// Where each segment ends, and when it was seen.
    sent: ArrayVec<(u32, i64), { Journal::MOST }>,
    /// How many of them are acknowledged.
    acked: usize,
}

impl Way {
    /// Forgets the connection before.
    pub(super) fn clear(&mut self) {
        self.side = Side::default();
        self.unacked.clear();
    }

    /// It sends what occupies `len` of sequence space. Whether there is room for that.
    #[inline]
    pub(super) fn send(&mut self, len: u32, now: i64) -> bool {
        self.side.snd_max += len;
        self.side.sent_at = now;
        self.unacked.sent.try_push((self.side.snd_max, now)).is_ok()
    }

    /// The other side acknowledges up to `ack`, which is new, and how long it took from when the newest segment was seen that this
    /// covers.
    #[inline]
    pub(super) fn acknowledge(&mut self, ack: u32, now: i64) -> Option<Span> {
        self.side.acked = ack;
        let newest = if ack == self.side.snd_max {
            // Nearly always it is all that there is.
            self.unacked.clear();
            Some(self.side.sent_at)
        } else {
            self.unacked.acknowledge(ack)
        };
        newest.map(|newest| passed(newest, now))
    }
}

impl Unacked {
    fn clear(&mut self) {
        self.sent.clear();
        self.acked = 0;
    }

    /// When the newest segment was seen that an acknowledgment of all up to `ack` newly covers.
    fn acknowledge(&mut self, ack: u32) -> Option<i64> {
        let mut newest = None;
        while let Some(&(end, at)) = self.sent.get(self.acked)
            && end <= ack
        {
            newest = Some(at);
            self.acked += 1;
        }
        newest
    }
}

impl Side {
    /// Counts a packet of which [`Self::looks_new`] was asked.
    #[inline]
    pub(super) fn on_packet(&mut self, line: &Line, now: i64) {
        self.packets += 1;
        self.wire_bytes += u64::from(line.frame_len);
        self.header_bytes += u32::from(line.header_len);
        self.silence = self.silence.max(now.wrapping_sub(self.last_at));
        self.last_at = now;
    }

    /// Whether a packet does not look like the one before.
    #[inline]
    pub(super) fn looks_new(&self, line: &Line) -> bool {
        line.look() != self.look
    }

    /// From now on its packets look like `line`.
    #[inline(never)]
    pub(super) fn change_look(&mut self, line: &Line, now: i64) {
        if self.packets == 0 {
            self.last_at = now;
        }
        self.count_look();
        self.look = line.look().whole();
    }

    fn count_look(&mut self) {
        let alike = self.packets - self.before;
        if alike > 0 {
            self.look.count(alike, &mut self.traffic);
        }
        self.before = self.packets;
    }

    /// Makes of `traffic` what its packets come to, whatever they hold.
    pub(super) fn pour_traffic(&mut self, traffic: &mut Traffic) {
        self.count_look();
        *traffic = self.traffic;
        traffic.packets = self.packets.into();
        traffic.wire_bytes = self.wire_bytes;
        traffic.header_bytes = self.header_bytes.into();
        traffic.payload_bytes = self.payload().into();
        traffic.last_at = (self.packets > 0).then(|| Timestamp::from_nanos(self.last_at));
        traffic.idle_max = (self.packets > 1).then(|| Span::from_nanos(self.silence));
    }

    /// It sends `len` bytes of payload, which are counted in `snd_max`.
    #[inline]
    pub(super) fn on_data(&mut self, line: &Line, len: u32, now: i64) {
        if self.data_segments == 0 {
            (self.began, self.shortest) = (now, len);
        }
        self.shortest = self.shortest.min(len);
        self.longest = self.longest.max(len);
        self.data_segments += 1;
        self.pushes += u32::from(line.flags().contains(Flags::PSH));
        self.data_at = now;
        // Behind its SYN, and before its FIN.
        self.most = self.most.max(self.snd_max - u32::from(self.fin) - self.acked.max(1));
        self.area -= i128::from(len) * i128::from(now);
    }

    /// The other side acknowledges `newly` more of its sequence space, up to `ack`, which `acked` does not tell yet.
    #[inline]
    pub(super) fn on_ack(&mut self, newly: u32, ack: u32, now: i64) {
        self.area += i128::from(newly) * i128::from(now);
        if self.acked <= 1 {
            if self.acked == 0 {
                // Its SYN is no payload.
                self.area -= i128::from(now);
            }
            if ack > 1 {
                self.initial = self.sent();
            }
        }
    }

    /// The other side acknowledges its FIN, which is no payload.
    pub(super) fn on_fin_acked(&mut self, now: i64) {
        self.fin_unacked = false;
        self.area -= i128::from(now);
    }

    /// A segment without SYN advertises `window`, not 0.
    #[inline]
    pub(super) fn on_window(&mut self, window: u16) {
        self.windows += u32::from(window);
        if window != self.window {
            self.change_window(window);
        }
    }

    fn change_window(&mut self, window: u16) {
        if self.window == 0 {
            self.least_window = window;
        }
        self.least_window = self.least_window.min(window);
        self.greatest_window = self.greatest_window.max(window);
        self.window = window;
        self.reach = u32::from(window) << self.shift;
    }

    /// Counts what it sent last if that reaches the edge of the window of `peer`.
    #[inline]
    pub(super) fn on_sent_to(&mut self, peer: &Self) {
        // Without a window of the peer, what is in flight is beyond.
        let left = peer.reach.wrapping_sub(self.snd_max - self.acked);
        self.full_segments += u32::from(self.acked > 0 && left < self.longest.min(self.offered));
    }

    /// Payload that it sent.
    fn payload(&self) -> u32 {
        self.snd_max.saturating_sub(1 + u32::from(self.fin))
    }

    fn sent(&self) -> InitialWindow {
        InitialWindow { bytes: self.payload().into(), segments: self.data_segments }
    }

    /// Payload bytes in flight. RFC 5681 §2, without SYN and FIN.
    #[inline]
    fn in_flight(&self) -> u32 {
        // Positions behind the SYN, and before the FIN.
        let end = self.snd_max - u32::from(self.fin);
        end - self.acked.max(1).min(end)
    }

    /// What was in flight until `end`.
    fn volume(&self, end: i64) -> Volume {
        if self.data_segments == 0 {
            return Volume::default();
        }
        let left = self.in_flight();
        let area = self.area + i128::from(left) * i128::from(end);
        let span = (Timestamp::from_nanos(self.began), Timestamp::from_nanos(end));
        let initial = if self.acked > 1 { self.initial } else { self.sent() };
        Volume::whole(left.into(), self.most.into(), span, area.unsigned_abs(), initial)
    }

    /// Gives `half` what was found, if there was anything. What was in flight last was so until `end`.
    pub(super) fn pour(&self, half: &mut Half, end: i64) {
        if self.packets == 0 {
            return;
        }
        let tally = &mut half.tally;
        tally.segments = self.packets;
        tally.resets = self.resets;
        tally.acks.ack_segments = self.packets - self.without_ack;
        if !self.begun {
            return;
        }
        tally.acks.pure_acks = self.pure_acks;
        tally.data_segments = self.data_segments;
        tally.pushes = self.pushes;
        tally.full_segments = self.full_segments;
        if self.data_segments > 0 {
            let (min, max, sum) = (self.shortest, self.longest, self.payload().into());
            tally.sizes = Some(SegmentSizes { min, mean: 0, max, sum });
            tally.data_span = Some((Timestamp::from_nanos(self.began), Timestamp::from_nanos(self.data_at)));
        }
        let (snd_max, acked) = (Position::from(self.snd_max), Position::from(self.acked));
        half.first = 1;
        half.snd_max = Some(snd_max);
        half.acked = (acked > 0).then_some(acked);
        half.seen.become_one(1..snd_max - Position::from(self.fin));
        half.extent = Extent::whole(Seq(self.base) + 1, self.snd_max - 1, self.acked, self.fin);
        half.volume = self.volume(end);
        // All but its SYN and its RST.
        let segments = self.packets - 1 - self.resets;
        let (least, greatest) = (self.least_window, self.greatest_window);
        half.windows = Windows::open(self.window, least, greatest, self.windows.into(), segments);
    }
}

/// The time between two that are in order.
#[inline]
pub(super) fn passed(from: i64, to: i64) -> Span {
    Span::from_nanos(to.wrapping_sub(from))
}
