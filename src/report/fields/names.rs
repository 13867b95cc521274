//! What connections came to, in words.

use crate::tcp::{Closing, Opening, State};

/// How a connection opened, in a word.
pub const fn opening_name(opening: Opening) -> &'static str {
    match opening {
        Opening::Complete => "complete",
        Opening::HalfOpen => "half_open",
        Opening::NoAnswer => "no_answer",
        Opening::Refused => "refused",
        Opening::Midstream => "midstream",
        Opening::Simultaneous => "simultaneous",
    }
}

/// How a connection closed, in a word.
pub const fn closing_name(closing: Closing) -> &'static str {
    match closing {
        Closing::Graceful => "graceful",
        Closing::ClientReset => "client_reset",
        Closing::ServerReset => "server_reset",
        Closing::HalfClosed => "half_closed",
        Closing::Open => "open",
        Closing::ResetAfterClose => "reset_after_close",
    }
}

/// A state as RFC 9293 §3.3.2 spells it.
pub const fn state_name(state: State) -> &'static str {
    match state {
        State::Closed => "CLOSED",
        State::Listen => "LISTEN",
        State::SynSent => "SYN-SENT",
        State::SynReceived => "SYN-RECEIVED",
        State::Established => "ESTABLISHED",
        State::FinWait1 => "FIN-WAIT-1",
        State::FinWait2 => "FIN-WAIT-2",
        State::CloseWait => "CLOSE-WAIT",
        State::Closing => "CLOSING",
        State::LastAck => "LAST-ACK",
        State::TimeWait => "TIME-WAIT",
        State::Partial => "PARTIAL",
    }
}
