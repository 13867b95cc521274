//! Every kind of file, with the same short conversation inside.

use crate::links::short;
use crate::support::link::linktype;
use crate::support::packed::{gzip, lz4, zstd};
use crate::support::pcap::Pcap;
use crate::support::pcapng::{Interface, Pcapng};
use crate::support::{pcap, snoop};
use crate::{Case, file, in_between};

pub fn cases() -> Vec<Case> {
    let records = short(in_between());
    let finer: Vec<_> = records
        .iter()
        .cloned()
        .map(|mut record| {
            record.at += 123;
            record
        })
        .collect();
    let plain = pcap::ethernet(&records);
    let ethernet = || Interface::of(linktype::ETHERNET);
    let (first, second) = records.split_at(5);
    vec![
        file(
            "pcap-big-endian.pcap",
            "classic pcap, big-endian",
            Pcap { big_endian: true, ..Pcap::default() }.write(&records),
        ),
        file(
            "pcap-nanoseconds.pcap",
            "classic pcap, nanoseconds",
            Pcap { nanos: true, ..Pcap::default() }.write(&finer),
        ),
        file(
            "pcap-big-endian-nanoseconds.pcap",
            "classic pcap, big-endian, nanoseconds",
            Pcap { big_endian: true, nanos: true, ..Pcap::default() }.write(&finer),
        ),
        file(
            "pcapng.pcapng",
            "pcapng, one section, one interface",
            Pcapng::new(false).interface(ethernet()).packets(0, &records).bytes,
        ),
        file(
            "pcapng-big-endian-offset.pcapng",
            "pcapng, big-endian, with a time offset (if_tsoffset) and nanoseconds",
            Pcapng::new(true)
                .interface(Interface { tsresol: Some(9), tsoffset: Some(1_767_225_000), ..ethernet() })
                .packets(0, &finer)
                .bytes,
        ),
        file(
            "pcapng-tsresol-2-20.pcapng",
            "pcapng whose clock ticks 2^20 times a second",
            Pcapng::new(false)
                .interface(Interface { tsresol: Some(0x80 | 20), ..ethernet() })
                .packets(0, &records)
                .bytes,
        ),
        file(
            "pcapng-sections.pcapng",
            "two sections, of both byte orders; interface numbers begin again",
            Pcapng::new(false)
                .interface(ethernet())
                .packets(0, first)
                .section(true, &[])
                .interface(Interface { tsresol: Some(9), ..ethernet() })
                .packets(0, second)
                .bytes,
        ),
        file("pcapng-interfaces.pcapng", "three interfaces with their own link types and clocks", {
            let raw = |record: &crate::Record| crate::Record::new(record.at, record.data[14..].to_vec());
            let interfaces = Pcapng::new(false)
                .interface(Interface { name: Some("eth0"), ..ethernet() })
                .interface(Interface { name: Some("tun0"), tsresol: Some(9), ..Interface::of(linktype::RAW) })
                .interface(Interface { name: Some("lo"), tsresol: Some(3), ..Interface::of(linktype::IPV4) });
            records
                .iter()
                .enumerate()
                .fold(interfaces, |file, (place, record)| match place % 3 {
                    0 => file.packet(0, record),
                    1 => file.packet(1, &raw(record)),
                    _ => file.packet(2, &raw(record)),
                })
                .bytes
        }),
        file(
            "pcapng-simple.pcapng",
            "Simple Packet Blocks: no times",
            records
                .iter()
                .fold(Pcapng::new(false).interface(ethernet()), |file, record| file.simple(record))
                .bytes,
        ),
        file(
            "pcapng-simple-snaplen.pcapng",
            "Simple Packet Blocks cut by the interface's snap length of 60",
            {
                let file = Pcapng::new(false).interface(Interface { snaplen: 60, ..ethernet() });
                records.iter().cloned().fold(file, |file, record| file.simple(&record.cut(60))).bytes
            },
        ),
        file("snoop.snoop", "snoop, version 2", snoop::write(4, &records)),
        file("gzip.pcap.gz", "a pcap in gzip", gzip(&plain)),
        file("zstd.pcap.zst", "a pcap in zstd", zstd(&plain)),
        file("lz4.pcap.lz4", "a pcap in lz4", lz4(&plain)),
        file("empty.pcap", "a pcap without packets", pcap::ethernet(&[])),
        file("empty.pcapng", "a pcapng without packets", Pcapng::new(false).interface(ethernet()).bytes),
        file("one-packet.pcap", "a pcap of one packet", pcap::ethernet(&records[..1])),
    ]
}
