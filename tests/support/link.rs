//! What stands before an IP packet: link headers, and tunnels that carry it in another one.

use super::ip::{GRE, Ip};

/// Numbers of the pcap LINKTYPE registry.
pub mod linktype {
    pub const NULL: u32 = 0;
    pub const ETHERNET: u32 = 1;
    pub const RAW: u32 = 101;
    pub const LOOP: u32 = 108;
    pub const SLL: u32 = 113;
    pub const IPV4: u32 = 228;
    pub const IPV6: u32 = 229;
    pub const SLL2: u32 = 276;
}

pub const CLIENT_MAC: [u8; 6] = [0x02, 0, 0, 0, 0, 0x01];
pub const SERVER_MAC: [u8; 6] = [0x02, 0, 0, 0, 0, 0x02];

/// The Ethernet frame of an IP packet, not padded.
pub fn ethernet(packet: &[u8]) -> Vec<u8> {
    frame(SERVER_MAC, CLIENT_MAC, ethertype_of(packet), packet)
}

/// The same in the other direction.
pub fn ethernet_back(packet: &[u8]) -> Vec<u8> {
    frame(CLIENT_MAC, SERVER_MAC, ethertype_of(packet), packet)
}

/// An Ethernet frame of any type.
pub fn frame(destination: [u8; 6], source: [u8; 6], ethertype: u16, payload: &[u8]) -> Vec<u8> {
    let mut frame = Vec::with_capacity(14 + payload.len());
    frame.extend(destination);
    frame.extend(source);
    frame.extend(ethertype.to_be_bytes());
    frame.extend(payload);
    frame
}

/// An Ethernet frame filled up to the least length of 60 bytes, as a receiver sees it.
pub fn padded(mut frame: Vec<u8>) -> Vec<u8> {
    frame.resize(frame.len().max(60), 0);
    frame
}

/// A frame with VLAN tags, outermost first; all but the last have the type 0x88a8 (802.1ad).
pub fn vlan(ids: &[u16], packet: &[u8]) -> Vec<u8> {
    let mut tagged = ethertype_of(packet).to_be_bytes().to_vec();
    tagged.extend(packet);
    for (place, id) in ids.iter().enumerate().rev() {
        let tag = if place + 1 == ids.len() { 0x8100u16 } else { 0x88a8 };
        tagged.splice(0..0, tag.to_be_bytes().into_iter().chain(id.to_be_bytes()));
    }
    let mut frame = [SERVER_MAC, CLIENT_MAC].concat();
    frame.extend(tagged);
    frame
}

/// Linux cooked capture, version 1. `kind`: 0 to us, 4 sent by us.
pub fn sll(kind: u16, packet: &[u8]) -> Vec<u8> {
    let mut frame = kind.to_be_bytes().to_vec();
    frame.extend([0, 1, 0, 6]);
    frame.extend(CLIENT_MAC);
    frame.extend([0, 0]);
    frame.extend(ethertype_of(packet).to_be_bytes());
    frame.extend(packet);
    frame
}

/// Linux cooked capture, version 2.
pub fn sll2(kind: u8, interface: u32, packet: &[u8]) -> Vec<u8> {
    let mut frame = ethertype_of(packet).to_be_bytes().to_vec();
    frame.extend([0, 0]);
    frame.extend(interface.to_be_bytes());
    frame.extend([0, 1, kind, 6]);
    frame.extend(CLIENT_MAC);
    frame.extend([0, 0]);
    frame.extend(packet);
    frame
}

/// BSD loopback: the address family in the byte order of the host that captured.
pub fn null(big_endian: bool, packet: &[u8]) -> Vec<u8> {
    let family: u32 = if is_v4(packet) { 2 } else { 30 };
    let mut frame = if big_endian { family.to_be_bytes() } else { family.to_le_bytes() }.to_vec();
    frame.extend(packet);
    frame
}

/// OpenBSD loopback: the address family in network byte order.
pub fn loopback(packet: &[u8]) -> Vec<u8> {
    let family: u32 = if is_v4(packet) { 2 } else { 24 };
    let mut frame = family.to_be_bytes().to_vec();
    frame.extend(packet);
    frame
}

/// PPPoE with an IP packet in PPP.
pub fn pppoe(packet: &[u8]) -> Vec<u8> {
    let mut body = vec![0x11, 0, 0, 1];
    body.extend((packet.len() as u16 + 2).to_be_bytes());
    body.extend(if is_v4(packet) { [0, 0x21] } else { [0, 0x57] });
    body.extend(packet);
    frame(SERVER_MAC, CLIENT_MAC, 0x8864, &body)
}

/// MPLS labels, outermost first, before an IP packet.
pub fn mpls(labels: &[u32], packet: &[u8]) -> Vec<u8> {
    let mut body = Vec::new();
    for (place, label) in labels.iter().enumerate() {
        let bottom = u32::from(place + 1 == labels.len());
        body.extend((label << 12 | bottom << 8 | 64).to_be_bytes());
    }
    body.extend(packet);
    frame(SERVER_MAC, CLIENT_MAC, 0x8847, &body)
}

/// `packet` in GRE (RFC 2784), in a packet of `outer`.
pub fn gre(outer: &Ip, packet: &[u8]) -> Vec<u8> {
    let mut body = vec![0, 0];
    body.extend(ethertype_of(packet).to_be_bytes());
    body.extend(packet);
    outer.packet(GRE, &body)
}

/// `packet` directly in a packet of `outer`: IP in IP (RFC 2003), 6in4 (RFC 4213).
pub fn ip_in_ip(outer: &Ip, packet: &[u8]) -> Vec<u8> {
    outer.packet(if is_v4(packet) { 4 } else { 41 }, packet)
}

/// An Ethernet frame in VXLAN (RFC 7348), in a packet of `outer`.
pub fn vxlan(outer: &Ip, vni: u32, inner: &[u8]) -> Vec<u8> {
    let mut body = vec![8, 0, 0, 0];
    body.extend((vni << 8).to_be_bytes());
    body.extend(inner);
    outer.udp(50000, 4789, &body)
}

/// An Ethernet frame in Geneve (RFC 8926), in a packet of `outer`.
pub fn geneve(outer: &Ip, vni: u32, inner: &[u8]) -> Vec<u8> {
    let mut body = vec![0, 0, 0x65, 0x58];
    body.extend((vni << 8).to_be_bytes());
    body.extend(inner);
    outer.udp(50000, 6081, &body)
}

/// An IP packet in GTP-U (3GPP TS 29.281), in a packet of `outer`.
pub fn gtp(outer: &Ip, teid: u32, packet: &[u8]) -> Vec<u8> {
    let mut body = vec![0x30, 255];
    body.extend((packet.len() as u16).to_be_bytes());
    body.extend(teid.to_be_bytes());
    body.extend(packet);
    outer.udp(2152, 2152, &body)
}

/// An ARP request for the server by the client.
pub fn arp() -> Vec<u8> {
    let mut body = vec![0, 1, 8, 0, 6, 4, 0, 1];
    body.extend(CLIENT_MAC);
    body.extend([10, 0, 0, 1]);
    body.extend([0; 6]);
    body.extend([10, 0, 0, 2]);
    frame([0xff; 6], CLIENT_MAC, 0x0806, &body)
}

fn is_v4(packet: &[u8]) -> bool {
    packet.first().is_some_and(|first| first >> 4 == 4)
}

fn ethertype_of(packet: &[u8]) -> u16 {
    if is_v4(packet) { 0x0800 } else { 0x86dd }
}
