//! What may stand before an IP packet: every link type and tunnel, with the same short conversation inside.

use crate::support::conversation::{Conversation, Setup, Side};
use crate::support::ip::Ip;
use crate::support::link::{self, linktype};
use crate::support::pcap::Pcap;
use crate::support::{Record, records};
use crate::{Case, file, in_between, pcap};

pub fn short(setup: Setup) -> Vec<Record> {
    Conversation::new(setup)
        .open()
        .say(Side::Client, b"ping")
        .say(Side::Server, b"pong")
        .close(Side::Client)
        .records
        .clone()
}

fn wrapped(wrap: fn(Side, &[u8]) -> Vec<u8>) -> Vec<Record> {
    short(Setup { wrap, ..in_between() })
}

fn outer(side: Side) -> Ip {
    if side == Side::Client { Ip::v4(101, 102) } else { Ip::v4(102, 101) }
}

pub fn cases() -> Vec<Case> {
    let typed = |name: &str, shows, kind, wrap| {
        file(&format!("{name}.pcap"), shows, Pcap::of(kind).write(&wrapped(wrap)))
    };
    vec![
        pcap("vlan", "one VLAN tag", wrapped(|_, packet| link::vlan(&[100], packet))),
        pcap("vlan-stacked", "two VLAN tags (802.1ad)", wrapped(|_, packet| link::vlan(&[200, 100], packet))),
        pcap(
            "vlan-asymmetric",
            "the two directions in different VLANs: one flow all the same",
            wrapped(|side, packet| link::vlan(&[if side == Side::Client { 10 } else { 20 }], packet)),
        ),
        pcap("mpls", "two MPLS labels", wrapped(|_, packet| link::mpls(&[16, 17], packet))),
        pcap("pppoe", "PPPoE", wrapped(|_, packet| link::pppoe(packet))),
        pcap(
            "gre",
            "GRE between two routers",
            wrapped(|side, packet| link::ethernet(&link::gre(&outer(side), packet))),
        ),
        pcap(
            "ipip",
            "IP in IP",
            wrapped(|side, packet| link::ethernet(&link::ip_in_ip(&outer(side), packet))),
        ),
        pcap("6in4", "IPv6 in IPv4", {
            short(Setup {
                client: (Ip::v6(1, 2).source, 40000),
                server: (Ip::v6(1, 2).destination, 80),
                wrap: |side, packet| link::ethernet(&link::ip_in_ip(&outer(side), packet)),
                ..in_between()
            })
        }),
        pcap(
            "vxlan",
            "VXLAN: the inner addresses are the flow's, the outer UDP takes part in the numbering of streams",
            wrapped(|side, packet| link::ethernet(&link::vxlan(&outer(side), 42, &link::ethernet(packet)))),
        ),
        pcap("vxlan-arp", "VXLAN around an ARP request: the outer addresses count", {
            records(0, [link::ethernet(&link::vxlan(&outer(Side::Client), 42, &link::arp()))])
        }),
        pcap(
            "geneve",
            "Geneve",
            wrapped(|side, packet| link::ethernet(&link::geneve(&outer(side), 42, &link::ethernet(packet)))),
        ),
        pcap("gtp", "GTP-U", wrapped(|side, packet| link::ethernet(&link::gtp(&outer(side), 7, packet)))),
        pcap(
            "tunnels-nested",
            "IP in GRE in VXLAN in a VLAN",
            wrapped(|side, packet| {
                let gre = link::gre(&Ip::v4(111, 112), packet);
                link::vlan(&[100], &link::vxlan(&outer(side), 42, &link::ethernet(&gre)))
            }),
        ),
        pcap("tunnels-too-deep", "twelve IP headers, one in the other, and the conversation inside", {
            wrapped(|side, packet| {
                let inner = (0..12).fold(packet.to_vec(), |packet, _| link::ip_in_ip(&outer(side), &packet));
                link::ethernet(&inner)
            })
        }),
        typed("linktype-raw", "raw IP (101)", linktype::RAW, |_, packet| packet.to_vec()),
        typed("linktype-ipv4", "raw IPv4 (228)", linktype::IPV4, |_, packet| packet.to_vec()),
        typed("linktype-null", "BSD loopback (0)", linktype::NULL, |_, packet| link::null(false, packet)),
        typed("linktype-null-swapped", "the same from a big-endian host", linktype::NULL, |_, packet| {
            link::null(true, packet)
        }),
        typed("linktype-loop", "OpenBSD loopback (108)", linktype::LOOP, |_, packet| link::loopback(packet)),
        typed("linktype-sll", "Linux cooked capture, version 1 (113)", linktype::SLL, |side, packet| {
            link::sll(if side == Side::Client { 4 } else { 0 }, packet)
        }),
        typed("linktype-sll2", "Linux cooked capture, version 2 (276)", linktype::SLL2, |side, packet| {
            link::sll2(if side == Side::Client { 4 } else { 0 }, 2, packet)
        }),
        typed("linktype-unknown", "a link type that is not decoded (147, private use)", 147, |_, packet| {
            packet.to_vec()
        }),
    ]
}
