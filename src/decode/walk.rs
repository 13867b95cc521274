//! The walk from the outermost header inwards: one step a header.
//!
//! A step reads one header at [`At`], notes it in the [`Packet`], and says what stands behind it. There is no recursion, so
//! nothing that a frame claims can exhaust the stack; and every step notes a layer, so their number is bounded.

use nom::IResult;
use nom::error::{Error, ErrorKind};

use super::{Layer, Packet, StopReason};
use super::{
    arp, atm, cooked, dsa, ethernet, extension, geneve, gre, gtp, ipv4, ipv6, juniper, l2tp, lan, lisp, llc,
    mpls, ppp, radio, serial, tagged, tcp, teredo, tunnel, udp, vlan, vsock, vxlan, wlan, wpan,
};

/// The bytes that the walk has not read yet.
#[derive(Clone, Copy, Debug)]
pub(super) struct At<'a> {
    /// What was captured of them.
    pub(super) bytes: &'a [u8],
    /// Where they begin, counted from the start of the frame or of the reassembled datagram.
    pub(super) offset: usize,
    /// How many they were on the wire; `bytes` are the first of them.
    pub(super) wire: u32,
}

/// What a header says of the one behind it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Next {
    Ethernet,
    Llc,
    Vlan(Layer),
    BackboneTag,
    Macsec,
    Vntag,
    CiscoMetaData,
    FabricPath,
    AristaTag,
    Mpls,
    PppoeDiscovery,
    PppoeSession,
    Ppp,
    PppHdlc,
    PppMultilink,
    Chdlc,
    FrameRelay,
    Mfr,
    Slip,
    Directed(Directed),
    Sll,
    Sll2,
    Null,
    Raw,
    Nflog,
    Pktap,
    Ipnet,
    Ipoib,
    Ppi,
    Radiotap,
    Prism,
    Avs,
    Wlan,
    WlanSwapped,
    WlanPadded,
    Fddi,
    TokenRing,
    Arcnet,
    ArcnetLinux,
    SunAtm,
    Rfc1483,
    Clip,
    Juniper(u16),
    Dsa {
        extended: bool,
    },
    BroadcomTag {
        prepended: bool,
    },
    Mpacket,
    Wpan {
        checksum: bool,
    },
    SixLowpan,
    Vsock,
    Nsh,
    Arp,
    Ip,
    Ipv4,
    Ipv6,
    /// Anything above IP, by its protocol number.
    Protocol(u8),
    Gre,
    Erspan(u16),
    Vxlan,
    VxlanGpe,
    Geneve,
    GtpUser,
    GtpControl,
    GtpPrime,
    Teredo,
    Ayiya,
    L2tpUdp,
    L2tpIp,
    LispData,
    LispControl,
    UdpEncap,
    Capwap,
    Lwapp {
        identified: bool,
    },
    /// A protocol that is named and not opened, with its number.
    Named(Layer, u32),
    /// A protocol that is not decoded, in the words of the layer before it.
    Unknown(Layer, u32),
}

/// Serial lines whose frames are captured with a byte for their direction.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Directed {
    Ppp,
    Chdlc,
    FrameRelay,
}

/// What stands behind a header, and where; `None` where the walk ends.
pub(super) type Step<'a> = Option<(Next, At<'a>)>;

impl<'a> At<'a> {
    /// What stands behind the first `len` bytes; where fewer were captured, it begins where the capture ends.
    #[inline]
    pub(super) fn after(self, len: usize) -> Self {
        Self {
            bytes: self.bytes.get(len..).unwrap_or_default(),
            offset: self.offset + len.min(self.bytes.len()),
            wire: self.wire.saturating_sub(len as u32),
        }
    }

    /// The same place, ending after `len` bytes: what follows is padding or a trailer.
    #[inline]
    pub(super) fn cut(self, len: u32) -> Self {
        let bytes = self.bytes.get(..len as usize).unwrap_or(self.bytes);
        Self { bytes, offset: self.offset, wire: self.wire.min(len) }
    }

    /// The first `N` bytes; where there are not so many, `layer` is noted with those there are, and why it ends there.
    #[inline]
    pub(super) fn header<const N: usize>(self, layer: Layer, packet: &mut Packet<'a>) -> Option<&'a [u8; N]> {
        match array::<N>(self.bytes) {
            Ok((_, header)) => Some(header),
            Err(_) => {
                packet.push(layer, self.offset, self.bytes.len());
                packet.stop(self.short_of(N), layer, self.offset);
                None
            }
        }
    }

    /// The first byte, by which some headers are told apart; where the capture cut it off, that is noted.
    pub(super) fn first(self, packet: &mut Packet<'a>) -> Option<u8> {
        if self.bytes.is_empty() && self.wire > 0 {
            packet.stop_behind(StopReason::Truncated, self.offset);
        }
        self.bytes.first().copied()
    }

    /// Why `needed` bytes cannot be read: the capture cut them off, or they never were on the wire.
    pub(super) fn short_of(self, needed: usize) -> StopReason {
        if needed as u64 <= u64::from(self.wire) { StopReason::Truncated } else { StopReason::Malformed }
    }
}

/// A parser of the next `N` bytes.
#[inline]
pub(super) fn array<const N: usize>(input: &[u8]) -> IResult<&[u8], &[u8; N]> {
    match input.split_first_chunk::<N>() {
        Some((head, rest)) => Ok((rest, head)),
        None => Err(nom::Err::Error(Error::new(input, ErrorKind::Eof))),
    }
}

/// Walks on from `at`, which holds `next`, until nothing more can be read.
pub(super) fn walk<'a>(next: Next, at: At<'a>, packet: &mut Packet<'a>) {
    let mut here = Some((next, at));
    while let Some((next, at)) = here {
        if let Some(bound) = packet.bound() {
            packet.stop_behind(bound, at.offset);
            return;
        }
        here = step(next, at, packet);
    }
}

#[inline]
fn step<'a>(next: Next, at: At<'a>, packet: &mut Packet<'a>) -> Step<'a> {
    match next {
        Next::Ethernet => ethernet::ethernet(at, packet),
        Next::Ipv4 => ipv4::ipv4(at, packet),
        Next::Ipv6 => ipv6::ipv6(at, packet),
        Next::Protocol(6) => tcp::tcp(at, packet),
        Next::Protocol(17) => udp::udp(at, packet),
        Next::Vlan(layer) => vlan::vlan(layer, at, packet),
        other => rare(other, at, packet),
    }
}

#[inline(never)]
fn rare<'a>(next: Next, at: At<'a>, packet: &mut Packet<'a>) -> Step<'a> {
    match next {
        Next::Protocol(number) => extension::protocol(number, at, packet),
        Next::Ip => ipv4::by_version(at, packet),
        Next::Llc => llc::llc(at, packet),
        Next::BackboneTag => vlan::backbone_tag(at, packet),
        Next::Macsec => tagged::macsec(at, packet),
        Next::Vntag => tagged::vntag(at, packet),
        Next::CiscoMetaData => tagged::cisco_meta_data(at, packet),
        Next::FabricPath => tagged::fabric_path(at, packet),
        Next::AristaTag => tagged::arista(at, packet),
        Next::Mpls => mpls::mpls(at, packet),
        Next::PppoeDiscovery => ppp::pppoe_discovery(at, packet),
        Next::PppoeSession => ppp::pppoe_session(at, packet),
        Next::Ppp => ppp::ppp(at, packet),
        Next::PppHdlc => ppp::ppp_hdlc(at, packet),
        Next::PppMultilink => ppp::multilink(at, packet),
        Next::Chdlc => serial::chdlc(at, packet),
        Next::FrameRelay => serial::frame_relay(at, packet),
        Next::Mfr => serial::mfr(at, packet),
        Next::Slip => serial::slip(at, packet),
        Next::Directed(line) => serial::directed(line, at, packet),
        Next::Sll => cooked::sll(at, packet),
        Next::Sll2 => cooked::sll2(at, packet),
        Next::Null => cooked::null(at, packet),
        Next::Raw => cooked::raw(at, packet),
        Next::Nflog => cooked::nflog(at, packet),
        Next::Pktap => radio::pktap(at, packet),
        Next::Ipnet => cooked::ipnet(at, packet),
        Next::Ipoib => cooked::ipoib(at, packet),
        Next::Ppi => radio::ppi(at, packet),
        Next::Radiotap => radio::radiotap(at, packet),
        Next::Prism => radio::prism(at, packet),
        Next::Avs => radio::avs(at, packet),
        Next::Wlan => wlan::wlan(wlan::Quirks::default(), at, packet),
        Next::WlanSwapped => wlan::wlan(wlan::Quirks { swapped: true, padded: false }, at, packet),
        Next::WlanPadded => wlan::wlan(wlan::Quirks { swapped: false, padded: true }, at, packet),
        Next::Fddi => lan::fddi(at, packet),
        Next::TokenRing => lan::token_ring(at, packet),
        Next::Arcnet => lan::arcnet(at, packet),
        Next::ArcnetLinux => lan::arcnet_linux(at, packet),
        Next::SunAtm => atm::sun_atm(at, packet),
        Next::Rfc1483 => atm::rfc1483(at, packet),
        Next::Clip => atm::clip(at, packet),
        Next::Juniper(linktype) => juniper::juniper(linktype, at, packet),
        Next::Dsa { extended } => dsa::dsa(extended, at, packet),
        Next::BroadcomTag { prepended } => dsa::broadcom(prepended, at, packet),
        Next::Mpacket => dsa::mpacket(at, packet),
        Next::Wpan { checksum } => wpan::wpan(checksum, at, packet),
        Next::SixLowpan => wpan::six_lowpan(at, packet),
        Next::Vsock => vsock::vsock(at, packet),
        Next::Nsh => vxlan::nsh(at, packet),
        Next::Arp => arp::arp(at, packet),
        Next::Gre => gre::gre(at, packet),
        Next::Erspan(kind) => gre::erspan(kind, at, packet),
        Next::Vxlan => vxlan::vxlan(at, packet),
        Next::VxlanGpe => vxlan::vxlan_gpe(at, packet),
        Next::Geneve => geneve::geneve(at, packet),
        Next::GtpUser => gtp::user(at, packet),
        Next::GtpControl => gtp::control(at, packet),
        Next::GtpPrime => gtp::prime(at, packet),
        Next::Teredo => teredo::teredo(at, packet),
        Next::Ayiya => teredo::ayiya(at, packet),
        Next::L2tpUdp => l2tp::over_udp(at, packet),
        Next::L2tpIp => l2tp::over_ip(at, packet),
        Next::LispData => lisp::data(at, packet),
        Next::LispControl => lisp::control(at, packet),
        Next::UdpEncap => tunnel::udp_encap(at, packet),
        Next::Capwap => tunnel::capwap(at, packet),
        Next::Lwapp { identified } => tunnel::lwapp(identified, at, packet),
        Next::Named(layer, number) => named(layer, number, at, packet),
        Next::Unknown(layer, number) => {
            packet.stop(StopReason::Unsupported(number), layer, at.offset);
            None
        }
        // These are `step`'s own.
        Next::Ethernet | Next::Ipv4 | Next::Ipv6 | Next::Vlan(_) => None,
    }
}

/// A protocol that is known by name alone: everything behind is its own.
fn named<'a>(layer: Layer, number: u32, at: At<'a>, packet: &mut Packet<'a>) -> Step<'a> {
    packet.push(layer, at.offset, at.bytes.len());
    packet.stop(StopReason::Unsupported(number), layer, at.offset);
    None
}
