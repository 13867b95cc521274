//! What nearly every segment is: the next bytes of a stream or its end, or an ACK of some, of a connection in which
//! nothing is in doubt.
//!
//! What [`Connection::on_segment`] asks such a segment is known beforehand, and what it changes is little. The steps are
//! the same ones in the same order. Where a segment is not quite ordinary, it is judged as any other.

use super::flight::Sent;
use super::half::{Half, MAX_JUMP, Standpoint};
use super::incoming::Answer;
use super::sender::News;
use super::seq::Seq;
use super::{Connection, Flags, Position, Segment, Tag, Verdict};
use crate::flow::Direction;

impl Connection {
    /// Lets the connection see its next segment if that is an ordinary one. `None` where it is not: then nothing has
    /// changed.
    pub(super) fn on_ordinary(&mut self, direction: Direction, segment: &Segment) -> Option<Verdict> {
        const ANY: Flags = Flags(Flags::PSH.0 | Flags::FIN.0);
        let (has_payload, fin) = (segment.payload_len > 0, segment.flags.contains(Flags::FIN));
        if segment.flags.0 & !ANY.0 != Flags::ACK.0
            || segment.window == 0
            || segment.payload_len == 1
            || !segment.sack.is_empty()
            || self.challenger.is_some()
        {
            return None;
        }
        let other = direction.reverse();
        let (half, peer) = (&self.halves[direction], &self.halves[other]);
        let position = half.next(segment.seq)?;
        let ack = peer.outstanding(segment.ack)?;
        if !has_payload && !fin && peer.acked == Some(ack) {
            return None;
        }
        let (shift, peer_shift) = (self.opener.shift(direction), self.opener.shift(other));
        let mut verdict = Verdict {
            seq_relative: half.relative(position),
            ack_relative: Some(peer.relative(ack)),
            window_scaled: shift.map(|shift| u32::from(segment.window) << shift),
            ..Verdict::default()
        };
        // Without SACK, how much is acknowledged says how many segments have arrived.
        let mss = (!self.opener.sack().unwrap_or(true)).then(|| self.mss(other));

        if self.last_at.is_none_or(|last| last < segment.at) {
            self.last_at = Some(segment.at);
        }
        if has_payload && self.first_data.is_none() {
            self.first_data = Some(segment.moment());
        }
        self.opener.on_segment(direction, segment);
        let (half, peer) = self.halves.split(direction);
        half.tally.on_ordinary(segment);
        half.repeats.on_new(segment);
        if half.sender.as_ref().is_some_and(|sender| sender.awaits_news()) {
            half.learn(segment, Standpoint::of(half, peer));
        }
        half.clock.on_sent(segment);
        peer.clock.on_received(segment);
        half.extent.on_segment(segment);
        if has_payload || fin {
            let end = half.on_next(segment, position, fin);
            if fin {
                self.closer.on_fin(direction, segment.moment(), end);
            }
            let window = peer.windows.last().zip(peer_shift).filter(|_| !peer.windows.closed());
            let left = window
                .zip(half.acked)
                .map(|((window, shift), acked)| acked + (i64::from(window) << shift) - end);
            if left.is_some_and(|left| has_payload && (0..MAX_SEGMENT).contains(&left))
                && left < Some(i64::from(self.mss(direction)))
            {
                verdict.tags.insert(Tag::WindowFull);
                self.halves[direction].tally.full_segments += 1;
            }
        }

        let (half, peer) = self.halves.split(direction);
        half.windows.on_window(segment.window, shift.unwrap_or(0), segment.at);
        let standpoint = Standpoint::of(peer, half);
        let answer = peer.on_ordinary_ack(segment, ack, mss, standpoint);
        (verdict.rtt, verdict.acks_packet) = (answer.rtt, answer.acks_packet);
        self.closer.on_ack(other, segment.moment(), ack);
        self.on_flight(direction, segment, &mut verdict);
        match fin {
            true => self.history.on_segment(direction, segment, verdict.tags),
            false => self.history.on_ordinary(direction, has_payload),
        }
        Some(verdict)
    }
}

/// No segment is as long.
const MAX_SEGMENT: i64 = 1 << 32;

impl Half {
    /// Where `seq` stands if the stream goes on there, and nothing is in doubt.
    fn next(&self, seq: Seq) -> Option<Position> {
        let position = self.position(seq);
        (self.snd_max == Some(position) && self.numbers.is_some() && self.doubts.is_none() && !self.strays())
            .then_some(position)
    }

    /// Where `ack` is, if it acknowledges what was seen, or nothing new.
    fn outstanding(&self, ack: Seq) -> Option<Position> {
        let (snd_max, ack) = (self.snd_max?, self.position(ack));
        let known =
            self.acked.is_none_or(|acked| acked <= ack) && ack <= snd_max && snd_max - ack <= MAX_JUMP;
        let quiet = self.numbers.is_some() && self.doubts.is_none() && self.probes.end().is_none();
        let ordinary = known && quiet && !self.strays() && (self.acked == Some(ack) || !self.is_unseen(ack));
        ordinary.then_some(ack)
    }

    /// It sends the next payload of its stream, the last one with its FIN. Where that ends.
    fn on_next(&mut self, segment: &Segment, position: Position, fin: bool) -> Position {
        let payload = position..position + i64::from(segment.payload_len);
        let end = payload.end + i64::from(fin);
        self.probes.on_payload();
        self.ids.on_new(segment);
        self.flight.on_new(Sent::new(segment, position..end, 1));
        self.volume.on_new_data(segment.payload_len);
        let at = self.clock.sent_at(segment.at, segment.timestamps.map(|(tsval, _)| tsval));
        self.sender().on_sent(at);
        self.seen.add(payload);
        self.reach(end);
        end
    }

    /// The other side acknowledges its stream up to `ack`.
    fn on_ordinary_ack(
        &mut self,
        segment: &Segment,
        ack: Position,
        mss: Option<u32>,
        standpoint: Standpoint,
    ) -> Answer {
        let mut answer = Answer::default();
        let mut news = News {
            at: segment.at,
            ack,
            tsval: segment.timestamps.map(|(tsval, _)| tsval),
            tsecr: segment.timestamps.map(|(_, tsecr)| tsecr),
            ..News::default()
        };
        if self.acked.is_none_or(|acked| ack > acked) {
            let advance = self.acked.map_or(0, |acked| (ack - acked) as u32);
            news.segments = mss.map(|mss| advance.div_ceil(mss.max(1)));
            self.on_advancing_ack(segment, ack, mss.is_some(), &mut answer, &mut news);
        }
        self.tell(news, standpoint);
        answer
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;
    use std::fs;

    use proptest::prelude::*;

    use crate::capture::{Capture, Options};
    use crate::decode::{self, Packet, SackBlocks, TcpOption, Transport};
    use crate::flow::{Direction, Key};
    use crate::tcp::conversation::{Setup, parse};
    use crate::tcp::laws::script;
    use crate::tcp::{Connection, Flags, Journal, Line, Outgrown, Plain, Segment, Seq};

    /// A connection that is told of ordinary segments as such, and one that is not.
    #[derive(Default)]
    struct Twins {
        one: Connection,
        other: Connection,
        segments: Vec<(Direction, Segment)>,
        ordinary: usize,
        all: usize,
    }

    impl Twins {
        fn on_segment(&mut self, direction: Direction, segment: &Segment) {
            let (mut settled, mut settled_of_other) = (Vec::new(), Vec::new());
            let verdict = self.other.on_any(direction, segment, &mut settled_of_other);
            let found = self.one.on_ordinary(direction, segment);
            self.segments.push((direction, *segment));
            self.all += 1;
            self.ordinary += usize::from(found.is_some());
            let found = found.unwrap_or_else(|| self.one.on_any(direction, segment, &mut settled));
            assert_eq!((found, settled), (verdict, settled_of_other), "{segment:?}");
        }

        fn compare(&self) {
            assert_eq!(format!("{:?}", self.one), format!("{:?}", self.other));
            if let Some(plain) = (self.segments.len() <= Journal::MOST).then(|| self.plain()).flatten() {
                assert_eq!(figures(&plain), figures(&self.other));
            }
        }

        /// What is told of plain segments only, if they all are.
        fn plain(&self) -> Option<Connection> {
            let mut journal = Journal::default();
            for (direction, segment) in &self.segments {
                let line = Line::of(*direction, segment, true);
                let more = segment.has_offer() || segment.urgent != 0 || !segment.sack.is_empty();
                let long = segment.payload_len > u32::from(u16::MAX);
                journal.push(
                    segment.number,
                    &line,
                    (more || long).then_some(segment),
                    &mut Outgrown::default(),
                );
            }
            let (mut plain, mut connection) = (Plain::default(), Connection::default());
            let all = journal.told().all(|told| plain.on_segment(&mut connection, told));
            (all && plain.finish(&mut connection, &journal)).then_some(connection)
        }
    }

    /// All that a connection comes to.
    fn figures(connection: &Connection) -> String {
        let samples = Direction::BOTH.map(|direction| connection.round_trips(direction));
        format!("{:?} {samples:?}", connection.summary(Direction::Forward))
    }

    fn segment(number: u64, packet: &Packet<'_>) -> Option<(Key, Direction, Segment)> {
        let (Some(network), Transport::Tcp(tcp)) = (&packet.network, &packet.transport) else { return None };
        let (key, direction) = Key::new(
            network.protocol,
            (network.source, tcp.source_port),
            (network.destination, tcp.destination_port),
        );
        let (_, template) = parse("0 > 0:0(0)", number, Setup::default());
        let mut segment = Segment {
            seq: Seq(tcp.seq),
            ack: Seq(tcp.ack),
            window: tcp.window,
            flags: Flags(tcp.flags),
            payload_len: packet.payload_len,
            urgent: tcp.urgent,
            checksum: tcp.checksum,
            ip_id: network.id,
            tos: network.tos,
            sack: SackBlocks::new(),
            ..template
        };
        for option in tcp.options() {
            match option {
                TcpOption::Timestamps(tsval, tsecr) => segment.timestamps = Some((tsval, tsecr)),
                TcpOption::Sack(blocks) => segment.sack = blocks,
                TcpOption::Mss(mss) => segment.mss = Some(mss),
                TcpOption::WindowScale(shift) => segment.window_scale = Some(shift),
                TcpOption::SackPermitted => segment.sack_permitted = true,
                _ => {}
            }
        }
        Some((key, direction, segment))
    }

    #[test]
    fn ordinary_segments_are_what_they_are_to_the_whole_analysis() {
        let mut files: Vec<_> = Vec::new();
        let mut folders = vec![concat!(env!("CARGO_MANIFEST_DIR"), "/testdata").into()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir::<std::path::PathBuf>(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() { folders.push(path) } else { files.push(path) }
            }
        }
        let (mut ordinary, mut all, mut plain) = (0, 0, 0);
        for file in files {
            let mut capture = Capture::open(&[file], Options::default());
            let mut connections: HashMap<Key, Twins> = HashMap::new();
            while let Some(block) = capture.next_block() {
                let mut packet = Packet::default();
                for frame in block.frames() {
                    decode::frame(&frame, &mut packet);
                    if let Some((key, direction, segment)) = segment(frame.number, &packet) {
                        let segment = Segment { at: frame.at.unwrap_or_default(), ..segment };
                        connections.entry(key).or_default().on_segment(direction, &segment);
                    }
                }
            }
            connections.values().for_each(Twins::compare);
            ordinary += connections.values().map(|twins| twins.ordinary).sum::<usize>();
            all += connections.values().map(|twins| twins.all).sum::<usize>();
            let short = |twins: &&Twins| twins.segments.len() <= Journal::MOST;
            plain += connections.values().filter(short).filter(|twins| twins.plain().is_some()).count();
        }
        assert!(all > 5_000 && ordinary > all / 2 && plain > 80, "{ordinary} of {all}, {plain} plain");
    }

    /// Mostly what goes well, with something else in between.
    fn orderly() -> impl Strategy<Value = Vec<(bool, u32, u32, u32, u8)>> {
        let odd = prop_oneof![9 => Just(0_u8), 1 => 1..9_u8];
        let len = prop_oneof![Just(0_u32), Just(1_u32), 2..1500_u32];
        prop::collection::vec((any::<bool>(), len, 0..300_u32, 0..4_u32, odd), 1..60)
    }

    proptest! {
        #[test]
        fn nothing_is_ordinary_that_is_not(script in script()) {
            let mut twins = Twins::default();
            let syns = "0.0 > syn 0:1(0) sackok\n 0.1 < syn 0:1(0) ack 1\n 0.1 > 1:1(0) ack 1";
            for (line, number) in format!("{syns}\n{script}").lines().zip(1..) {
                let (direction, segment) = parse(line, number, Setup::default());
                twins.on_segment(direction, &segment);
                twins.compare();
            }
        }

        #[test]
        fn a_faultless_conversation_is_plain(
            turns in prop::collection::vec((any::<bool>(), 0..4_u32, 0..3_u32, 0..16_u32), 1..40),
            stamps: bool, sack: bool, reset: bool,
        ) {
            let mut twins = Twins::default();
            let options = if sack { "mss 1460 sackok wscale 2" } else { "mss 500" };
            let mut lines = vec![
                format!("0.000 > syn 0:1(0) {options} ts 7:0"),
                format!("0.020 < syn 0:1(0) ack 1 {options} ts 9:7"),
            ];
            let (mut at, mut next, mut acked, mut fins) = (20, [1_u32; 2], [1, 0], [false; 2]);
            for (client, len, behind, odd) in turns {
                let (own, other) = (usize::from(!client), usize::from(client));
                let fin = odd == 0 && !fins[own];
                let len = if fins[own] { 0 } else { [0, 2, 700, 1460][len as usize] };
                let ack = next[other].saturating_sub(behind * 600).max(acked[other]).max(1);
                if len == 0 && !fin && ack == acked[other] {
                    continue;
                }
                at += 37 * odd;
                let (side, flag) = (if client { '>' } else { '<' }, if fin { "fin" } else { "psh" });
                let (seq, window) = (next[own], [1_000, 365, 65_535][behind as usize]);
                let mut line = format!("{}.{:03} {side} {flag} {seq}:{}({len}) ack {ack} win {window} id {at}",
                    at / 1000, at % 1000, seq + len);
                if stamps {
                    line += &format!(" ts {}:{}", 7 + at, 3 + at.saturating_sub(20));
                }
                lines.push(line);
                (next[own], acked[other], fins[own]) = (seq + len + u32::from(fin), ack, fins[own] || fin);
            }
            if reset {
                lines.push(format!("{}.{:03} > rst {seq}:{seq}(0)", (at + 9) / 1000, (at + 9) % 1000, seq = next[0]));
            }
            for (line, number) in lines.iter().zip(1..) {
                let (direction, segment) = parse(line, number, Setup::default());
                twins.on_segment(direction, &segment);
                twins.compare();
            }
            prop_assert!(twins.plain().is_some(), "{lines:#?}");
        }

        #[test]
        fn an_orderly_conversation_is_mostly_ordinary(turns in orderly(), stamps: bool, sack: bool) {
            let mut twins = Twins::default();
            let options = if sack { "sackok wscale 2" } else { "wscale 2" };
            let mut lines = vec![
                format!("0.000 > syn 0:1(0) mss 1460 {options}"),
                format!("0.020 < syn 0:1(0) ack 1 mss 1460 {options}"),
            ];
            let (mut at, mut next, mut acked) = (20, [1_u32; 2], [1_u32; 2]);
            for (client, len, wait, behind, odd) in turns {
                at += wait;
                let (own, other) = (usize::from(client), usize::from(!client));
                acked[other] = (next[other] - behind.min(next[other] - 1)).max(acked[other]);
                let (mut seq, mut ack, mut window, mut flag) = (next[own], acked[other], 3000, "psh");
                match odd {
                    1 => seq = seq.saturating_sub(len),
                    2 => seq += 10,
                    3 => ack += 100,
                    4 => window = 0,
                    5 => flag = "fin",
                    6 => window = 10,
                    7 => ack = 1,
                    8 => flag = "rst",
                    _ => {}
                }
                let side = if client { '>' } else { '<' };
                let mut line = format!("{}.{:03} {side} {flag} {seq}:{}({len}) ack {ack} win {window} id {at}",
                    at / 1000, at % 1000, seq + len);
                if stamps {
                    line += &format!(" ts {}:{}", 7 + at, 3 + at.saturating_sub(20));
                }
                lines.push(line);
                next[own] = next[own].max(seq + len);
            }
            for (line, number) in lines.iter().zip(1..) {
                let (direction, segment) = parse(line, number, Setup::default());
                twins.on_segment(direction, &segment);
                twins.compare();
            }
        }
    }
}
