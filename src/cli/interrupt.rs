//! Ctrl-C: the run ends as if its input did, so that what was analysed is reported.

use std::process;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Mutex, PoisonError};

use crate::pipeline::Watch;

/// Exit status after an interrupt.
pub const INTERRUPTED: u8 = 130;

static HAPPENED: AtomicBool = AtomicBool::new(false);
static WATCHED: Mutex<Option<Arc<Watch>>> = Mutex::new(None);

/// From now on an interrupt ends the run that `watch` belongs to; a second one ends the program at once.
pub fn end(watch: &Arc<Watch>) {
    let first = WATCHED.lock().unwrap_or_else(PoisonError::into_inner).replace(Arc::clone(watch)).is_none();
    if first {
        // Where no handler can be set, an interrupt ends the program as ever.
        let _ = ctrlc::set_handler(|| {
            if HAPPENED.swap(true, Relaxed) {
                process::exit(i32::from(INTERRUPTED));
            }
            if let Some(watch) = &*WATCHED.lock().unwrap_or_else(PoisonError::into_inner) {
                watch.interrupted.store(true, Relaxed);
            }
        });
    }
}

/// Whether there was an interrupt.
pub fn happened() -> bool {
    HAPPENED.load(Relaxed)
}
