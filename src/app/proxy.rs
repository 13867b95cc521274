//! The PROXY protocol, versions 1 and 2: a header that a load balancer puts before the first byte.
//! <https://www.haproxy.org/download/2.8/doc/proxy-protocol.txt>

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::str::FromStr;

use nom::bytes::complete::{tag, take_while1};
use nom::character::complete::char;
use nom::combinator::map_opt;
use nom::number::complete::{be_u8, be_u16};
use nom::{IResult, Parser};

/// The longest line of version 1 with its line end.
const MAX_LINE: usize = 107;
/// What version 2 begins with.
const SIGNATURE: &[u8] = b"\r\n\r\n\0\r\nQUIT\n";

/// What stands at the beginning of a stream.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Proxy {
    /// No PROXY protocol header.
    Absent,
    /// More bytes are needed to tell.
    Unsure,
    /// A header.
    Header {
        /// Its length in bytes.
        len: usize,
        /// The source of the connection it stands for; `None` in a health check or where it is unknown.
        source: Option<SocketAddr>,
    },
}

/// Reads the header at the beginning of a stream of which `bytes` is the first part.
pub fn read(bytes: &[u8]) -> Proxy {
    let begins = |with: &[u8]| {
        let common = bytes.len().min(with.len());
        bytes.get(..common) == with.get(..common)
    };
    if begins(SIGNATURE) {
        return match binary(bytes) {
            Ok((rest, source)) => Proxy::Header { len: bytes.len() - rest.len(), source },
            Err(nom::Err::Failure(_)) => Proxy::Absent,
            Err(_) => Proxy::Unsure,
        };
    }
    if !begins(b"PROXY ") {
        return Proxy::Absent;
    }
    let Some(end) = bytes.iter().take(MAX_LINE).position(|&byte| byte == b'\n') else {
        return if bytes.len() < MAX_LINE { Proxy::Unsure } else { Proxy::Absent };
    };
    match bytes.get(..end).and_then(|line| line.strip_suffix(b"\r")).map(text) {
        Some(Ok((_, source))) => Proxy::Header { len: end + 1, source },
        _ => Proxy::Absent,
    }
}

/// §2.1: `PROXY TCP4 SOURCE DESTINATION SOURCE_PORT DESTINATION_PORT`, or `PROXY UNKNOWN` and anything.
fn text(line: &[u8]) -> IResult<&[u8], Option<SocketAddr>> {
    let (rest, _) = tag("PROXY ").parse(line)?;
    let (rest, family) = word(rest)?;
    match family {
        b"UNKNOWN" => Ok((rest, None)),
        b"TCP4" | b"TCP6" => {
            let space = || char::<_, nom::error::Error<&[u8]>>(' ');
            let (rest, (_, source, _, _, _, port)) =
                (space(), parsed::<IpAddr>, space(), parsed::<IpAddr>, space(), parsed::<u16>).parse(rest)?;
            let (rest, _) = (space(), parsed::<u16>).parse(rest)?;
            Ok((rest, Some(SocketAddr::new(source, port))))
        }
        _ => Err(nom::Err::Error(nom::error::Error::new(line, nom::error::ErrorKind::Tag))),
    }
}

fn word(input: &[u8]) -> IResult<&[u8], &[u8]> {
    take_while1(|byte: u8| byte.is_ascii_graphic()).parse(input)
}

fn parsed<T: FromStr>(input: &[u8]) -> IResult<&[u8], T> {
    map_opt(word, |word| std::str::from_utf8(word).ok()?.parse().ok()).parse(input)
}

/// §2.2: signature, version and command, family and transport, length, addresses.
fn binary(input: &[u8]) -> IResult<&[u8], Option<SocketAddr>> {
    let (rest, (_, command, family, len)) =
        (nom::bytes::streaming::tag(SIGNATURE), be_u8, be_u8, be_u16).parse(input)?;
    if command >> 4 != 2 {
        return Err(nom::Err::Failure(nom::error::Error::new(input, nom::error::ErrorKind::Tag)));
    }
    let (rest, body) = nom::bytes::streaming::take(len).parse(rest)?;
    // Command 0 is LOCAL: a health check of the proxy itself, whatever addresses follow.
    let source = if command & 0xf == 1 { source(family, body) } else { None };
    Ok((rest, source))
}

fn source(family: u8, body: &[u8]) -> Option<SocketAddr> {
    let number = |at: usize| Some(u16::from_be_bytes([*body.get(at)?, *body.get(at + 1)?]));
    match family >> 4 {
        1 => {
            let address: [u8; 4] = body.get(..4)?.try_into().ok()?;
            Some(SocketAddr::new(Ipv4Addr::from(address).into(), number(8)?))
        }
        2 => {
            let address: [u8; 16] = body.get(..16)?.try_into().ok()?;
            Some(SocketAddr::new(Ipv6Addr::from(address).into(), number(32)?))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_of_both_versions() {
        let v2 = |command: u8, family: u8, body: &[u8]| {
            [SIGNATURE, &[command, family], &(body.len() as u16).to_be_bytes(), body, b"GET"].concat()
        };
        let v4 = [192, 0, 2, 1, 192, 0, 2, 2, 0x30, 0x39, 0, 80];
        let v6 = [[0x20; 16], [0x21; 16]].concat();
        let v6 = [v6.as_slice(), &[0x30, 0x39, 0, 80, 4, 0, 0]].concat();
        type Case<'a> = (&'a [u8], Option<(usize, Option<&'a str>)>);
        let table: &[Case<'_>] = &[
            (b"PROXY TCP4 192.0.2.1 192.0.2.2 12345 80\r\nGET", Some((41, Some("192.0.2.1:12345")))),
            (b"PROXY TCP6 2001:db8::1 ::1 12345 80\r\n", Some((37, Some("[2001:db8::1]:12345")))),
            (b"PROXY UNKNOWN\r\nGET", Some((15, None))),
            (b"PROXY UNKNOWN x y z\r\n", Some((21, None))),
            (b"PROXY TCP4 192.0.2.1 192.0.2.2 12345\r\n", None),
            (b"PROXY TCP4 192.0.2.1 192.0.2.2 12345 99999\r\n", None),
            (b"PROXY TCP5 a b c d\r\n", None),
            (&v2(0x21, 0x11, &v4), Some((28, Some("192.0.2.1:12345")))),
            (&v2(0x21, 0x21, &v6), Some((55, Some("[2020:2020:2020:2020:2020:2020:2020:2020]:12345")))),
            (&v2(0x20, 0x11, &v4), Some((28, None))),
            (&v2(0x20, 0, b""), Some((16, None))),
            (&v2(0x21, 0x31, &[0; 216]), Some((232, None))),
            (&v2(0x11, 0x11, &v4), None),
            (b"GET / HTTP/1.1\r\n", None),
        ];
        for (bytes, expected) in table {
            let expected = expected.map_or(Proxy::Absent, |(len, source)| Proxy::Header {
                len,
                source: source.map(|source| source.parse().unwrap()),
            });
            assert_eq!(read(bytes), expected, "{}", bytes.escape_ascii());
            for end in 0..bytes.len() {
                let cut = read(&bytes[..end]);
                assert!(cut == Proxy::Unsure || cut == expected, "{} {cut:?}", bytes[..end].escape_ascii());
            }
        }
    }
}
