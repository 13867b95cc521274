//! Batches of blocks, read and decoded in parallel.

use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Condvar, Mutex, MutexGuard};

use foldhash::fast::RandomState;

use super::opened::Opened;
use super::settings::{Settings, Watch};
use crate::capture::{Block, Capture, Stretch};

/// Blocks in a batch, for each thread. Enough that threads rarely wait for each other at its end, few enough that not much
/// memory is taken: of 4, 6, 8, 12 and 16, on two cores 6 and 8 are the fastest, by some 4 %.
const BLOCKS_A_THREAD: usize = 8;

/// Bytes of blocks in a batch from which on no other is taken: a long record has a large block of its own.
const MAX_BYTES: usize = 64 << 20;

/// What the tasks that fill a batch share.
struct Filling<'a> {
    capture: &'a mut Capture,
    watch: &'a Watch,
    /// Blocks and stretches taken so far.
    taken: usize,
    /// Their bytes.
    bytes: usize,
    /// Stretches taken, and cut.
    stretches: (usize, usize),
    /// Blocks whose buffers are used again.
    spent: Vec<Opened>,
    /// The input has no more just now.
    dry: bool,
    /// Nor will it have any.
    over: bool,
}

/// What a task takes.
enum Taken {
    Block(Block),
    /// A stretch to be read, and which of the stretches it is.
    Stretch(Stretch, usize),
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
    let wanted = threads * BLOCKS_A_THREAD;
    let filling =
        Turns { filling: Mutex::new(Filling::new(capture, &settings.watch, spent)), turn: Condvar::new() };
    let opened = Mutex::new(Vec::with_capacity(wanted));
    loop {
        rayon::scope(|scope| {
            for _ in 0..threads {
                scope.spawn(|_| {
                    let mut unused = None;
                    loop {
                        // By itself: what stands in the head of a loop is let go at its end, and that is the lock.
                        let next = filling.lock().take(wanted, unused.take());
                        let Some((index, taken, spent)) = next else { break };
                        let block = match taken {
                            Taken::Block(block) => Some(block),
                            Taken::Stretch(stretch, turn) => filling.read(stretch, turn),
                        };
                        let Some(block) = block else { continue };
                        let mut one = Opened::new(block, settings, state, spent);
                        unused = one.take_unused();
                        lock(&opened).push((index, one));
                    }
                });
            }
        });
        // Of a long record many stretches may pass without a block.
        let mut filling = filling.lock();
        if !lock(&opened).is_empty() || filling.has_ended() {
            break;
        }
        (filling.taken, filling.bytes) = (0, 0);
    }
    let mut opened = opened.into_inner().unwrap_or_else(|poisoned| poisoned.into_inner());
    opened.sort_unstable_by_key(|&(index, _)| index);
    opened.into_iter().map(|(_, opened)| opened).collect()
}

/// What fills a batch, and the turns in which stretches are cut.
struct Turns<'a> {
    filling: Mutex<Filling<'a>>,
    turn: Condvar,
}

impl<'a> Turns<'a> {
    fn lock(&self) -> MutexGuard<'_, Filling<'a>> {
        lock(&self.filling)
    }

    /// Reads a stretch while others read theirs, and cuts it once those before it are cut: who has one of them is at work on it.
    fn read(&self, mut stretch: Stretch, turn: usize) -> Option<Block> {
        stretch.read();
        let mut filling = self.lock();
        while filling.stretches.1 != turn {
            filling = self.turn.wait(filling).unwrap_or_else(|poisoned| poisoned.into_inner());
        }
        let block = filling.capture.cut(stretch);
        filling.stretches.1 += 1;
        let read = block.as_ref().map_or(0, Block::size);
        filling.watch.bytes.fetch_add(read as u64, Relaxed);
        drop(filling);
        self.turn.notify_all();
        block
    }
}

impl<'a> Filling<'a> {
    fn new(capture: &'a mut Capture, watch: &'a Watch, spent: Vec<Opened>) -> Self {
        Self { capture, watch, taken: 0, bytes: 0, stretches: (0, 0), spent, dry: false, over: false }
    }

    /// Whether no more is to be had, or wanted.
    fn has_ended(&self) -> bool {
        self.over || self.watch.interrupted.load(Relaxed)
    }

    /// The next block or stretch of a batch that wants `wanted`, with its place in the batch and used buffers. The memory of
    /// `unused` is used for it.
    fn take(&mut self, wanted: usize, unused: Option<Block>) -> Option<(usize, Taken, Option<Opened>)> {
        // The last that is given is the first to be used again: it may still be in the core's cache.
        if let Some(unused) = unused {
            self.capture.recycle(unused);
        }
        if self.taken >= wanted || self.bytes >= MAX_BYTES || self.dry || self.has_ended() {
            return None;
        }
        let spent = self.spent.pop().map(|mut spent| {
            let block = std::mem::take(&mut spent.block);
            self.capture.recycle(block);
            spent
        });
        let taken = match self.capture.stretch() {
            Some(stretch) => {
                self.bytes += stretch.size();
                self.stretches.0 += 1;
                Taken::Stretch(stretch, self.stretches.0 - 1)
            }
            None => {
                let Some(block) = self.capture.next_block() else {
                    self.over = true;
                    return None;
                };
                self.watch.bytes.fetch_add(block.size() as u64, Relaxed);
                self.dry = block.is_live();
                self.bytes += block.size();
                Taken::Block(block)
            }
        };
        self.taken += 1;
        Some((self.taken, taken, spent))
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}
