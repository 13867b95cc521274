//! What is counted of the packets of a flow, whatever they hold.

use serde::{Deserialize, Serialize};

use super::responses::Responses;
use crate::flow::{Direction, Pair, Sent, Traffic};
use crate::tcp::Plain;

/// What the packets of a flow come to.
#[derive(Debug, Default, Deserialize, Serialize)]
pub(super) struct Counted {
    /// What each side sent.
    pub traffic: Pair<Traffic>,
    /// How long its answers took.
    pub responses: Responses,
}

impl Counted {
    /// Forgets all of it.
    pub fn clear(&mut self) {
        self.traffic = Pair::default();
        self.responses.clear();
    }

    /// Becomes what the packets of a connection come to that is `plain`.
    pub fn take_plain(&mut self, plain: &mut Plain) {
        self.responses.clear();
        plain.traffic(&mut self.traffic);
        for &(direction, took) in plain.answers() {
            self.responses.on_answer(direction, took);
        }
    }

    /// A packet. Its payload `is_news` if it [says something for the first time](super::responses::is_news).
    #[inline(always)]
    pub fn on_packet(&mut self, direction: Direction, sent: &Sent, is_news: bool) {
        self.traffic[direction].on_packet(sent);
        if let Some(at) = sent.at.filter(|_| is_news) {
            self.responses.on_payload(direction, at);
        }
    }
}
