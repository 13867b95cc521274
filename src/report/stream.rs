//! What the sides of one flow said: raw, as text, as a hex dump, or as JSON Lines with a record a message.
//!
//! A message is what one side said until the other spoke, or a datagram.

use std::io::{self, Write};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::escape;
use super::machine::json_value;
use super::{Value, human::Clock};
use crate::report::schema::Role;
use crate::time::Timestamp;

/// The bytes of a message that are gathered before they are shown.
const MAX_MESSAGE: usize = 1 << 20;

/// How bytes are shown.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Form {
    /// As they are.
    Raw,
    /// As text, what a terminal would obey escaped.
    Text,
    /// Offsets, hexadecimal digits, characters.
    Hex,
    /// One JSON object a message, the bytes in base64.
    Jsonl,
}

/// Some bytes of one side, or missing ones behind them.
#[derive(Clone, Copy, Debug)]
pub struct Piece<'a> {
    /// Who said them.
    pub role: Role,
    /// Bytes of this side before them.
    pub offset: u64,
    /// When, and in which packet; a gap has neither.
    pub moment: Option<(Timestamp, u64)>,
    /// The time has nine decimal digits.
    pub fine_clock: bool,
    /// The bytes.
    pub bytes: &'a [u8],
    /// Bytes that the capture lacks behind them.
    pub missing: u64,
}

/// Shows what the sides of one flow say.
pub struct Speaking<W> {
    out: W,
    form: Form,
    /// Every piece is a message of its own.
    datagrams: bool,
    clock: Clock,
    message: Option<Message>,
    /// Bytes that were missing, in all.
    missing: u64,
}

#[derive(Debug)]
struct Message {
    role: Role,
    offset: u64,
    moment: Option<(Timestamp, u64)>,
    fine_clock: bool,
    bytes: Vec<u8>,
    missing: u64,
}

impl<W: Write> Speaking<W> {
    /// Writes to `out`.
    pub fn new(out: W, form: Form, datagrams: bool, clock: Clock) -> Self {
        Self { out, form, datagrams, clock, message: None, missing: 0 }
    }

    /// Takes the next piece.
    pub fn say(&mut self, piece: &Piece<'_>) -> io::Result<()> {
        self.missing += piece.missing;
        if self.form == Form::Raw {
            return self.out.write_all(piece.bytes);
        }
        let goes_on = self.message.as_ref().is_some_and(|message| {
            message.role == piece.role
                && message.missing == 0
                && message.bytes.len() < MAX_MESSAGE
                && !self.datagrams
        });
        if !goes_on {
            self.show()?;
        }
        let message = self.message.get_or_insert_with(|| Message {
            role: piece.role,
            offset: piece.offset,
            moment: piece.moment,
            fine_clock: piece.fine_clock,
            bytes: Vec::new(),
            missing: 0,
        });
        message.bytes.extend_from_slice(piece.bytes);
        message.missing += piece.missing;
        Ok(())
    }

    /// Writes what is left. How many bytes were missing.
    pub fn finish(&mut self) -> io::Result<u64> {
        self.show()?;
        self.out.flush()?;
        Ok(self.missing)
    }

    fn show(&mut self) -> io::Result<()> {
        let Some(message) = self.message.take() else { return Ok(()) };
        match self.form {
            Form::Raw => Ok(()),
            Form::Jsonl => self.jsonl(&message),
            Form::Text | Form::Hex => {
                self.header(&message)?;
                if self.form == Form::Hex {
                    self.hex(&message)?
                } else {
                    self.text(&message)?
                }
                match message.missing {
                    0 => Ok(()),
                    missing => writeln!(self.out, "[{missing} bytes are missing in the capture]"),
                }
            }
        }
    }

    fn header(&mut self, message: &Message) -> io::Result<()> {
        let mut when = String::new();
        if let Some((at, number)) = message.moment
            && let Value::Decimal(at) = Value::instant(at, message.fine_clock)
        {
            when.push_str(", ");
            self.clock.instant(at, &mut when);
            when.push_str(&format!(", packet {number}"));
        }
        let (role, offset, len) = (message.role.name(), message.offset, message.bytes.len());
        writeln!(self.out, "--- {role}{when}, offset {offset}, {len} bytes")
    }

    fn text(&mut self, message: &Message) -> io::Result<()> {
        let mut line = Vec::new();
        for text in message.bytes.split_inclusive(|&byte| byte == b'\n') {
            let text = text.strip_suffix(b"\n").unwrap_or(text);
            let text = text.strip_suffix(b"\r").unwrap_or(text);
            line.clear();
            escape::plain(text, &mut line);
            line.push(b'\n');
            self.out.write_all(&line)?;
        }
        Ok(())
    }

    fn hex(&mut self, message: &Message) -> io::Result<()> {
        for (row, bytes) in (0_u64..).zip(message.bytes.chunks(16)) {
            write!(self.out, "{:08x} ", message.offset + row * 16)?;
            for index in 0..16 {
                if index == 8 {
                    write!(self.out, " ")?;
                }
                match bytes.get(index) {
                    Some(byte) => write!(self.out, " {byte:02x}")?,
                    None => write!(self.out, "   ")?,
                }
            }
            let shown = |&byte: &u8| if (b' '..=b'~').contains(&byte) { char::from(byte) } else { '.' };
            writeln!(self.out, "  |{}|", bytes.iter().map(shown).collect::<String>())?;
        }
        Ok(())
    }

    fn jsonl(&mut self, message: &Message) -> io::Result<()> {
        let mut time = Vec::new();
        json_value(Value::instant(message.moment.map(|(at, _)| at), message.fine_clock), &mut time);
        let packet = message.moment.map_or("null".into(), |(_, number)| number.to_string());
        write!(self.out, "{{\"side\":\"{}\",\"time_s\":", message.role.name())?;
        self.out.write_all(&time)?;
        writeln!(
            self.out,
            ",\"packet\":{packet},\"offset\":{},\"length\":{},\"missing_bytes\":{},\"bytes\":\"{}\"}}",
            message.offset,
            message.bytes.len(),
            message.missing,
            STANDARD.encode(&message.bytes)
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(form: Form, datagrams: bool) -> String {
        let mut out = Vec::new();
        let mut speaking = Speaking::new(&mut out, form, datagrams, Clock::default());
        let piece = |role, offset, number: u64, bytes| Piece {
            role,
            offset,
            moment: Some((Timestamp::from_nanos(number as i64 * 1000), number)),
            fine_clock: false,
            bytes,
            missing: 0,
        };
        speaking.say(&piece(Role::Client, 0, 1, b"GET \x1b[")).unwrap();
        speaking.say(&piece(Role::Client, 6, 2, b"31m\r\n")).unwrap();
        speaking.say(&piece(Role::Server, 0, 3, b"no")).unwrap();
        speaking.say(&Piece { missing: 7, moment: None, ..piece(Role::Server, 2, 3, b"") }).unwrap();
        assert_eq!(speaking.finish().unwrap(), 7);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_message_is_what_one_side_says_until_the_other_speaks() {
        assert_eq!(shown(Form::Raw, false), "GET \x1b[31m\r\nno");
        assert_eq!(
            shown(Form::Text, false),
            "--- client, 0.000001, packet 1, offset 0, 11 bytes\nGET \\x1b[31m\n\
             --- server, 0.000003, packet 3, offset 0, 2 bytes\nno\n[7 bytes are missing in the capture]\n"
        );
        assert_eq!(
            shown(Form::Hex, false),
            "--- client, 0.000001, packet 1, offset 0, 11 bytes\n\
             00000000  47 45 54 20 1b 5b 33 31  6d 0d 0a                 |GET .[31m..|\n\
             --- server, 0.000003, packet 3, offset 0, 2 bytes\n\
             00000000  6e 6f                                             |no|\n[7 bytes are missing in the capture]\n"
        );
        let lines = shown(Form::Jsonl, true);
        let records: Vec<serde_json::Value> =
            lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(records.len(), 4);
        assert_eq!(records[0]["bytes"], "R0VUIBtb");
        assert_eq!(records[1]["offset"], 6);
        assert_eq!(
            (&records[3]["missing_bytes"], &records[3]["packet"]),
            (&7.into(), &serde_json::Value::Null)
        );
    }
}
