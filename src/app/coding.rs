//! Content codings: a body as it was before its transfer, up to a limit. RFC 9110 §8.4.1, RFC 8878, RFC 7932.

use std::io::{self, Read};

/// How a decoding ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Ending {
    /// All of it.
    Whole,
    /// What follows is damaged or missing.
    Damaged,
    /// The limit was reached.
    Limited,
    /// A coding that is not known: the bytes are as they came.
    Unknown,
}

/// Codings that are undone, one in another. Each may be a bomb.
const MAX_CODINGS: usize = 8;

/// Decodes a body that was encoded by `codings`, the value of its Content-Encoding, to at most `limit` bytes.
pub fn decode(codings: &[u8], body: &[u8], limit: usize) -> (Vec<u8>, Ending) {
    let mut bytes = body.to_vec();
    if codings.iter().filter(|&&byte| byte == b',').count() >= MAX_CODINGS {
        return (bytes, Ending::Unknown);
    }
    let mut ending = Ending::Whole;
    // They were applied in the order in which they are listed: undo the last first.
    for coding in codings.rsplit(|&byte| byte == b',').map(|coding| coding.trim_ascii().to_ascii_lowercase())
    {
        let (decoded, end) = match coding.as_slice() {
            b"" | b"identity" => continue,
            b"gzip" | b"x-gzip" => read(flate2::read::MultiGzDecoder::new(bytes.as_slice()), limit),
            b"deflate" => inflate(&bytes, limit),
            b"br" => read(brotli::Decompressor::new(bytes.as_slice(), 4096), limit),
            b"zstd" => match zstd::stream::read::Decoder::new(bytes.as_slice()) {
                Ok(mut decoder) => {
                    // RFC 8878 §3.1.1.1.2, RFC 9659 §3: a window of 8 MiB is what a recipient has to support.
                    let bounded = decoder.window_log_max(23).is_ok();
                    if bounded { read(decoder, limit) } else { (Vec::new(), Ending::Damaged) }
                }
                Err(_) => (Vec::new(), Ending::Damaged),
            },
            _ => return (bytes, Ending::Unknown),
        };
        bytes = decoded;
        ending = if ending == Ending::Whole { end } else { ending };
    }
    (bytes, ending)
}

/// RFC 9110 §8.4.1.2: deflate is the zlib format; some servers send the bare stream.
fn inflate(bytes: &[u8], limit: usize) -> (Vec<u8>, Ending) {
    let (decoded, ending) = read(flate2::read::ZlibDecoder::new(bytes), limit);
    if decoded.is_empty() && ending == Ending::Damaged {
        return read(flate2::read::DeflateDecoder::new(bytes), limit);
    }
    (decoded, ending)
}

fn read(mut from: impl Read, limit: usize) -> (Vec<u8>, Ending) {
    let mut bytes = Vec::new();
    let mut buffer = [0; 16 << 10];
    loop {
        match from.read(&mut buffer) {
            Ok(0) => return (bytes, Ending::Whole),
            Ok(got) => {
                let room = limit - bytes.len();
                bytes.extend_from_slice(buffer.get(..got.min(room)).unwrap_or_default());
                if got > room {
                    return (bytes, Ending::Limited);
                }
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(_) => return (bytes, Ending::Damaged),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn encoded(coding: &str, text: &[u8]) -> Vec<u8> {
        let level = flate2::Compression::default();
        match coding {
            "gzip" => {
                let mut encoder = flate2::write::GzEncoder::new(Vec::new(), level);
                encoder.write_all(text).unwrap();
                encoder.finish().unwrap()
            }
            "deflate" => {
                let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), level);
                encoder.write_all(text).unwrap();
                encoder.finish().unwrap()
            }
            "raw" => {
                let mut encoder = flate2::write::DeflateEncoder::new(Vec::new(), level);
                encoder.write_all(text).unwrap();
                encoder.finish().unwrap()
            }
            "zstd" => zstd::encode_all(text, 3).unwrap(),
            _ => {
                let mut out = Vec::new();
                brotli::CompressorWriter::new(&mut out, 4096, 5, 22).write_all(text).unwrap();
                out
            }
        }
    }

    #[test]
    fn codings_are_undone_up_to_the_limit() {
        let text = b"what was said, said again, and said again".repeat(300);
        for (name, coding) in
            [("gzip", "x-GZIP"), ("deflate", "deflate"), ("raw", "deflate"), ("zstd", "zstd"), ("br", "br")]
        {
            let body = encoded(name, &text);
            assert_eq!(decode(coding.as_bytes(), &body, 1 << 20), (text.clone(), Ending::Whole), "{name}");
            let (limited, ending) = decode(coding.as_bytes(), &body, 1000);
            assert_eq!((limited.as_slice(), ending), (&text[..1000], Ending::Limited), "{name}");
            for end in 0..body.len() {
                let (cut, ending) = decode(coding.as_bytes(), &body[..end], 1 << 20);
                assert!(text.starts_with(&cut), "{name}");
                assert!(cut.len() == text.len() || ending == Ending::Damaged || end == 0, "{name} {end}");
            }
        }
        let both = encoded("gzip", &encoded("br", &text));
        assert_eq!(decode(b"br, gzip", &both, 1 << 20), (text, Ending::Whole));
        let many = [b"identity, ".repeat(9), b"gzip".to_vec()].concat();
        assert_eq!(decode(&many, &encoded("gzip", b"abc"), 9).1, Ending::Unknown);
        assert_eq!(decode(b"rc4", b"abc", 9), (b"abc".to_vec(), Ending::Unknown));
        assert_eq!(decode(b"identity", b"abc", 9), (b"abc".to_vec(), Ending::Whole));
    }

    #[test]
    fn a_bomb_ends_at_the_limit() {
        let bomb = encoded("gzip", &encoded("gzip", &vec![0; 50 << 20]));
        let (bytes, ending) = decode(b"gzip, gzip", &bomb, 1 << 20);
        assert_eq!((bytes.len(), ending), (1 << 20, Ending::Limited));
    }
}
