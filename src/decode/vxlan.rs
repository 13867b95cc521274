//! VXLAN (RFC 7348), its generic protocol extension (draft-ietf-nvo3-vxlan-gpe), and NSH (RFC 8300).

use super::walk::{At, Next, Step};
use super::{Layer, Packet};

/// Flags and network identifier, then an Ethernet frame.
pub(super) fn vxlan<'a>(at: At<'a>, packet: &mut Packet<'a>) -> Step<'a> {
    at.header::<8>(Layer::Vxlan, packet)?;
    packet.push(Layer::Vxlan, at.offset, 8);
    packet.push_tunnel(Layer::Vxlan);
    Some((Next::Ethernet, at.after(8)))
}

/// The same, with the next protocol in the fourth byte.
pub(super) fn vxlan_gpe<'a>(at: At<'a>, packet: &mut Packet<'a>) -> Step<'a> {
    let &[_, _, _, protocol, ..] = at.header::<8>(Layer::Vxlan, packet)?;
    packet.push(Layer::Vxlan, at.offset, 8);
    packet.push_tunnel(Layer::Vxlan);
    Some((next(Layer::Vxlan, protocol), at.after(8)))
}

/// Base header with the length in units of four bytes and the next protocol, service path, and metadata.
pub(super) fn nsh<'a>(at: At<'a>, packet: &mut Packet<'a>) -> Step<'a> {
    let &[_, words, _, protocol, ..] = at.header::<8>(Layer::Nsh, packet)?;
    let len = (usize::from(words & 0x3f) * 4).max(8);
    packet.push(Layer::Nsh, at.offset, len.min(at.bytes.len()));
    if at.bytes.len() < len {
        packet.stop(at.short_of(len), Layer::Nsh, at.offset);
        return None;
    }
    packet.push_tunnel(Layer::Nsh);
    Some((next(Layer::Nsh, protocol), at.after(len)))
}

/// The registry that both share. RFC 8300 §9.1.4
fn next(layer: Layer, protocol: u8) -> Next {
    match protocol {
        1 => Next::Ipv4,
        2 => Next::Ipv6,
        3 => Next::Ethernet,
        4 => Next::Nsh,
        5 => Next::Mpls,
        other => Next::Unknown(layer, u32::from(other)),
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;

    #[test]
    fn a_frame_or_what_the_header_names() {
        let inner = ethernet(0x0800, &packet());
        let over = |port, header: &str, inner: &[u8]| {
            ipv4(17, &udp(40_000, port, &[&bytes(header)[..], inner].concat()))
        };
        let vxlan = over(4789, "08 00 00 00  00 00 2a 00 | network 42", &inner);
        reads(IPV4, &vxlan, "ip:udp:vxlan:eth:ethertype:ip:udp");
        let gpe = |protocol: &str| format!("0c 00 00 {protocol}  00 00 2a 00");
        reads(IPV4, &over(4790, &gpe("01"), &packet()), "ip:udp:vxlan:ip:udp");
        reads(IPV4, &over(4790, &gpe("03"), &inner), "ip:udp:vxlan:eth:ethertype:ip:udp");
        let nsh = format!("{} 0f c6 01 01  00 00 01 ff  {}", gpe("04"), "00 ".repeat(16));
        reads(IPV4, &over(4790, &nsh, &packet()), "ip:udp:vxlan:nsh:ip:udp");
        reads(IPV4, &over(4790, &gpe("09"), &inner), "ip:udp:vxlan");
    }
}
