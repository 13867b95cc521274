//! The words that stand for numbers: fields, flags, protocols, frame types.

/// The number that `name` stands for wherever a number may stand: header offsets, ICMP types, TCP flags.
pub(super) fn constant(name: &str) -> Option<u32> {
    lookup(CONSTANTS, name)
}

/// The IP protocol number of `name`, as in IANA's registry and `/etc/protocols`.
pub(super) fn ip_protocol(name: &str) -> Option<u32> {
    lookup(IP_PROTOCOLS, name)
}

/// The EtherType, or the LLC service access point where that is below 1501, that `ether proto` knows by `name`.
pub(super) fn ether_protocol(name: &str) -> Option<u32> {
    lookup(ETHER_PROTOCOLS, name)
}

/// The network layer protocol identifier of an OSI protocol (ISO/IEC TR 9577).
pub(super) fn iso_protocol(name: &str) -> Option<u32> {
    lookup(ISO_PROTOCOLS, name)
}

/// All names that `proto` takes, for proposals.
pub(super) fn protocols() -> impl Iterator<Item = &'static str> {
    IP_PROTOCOLS.iter().chain(ETHER_PROTOCOLS).chain(ISO_PROTOCOLS).map(|(name, _)| *name)
}

/// IEEE 802.11-2020 §9.2.4.1.3: the type bits of the first frame control byte.
pub(super) fn wlan_type(name: &str) -> Option<u32> {
    lookup(WLAN_TYPES, &name.to_ascii_lowercase())
}

/// The subtype bits of the first frame control byte that `name` stands for in frames of type `kind`.
pub(super) fn wlan_subtype(kind: u32, name: &str) -> Option<u32> {
    let table = match kind {
        0 => WLAN_MANAGEMENT,
        4 => WLAN_CONTROL,
        8 => WLAN_DATA,
        _ => return None,
    };
    lookup(table, &name.to_ascii_lowercase())
}

/// The two direction bits of the second frame control byte.
pub(super) fn wlan_direction(name: &str) -> Option<u32> {
    lookup(&[("nods", 0), ("tods", 1), ("fromds", 2), ("dstods", 3)], &name.to_ascii_lowercase())
}

/// The control byte of an LLC frame: mask and value (IEEE 802.2 §5.4).
pub(super) fn llc_control(name: &str) -> Option<(u32, u32)> {
    let name = name.to_ascii_lowercase();
    let (_, mask, value) = LLC_CONTROLS.iter().find(|(known, ..)| *known == name)?;
    Some((*mask, *value))
}

/// Why OpenBSD's packet filter logged a packet.
pub(super) fn pf_reason(name: &str) -> Option<u32> {
    position(PF_REASONS, &name.to_ascii_lowercase())
}

/// What OpenBSD's packet filter did with a packet.
pub(super) fn pf_action(name: &str) -> Option<u32> {
    match name.to_ascii_lowercase().as_str() {
        "accept" => Some(0),
        "block" => Some(1),
        name => position(PF_ACTIONS, name),
    }
}

fn lookup(table: &[(&str, u32)], name: &str) -> Option<u32> {
    table.iter().find(|(known, _)| *known == name).map(|(_, number)| *number)
}

fn position(table: &[&str], name: &str) -> Option<u32> {
    table.iter().zip(0..).find(|(known, _)| **known == name).map(|(_, number)| number)
}

const CONSTANTS: &[(&str, u32)] = &[
    ("icmptype", 0),
    ("icmpcode", 1),
    ("icmp-echoreply", 0),
    ("icmp-unreach", 3),
    ("icmp-sourcequench", 4),
    ("icmp-redirect", 5),
    ("icmp-echo", 8),
    ("icmp-routeradvert", 9),
    ("icmp-routersolicit", 10),
    ("icmp-timxceed", 11),
    ("icmp-paramprob", 12),
    ("icmp-tstamp", 13),
    ("icmp-tstampreply", 14),
    ("icmp-ireq", 15),
    ("icmp-ireqreply", 16),
    ("icmp-maskreq", 17),
    ("icmp-maskreply", 18),
    ("icmp6type", 0),
    ("icmp6code", 1),
    ("icmp6-destinationunreach", 1),
    ("icmp6-packettoobig", 2),
    ("icmp6-timeexceeded", 3),
    ("icmp6-parameterproblem", 4),
    ("icmp6-echo", 128),
    ("icmp6-echoreply", 129),
    ("icmp6-multicastlistenerquery", 130),
    ("icmp6-multicastlistenerreportv1", 131),
    ("icmp6-multicastlistenerdone", 132),
    ("icmp6-routersolicit", 133),
    ("icmp6-routeradvert", 134),
    ("icmp6-neighborsolicit", 135),
    ("icmp6-neighboradvert", 136),
    ("icmp6-redirect", 137),
    ("icmp6-routerrenum", 138),
    ("icmp6-nodeinformationquery", 139),
    ("icmp6-nodeinformationresponse", 140),
    ("icmp6-ineighbordiscoverysolicit", 141),
    ("icmp6-ineighbordiscoveryadvert", 142),
    ("icmp6-multicastlistenerreportv2", 143),
    ("icmp6-homeagentdiscoveryrequest", 144),
    ("icmp6-homeagentdiscoveryreply", 145),
    ("icmp6-mobileprefixsolicit", 146),
    ("icmp6-mobileprefixadvert", 147),
    ("icmp6-certpathsolicit", 148),
    ("icmp6-certpathadvert", 149),
    ("icmp6-multicastrouteradvert", 151),
    ("icmp6-multicastroutersolicit", 152),
    ("icmp6-multicastrouterterm", 153),
    ("tcpflags", 13),
    ("tcp-fin", 0x01),
    ("tcp-syn", 0x02),
    ("tcp-rst", 0x04),
    ("tcp-push", 0x08),
    ("tcp-ack", 0x10),
    ("tcp-urg", 0x20),
    ("tcp-ece", 0x40),
    ("tcp-cwr", 0x80),
];

const IP_PROTOCOLS: &[(&str, u32)] = &[
    ("ip", 0),
    ("hopopt", 0),
    ("icmp", 1),
    ("igmp", 2),
    ("ggp", 3),
    ("ipencap", 4),
    ("st", 5),
    ("tcp", 6),
    ("egp", 8),
    ("igp", 9),
    ("pup", 12),
    ("udp", 17),
    ("hmp", 20),
    ("xns-idp", 22),
    ("rdp", 27),
    ("iso-tp4", 29),
    ("dccp", 33),
    ("xtp", 36),
    ("ddp", 37),
    ("idpr-cmtp", 38),
    ("ipv6", 41),
    ("ipv6-route", 43),
    ("ipv6-frag", 44),
    ("idrp", 45),
    ("rsvp", 46),
    ("gre", 47),
    ("esp", 50),
    ("ah", 51),
    ("skip", 57),
    ("ipv6-icmp", 58),
    ("ipv6-nonxt", 59),
    ("ipv6-opts", 60),
    ("rspf", 73),
    ("vmtp", 81),
    ("eigrp", 88),
    ("ospf", 89),
    ("ax.25", 93),
    ("ipip", 94),
    ("etherip", 97),
    ("encap", 98),
    ("pim", 103),
    ("ipcomp", 108),
    ("vrrp", 112),
    ("l2tp", 115),
    ("isis", 124),
    ("sctp", 132),
    ("fc", 133),
    ("mobility-header", 135),
    ("udplite", 136),
    ("mpls-in-ip", 137),
    ("manet", 138),
    ("hip", 139),
    ("shim6", 140),
    ("wesp", 141),
    ("rohc", 142),
    ("ethernet", 143),
];

const ETHER_PROTOCOLS: &[(&str, u32)] = &[
    ("aarp", 0x80f3),
    ("arp", 0x0806),
    ("atalk", 0x809b),
    ("decnet", 0x6003),
    ("ip", 0x0800),
    ("ip6", 0x86dd),
    ("lat", 0x6004),
    ("loopback", 0x9000),
    ("mopdl", 0x6001),
    ("moprc", 0x6002),
    ("rarp", 0x8035),
    ("sca", 0x6007),
    ("iso", 0xfe),
    ("stp", 0x42),
    ("ipx", 0xe0),
    ("netbeui", 0xf0),
];

const ISO_PROTOCOLS: &[(&str, u32)] = &[("clnp", 0x81), ("esis", 0x82), ("isis", 0x83)];

const WLAN_TYPES: &[(&str, u32)] = &[("mgt", 0), ("management", 0), ("ctl", 4), ("control", 4), ("data", 8)];

const WLAN_MANAGEMENT: &[(&str, u32)] = &[
    ("assocreq", 0x00),
    ("assoc-req", 0x00),
    ("assocresp", 0x10),
    ("assoc-resp", 0x10),
    ("reassocreq", 0x20),
    ("reassoc-req", 0x20),
    ("reassocresp", 0x30),
    ("reassoc-resp", 0x30),
    ("probereq", 0x40),
    ("probe-req", 0x40),
    ("proberesp", 0x50),
    ("probe-resp", 0x50),
    ("beacon", 0x80),
    ("atim", 0x90),
    ("disassoc", 0xa0),
    ("disassociation", 0xa0),
    ("auth", 0xb0),
    ("authentication", 0xb0),
    ("deauth", 0xc0),
    ("deauthentication", 0xc0),
];

const WLAN_CONTROL: &[(&str, u32)] =
    &[("ps-poll", 0xa0), ("rts", 0xb0), ("cts", 0xc0), ("ack", 0xd0), ("cf-end", 0xe0), ("cf-end-ack", 0xf0)];

const WLAN_DATA: &[(&str, u32)] = &[
    ("data", 0x00),
    ("data-cf-ack", 0x10),
    ("data-cf-poll", 0x20),
    ("data-cf-ack-poll", 0x30),
    ("null", 0x40),
    ("cf-ack", 0x50),
    ("cf-poll", 0x60),
    ("cf-ack-poll", 0x70),
    ("qos-data", 0x80),
    ("qos-data-cf-ack", 0x90),
    ("qos-data-cf-poll", 0xa0),
    ("qos-data-cf-ack-poll", 0xb0),
    ("qos", 0xc0),
    ("qos-cf-poll", 0xe0),
    ("qos-cf-ack-poll", 0xf0),
];

const LLC_CONTROLS: &[(&str, u32, u32)] = &[
    ("i", 0x01, 0x00),
    ("s", 0x03, 0x01),
    ("u", 0x03, 0x03),
    ("rr", 0x0f, 0x01),
    ("rnr", 0x0f, 0x05),
    ("rej", 0x0f, 0x09),
    ("ui", 0xef, 0x03),
    ("ua", 0xef, 0x63),
    ("disc", 0xef, 0x43),
    ("dm", 0xef, 0x0f),
    ("sabme", 0xef, 0x6f),
    ("test", 0xef, 0xe3),
    ("xid", 0xef, 0xaf),
    ("frmr", 0xef, 0x87),
];

const PF_REASONS: &[&str] = &[
    "match",
    "bad-offset",
    "fragment",
    "short",
    "normalize",
    "memory",
    "bad-timestamp",
    "congestion",
    "ip-option",
    "proto-cksum",
    "state-mismatch",
    "state-insert",
    "state-limit",
    "src-limit",
    "synproxy",
];

const PF_ACTIONS: &[&str] = &[
    "pass",
    "drop",
    "scrub",
    "noscrub",
    "nat",
    "nonat",
    "binat",
    "nobinat",
    "rdr",
    "nordr",
    "synproxy-drop",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_table_has_a_name_twice() {
        for table in [CONSTANTS, IP_PROTOCOLS, ETHER_PROTOCOLS, WLAN_MANAGEMENT, WLAN_CONTROL, WLAN_DATA] {
            let mut names: Vec<_> = table.iter().map(|(name, _)| *name).collect();
            names.sort_unstable();
            let all = names.len();
            names.dedup();
            assert_eq!(names.len(), all);
        }
    }

    #[test]
    fn names_stand_for_their_numbers() {
        assert_eq!(constant("tcp-cwr"), Some(0x80));
        assert_eq!(constant("icmp6-neighboradvert"), Some(136));
        assert_eq!(ip_protocol("sctp"), Some(132));
        assert_eq!(ether_protocol("stp"), Some(0x42));
        assert_eq!(wlan_subtype(8, "QoS-data"), Some(0x80));
        assert_eq!(wlan_subtype(4, "beacon"), None);
        assert_eq!(llc_control("rnr"), Some((0x0f, 5)));
        assert_eq!(pf_action("block"), pf_action("drop"));
        assert_eq!(pf_reason("short"), Some(3));
    }
}
