//! What a pcapng file says beside its packets.

use crate::links::short;
use crate::support::EPOCH;
use crate::support::link::linktype;
use crate::support::pcapng::{Interface, Pcapng, option};
use crate::{Case, file, in_between};

pub fn cases() -> Vec<Case> {
    let records = short(in_between());
    let last = records.last().map_or(EPOCH, |record| record.at);
    let interface = Interface {
        snaplen: 262_144,
        tsresol: Some(9),
        name: Some("eth0"),
        options: vec![
            (option::IF_DESCRIPTION, b"uplink".to_vec()),
            (option::IF_SPEED, 1_000_000_000u64.to_le_bytes().to_vec()),
            (option::IF_FILTER, b"\0tcp port 80".to_vec()),
            (option::IF_OS, b"Linux 6.1".to_vec()),
        ],
        ..Interface::of(linktype::ETHERNET)
    };
    let section: [(u16, &[u8]); 4] = [
        (option::COMMENT, b"taken while the shop was slow"),
        (option::SHB_HARDWARE, b"a server"),
        (option::SHB_OS, b"Linux 6.1"),
        (option::SHB_USER_APPLICATION, b"dumpcap"),
    ];
    vec![
        file(
            "pcapng-metadata.pcapng",
            "comments, hardware, names, filter, and an interface that dropped 7 of 17 packets",
            Pcapng::default()
                .section(false, &section)
                .interface(interface.clone())
                .names(&[([10, 0, 0, 1], "client.example"), ([10, 0, 0, 2], "server.example")])
                .packet_with(0, &records[0], &[(option::COMMENT, b"here it begins")])
                .packets(0, &records[1..])
                .statistics(0, last, 17, 7)
                .bytes,
        ),
        file(
            "pcapng-drop-counts.pcapng",
            "packets that say how many were lost before them (epb_dropcount)",
            Pcapng::new(false)
                .interface(interface)
                .packets(0, &records[..4])
                .packet_with(0, &records[4], &[(option::EPB_DROP_COUNT, &3u64.to_le_bytes())])
                .packets(0, &records[5..])
                .bytes,
        ),
        file(
            "pcapng-unknown-blocks.pcapng",
            "blocks of unknown types, custom blocks and secrets between the packets",
            Pcapng::new(false)
                .block(0x0bad_cafe, b"a block of another program")
                .interface(Interface::of(linktype::ETHERNET))
                .packets(0, &records[..4])
                .block(0x0bad, b"\x01\0\0\0a custom block")
                .block(10, b"KSLT\x04\0\0\0none")
                .packets(0, &records[4..])
                .bytes,
        ),
    ]
}
