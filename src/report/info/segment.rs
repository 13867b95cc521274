//! A TCP segment in a line.

use super::{number, ports, put};
use crate::decode::{Tcp, TcpOption};
use crate::pipeline::PacketRow;
use crate::tcp::Flags;

/// Flags in the order in which people say them.
const FLAGS: [(Flags, &str); 9] = [
    (Flags::SYN, "SYN"),
    (Flags::FIN, "FIN"),
    (Flags::RST, "RST"),
    (Flags::PSH, "PSH"),
    (Flags::ACK, "ACK"),
    (Flags::URG, "URG"),
    (Flags::ECE, "ECE"),
    (Flags::CWR, "CWR"),
    (Flags::AE, "AE"),
];

/// The most of a request or status line that is shown.
const LINE_SHOWN: usize = 100;

/// Ports, flags, numbers relative to the first of each side where they are known, options, and the first line of an HTTP message.
pub(super) fn line(row: &PacketRow<'_>, tcp: &Tcp<'_>, line: &mut String) {
    ports(tcp.source_port, tcp.destination_port, line);
    let flags = Flags(tcp.flags);
    line.push_str(" [");
    let mut before = "";
    for (flag, name) in FLAGS {
        if flags.contains(flag) {
            line.push_str(before);
            line.push_str(name);
            before = ", ";
        }
    }
    line.push_str("] Seq=");
    number(row.verdict.map_or(u64::from(tcp.seq), |verdict| verdict.seq_relative), line);
    let ack = row.verdict.and_then(|verdict| verdict.ack_relative);
    if flags.contains(Flags::ACK) {
        line.push_str(" Ack=");
        number(ack.unwrap_or(u64::from(tcp.ack)), line);
    }
    let window = row.verdict.and_then(|verdict| verdict.window_scaled);
    line.push_str(" Win=");
    number(u64::from(window.unwrap_or(tcp.window.into())), line);
    line.push_str(" Len=");
    number(u64::from(row.packet.payload_len), line);
    if flags.contains(Flags::URG) {
        line.push_str(" Urg=");
        number(u64::from(tcp.urgent), line);
    }
    if !tcp.options.is_empty() {
        // SACK blocks count like the acknowledgment: from the other side's first number.
        let base = ack.map_or(0, |ack| tcp.ack.wrapping_sub(ack as u32));
        options(tcp, base, line);
    }
    message(row.packet.payload, line);
}

fn options(tcp: &Tcp<'_>, base: u32, line: &mut String) {
    for option in tcp.options() {
        match option {
            TcpOption::Mss(mss) => word(" MSS=", mss.into(), line),
            TcpOption::WindowScale(shift) => word(" WS=", shift.into(), line),
            TcpOption::SackPermitted => line.push_str(" SACK_PERM"),
            TcpOption::Timestamps(value, echo) => {
                word(" TSval=", value.into(), line);
                word(" TSecr=", echo.into(), line);
            }
            TcpOption::Sack(blocks) => {
                line.push_str(" SACK=");
                for (index, (left, right)) in blocks.into_iter().enumerate() {
                    let edge = |edge: u32| edge.wrapping_sub(base);
                    word(if index == 0 { "" } else { "," }, edge(left).into(), line);
                    word("-", edge(right).into(), line);
                }
            }
            TcpOption::FastOpen(cookie) | TcpOption::FastOpenExperimental(cookie) => {
                line.push_str(if cookie.is_empty() { " TFO=request" } else { " TFO=cookie" });
            }
            TcpOption::Multipath(subtype, _) => match subtype.name() {
                Some(name) => put(line, format_args!(" {name}")),
                None => put(line, format_args!(" MPTCP={}", subtype.0)),
            },
            TcpOption::UserTimeout(seconds) => put(line, format_args!(" UTO={seconds}")),
            TcpOption::Md5(_) => line.push_str(" MD5"),
            TcpOption::Authentication(..) => line.push_str(" TCP-AO"),
            TcpOption::AccurateEcn(..) => line.push_str(" AccECN"),
            TcpOption::Other(kind, _) => word(" option ", kind.into(), line),
        }
    }
}

fn word(name: &str, value: u64, line: &mut String) {
    line.push_str(name);
    number(value, line);
}

/// The request or status line with which the payload begins, if it does.
fn message(payload: &[u8], line: &mut String) {
    const METHODS: [&[u8]; 9] =
        [b"GET ", b"POST ", b"HEAD ", b"PUT ", b"DELETE ", b"OPTIONS ", b"PATCH ", b"CONNECT ", b"HTTP/1."];
    if !payload.first().is_some_and(u8::is_ascii_uppercase)
        || !METHODS.iter().any(|method| payload.starts_with(method))
    {
        return;
    }
    let shown = payload.get(..LINE_SHOWN).unwrap_or(payload);
    let end = shown.iter().position(|byte| matches!(byte, b'\r' | b'\n'));
    let text = String::from_utf8_lossy(shown.get(..end.unwrap_or(shown.len())).unwrap_or(shown));
    line.push_str(": ");
    line.push_str(&text);
    if end.is_none() {
        line.push('…');
    }
}
