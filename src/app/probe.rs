//! Which protocol the first bytes of a flow speak. Bytes alone decide, never a port; what is not certain stays unknown.

mod datagram;
mod dns;
mod stream;

pub use datagram::datagram;
pub use stream::{Probe, Verdict};
