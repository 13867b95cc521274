//! Text from packets made harmless, in one place for every format.
//!
//! Whatever a host wrote into its headers, no format prints control characters, terminal escapes, direction
//! overrides, invisible characters or invalid UTF-8 as they are. In tables, CSV and TSV they become `\n`, `\x1b`, `\u{202e}` and the
//! like, and a backslash is doubled, so that nothing is ambiguous. In JSON they become its own escapes, and a reader gets
//! the very text; bytes that are no UTF-8 become U+FFFD there.

use std::fmt::Write as _;

/// Appends `bytes`, escaped for tables, CSV and TSV.
pub fn plain(bytes: &[u8], out: &mut Vec<u8>) {
    if bytes.iter().all(|byte| matches!(byte, b' '..=b'~') && *byte != b'\\') {
        return out.extend_from_slice(bytes);
    }
    let mut text = String::new();
    for chunk in bytes.utf8_chunks() {
        for character in chunk.valid().chars() {
            let written = match character {
                '\n' => text.write_str("\\n"),
                '\r' => text.write_str("\\r"),
                '\t' => text.write_str("\\t"),
                '\\' => text.write_str("\\\\"),
                character if character.is_ascii_control() => write!(text, "\\x{:02x}", u32::from(character)),
                character if is_hidden(character) => write!(text, "\\u{{{:x}}}", u32::from(character)),
                character => text.write_char(character),
            };
            debug_assert!(written.is_ok(), "a string takes everything");
        }
        for byte in chunk.invalid() {
            let _ = write!(text, "\\x{byte:02x}");
        }
    }
    out.extend_from_slice(text.as_bytes());
}

/// Appends `bytes` as a JSON string with its quotes.
pub fn json(bytes: &[u8], out: &mut Vec<u8>) {
    out.push(b'"');
    if bytes.iter().all(|byte| matches!(byte, b' '..=b'~') && !matches!(byte, b'"' | b'\\')) {
        out.extend_from_slice(bytes);
    } else {
        json_escaped(bytes, out);
    }
    out.push(b'"');
}

fn json_escaped(bytes: &[u8], out: &mut Vec<u8>) {
    let mut text = String::new();
    for chunk in bytes.utf8_chunks() {
        for character in chunk.valid().chars() {
            match character {
                '"' => text.push_str("\\\""),
                '\\' => text.push_str("\\\\"),
                '\n' => text.push_str("\\n"),
                '\r' => text.push_str("\\r"),
                '\t' => text.push_str("\\t"),
                character if character.is_ascii_control() || is_hidden(character) => {
                    for unit in character.encode_utf16(&mut [0; 2]) {
                        let _ = write!(text, "\\u{unit:04x}");
                    }
                }
                character => text.push(character),
            }
        }
        if !chunk.invalid().is_empty() {
            text.push_str("\\ufffd");
        }
    }
    out.extend_from_slice(text.as_bytes());
}

/// Characters that a terminal or an editor obeys instead of showing, or that take no room: C1 controls, the
/// soft hyphen, zero-width characters and fillers, line and paragraph separators, direction marks and overrides, variation
/// selectors, tags, combining marks that stand on nothing of ours, private use.
fn is_hidden(character: char) -> bool {
    matches!(character,
        '\u{80}'..='\u{9f}' | '\u{ad}' | '\u{300}'..='\u{36f}' | '\u{61c}' | '\u{115f}' | '\u{1160}'
        | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}' | '\u{1ab0}'..='\u{1aff}' | '\u{1dc0}'..='\u{1dff}'
        | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{20d0}'..='\u{20ff}'
        | '\u{2800}' | '\u{3164}' | '\u{e000}'..='\u{f8ff}' | '\u{fe00}'..='\u{fe0f}' | '\u{fe20}'..='\u{fe2f}'
        | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{fffe}' | '\u{ffff}' | '\u{1d173}'..='\u{1d17a}'
        | '\u{e0000}'..='\u{10ffff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn both(bytes: &[u8]) -> (String, String) {
        let (mut text, mut quoted) = (Vec::new(), Vec::new());
        plain(bytes, &mut text);
        json(bytes, &mut quoted);
        (String::from_utf8(text).unwrap(), String::from_utf8(quoted).unwrap())
    }

    #[test]
    fn nothing_hostile_is_printed_as_it_is() {
        for (bytes, text, quoted) in [
            (&b"plain /path?a=b"[..], "plain /path?a=b", "\"plain /path?a=b\""),
            (b"red\x1b[31m\x07", "red\\x1b[31m\\x07", "\"red\\u001b[31m\\u0007\""),
            (b"two\r\nlines\t\x7f", "two\\r\\nlines\\t\\x7f", "\"two\\r\\nlines\\t\\u007f\""),
            (b"C:\\x \"q\"", "C:\\\\x \"q\"", "\"C:\\\\x \\\"q\\\"\""),
            ("a\u{202e}b".as_bytes(), "a\\u{202e}b", "\"a\\u202eb\""),
            ("\u{200b}\u{9b}31m".as_bytes(), "\\u{200b}\\u{9b}31m", "\"\\u200b\\u009b31m\""),
            ("tag \u{e0041}".as_bytes(), "tag \\u{e0041}", "\"tag \\udb40\\udc41\""),
            (b"\xff\xfeok", "\\xff\\xfeok", "\"\\ufffd\\ufffdok\""),
            ("größe 猫".as_bytes(), "größe 猫", "\"größe 猫\""),
        ] {
            assert_eq!(both(bytes), (text.into(), quoted.into()));
        }
    }

    #[test]
    fn json_readers_get_the_very_text() {
        for code in 0..0x11_0000 {
            let Some(character) = char::from_u32(code) else { continue };
            let text = character.to_string();
            let (plain, quoted) = both(text.as_bytes());
            assert_eq!(serde_json::from_str::<String>(&quoted).unwrap(), text);
            assert!(!plain.chars().any(|shown| shown.is_control() || is_hidden(shown)), "{code:x}");
        }
    }
}
