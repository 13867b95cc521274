//! The bounds on what is kept in memory and on how deep a capture is read, as options that every command has.

use clap::Args;

use crate::capture::MAX_RECORD;
use crate::decode::{FragmentLimits, Limits, MAX_LAYERS, MAX_TUNNELS};
use crate::pipeline::Bounds;

/// Bounds. Those that are not given follow from `--max-memory`, or have their defaults.
#[derive(Args, Clone, Copy, Debug, Default)]
#[command(next_help_heading = "Bounds (a reached one is named on standard error and in the summary)")]
pub struct BoundArgs {
    /// About how much memory a run may take: the other bounds follow from it, unless they are given
    #[arg(long, value_name = "BYTES", value_parser = size)]
    pub max_memory: Option<usize>,
    /// How many flows are kept, open or waiting for their row; beyond it closed ones are written first, then the least
    /// recently used, marked `evicted` [default: 4000000]
    #[arg(long, value_name = "N", value_parser = at_least_one)]
    pub max_flows: Option<usize>,
    /// Hosts, pairs, servers or other groups that `summary` and `endpoints` tell apart; further ones are added up together, or
    /// not among the top hosts [default: 1000000]
    #[arg(long, value_name = "N", value_parser = at_least_one)]
    pub max_groups: Option<usize>,
    /// Bytes of late segments that are held for one direction of a flow; beyond it a gap is declared [default: 1M]
    #[arg(long, value_name = "BYTES", value_parser = size)]
    pub max_held: Option<usize>,
    /// The same for all flows together, each of 64 groups of which has its share
    /// [default: 256M, or 64 times --max-held]
    #[arg(long, value_name = "BYTES", value_parser = size)]
    pub max_held_all: Option<usize>,
    /// How many IP datagrams are kept of which fragments are missing [default: 16384]
    #[arg(long, value_name = "N", value_parser = at_least_one)]
    pub max_datagrams: Option<usize>,
    /// Bytes of them [default: 32M]
    #[arg(long, value_name = "BYTES", value_parser = size)]
    pub max_fragment_bytes: Option<usize>,
    /// How many layers of a packet are read, at most 128
    #[arg(long, value_name = "N", default_value_t = Limits::default().layers, value_parser = layers)]
    pub max_layers: usize,
    /// How many tunnels in one another are followed, at most 16
    #[arg(long, value_name = "N", default_value_t = Limits::default().tunnels, value_parser = tunnels)]
    pub max_tunnels: usize,
    /// How many IPv6 extension headers of a packet are read
    #[arg(long, value_name = "N", default_value_t = Limits::default().extensions, value_parser = layers)]
    pub max_extensions: usize,
    /// The longest record of a capture; a longer one is taken for damage [default: 64M]
    #[arg(long, value_name = "BYTES", value_parser = size)]
    pub max_record: Option<usize>,
    /// How many bytes a compressed capture may unpack to; without it any number
    #[arg(long, value_name = "BYTES", value_parser = size)]
    pub max_decompressed: Option<usize>,
}

impl BoundArgs {
    /// What the pipeline has to keep to.
    pub fn bounds(&self) -> Bounds {
        let usual = self.max_memory.map_or_else(Bounds::default, Bounds::of_memory);
        let held_of_one = self.max_held.unwrap_or(usual.held_of_one);
        // Whoever wants more of one flow wants its group to have room for that.
        let groups = self.max_held.map_or(0, |held| held.saturating_mul(64));
        let held = if self.max_memory.is_some() { usual.held } else { usual.held.max(groups) };
        Bounds {
            depth: Limits {
                layers: self.max_layers,
                tunnels: self.max_tunnels,
                extensions: self.max_extensions,
            },
            flows: self.max_flows.unwrap_or(usual.flows),
            groups: self.max_groups.unwrap_or(usual.groups),
            held_of_one,
            held: self.max_held_all.unwrap_or(held),
            fragments: FragmentLimits {
                datagrams: self.max_datagrams.unwrap_or(usual.fragments.datagrams),
                bytes: self.max_fragment_bytes.unwrap_or(usual.fragments.bytes),
                ..usual.fragments
            },
            ..usual
        }
    }

    /// The longest record.
    pub fn record(&self) -> usize {
        let usual = self.max_memory.map_or(MAX_RECORD, |memory| (memory / 8).min(MAX_RECORD));
        self.max_record.unwrap_or(usual)
    }
}

/// A number that is not 0.
pub fn at_least_one(text: &str) -> Result<usize, String> {
    within(text, usize::MAX)
}

fn layers(text: &str) -> Result<usize, String> {
    within(text, MAX_LAYERS)
}

fn tunnels(text: &str) -> Result<usize, String> {
    within(text, MAX_TUNNELS)
}

fn within(text: &str, most: usize) -> Result<usize, String> {
    match text.parse() {
        Ok(0) => Err("is less than 1".into()),
        Ok(number) if number > most => Err(format!("is more than {most}")),
        Ok(number) => Ok(number),
        Err(error) => Err(format!("is no number: {error}")),
    }
}

/// Bytes, with `K`, `M` or `G` for powers of 1024.
pub fn size(text: &str) -> Result<usize, String> {
    let (digits, shift) = match text.as_bytes().last().map(u8::to_ascii_uppercase) {
        Some(b'K') => (text.get(..text.len() - 1), 10),
        Some(b'M') => (text.get(..text.len() - 1), 20),
        Some(b'G') => (text.get(..text.len() - 1), 30),
        _ => (Some(text), 0),
    };
    let number: Option<usize> = digits.and_then(|digits| digits.parse().ok());
    let bytes = number.and_then(|number| number.checked_mul(1 << shift)).filter(|&bytes| bytes > 0);
    bytes.ok_or_else(|| "is no number of bytes, as `65536`, `64K`, `512M` or `2G` is".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_letters_for_powers_of_1024() {
        for (text, expected) in [
            ("1", Some(1)),
            ("64K", Some(65_536)),
            ("512m", Some(512 << 20)),
            ("2G", Some(2 << 30)),
            ("0", None),
            ("0M", None),
            ("", None),
            ("M", None),
            ("1.5M", None),
            ("-1", None),
            ("5MB", None),
            ("99999999999999999999G", None),
            ("18446744073709551615K", None),
        ] {
            assert_eq!(size(text).ok(), expected, "{text}");
        }
    }

    #[test]
    fn one_number_sets_all_bounds_and_others_can_be_given_beside_it() {
        let all = BoundArgs { max_memory: Some(512 << 20), ..BoundArgs::default() };
        let bounds = all.bounds();
        assert!(bounds.flows < Bounds::default().flows && bounds.held < Bounds::default().held);
        assert_eq!(all.record(), MAX_RECORD);
        assert_eq!(BoundArgs { max_memory: Some(64 << 20), ..all }.record(), 8 << 20);
        let one = BoundArgs { max_flows: Some(7), max_record: Some(9), ..all };
        assert_eq!((one.bounds().flows, one.bounds().held, one.record()), (7, bounds.held, 9));
        let held = BoundArgs { max_held: Some(64 << 20), ..BoundArgs::default() }.bounds();
        assert_eq!((held.held_of_one, held.held), (64 << 20, 64 * (64 << 20)));
    }
}
