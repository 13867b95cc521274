//! `handshakes`: how each TCP connection opened and closed.

use crate::pipeline::FlowRow;
use crate::report::Value;
use crate::report::fields::identity::{Identified, endpoints, file, start};
use crate::report::fields::{Flows, tcp};
use crate::report::schema::{Kind, Role, Schema, Spec};
use crate::tcp::{Moment, Summary};

type Field = Spec<Flows>;

/// The fields of `handshakes`.
pub static HANDSHAKES: Schema<Flows> = Schema {
    command: "handshakes",
    row: "a TCP connection",
    groups: &[&endpoints(), &start(), tcp::OPENING, tcp::OFFERS, tcp::AGREED, tcp::CLOSING, MOMENTS, &file()],
};

/// Declares an instant and the number of its packet.
macro_rules! moments {
    ($($at:literal $number:literal $meaning:literal $of:expr;)*) => {
        &[$(
            Field::one($at, Kind::Instant, $meaning, |row| instant(row, $of)),
            Field::one($number, Kind::Number, "The number of that packet.", |row| number(row, $of)),
        )*]
    };
}

static MOMENTS: &[Field] = moments! {
    "syn_s" "syn_packet" "The client's first SYN." |_, tcp| tcp.handshake.syn;
    "syn_ack_s" "syn_ack_packet" "The first SYN-ACK." |_, tcp| tcp.handshake.syn_ack;
    "ack_s" "ack_packet" "The client's first ACK of the SYN-ACK." |_, tcp| tcp.handshake.ack;
    "first_data_s" "first_data_packet" "The first payload of either side without SYN or RST." |_, tcp| tcp.first_data;
    "client_fin_s" "client_fin_packet" "The client's first FIN." |row, tcp| fin(row, tcp, Role::Client);
    "server_fin_s" "server_fin_packet" "The server's first FIN." |row, tcp| fin(row, tcp, Role::Server);
    "reset_s" "reset_packet" "The first RST." |_, tcp| tcp.close.reset;
    "last_ack_s" "last_ack_packet" "The ACK that ended the close." |_, tcp| tcp.close.last_ack;
};

type Find = fn(&FlowRow, &Summary) -> Option<Moment>;

fn instant(row: &FlowRow, find: Find) -> Value<'_> {
    let moment = tcp::tcp(row).and_then(|tcp| find(row, tcp));
    Value::instant(moment.map(|moment| moment.at), row.fine_clock)
}

fn number(row: &FlowRow, find: Find) -> Value<'_> {
    tcp::tcp(row).and_then(|tcp| find(row, tcp)).map(|moment| moment.number).into()
}

fn fin(row: &FlowRow, tcp: &Summary, role: Role) -> Option<Moment> {
    tcp.close.fin[row.direction(role)]
}
