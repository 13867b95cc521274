//! TCP options. RFC 9293 §3.2.

use nom::IResult;
use nom::Parser;
use nom::bytes::complete::take;
use nom::combinator::verify;
use nom::number::complete::{be_u8, be_u32};

use super::SackBlocks;

/// A TCP option.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum TcpOption<'a> {
    /// Maximum segment size. RFC 9293 §3.7.1
    Mss(u16),
    /// Shift count as on the wire. RFC 7323 §2.2
    WindowScale(u8),
    /// SACK permitted. RFC 2018 §2
    SackPermitted,
    /// SACK blocks. RFC 2018 §3
    Sack(SackBlocks),
    /// TSval and TSecr. RFC 7323 §3.2
    Timestamps(u32, u32),
    /// Fast Open cookie, empty where one is asked for. RFC 7413 §4.1.1
    FastOpen(&'a [u8]),
    /// Fast Open cookie in the experimental option of the drafts: kind 254, identifier 0xF989.
    FastOpenExperimental(&'a [u8]),
    /// Multipath TCP: its subtype, and all bytes behind kind and length. RFC 8684 §3
    Multipath(MptcpSubtype, &'a [u8]),
    /// User timeout in seconds. RFC 5482 §3
    UserTimeout(u32),
    /// MD5 digest. RFC 2385 §3.0
    Md5(&'a [u8]),
    /// Authentication option: key ID, next receive key ID, and the MAC. RFC 5925 §2.2
    Authentication(u8, u8, &'a [u8]),
    /// Accurate ECN counters, of kind 172 or 174. RFC 9768 §3.2.3
    AccurateEcn(u8, &'a [u8]),
    /// Any other, by its kind.
    Other(u8, &'a [u8]),
}

/// What a Multipath TCP option is for. RFC 8684 §3, and the registry of its subtypes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct MptcpSubtype(pub u8);

impl MptcpSubtype {
    /// Its name in the registry; `None` for one that is not assigned.
    pub const fn name(self) -> Option<&'static str> {
        Some(match self.0 {
            0 => "MP_CAPABLE",
            1 => "MP_JOIN",
            2 => "DSS",
            3 => "ADD_ADDR",
            4 => "REMOVE_ADDR",
            5 => "MP_PRIO",
            6 => "MP_FAIL",
            7 => "MP_FASTCLOSE",
            8 => "MP_TCPRST",
            15 => "MP_EXPERIMENTAL",
            _ => return None,
        })
    }
}

/// The options of a header, one after the other; ends at the end-of-list option or at the first malformed one.
#[derive(Clone, Debug)]
pub struct TcpOptions<'a>(&'a [u8]);

impl<'a> TcpOptions<'a> {
    /// Those in `bytes`, which stand behind the fixed header.
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }
}

impl<'a> Iterator for TcpOptions<'a> {
    type Item = TcpOption<'a>;

    #[inline]
    fn next(&mut self) -> Option<TcpOption<'a>> {
        self.take_next(|option| option)
    }

    #[inline(always)]
    fn for_each<F: FnMut(TcpOption<'a>)>(mut self, mut take: F) {
        while self.take_next(&mut take).is_some() {}
    }
}

impl<'a> TcpOptions<'a> {
    /// What `take` makes of the next one.
    // It is called for each kind by itself: so no option need be made to find out which it is.
    #[inline(always)]
    fn take_next<T>(&mut self, take: impl FnOnce(TcpOption<'a>) -> T) -> Option<T> {
        // Those of nearly all SYNs, as they are always laid out, without asking how long they are.
        let (taken, rest) = loop {
            break match self.0 {
                [] | [0, ..] => return None,
                // No operation: padding between options.
                [1, rest @ ..] => {
                    self.0 = rest;
                    continue;
                }
                [2, 4, a, b, rest @ ..] => (take(TcpOption::Mss(u16::from_be_bytes([*a, *b]))), rest),
                [3, 3, shift, rest @ ..] => (take(TcpOption::WindowScale(*shift)), rest),
                [4, 2, rest @ ..] => (take(TcpOption::SackPermitted), rest),
                [8, 10, a, b, c, d, e, f, g, h, rest @ ..] => {
                    let (tsval, tsecr) = ([*a, *b, *c, *d], [*e, *f, *g, *h]);
                    (take(TcpOption::Timestamps(u32::from_be_bytes(tsval), u32::from_be_bytes(tsecr))), rest)
                }
                bytes => match other(bytes) {
                    Some((option, rest)) => (take(option), rest),
                    None => {
                        self.0 = &[];
                        return None;
                    }
                },
            };
        };
        self.0 = rest;
        Some(taken)
    }
}

/// The option that `bytes` begin with, whatever it is, and what is behind it.
#[inline(never)]
fn other(bytes: &[u8]) -> Option<(TcpOption<'_>, &[u8])> {
    option(bytes).ok().map(|(rest, option)| (option, rest))
}

/// Kind, length (which counts itself and the kind), and what the length leaves.
#[inline(always)]
fn option(input: &[u8]) -> IResult<&[u8], TcpOption<'_>> {
    let (rest, (kind, len)) = (be_u8, verify(be_u8, |len| *len >= 2)).parse(input)?;
    let (rest, body) = take(usize::from(len) - 2)(rest)?;
    Ok((rest, typed(kind, body)))
}

#[inline(always)]
fn typed(kind: u8, body: &[u8]) -> TcpOption<'_> {
    match (kind, body) {
        (5, blocks) if !blocks.is_empty() && blocks.len().is_multiple_of(8) => {
            TcpOption::Sack(sack_blocks(blocks))
        }
        (19, digest) if digest.len() == 16 => TcpOption::Md5(digest),
        (28, &[a, b]) => TcpOption::UserTimeout(user_timeout(u16::from_be_bytes([a, b]))),
        (29, &[key, next, ref mac @ ..]) => TcpOption::Authentication(key, next, mac),
        (30, &[first, ..]) => TcpOption::Multipath(MptcpSubtype(first >> 4), body),
        (34, cookie) => TcpOption::FastOpen(cookie),
        (172 | 174, counters) => TcpOption::AccurateEcn(kind, counters),
        // RFC 6994 §3: experiments tell themselves apart by their first two bytes.
        (254, &[0xf9, 0x89, ref cookie @ ..]) => TcpOption::FastOpenExperimental(cookie),
        (kind, body) => TcpOption::Other(kind, body),
    }
}

#[inline(never)]
fn sack_blocks(blocks: &[u8]) -> SackBlocks {
    let edges = |block| -> IResult<&[u8], (u32, u32)> { (be_u32, be_u32).parse(block) };
    blocks.chunks_exact(8).take(4).filter_map(|block| Some(edges(block).ok()?.1)).collect()
}

/// RFC 5482 §3: the first bit says that the rest are minutes.
fn user_timeout(bits: u16) -> u32 {
    let granularity = if bits & 0x8000 == 0 { 1 } else { 60 };
    u32::from(bits & 0x7fff) * granularity
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::testing::bytes;
    use super::*;

    fn read(text: &str) -> Vec<String> {
        let bytes = bytes(text);
        TcpOptions::new(&bytes).map(|option| format!("{option:?}")).collect()
    }

    #[test]
    fn every_kind_by_its_bytes() {
        for (text, expected) in [
            ("02 04 05 b4", "Mss(1460)"),
            ("03 03 0e", "WindowScale(14)"),
            ("04 02", "SackPermitted"),
            ("08 0a 00 00 00 01 00 00 00 02", "Timestamps(1, 2)"),
            (
                "13 12 00 01 02 03 04 05 06 07 08 09 0a 0b 0c 0d 0e 0f",
                "Md5([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15])",
            ),
            ("1c 04 80 02", "UserTimeout(120)"),
            ("1c 04 00 1e", "UserTimeout(30)"),
            ("1d 06 01 02 aa bb", "Authentication(1, 2, [170, 187])"),
            ("1e 04 01 81", "Multipath(MptcpSubtype(0), [1, 129])"),
            ("1e 03 20", "Multipath(MptcpSubtype(2), [32])"),
            ("22 02", "FastOpen([])"),
            ("22 06 01 02 03 04", "FastOpen([1, 2, 3, 4])"),
            ("fe 06 f9 89 07 08", "FastOpenExperimental([7, 8])"),
            ("fe 04 e2 d4", "Other(254, [226, 212])"),
            ("ac 05 00 00 01", "AccurateEcn(172, [0, 0, 1])"),
            ("45 03 07", "Other(69, [7])"),
            // A known kind of another length is told as it is.
            ("02 03 05", "Other(2, [5])"),
            ("05 06 00 00 00 01", "Other(5, [0, 0, 0, 1])"),
        ] {
            assert_eq!(read(text), [expected], "{text}");
            let cut = text.rsplit_once(' ').unwrap().0;
            assert!(read(cut).is_empty(), "{cut}");
        }
        assert_eq!(MptcpSubtype(8).name(), Some("MP_TCPRST"));
    }

    #[test]
    fn sack_blocks_are_edges() {
        let options = bytes("01 01 05 12  00 00 00 01 00 00 00 02  00 00 00 05 00 00 00 09");
        let Some(TcpOption::Sack(blocks)) = TcpOptions::new(&options).next() else { panic!() };
        assert_eq!(*blocks, [(1, 2), (5, 9)]);
    }

    #[test]
    fn the_list_ends_where_it_says_or_makes_no_sense() {
        assert_eq!(read("04 02 00 02 04 05 b4"), ["SackPermitted"]);
        assert_eq!(read("04 02 02 01 05 b4"), ["SackPermitted"]);
        assert_eq!(read("04 02 02 00"), ["SackPermitted"]);
        assert_eq!(read("01 01 01"), [""; 0]);
    }

    proptest! {
        #[test]
        fn any_bytes_end(bytes: Vec<u8>) {
            prop_assert!(TcpOptions::new(&bytes).count() <= bytes.len());
        }

        #[test]
        fn one_by_one_and_all_at_once_they_are_the_same(bytes in prop::collection::vec(0_u8..11, 0..40)) {
            let mut all = Vec::new();
            TcpOptions::new(&bytes).for_each(|option| all.push(option));
            let mut options = TcpOptions::new(&bytes);
            prop_assert_eq!(std::iter::from_fn(|| options.next()).collect::<Vec<_>>(), all);
        }
    }
}
