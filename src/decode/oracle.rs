//! The decoder beside `etherparse`, which shares no code with it, and beside frames that make no sense.

use etherparse::{NetSlice, PacketBuilder, SlicedPacket, TransportSlice};
use proptest::prelude::*;

use super::testing::{ETHERNET, cut, decoded};
use super::{Transport, link, walk};

/// A frame as etherparse's builder writes it.
fn built() -> impl Strategy<Value = Vec<u8>> {
    let payload = proptest::collection::vec(any::<u8>(), 0..200);
    let addresses = (any::<[u8; 16]>(), any::<[u8; 16]>(), any::<(u16, u16)>(), any::<u8>());
    (addresses, payload, any::<Option<u16>>(), any::<(bool, bool, u32, u32, u16)>()).prop_map(
        |((source, destination, ports, ttl), payload, vlan, (six, tcp, seq, ack, window))| {
            let four = |address: [u8; 16]| [address[0], address[1], address[2], address[3]];
            let link = PacketBuilder::ethernet2([2, 0, 0, 0, 0, 1], [2, 0, 0, 0, 0, 2]);
            let mut frame = Vec::new();
            macro_rules! finish {
                ($network:expr) => {
                    if tcp {
                        let segment = $network.tcp(ports.0, ports.1, seq, window).ack(ack).psh();
                        segment.write(&mut frame, &payload).unwrap();
                    } else {
                        $network.udp(ports.0.max(10_000), 9).write(&mut frame, &payload).unwrap();
                    }
                };
            }
            match (vlan.and_then(|id| etherparse::VlanId::try_new(id & 0xfff).ok()), six) {
                (Some(id), true) => finish!(link.single_vlan(id).ipv6(source, destination, ttl)),
                (Some(id), false) => finish!(link.single_vlan(id).ipv4(four(source), four(destination), ttl)),
                (None, true) => finish!(link.ipv6(source, destination, ttl)),
                (None, false) => finish!(link.ipv4(four(source), four(destination), ttl)),
            }
            frame
        },
    )
}

proptest! {
    #[test]
    fn both_decoders_read_the_same(frame in built(), padding in 0_usize..20) {
        let padded = [&frame[..], &vec![0; padding]].concat();
        let (ours, theirs) = (decoded(ETHERNET, &padded), SlicedPacket::from_ethernet(&padded).unwrap());
        let network = ours.network.unwrap();
        match theirs.net.unwrap() {
            NetSlice::Ipv4(ip) => {
                let header = ip.header();
                prop_assert_eq!(network.source.ip(), header.source_addr());
                prop_assert_eq!(network.destination.ip(), header.destination_addr());
                prop_assert_eq!((network.ttl, network.id), (header.ttl(), Some(header.identification())));
            }
            NetSlice::Ipv6(ip) => {
                let header = ip.header();
                prop_assert_eq!(network.source.ip(), header.source_addr());
                prop_assert_eq!(network.destination.ip(), header.destination_addr());
                prop_assert_eq!(network.ttl, header.hop_limit());
            }
            other => prop_assert!(false, "{other:?}"),
        }
        match (ours.transport, theirs.transport.unwrap()) {
            (Transport::Tcp(ours_tcp), TransportSlice::Tcp(tcp)) => {
                prop_assert_eq!((ours_tcp.seq, ours_tcp.ack), (tcp.sequence_number(), tcp.acknowledgment_number()));
                prop_assert_eq!((ours_tcp.window, ours_tcp.flags), (tcp.window_size(), 0x018));
                prop_assert_eq!(ours.ports(), Some((tcp.source_port(), tcp.destination_port())));
                prop_assert_eq!(ours.payload, tcp.payload());
            }
            (Transport::Udp { .. }, TransportSlice::Udp(udp)) => {
                prop_assert_eq!(ours.ports(), Some((udp.source_port(), udp.destination_port())));
                prop_assert_eq!(ours.payload, udp.payload());
            }
            other => prop_assert!(false, "{other:?}"),
        }
        prop_assert_eq!(ours.stop, None);
    }

    #[test]
    fn damaged_frames_end_in_a_packet(
        frame in built(), flips in proptest::collection::vec(any::<(prop::sample::Index, u8)>(), 1..8), at in any::<prop::sample::Index>(),
    ) {
        let mut frame = frame;
        for (index, value) in flips {
            let index = index.index(frame.len().min(64));
            frame[index] = value;
        }
        let packet = cut(ETHERNET, &frame[..at.index(frame.len())], frame.len());
        prop_assert!(packet.payload.len() <= frame.len());
    }

    #[test]
    fn any_bytes_of_any_link_type_end_in_a_packet(number in 0_u16..300, bytes: Vec<u8>, more in 0_usize..100) {
        let packet = cut(number, &bytes, bytes.len() + more);
        prop_assert!(packet.layers.len() <= super::MAX_LAYERS);
        let known = !matches!(link::first(number), walk::Next::Unknown(..));
        prop_assert!(known || packet.stop.is_some());
    }
}
