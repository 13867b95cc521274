//! Batches of blocks, read and decoded in parallel.

use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Mutex, MutexGuard};

use foldhash::fast::RandomState;

use super::opened::Opened;
use super::settings::{Settings, Watch};
use crate::capture::{Block, Capture};

/// Blocks in a batch, for each thread. Enough that threads rarely wait for each other, few enough that the
/// blocks and records of two batches stay in the second-level caches.
const BLOCKS_A_THREAD: usize = 4;

/// Bytes of blocks in a batch from which on no other is taken: a long record has a large block of its own.
const MAX_BYTES: usize = 64 << 20;

/// What the tasks that fill a batch share.
struct Filling<'a> {
    capture: &'a mut Capture,
    watch: &'a Watch,
    /// Blocks taken so far.
    taken: usize,
    /// Their bytes.
    bytes: usize,
    /// Blocks whose buffers are used again.
    spent: Vec<Opened>,
    /// The input has no more just now.
    dry: bool,
}

/// Reads and decodes the next batch of blocks: the task that reads a block decodes it, while its bytes are in the
/// core's cache. Empty at the end of the input. `spent` are blocks whose buffers are used again.
pub(super) fn fill(
    capture: &mut Capture,
    settings: &Settings,
    state: &RandomState,
    spent: Vec<Opened>,
) -> Vec<Opened> {
    let threads = rayon::current_num_threads();
    let filling =
        Mutex::new(Filling { capture, watch: &settings.watch, taken: 0, bytes: 0, spent, dry: false });
    let opened = Mutex::new(Vec::with_capacity(threads * BLOCKS_A_THREAD));
    rayon::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|_| {
                let mut unused = None;
                while let Some((index, block, spent)) =
                    lock(&filling).take(threads * BLOCKS_A_THREAD, unused.take())
                {
                    let mut one = Opened::new(block, settings, state, spent);
                    unused = one.take_unused();
                    lock(&opened).push((index, one));
                }
            });
        }
    });
    let mut opened = opened.into_inner().unwrap_or_else(|poisoned| poisoned.into_inner());
    opened.sort_unstable_by_key(|&(index, _)| index);
    opened.into_iter().map(|(_, opened)| opened).collect()
}

impl Filling<'_> {
    /// The next block of a batch that wants `wanted`, with its place in the batch and used buffers. The memory of `unused`
    /// is used for it.
    fn take(&mut self, wanted: usize, unused: Option<Block>) -> Option<(usize, Block, Option<Opened>)> {
        // The last that is given is the first to be used again: it may still be in the core's cache.
        if let Some(unused) = unused {
            self.capture.recycle(unused);
        }
        if self.taken >= wanted || self.bytes >= MAX_BYTES || self.dry || self.watch.interrupted.load(Relaxed)
        {
            return None;
        }
        let spent = self.spent.pop().map(|mut spent| {
            let block = std::mem::take(&mut spent.block);
            self.capture.recycle(block);
            spent
        });
        let block = self.capture.next_block()?;
        self.watch.bytes.fetch_add(block.size() as u64, Relaxed);
        self.dry = block.is_live();
        self.taken += 1;
        self.bytes += block.size();
        Some((self.taken, block, spent))
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}
