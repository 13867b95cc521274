//! Characters to words: numbers, addresses, names and signs, each with its place.
//!
//! As in the language's own scanner the longest match wins, which has consequences worth knowing: `len-20` is one
//! name and `len - 20` a subtraction, `1.2.3` an address and `1-3` a range.

use std::net::Ipv6Addr;
use std::ops::Range;

use nom::Parser;
use nom::branch::alt;
use nom::bytes::complete::{is_not, tag, take_while, take_while_m_n, take_while1};
use nom::character::complete::{char, digit1, multispace0, satisfy};
use nom::combinator::{opt, recognize};
use nom::multi::{count, many_m_n};
use nom::sequence::{pair, preceded};

use super::error::Fault;
use super::names;

type Read<'a, T> = nom::IResult<&'a str, T>;

/// What a word of the expression is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Token<'a> {
    /// A number, or a name that stands for one, such as `tcp-syn`.
    Number(u32),
    /// A keyword or a name.
    Word(&'a str),
    /// A name behind a backslash, which is no keyword.
    Escaped(&'a str),
    /// Two to four numbers with dots between.
    Dotted(&'a str),
    /// An IPv6 address.
    Ipv6(u128),
    /// A link-layer address of six bytes.
    Mac([u8; 6]),
    /// An ARCnet address: `$` and one or two hexadecimal digits.
    Arcnet(u8),
    /// A sign, as it is written.
    Sign(&'a str),
}

/// The words of `text` and the bytes at which they stand.
pub(super) fn tokens(text: &str) -> Result<Vec<(Token<'_>, Range<usize>)>, Fault> {
    let mut found = Vec::new();
    let mut rest = text;
    loop {
        rest = blank(rest);
        if rest.is_empty() {
            return Ok(found);
        }
        let at = text.len() - rest.len();
        let (token, behind) = token(rest, at)?;
        found.push((token, at..text.len() - behind.len()));
        rest = behind;
    }
}

fn blank(text: &str) -> &str {
    multispace0::<_, nom::error::Error<&str>>(text).map_or(text, |(rest, _)| rest)
}

/// The longest of what can stand at the start of `text`; of two as long, the one that is asked first.
fn token(text: &str, at: usize) -> Result<(Token<'_>, &str), Fault> {
    let mac = found(mac, text);
    let number = found(recognize(digits), text);
    let dotted = found(dotted, text);
    let ipv6 = found(ipv6, text);
    let word = found(word, text);
    let longest = [&mac.map(rest_len), &number.map(rest_len), &dotted.map(rest_len), &ipv6.map(rest_len)]
        .into_iter()
        .chain([&word.map(rest_len)])
        .flatten()
        .min()
        .copied();
    let is_longest = |rest: &str| Some(rest.len()) == longest;
    if let Some((rest, mac)) = mac.filter(|found| is_longest(found.0)) {
        return Ok((Token::Mac(mac), rest));
    }
    if let Some((rest, digits)) = number.filter(|found| is_longest(found.0)) {
        return Ok((Token::Number(number_of(digits, at)?), rest));
    }
    if let Some((rest, dotted)) = dotted.filter(|found| is_longest(found.0)) {
        return Ok((Token::Dotted(dotted), rest));
    }
    if let Some((rest, address)) = ipv6.filter(|found| is_longest(found.0)) {
        return Ok((Token::Ipv6(address), rest));
    }
    if let Some((rest, word)) = word {
        let token = names::constant(word).map_or(Token::Word(word), Token::Number);
        return Ok((token, rest));
    }
    if let Some((rest, token)) = found(alt((sign, escaped, arcnet)), text) {
        return Ok((token, rest));
    }
    let strange: String = text.chars().take(1).collect();
    Err(Fault::new(at, format!("`{}` means nothing here", strange.escape_default())))
}

fn found<'a, T>(
    mut parse: impl Parser<&'a str, Output = T, Error = nom::error::Error<&'a str>>,
    text: &'a str,
) -> Option<(&'a str, T)> {
    parse.parse(text).ok()
}

fn rest_len<T>((rest, _): (&str, T)) -> usize {
    rest.len()
}

fn word(text: &str) -> Read<'_, &str> {
    let (rest, run) = recognize(pair(
        satisfy(|c| c.is_ascii_alphanumeric()),
        take_while(|c: char| c.is_ascii_alphanumeric() || "-_.".contains(c)),
    ))
    .parse(text)?;
    let kept = run.trim_end_matches(['-', '_']).len();
    match (text.get(kept..), text.get(..kept)) {
        (Some(rest), Some(word)) => Ok((rest, word)),
        _ => Ok((rest, run)),
    }
}

fn digits(text: &str) -> Read<'_, &str> {
    let hex = preceded(alt((tag("0x"), tag("0X"))), take_while1(|c: char| c.is_ascii_hexdigit()));
    alt((recognize(hex), digit1)).parse(text)
}

fn dotted(text: &str) -> Read<'_, &str> {
    recognize(pair(digits, many_m_n(1, 3, preceded(char('.'), digits)))).parse(text)
}

fn ipv6(text: &str) -> Read<'_, u128> {
    let (rest, run) = take_while1(|c: char| c.is_ascii_hexdigit() || c == ':' || c == '.').parse(text)?;
    match run.parse::<Ipv6Addr>() {
        Ok(address) => Ok((rest, address.to_bits())),
        Err(_) => Err(nom::Err::Error(nom::error::make_error(text, nom::error::ErrorKind::Verify))),
    }
}

/// `0:1:2:3:4:5` (also with `-` or `.`), `0001.0002.0003` or `000100020003`.
fn mac(text: &str) -> Read<'_, [u8; 6]> {
    let short = |sign| {
        pair(hex(1, 2), count(preceded(char(sign), hex(1, 2)), 5)).map(|(first, rest)| {
            let mut address = [first as u8; 6];
            address.iter_mut().skip(1).zip(rest).for_each(|(byte, group)| *byte = group as u8);
            address
        })
    };
    let grouped = (hex(4, 4), opt(char('.')), hex(4, 4), opt(char('.')), hex(4, 4));
    let long = nom::combinator::map_opt(grouped, |(a, one, b, two, c)| {
        let [_, _, bytes @ ..] = ((u64::from(a) << 32) | (u64::from(b) << 16) | u64::from(c)).to_be_bytes();
        (one == two).then_some(bytes)
    });
    alt((long, short(':'), short('-'), short('.'))).parse(text)
}

fn hex<'a>(
    least: usize,
    most: usize,
) -> impl Parser<&'a str, Output = u16, Error = nom::error::Error<&'a str>> {
    nom::combinator::map_res(take_while_m_n(least, most, |c: char| c.is_ascii_hexdigit()), |digits| {
        u16::from_str_radix(digits, 16)
    })
}

fn sign(text: &str) -> Read<'_, Token<'_>> {
    let double =
        alt((tag("&&"), tag("||"), tag(">="), tag("<="), tag("!="), tag("=="), tag("<<"), tag(">>")));
    let single = recognize(nom::character::complete::one_of("+-*/%:[]!<>()&|^="));
    alt((double, single)).map(|sign| Token::Sign(if sign == "==" { "=" } else { sign })).parse(text)
}

fn escaped(text: &str) -> Read<'_, Token<'_>> {
    preceded(char('\\'), is_not(" !()\n\t")).map(Token::Escaped).parse(text)
}

fn arcnet(text: &str) -> Read<'_, Token<'_>> {
    preceded(char('$'), hex(1, 2)).map(|byte| Token::Arcnet(byte as u8)).parse(text)
}

/// Decimal, octal behind a `0`, hexadecimal behind `0x`.
fn number_of(digits: &str, at: usize) -> Result<u32, Fault> {
    let hex = digits.strip_prefix("0x").or_else(|| digits.strip_prefix("0X"));
    let (digits, radix) = match (hex, digits.strip_prefix('0')) {
        (Some(hex), _) => (hex, 16),
        (None, Some("")) => (digits, 10),
        (None, Some(octal)) => (octal, 8),
        (None, None) => (digits, 10),
    };
    if let Some(odd) = digits.find(|c: char| !c.is_digit(radix)) {
        return Err(Fault::new(at + odd + 1, "not an octal digit in a number that begins with 0"));
    }
    u32::from_str_radix(digits, radix).map_err(|_| Fault::new(at, "number does not fit in 32 bits"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Vec<Token<'_>> {
        tokens(text).unwrap().into_iter().map(|(token, _)| token).collect()
    }

    #[test]
    fn the_longest_match_wins() {
        use Token::*;
        let cases: &[(&str, &[Token<'_>])] = &[
            ("tcp port 80", &[Word("tcp"), Word("port"), Number(80)]),
            ("len-20", &[Word("len-20")]),
            ("len -20", &[Word("len"), Sign("-"), Number(20)]),
            ("1.2.3", &[Dotted("1.2.3")]),
            ("10.0.0.0/8", &[Dotted("10.0.0.0"), Sign("/"), Number(8)]),
            ("6000-6008", &[Word("6000-6008")]),
            ("ip[2:2]", &[Word("ip"), Sign("["), Number(2), Sign(":"), Number(2), Sign("]")]),
            ("a&&b||!c", &[Word("a"), Sign("&&"), Word("b"), Sign("||"), Sign("!"), Word("c")]),
            ("x==1", &[Word("x"), Sign("="), Number(1)]),
            ("x<<1<=2", &[Word("x"), Sign("<<"), Number(1), Sign("<="), Number(2)]),
            ("0x1F 017 0", &[Number(31), Number(15), Number(0)]),
            ("tcp-syn|tcp-fin", &[Number(2), Sign("|"), Number(1)]),
            ("\\ip", &[Escaped("ip")]),
            ("$1a", &[Arcnet(0x1a)]),
            ("::1", &[Ipv6(1)]),
            ("fe80::/10", &[Ipv6(0xfe80 << 112), Sign("/"), Number(10)]),
            ("::1.2.3.4", &[Ipv6(0x01020304)]),
            ("0:1:2:3:4:ff", &[Mac([0, 1, 2, 3, 4, 255])]),
            ("00-01-02-03-04-05", &[Mac([0, 1, 2, 3, 4, 5])]),
            ("0001.0203.0405", &[Mac([0, 1, 2, 3, 4, 5])]),
            ("00010203040a", &[Mac([0, 1, 2, 3, 4, 10])]),
            ("1.2.3.4.5.6", &[Mac([1, 2, 3, 4, 5, 6])]),
            ("ftp-data-", &[Word("ftp-data"), Sign("-")]),
            ("1:2:3:4:5:6:7:8", &[Ipv6(0x0001_0002_0003_0004_0005_0006_0007_0008)]),
        ];
        for (text, expected) in cases {
            assert_eq!(read(text), *expected, "{text}");
        }
    }

    #[test]
    fn what_is_no_word_is_pointed_at() {
        let cases = [
            ("tcp ; udp", 4, "`;` means nothing here"),
            ("len = 4294967296", 6, "number does not fit in 32 bits"),
            ("len = 089", 7, "not an octal digit in a number that begins with 0"),
            ("\u{202e}", 0, "`\\u{202e}` means nothing here"),
        ];
        for (text, at, message) in cases {
            assert_eq!(tokens(text), Err(Fault::new(at, message)), "{text}");
        }
    }

    #[test]
    fn places_are_bytes_of_the_text() {
        let places: Vec<_> = tokens("tcp  port 80").unwrap().into_iter().map(|(_, place)| place).collect();
        assert_eq!(places, [0..3, 5..9, 10..12]);
    }
}
