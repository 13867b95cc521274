//! The fields that identify a flow, in every table of flows, handshakes and transactions.

use crate::flow::{Direction, Key, protocol_name};
use crate::pipeline::FlowRow;
use crate::report::Value;
use crate::report::schema::{Family, Kind, Role, Spec};
use crate::time::Timestamp;

/// A row that belongs to a flow.
pub trait Identified {
    /// Its flow number.
    fn flow(&self) -> u64;
    /// Its stream number.
    fn stream(&self) -> Option<u64>;
    /// Endpoints and protocol.
    fn key(&self) -> &Key;
    /// The direction in which the client sends.
    fn client(&self) -> Direction;
    /// The file it is of, where each of several is analysed on its own.
    fn file(&self) -> Option<&str>;
    /// Least time of the flow's packets.
    fn start(&self) -> Option<Timestamp>;
    /// Whether times have nine decimal digits.
    fn fine_clock(&self) -> bool;

    /// The direction in which `role` sends.
    fn direction(&self, role: Role) -> Direction {
        match role {
            Role::Client => self.client(),
            Role::Server => self.client().reverse(),
        }
    }
}

impl Identified for FlowRow {
    fn flow(&self) -> u64 {
        self.flow
    }

    fn stream(&self) -> Option<u64> {
        self.stream
    }

    fn key(&self) -> &Key {
        &self.key
    }

    fn client(&self) -> Direction {
        self.client
    }

    fn file(&self) -> Option<&str> {
        self.file.as_deref()
    }

    fn start(&self) -> Option<Timestamp> {
        self.start
    }

    fn fine_clock(&self) -> bool {
        self.fine_clock
    }
}

/// `flow` to `server_port`.
pub const fn endpoints<F: Family>() -> [Spec<F>; 5]
where
    for<'r> F::Row<'r>: Identified,
{
    [
        Spec::<F>::one("flow", Kind::Number, "0-based number in order of first packet, over all protocols.", |row| {
            row.flow().into()
        })
        .rank(90),
        Spec::<F>::one("stream",
            Kind::Number,
            "The number Wireshark gives it: 0-based, TCP and UDP each their own, in order of first sight of the \
             addresses and ports; a SYN with another sequence number begins a new one.",
            |row| row.stream().into(),
        )
        .source("Wireshark tcp.stream, udp.stream"),
        Spec::<F>::one("protocol",
            Kind::Text,
            "tcp, udp, icmp, icmpv6, sctp and so on, or the IP protocol number.",
            |row| protocol(row.key().protocol()),
        )
        .rank(70),
        Spec::<F>::side("{side}_address", Kind::Address, "Address of the {side}, of the innermost IP header.", |row, role| {
            row.key().sender(row.direction(role)).0.into()
        })
        .rank(100),
        Spec::<F>::side("{side}_port", Kind::Number, "Port of the {side}; null where the protocol has none.", |row, role| {
            let port = row.key().sender(row.direction(role)).1;
            has_ports(row.key().protocol()).then_some(port).into()
        })
        .rank(100),
    ]
}

/// `start_s`.
pub const fn start<F: Family>() -> [Spec<F>; 1]
where
    for<'r> F::Row<'r>: Identified,
{
    [Spec::<F>::one("start_s", Kind::Instant, "Least time of the flow's packets.", |row| {
        Value::instant(row.start(), row.fine_clock())
    })
    .rank(60)]
}

/// `file`.
pub const fn file<F: Family>() -> [Spec<F>; 1]
where
    for<'r> F::Row<'r>: Identified,
{
    [Spec::<F>::one("file", Kind::Text, "The file it is of, with --each; else null.", |row| {
        row.file().into()
    })
    .rank(98)]
}

pub(super) fn protocol(number: u8) -> Value<'static> {
    protocol_name(number).map_or_else(|| number.to_string().into(), Value::from)
}

/// TCP, UDP, DCCP, SCTP and UDP-Lite.
pub(super) const fn has_ports(protocol: u8) -> bool {
    matches!(protocol, 6 | 17 | 33 | 132 | 136)
}
