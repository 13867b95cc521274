//! Which servers connections do not come about with.

use std::collections::BTreeMap;

use crate::decode::Address;
use crate::pipeline::FlowRow;
use crate::tcp::Opening;

/// Servers that are told apart; connections to others are not counted.
const MOST_SERVERS: usize = 65_536;

/// What became of the connections to a server.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Asked {
    /// Connections.
    pub all: u64,
    /// Of these, refused.
    pub refused: u64,
    /// Not answered.
    pub no_answer: u64,
}

/// Connections by server: address and port.
#[derive(Debug, Default)]
pub struct Servers(BTreeMap<(Address, u16), Asked>);

impl Servers {
    /// Adds a flow, if it is a TCP connection.
    pub fn on_flow(&mut self, row: &FlowRow) {
        let Some(tcp) = &row.tcp else { return };
        let refused = u64::from(tcp.opening == Opening::Refused);
        let no_answer = u64::from(tcp.opening == Opening::NoAnswer);
        self.add(row.key.sender(row.client.reverse()), Asked { all: 1, refused, no_answer });
    }

    fn add(&mut self, server: (Address, u16), more: Asked) {
        if self.0.len() >= MOST_SERVERS && !self.0.contains_key(&server) {
            return;
        }
        let asked = self.0.entry(server).or_default();
        asked.all += more.all;
        asked.refused += more.refused;
        asked.no_answer += more.no_answer;
    }

    /// Adds the connections of later flows.
    pub fn merge(&mut self, other: Self) {
        other.0.into_iter().for_each(|(server, asked)| self.add(server, asked));
    }

    /// The server with the most of what `of` counts, if that is more than half of `sum`; of equal ones the lowest.
    pub fn with_most(&self, sum: u64, of: fn(&Asked) -> u64) -> Option<((Address, u16), Asked)> {
        let (&server, &asked) = self.0.iter().rev().max_by_key(|(_, asked)| of(asked))?;
        (of(&asked) * 2 > sum).then_some((server, asked))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;

    #[test]
    fn the_server_that_refused_most_is_named() {
        let mut servers = Servers::default();
        for (flow, opening) in (0..).zip([Opening::Refused, Opening::Complete, Opening::Refused]) {
            let mut row = sample::flow(flow, 0);
            row.tcp.as_mut().unwrap().opening = opening;
            let mut part = Servers::default();
            part.on_flow(&row);
            servers.merge(part);
        }
        let asked = Asked { all: 3, refused: 2, no_answer: 0 };
        let server = (Address::v4([10, 0, 0, 2]), 80);
        assert_eq!(servers.with_most(3, |asked| asked.refused), Some((server, asked)));
        assert_eq!(servers.with_most(4, |asked| asked.refused), None);
    }
}
