//! The layers of a frame opened field by field, for people and for `packets --layers`.
//!
//! A protocol is a function that reads its header from a [`Reader`], most of it a table in the [`notation`] of
//! layouts, and one line in [`opener`]. Every byte of a header is in some field: what a protocol does not know is
//! the field `data`.

mod arp;
mod capwap;
mod checksum;
mod cooked;
mod ethernet;
mod field;
mod icmp;
mod icmpv6;
mod ipsec;
mod ipv4;
mod ipv6;
mod mptcp;
mod names;
mod notation;
mod ppp;
mod reader;
mod routing;
mod sctp;
mod tags;
mod tcp;
#[cfg(test)]
mod testing;
mod tunnel;
mod udp;
mod walk;
mod wlan;
mod wpan;

pub use field::{Field, Value, hardware, hexadecimal};
pub use walk::{Described, layers};

use super::Layer;
use reader::Reader;

/// The name of an IP protocol, for people; `None` for one that is shown by its number.
pub fn ip_protocol_name(protocol: u8) -> Option<&'static str> {
    names::ip_protocol(protocol.into())
}

/// What an ICMP message (of ICMPv6, where `v6`) is called: its type, and of errors the code.
pub fn icmp_names(v6: bool, kind: u8, code: u8) -> (Option<&'static str>, Option<&'static str>) {
    let (kind, code) = (kind.into(), code.into());
    match v6 {
        false => (icmp::icmp_type(kind), icmp::icmp_code(kind, code)),
        true => (icmpv6::icmpv6_type(kind), icmpv6::icmpv6_code(kind, code)),
    }
}

/// Reads the fields of a header.
type Open = fn(&mut Reader<'_>);

/// How the header of a layer is read.
fn opener(layer: Layer) -> Open {
    match layer {
        Layer::Ethernet => ethernet::ethernet,
        Layer::EtherType => ethernet::type_alone,
        Layer::Llc => ethernet::llc,
        Layer::Fddi => ethernet::fddi,
        Layer::TokenRing => ethernet::token_ring,
        Layer::Arcnet => ethernet::arcnet,
        Layer::Vlan | Layer::Ieee8021ad => tags::vlan,
        Layer::Ieee8021ah => tags::backbone,
        Layer::Macsec => tags::macsec,
        Layer::Vntag => tags::vntag,
        Layer::Cfp => tags::fabric_path,
        Layer::CiscoMetaData => tags::metadata,
        Layer::DsaTag => tags::marvell,
        Layer::BrcmTag => tags::broadcom,
        Layer::AristaTag => tags::arista,
        Layer::Isl => tags::inter_switch_link,
        Layer::Mpls => tags::mpls,
        Layer::PseudoWire => tags::pseudo_wire,
        Layer::Nsh => tags::nsh,
        Layer::Pppoed | Layer::Pppoes => ppp::pppoe,
        Layer::Ppp => ppp::ppp,
        Layer::PppMultilink => ppp::multilink,
        Layer::Lcp | Layer::Ipv6cp => ppp::control,
        Layer::Ipcp => ppp::ip_control,
        Layer::Pap | Layer::Chap => ppp::authentication,
        Layer::Chdlc => ppp::cisco_hdlc,
        Layer::Slarp => ppp::slarp,
        Layer::FrameRelay => ppp::frame_relay,
        Layer::Mfr => ppp::multilink_frame_relay,
        Layer::Slip => ppp::slip,
        Layer::Sll => cooked::sll,
        Layer::Sll2 => cooked::sll2,
        Layer::Null => cooked::null,
        Layer::Nflog => cooked::nflog,
        Layer::Pktap => cooked::pktap,
        Layer::Ipnet => cooked::ipnet,
        Layer::Ppi => cooked::ppi,
        Layer::Atm | Layer::Clip => cooked::atm,
        Layer::Juniper => cooked::juniper,
        Layer::Ipoib => cooked::ipoib,
        Layer::Mpacket => cooked::mpacket,
        Layer::Vsock => cooked::vsock,
        Layer::Wlan => wlan::wlan,
        Layer::Radiotap => wlan::radiotap,
        Layer::Prism => wlan::prism,
        Layer::Avs => wlan::avs,
        Layer::Arp => arp::arp,
        Layer::Ipv4 => ipv4::header,
        Layer::Ipv6 => ipv6::header,
        Layer::HopByHop | Layer::DestinationOptions => ipv6::options,
        Layer::Routing => ipv6::routing,
        Layer::FragmentHeader => ipv6::fragment,
        Layer::Mobility => ipv6::mobility,
        Layer::Shim6 => ipv6::shim6,
        Layer::Hip => ipv6::hip,
        Layer::Icmp => icmp::icmp,
        Layer::Icmpv6 => icmpv6::icmpv6,
        Layer::Igmp => icmp::igmp,
        Layer::Pim => routing::pim,
        Layer::Vrrp => routing::vrrp,
        Layer::Ah => ipsec::ah,
        Layer::Esp => ipsec::esp,
        Layer::Ipcomp => ipsec::ipcomp,
        Layer::Gre => tunnel::gre,
        Layer::Erspan => tunnel::erspan,
        Layer::Vxlan => tunnel::vxlan,
        Layer::Geneve => tunnel::geneve,
        Layer::Gtp => tunnel::gtp,
        Layer::Teredo => tunnel::teredo,
        Layer::Ayiya => tunnel::ayiya,
        Layer::L2tp => tunnel::l2tp,
        Layer::LispData => tunnel::lisp,
        Layer::Lisp => tunnel::lisp_control,
        Layer::GtpPrime => tunnel::gtp_prime,
        Layer::EtherIp => tunnel::ether_ip,
        Layer::Wpan => wpan::wpan,
        Layer::SixLowpan => wpan::six_lowpan,
        Layer::Udpencap => ipsec::udp_encapsulation,
        Layer::Capwap => capwap::capwap,
        Layer::Lwapp => capwap::lwapp,
        Layer::Tcp => tcp::header,
        Layer::Udp => udp::udp,
        Layer::UdpLite => udp::udp_lite,
        Layer::Dccp => udp::dccp,
        Layer::Sctp => sctp::sctp,
        // There is no header.
        Layer::Raw => |_| {},
        // Named, not opened.
        Layer::Frame
        | Layer::Stp
        | Layer::Cdp
        | Layer::Lldp
        | Layer::Eapol
        | Layer::Slow
        | Layer::Loop
        | Layer::Ptp
        | Layer::Aoe
        | Layer::Osi
        | Layer::Ipx
        | Layer::Netbios
        | Layer::Ospf
        | Layer::Eigrp
        | Layer::Rsvp
        | Layer::Pgm
        | Layer::Nhrp
        | Layer::Data => whole,
    }
}

/// A message of which no header is known.
fn whole(reader: &mut Reader<'_>) {
    reader.take_payload();
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Headers of no sense, but the same in every run.
    fn noise(seed: usize, len: usize) -> Vec<u8> {
        let mut state = seed as u32 | 1;
        let mut next = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 24) as u8
        };
        (0..len).map(|_| next()).collect()
    }

    #[test]
    fn whatever_a_header_holds_its_fields_cover_its_bytes() {
        for (index, &layer) in Layer::ALL.iter().enumerate() {
            for round in 0..60 {
                let bytes = noise(index * 1000 + round, round * 2);
                for header_len in [0, 1, 2, 4, 8, 20, 40, 120] {
                    testing::every_part(opener(layer), &bytes, header_len);
                }
            }
        }
    }

    #[test]
    fn a_header_that_is_opened_has_more_than_data() {
        for &layer in Layer::ALL {
            if layer == Layer::Raw || opener(layer) as usize == whole as Open as usize {
                continue;
            }
            let opened = |bytes: &[u8]| {
                testing::fields(opener(layer), bytes, 64).iter().any(|field| field.name != "data")
            };
            assert!(opened(&noise(layer as usize, 64)) || opened(&[0; 64]), "{layer:?}");
        }
    }
}
