//! How far a run has come, on standard error, where that is a terminal and the run takes longer than a second.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use crate::pipeline::Watch;

const FIRST_SHOWN: Duration = Duration::from_secs(1);
const SHOWN_AGAIN: Duration = Duration::from_millis(100);
const KNOWN: &str = "{bytes} of {total_bytes} {wide_bar} {bytes_per_sec}, {eta} left";
const UNKNOWN: &str = "{spinner} {bytes} read, {bytes_per_sec}";

/// A bar that shows how far a run has come, until it is dropped.
pub struct Progress {
    done: Option<Sender<()>>,
    shown: Option<JoinHandle<()>>,
}

impl Progress {
    /// Shows what `watch` tells of a run that will read `total` bytes, where that is known.
    pub fn of(watch: Arc<Watch>, total: Option<u64>) -> Self {
        let (done, waits) = mpsc::channel();
        let show = move || {
            if waits.recv_timeout(FIRST_SHOWN) != Err(RecvTimeoutError::Timeout) {
                return;
            }
            let bar = total.map_or_else(ProgressBar::new_spinner, ProgressBar::new);
            let template = if total.is_some() { KNOWN } else { UNKNOWN };
            bar.set_style(
                ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar()),
            );
            while waits.recv_timeout(SHOWN_AGAIN) == Err(RecvTimeoutError::Timeout) {
                bar.set_position(watch.bytes.load(Relaxed));
            }
            bar.finish_and_clear();
        };
        Self { done: Some(done), shown: Some(thread::spawn(show)) }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        drop(self.done.take());
        if let Some(shown) = self.shown.take() {
            // A bar that failed has nothing to say.
            let _ = shown.join();
        }
    }
}
