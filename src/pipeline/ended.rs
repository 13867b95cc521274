//! Flows on their way to their rows.

use super::asleep::Kept;
use super::flow::Open;
use super::rows::FlowRow;
use super::shard::Listen;
use super::young::Replayed;
use crate::flow::Key;
use crate::time::Timestamp;

/// What a flow's entry says of it.
pub(super) struct Identity {
    /// Its number.
    pub flow: u64,
    /// The stream's number.
    pub stream: Option<u64>,
    /// Its endpoints.
    pub key: Key,
    /// It goes on with a flow that was ended before.
    pub continued: bool,
    /// A bound ended it.
    pub evicted: bool,
}

impl Identity {
    /// The row of the flow `open`. One that sleeps has nothing pending, and its listener says no rows.
    pub fn row<Row>(
        &self,
        open: &Kept<Row>,
        listen: &dyn Listen<Row>,
        samples: bool,
        replayed: &mut Replayed,
    ) -> Option<FlowRow> {
        let service = |open: &Open<Row>| open.service(|| listen.listen(&self.key));
        match open {
            Kept::Nothing => None,
            Kept::Awake(open) => Some(open.row(self, service(open), samples, replayed)),
            Kept::Asleep(asleep) => {
                let open = asleep.wake()?;
                Some(open.row(self, service(&open), samples, replayed))
            }
        }
    }
}

/// A flow that ended, on its way to its row.
pub(super) struct Ended<Row> {
    /// When it ended.
    pub at: Timestamp,
    /// What its entry said of it.
    pub identity: Identity,
    /// What was kept of it.
    pub open: Kept<Row>,
}

impl<Row> Ended<Row> {
    /// Its row, with its samples where they are wanted.
    pub fn row(&self, listen: &dyn Listen<Row>, samples: bool, replayed: &mut Replayed) -> Option<FlowRow> {
        self.identity.row(&self.open, listen, samples, replayed)
    }
}
