//! Files and packets that are not what they claim.

use crate::links::short;
use crate::support::ip::{Ip, TCP, Tcp, UDP};
use crate::support::link::linktype;
use crate::support::pcapng::{Interface, Pcapng, option};
use crate::support::{EPOCH, Record, link, pcap, records};
use crate::{Case, file, in_between};

pub fn cases() -> Vec<Case> {
    let mut cases = files();
    cases.extend(packets());
    cases
}

fn files() -> Vec<Case> {
    let records = short(in_between());
    let plain = pcap::ethernet(&records);
    let ethernet = || Interface::of(linktype::ETHERNET);
    let pcapng = Pcapng::new(false).interface(ethernet()).packets(0, &records[..4]);
    let with = |at: usize, field: u32| {
        let mut bytes = plain.clone();
        bytes[at..at + 4].copy_from_slice(&field.to_le_bytes());
        bytes
    };
    // The second record's header.
    let second = 24 + 16 + records[0].data.len();
    vec![
        file(
            "cut-in-record.pcap",
            "ends in the middle of the last record",
            plain[..plain.len() - 20].to_vec(),
        ),
        file(
            "cut-in-record-header.pcap",
            "ends in the middle of the second record's header",
            plain[..second + 7].to_vec(),
        ),
        file("cut-in-file-header.pcap", "ends in the middle of the file header", plain[..13].to_vec()),
        file("nothing.pcap", "a file of no bytes", Vec::new()),
        file("not-a-capture.pcap", "a text", b"This is no capture, though its name says so.\n".to_vec()),
        file("record-too-long.pcap", "the second record claims 256 MiB", with(second + 8, 1 << 28)),
        file(
            "record-beyond-end.pcap",
            "the second record claims more bytes than the file has left",
            with(second + 8, 60_000),
        ),
        file(
            "record-longer-than-original.pcap",
            "a record longer than the packet was (seen in sound captures)",
            with(second + 12, 30),
        ),
        file(
            "record-beyond-second.pcap",
            "a fraction of 1.5 s in a record (seen in sound captures)",
            with(second + 4, 1_500_000),
        ),
        file("gzip-cut.pcap.gz", "gzip that ends in the middle of its block", {
            let mut bytes = b"\x1f\x8b\x08\0\0\0\0\0\0\xff\x01".to_vec();
            bytes.extend((plain.len() as u16).to_le_bytes());
            bytes.extend((!(plain.len() as u16)).to_le_bytes());
            bytes.extend(&plain[..plain.len() / 2]);
            bytes
        }),
        file(
            "pcapng-cut.pcapng",
            "ends in the middle of a block",
            pcapng.bytes[..pcapng.bytes.len() - 9].to_vec(),
        ),
        file("pcapng-lengths-differ.pcapng", "the length behind a block is not that before it", {
            let mut bytes = pcapng.clone().packets(0, &records[4..]).bytes;
            let end = pcapng.bytes.len();
            bytes[end - 4] ^= 0x40;
            bytes
        }),
        file(
            "pcapng-unknown-interface.pcapng",
            "a packet of interface 7, of which there is none",
            pcapng.clone().packet(7, &records[4]).packets(0, &records[5..]).bytes,
        ),
        file("pcapng-section-in-block.pcapng", "a section header in the middle of a packet block", {
            let cut = pcapng.bytes.len() - 40;
            Pcapng::new(false)
                .raw(&pcapng.bytes[28..cut])
                .section(false, &[])
                .interface(ethernet())
                .packets(0, &records[4..])
                .bytes
        }),
        file(
            "pcapng-tsresol-2-127.pcapng",
            "an interface whose clock ticks 2^127 times a second",
            Pcapng::new(false)
                .interface(Interface { options: vec![(option::IF_TSRESOL, vec![0xff])], ..ethernet() })
                .packets(0, &records)
                .bytes,
        ),
        file("pcapng-block-of-4-gib.pcapng", "a block that claims 4 GiB less 4", {
            let mut bytes = pcapng.bytes.clone();
            bytes.extend(6u32.to_le_bytes());
            bytes.extend(0xffff_fffcu32.to_le_bytes());
            bytes.extend([0; 64]);
            bytes
        }),
        file(
            "pcapng-no-interface.pcapng",
            "a Simple Packet Block before any interface",
            Pcapng::new(false).simple(&records[0]).interface(ethernet()).packets(0, &records[1..]).bytes,
        ),
    ]
}

fn packets() -> Vec<Case> {
    let ip = Ip::v4(1, 2);
    let tcp = Tcp { source_port: 40000, destination_port: 80, flags: 0x10, ..Tcp::default() };
    let bad = |change: fn(&mut Vec<u8>)| {
        let mut packet = tcp.packet(&ip, b"payload");
        change(&mut packet);
        link::frame(link::SERVER_MAC, link::CLIENT_MAC, 0x0800, &packet)
    };
    let headers = vec![
        bad(|packet| packet[0] = 0x43),
        bad(|packet| packet[0] = 0x4f),
        bad(|packet| packet[0] = 0x95),
        bad(|packet| packet[2..4].copy_from_slice(&19u16.to_be_bytes())),
        bad(|packet| packet[2..4].copy_from_slice(&60_000u16.to_be_bytes())),
        bad(|packet| packet[32] = 0x40),
        bad(|packet| packet[32] = 0xf0),
        bad(|packet| packet.truncate(30)),
        link::ethernet(&ip.packet(UDP, &[0, 1, 0])),
        link::ethernet(&Ip::v6(1, 2).packet(TCP, &[])),
        link::frame(link::SERVER_MAC, link::CLIENT_MAC, 0x86dd, &[0x60; 12]),
        vec![0; 9],
        Vec::new(),
    ];
    let vlans: Vec<u16> = (1..=60).collect();
    let inner = ip.udp(5000, 4001, b"deep");
    vec![
        crate::pcap(
            "headers-malformed",
            "one wrong length or version field in each frame",
            records(1_000_000, headers),
        ),
        crate::pcap(
            "vlans-too-many",
            "sixty VLAN tags before a packet",
            records(0, [link::vlan(&vlans, &inner)]),
        ),
        crate::pcap("extensions-too-many", "an IPv6 packet of two hundred destination headers", {
            let mut body = Vec::new();
            for place in 0..200 {
                body.extend([if place == 199 { UDP } else { 60 }, 0, 1, 4, 0, 0, 0, 0]);
            }
            body.extend(Ip::v6(1, 2).udp_datagram(5000, 4001, b"deep"));
            records(0, [link::ethernet(&Ip::v6(1, 2).packet(60, &body))])
        }),
        crate::pcap(
            "fragment-beyond-64k",
            "a fragment that ends beyond the largest datagram (ping of death)",
            {
                let mut last = ip.id(5).fragment(UDP, &[0; 1000], 0, 1000);
                last[6..8].copy_from_slice(&0x1fffu16.to_be_bytes());
                vec![Record::new(EPOCH, link::ethernet(&last))]
            },
        ),
        crate::pcap("snaplen-zero", "records of which no byte was captured", {
            short(in_between()).into_iter().map(|record| record.cut(0)).collect()
        }),
    ]
}
