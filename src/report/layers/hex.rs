//! Bytes as people read them: offset, hexadecimal, characters.

/// Bytes in a line.
const WIDTH: usize = 16;

/// Appends the bytes, sixteen a line. What is no printable ASCII is a dot.
pub(super) fn dump(bytes: &[u8], out: &mut Vec<u8>) {
    for (index, line) in bytes.chunks(WIDTH).enumerate() {
        out.extend_from_slice(format!("  {:06x}  ", index * WIDTH).as_bytes());
        for place in 0..WIDTH {
            if place == WIDTH / 2 {
                out.push(b' ');
            }
            match line.get(place) {
                Some(byte) => {
                    digit(byte >> 4, out);
                    digit(byte & 15, out);
                    out.push(b' ');
                }
                None => out.extend_from_slice(b"   "),
            }
        }
        out.extend_from_slice(b" |");
        out.extend(line.iter().map(|byte| if matches!(byte, b' '..=b'~') { *byte } else { b'.' }));
        out.extend_from_slice(b"|\n");
    }
}

fn digit(nibble: u8, out: &mut Vec<u8>) {
    out.push(if nibble < 10 { b'0' + nibble } else { b'a' + nibble - 10 });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_have_offset_hexadecimal_and_characters() {
        let mut out = Vec::new();
        dump(b"GET / HTTP/1.1\r\n\x1b[31m\xff", &mut out);
        assert_eq!(
            String::from_utf8(out).unwrap(),
            "  000000  47 45 54 20 2f 20 48 54  54 50 2f 31 2e 31 0d 0a  |GET / HTTP/1.1..|\n\
             \x20 000010  1b 5b 33 31 6d ff                                 |.[31m.|\n"
        );
    }

    #[test]
    fn no_bytes_are_no_lines() {
        let mut out = Vec::new();
        dump(&[], &mut out);
        assert!(out.is_empty());
    }
}
