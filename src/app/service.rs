//! Application protocols that the first bytes of a flow can show.

use serde::{Deserialize, Serialize};

/// Declares the services with their names in `flows.service`.
macro_rules! services {
    ($($service:ident $name:literal $meaning:literal;)*) => {
        /// An application protocol.
        #[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
        pub enum Service { $(#[doc = $meaning] $service,)* }

        impl Service {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$service,)*];

            /// The name in `flows.service`.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$service => $name,)* }
            }
        }
    };
}

services! {
    Http "http" "HTTP/0.9 to HTTP/1.1. RFC 9112";
    Http2 "http2" "HTTP/2 in the clear. RFC 9113 section 3.4";
    Tls "tls" "TLS, and SSL 3.0. RFC 8446 section 5.1";
    Dtls "dtls" "DTLS. RFC 9147 section 4";
    Quic "quic" "QUIC, by its long header. RFC 9000 section 17.2";
    Ssh "ssh" "SSH. RFC 4253 section 4.2";
    Dns "dns" "DNS, over UDP or TCP. RFC 1035 section 4";
    Smtp "smtp" "SMTP. RFC 5321 section 3.1";
    Ftp "ftp" "FTP. RFC 959 section 5.4";
    Pop3 "pop3" "POP3. RFC 1939 section 4";
    Imap "imap" "IMAP. RFC 9051 section 7.1.5";
    Smb "smb" "SMB over TCP. MS-SMB2 section 2.1";
    Rdp "rdp" "RDP. MS-RDPBCGR section 2.2.1.1";
    Mysql "mysql" "MySQL and MariaDB: the server's greeting.";
    Postgresql "postgresql" "PostgreSQL: start-up messages.";
    Redis "redis" "Redis: RESP requests.";
    Mqtt "mqtt" "MQTT: CONNECT. MQTT 5.0 section 3.1";
    Amqp "amqp" "AMQP: protocol header.";
    Sip "sip" "SIP. RFC 3261 section 7";
    Rtsp "rtsp" "RTSP. RFC 7826 section 7";
    Irc "irc" "IRC. RFC 2812 section 3.1";
    Xmpp "xmpp" "XMPP. RFC 6120 section 4.2";
    Ldap "ldap" "LDAP: a bind or search request. RFC 4511 section 4.2";
    Socks5 "socks5" "SOCKS 5: method negotiation, both ways. RFC 1928 section 3";
    Bittorrent "bittorrent" "BitTorrent: peer handshake.";
    Vnc "vnc" "VNC: ProtocolVersion. RFC 6143 section 7.1.1";
    Bgp "bgp" "BGP: its marker. RFC 4271 section 4.1";
    Dhcp "dhcp" "DHCP: magic cookie. RFC 2131 section 3";
    Stun "stun" "STUN: magic cookie. RFC 8489 section 5";
    Ssdp "ssdp" "SSDP: HTTP over UDP.";
    Snmp "snmp" "SNMP. RFC 3416";
    Wireguard "wireguard" "WireGuard: handshake.";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique() {
        let mut names: Vec<_> = Service::ALL.iter().map(|service| service.name()).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), Service::ALL.len());
    }
}
