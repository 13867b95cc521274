//! The options at the end of pcapng blocks.

use nom::error::Error;
use pcap_parser::{OptionCode, parse_option_be, parse_option_le};

/// The options in some bytes of a pcapng block, up to the end of options or to one that is cut.
#[derive(Clone, Copy, Debug)]
pub struct BlockOptions<'a> {
    rest: &'a [u8],
    big_endian: bool,
}

/// One option of a pcapng block.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct BlockOption<'a> {
    /// What it is, by the kind of the block; 1 is a comment everywhere.
    pub code: u16,
    /// Its value, without padding.
    pub value: &'a [u8],
    /// Numbers in it are big-endian.
    pub big_endian: bool,
}

impl<'a> BlockOptions<'a> {
    /// The options in `bytes`.
    pub const fn new(bytes: &'a [u8], big_endian: bool) -> Self {
        Self { rest: bytes, big_endian }
    }
}

impl<'a> Iterator for BlockOptions<'a> {
    type Item = BlockOption<'a>;

    fn next(&mut self) -> Option<BlockOption<'a>> {
        let parse = if self.big_endian { parse_option_be::<Error<_>> } else { parse_option_le::<Error<_>> };
        let (rest, option) = parse(self.rest).ok()?;
        let padded = self.rest.len() - rest.len();
        let value = self.rest.get(4..padded)?.get(..usize::from(option.len))?;
        self.rest = rest;
        let OptionCode(code) = option.code;
        (option.code != OptionCode::EndOfOpt).then_some(BlockOption {
            code,
            value,
            big_endian: self.big_endian,
        })
    }
}

impl BlockOption<'_> {
    /// The value as a text; what is no UTF-8 is replaced.
    pub fn text(&self) -> String {
        let end = self.value.iter().rposition(|&byte| byte != 0).map_or(0, |last| last + 1);
        String::from_utf8_lossy(self.value.get(..end).unwrap_or_default()).into_owned()
    }

    /// The value as a number of 8 bytes.
    pub fn number(&self) -> Option<u64> {
        let bytes = <[u8; 8]>::try_from(self.value).ok()?;
        Some(if self.big_endian { u64::from_be_bytes(bytes) } else { u64::from_le_bytes(bytes) })
    }

    /// The value as a number of 4 bytes.
    pub fn word(&self) -> Option<u32> {
        let bytes = <[u8; 4]>::try_from(self.value).ok()?;
        Some(if self.big_endian { u32::from_be_bytes(bytes) } else { u32::from_le_bytes(bytes) })
    }

    /// The value as an instant in ticks, the upper half first whatever the byte order.
    pub(super) fn ticks(&self) -> Option<u64> {
        let number = self.number()?;
        Some(if self.big_endian { number } else { number.rotate_left(32) })
    }
}
