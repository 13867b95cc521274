//! One block decoded: its records by shard, and what its frames add up to.

use foldhash::fast::RandomState;

use super::counts::Counts;
use super::record::{Path, Payload, Record, records};
use super::settings::Settings;
use crate::capture::{Block, Frame};
use crate::decode::{self, Packet};

/// Shards that flows are divided among. More than cores, so that shards of different sizes even out, and
/// so that the flows of one shard stay in a cache while it is analysed.
pub(super) const SHARDS: usize = 64;

/// The shard of a flow, by the hash of its key.
pub(super) fn shard_of(hash: u64) -> usize {
    (hash >> 48) as usize % SHARDS
}

/// A block and what was found in it.
#[derive(Debug)]
pub(super) struct Opened {
    pub block: Block,
    /// The records of each shard, in file order.
    pub buckets: Vec<Vec<Record>>,
    /// Frames that hold fragments, by their place in the block.
    pub fragments: Vec<u64>,
    /// The datagrams that fragments of this block completed.
    pub datagrams: Vec<Vec<u8>>,
    /// The VLANs and tunnels that packets passed; the first is that of packets which passed none.
    pub paths: Vec<Path>,
    pub counts: Counts,
}

impl Opened {
    /// Decodes every frame of `block`. `spent` is a block whose buffers are used again.
    pub fn new(block: Block, settings: &Settings, state: &RandomState, spent: Option<Self>) -> Self {
        let (mut buckets, mut fragments, mut paths) = match spent {
            Some(spent) => (spent.buckets, spent.fragments, spent.paths),
            None => (vec![Vec::new(); SHARDS], Vec::new(), Vec::new()),
        };
        buckets.iter_mut().for_each(Vec::clear);
        fragments.clear();
        paths.clear();
        paths.push(Path::default());
        let mut counts = Counts::default();
        let mut packet = Packet::default();
        for (index, frame) in (0..).zip(block.frames()) {
            let chosen = chooses(settings, &frame);
            counts.on_frame(&frame, chosen);
            if !chosen {
                continue;
            }
            decode::frame(&frame, &mut packet);
            counts.on_packet(&frame, &packet, settings.hierarchy);
            if packet.fragment.is_some() {
                fragments.push(index);
            }
            let path = path_of(&packet, &mut paths);
            let offset = block.offset_of(frame.data) as u32 + packet.payload_offset;
            let payload = Payload { datagram: None, offset, len: packet.payload.len() as u32 };
            records(&frame, &packet, path, payload, state, |record| {
                if let Some(bucket) = buckets.get_mut(shard_of(record.hash)) {
                    bucket.push(record);
                }
            });
        }
        Self { block, buckets, fragments, datagrams: Vec::new(), paths, counts }
    }

    /// The captured bytes of a payload.
    pub fn payload(&self, payload: &Payload) -> &[u8] {
        let bytes = match payload.datagram {
            None => self.block.bytes(),
            Some(index) => self.datagrams.get(index as usize).map_or(&[][..], |datagram| datagram),
        };
        let (start, len) = (payload.offset as usize, payload.len as usize);
        bytes.get(start..start + len).unwrap_or(&[])
    }
}

/// Whether a frame takes part in the analysis.
pub(super) fn chooses(settings: &Settings, frame: &Frame<'_>) -> bool {
    let after = |from| frame.at.is_some_and(|at| at >= from);
    let before = |to| frame.at.is_some_and(|at| at < to);
    settings.from.is_none_or(after) && settings.to.is_none_or(before)
}

fn path_of(packet: &Packet<'_>, paths: &mut Vec<Path>) -> u16 {
    if packet.vlans.is_empty() && packet.tunnels.is_empty() {
        return 0;
    }
    // Only the latest are compared: many different ones cost memory, not time.
    const COMPARED: usize = 8;
    let is = |(_, path): &(usize, &Path)| path.vlans == packet.vlans && path.tunnels == packet.tunnels;
    let found =
        paths.iter().enumerate().rev().take(COMPARED).find(is).map(|(index, _)| index).or_else(|| {
            let room = paths.len() < usize::from(u16::MAX);
            room.then(|| {
                paths.push(Path { vlans: packet.vlans.clone(), tunnels: packet.tunnels.clone() });
                paths.len() - 1
            })
        });
    found.unwrap_or(0) as u16
}
