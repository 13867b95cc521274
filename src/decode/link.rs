//! Which header a frame of a link type begins with. Numbers of <https://www.tcpdump.org/linktypes.html>.

use super::Layer;
use super::walk::{Directed, Next};

/// The first header of a frame of the link type `number`.
pub(super) fn first(number: u16) -> Next {
    match number {
        1 => Next::Ethernet,
        // LOOP is NULL with the family in network byte order; its order is told by the value in either.
        0 | 108 => Next::Null,
        6 => Next::TokenRing,
        7 => Next::Arcnet,
        8 => Next::Slip,
        9 => Next::Ppp,
        10 => Next::Fddi,
        // RAW, and what some systems wrote for it before it had a number.
        101 | 12 | 14 => Next::Raw,
        50 => Next::PppHdlc,
        51 => Next::PppoeSession,
        100 => Next::Rfc1483,
        104 => Next::Chdlc,
        105 => Next::Wlan,
        106 => Next::Clip,
        107 => Next::FrameRelay,
        113 => Next::Sll,
        119 => Next::Prism,
        123 => Next::SunAtm,
        127 => Next::Radiotap,
        129 => Next::ArcnetLinux,
        130 | 132..=137 | 164 | 178..=181 | 183 | 194 => Next::Juniper(number),
        // Apple wrote packet taps as USER2 before they had a number.
        149 | 258 => Next::Pktap,
        163 => Next::Avs,
        182 => Next::Mfr,
        192 => Next::Ppi,
        195 => Next::Wpan { checksum: true },
        // One byte tells the direction.
        204 => Next::Directed(Directed::Ppp),
        205 => Next::Directed(Directed::Chdlc),
        206 => Next::Directed(Directed::FrameRelay),
        226 => Next::Ipnet,
        228 => Next::Ipv4,
        229 => Next::Ipv6,
        230 => Next::Wpan { checksum: false },
        239 => Next::Nflog,
        242 => Next::Ipoib,
        271 => Next::Vsock,
        274 => Next::Mpacket,
        276 => Next::Sll2,
        281 => Next::BroadcomTag { prepended: false },
        282 => Next::BroadcomTag { prepended: true },
        284 => Next::Dsa { extended: false },
        285 => Next::Dsa { extended: true },
        _ => Next::Unknown(Layer::Frame, u32::from(number)),
    }
}
