//! Conversations for tests, one line a segment, in the notation of packet listings:
//!
//! ```text
//! 0.000 > 1:1001(1000) ack 1 win 65535 sack 2001:3001 ts 5:4 id 17
//! 0.100 < fin 1:2(0) ack 1001
//! ```
//!
//! Seconds; who sends (`>` the client, `<` the server); flags `syn fin rst psh urg ece cwr`; positions as Wireshark shows
//! them, the SYN being 0; payload length. Without `ack` there is no ACK flag, without `win` the window is 65535.

use super::{Connection, Flags, Resolution, Segment, Seq, Summary, Tags, Verdict};
use crate::decode::SackBlocks;
use crate::flow::{Direction, Pair};
use crate::time::Timestamp;

/// How a conversation is fed: initial sequence numbers, and which end is the first of the key.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Setup {
    pub(crate) isn: Pair<u32>,
    pub(crate) client: Direction,
    /// The connection is put aside as bytes between its segments, wherever it can be.
    pub(crate) put_aside: bool,
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            isn: Pair { forward: 1_000, reverse: 4_294_967_000 },
            client: Direction::Forward,
            put_aside: false,
        }
    }
}

/// What came of a conversation.
pub(crate) struct Trace {
    pub(crate) connection: Connection,
    pub(crate) setup: Setup,
    /// By line, counted from 1: what it was at once, and what it was in the end.
    pub(crate) verdicts: Vec<(Verdict, Tags)>,
}

/// A handshake over a path of 100 ms, captured at the client.
const OPENING: &str = "
    -0.200 > syn 0:1(0) win 65535 mss 1460 wscale 0 sackok ts 1:0
    -0.100 < syn 0:1(0) ack 1 win 65535 mss 1460 wscale 0 sackok ts 1:1
    -0.100 > 1:1(0) ack 1";

/// The same without SACK and timestamps.
const PLAIN_OPENING: &str = "
    -0.200 > syn 0:1(0) win 65535 mss 1460
    -0.100 < syn 0:1(0) ack 1 win 65535 mss 1460
    -0.100 > 1:1(0) ack 1";

/// A conversation from its first segment.
pub(crate) fn conversation(script: &str) -> Trace {
    run("", script, Setup::default())
}

/// A conversation of an open connection with SACK, captured at the client.
pub(crate) fn established(script: &str) -> Trace {
    run(OPENING, script, Setup::default())
}

/// The same without SACK.
pub(crate) fn established_plain(script: &str) -> Trace {
    run(PLAIN_OPENING, script, Setup::default())
}

/// A conversation with its opening, fed as `setup` says.
pub(crate) fn run(opening: &str, script: &str, setup: Setup) -> Trace {
    let count = |text: &str| text.lines().filter(|line| !line.trim().is_empty()).count();
    let (before, text) = (count(opening), format!("{opening}\n{script}"));
    let mut connection = Connection::default();
    let mut resolutions = Vec::new();
    let mut verdicts = Vec::new();
    let segments = text.lines().filter(|line| !line.trim().is_empty());
    for (line, number) in segments.zip(1..) {
        let (direction, segment) = parse(line, number, setup);
        let verdict = connection.on_segment(direction, &segment, &mut resolutions);
        verdicts.push((verdict, verdict.tags));
        if setup.put_aside && connection.is_settled() {
            let bytes = postcard::to_allocvec(&connection).unwrap();
            connection = postcard::from_bytes(&bytes).unwrap();
        }
    }
    connection.finish(&mut resolutions);
    settle(&mut verdicts, &resolutions);
    verdicts.drain(..before);
    Trace { connection, setup, verdicts }
}

/// Every pending verdict is settled exactly once, and no other.
fn settle(verdicts: &mut [(Verdict, Tags)], resolutions: &[Resolution]) {
    let mut open: Vec<u64> =
        (1..).zip(verdicts.iter()).filter(|(_, one)| one.0.pending).map(|(number, _)| number).collect();
    for resolution in resolutions {
        let at = open.iter().position(|&number| number == resolution.number);
        open.swap_remove(at.unwrap_or_else(|| panic!("{resolution:?} was not awaited")));
        verdicts[resolution.number as usize - 1].1 = resolution.tags;
    }
    assert!(open.is_empty(), "never settled: {open:?}");
}

impl Trace {
    /// The lines that are something, and what they are in the end: `3 retransmission fast`.
    pub(crate) fn events(&self) -> String {
        let event = |(line, (_, tags)): (usize, &(Verdict, Tags))| {
            let names: Vec<_> = tags.iter().map(|tag| tag.name()).collect();
            (!names.is_empty()).then(|| format!("{line} {}", names.join(" ")))
        };
        let events: Vec<_> = (1..).zip(&self.verdicts).filter_map(event).collect();
        events.join("\n")
    }

    /// What line `line` was at once.
    pub(crate) fn verdict(&self, line: usize) -> Verdict {
        self.verdicts[line - 1].0
    }

    pub(crate) fn summary(&self) -> Summary {
        self.connection.summary(self.setup.client)
    }

    /// What the client sent, in numbers.
    pub(crate) fn client(&self) -> super::HalfSummary {
        self.summary().halves[self.setup.client]
    }

    /// What the server sent, in numbers.
    pub(crate) fn server(&self) -> super::HalfSummary {
        self.summary().halves[self.setup.client.reverse()]
    }
}

/// One line.
pub(crate) fn parse(line: &str, number: u64, setup: Setup) -> (Direction, Segment) {
    let mut words = line.split_whitespace();
    let seconds: f64 = words.next().unwrap().parse().unwrap();
    let from_client = words.next().unwrap() == ">";
    let (own, other) = match from_client {
        true => (setup.isn.forward, setup.isn.reverse),
        false => (setup.isn.reverse, setup.isn.forward),
    };
    let mut segment = Segment {
        number,
        at: Timestamp::from_nanos(1_000_000_000_000 + (seconds * 1e6).round() as i64 * 1000),
        seq: Seq(own),
        ack: Seq(0),
        window: 65_535,
        flags: Flags(0),
        payload_len: 0,
        urgent: 0,
        checksum: number as u16,
        ip_id: None,
        tos: 0,
        timestamps: None,
        mss: None,
        window_scale: None,
        sack_permitted: false,
        fast_open: None,
        sack: SackBlocks::new(),
    };
    let set = |flags: &mut Flags, flag: Flags| *flags = Flags(flags.0 | flag.0);
    while let Some(word) = words.next() {
        let mut value = || words.next().unwrap();
        match word {
            "syn" => set(&mut segment.flags, Flags::SYN),
            "fin" => set(&mut segment.flags, Flags::FIN),
            "rst" => set(&mut segment.flags, Flags::RST),
            "psh" => set(&mut segment.flags, Flags::PSH),
            "urg" => set(&mut segment.flags, Flags::URG),
            "ece" => set(&mut segment.flags, Flags::ECE),
            "cwr" => set(&mut segment.flags, Flags::CWR),
            "ack" => {
                set(&mut segment.flags, Flags::ACK);
                segment.ack = Seq(other) + value().parse::<i64>().unwrap() as u32;
            }
            "win" => segment.window = value().parse().unwrap(),
            "id" => segment.ip_id = Some(value().parse().unwrap()),
            "sum" => segment.checksum = value().parse().unwrap(),
            "mss" => segment.mss = Some(value().parse().unwrap()),
            "wscale" => segment.window_scale = Some(value().parse().unwrap()),
            "sackok" => segment.sack_permitted = true,
            "ts" => {
                let (tsval, tsecr) = value().split_once(':').unwrap();
                segment.timestamps = Some((tsval.parse().unwrap(), tsecr.parse().unwrap()));
            }
            "sack" => {
                let edge = |edge: &str| other.wrapping_add(edge.parse::<i64>().unwrap() as u32);
                let blocks = value().split(',').map(|block| block.split_once(':').unwrap());
                segment.sack = blocks.map(|(left, right)| (edge(left), edge(right))).collect();
            }
            place => {
                let (seq, rest) = place.split_once(':').unwrap_or_else(|| panic!("{line}: {place}?"));
                segment.seq = Seq(own) + seq.parse::<i64>().unwrap() as u32;
                let (_, len) = rest.trim_end_matches(')').split_once('(').unwrap();
                segment.payload_len = len.parse().unwrap();
            }
        }
    }
    (if from_client { setup.client } else { setup.client.reverse() }, segment)
}
