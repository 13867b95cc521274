//! What a single UDP datagram shows.

use super::dns;
use crate::app::Service;
use crate::app::http::{request_line, status_line};

/// The protocol of a datagram; `None` where that is not certain.
pub fn datagram(bytes: &[u8]) -> Option<Service> {
    let found = [
        (is_quic as fn(&[u8]) -> bool, Service::Quic),
        (is_dtls, Service::Dtls),
        (is_stun, Service::Stun),
        (is_dhcp, Service::Dhcp),
        (is_wireguard, Service::Wireguard),
        (is_snmp, Service::Snmp),
        (is_sip, Service::Sip),
        (is_ssdp, Service::Ssdp),
        (dns::is_message, Service::Dns),
    ];
    found.into_iter().find(|(is, _)| is(bytes)).map(|(_, service)| service)
}

fn word(bytes: &[u8], at: usize) -> Option<u32> {
    let word = bytes.get(at..)?.first_chunk()?;
    Some(u32::from_be_bytes(*word))
}

/// RFC 9000 §17.2: a long header with the fixed bit, a version that exists, and connection ids of at most 20 bytes.
fn is_quic(bytes: &[u8]) -> bool {
    let (Some(&first), Some(version)) = (bytes.first(), word(bytes, 1)) else { return false };
    let known = matches!(version, 0 | 1 | 0x6b33_43cf | 0x709a_50c4) || version >> 8 == 0x00ff_0000;
    let destination = bytes.get(5).copied().unwrap_or(u8::MAX);
    let source = bytes.get(6 + usize::from(destination)).copied().unwrap_or(u8::MAX);
    let ids = destination <= 20 && source <= 20 && (destination > 0 || source > 0);
    // RFC 9000 §17.2.1: in a version negotiation (version 0) the other bits are arbitrary.
    first & 0x80 != 0 && (first & 0x40 != 0 || version == 0) && known && ids
}

/// RFC 9147 §4: a handshake, alert or change-cipher-spec record of DTLS 1.0 or 1.2 whose length fits.
fn is_dtls(bytes: &[u8]) -> bool {
    let [kind, major, minor, rest @ ..] = bytes else { return false };
    let Some(len) = rest.get(8..).and_then(<[u8]>::first_chunk).map(|len| u16::from_be_bytes(*len)) else {
        return false;
    };
    matches!(kind, 20..=22)
        && *major == 254
        && matches!(minor, 253 | 255)
        && usize::from(len) + 13 <= bytes.len()
}

/// RFC 8489 §5: two zero bits, a length that is a multiple of four and fits, the magic cookie.
fn is_stun(bytes: &[u8]) -> bool {
    let Some(&[a, b, c, d]) = bytes.first_chunk() else { return false };
    let (kind, len) = (u16::from_be_bytes([a, b]), u16::from_be_bytes([c, d]));
    kind >> 14 == 0
        && len % 4 == 0
        && usize::from(len) + 20 <= bytes.len()
        && word(bytes, 4) == Some(0x2112_a442)
}

/// RFC 2131 §2, §3: a BOOTP request or reply with the magic cookie.
fn is_dhcp(bytes: &[u8]) -> bool {
    matches!(bytes.first(), Some(1 | 2)) && word(bytes, 236) == Some(0x6382_5363)
}

/// A handshake initiation of 148 bytes or a response of 92.
fn is_wireguard(bytes: &[u8]) -> bool {
    matches!((bytes.len(), word(bytes, 0)), (148, Some(0x0100_0000)) | (92, Some(0x0200_0000)))
}

/// RFC 1157 §4, RFC 3412 §6: a sequence that is as long as the datagram, a version, a community or header.
fn is_snmp(bytes: &[u8]) -> bool {
    let (len, rest) = match bytes {
        [0x30, len @ ..=0x7f, rest @ ..] => (usize::from(*len), rest),
        [0x30, 0x81, len, rest @ ..] => (usize::from(*len), rest),
        [0x30, 0x82, high, low, rest @ ..] => (usize::from(u16::from_be_bytes([*high, *low])), rest),
        _ => return false,
    };
    let header = matches!(rest, [2, 1, 0 | 1, 4, ..] | [2, 1, 3, 0x30, ..]);
    len == rest.len() && header
}

/// RFC 3261 §7.1, §7.2.
fn is_sip(bytes: &[u8]) -> bool {
    let first = first_line(bytes);
    first.starts_with(b"SIP/2.0 ") || first.ends_with(b" SIP/2.0")
}

/// HTTP over UDP: `M-SEARCH * HTTP/1.1`, `NOTIFY * HTTP/1.1`, and the answers.
fn is_ssdp(bytes: &[u8]) -> bool {
    let first = first_line(bytes);
    (first.starts_with(b"M-SEARCH ") || first.starts_with(b"NOTIFY ")) && request_line(first).is_some()
        || status_line(first).is_some()
}

fn first_line(bytes: &[u8]) -> &[u8] {
    let line = bytes.split(|&byte| byte == b'\n').next().unwrap_or_default();
    line.strip_suffix(b"\r").unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn datagrams_by_their_bytes() {
        let dhcp = [&[1, 1, 6, 0][..], &[0; 232], &[0x63, 0x82, 0x53, 0x63]].concat();
        let wireguard = [&[1, 0, 0, 0][..], &[7; 144]].concat();
        let table: &[(&[u8], Option<Service>)] = &[
            (b"\xc3\x00\x00\x00\x01\x08\x01\x02\x03\x04\x05\x06\x07\x08\x00", Some(Service::Quic)),
            (b"\x16\xfe\xfd\0\0\0\0\0\0\0\0\0\x01\x01", Some(Service::Dtls)),
            (b"\0\x01\0\0\x21\x12\xa4\x42abcdefghijkl", Some(Service::Stun)),
            (&dhcp, Some(Service::Dhcp)),
            (&wireguard, Some(Service::Wireguard)),
            (b"\x30\x0b\x02\x01\x01\x04\x06public", Some(Service::Snmp)),
            (b"OPTIONS sip:a SIP/2.0\r\n", Some(Service::Sip)),
            (b"M-SEARCH * HTTP/1.1\r\n", Some(Service::Ssdp)),
            (b"\x12\x34\x01\0\0\x01\0\0\0\0\0\0\x01a\0\0\x01\0\x01", Some(Service::Dns)),
            (b"\0", None),
            (b"", None),
            (&[0; 60], None),
            (&[0xff; 60], None),
        ];
        for (bytes, expected) in table {
            assert_eq!(datagram(bytes), *expected, "{}", bytes.escape_ascii());
            for end in 0..bytes.len() {
                let _ = datagram(&bytes[..end]);
            }
        }
    }
}
