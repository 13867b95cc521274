//! What became of the connections to each server.

use crate::decode::Address;
use crate::pipeline::FlowRow;
use crate::stats::Bounded;
use crate::tcp::Opening;
use crate::time::Span;

/// What became of the connections to a server.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Asked {
    /// Connections.
    pub all: u64,
    /// Of these, refused.
    pub refused: u64,
    /// Not answered.
    pub no_answer: u64,
    /// Those in which [the server was slow](slow_answers).
    pub slow: u64,
}

/// The flows in which the server is slow, and not the path to it: as a condition on rows of `flows`.
pub const SLOW: &str =
    "server_response_samples >= 3 and server_response_p50_s >= 200ms and rtt_to_server_p95_s < 50ms";

/// How long the server of a connection took to begin half of its answers, if that is [`SLOW`].
pub fn slow_answers(row: &FlowRow) -> Option<Span> {
    let answers = row.responses[row.client.reverse()];
    let [_, median, ..] = answers.min_p50_p95_max?;
    let to_server = row.tcp.as_ref()?.halves[row.client].rtt.figures?.p95;
    let slow = answers.samples >= 3 && median >= Span::from_millis(200) && to_server < Span::from_millis(50);
    slow.then_some(median)
}

/// Connections by server: address and port.
#[derive(Debug)]
pub struct Servers(Bounded<(Address, u16), Asked>);

impl Servers {
    /// Of no connections yet; at most so many servers are told apart.
    pub fn new(most: usize) -> Self {
        Self(Bounded::new(most))
    }

    /// Adds a flow, if it is a TCP connection.
    pub fn on_flow(&mut self, row: &FlowRow) {
        let Some(tcp) = &row.tcp else { return };
        let refused = u64::from(tcp.opening == Opening::Refused);
        let no_answer = u64::from(tcp.opening == Opening::NoAnswer);
        let slow = u64::from(slow_answers(row).is_some());
        if let Some(asked) = self.0.value(row.key.sender(row.client.reverse())) {
            asked.add(Asked { all: 1, refused, no_answer, slow });
        }
    }

    /// Adds the connections of later flows.
    pub fn merge(&mut self, other: Self) {
        self.0.merge(other.0, Asked::add);
    }

    /// How often connections were not counted for a server, since there were too many.
    pub fn left_out(&self) -> u64 {
        self.0.refused()
    }

    /// The server with the most of what `of` counts, if that is more than half of `sum`; of equal ones the lowest.
    pub fn with_most(&self, sum: u64, of: fn(&Asked) -> u64) -> Option<((Address, u16), Asked)> {
        let (server, &asked) =
            self.0.iter().min_by_key(|&(server, asked)| (std::cmp::Reverse(of(asked)), server))?;
        (of(&asked) * 2 > sum).then_some((server, asked))
    }
}

impl Asked {
    fn add(&mut self, more: Self) {
        self.all += more.all;
        self.refused += more.refused;
        self.no_answer += more.no_answer;
        self.slow += more.slow;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;

    #[test]
    fn the_server_that_refused_most_is_named() {
        let mut servers = Servers::new(10);
        for (flow, opening) in (0..).zip([Opening::Refused, Opening::Complete, Opening::Refused]) {
            let mut row = sample::flow(flow, 0);
            row.tcp.as_mut().unwrap().opening = opening;
            let mut part = Servers::new(10);
            part.on_flow(&row);
            servers.merge(part);
        }
        let asked = Asked { all: 3, refused: 2, ..Asked::default() };
        let server = (Address::v4([10, 0, 0, 2]), 80);
        assert_eq!(servers.with_most(3, |asked| asked.refused), Some((server, asked)));
        assert_eq!(servers.with_most(4, |asked| asked.refused), None);
    }

    /// The server is slow where it takes long, often enough, and the path to it does not.
    #[test]
    fn a_server_is_slow_where_its_path_is_not() {
        let slow = |samples, median, path| {
            let mut row = sample::flow(0, 0);
            let server = row.client.reverse();
            row.responses[server].samples = samples;
            row.responses[server].min_p50_p95_max = Some([Span::from_millis(median); 4]);
            let rtt = row.tcp.as_mut().unwrap().halves[row.client].rtt.figures.as_mut().unwrap();
            rtt.p95 = Span::from_millis(path);
            slow_answers(&row)
        };
        assert_eq!(slow(3, 200, 49), Some(Span::from_millis(200)));
        assert_eq!((slow(2, 200, 49), slow(3, 199, 49), slow(3, 200, 50)), (None, None, None));
    }
}
