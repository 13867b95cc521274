//! What is not TCP: DNS over UDP, fragments, ICMP errors, extension headers.

use crate::support::conversation::{MILLISECOND, SECOND, Setup};
use crate::support::ip::{Ip, UDP};
use crate::support::script::{capture, run};
use crate::support::{EPOCH, Record, link, merged, records};
use crate::{Case, at_client, pcap};

pub fn cases() -> Vec<Case> {
    let (there, back) = (Ip::v4(1, 2), Ip::v4(2, 1));
    let (there6, back6) = (Ip::v6(1, 2), Ip::v6(2, 1));
    let large: Vec<u8> = (0..3000u32).map(|place| place as u8).collect();
    let datagram = there.udp_datagram(5000, 4001, &large);
    let pieces = there.id(77).fragments(UDP, &datagram, 1480);
    let frames =
        |packets: &[Vec<u8>]| records(MILLISECOND, packets.iter().map(|packet| link::ethernet(packet)));
    let question = there.udp(53001, 53, &dns(1, "www.example.org", None));
    let unreachable = |ip: &Ip, packet: &[u8]| ip.icmp(3, 3, 0, &packet[..28]);
    let syn = &capture("0.0 > S 0")[0].data[14..];
    let other = Setup { client: (there.source, 40001), ..at_client() };
    let segment = &run(other, "0.0 > 1:1401(1400) ack 1")[0].data[14..];
    vec![
        pcap(
            "dns",
            "a question for an address and its answer 12 ms later; one that is asked again after 5 s, in vain",
            {
                let record = |at, packet: &[u8]| Record::new(EPOCH + at, link::ethernet(packet));
                vec![
                    record(0, &question),
                    record(
                        12 * MILLISECOND,
                        &back.udp(53, 53001, &dns(1, "www.example.org", Some([192, 0, 2, 80]))),
                    ),
                    record(SECOND, &there.udp(53002, 53, &dns(2, "lost.example.org", None))),
                    record(6 * SECOND, &there.udp(53002, 53, &dns(2, "lost.example.org", None))),
                ]
            },
        ),
        pcap("fragments", "a UDP datagram of 3,000 bytes in three fragments, in order", frames(&pieces)),
        pcap(
            "fragments-reversed",
            "the same, last fragment first",
            frames(&pieces.iter().rev().cloned().collect::<Vec<_>>()),
        ),
        pcap(
            "fragments-incomplete",
            "the same without the second fragment",
            frames(&[pieces[0].clone(), pieces[2].clone()]),
        ),
        pcap("fragments-overlapping", "the second fragment begins 8 bytes early, with other content", {
            let mut other = datagram.clone();
            other[1472..1480].fill(0xee);
            frames(&[pieces[0].clone(), there.id(77).fragment(UDP, &other, 1472, 1488), pieces[2].clone()])
        }),
        pcap(
            "fragments-interleaved",
            "two datagrams of the same hosts, told apart by their IDs, in turns",
            {
                let other = there.id(78).fragments(UDP, &there.udp_datagram(5001, 4001, &large), 1480);
                frames(
                    &pieces
                        .iter()
                        .zip(&other)
                        .flat_map(|(one, two)| [one.clone(), two.clone()])
                        .collect::<Vec<_>>(),
                )
            },
        ),
        pcap("fragments-ipv6", "a UDP datagram over IPv6 in fragments", {
            frames(&there6.id(9).fragments(UDP, &there6.udp_datagram(5000, 4001, &large), 1232))
        }),
        pcap(
            "icmp-errors",
            "ICMP errors that quote a flow: port unreachable, fragmentation needed, time exceeded",
            frames(&[
                question.clone(),
                unreachable(&back, &question),
                segment.to_vec(),
                Ip::v4(254, 1).icmp(3, 4, 1200, &segment[..28]),
                syn.to_vec(),
                Ip::v4(254, 1).icmp(11, 0, 0, &syn[..28]),
            ]),
        ),
        pcap("icmp-errors-ipv6", "the same over ICMPv6: port unreachable, packet too big", {
            let question = there6.udp(53001, 53, &dns(1, "www.example.org", None));
            let large = there6.udp(53001, 53, &[0; 1400]);
            frames(&[
                question.clone(),
                back6.icmp(1, 4, 0, &question),
                large.clone(),
                Ip::v6(254, 1).icmp(2, 0, 1280, &large[..1232]),
            ])
        }),
        pcap(
            "icmp-echo",
            "three echo requests, two answers, IPv4 and IPv6",
            merged([
                records(
                    SECOND,
                    (1..4).map(|seq| link::ethernet(&there.icmp(8, 0, 7 << 16 | seq, b"abcdefgh"))),
                ),
                records(
                    SECOND,
                    (1..3).map(|seq| link::ethernet(&back.icmp(0, 0, 7 << 16 | seq, b"abcdefgh"))),
                )
                .into_iter()
                .map(|record| Record { at: record.at + 9 * MILLISECOND, ..record })
                .collect(),
                records(SECOND, [link::ethernet(&there6.icmp(128, 0, 7 << 16 | 1, b"abcdefgh"))]),
                records(SECOND, [link::ethernet(&back6.icmp(129, 0, 7 << 16 | 1, b"abcdefgh"))]),
            ]),
        ),
        pcap("ipv6-extensions", "TCP and UDP behind hop-by-hop, routing and destination headers", {
            let udp = there6.udp_datagram(5000, 4001, b"behind three headers");
            let mut body = vec![43, 0, 1, 4, 0, 0, 0, 0];
            body.extend([60, 0, 0, 0, 0, 0, 0, 0]);
            body.extend([UDP, 0, 1, 4, 0, 0, 0, 0]);
            body.extend(&udp);
            frames(&[there6.packet(0, &body), there6.packet(59, b"no next header")])
        }),
        pcap(
            "ipv4-options",
            "a packet with record route and padding options",
            frames(&[there.with_options(
                UDP,
                &[7, 7, 4, 10, 0, 0, 9, 0],
                &there.udp_datagram(5000, 4001, b"behind options"),
            )]),
        ),
        pcap(
            "udp-lengths",
            "UDP length fields: right, 0, less than the header, beyond the packet; and a checksum of 0",
            frames(&[(8u16 + 4, true), (0, true), (7, true), (100, true), (12, false)].map(
                |(len, checksum)| {
                    let mut datagram = there.udp_datagram(5000, 4001, b"four");
                    datagram[4..6].copy_from_slice(&len.to_be_bytes());
                    if !checksum {
                        datagram[6..8].fill(0);
                    }
                    there.packet(UDP, &datagram)
                },
            )),
        ),
        pcap("arp", "an ARP request", records(0, [link::arp()])),
        pcap(
            "many-protocols",
            "one packet each of protocols that are not decoded further: SCTP, OSPF, ESP, 253, an unknown EtherType",
            {
                let mut packets: Vec<_> = [132u8, 89, 50, 253]
                    .map(|protocol| {
                        link::ethernet(&there.packet(protocol, &[0x13, 0x88, 0, 9, 0, 0, 0, 1, 0, 0, 0, 0]))
                    })
                    .into();
                packets.push(link::frame(link::SERVER_MAC, link::CLIENT_MAC, 0x88b5, b"local experiment"));
                records(MILLISECOND, packets)
            },
        ),
    ]
}

/// A DNS message: a question for the address of `name`, or the answer.
pub fn dns(id: u16, name: &str, answer: Option<[u8; 4]>) -> Vec<u8> {
    let mut message = id.to_be_bytes().to_vec();
    message.extend(if answer.is_some() { [0x81, 0x80] } else { [1, 0] });
    message.extend([0, 1, 0, u8::from(answer.is_some()), 0, 0, 0, 0]);
    for label in name.split('.') {
        message.push(label.len() as u8);
        message.extend(label.bytes());
    }
    message.extend([0, 0, 1, 0, 1]);
    if let Some(address) = answer {
        message.extend([0xc0, 12, 0, 1, 0, 1, 0, 0, 1, 44, 0, 4]);
        message.extend(address);
    }
    message
}
