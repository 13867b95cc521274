//! Flows that nothing was heard of for a while, put aside as bytes: a few hundred for a connection of some packets.
//!
//! Nothing is lost by it. A flow wakes when it has another packet, and goes on as if it had been awake; its row is made
//! of what it wakes to. So what sleeps, and when, shows in no result, and may depend on threads and blocks.

use super::flow::{Head, Open};
use super::noted::Noted;
use crate::time::counted_from;

/// The longest that a flow may be to sleep. One of which more is outstanding stays awake.
pub(super) const LONGEST: usize = 8 << 10;

/// What is kept of an entry's flow.
pub(super) enum Kept<Row> {
    /// No flow is open.
    Nothing,
    /// A connection that is written down.
    Noted(Noted),
    /// A flow whose packets may come at any time.
    Awake(Box<Open<Row>>),
    /// A flow that was quiet.
    Asleep(Asleep),
}

/// A flow as bytes: what instants are counted from, its [`Head`], and the rest of it.
pub(super) struct Asleep(Box<[u8]>);

impl Asleep {
    /// Puts a flow aside whose listener is let go, by way of `packing`. `None` where it is too long.
    pub fn of<Row>(open: &Open<Row>, packing: &mut [u8]) -> Option<Self> {
        let origin = open.head().end.unwrap_or_default();
        let len = postcard::to_slice(&origin, packing).ok()?.len();
        let len = counted_from(origin, || {
            let rest = packing.get_mut(len..)?;
            Some(len + postcard::to_slice(open, rest).ok()?.len())
        })?;
        packing.get(..len).map(|bytes| Self(bytes.into()))
    }

    /// What is asked of every flow now and then.
    pub fn head(&self) -> Option<Head> {
        let (origin, rest) = postcard::take_from_bytes(&self.0).ok()?;
        let head = counted_from(origin, || postcard::take_from_bytes(rest)).ok().map(|(head, _)| head);
        debug_assert!(head.is_some(), "what was written of a flow can be read");
        head
    }

    /// The flow. Its listener is still let go.
    pub fn wake<Row>(&self) -> Option<Open<Row>> {
        let (origin, rest) = postcard::take_from_bytes(&self.0).ok()?;
        let open = counted_from(origin, || postcard::from_bytes(rest)).ok();
        debug_assert!(open.is_some(), "what was written of a flow can be read");
        open
    }
}

impl<Row> Kept<Row> {
    /// Whether a flow is open.
    pub fn is_some(&self) -> bool {
        !matches!(self, Self::Nothing)
    }

    /// The flow, if it is awake.
    pub fn awake(&self) -> Option<&Open<Row>> {
        match self {
            Self::Awake(open) => Some(open),
            _ => None,
        }
    }

    /// The flow, if it is awake.
    pub fn awake_mut(&mut self) -> Option<&mut Open<Row>> {
        match self {
            Self::Awake(open) => Some(open),
            _ => None,
        }
    }

    /// What is asked of every flow now and then.
    pub fn head(&self) -> Option<Head> {
        match self {
            Self::Nothing => None,
            Self::Noted(noted) => noted.head(),
            Self::Awake(open) => Some(open.head()),
            Self::Asleep(asleep) => asleep.head(),
        }
    }

    /// Takes the flow out.
    pub fn take(&mut self) -> Self {
        std::mem::replace(self, Self::Nothing)
    }
}
