//! A packet that the builder wrote decodes to what was written.

use arbitrary::{Result, Unstructured};
use flowray::capture::LinkType;
use flowray::decode::{Packet, Transport, frame};

use crate::support::ip::{Ip, Options, Tcp};
use crate::support::link::{self, linktype};

pub fn check(bytes: &[u8]) {
    let _ = packet(&mut Unstructured::new(bytes));
}

fn packet(from: &mut Unstructured<'_>) -> Result<()> {
    let ip = if from.arbitrary()? {
        Ip::v4(from.arbitrary()?, from.arbitrary()?)
    } else {
        Ip::v6(from.arbitrary()?, from.arbitrary()?)
    };
    let ip = ip.id(from.arbitrary()?).ttl(from.arbitrary()?).tos(from.arbitrary()?);
    let ports: (u16, u16) = (from.int_in_range(20_000..=30_000)?, from.int_in_range(30_001..=40_000)?);
    let tcp = Tcp {
        source_port: ports.0,
        destination_port: ports.1,
        seq: from.arbitrary()?,
        ack: from.arbitrary()?,
        flags: from.int_in_range(0..=0x1ff)?,
        window: from.arbitrary()?,
        urgent: from.arbitrary()?,
        options: Vec::new(),
    };
    let timestamps: Option<(u32, u32)> = from.arbitrary()?;
    let mss: Option<u16> = from.arbitrary()?;
    let mut options = Options::default();
    if let Some(mss) = mss {
        options = options.mss(mss);
    }
    if let Some((value, echo)) = timestamps {
        options = options.timestamps(value, echo);
    }
    let tcp = Tcp { options: options.0, ..tcp };
    let udp = from.ratio(1, 4)?;
    let tunnel = from.int_in_range(0..=7)?;
    let wrap = from.int_in_range(0..=8)?;
    let payload = from.bytes(from.len().min(1200))?;

    let inner = if udp { ip.udp(ports.0, ports.1, payload) } else { tcp.packet(&ip, payload) };
    let outer = Ip::v4(101, 102);
    let (carried, deep) = match tunnel {
        0 => (link::gre(&outer, &inner), true),
        1 => (link::ip_in_ip(&outer, &inner), true),
        2 => (link::vxlan(&outer, 7, &link::ethernet(&inner)), true),
        3 => (link::geneve(&outer, 7, &link::ethernet(&inner)), true),
        4 => (link::gtp(&outer, 7, &inner), true),
        _ => (inner.clone(), false),
    };
    let (kind, data) = match wrap {
        0 => (linktype::RAW, carried),
        1 => (linktype::SLL, link::sll(4, &carried)),
        2 => (linktype::SLL2, link::sll2(4, 1, &carried)),
        3 => (linktype::NULL, link::null(from.arbitrary()?, &carried)),
        4 => (linktype::LOOP, link::loopback(&carried)),
        5 => (linktype::ETHERNET, link::vlan(&[5, 6], &carried)),
        6 => (linktype::ETHERNET, link::pppoe(&carried)),
        7 => (linktype::ETHERNET, link::mpls(&[16, 17], &carried)),
        _ => (linktype::ETHERNET, link::padded(link::ethernet(&carried))),
    };
    let captured = super::frame(LinkType(kind as u16), &data, data.len() as u32);
    let mut packet = Packet::default();
    frame(&captured, &mut packet);

    let network = packet.network.unwrap();
    assert_eq!((network.source.ip(), network.destination.ip()), (ip.source, ip.destination));
    assert_eq!((network.ttl, network.tos), (ip.ttl, ip.tos));
    assert_eq!(network.id, ip.source.is_ipv4().then_some(ip.id));
    assert_eq!(packet.ports(), Some(ports));
    assert_eq!(packet.tunnels.is_empty(), !deep);
    assert_eq!((packet.payload, packet.payload_len), (payload, payload.len() as u32));
    match packet.transport {
        Transport::Tcp(seen) => {
            assert!(!udp);
            assert_eq!(
                (seen.seq, seen.ack, seen.window, seen.urgent),
                (tcp.seq, tcp.ack, tcp.window, tcp.urgent)
            );
            assert_eq!(seen.flags, tcp.flags);
        }
        Transport::Udp { .. } => assert!(udp),
        other => panic!("{other:?}"),
    }
    Ok(())
}
