//! A TCP connection that is still short: its segments are written down, and analysed when its row is made, or when they
//! become too many.
//!
//! What the analysis comes to is the same, since it sees the same segments in the same order. Only what wants to know
//! at once what every segment is cannot wait for it.

use serde::{Deserialize, Serialize};

use super::counted::Counted;
use super::responses::is_news;
use crate::flow::Direction;
use crate::tcp::{Connection, Entry, Flags, Journal, Line, Outgrown, Plain, Resolution, Segment};

/// A connection that was not analysed yet.
#[derive(Debug, Default, Deserialize, Serialize)]
pub(super) struct Young {
    journal: Journal,
    reuses_ports: bool,
}

impl Young {
    /// A connection on the addresses and ports of an earlier one.
    pub fn reusing_ports() -> Self {
        Self { reuses_ports: true, ..Self::default() }
    }

    /// What was written down.
    pub fn journal(&self) -> &Journal {
        &self.journal
    }

    /// Whether it has to be analysed before this segment.
    pub fn is_over(&self, direction: Direction, segment: &Segment) -> bool {
        // A SYN-ACK where a SYN was may move where the numbers begin, by which ports are seen to be reused.
        let again = segment.flags.contains(Flags::SYN)
            && self
                .journal
                .opened_by()
                .is_some_and(|(opener, seq)| opener == direction && seq != segment.seq);
        self.is_full() || again
    }

    /// Whether a SYN-ACK in this direction answers the SYN that opened it. That is no reason to analyse it, nor does another
    /// connection begin.
    pub fn is_answered_by(&self, direction: Direction) -> bool {
        self.journal.opened_by().is_some_and(|(opener, _)| opener != direction)
    }

    /// Whether as many segments were written down as are.
    pub fn is_full(&self) -> bool {
        self.journal.len() >= Journal::MOST
    }

    /// Whether a segment begins a new connection on the same addresses and ports; `None` where only the analysis tells.
    pub fn is_reused_by(&self, direction: Direction, segment: &Segment) -> Option<bool> {
        if !segment.flags.opens() {
            return Some(false);
        }
        match self.journal.opened_by() {
            Some((opener, seq)) if opener == direction => Some(seq != segment.seq),
            _ if self.journal.is_empty() => Some(false),
            _ => None,
        }
    }

    /// Writes the segment of the frame `number` down that `line` says, if there is room behind others. Whether it was.
    #[inline(always)]
    pub fn push_at_once(&mut self, number: u64, line: &Line) -> bool {
        self.journal.push_at_once(number, line)
    }

    /// Writes the segment of the frame `number` down that `line` says, if not `more` has to be said of it. Memory is taken from
    /// what others have `outgrown`, if there is any.
    pub fn push(&mut self, number: u64, line: &Line, more: Option<&Segment>, outgrown: &mut Outgrown) {
        self.journal.push(number, line, more, outgrown);
    }

    /// An analysis that knows who the client is and how long the handshake took, and may not know more: asked for each row
    /// that a listener says.
    pub fn opening(&self) -> Connection {
        let mut connection = self.connection();
        let mut resolutions: Vec<Resolution> = Vec::new();
        let mut entries = self.journal.entries();
        for Entry { direction, segment, .. } in entries.by_ref() {
            connection.on_segment(direction, &segment, &mut resolutions);
            if connection.has_opened() {
                break;
            }
        }
        if entries.any(|entry| entry.segment.flags.contains(Flags::SYN)) {
            return self.replay().connection;
        }
        connection
    }

    fn connection(&self) -> Connection {
        if self.reuses_ports { Connection::reusing_ports() } else { Connection::default() }
    }

    /// Analyses what was written down.
    pub fn replay(&self) -> Replayed {
        let mut replayed = Replayed::default();
        self.replay_in(&mut replayed);
        replayed
    }

    /// Analyses what was written down to its end, in the memory that another connection took. Nothing can be added to it.
    pub fn replay_whole(&self, replayed: &mut Replayed) {
        if !self.replay_plain(replayed) {
            self.replay_in(replayed);
            replayed.connection.finish(&mut replayed.resolutions);
        }
    }

    /// What [`Self::replay_whole`] does, if the connection is plain. Whether it is.
    fn replay_plain(&self, replayed: &mut Replayed) -> bool {
        let Replayed { connection, plain, counted, .. } = replayed;
        connection.restart(self.reuses_ports);
        plain.restart();
        let told = self.journal.told().all(|told| plain.on_segment(connection, told));
        let all = told && plain.finish(connection, &self.journal);
        if all {
            counted.take_plain(plain);
        }
        all
    }

    /// Analyses what was written down, in the memory that another connection took.
    fn replay_in(&self, replayed: &mut Replayed) {
        replayed.restart(self.reuses_ports);
        let Replayed { connection, counted, resolutions, .. } = replayed;
        for Entry { direction, segment, sent } in self.journal.entries() {
            let verdict = connection.on_segment(direction, &segment, resolutions);
            resolutions.clear();
            counted.on_packet(direction, &sent, is_news(segment.payload_len, Some(&verdict)));
        }
    }
}

/// What came of a connection's segments.
#[derive(Debug, Default)]
pub(super) struct Replayed {
    /// What the analysis remembers.
    pub connection: Connection,
    plain: Plain,
    /// What its packets come to.
    pub counted: Counted,
    resolutions: Vec<Resolution>,
}

impl Replayed {
    /// Begins anew, with a connection on the addresses and ports of an earlier one if it `reuses_ports`.
    fn restart(&mut self, reuses_ports: bool) {
        self.connection.restart(reuses_ports);
        self.counted.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tcp::conversation::{Setup, parse};
    use crate::time::Timestamp;

    /// Another SYN after the handshake makes its times doubtful: RFC 9293 §3.5, figure 7.
    #[test]
    fn the_opening_is_what_the_whole_analysis_says_of_it() {
        let handshake = "0.000 > syn 0:1(0)\n 0.010 < syn 0:1(0) ack 1\n 0.011 > 1:1(0) ack 1\n";
        let data = "0.020 > 1:11(10) ack 1\n 0.030 < 1:11(10) ack 11\n 0.031 > 11:21(10) ack 11\n";
        let crossing = "0.040 < syn 0:1(0)\n";
        let scripts = [
            format!("{handshake}{data}"),
            format!("{handshake}{data}{crossing}{data}"),
            format!("0.000 < syn 0:1(0) ack 1\n 0.001 > 1:1(0) ack 1\n{data}{handshake}"),
            format!("{data}{handshake}"),
            data.to_owned(),
            format!("0.000 > syn 0:1(0)\n{handshake}{data}"),
        ];
        let (mut measured, mut doubtful) = (0, 0);
        for script in &scripts {
            let mut young = Young::default();
            for (number, line) in (1..).zip(script.lines().filter(|line| !line.trim().is_empty())) {
                let (direction, segment) = parse(line.trim(), number, Setup::default());
                let line = Line::of(direction, &segment, true);
                young.push(number, &line, Some(&segment), &mut Outgrown::default());
                let (opening, whole) = (young.opening(), young.replay().connection);
                assert_eq!(opening.client(), whole.client(), "{number} of {script}");
                assert_eq!(opening.initial_rtt(), whole.initial_rtt(), "{number} of {script}");
                measured += usize::from(whole.initial_rtt().is_some());
                doubtful += usize::from(whole.has_opened() && whole.initial_rtt().is_none());
            }
        }
        assert!(measured > 5 && doubtful > 2, "{measured} {doubtful}");
    }

    /// Packets of a connection in which nothing goes wrong, which do not all look alike.
    fn plain() -> Vec<Line> {
        let script = "0.000 > syn 0:1(0) mss 1460\n 0.010 < syn 0:1(0) ack 1\n 0.011 > 1:1(0) ack 1
            0.020 > psh 1:11(10) ack 1\n 0.030 < 1:101(100) ack 11\n 0.045 < 101:201(100) ack 11
            0.046 > 11:11(0) ack 201\n 0.050 > 11:21(10) ack 201\n 0.090 < psh 201:301(100) ack 21
            0.091 > fin 21:21(0) ack 301\n 0.100 < fin 301:301(0) ack 22\n 0.101 > rst 22:22(0)";
        let looks = [(64, 0, 0), (64, 0, 0), (63, 0xb9, 2), (65, 2, 6), (65, 2, 2), (65, 3, 0)];
        (1..)
            .zip(script.lines())
            .zip(looks.into_iter().cycle())
            .map(|((number, line), (ttl, tos, marks))| {
                let (direction, segment) = parse(line.trim(), number, Setup::default());
                let (frame_len, header_len) = (60 + segment.payload_len, 40);
                let mut line = Line::of(direction, &segment, true);
                (line.frame_len, line.header_len) = (frame_len, header_len);
                (line.ttl, line.tos, line.marks) = (ttl, tos, marks);
                line
            })
            .collect()
    }

    fn replays(lines: &[Line]) -> Option<[Replayed; 2]> {
        let mut young = Young::default();
        for (number, line) in (1..).zip(lines) {
            young.push(number, line, None, &mut Outgrown::default());
        }
        let (mut plain, mut whole) = (Replayed::default(), Replayed::default());
        young.replay_in(&mut whole);
        young.replay_plain(&mut plain).then_some([plain, whole])
    }

    #[test]
    fn what_plain_packets_come_to_is_what_each_of_them_counts() {
        let lines = plain();
        for end in 1..=lines.len() {
            let [plain, whole] = replays(&lines[..end]).unwrap();
            assert_eq!(plain.counted.traffic, whole.counted.traffic, "{end}");
            let stats = |replayed: &Replayed| format!("{:?}", replayed.counted.responses.stats());
            assert_eq!(stats(&plain), stats(&whole), "{end}");
        }
        let [plain, _] = replays(&lines).unwrap();
        assert!(
            plain.counted.traffic.forward.ce_packets > 0
                && plain.counted.traffic.reverse.ttl == Some((63, 65))
        );
    }

    #[test]
    fn packets_without_a_time_and_ages_apart_are_not_plain() {
        let lines = plain();
        let is_plain = |lines: &[Line]| replays(lines).is_some();
        let (mut timeless, mut late) = (lines.clone(), lines.clone());
        timeless[4].bits |= crate::tcp::line::bits::TIMELESS;
        let last = lines.len() - 1;
        late[last].at = Timestamp::MAX;
        assert!(is_plain(&lines) && is_plain(&late) && !is_plain(&timeless));
        let mut ages = late;
        ages[0].at = Timestamp::MIN;
        assert!(!is_plain(&ages));
    }
}
