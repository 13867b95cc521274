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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_end_where_they_say_or_where_one_is_cut() {
        type Found = &'static [(u16, &'static [u8])];
        let table: &[(&[u8], Found)] = &[
            (b"", &[]),
            (b"\x01\0\x03\0abc\0", &[(1, b"abc")]),
            (b"\x01\0\x03\0abc", &[]),
            (b"\x01\0\x04\0abcd\x02\0\0\0\0\0\0\0\x01\0\x01\0x\0\0\0", &[(1, b"abcd"), (2, b"")]),
            (b"\x01\0\x04\0abcd\x02\0\xff\xff\0\0", &[(1, b"abcd")]),
            (b"\x01\0\x04\0abcd\x02\0", &[(1, b"abcd")]),
        ];
        for (bytes, expected) in table {
            let found: Vec<_> =
                BlockOptions::new(bytes, false).map(|option| (option.code, option.value)).collect();
            assert_eq!(&found, expected, "{bytes:?}");
        }
    }

    #[test]
    fn numbers_have_the_byte_order_of_their_section() {
        for (big_endian, number, ticks) in [
            (false, 0x0807_0605_0403_0201, 0x0403_0201_0807_0605),
            (true, 0x0102_0304_0506_0708, 0x0102_0304_0506_0708),
        ] {
            let option = BlockOption { code: 1, value: &[1, 2, 3, 4, 5, 6, 7, 8], big_endian };
            assert_eq!((option.number(), option.ticks(), option.word()), (Some(number), Some(ticks), None));
        }
    }
}
