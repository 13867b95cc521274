//! A DNS message in a line: what is asked, and how many answers there are. RFC 1035 §4.1.

use nom::IResult;
use nom::Parser;
use nom::bytes::complete::take;
use nom::multi::length_data;
use nom::number::complete::{be_u8, be_u16};

use super::put;

/// The most of a name that is shown.
const NAME_SHOWN: usize = 120;

/// Tells the first question of a message, if the bytes are one.
pub(super) fn line(bytes: &[u8], line: &mut String) -> bool {
    let Ok((rest, [id, flags, questions, answers, _, _])) = header(bytes) else { return false };
    let response = flags & 0x8000 != 0;
    let opcode = flags >> 11 & 15;
    // The bit behind "recursion available" has to be 0. RFC 1035 §4.1.1
    if opcode > 6 || flags & 0x0040 != 0 || questions > 16 {
        return false;
    }
    let start = line.len();
    let kind = ["query", "inverse query", "status", "message", "notify", "update", "stateful"];
    let what = kind.get(usize::from(opcode)).copied().unwrap_or("message");
    put(line, format_args!("DNS {what}{} 0x{id:04x}", if response { " response" } else { "" }));
    if questions > 0 {
        let told = question(rest, line);
        if !told {
            line.truncate(start);
            return false;
        }
    }
    if response {
        match (flags & 15, answers) {
            (0, 1) => line.push_str(", 1 answer"),
            (0, answers) => put(line, format_args!(", {answers} answers")),
            (code, _) => match code_name(code) {
                Some(name) => put(line, format_args!(", {name}")),
                None => put(line, format_args!(", code {code}")),
            },
        }
    }
    true
}

fn header(bytes: &[u8]) -> IResult<&[u8], [u16; 6]> {
    let (rest, (id, flags, questions, answers, authorities, additionals)) =
        (be_u16, be_u16, be_u16, be_u16, be_u16, be_u16).parse(bytes)?;
    Ok((rest, [id, flags, questions, answers, authorities, additionals]))
}

/// The first name is never compressed: nothing stands before it that it could point to.
fn question(mut rest: &[u8], line: &mut String) -> bool {
    let mut name = String::new();
    loop {
        let parsed: IResult<&[u8], &[u8]> = length_data(be_u8).parse(rest);
        let Ok((behind, label)) = parsed else { return false };
        rest = behind;
        if label.is_empty() {
            break;
        }
        // RFC 1035 §2.3.4: 63 bytes a label, 255 a name.
        if label.len() > 63 || name.len() > 255 {
            return false;
        }
        if !name.is_empty() {
            name.push('.');
        }
        name.push_str(&String::from_utf8_lossy(label));
    }
    let parsed: IResult<&[u8], (u16, &[u8])> = (be_u16, take(2usize)).parse(rest);
    let Ok((_, (kind, _))) = parsed else { return false };
    match type_name(kind) {
        Some(known) => put(line, format_args!(" {known} ")),
        None => put(line, format_args!(" type {kind} ")),
    }
    if name.is_empty() {
        line.push('.');
    } else if name.chars().count() > NAME_SHOWN {
        line.extend(name.chars().take(NAME_SHOWN));
        line.push('…');
    } else {
        line.push_str(&name);
    }
    true
}

/// Types of records. IANA, DNS Parameters
fn type_name(kind: u16) -> Option<&'static str> {
    Some(match kind {
        1 => "A",
        2 => "NS",
        5 => "CNAME",
        6 => "SOA",
        10 => "NULL",
        12 => "PTR",
        13 => "HINFO",
        15 => "MX",
        16 => "TXT",
        28 => "AAAA",
        29 => "LOC",
        33 => "SRV",
        35 => "NAPTR",
        39 => "DNAME",
        43 => "DS",
        46 => "RRSIG",
        47 => "NSEC",
        48 => "DNSKEY",
        50 => "NSEC3",
        52 => "TLSA",
        64 => "SVCB",
        65 => "HTTPS",
        99 => "SPF",
        251 => "IXFR",
        252 => "AXFR",
        255 => "ANY",
        257 => "CAA",
        _ => return None,
    })
}

/// What went wrong. IANA, DNS RCODEs
fn code_name(code: u16) -> Option<&'static str> {
    Some(match code {
        1 => "format error",
        2 => "server failure",
        3 => "no such name",
        4 => "not implemented",
        5 => "refused",
        6 => "name exists",
        9 => "not authoritative",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(flags: u16, answers: u8, question: &[u8]) -> Vec<u8> {
        let [f0, f1] = flags.to_be_bytes();
        let mut bytes = vec![0x12, 0x34, f0, f1, 0, 1, 0, answers, 0, 0, 0, 0];
        bytes.extend(question);
        bytes
    }

    #[test]
    fn questions_and_answers_are_told_in_a_line() {
        let name = b"\x07example\x03com\0\0\x01\0\x01";
        for (bytes, expected) in [
            (message(0x0100, 0, name), "DNS query 0x1234 A example.com"),
            (message(0x8180, 2, name), "DNS query response 0x1234 A example.com, 2 answers"),
            (message(0x8183, 0, name), "DNS query response 0x1234 A example.com, no such name"),
            (message(0x0100, 0, b"\0\0\x02\0\x01"), "DNS query 0x1234 NS ."),
            (message(0x0100, 0, b"\x01a\xff\xff\0\x01\0\x01"), ""),
            (message(0x0040, 0, name), ""),
            (vec![0; 11], ""),
        ] {
            let mut told = String::new();
            assert_eq!(line(&bytes, &mut told), !expected.is_empty(), "{expected}");
            assert_eq!(told, expected);
        }
    }

    #[test]
    fn no_prefix_of_a_message_is_told_and_none_leaves_a_trace() {
        let bytes = message(0x0100, 0, b"\x07example\x03com\0\0\x01\0\x01");
        for len in 0..bytes.len() {
            let mut told = String::from("before");
            assert!(!line(&bytes[..len], &mut told), "{len}");
            assert_eq!(told, "before");
        }
    }
}
