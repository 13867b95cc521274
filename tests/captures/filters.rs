//! Frames for every question that a packet filter can ask, on the link types that it knows.

use crate::support::ip::{Ip, Tcp};
use crate::support::link::{self, linktype};
use crate::support::pcap::Pcap;
use crate::support::{Record, records};
use crate::{Case, file, pcap};

const STEP: i64 = 1_000_000;
const ONE: [u8; 6] = [0x02, 0, 0, 0, 0, 0x01];
const TWO: [u8; 6] = [0x02, 0, 0, 0, 0, 0x02];
const GROUP: [u8; 6] = [0x01, 0x80, 0xc2, 0, 0, 0];
const ALL: [u8; 6] = [0xff; 6];

fn hex(digits: &str) -> Vec<u8> {
    let digits: String = digits.split_whitespace().collect();
    digits
        .as_bytes()
        .chunks(2)
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap())
        .collect()
}

fn tcp(source_port: u16, destination_port: u16, flags: u16) -> Vec<u8> {
    let tcp = Tcp { source_port, destination_port, flags, ..Tcp::default() };
    tcp.packet(&Ip::v4(1, 2), b"ping")
}

fn tcp6() -> Vec<u8> {
    let tcp = Tcp { source_port: 40000, destination_port: 80, flags: 0x02, ..Tcp::default() };
    tcp.packet(&Ip::v6(1, 2), b"")
}

fn typed(name: &str, shows: &'static str, kind: u32, frames: Vec<Vec<u8>>) -> Case {
    file(&format!("{name}.pcap"), shows, Pcap::of(kind).write(&records(STEP, frames)))
}

pub fn cases() -> Vec<Case> {
    vec![
        pcap(
            "filter-llc",
            "frames with EtherTypes, LLC and SNAP headers of many protocols",
            records(STEP, llc()),
        ),
        pcap(
            "filter-ip",
            "IPv4 and IPv6 packets of many protocols, with options, extension headers, fragments",
            records(STEP, ip()),
        ),
        pcap("filter-cut", "the same cut short within every header", cut()),
        pcap(
            "filter-tunnels",
            "VLAN tags, MPLS labels, PPPoE sessions, Geneve, and several of them together",
            records(STEP, tunnels()),
        ),
        typed("filter-wlan", "IEEE 802.11 frames of many types", 105, wlan()),
        typed(
            "filter-radiotap",
            "the same behind radiotap headers, some with padding behind the IEEE 802.11 header",
            127,
            wlan().into_iter().zip(0..).map(|(frame, index)| radiotap(index, &frame)).collect(),
        ),
        typed("filter-sll", "Linux cooked frames in and out, with LLC and EtherTypes", linktype::SLL, sll()),
        typed("filter-ppp", "PPP frames of several protocols", 9, ppp()),
        typed("filter-hdlc", "Cisco HDLC frames of several protocols", 104, hdlc()),
        typed("filter-frame-relay", "Frame Relay frames with IP and OSI", 107, frame_relay()),
        typed("filter-fddi", "FDDI frames with LLC and SNAP", 10, ring(&[0x50])),
        typed("filter-token-ring", "Token Ring frames with LLC and SNAP", 6, ring(&[0x10, 0x40])),
        typed("filter-arcnet", "ARCnet frames", 129, arcnet()),
        typed("filter-pflog", "frames in a log of OpenBSD's packet filter", 117, pflog()),
        typed("filter-atm", "ATM frames as Solaris captures them: LLC, LANE, signalling", 123, atm()),
        typed("filter-slip", "SLIP frames in and out", 8, slip()),
        typed(
            "filter-bluetooth",
            "frames of a link type of which only bytes and lengths can be asked",
            201,
            vec![hex("00000000 0102"), hex("00000001 0403")],
        ),
    ]
}

fn llc() -> Vec<Vec<u8>> {
    let typed = |ethertype, payload: &str| link::padded(link::frame(TWO, ONE, ethertype, &hex(payload)));
    let length = |destination, payload: &str| {
        let payload = hex(payload);
        link::padded(link::frame(destination, ONE, payload.len() as u16, &payload))
    };
    let mut frames = vec![
        length(GROUP, "424203 0000 00 00"),
        length(TWO, "f0f003 2c00"),
        length(TWO, "e0e003 ffff 0022"),
        length(TWO, "ffff 0022 0011"),
        length(TWO, "aaaa03 000000 8137 ffff"),
        typed(0x8137, "ffff 0022"),
        typed(0x809b, "0102"),
        length(TWO, "aaaa03 080007 809b 0102"),
        typed(0x80f3, "0102"),
        length(TWO, "aaaa03 000000 80f3 0102"),
        length(TWO, "aaaa03 000000 0800 4500"),
        length(TWO, "060603 4500"),
        typed(0x6001, "00"),
        typed(0x6002, "00"),
        typed(0x6004, "00"),
        typed(0x6007, "00"),
        typed(0x9000, "0000"),
        typed(0x88cc, "0207"),
        typed(0x8863, "1109 0000 0004 0101 0000"),
        // DECnet from 1.2 to 1.3: short and long headers, with and without padding.
        typed(0x6003, "0c00 02 0304 0204 00"),
        typed(0x6003, "0d00 81 02 0304 0204 00"),
        typed(0x6003, "1600 06 0000 aa000400 0304 0000 aa000400 0204 00"),
        typed(0x6003, "1700 81 06 0000 aa000400 0304 0000 aa000400 0204 00"),
        // RARP and ARP between 10.0.0.1 and 10.0.0.2.
        typed(0x8035, "0001 0800 06 04 0003 020000000001 0a000001 020000000001 0a000002"),
        link::padded(link::frame(
            ALL,
            ONE,
            0x0806,
            &hex("0001 0800 06 04 0001 020000000001 0a000001 000000000000 0a000002"),
        )),
    ];
    for control in ["00", "02", "01", "05", "09", "03", "63", "43", "0f", "6f", "e3", "af", "87"] {
        frames.push(length(TWO, &format!("0404 {control} 00")));
    }
    for protocol in ["81", "82"] {
        frames.push(length(TWO, &format!("fefe03 {protocol} 1501")));
    }
    for pdu in [15u8, 16, 17, 18, 20, 24, 25, 26, 27] {
        frames.push(length(GROUP, &format!("fefe03 83 1b01 00 {pdu:02x} 0100")));
    }
    frames
}

fn ip() -> Vec<Vec<u8>> {
    let ip = Ip::v4(1, 2);
    let mut frames: Vec<Vec<u8>> = [2u8, 9, 47, 50, 51, 88, 89, 103, 112]
        .iter()
        .map(|protocol| link::ethernet(&ip.packet(*protocol, &hex("21010203 04050607 08090a0b 0c0d0e0f"))))
        .collect();
    let broadcast = |to: [u8; 4]| {
        let mut frame = link::ethernet(&ip.udp(68, 67, b"hello"));
        frame[30..34].copy_from_slice(&to);
        frame[..6].copy_from_slice(&ALL);
        frame
    };
    frames.extend([
        link::ethernet(&tcp(40000, 80, 0x02)),
        link::ethernet_back(&tcp(80, 40000, 0x12)),
        link::ethernet(&tcp(40000, 21, 0x11)),
        link::ethernet(&tcp(123, 123, 0x04)),
        link::ethernet(&tcp(6001, 90, 0x18)),
        link::ethernet(&ip.udp(53, 5353, &hex("1234 8180 0001 0000 0000 0000"))),
        link::ethernet(&ip.udp(40000, 53, &hex("1234 0100 0001 0000 0000 0000"))),
        link::ethernet(&ip.packet(132, &hex("0b59 0b59 00000001 00000000 01000004"))),
        link::ethernet(&ip.icmp(8, 0, 1, b"ping")),
        link::ethernet(&ip.icmp(0, 0, 1, b"ping")),
        link::ethernet(&ip.icmp(3, 3, 0, &tcp(40000, 80, 0x02))),
        link::ethernet(&ip.ttl(1).packet(17, b"cut")),
        link::ethernet(&ip.with_options(
            6,
            &hex("94040000"),
            &Tcp { source_port: 80, destination_port: 9, ..Tcp::default() }.segment(&ip, b""),
        )),
        broadcast([255; 4]),
        broadcast([0; 4]),
        broadcast([224, 0, 0, 251]),
        // AH, and TCP behind it; IPv6 in IPv4.
        link::ethernet(&ip.packet(
            51,
            &[hex("06040000 00000001 00000001 00000000 00000000 00000000"), tcp(1, 2, 2)].concat(),
        )),
        link::ethernet(&ip.packet(41, &tcp6())),
    ]);
    frames.extend(
        ip.id(7)
            .fragments(17, &ip.udp_datagram(53, 53, &[7; 60]), 24)
            .iter()
            .map(|packet| link::ethernet(packet)),
    );
    let six = Ip::v6(1, 2);
    frames.extend([
        link::ethernet(&tcp6()),
        link::ethernet(&six.udp(40000, 53, b"hello")),
        link::ethernet(&six.icmp(128, 0, 1, b"ping")),
        link::ethernet(&six.icmp(135, 0, 0, &[0; 16])),
        link::ethernet(&six.packet(132, &hex("0b59 0b59 00000001 00000000"))),
        link::ethernet(&six.packet(103, &hex("20000000"))),
        link::ethernet(&six.packet(59, b"")),
        // Hop-by-hop options, then routing, then destination options, then TCP.
        link::ethernet(
            &six.packet(
                0,
                &[hex("2b00 0104 00000000 3c00 0000 00000000 0600 0104 00000000"), vec![0, 80, 0, 9, 0, 0]]
                    .concat(),
            ),
        ),
        link::ethernet(
            &six.packet(
                51,
                &hex("1104 0000 00000001 00000001 00000000 00000000 00000000 0035 0035 0008 0000"),
            ),
        ),
    ]);
    frames.extend(
        six.id(7)
            .fragments(17, &six.udp_datagram(53, 53, &[7; 60]), 24)
            .iter()
            .map(|packet| link::ethernet(packet)),
    );
    let mut multicast = link::ethernet(&six.udp(5353, 5353, b"x"));
    multicast[38] = 0xff;
    multicast[..2].copy_from_slice(&[0x33, 0x33]);
    frames.push(multicast);
    frames
}

fn cut() -> Vec<Record> {
    let whole: Vec<Record> = records(STEP, [ip(), llc()].concat());
    whole
        .into_iter()
        .zip([8, 13, 14, 15, 20, 23, 24, 30, 34, 36, 38, 47, 48, 54, 56, 62].into_iter().cycle())
        .map(|(record, snaplen)| record.cut(snaplen))
        .collect()
}

fn tunnels() -> Vec<Vec<u8>> {
    let packets =
        [tcp(40000, 80, 2), Ip::v4(1, 2).udp(1, 53, b"x"), Ip::v4(1, 2).icmp(8, 0, 1, b"x"), tcp6()];
    let mut frames = Vec::new();
    for packet in &packets {
        let inner = link::ethernet(packet);
        let outer = Ip::v4(101, 102);
        let tag = |tag: &str, frame: &[u8]| [&frame[..12], &hex(tag), &frame[12..]].concat();
        frames.extend([
            link::vlan(&[10], packet),
            link::vlan(&[20], packet),
            link::vlan(&[10, 20], packet),
            link::vlan(&[1, 2, 3], packet),
            tag("9100 0064", &link::vlan(&[10], packet)),
            link::mpls(&[18], packet),
            link::mpls(&[18, 1024], packet),
            link::mpls(&[1024, 18, 16], packet),
            tag("8100 000a", &link::mpls(&[18], packet)),
            link::pppoe(packet),
            tag("8100 000a", &link::pppoe(packet)),
            link::ethernet(&link::geneve(&outer, 10, &inner)),
            link::ethernet(&link::geneve(&outer, 11, &link::vlan(&[10], packet))),
            link::ethernet(&link::geneve(&Ip::v6(101, 102), 10, &inner)),
            link::vlan(&[10], &link::geneve(&outer, 10, &inner)),
            inner,
        ]);
    }
    // Geneve with options, and with a packet instead of a frame inside.
    let direct = [hex("0140 0800 00000a00 0102 8000"), tcp(40000, 80, 2)].concat();
    frames.push(link::ethernet(&Ip::v4(101, 102).udp(5000, 6081, &direct)));
    frames.push(link::vlan(&[10], &Ip::v4(1, 2).packet(6, b"")));
    frames.push(link::frame(ALL, ONE, 0x8100, &[hex("000a 0806"), link::arp()[14..].to_vec()].concat()));
    frames
}

fn wlan() -> Vec<Vec<u8>> {
    let (one, two, base, far) = ("020000000001", "020000000002", "0200000000aa", "0200000000bb");
    let all = "ffffffffffff";
    let management = |control: &str| hex(&format!("{control} 00 0000 {all} {one} {base} 1000 0000"));
    let snap = |packet: &[u8]| {
        let kind = if packet[0] >> 4 == 6 { "86dd" } else { "0800" };
        [hex(&format!("aaaa03 000000 {kind}")), packet.to_vec()].concat()
    };
    let data = |head: String, packet: &[u8]| [hex(&head), snap(packet)].concat();
    let mut frames: Vec<_> =
        ["00", "10", "40", "50", "80", "90", "a0", "b0", "c0"].into_iter().map(management).collect();
    frames.extend([
        hex(&format!("d4 00 0000 {one}")),
        hex(&format!("c4 00 0000 {one}")),
        hex(&format!("b4 00 0000 {two} {one}")),
        hex(&format!("a4 00 0000 {base} {one}")),
        hex(&format!("e4 00 0000 {all} {base}")),
        // To the distribution system, from it, within a cell, and between access points.
        data(format!("08 01 0000 {base} {one} {two} 1000"), &tcp(40000, 80, 2)),
        data(format!("08 02 0000 {one} {base} {two} 1000"), &tcp(80, 40000, 0x12)),
        data(format!("08 00 0000 {two} {one} {base} 1000"), &tcp6()),
        data(format!("08 03 0000 {base} {far} {two} 1000 {one}"), &tcp(40000, 80, 2)),
        data(format!("88 01 0000 {base} {one} {two} 1000 0000"), &Ip::v4(1, 2).udp(1, 53, b"x")),
        data(format!("88 02 0000 {all} {base} {two} 1000 0000"), &Ip::v4(1, 2).icmp(8, 0, 1, b"x")),
        hex(&format!("48 01 0000 {base} {one} {two} 1000")),
        hex(&format!("c8 01 0000 {base} {one} {two} 1000 0000")),
        [hex(&format!("08 02 0000 {all} {base} {one} 1000 aaaa03 000000 0806")), link::arp()[14..].to_vec()]
            .concat(),
        hex(&format!("08 02 0000 {all} {base} {one} 1000 424203 0000")),
        hex("80"),
        hex("08 01"),
    ]);
    frames
}

/// A radiotap header: without fields, with flags, with time and flags, padding announced in every second.
fn radiotap(index: usize, frame: &[u8]) -> Vec<u8> {
    let padding = if index % 2 == 1 { "20" } else { "00" };
    let header = match index % 3 {
        0 => hex("0000 0800 00000000"),
        1 => hex(&format!("0000 0a00 02000000 {padding} 00")),
        _ => hex(&format!("0000 1200 03000000 0000000000000000 {padding} 00")),
    };
    let header_len = match frame.first() {
        Some(control) if control & 0x0c == 8 => {
            if control & 0x80 != 0 {
                26
            } else {
                24
            }
        }
        _ => frame.len(),
    };
    let (head, body) = frame.split_at(header_len.min(frame.len()));
    let pad = if !index.is_multiple_of(3) && index % 2 == 1 && head.len() == 26 { &[0; 2][..] } else { &[] };
    [&header, head, pad, body].concat()
}

fn sll() -> Vec<Vec<u8>> {
    let mut frames = vec![
        link::sll(0, &tcp(40000, 80, 2)),
        link::sll(4, &tcp(80, 40000, 0x12)),
        link::sll(1, &Ip::v4(1, 2).udp(68, 67, b"x")),
        link::sll(4, &tcp6()),
    ];
    let typed =
        |kind: &str, payload: &str| hex(&format!("0000 0001 0006 020000000001 0000 {kind} {payload}"));
    frames.extend([
        typed("0004", "424203 0000"),
        typed("0004", "fefe03 83 1b01 00 0f 0100"),
        typed("0004", "e0e003 ffff"),
        typed("0004", "aaaa03 080007 809b"),
        typed("0004", "f0f003 2c00"),
        typed("0001", "ffff 0022"),
        typed("8137", "ffff"),
        typed("0806", "0001 0800 06 04 0001 020000000001 0a000001 000000000000 0a000002"),
        typed("8100", "0064 0800 4500"),
    ]);
    frames
}

fn ppp() -> Vec<Vec<u8>> {
    let with = |protocol: &str, packet: &[u8]| [hex(&format!("ff03 {protocol}")), packet.to_vec()].concat();
    vec![
        with("0021", &tcp(40000, 80, 2)),
        with("0057", &tcp6()),
        with("0281", &[hex("0001 2140"), tcp(40000, 80, 2)].concat()),
        with("0027", &hex("0c00 02 0304 0204 00")),
        with("0029", b"x"),
        with("002b", b"x"),
        with("0023", &hex("83 1b01")),
        with("0031", b"x"),
        with("c021", &hex("01010004")),
    ]
}

fn hdlc() -> Vec<Vec<u8>> {
    let with = |protocol: &str, packet: &[u8]| [hex(&format!("0f00 {protocol}")), packet.to_vec()].concat();
    vec![
        with("0800", &tcp(40000, 80, 2)),
        with("86dd", &tcp6()),
        with("8847", &[hex("0001 2140"), tcp(40000, 80, 2)].concat()),
        with("fefe", &hex("03 83 1b01 00 0f 0100")),
        with("fefe", &hex("03 82 1501")),
        with("8035", &hex("00000002")),
    ]
}

fn frame_relay() -> Vec<Vec<u8>> {
    let with =
        |protocol: &str, packet: &[u8]| [hex(&format!("1841 03 {protocol}")), packet.to_vec()].concat();
    vec![
        with("cc", &tcp(40000, 80, 2)),
        with("8e", &tcp6()),
        with("81", b"x"),
        with("82", b"x"),
        with("83", &hex("1b01 00 0f")),
        with("80", &hex("000000 0800")),
    ]
}

/// FDDI and Token Ring: what stands before the addresses, then addresses, LLC, and mostly SNAP.
fn ring(first: &[u8]) -> Vec<Vec<u8>> {
    let frame = |destination: [u8; 6], body: &[u8]| [first, &destination, &ONE, body].concat();
    let snap = |kind: &str, packet: &[u8]| [hex(&format!("aaaa03 000000 {kind}")), packet.to_vec()].concat();
    vec![
        frame(TWO, &snap("0800", &tcp(40000, 80, 2))),
        frame(TWO, &snap("86dd", &tcp6())),
        frame(ALL, &snap("0806", &link::arp()[14..])),
        frame(GROUP, &hex("424203 0000")),
        frame(TWO, &hex("fefe03 83 1b01 00 0f 0100")),
        frame(TWO, &hex("e0e003 ffff")),
        frame(TWO, &hex("aaaa03 080007 809b")),
        frame(TWO, &hex("f0f003 2c00")),
        frame(TWO, &hex("0404 01 00")),
    ]
}

fn arcnet() -> Vec<Vec<u8>> {
    let with = |to: &str, kind: &str, packet: &[u8]| {
        [hex(&format!("1a {to} 0000 {kind} 000001")), packet.to_vec()].concat()
    };
    vec![
        with("1b", "d4", &tcp(40000, 80, 2)),
        with("1b", "f0", &tcp(40000, 80, 2)),
        with("00", "d5", &hex("0007 0800 01 04 0001")),
        with("1c", "c4", &tcp6()),
        with("1b", "dd", b"x"),
    ]
}

fn pflog() -> Vec<Vec<u8>> {
    let log = |family: &str, action: &str, reason: &str, rule: &str, way: &str, packet: &[u8]| {
        let mut header = hex(&format!("3d {family} {action} {reason}"));
        header.extend(b"em0\0\0\0\0\0\0\0\0\0\0\0\0\0");
        header.extend(b"anchor\0\0\0\0\0\0\0\0\0\0");
        header
            .extend(hex(&format!("000000{rule} 00000002 00000000 00000000 00000000 00000000 {way} 000000")));
        header.extend(packet);
        header
    };
    vec![
        log("02", "00", "00", "01", "01", &tcp(40000, 80, 2)),
        log("02", "01", "00", "05", "02", &tcp(80, 40000, 0x12)),
        log("0a", "01", "03", "05", "01", &tcp6()),
        log("02", "02", "04", "09", "01", &Ip::v4(1, 2).icmp(8, 0, 1, b"x")),
    ]
}

fn atm() -> Vec<Vec<u8>> {
    let with = |head: &str, body: &[u8]| [hex(head), body.to_vec()].concat();
    let lane = |head: &str, frame: &[u8]| with("01 01 0028", &[hex(head), frame.to_vec()].concat());
    vec![
        with("02 00 0064", &[hex("aaaa03 000000 0800"), tcp(40000, 80, 2)].concat()),
        with("82 00 0065", &[hex("aaaa03 000000 0806"), link::arp()[14..].to_vec()].concat()),
        lane("0001", &link::ethernet(&tcp(40000, 80, 2))),
        lane("0001", &link::ethernet(&tcp6())),
        lane("ff00", &hex("0101 0001")),
        with("06 00 0001", &hex("09 03 000001 05 00")),
        with("06 00 0005", &hex("09 03 000001 05 00")),
        with("06 00 0005", &hex("09 03 000001 4d 00")),
        with("06 00 0005", &hex("09 03 000001 0f 00")),
        with("06 00 0002", b"xxxxxxxx"),
        with("06 00 0003", b"xxxxxxxx"),
        with("06 00 0004", b"xxxxxxxx"),
        with("05 00 0010", b"xxxxxxxx"),
        with("05 01 0010", b"xxxxxxxx"),
    ]
}

fn slip() -> Vec<Vec<u8>> {
    let with = |way: u8, packet: &[u8]| [&[way], &[0; 15][..], packet].concat();
    vec![with(0, &tcp(40000, 80, 2)), with(1, &tcp(80, 40000, 0x12)), with(0, &tcp6())]
}
