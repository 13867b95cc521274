//! One line about a packet, for people.

use std::fmt::Write;

use crate::decode::Transport;
use crate::pipeline::PacketRow;
use crate::report::Written;
use crate::tcp::Flags;

/// What the packet is, in a line.
pub fn line(row: &PacketRow<'_>) -> String {
    let mut line = String::new();
    match row.packet.transport {
        Transport::Tcp(tcp) => {
            let _ = write!(line, "[{}]", Written::Flags(Flags(tcp.flags)));
            match row.verdict {
                Some(verdict) => {
                    let _ = write!(line, " seq {}", verdict.seq_relative);
                    if let Some(ack) = verdict.ack_relative {
                        let _ = write!(line, " ack {ack}");
                    }
                }
                None => {
                    let _ = write!(line, " seq {}", tcp.seq);
                }
            }
            let _ = write!(line, " len {} win {}", row.packet.payload_len, tcp.window);
        }
        Transport::Udp { .. } => {
            let _ = write!(line, "len {}", row.packet.payload_len);
        }
        Transport::Icmp { kind, code } => {
            let _ = write!(line, "type {kind} code {code}");
        }
        Transport::Ports { .. } | Transport::None => {
            if let Some(at) = row.packet.layers.last() {
                line.push_str(at.layer.full_name());
            }
            if let Some(fragment) = row.packet.fragment {
                let _ = write!(line, ", fragment of {:#06x} at {}", fragment.id, fragment.offset);
            }
        }
    }
    line
}
