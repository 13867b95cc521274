//! DNS messages, well enough to be certain of them. RFC 1035 §4.1.

use nom::number::complete::be_u16;
use nom::{IResult, Parser};

/// Whether `bytes` begin with a DNS message: a header with possible counts, and a first question or record that reads as one.
pub(super) fn is_message(bytes: &[u8]) -> bool {
    message(bytes).is_ok_and(|(_, certain)| certain)
}

fn message(input: &[u8]) -> IResult<&[u8], bool> {
    let (rest, (_, flags, questions, answers, authorities, additionals)) =
        (be_u16, be_u16, be_u16, be_u16, be_u16, be_u16).parse(input)?;
    let opcode = flags >> 11 & 0xf;
    let counts = [questions, answers, authorities, additionals];
    // RFC 6895 §2.2: opcodes 0 to 6 without 3; §2.1: the Z bit is zero. Requests answer nothing.
    let known = opcode <= 6 && opcode != 3 && flags & 0x40 == 0;
    let few =
        questions <= 64 && counts.iter().all(|&count| count < 4096) && counts.iter().any(|&count| count > 0);
    if !known || !few {
        return Ok((rest, false));
    }
    let (rest, _) = name(rest)?;
    let (rest, (kind, class)) = (be_u16, be_u16).parse(rest)?;
    // The top bit of the class is mDNS's: RFC 6762 §5.4. An OPT record has a size there: RFC 6891 §6.1.2.
    let class_known = matches!(class & 0x7fff, 1 | 3 | 4 | 254 | 255) || kind == 41;
    Ok((rest, kind != 0 && class_known))
}

fn name(mut input: &[u8]) -> IResult<&[u8], ()> {
    let fail = |input| Err(nom::Err::Error(nom::error::Error::new(input, nom::error::ErrorKind::Verify)));
    for _ in 0..128 {
        let Some((&len, rest)) = input.split_first() else { return fail(input) };
        match len {
            0 => return Ok((rest, ())),
            1..=63 => match rest.get(usize::from(len)..) {
                Some(after) => input = after,
                None => return fail(input),
            },
            192.. => return rest.get(1..).map_or_else(|| fail(input), |after| Ok((after, ()))),
            _ => return fail(input),
        }
    }
    fail(input)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_and_what_is_none() {
        let query = b"\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x07example\x03com\x00\x00\x01\x00\x01";
        assert!(is_message(query));
        for end in 0..query.len() {
            assert!(!is_message(&query[..end]), "{end}");
        }
        let mut mdns = *query;
        mdns[query.len() - 2] = 0x80;
        assert!(is_message(&mdns));
        let mut bad = *query;
        bad[query.len() - 2] = 9;
        assert!(!is_message(&bad));
        assert!(!is_message(&[0; 40]));
    }
}
