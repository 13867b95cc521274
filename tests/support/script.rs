//! A conversation as a text, one line a segment, in the notation that tcpdump readers know.
//!
//! ```text
//! 0.000 >  S 0                      # the client's SYN, at 0 s
//! 0.020 <  S 0 ack 1                # the server's SYN-ACK
//! 0.020 >  ack 1
//! 0.030 >  1:1001(1000) ack 1       # 1000 bytes of filler
//! 0.031 >x 1001:2001(1000) ack 1    # captured, then lost
//! 0.032 >! 2001:3001(1000) ack 1    # lost before the capture point: uses an IP ID, gives no frame
//! 0.050 <  ack 1001 sack 3001:4001 wnd 400
//! 0.060 >  P "GET / HTTP/1.1\r\n\r\n" ack 1
//! 0.070 >  copy ttl 63              # the same packet seen again
//! ```
//!
//! Flags are letters of `FSRPAUECN`, `-` for none; A is implied by `ack`. Without numbers a segment stands at the next sequence
//! number, and `ack .` acknowledges all. Further words: `wnd N` (as on the wire), `id N`, `ttl N`, `tos N`, `urg N`, `ts VAL ECR`, `nots`,
//! `opt HEX` (all options), `len0` (IP total length 0), `corrupt` (checksum), and in a SYN `mss N`, `wscale N`, `sackok`, `tfo HEX` (each
//! of which replaces the usual options by those written).

use super::Record;
use super::conversation::{Conversation, Fate, Segment, Setup, Side, filling};
use super::ip::Options;

/// The frames of the conversation that `text` describes.
pub fn run(setup: Setup, text: &str) -> Vec<Record> {
    let mut conversation = Conversation::new(setup);
    extend(&mut conversation, text);
    conversation.records
}

/// The same with the usual setup.
pub fn capture(text: &str) -> Vec<Record> {
    run(Setup::default(), text)
}

/// Goes on with a conversation; times count from its start.
pub fn extend(conversation: &mut Conversation, text: &str) {
    for line in text.lines() {
        let words = words(line);
        if !words.is_empty() {
            segment(conversation, &words).unwrap_or_else(|why| panic!("{why}: {line}"));
        }
    }
}

/// After a handshake at 0, 20 and 20 ms: times in `text` count from the SYN.
pub fn established(setup: Setup, text: &str) -> Vec<Record> {
    let mut conversation = Conversation::new(setup);
    conversation.open();
    extend(&mut conversation, text);
    conversation.records
}

fn segment(conversation: &mut Conversation, words: &[String]) -> Result<(), String> {
    let mut words = words.iter().map(String::as_str).peekable();
    conversation.now = nanos(words.next().ok_or("no time")?)?;
    let arrow = words.next().ok_or("no direction")?;
    let side = match arrow.as_bytes()[0] {
        b'>' => Side::Client,
        b'<' => Side::Server,
        _ => return Err(format!("{arrow} is no direction")),
    };
    let fate = match &arrow[1..] {
        "" => Fate::Delivered,
        "x" => Fate::LostAfterCapture,
        "!" => Fate::LostBeforeCapture,
        _ => return Err(format!("{arrow} is no direction")),
    };
    let mut segment = Segment { fate, ..Segment::default() };
    let mut options: Option<Options> = None;
    let mut copy = false;
    let (mut len, mut text) = (0, None);
    while let Some(word) = words.next() {
        match word {
            "copy" => copy = true,
            "ack" if words.peek() == Some(&".") => {
                words.next();
                segment.ack = Some(conversation.next(side.other()));
            }
            "ack" => segment.ack = Some(number(words.next())?),
            "wnd" => segment.window = Some(number(words.next())? as u16),
            "id" => segment.id = Some(number(words.next())? as u16),
            "ttl" => segment.ttl = Some(number(words.next())? as u8),
            "tos" => segment.tos = number(words.next())? as u8,
            "urg" => segment.urgent = number(words.next())? as u16,
            "ts" => {
                segment.timestamps = Some(Some((number(words.next())? as u32, number(words.next())? as u32)))
            }
            "nots" => segment.timestamps = Some(None),
            "len0" => segment.offloaded = true,
            "corrupt" => segment.corrupt = true,
            "mss" => options = Some(options.unwrap_or_default().mss(number(words.next())? as u16)),
            "wscale" => options = Some(options.unwrap_or_default().window_scale(number(words.next())? as u8)),
            "sackok" => options = Some(options.unwrap_or_default().sack_permitted()),
            "tfo" => {
                let cookie = hex(words.next().ok_or("no cookie")?)?;
                options = Some(options.unwrap_or_default().fast_open(&cookie));
            }
            "opt" => options = Some(Options(hex(words.next().ok_or("no options")?)?)),
            "sack" => {
                for block in words.next().ok_or("no blocks")?.split(',') {
                    segment.sack.push(range(block).ok_or("a block is left:right")?);
                }
            }
            _ if word.starts_with('"') => text = Some(unescape(&word[1..word.len() - 1])?),
            _ if word.bytes().all(|letter| b"-FSRPAUECN".contains(&letter)) => segment.flags = flags(word),
            _ => (segment.seq, len) = sequence(word)?,
        }
    }
    if copy {
        conversation.copy(side, segment.ttl);
        return Ok(());
    }
    let seq = segment.seq.unwrap_or(conversation.next(side));
    let first = seq.max(u64::from(segment.flags & super::conversation::SYN != 0));
    segment.payload = text.unwrap_or_else(|| filling(side, first, len));
    segment.options = options.map(|options| options.0);
    conversation.segment(side, segment);
    Ok(())
}

/// `A:B(N)` or `A`.
fn sequence(word: &str) -> Result<(Option<u64>, usize), String> {
    let Some((numbers, len)) = word.split_once('(') else {
        return Ok((Some(number(Some(word))?), 0));
    };
    let (first, end) = range(numbers).ok_or(format!("{word} is no sequence range"))?;
    let len = number(len.strip_suffix(')'))?;
    if end - first != len {
        return Err(format!("{word} has another length"));
    }
    Ok((Some(first), len as usize))
}

fn range(word: &str) -> Option<(u64, u64)> {
    let (first, end) = word.split_once(':')?;
    Some((first.parse().ok()?, end.parse().ok()?))
}

fn number(word: Option<&str>) -> Result<u64, String> {
    word.and_then(|word| word.parse().ok()).ok_or(format!("{word:?} is no number"))
}

fn nanos(word: &str) -> Result<i64, String> {
    let (seconds, fraction) = word.split_once('.').unwrap_or((word, ""));
    let digits = format!("{fraction:0<9}");
    let parse = |text: &str| text.parse::<i64>().map_err(|_| format!("{word} is no time"));
    Ok(parse(seconds)? * 1_000_000_000 + parse(&digits)?)
}

fn flags(word: &str) -> u16 {
    word.chars().filter_map(|letter| "FSRPAUECN".find(letter)).fold(0, |flags, bit| flags | 1 << bit)
}

fn hex(word: &str) -> Result<Vec<u8>, String> {
    let digit =
        |at: usize| u8::from_str_radix(&word[at..at + 2], 16).map_err(|_| format!("{word} is no hex"));
    (0..word.len()).step_by(2).map(digit).collect()
}

/// Words between blanks; a text in quotes is one word, with its quotes. `#` begins a comment.
fn words(line: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let (mut quoted, mut fresh) = (false, true);
    let mut letters = line.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '#' if !quoted => break,
            ' ' if !quoted => fresh = true,
            _ => {
                if fresh {
                    words.push(String::new());
                    fresh = false;
                }
                let word = words.last_mut().expect("a word");
                word.push(letter);
                match letter {
                    '"' => quoted = !quoted,
                    '\\' => word.extend(letters.next()),
                    _ => {}
                }
            }
        }
    }
    words
}

fn unescape(text: &str) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        if letter != '\\' {
            bytes.extend(letter.encode_utf8(&mut [0; 4]).as_bytes());
            continue;
        }
        match letters.next() {
            Some('r') => bytes.push(b'\r'),
            Some('n') => bytes.push(b'\n'),
            Some('t') => bytes.push(b'\t'),
            Some('"') => bytes.push(b'"'),
            Some('\\') => bytes.push(b'\\'),
            Some('x') => bytes.extend(hex(&letters.by_ref().take(2).collect::<String>())?),
            other => return Err(format!("\\{other:?} is no escape")),
        }
    }
    Ok(bytes)
}
