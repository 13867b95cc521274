//! The language in a page.

/// What `flowray help filter` prints.
pub const HELP: &str = "\
--filter EXPR (-f) chooses packets before anything is analysed, in the language of pcap-filter(7), as tcpdump does.
Flows and streams then consist of what passed; the numbers of packets still count all that were read.

    host 10.0.0.1            an address; also src host, dst host, src and dst host, ip6 host ::1
    net 10.0.0.0/8           a network; also net 10, net 192.168.1, net 10.0.0.0 mask 255.0.0.0
    port 80, portrange 1-99  TCP, UDP or SCTP; also tcp port 80, dst port domain, port (80 or 443)
    tcp, udp, icmp, icmp6    and ip, ip6, arp, sctp, igmp, esp, ah, stp, ...
    ip proto 47              what a header carries; a name that is a keyword needs a backslash: ip proto \\tcp
    ip6 protochain 6         the same, behind extension headers
    ether host 00:11:22:33:44:55        also ether src, ether dst, ether proto 0x88cc
    broadcast, multicast     of the link; also ip broadcast, ip multicast, ip6 multicast
    less 100, greater 1000   length on the wire; also len = 60
    inbound, outbound        where the capture says, as Linux cooked captures do
    type mgt subtype beacon  IEEE 802.11; also dir, wlan addr1 ... addr4, ra, ta

vlan [ID], mpls [LABEL], pppoes [SESSION] and geneve [NETWORK] select packets with such a header, and whatever follows
them in the expression is looked for behind it: `vlan 100 and tcp port 80`, `vlan and vlan and ip`.

HEADER[OFFSET:SIZE] is a number of 1, 2 or 4 bytes in a header, and comparisons may compute with it:

    tcp[tcpflags] & (tcp-syn|tcp-fin) != 0
    icmp[icmptype] = icmp-echo or icmp6[icmp6type] = icmp6-echo
    ip[6:2] & 0x3fff != 0                               fragments
    ether[0] & 1 = 0 and ip[16] >= 224
    tcp port 80 and ip[2:2] - ((ip[0] & 0xf) << 2) - ((tcp[12] & 0xf0) >> 2) != 0

`not` (!) binds most; `and` (&&) and `or` (||) bind equally, from left to right: use parentheses. An address or port
without qualifiers takes over those before it: `tcp dst port 80 or 443`.

Only the headers that the expression names are looked into: the outermost ones, and no tunnel but those above. Ports
are not in later fragments, and over IPv6 not behind extension headers; HEADER[...] of tcp, udp and icmp is IPv4 only.
Of a packet that was cut short before a byte that has to be looked at, no filter holds, not even with `not`. Names of
hosts and networks are not looked up. To choose a flow, use --flow, --stream or --where.

    flowray flows -f 'net 10.0.0.0/8 and tcp port 443' capture.pcap
    flowray packets -f 'tcp[tcpflags] & tcp-rst != 0' capture.pcap
    flowray packets -f 'vlan 100 and host 10.0.0.1' -w chosen.pcapng capture.pcapng
";

#[cfg(test)]
mod tests {
    use crate::filter::Filter;

    #[test]
    fn every_example_is_a_filter() {
        let examples = super::HELP.split('`').skip(1).step_by(2).filter(|text| text.contains(' '));
        let quoted = super::HELP.lines().filter_map(|line| line.split('\'').nth(1));
        let mut seen = 0;
        for example in examples.chain(quoted) {
            seen += 1;
            assert!(Filter::parse(example).is_ok(), "{example}");
        }
        assert_eq!(seen, 6);
    }
}
