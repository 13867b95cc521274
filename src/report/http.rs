//! What `http` says below its table: status classes, the slowest exchanges, time to first byte by host.

use std::collections::BTreeMap;
use std::io::{self, Write};

use super::Value;
use super::escape;
use super::human::{counted, seconds};
use crate::app::http::{Exchange, Head, Kept};
use crate::stats::Quantiles;
use crate::time::Span;

/// Hosts that are counted apart; further ones are counted together.
const MAX_HOSTS: usize = 1000;
/// Hosts and slow exchanges that are shown.
const SHOWN: usize = 5;

/// Adds up exchanges.
#[derive(Debug, Default)]
pub struct Totals {
    exchanges: u64,
    /// Answers by the first digit of their status; without answer under 0.
    classes: BTreeMap<u16, u64>,
    hosts: BTreeMap<Vec<u8>, Host>,
    slowest: Vec<(Span, u64, u64, String)>,
}

#[derive(Debug, Default)]
struct Host {
    exchanges: u64,
    first_bytes: Quantiles,
}

impl Totals {
    /// Counts an exchange of a flow.
    pub fn add(&mut self, flow: u64, exchange: &Exchange) {
        self.exchanges += 1;
        let status = exchange.response.as_ref().and_then(|response| response.head.status());
        *self.classes.entry(status.map_or(0, |status| status / 100)).or_default() += 1;
        let request = exchange.request.as_ref().map(|request| request.head.as_ref());
        let host = request.and_then(|head| head.field(Kept::Host)).unwrap_or(b"-");
        let host =
            if self.hosts.len() >= MAX_HOSTS && !self.hosts.contains_key(host) { b"(others)" } else { host };
        let of_host = self.hosts.entry(host.to_vec()).or_default();
        of_host.exchanges += 1;
        if let Some(span) = exchange.time_to_first_byte() {
            of_host.first_bytes.record(span);
        }
        if let Some(span) = exchange.response_time()
            && (self.slowest.len() < SHOWN || self.slowest.last().is_some_and(|(least, ..)| span > *least))
        {
            let method = request.and_then(Head::method).unwrap_or_default();
            let target = request.and_then(Head::target).unwrap_or_default();
            let mut name = Vec::new();
            escape::plain(&[method, b" ", host, target].concat(), &mut name);
            let name = String::from_utf8(name).unwrap_or_default();
            self.slowest.push((span, flow, exchange.number, name));
            self.slowest.sort_by_key(|&(span, flow, number, _)| (std::cmp::Reverse(span), flow, number));
            self.slowest.truncate(SHOWN);
        }
    }

    /// Writes the summary; nothing where there was no exchange.
    pub fn write(&self, out: &mut impl Write) -> io::Result<()> {
        if self.exchanges == 0 {
            return Ok(());
        }
        write!(out, "\n{}", counted(self.exchanges, "exchange"))?;
        for (class, count) in &self.classes {
            match class {
                0 => write!(out, ", {count} without an answer")?,
                class => write!(out, ", {count} {class}xx")?,
            }
        }
        writeln!(out, "\n\nslowest")?;
        for (span, flow, number, name) in &self.slowest {
            writeln!(out, "  {:>8}  flow {flow} exchange {number}  {name}", shown(*span))?;
        }
        writeln!(out, "\ntime to first byte by host: exchanges, p50, p95, p99")?;
        let mut hosts: Vec<_> = self.hosts.iter().collect();
        hosts.sort_by_key(|(_, host)| std::cmp::Reverse(host.exchanges));
        for (name, Host { exchanges, first_bytes }) in hosts.into_iter().take(SHOWN) {
            let [p50, p95, p99] = match first_bytes.quantiles([0.5, 0.95, 0.99]) {
                Some(spans) => spans.map(shown),
                None => ["-"; 3].map(Into::into),
            };
            let mut text = Vec::new();
            escape::plain(name, &mut text);
            let name = String::from_utf8(text).unwrap_or_default();
            writeln!(out, "  {exchanges:>6}  {p50:>8}  {p95:>8}  {p99:>8}  {name}")?;
        }
        Ok(())
    }
}

fn shown(span: Span) -> String {
    let mut text = String::new();
    if let Value::Decimal(span) = Value::span(span, true) {
        seconds(span, &mut text);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_exchanges_of_a_host_count_however_many_there_are() {
        let mut host = Host { exchanges: 40_000, ..Host::default() };
        for number in 0..host.exchanges {
            host.first_bytes.record(Span::from_millis(if number < 10_000 { 1 } else { 1000 }));
        }
        let hosts = BTreeMap::from([(b"example.com".to_vec(), host)]);
        let mut out = Vec::new();
        Totals { exchanges: 40_000, hosts, ..Totals::default() }.write(&mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert!(text.ends_with("   40000     1.00s     1.00s     1.00s  example.com\n"), "{text}");
    }
}
