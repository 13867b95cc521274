//! One block decoded: its records by shard, and what its frames add up to.

use foldhash::fast::RandomState;

use super::counts::{Amount, Counts};
use super::ending::Clock;
use super::fragments::Completed;
use super::pulse::Pulse;
use super::record::{Beside, Origin, Payload, Record, TCP, records};
use super::settings::Settings;
use crate::capture::{Block, Brief, Frame, Frames};
use crate::decode::{self, Limits, Packet, Plain};
use crate::flow::Key;
use crate::time::Timestamp;

/// Shards that flows are divided among. More than most machines have cores, so that shards of different sizes even out;
/// no more, so that what a block has for each is long enough to be fetched ahead.
pub(super) const SHARDS: usize = 16;

/// The shard of a flow.
pub(super) fn shard_of(key: &Key) -> usize {
    key.group() as usize % SHARDS
}

/// A block and what was found in it.
#[derive(Debug)]
pub(super) struct Opened {
    pub block: Block,
    /// The records of each shard, in file order.
    pub buckets: Vec<Vec<Record>>,
    /// The frames that take part, where packets are wanted.
    pub chosen: Vec<Chosen>,
    /// What all of its frames come to, those included that do not take part, where packets are wanted.
    pub course: Course,
    /// Frames that hold fragments, by their place in the block. What they come to is counted once that is known.
    pub fragments: Vec<u64>,
    /// The frames that completed a datagram, in order.
    pub completed: Vec<Completed>,
    /// What few of the packets have.
    pub beside: Beside,
    pub counts: Counts,
    /// How deep its frames are read.
    pub depth: Limits,
    /// The frames at which a second of capture time has passed, where flows end by time.
    pub ticks: Vec<(u64, Clock)>,
}

/// A frame that takes part.
#[derive(Clone, Copy, Debug)]
pub(super) struct Chosen {
    /// Its place in the block.
    pub index: u32,
    /// Its time.
    pub at: Option<Timestamp>,
    /// The frames of the block before it.
    pub before: Course,
}

/// How far time and bytes have come with some frames.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Course {
    /// The time of the last that has one.
    pub previous: Option<Timestamp>,
    /// The greatest time.
    pub clock: Option<Timestamp>,
    /// Bytes captured of them.
    pub bytes: u64,
}

impl Course {
    /// With one more frame.
    fn pass(&mut self, frame: &Frame<'_>) {
        self.previous = frame.at.or(self.previous);
        self.clock = self.clock.max(frame.at);
        self.bytes += frame.data.len() as u64;
    }

    /// With more frames behind it.
    pub fn then(self, more: Self) -> Self {
        Self {
            previous: more.previous.or(self.previous),
            clock: self.clock.max(more.clock),
            bytes: self.bytes + more.bytes,
        }
    }
}

/// Sorts records by the shards that they are for.
struct Sorter<'a> {
    buckets: Vec<Vec<Record>>,
    beside: Beside,
    state: &'a RandomState,
}

impl Sorter<'_> {
    /// Takes frames of which nothing is asked but their records, as long as they are plain ones.
    // By itself, since it has use for all of a core's registers.
    #[inline(never)]
    fn pass(&mut self, frames: &mut Frames<'_>, limits: &Limits, counts: &mut Counts) {
        let usual = frames.usual().filter(|usual| Plain::may_be(usual.interface().linktype, limits));
        let Some(usual) = usual else { return };
        let fine_clock = usual.interface().clock.is_fine();
        let (mut bytes, mut earliest, mut latest) = (0, Timestamp::MAX, Timestamp::MIN);
        let passed = usual.pass(|&Brief { number, at, orig_len: len, offset, data }| {
            let Some(plain) = decode::plain(data, len) else { return false };
            bytes += u64::from(len);
            (earliest, latest) = (earliest.min(at), latest.max(at));
            self.take(&plain, offset as u32, &Origin { number, at: Some(at), fine_clock, len });
            true
        });
        let amount = Amount { packets: passed.packets, bytes };
        counts.on_decoded(amount, passed.captured, (earliest <= latest).then_some((earliest, latest)));
    }

    /// Takes the record of the Ethernet frame that is at `offset` in its block, if it is a plain one. Whether it is.
    #[inline(never)]
    fn takes_plain(&mut self, frame: &Frame<'_>, offset: u32) -> bool {
        let Some(plain) = decode::plain(frame.data, frame.orig_len) else { return false };
        self.take(&plain, offset, &Origin::of(frame));
        true
    }

    /// Takes the record of a plain frame, likewise.
    // Into the loop over frames it goes: to hand over what is known of a frame takes as long as to read half of its headers.
    #[inline(always)]
    fn take(&mut self, plain: &Plain<'_>, offset: u32, frame: &Origin) {
        let key = Key::of_v4(TCP, plain.addresses(), plain.ports());
        if let Some(bucket) = self.buckets.get_mut(shard_of(&key.0)) {
            Record::push_plain(bucket, frame, key, plain, offset, &mut self.beside, self.state);
        }
    }
}

impl Opened {
    /// Decodes every frame of `block`. `spent` is a block whose buffers are used again.
    pub fn new(block: Block, settings: &Settings, state: &RandomState, spent: Option<Self>) -> Self {
        let (mut buckets, mut chosen, mut fragments, beside) = match spent {
            Some(spent) => (spent.buckets, spent.chosen, spent.fragments, spent.beside),
            None => (vec![Vec::new(); SHARDS], Vec::new(), Vec::new(), Beside::default()),
        };
        // Flows are not of one size: room for twice the share of a shard is seldom too little. It is not grown into, since
        // what was there before would be copied.
        let room = (2 * block.len() as usize / SHARDS).next_power_of_two();
        for bucket in &mut buckets {
            bucket.clear();
            if bucket.capacity() < room {
                *bucket = Vec::with_capacity(room);
            }
        }
        chosen.clear();
        fragments.clear();
        let mut sorter = Sorter { buckets, beside, state };
        sorter.beside.clear();

        let mut counts = Counts::default();
        counts.pulse = settings.grid.as_ref().map(Pulse::new);
        let mut ticks = Vec::new();
        let mut clock = Clock::default();
        let mut course = Course::default();
        let mut packet = Packet::within(settings.bounds.depth);
        let (mut frames, is_bare) = (block.frames(), settings.asks_nothing_of_frames());
        loop {
            if is_bare {
                sorter.pass(&mut frames, &settings.bounds.depth, &mut counts);
            }
            let Some(frame) = frames.next() else { break };
            let index = frame.number - block.first_number();
            if settings.as_completed.is_some() {
                let reached = frame.at.map_or(clock, Clock::reached);
                if reached > clock {
                    clock = reached;
                    ticks.push((frame.number, clock));
                }
            }
            let takes_part = settings.chooses(frame);
            counts.on_frame(frame, takes_part);
            if settings.packets {
                if takes_part {
                    chosen.push(Chosen { index: index as u32, at: frame.at, before: course });
                }
                course.pass(&frame);
            }
            if !takes_part {
                continue;
            }
            if !settings.verify_checksums && Plain::may_be(frame.linktype, &settings.bounds.depth) {
                let offset = block.offset_of(frame.data) as u32;
                if sorter.takes_plain(&frame, offset) {
                    counts.on_plain(&frame, settings.hierarchy);
                    continue;
                }
            }
            let lent = frame;
            decode::frame(&lent, &mut packet);
            if packet.fragment.is_some() {
                fragments.push(index);
            } else {
                counts.on_packet(&lent, &packet, settings.hierarchy);
            }
            let offset = block.offset_of(frame.data) as u32 + packet.payload_offset;
            let checksums = settings.checksums_of(&lent, &packet, None);
            let payload = Payload { checksums, datagram: 0, offset, len: packet.payload.len() as u32 };
            let Sorter { buckets, beside, .. } = &mut sorter;
            records(&lent, &packet, payload, beside, state, |record| {
                if let Some(bucket) = buckets.get_mut(shard_of(&record.key)) {
                    bucket.push(record);
                }
            });
        }
        let Sorter { buckets, beside, .. } = sorter;
        Self {
            block,
            buckets,
            chosen,
            course,
            fragments,
            completed: Vec::new(),
            beside,
            counts,
            depth: settings.bounds.depth,
            ticks,
        }
    }

    /// The memory of its block, if nothing will be looked at in it any more: none of its frames takes part.
    pub fn take_unused(&mut self) -> Option<Block> {
        (self.counts.chosen.packets == 0).then(|| self.block.take_memory())
    }

    /// The datagram that the frame `number` completed.
    pub fn completed_by(&self, number: u64) -> Option<&Completed> {
        let place = self.completed.partition_point(|completed| completed.number < number);
        self.completed.get(place).filter(|completed| completed.number == number)
    }

    /// The captured bytes of a payload.
    pub fn payload(&self, payload: &Payload) -> &[u8] {
        let bytes = match payload.datagram {
            0 => self.block.bytes(),
            place => {
                let completed = self.completed.get(usize::from(place) - 1);
                completed.and_then(|completed| completed.datagrams.last()).map_or(&[][..], |last| &last.bytes)
            }
        };
        let (start, len) = (payload.offset as usize, payload.len as usize);
        bytes.get(start..start + len).unwrap_or(&[])
    }
}
