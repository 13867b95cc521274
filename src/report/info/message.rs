//! ICMP, ARP and IGMP messages in a line.

use super::{layer, number, put};
use crate::decode::describe::{hardware, icmp_names};
use crate::decode::{Address, Layer};
use crate::pipeline::PacketRow;

/// An ICMP or ICMPv6 message: its type and code by name, and the numbers by which people find its answer.
pub(super) fn icmp(row: &PacketRow<'_>, kind: u8, code: u8, line: &mut String) {
    let v6 = row.packet.layers.iter().any(|at| at.layer == Layer::Icmpv6);
    let wanted = if v6 { Layer::Icmpv6 } else { Layer::Icmp };
    let (type_name, code_name) = icmp_names(v6, kind, code);
    match type_name {
        Some(name) => line.push_str(name),
        None => put(line, format_args!("Type {kind}, code {code}")),
    }
    if let Some(name) = code_name {
        put(line, format_args!(" ({name})"));
    } else if type_name.is_some() && code != 0 {
        put(line, format_args!(" (code {code})"));
    }
    let Some(bytes) = layer(row, |layer| layer == wanted) else { return };
    match (v6, kind, bytes) {
        (false, 0 | 8 | 13..=18, [_, _, _, _, i0, i1, s0, s1, ..])
        | (true, 128 | 129, [_, _, _, _, i0, i1, s0, s1, ..]) => {
            line.push_str(" id=");
            number(u16::from_be_bytes([*i0, *i1]).into(), line);
            line.push_str(" seq=");
            number(u16::from_be_bytes([*s0, *s1]).into(), line);
        }
        (false, 3, [_, _, _, _, _, _, m0, m1, ..]) if code == 4 => {
            line.push_str(" MTU=");
            number(u16::from_be_bytes([*m0, *m1]).into(), line);
        }
        (true, 2, [_, _, _, _, m0, m1, m2, m3, ..]) => {
            line.push_str(" MTU=");
            number(u32::from_be_bytes([*m0, *m1, *m2, *m3]).into(), line);
        }
        (true, 135 | 136, _) => {
            if let Some(target) = bytes.get(8..).and_then(<[u8]>::first_chunk::<16>) {
                put(line, format_args!(" for {}", Address::v6(*target)));
            }
        }
        _ => {}
    }
}

/// An ARP or RARP packet about IPv4; nothing is told of others.
pub(super) fn arp(bytes: &[u8], line: &mut String) -> bool {
    let Some(&[_, _, _, _, hardware_len, 4, o0, o1]) = bytes.first_chunk::<8>() else { return false };
    let len = usize::from(hardware_len);
    let address = |at: usize| {
        let bytes = bytes.get(at..)?.first_chunk::<4>()?;
        Some(Address::v4(*bytes))
    };
    let station = |at: usize| bytes.get(at..)?.get(..len).map(hardware);
    let (Some(sender), Some(target)) = (address(8 + len), address(12 + 2 * len)) else { return false };
    let (Some(sender_station), Some(target_station)) = (station(8), station(12 + len)) else { return false };
    match u16::from_be_bytes([o0, o1]) {
        1 if sender == target => put(line, format_args!("Gratuitous ARP for {sender}")),
        1 if sender == Address::v4([0; 4]) => put(line, format_args!("Who has {target}? (probe)")),
        1 => put(line, format_args!("Who has {target}? Tell {sender}")),
        2 => put(line, format_args!("{sender} is at {sender_station}")),
        3 => put(line, format_args!("Who is {target_station}? Tell {sender_station}")),
        4 => put(line, format_args!("{target_station} is at {target}")),
        operation => put(line, format_args!("ARP operation {operation}")),
    }
    true
}

/// An IGMP message: what it is, and about which group.
pub(super) fn igmp(bytes: &[u8], line: &mut String) -> bool {
    let Some(&[kind, _, _, _, g0, g1, g2, g3]) = bytes.first_chunk::<8>() else { return false };
    let group = Address::v4([g0, g1, g2, g3]);
    match kind {
        0x11 if group == Address::v4([0; 4]) => line.push_str("Membership query, general"),
        0x11 => put(line, format_args!("Membership query for {group}")),
        0x12 | 0x16 => put(line, format_args!("Membership report for {group}")),
        0x17 => put(line, format_args!("Leave group {group}")),
        0x22 => put(line, format_args!("Membership report, {} groups", u16::from_be_bytes([g2, g3]))),
        _ => return false,
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arp_packets_say_who_asks_and_who_answers() {
        let packet = |operation: u8, sender: [u8; 4], target: [u8; 4]| {
            let mut bytes = vec![0, 1, 8, 0, 6, 4, 0, operation, 2, 0, 0, 0, 0, 1];
            bytes.extend(sender);
            bytes.extend([2, 0, 0, 0, 0, 2]);
            bytes.extend(target);
            bytes
        };
        let (one, two) = ([10, 0, 0, 1], [10, 0, 0, 2]);
        for (operation, sender, target, expected) in [
            (1, two, one, "Who has 10.0.0.1? Tell 10.0.0.2"),
            (1, one, one, "Gratuitous ARP for 10.0.0.1"),
            (1, [0; 4], one, "Who has 10.0.0.1? (probe)"),
            (2, one, two, "10.0.0.1 is at 02:00:00:00:00:01"),
            (3, two, one, "Who is 02:00:00:00:00:02? Tell 02:00:00:00:00:01"),
            (4, two, one, "02:00:00:00:00:02 is at 10.0.0.1"),
            (9, two, one, "ARP operation 9"),
        ] {
            let bytes = packet(operation, sender, target);
            let mut line = String::new();
            assert!(arp(&bytes, &mut line));
            assert_eq!(line, expected);
            assert!((0..bytes.len()).all(|len| !arp(&bytes[..len], &mut line)));
        }
    }

    #[test]
    fn igmp_messages_name_their_group() {
        for (bytes, expected) in [
            ([0x11, 0, 0, 0, 0, 0, 0, 0], "Membership query, general"),
            ([0x16, 0, 0, 0, 239, 1, 2, 3], "Membership report for 239.1.2.3"),
            ([0x22, 0, 0, 0, 0, 0, 0, 2], "Membership report, 2 groups"),
        ] {
            let mut line = String::new();
            assert!(igmp(&bytes, &mut line));
            assert_eq!(line, expected);
        }
        assert!(!igmp(&[0x99; 8], &mut String::new()));
        assert!(!igmp(&[0x11; 7], &mut String::new()));
    }
}
