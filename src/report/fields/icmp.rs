//! What an ICMP error says, in a word.

use crate::decode::IcmpError;

/// The name of an ICMP or ICMPv6 error; `None` where type and code have none.
/// RFC 792, RFC 1122 §3.2.2.1, RFC 1812 §5.2.7.1, RFC 4443 §3.
pub const fn icmp_error_name(error: IcmpError) -> Option<&'static str> {
    Some(match (error.v6, error.kind, error.code) {
        (false, 3, 0) => "net_unreachable",
        (false, 3, 1) => "host_unreachable",
        (false, 3, 2) => "protocol_unreachable",
        (false, 3, 3) => "port_unreachable",
        (false, 3, 4) => "fragmentation_needed",
        (false, 3, 5) => "source_route_failed",
        (false, 3, 6) => "net_unknown",
        (false, 3, 7) => "host_unknown",
        (false, 3, 8) => "host_isolated",
        (false, 3, 9) => "net_prohibited",
        (false, 3, 10) => "host_prohibited",
        (false, 3, 11) => "net_unreachable_for_tos",
        (false, 3, 12) => "host_unreachable_for_tos",
        (false, 3, 13) | (true, 1, 1) => "administratively_prohibited",
        (false, 3, 14) => "host_precedence_violation",
        (false, 3, 15) => "precedence_cutoff",
        (false, 3, _) | (true, 1, _) if !matches!((error.v6, error.code), (true, 0..=7)) => "unreachable",
        (false, 4, _) => "source_quench",
        (false, 5, _) => "redirect",
        (false, 11, 0) | (true, 3, 0) => "time_exceeded",
        (false, 11, 1) | (true, 3, 1) => "reassembly_time_exceeded",
        (false, 12, _) | (true, 4, _) => "parameter_problem",
        (true, 1, 0) => "no_route",
        (true, 1, 2) => "beyond_scope",
        (true, 1, 3) => "address_unreachable",
        (true, 1, 4) => "port_unreachable",
        (true, 1, 5) => "source_policy_failed",
        (true, 1, 6) => "route_rejected",
        (true, 1, 7) => "source_routing_error",
        (true, 2, _) => "packet_too_big",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_number_the_same_errors_differently() {
        let name = |v6, kind, code| icmp_error_name(IcmpError { v6, kind, code });
        assert_eq!(name(false, 3, 3), Some("port_unreachable"));
        assert_eq!(name(true, 1, 4), Some("port_unreachable"));
        assert_eq!(name(false, 11, 0), name(true, 3, 0));
        assert_eq!(name(false, 3, 99), Some("unreachable"));
        assert_eq!(name(true, 1, 99), Some("unreachable"));
        assert_eq!(name(true, 128, 0), None);
    }
}
