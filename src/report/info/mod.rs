//! One line about a packet, for people: what its innermost header says.

mod dns;
mod message;
mod segment;

use std::fmt::Write;

use crate::decode::describe::ip_protocol_name;
use crate::decode::{Fragment, Layer, Network, Packet, SctpChunks, Transport, sctp_chunk_name};
use crate::pipeline::PacketRow;

/// What the packet is, in a line. Characters of the packet stand in it as they are: whoever prints it escapes them.
pub fn line(row: &PacketRow<'_>) -> String {
    let mut line = String::with_capacity(96);
    match (row.packet.transport, row.packet.fragment) {
        (Transport::Tcp(tcp), _) => segment::line(row, &tcp, &mut line),
        (Transport::Udp { source_port, destination_port, .. }, _) => {
            datagram(row.packet, source_port, destination_port, &mut line);
        }
        (Transport::Icmp { kind, code }, _) => message::icmp(row, kind, code, &mut line),
        (Transport::Ports { source_port, destination_port }, _) => {
            chunks(row.packet, source_port, destination_port, &mut line);
        }
        (Transport::None, Some(fragment)) => part(row.packet.network, fragment, &mut line),
        (Transport::None, None) => other(row, &mut line),
    }
    line
}

/// The captured bytes of the innermost layer of a kind, from its first on.
fn layer<'r>(row: &PacketRow<'r>, wanted: impl Fn(Layer) -> bool) -> Option<&'r [u8]> {
    let at = row.packet.layers.iter().find(|at| wanted(at.layer))?;
    let bytes = if at.in_datagram { row.datagram? } else { row.frame.data };
    bytes.get(at.offset as usize..)
}

/// UDP and UDP-Lite.
fn datagram(packet: &Packet<'_>, source_port: u16, destination_port: u16, line: &mut String) {
    // DNS, multicast DNS, link-local multicast name resolution.
    const NAMES: [u16; 3] = [53, 5353, 5355];
    if [source_port, destination_port].iter().any(|port| NAMES.contains(port))
        && dns::line(packet.payload, line)
    {
        return;
    }
    ports(source_port, destination_port, line);
    line.push_str(" Len=");
    number(u64::from(packet.payload_len), line);
}

/// SCTP and DCCP.
fn chunks(packet: &Packet<'_>, source_port: u16, destination_port: u16, line: &mut String) {
    const SHOWN: usize = 8;
    ports(source_port, destination_port, line);
    if !packet.layers.iter().any(|at| at.layer == Layer::Sctp) {
        line.push_str(" Len=");
        return number(u64::from(packet.payload_len), line);
    }
    for chunk in SctpChunks::new(packet.payload).take(SHOWN) {
        match sctp_chunk_name(chunk.kind) {
            Some(name) => {
                line.push(' ');
                line.push_str(name);
            }
            None => put(line, format_args!(" chunk {}", chunk.kind)),
        }
    }
}

/// A fragment of a datagram, of which nothing above IP is shown.
fn part(network: Option<Network>, fragment: Fragment<'_>, line: &mut String) {
    line.push_str("Fragmented IP (proto=");
    if let Some(network) = network {
        if let Some(name) = ip_protocol_name(network.protocol) {
            line.push_str(name);
            line.push(' ');
        }
        number(u64::from(network.protocol), line);
    }
    put(line, format_args!(", off={}, id=0x{:04x})", fragment.offset, fragment.id));
}

/// Whatever has no transport header.
fn other(row: &PacketRow<'_>, line: &mut String) {
    let Some(last) = row.packet.layers.last() else { return };
    let told = match last.layer {
        Layer::Arp => layer(row, |layer| layer == last.layer).is_some_and(|bytes| message::arp(bytes, line)),
        Layer::Igmp => {
            layer(row, |layer| layer == Layer::Igmp).is_some_and(|bytes| message::igmp(bytes, line))
        }
        _ => false,
    };
    if !told {
        line.push_str(last.layer.full_name());
    }
}

fn ports(source: u16, destination: u16, line: &mut String) {
    number(u64::from(source), line);
    line.push_str(" → ");
    number(u64::from(destination), line);
}

fn number(number: u64, line: &mut String) {
    line.push_str(itoa::Buffer::new().format(number));
}

/// Appends what a string always takes.
fn put(line: &mut String, what: std::fmt::Arguments<'_>) {
    let written = line.write_fmt(what);
    debug_assert!(written.is_ok(), "a string takes everything");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::capture::{Clock, Frame, Interface, LinkType};
    use crate::decode;

    static RAW: Interface =
        Interface { linktype: LinkType::RAW, snaplen: 0, clock: Clock::MICROS, fcs_len: None };

    /// The line of an IPv4 packet with this protocol, fragment field and payload.
    fn told(protocol: u8, fragment: u16, payload: &[u8]) -> String {
        let [t0, t1] = (20 + payload.len() as u16).to_be_bytes();
        let [f0, f1] = fragment.to_be_bytes();
        let mut data =
            vec![0x45, 0, t0, t1, 0xab, 0xcd, f0, f1, 64, protocol, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2];
        data.extend(payload);
        let frame = Frame {
            number: 1,
            file: 0,
            file_number: 1,
            at: None,
            fine_clock: false,
            linktype: LinkType::RAW,
            section: 0,
            interface: 0,
            orig_len: data.len() as u32,
            data: &data,
            raw_at: None,
            options: &[],
            big_endian: false,
            captured_on: &RAW,
        };
        let mut packet = Packet::default();
        decode::frame(&frame, &mut packet);
        line(&PacketRow {
            frame: &frame,
            file: None,
            packet: &packet,
            datagram: None,
            delta: None,
            flow: None,
            stream: None,
            verdict: None,
        })
    }

    #[test]
    fn a_segment_shows_ports_flags_numbers_and_options() {
        let mut segment =
            vec![0x01, 0xbb, 0xc7, 0x38, 0, 0, 0, 7, 0, 0, 0, 9, 0xa0, 0x12, 0xff, 0xff, 0, 0, 0, 0];
        segment.extend([2, 4, 5, 0xb4, 4, 2, 8, 10, 0, 0, 0, 1, 0, 0, 0, 2, 1, 3, 3, 7]);
        assert_eq!(
            told(6, 0, &segment),
            "443 → 51000 [SYN, ACK] Seq=7 Ack=9 Win=65535 Len=0 MSS=1460 SACK_PERM TSval=1 TSecr=2 WS=7"
        );
        let mut request = segment[..20].to_vec();
        request[12..14].copy_from_slice(&[0x50, 0x18]);
        request.extend(b"GET /a HTTP/1.1\r\nHost: x\r\n\r\n");
        assert_eq!(
            told(6, 0, &request),
            "443 → 51000 [PSH, ACK] Seq=7 Ack=9 Win=65535 Len=28: GET /a HTTP/1.1"
        );
    }

    #[test]
    fn other_packets_show_what_people_look_for() {
        for (protocol, fragment, payload, expected) in [
            (17, 0, &[0, 99, 4, 0, 0, 10, 0, 0, 1, 2][..], "99 → 1024 Len=2"),
            (1, 0, &[8, 0, 0, 0, 0, 1, 0, 5], "Echo (ping) request id=1 seq=5"),
            (1, 0, &[3, 3, 0, 0, 0, 0, 0, 0], "Destination unreachable (Port unreachable)"),
            (1, 0, &[3, 4, 0, 0, 0, 0, 5, 0xdc], "Destination unreachable (Fragmentation needed) MTU=1500"),
            (1, 0, &[99, 7, 0, 0, 0, 0, 0, 0], "Type 99, code 7"),
            (17, 185, &[1, 2, 3, 4], "Fragmented IP (proto=UDP 17, off=1480, id=0xabcd)"),
            (2, 0, &[0x17, 0, 0, 0, 239, 0, 0, 1], "Leave group 239.0.0.1"),
            (132, 0, &[0, 1, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 4], "1 → 2 INIT"),
        ] {
            assert_eq!(told(protocol, fragment, payload), expected);
        }
    }
}
