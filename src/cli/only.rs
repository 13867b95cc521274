//! Which flows are wanted: one by its number, or those for which a condition holds.

use std::ops::ControlFlow;
use std::sync::Arc;

use super::args::OneFlow;
use super::options::{self, Request};
use crate::error::Result;
use crate::pipeline::{self, FlowRow, PacketRow, Report, Settings};
use crate::report::Condition;
use crate::report::fields::{FLOWS, Flows};

/// Which flows are wanted.
#[derive(Clone, Debug, Default)]
pub struct Only {
    flow: Option<u64>,
    /// The protocol number, and the stream.
    stream: Option<(u8, u64)>,
    /// The numbers of the flows for which a condition holds.
    among: Option<Arc<Numbers>>,
}

impl Only {
    /// The flows that the arguments name, or all. A condition on flows reads the capture once to find them, as it will be read
    /// again: as `wanted` says.
    pub fn new(args: &OneFlow, request: &Request, wanted: &Settings) -> Result<Self> {
        let protocol = if args.udp { 17 } else { 6 };
        Ok(Self {
            flow: args.flow,
            stream: args.stream.map(|stream| (protocol, stream)),
            among: args.flows.as_ref().map(|text| find(text, request, wanted)).transpose()?,
        })
    }

    /// Whether it is not all of them.
    pub fn is_some(&self) -> bool {
        self.flow.is_some() || self.stream.is_some() || self.among.is_some()
    }

    /// Whether a flow is wanted.
    pub fn flow(&self, row: &FlowRow) -> bool {
        self.numbers(row.key.protocol(), row.flow, row.stream)
    }

    /// Whether the flow of this protocol and these numbers is wanted.
    pub fn numbers(&self, protocol: u8, flow: u64, stream: Option<u64>) -> bool {
        let of_stream = |(wanted, number)| protocol == wanted && stream == Some(number);
        self.flow.is_none_or(|wanted| flow == wanted)
            && self.stream.is_none_or(of_stream)
            && self.among.as_ref().is_none_or(|among| among.has(flow))
    }

    /// Whether a packet is wanted.
    pub fn packet(&self, row: &PacketRow<'_>) -> bool {
        if !self.is_some() {
            return true;
        }
        let (Some(network), Some(flow)) = (row.packet.network, row.flow) else { return false };
        self.numbers(network.protocol, flow, row.stream)
    }

    /// What it is called where there is none; `None` where one flow alone is not asked for.
    pub fn missing(&self) -> Option<String> {
        match (self.flow, self.stream) {
            (Some(flow), _) => Some(format!("there is no flow {flow} in this capture")),
            (None, Some((17, stream))) => Some(format!("there is no UDP stream {stream} in this capture")),
            (None, Some((_, stream))) => Some(format!("there is no TCP stream {stream} in this capture")),
            (None, None) => None,
        }
    }
}

/// Checks a condition on flows before anything is read.
pub fn check(text: &str, request: &Request) -> Result<Condition<Flows>> {
    let condition = options::condition("--flows", text, FLOWS.fields())?;
    request.refuse_standard_input("--flows")?;
    Ok(condition)
}

/// The numbers of the flows for which a condition holds.
fn find(text: &str, request: &Request, wanted: &Settings) -> Result<Arc<Numbers>> {
    let condition = check(text, request)?;
    let (mut capture, settings, _) = request.open();
    let Settings { as_completed, verify_checksums, .. } = *wanted;
    let settings = Settings { flows: true, as_completed, verify_checksums, last: false, ..settings };
    super::interrupt::end(&settings.watch);
    let mut numbers = Numbers::default();
    let mut give = |part: Vec<u64>| {
        part.into_iter().for_each(|number| numbers.add(number));
        ControlFlow::Continue(())
    };
    // What is wrong with the input is told when it is read again.
    pipeline::run(&mut capture, &settings, &Finder { condition }, &mut give)?;
    Ok(Arc::new(numbers))
}

struct Finder {
    condition: Condition<Flows>,
}

impl Report for Finder {
    type Part = Vec<u64>;
    type Row = ();

    fn asks_for_services(&self) -> bool {
        true
    }

    fn flows(&self, rows: &mut dyn Iterator<Item = FlowRow>) -> Vec<u64> {
        rows.filter(|row| self.condition.holds(row)).map(|row| row.flow).collect()
    }
}

/// A set of numbers, one bit each up to the greatest.
#[derive(Debug, Default)]
pub struct Numbers(Vec<u64>);

impl Numbers {
    /// Adds a number.
    pub fn add(&mut self, number: u64) {
        let word = (number / 64) as usize;
        if self.0.len() <= word {
            self.0.resize(word + 1, 0);
        }
        if let Some(word) = self.0.get_mut(word) {
            *word |= 1 << (number % 64);
        }
    }

    /// Whether a number was added.
    pub fn has(&self, number: u64) -> bool {
        self.0.get((number / 64) as usize).is_some_and(|word| word >> (number % 64) & 1 == 1)
    }

    /// Whether none was added.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_kept_apart() {
        let mut numbers = Numbers::default();
        assert!(numbers.is_empty() && !numbers.has(1));
        for number in [1, 63, 64, 1000] {
            numbers.add(number);
        }
        let kept: Vec<u64> = (0..2000).filter(|number| numbers.has(*number)).collect();
        assert_eq!(kept, [1, 63, 64, 1000]);
    }
}
