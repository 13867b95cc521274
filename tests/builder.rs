//! The builder of captures itself, checked by an independent decoder.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod support;

use etherparse::{NetSlice, SlicedPacket, TransportSlice};
use support::conversation::{Conversation, Setup, Side, filling};
use support::ip::{Ip, Options, Tcp};
use support::{EPOCH, link, pcap, pcapng, records, script, snoop};

#[test]
fn checksums_are_right() {
    for ip in [Ip::v4(1, 2), Ip::v6(1, 2)] {
        for payload in [b"".as_slice(), b"odd", b"even"] {
            let tcp = Tcp { source_port: 1, destination_port: 2, flags: 0x10, ..Tcp::default() };
            check(&link::ethernet(&tcp.packet(&ip, payload)), payload);
            check(&link::vlan(&[5, 6], &ip.udp(7, 8, payload)), payload);
            check(
                &link::ethernet(&ip.icmp(if ip.source.is_ipv4() { 8 } else { 128 }, 0, 1, payload)),
                payload,
            );
        }
    }
}

fn check(frame: &[u8], payload: &[u8]) {
    let packet = SlicedPacket::from_ethernet(frame).unwrap();
    let addresses = match packet.net.as_ref().unwrap() {
        NetSlice::Ipv4(ip) => {
            assert_eq!(ip.header().header_checksum(), ip.header().to_header().calc_header_checksum());
            (Some((ip.header().source(), ip.header().destination())), None)
        }
        NetSlice::Ipv6(ip) => (None, Some((ip.header().source(), ip.header().destination()))),
        other => panic!("{other:?}"),
    };
    let (carried, right, written) = match (packet.transport.unwrap(), addresses) {
        (TransportSlice::Tcp(tcp), (Some((from, to)), _)) => {
            (tcp.payload().to_vec(), tcp.calc_checksum_ipv4(from, to).unwrap(), tcp.checksum())
        }
        (TransportSlice::Tcp(tcp), (_, Some((from, to)))) => {
            (tcp.payload().to_vec(), tcp.calc_checksum_ipv6(from, to).unwrap(), tcp.checksum())
        }
        (TransportSlice::Udp(udp), (Some((from, to)), _)) => {
            let header = udp.to_header();
            (
                udp.payload().to_vec(),
                header.calc_checksum_ipv4_raw(from, to, udp.payload()).unwrap(),
                udp.checksum(),
            )
        }
        (TransportSlice::Udp(udp), (_, Some((from, to)))) => {
            let header = udp.to_header();
            (
                udp.payload().to_vec(),
                header.calc_checksum_ipv6_raw(from, to, udp.payload()).unwrap(),
                udp.checksum(),
            )
        }
        (TransportSlice::Icmpv4(icmp), _) => {
            (icmp.payload().to_vec(), icmp.icmp_type().calc_checksum(icmp.payload()), icmp.checksum())
        }
        (TransportSlice::Icmpv6(icmp), (_, Some((from, to)))) => {
            let right = icmp.icmp_type().calc_checksum(from, to, icmp.payload()).unwrap();
            (icmp.payload().to_vec(), right, icmp.checksum())
        }
        (other, _) => panic!("{other:?}"),
    };
    assert_eq!(carried, payload);
    assert_eq!(written, right);
}

#[test]
fn a_script_becomes_the_segments_it_names() {
    let records = script::capture(
        r#"
        0.000 >  S 0
        0.020 <  S 0 ack 1
        0.020 >  ack 1            # done
        0.030 >  1:11(10) ack 1
        0.031 >! 11:21(10) ack 1
        0.032 >x P "a \"b\"\r\n\x1b" ack 1 wnd 7 id 77 ttl 9
        0.033 >  copy ttl 8
        0.052 <  ack 11 sack 21:29
        0.060 <  R
    "#,
    );
    let segments: Vec<_> = records.iter().map(|record| segment(&record.data)).collect();
    let at: Vec<_> = records.iter().map(|record| (record.at - EPOCH) / 1_000_000).collect();
    assert_eq!(at, [0, 20, 20, 30, 32, 33, 52, 60]);
    assert_eq!((segments[0].seq, segments[1].ack, segments[2].seq), (1_000_000, 1_000_001, 1_000_001));
    assert_eq!(segments[3].payload, filling(Side::Client, 1, 10));
    assert_eq!(segments[4].payload, b"a \"b\"\r\n\x1b");
    assert_eq!((segments[4].seq, segments[4].window, segments[4].id, segments[4].ttl), (1_000_021, 7, 77, 9));
    assert_eq!(segments[5], Segment { ttl: 8, ..segments[4].clone() });
    let sack = Options::default().timestamps(900_042, 100_030).sack(&[(1_000_021, 1_000_029)]);
    assert_eq!((segments[6].ack, &segments[6].options), (1_000_011, &sack.0));
    assert_eq!((segments[7].flags, segments[7].ack), (0x04, 0));
}

#[test]
fn a_conversation_carries_all_that_was_said() {
    let mut conversation = Conversation::new(Setup { rtt_to_client: 4_000_000, ..Setup::default() });
    let answer = filling(Side::Server, 1, 40_000);
    conversation.open().say(Side::Client, b"question").say(Side::Server, &answer).close(Side::Server);
    let mut said = Vec::new();
    let mut last = 0;
    for record in &conversation.records {
        let segment = segment(&record.data);
        assert!(record.at >= last, "time goes back");
        last = record.at;
        if segment.source_port == 80 && !segment.payload.is_empty() {
            assert_eq!(segment.seq, 2_000_001 + said.len() as u32);
            said.extend(segment.payload);
        }
    }
    assert_eq!(said, answer);
}

#[derive(Clone, Debug, PartialEq)]
struct Segment {
    id: u16,
    ttl: u8,
    source_port: u16,
    seq: u32,
    ack: u32,
    flags: u8,
    window: u16,
    options: Vec<u8>,
    payload: Vec<u8>,
}

fn segment(frame: &[u8]) -> Segment {
    let packet = SlicedPacket::from_ethernet(frame).unwrap();
    let (Some(NetSlice::Ipv4(ip)), Some(TransportSlice::Tcp(tcp))) = (packet.net, packet.transport) else {
        panic!("not TCP over IPv4");
    };
    Segment {
        id: ip.header().identification(),
        ttl: ip.header().ttl(),
        source_port: tcp.source_port(),
        seq: tcp.sequence_number(),
        ack: tcp.acknowledgment_number(),
        flags: tcp.slice()[13] & !0x10,
        window: tcp.window_size(),
        options: tcp.options().to_vec(),
        payload: tcp.payload().to_vec(),
    }
}

#[test]
fn files_are_laid_out_as_their_specifications_say() {
    let record = records(0, [b"abcde".to_vec()]);
    let classic = pcap::Pcap { big_endian: true, nanos: true, ..pcap::Pcap::default() }.write(&record);
    assert_eq!(classic[..8], [0xa1, 0xb2, 0x3c, 0x4d, 0, 2, 0, 4]);
    assert_eq!(classic[24..], *b"\x69\x55\xb9\x00\0\0\0\0\0\0\0\x05\0\0\0\x05abcde");
    assert_eq!(
        snoop::write(4, &record)[16..],
        *b"\0\0\0\x05\0\0\0\x05\0\0\0\x20\0\0\0\0\x69\x55\xb9\0\0\0\0\0abcde\0\0\0"
    );

    let interface =
        pcapng::Interface { tsresol: Some(0x83), tsoffset: Some(1_767_225_599), ..Default::default() };
    assert_eq!(interface.ticks(EPOCH + 500_000_000), 12);
    let file = pcapng::Pcapng::new(true).interface(interface).packet(0, &record[0]).bytes;
    let expected = b"\0\0\0\x06\0\0\0\x28\0\0\0\0\0\0\0\0\0\0\0\x08\0\0\0\x05\0\0\0\x05abcde\0\0\0\0\0\0\x28";
    assert_eq!(file[file.len() - 40..], *expected);
}
