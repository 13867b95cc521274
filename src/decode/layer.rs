//! The kinds of layers, with their names and their place in the OSI model.

use serde::{Deserialize, Serialize};

/// Declares the layers: variant, short name, OSI layer, full name.
macro_rules! layers {
    ($($variant:ident $name:literal $osi:literal $full:literal;)*) => {
        /// A kind of layer.
        #[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
        #[repr(u8)]
        pub enum Layer { $(#[doc = $full] $variant,)* }

        impl Layer {
            /// Every kind of layer, in the order of their discriminants.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// The short name, as tshark's `frame.protocols` has it.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// The layer of the OSI model, 1 to 7.
            pub const fn osi(self) -> u8 {
                match self { $(Self::$variant => $osi,)* }
            }

            /// The name for people.
            pub const fn full_name(self) -> &'static str {
                match self { $(Self::$variant => $full,)* }
            }
        }
    };
}

layers! {
    // Link layers and what stands around them.
    Frame "frame" 1 "Capture record";
    Ethernet "eth" 2 "Ethernet";
    EtherType "ethertype" 2 "EtherType";
    Isl "isl" 2 "Cisco Inter-Switch Link";
    Llc "llc" 2 "Logical Link Control";
    Vlan "vlan" 2 "802.1Q Virtual LAN";
    Ieee8021ad "ieee8021ad" 2 "802.1ad Provider Bridge";
    Ieee8021ah "ieee8021ah" 2 "802.1ah Provider Backbone Bridge";
    Macsec "macsec" 2 "802.1AE Security Tag";
    Vntag "vntag" 2 "VN-Tag";
    Cfp "cfp" 2 "Cisco FabricPath";
    CiscoMetaData "cmd" 2 "Cisco MetaData";
    AristaTag "avsp" 2 "Arista timestamp";
    BrcmTag "brcm-tag" 2 "Broadcom switch tag";
    DsaTag "dsa" 2 "Switch tag of the Distributed Switch Architecture";
    Mpls "mpls" 2 "Multiprotocol Label Switching";
    PseudoWire "pwethcw" 2 "Pseudo-wire control word";
    Pppoed "pppoed" 2 "PPP over Ethernet, discovery";
    Pppoes "pppoes" 2 "PPP over Ethernet, session";
    Ppp "ppp" 2 "Point-to-Point Protocol";
    PppMultilink "mp" 2 "PPP Multilink";
    Chdlc "chdlc" 2 "Cisco HDLC";
    FrameRelay "fr" 2 "Frame Relay";
    Mfr "mfr" 2 "Multilink Frame Relay";
    Slip "slip" 2 "Serial Line IP";
    Sll "sll" 2 "Linux cooked capture";
    Sll2 "sll" 2 "Linux cooked capture v2";
    Null "null" 2 "Null/loopback";
    Raw "raw" 2 "Raw packet data";
    Wlan "wlan" 2 "IEEE 802.11 wireless LAN";
    Radiotap "radiotap" 1 "Radiotap";
    Prism "prism" 1 "Prism capture header";
    Avs "wlancap" 1 "AVS capture header";
    Ppi "ppi" 1 "Per-Packet Information";
    Fddi "fddi" 2 "Fiber Distributed Data Interface";
    TokenRing "tr" 2 "Token Ring";
    Arcnet "arcnet" 2 "ARCNET";
    Atm "atm" 2 "Asynchronous Transfer Mode";
    Clip "clip" 2 "Classical IP over ATM";
    Juniper "juniper" 2 "Juniper capture header";
    Ipoib "ipoib" 2 "IP over InfiniBand";
    Nflog "nflog" 2 "Linux Netfilter log";
    Pktap "pktap" 1 "Apple packet tap";
    Ipnet "ipnet" 2 "Solaris IPNET";
    Mpacket "mpacket" 1 "802.3br mPacket";
    Wpan "wpan" 2 "IEEE 802.15.4";
    SixLowpan "6lowpan" 3 "IPv6 over low-power wireless networks";
    Vsock "vsock" 4 "Virtual socket";
    Nsh "nsh" 2 "Network Service Header";
    // Network layers.
    Arp "arp" 3 "Address Resolution Protocol";
    Ipv4 "ip" 3 "Internet Protocol version 4";
    Ipv6 "ipv6" 3 "Internet Protocol version 6";
    HopByHop "ipv6.hopopts" 3 "IPv6 hop-by-hop options";
    Routing "ipv6.routing" 3 "IPv6 routing header";
    FragmentHeader "ipv6.fraghdr" 3 "IPv6 fragment header";
    DestinationOptions "ipv6.dstopts" 3 "IPv6 destination options";
    Mobility "mipv6" 3 "Mobile IPv6";
    Shim6 "shim6" 3 "Shim6";
    Hip "hip" 3 "Host Identity Protocol";
    Ah "ah" 3 "Authentication Header";
    Esp "esp" 3 "Encapsulating Security Payload";
    Icmp "icmp" 3 "Internet Control Message Protocol";
    Icmpv6 "icmpv6" 3 "Internet Control Message Protocol for IPv6";
    Igmp "igmp" 3 "Internet Group Management Protocol";
    Pim "pim" 3 "Protocol Independent Multicast";
    // Tunnels.
    Gre "gre" 3 "Generic Routing Encapsulation";
    EtherIp "etherip" 2 "Ethernet within IP";
    Erspan "erspan" 2 "Encapsulated Remote Switched Port Analyzer";
    Vxlan "vxlan" 2 "Virtual eXtensible LAN";
    Geneve "geneve" 2 "Generic Network Virtualization Encapsulation";
    Gtp "gtp" 4 "GPRS Tunnelling Protocol";
    Teredo "teredo" 3 "Teredo";
    Ayiya "ayiya" 3 "Anything In Anything";
    L2tp "l2tp" 2 "Layer 2 Tunneling Protocol";
    Lisp "lisp" 3 "Locator/ID Separation Protocol, control";
    LispData "lisp-data" 3 "Locator/ID Separation Protocol, data";
    GtpPrime "gtpprime" 4 "GPRS Tunnelling Protocol prime";
    Udpencap "udpencap" 4 "UDP encapsulation of IPsec";
    Capwap "capwap" 2 "Control And Provisioning of Wireless Access Points";
    Lwapp "lwapp" 2 "Light Weight Access Point Protocol";
    // Transport.
    Tcp "tcp" 4 "Transmission Control Protocol";
    Udp "udp" 4 "User Datagram Protocol";
    UdpLite "udplite" 4 "Lightweight User Datagram Protocol";
    Sctp "sctp" 4 "Stream Control Transmission Protocol";
    Dccp "dccp" 4 "Datagram Congestion Control Protocol";
    // Named, not opened.
    Stp "stp" 2 "Spanning Tree Protocol";
    Cdp "cdp" 2 "Cisco Discovery Protocol";
    Lldp "lldp" 2 "Link Layer Discovery Protocol";
    Eapol "eapol" 2 "802.1X Authentication";
    Slow "slow" 2 "Slow Protocols";
    Loop "loop" 2 "Configuration Test Protocol";
    Ptp "ptp" 2 "Precision Time Protocol";
    Aoe "aoe" 2 "ATA over Ethernet";
    Osi "osi" 3 "OSI network layer";
    Ipx "ipx" 3 "Internetwork Packet Exchange";
    Netbios "netbios" 5 "NetBIOS frames";
    Lcp "lcp" 2 "PPP Link Control Protocol";
    Ipcp "ipcp" 2 "PPP IP Control Protocol";
    Ipv6cp "ipv6cp" 2 "PPP IPv6 Control Protocol";
    Pap "pap" 2 "PPP Password Authentication Protocol";
    Chap "chap" 2 "PPP Challenge Handshake Authentication Protocol";
    Slarp "slarp" 2 "Cisco Serial Line Address Resolution Protocol";
    Ospf "ospf" 3 "Open Shortest Path First";
    Eigrp "eigrp" 3 "Enhanced Interior Gateway Routing Protocol";
    Rsvp "rsvp" 3 "Resource Reservation Protocol";
    Vrrp "vrrp" 3 "Virtual Router Redundancy Protocol";
    Pgm "pgm" 4 "Pragmatic General Multicast";
    Nhrp "nhrp" 3 "Next Hop Resolution Protocol";
    Ipcomp "ipcomp" 3 "IP Payload Compression Protocol";
    Data "data" 7 "Data";
}

impl Layer {
    /// Whether the layer tells by an EtherType what follows, when `next` follows (`None`: something unknown).
    pub(super) fn is_typed_by_ethertype(self, next: Option<Self>) -> bool {
        let typed = matches!(
            self,
            Self::Ethernet
                | Self::Vlan
                | Self::Ieee8021ad
                | Self::Ieee8021ah
                | Self::Macsec
                | Self::Vntag
                | Self::Sll
                | Self::Sll2
        );
        typed && !matches!(next, Some(Self::Llc | Self::Ipx | Self::Cfp | Self::Ethernet | Self::Isl))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn only_the_two_cooked_captures_share_a_name() {
        let mut names = HashSet::new();
        let twice: Vec<_> = Layer::ALL.iter().filter(|layer| !names.insert(layer.name())).collect();
        assert_eq!(twice, [&Layer::Sll2]);
        assert!(Layer::ALL.iter().all(|layer| (1..=7).contains(&layer.osi())));
        assert_eq!(Layer::ALL.iter().position(|&layer| layer == Layer::Tcp), Some(Layer::Tcp as usize));
    }
}
