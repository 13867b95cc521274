//! What the first bytes of a stream show.

use serde::{Deserialize, Serialize};

use super::dns;
use crate::app::Service;

/// How many bytes of a direction may be looked at before it is given up.
pub const MAX_PROBED: usize = 64;

/// What the first bytes of one direction are.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Verdict {
    /// It is certain.
    Certain(Service),
    /// It looks like HTTP; the start line has to show it.
    LikelyHttp,
    /// The next bytes decide.
    Unsure,
    /// Nothing that is known.
    Unknown,
}

/// What is known of a connection so far. Some protocols show only in what both sides say.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize)]
pub struct Probe {
    greeting: Option<Greeting>,
}

/// A greeting that several protocols share.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
enum Greeting {
    /// `220 ...`: FTP or SMTP.
    Ready,
    /// A SOCKS 5 client's methods.
    Methods,
}

impl Probe {
    /// Looks at the first bytes of a direction, of which there is at least one.
    pub fn look(&mut self, bytes: &[u8]) -> Verdict {
        if let Some(service) = by_both(self.greeting, bytes) {
            return Verdict::Certain(service);
        }
        if let Some(service) = certain(bytes) {
            return Verdict::Certain(service);
        }
        match bytes {
            [b'2', b'2', b'0', b' ' | b'-', ..] => self.greeting = Some(Greeting::Ready),
            [5, methods, rest @ ..] if *methods > 0 && rest.len() == usize::from(*methods) => {
                self.greeting = Some(Greeting::Methods);
            }
            _ => {}
        }
        match may_be_http(bytes) {
            Some(true) => Verdict::LikelyHttp,
            _ if bytes.len() < MAX_PROBED => Verdict::Unsure,
            _ => Verdict::Unknown,
        }
    }
}

/// Whether bytes begin like a message of HTTP: a method and a space, or `HTTP/`. `None` where they are too few.
fn may_be_http(bytes: &[u8]) -> Option<bool> {
    if bytes.starts_with(b"HTTP/") {
        return Some(true);
    }
    let method = bytes.iter().position(|byte| !matches!(byte, b'A'..=b'Z' | b'-' | b'_'));
    match method {
        Some(len) => Some((3..=20).contains(&len) && bytes.get(len) == Some(&b' ')),
        None => (bytes.len() > 20).then_some(false),
    }
}

/// What what one side says makes of what the other has said.
fn by_both(greeting: Option<Greeting>, bytes: &[u8]) -> Option<Service> {
    match (greeting?, bytes) {
        (Greeting::Ready, [a, b, c, d, ..]) => {
            match &[*a, *b, *c, *d].map(|byte| byte.to_ascii_uppercase()) {
                b"EHLO" | b"HELO" | b"LHLO" => Some(Service::Smtp),
                b"USER" | b"AUTH" | b"FEAT" | b"SYST" => Some(Service::Ftp),
                _ => None,
            }
        }
        (Greeting::Methods, [5, 0 | 1 | 2 | 0xff]) => Some(Service::Socks5),
        _ => None,
    }
}

/// The protocol that a few bytes of one direction make certain. By the first one alone, most need not be asked.
fn certain(bytes: &[u8]) -> Option<Service> {
    let first = *bytes.first()?;
    let begins = |starts: &[&[u8]]| starts.iter().any(|start| bytes.starts_with(start));
    let found = match first {
        0 if is_smb(bytes) => Some(Service::Smb),
        0 => is_postgresql(bytes).then_some(Service::Postgresql),
        3 => is_rdp(bytes).then_some(Service::Rdp),
        0x10 => is_mqtt(bytes).then_some(Service::Mqtt),
        21 | 22 | 0x80 | 0x81 => is_tls(bytes).then_some(Service::Tls),
        b'*' if is_redis(bytes) => Some(Service::Redis),
        b'*' => begins(&[b"* OK ", b"* PREAUTH "]).then_some(Service::Imap),
        b'+' => begins(&[b"+OK "]).then_some(Service::Pop3),
        b'A' => is_amqp(bytes).then_some(Service::Amqp),
        b'E' | b'H' => begins(&[b"EHLO ", b"HELO "]).then_some(Service::Smtp),
        b'P' => begins(&[b"PRI * HTTP/2.0\r\n\r\nSM\r\n"]).then_some(Service::Http2),
        b'S' => begins(&[b"SSH-1.", b"SSH-2.0"]).then_some(Service::Ssh),
        _ => None,
    };
    let found = found.or_else(|| is_mysql(bytes).then_some(Service::Mysql)).or_else(|| by_version(bytes));
    let found = found.or_else(|| match first {
        0x13 => begins(&[b"\x13BitTorrent protocol"]).then_some(Service::Bittorrent),
        0x30 => is_ldap(bytes).then_some(Service::Ldap),
        b'<' => begins(&[b"<stream:stream ", b"<?xml version='1.0'?><stream:"]).then_some(Service::Xmpp),
        b'C' | b'N' => begins(&[b"NICK ", b"CAP LS"]).then_some(Service::Irc),
        b'R' => is_rfb(bytes).then_some(Service::Vnc),
        0xff => is_bgp(bytes).then_some(Service::Bgp),
        _ => None,
    });
    found.or_else(|| is_dns(bytes).then_some(Service::Dns))
}

/// SIP or RTSP: the version stands first, or at the end of the first line, if that is whole. RFC 3261 §7, RFC 2326 §6
fn by_version(bytes: &[u8]) -> Option<Service> {
    const VERSIONS: [(&[u8], &[u8], Service); 2] =
        [(b"SIP/2.0 ", b" SIP/2.0\r", Service::Sip), (b"RTSP/1.0 ", b" RTSP/1.0\r", Service::Rtsp)];
    let line = memchr::memchr(b'\n', bytes).and_then(|end| bytes.get(..end)).unwrap_or_default();
    let is = |(first, last, _): &&(&[u8], &[u8], _)| bytes.starts_with(first) || line.ends_with(last);
    VERSIONS.iter().find(is).map(|&(.., service)| service)
}

/// RFC 8446 §5.1, §4: a handshake record that begins with a ClientHello or ServerHello, or an alert.
fn is_tls(bytes: &[u8]) -> bool {
    match bytes {
        [22, 3, 0..=4, high, _, kind, 0, ..] => *high <= 0x40 && matches!(kind, 1 | 2),
        [21, 3, 0..=4, 0, 2, 1 | 2, ..] => true,
        // SSL 2.0 framing of a ClientHello for SSL 3.0 or TLS: RFC 5246 appendix E.2.
        [0x80..=0x81, _, 1, 3, 0..=3, 0, suites, ..] => *suites > 0 && suites % 3 == 0,
        _ => false,
    }
}

/// MS-SMB2 §2.1: a length of 24 bits, then the protocol id.
fn is_smb(bytes: &[u8]) -> bool {
    matches!(bytes, [0, _, _, _, 0xfd..=0xff, b'S', b'M', b'B', ..])
}

/// RFC 1006 §6: TPKT version 3; X.224 connection request or confirm.
fn is_rdp(bytes: &[u8]) -> bool {
    let [3, 0, high, low, x224, 0xe0 | 0xd0, 0, 0, ..] = bytes else { return false };
    let len = u16::from_be_bytes([*high, *low]);
    let cookie = bytes.get(11..).is_some_and(|rest| rest.starts_with(b"Cookie: mstshash="));
    let negotiation = matches!(bytes.get(11..15), Some([1..=3, _, 8, 0]));
    usize::from(len) == usize::from(*x224) + 5 && (cookie || negotiation)
}

/// A greeting: length, sequence 0, protocol 10, a version that begins with a digit and a point.
fn is_mysql(bytes: &[u8]) -> bool {
    matches!(bytes, [len, 0, 0, 0, 10, b'3'..=b'9' | b'1', b'.' | b'0'..=b'9', ..] if *len > 40)
}

/// A start-up message of version 3.0, or a request for TLS.
fn is_postgresql(bytes: &[u8]) -> bool {
    match bytes {
        [0, 0, 0, 8, 4, 0xd2, 0x16, 0x2f] => true,
        [0, 0, _, _, 0, 3, 0, 0, rest @ ..] => rest.starts_with(b"user\0"),
        _ => false,
    }
}

/// An array of bulk strings: `*2\r\n$4\r\n`.
fn is_redis(bytes: &[u8]) -> bool {
    matches!(bytes, [b'*', b'1'..=b'9', b'\r', b'\n', b'$', b'1'..=b'9', b'\r' | b'0'..=b'9', ..])
}

/// MQTT 5.0 §3.1: CONNECT with its protocol name.
fn is_mqtt(bytes: &[u8]) -> bool {
    let name = bytes.get(2..8) == Some(b"\0\x04MQTT") || bytes.get(3..9) == Some(b"\0\x04MQTT");
    bytes.first() == Some(&0x10) && (name || bytes.get(2..10) == Some(b"\0\x06MQIsdp"))
}

/// AMQP 1.0 §2.2 and before: the protocol's name, a number, and a version.
fn is_amqp(bytes: &[u8]) -> bool {
    matches!(bytes, [b'A', b'M', b'Q', b'P', 0..=3, 0 | 1, 0 | 9, 0 | 1 | 9])
}

/// RFC 6143 §7.1.1: `RFB 003.008` and a line end.
fn is_rfb(bytes: &[u8]) -> bool {
    bytes.starts_with(b"RFB 003.0") && bytes.get(11) == Some(&b'\n')
}

/// RFC 4271 §4.1: a marker of ones, a length, and a type.
fn is_bgp(bytes: &[u8]) -> bool {
    bytes.starts_with(&[0xff; 16]) && matches!(bytes.get(18), Some(1..=5))
}

/// RFC 4511 §4.1.1: a sequence, a message id, and a bind (0x60), its answer (0x61), or a search (0x63).
fn is_ldap(bytes: &[u8]) -> bool {
    let rest = match bytes {
        [0x30, 0x84, _, _, _, _, rest @ ..] => rest,
        [0x30, 0x82, _, _, rest @ ..] => rest,
        [0x30, 0x81, _, rest @ ..] => rest,
        [0x30, ..=0x7f, rest @ ..] => rest,
        _ => return false,
    };
    let operation = match rest {
        [2, 1, _, rest @ ..] | [2, 2, _, _, rest @ ..] | [2, 4, _, _, _, _, rest @ ..] => rest,
        _ => return false,
    };
    match operation {
        // A bind says version 2 or 3.
        [0x60, 0x84, _, _, _, _, 2, 1, 2 | 3, ..] | [0x60, _, 2, 1, 2 | 3, ..] => true,
        [0x61, 0x84, _, _, _, _, 10, 1, ..] | [0x61, _, 10, 1, ..] => true,
        [0x63, 0x84, _, _, _, _, 4, ..] | [0x63, _, 4, ..] => true,
        _ => false,
    }
}

/// RFC 1035 §4.2.2: two bytes of length before the message.
fn is_dns(bytes: &[u8]) -> bool {
    let Some((len, message)) = bytes.split_first_chunk() else { return false };
    let len = usize::from(u16::from_be_bytes(*len));
    len >= message.len().min(17) && dns::is_message(message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_by_their_first_bytes() {
        let table: &[(&[u8], Verdict)] = &[
            (b"GET / HTTP/1.1\r\n", Verdict::LikelyHttp),
            (b"HTTP/1.1 200 OK", Verdict::LikelyHttp),
            (b"CCM_POST /x HTTP/1.1", Verdict::LikelyHttp),
            (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", Verdict::Certain(Service::Http2)),
            (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc", Verdict::Certain(Service::Tls)),
            (b"SSH-2.0-OpenSSH_9.6\r\n", Verdict::Certain(Service::Ssh)),
            (b"EHLO a\r\n", Verdict::Certain(Service::Smtp)),
            (b"\0\0\0\x90\xfeSMB@\0", Verdict::Certain(Service::Smb)),
            (b"\x03\0\0\x13\x0e\xe0\0\0\0\0\0\x01\0\x08\0\x03\0\0\0", Verdict::Certain(Service::Rdp)),
            (b"\x4a\0\0\0\x0a8.0.36\0", Verdict::Certain(Service::Mysql)),
            (b"\0\0\0\x08\x04\xd2\x16\x2f", Verdict::Certain(Service::Postgresql)),
            (b"*1\r\n$4\r\nPING\r\n", Verdict::Certain(Service::Redis)),
            (b"\x10\x0c\0\x04MQTT\x05", Verdict::Certain(Service::Mqtt)),
            (b"OPTIONS rtsp://a RTSP/1.0\r\n", Verdict::Certain(Service::Rtsp)),
            (b"\x30\x0c\x02\x01\x01\x60\x07\x02\x01\x03\x04\0\x80\0", Verdict::Certain(Service::Ldap)),
            (b"\x13BitTorrent protocol\0", Verdict::Certain(Service::Bittorrent)),
            (b"RFB 003.008\n", Verdict::Certain(Service::Vnc)),
            (b"\0\x13\x12\x34\x01\0\0\x01\0\0\0\0\0\0\x01a\0\0\x01\0\x01", Verdict::Certain(Service::Dns)),
            (b"220 ready\r\n", Verdict::Unsure),
            (b"HELO a\r\n", Verdict::Certain(Service::Smtp)),
            (b"+OK ready\r\n", Verdict::Certain(Service::Pop3)),
            (b"* PREAUTH x\r\n", Verdict::Certain(Service::Imap)),
            (b"AMQP\0\0\x09\x01", Verdict::Certain(Service::Amqp)),
            (b"SIP/2.0 200 OK\r\n", Verdict::Certain(Service::Sip)),
            (b"INVITE sip:a SIP/2.0\r\n", Verdict::Certain(Service::Sip)),
            (b"RTSP/1.0 200 OK\r\n", Verdict::Certain(Service::Rtsp)),
            (b"NICK a\r\n", Verdict::Certain(Service::Irc)),
            (b"CAP LS\r\n", Verdict::Certain(Service::Irc)),
            (b"<stream:stream x", Verdict::Certain(Service::Xmpp)),
            (b"\x80\x2e\x01\x03\x01\0\x15\0\0", Verdict::Certain(Service::Tls)),
            (b"\x15\x03\x03\0\x02\x02\x28", Verdict::Certain(Service::Tls)),
            (
                b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\0\x1d\x01",
                Verdict::Certain(Service::Bgp),
            ),
            (b"GE", Verdict::Unsure),
            (b"\0", Verdict::Unsure),
            (&[7; 64], Verdict::Unknown),
        ];
        for (bytes, expected) in table {
            assert_eq!(Probe::default().look(bytes), *expected, "{}", bytes.escape_ascii());
            for end in 1..bytes.len() {
                let cut = Probe::default().look(&bytes[..end]);
                let early = matches!(expected, Verdict::Certain(_)) && cut == *expected;
                let likely = cut == Verdict::LikelyHttp;
                assert!(cut == Verdict::Unsure || early || likely, "{}", bytes[..end].escape_ascii());
            }
        }
    }

    #[test]
    fn some_show_in_what_both_sides_say() {
        for (first, second, service) in [
            (&b"220 mail ESMTP\r\n"[..], &b"ehlo a\r\n"[..], Service::Smtp),
            (b"220 files\r\n", b"USER a\r\n", Service::Ftp),
            (b"\x05\x01\x00", b"\x05\x00", Service::Socks5),
        ] {
            let mut probe = Probe::default();
            assert_eq!(probe.look(first), Verdict::Unsure);
            assert_eq!(probe.look(second), Verdict::Certain(service));
        }
    }
}
