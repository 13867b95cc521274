//! How the connection opened: SYN, SYN-ACK, ACK, and what they agreed. RFC 9293 §3.5.

use serde::{Deserialize, Serialize};

use super::{EcnNegotiated, Flags, Handshake, Moment, Offer, Opening, Position, Segment, Seq};
use crate::flow::{Direction, Pair};
use crate::time::Span;

/// RFC 7323 §2.3: the greatest shift count.
const MAX_SHIFT: u8 = 14;

/// The opening, as far as it was seen.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize)]
pub(super) struct Opener {
    syns: Pair<Option<Syn>>,
    syn_acks: Pair<Option<Syn>>,
    /// Who sent the first SYN.
    client: Option<Direction>,
    ack: Option<Moment>,
    /// SYNs the client had sent when the SYN-ACK came, and SYN-ACKs the server had when the ACK came.
    asked: u8,
    answered: u8,
    refused: bool,
    fast_open: bool,
    offers: Pair<Option<Offer>>,
    /// What the offers come to, once both are known: asked of every segment.
    shifts: Pair<Option<u8>>,
    sent_again: Pair<u32>,
}

/// The first of its kind.
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
struct Syn {
    moment: Moment,
    seq: Seq,
    payload_len: u32,
    flags: Flags,
    tsval: Option<u32>,
}

impl Syn {
    /// Whether it was sent after `segment`. RFC 7323 §3.2: TSval does not decrease.
    fn is_after(&self, segment: &Segment) -> bool {
        let older = |(own, (other, _)): (u32, (u32, u32))| (other.wrapping_sub(own) as i32) < 0;
        self.seq == segment.seq && self.tsval.zip(segment.timestamps).is_some_and(older)
    }
}

/// Whether a SYN or SYN-ACK is the first that this side sent.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Sequel {
    First,
    /// The other kind was sent before: SYNs that crossed. RFC 9293 §3.5, figure 7
    Crossed,
    Again,
    /// It was sent before the one that was seen first, by its TSval.
    Overtaken,
}

impl Opener {
    /// A segment with SYN, without RST, that is not a copy of one.
    pub(super) fn on_syn(&mut self, direction: Direction, segment: &Segment) -> Sequel {
        let answer = segment.flags.contains(Flags::ACK);
        let other = if answer { self.syns[direction] } else { self.syn_acks[direction] };
        let kind = if answer { &mut self.syn_acks } else { &mut self.syns };
        let sequel = match (kind[direction], other) {
            (Some(first), _) if first.is_after(segment) => Sequel::Overtaken,
            (Some(_), _) => Sequel::Again,
            (None, Some(other)) if other.seq == segment.seq => Sequel::Crossed,
            _ => Sequel::First,
        };
        if kind[direction].is_none() {
            let moment = segment.moment();
            let (seq, payload_len, flags) = (segment.seq, segment.payload_len, segment.flags);
            let tsval = segment.timestamps.map(|(tsval, _)| tsval);
            kind[direction] = Some(Syn { moment, seq, payload_len, flags, tsval });
        }
        if self.offers[direction].is_none() {
            self.offers[direction] = Some(Offer {
                mss: segment.mss,
                window_scale: segment.window_scale,
                sack_permitted: segment.sack_permitted,
                timestamps: segment.timestamps.is_some(),
            });
            self.agree();
        }
        if matches!(sequel, Sequel::Again | Sequel::Overtaken) {
            self.sent_again[direction] += 1;
        }
        if answer {
            self.on_syn_ack(direction, segment);
        } else {
            self.client = self.client.or(Some(direction));
            if self.client == Some(direction) && self.syn_acks[direction.reverse()].is_none() {
                self.asked = self.asked.saturating_add(1);
            }
        }
        sequel
    }

    /// RFC 7323 §2.2: windows are scaled if both offered it.
    fn agree(&mut self) {
        let (Some(forward), Some(reverse)) = (self.offers.forward, self.offers.reverse) else { return };
        let both = forward.window_scale.is_some() && reverse.window_scale.is_some();
        let shift =
            |offer: Offer| offer.window_scale.filter(|_| both).map_or(0, |shift| shift.min(MAX_SHIFT));
        self.shifts = Pair { forward: Some(shift(forward)), reverse: Some(shift(reverse)) };
    }

    fn on_syn_ack(&mut self, direction: Direction, segment: &Segment) {
        if self.ack.is_none() {
            self.answered = self.answered.saturating_add(1);
        }
        // RFC 7413 §4.2.2: the SYN-ACK acknowledges the data, too.
        if let Some(syn) = self.syns[direction.reverse()].filter(|syn| syn.payload_len > 0) {
            self.fast_open |= segment.ack - syn.seq > 1;
        }
    }

    /// A segment without SYN and RST, that is not a copy.
    pub(super) fn on_segment(&mut self, direction: Direction, segment: &Segment) {
        if segment.flags.contains(Flags::ACK) {
            self.on_ack(direction, segment.ack, segment.moment());
        }
    }

    /// The same, with ACK.
    #[inline]
    pub(super) fn on_ack(&mut self, direction: Direction, ack: Seq, moment: Moment) {
        if self.ack.is_none()
            && let Some(answer) = &self.syn_acks[direction.reverse()]
            && self.client != Some(direction.reverse())
            && ack - answer.seq > 0
        {
            self.ack = Some(moment);
        }
    }

    /// A RST.
    pub(super) fn on_reset(&mut self, direction: Direction) {
        let server = self.client.is_some_and(|client| client != direction);
        self.refused |= server && self.syn_acks[direction].is_none();
    }

    /// Who opened the connection, and whether that is a guess.
    pub(super) fn client(&self) -> Option<(Direction, bool)> {
        let answered = || Direction::BOTH.into_iter().find(|&direction| self.syn_acks[direction].is_some());
        self.client
            .map(|client| (client, false))
            .or_else(|| answered().map(|server| (server.reverse(), true)))
    }

    /// The client's SYN, the answer, and the ACK were seen: only another SYN changes who the client is, and how long it took.
    pub(super) fn is_complete(&self) -> bool {
        let answered = self.client.is_some_and(|client| self.syn_acks[client.reverse()].is_some());
        answered && self.ack.is_some()
    }

    /// What the SYN or SYN-ACK of `direction` offered.
    pub(super) fn offer(&self, direction: Direction) -> Option<Offer> {
        self.offers[direction]
    }

    /// SYNs or SYN-ACKs of `direction` that were sent again.
    pub(super) fn sent_again(&self, direction: Direction) -> u32 {
        self.sent_again[direction]
    }

    /// By how many bits the windows of `direction` are shifted; `None` while not both SYNs were seen. RFC 7323 §2.2
    pub(super) fn shift(&self, direction: Direction) -> Option<u8> {
        self.shifts[direction]
    }

    /// SACK was agreed; a guess where no SYN was seen. RFC 2018 §2
    pub(super) fn sack(&self) -> Option<bool> {
        let offered = |direction: Direction| self.offers[direction].map(|offer| offer.sack_permitted);
        match (offered(Direction::Forward), offered(Direction::Reverse)) {
            (Some(forward), Some(reverse)) => Some(forward && reverse),
            (one, other) => one.or(other).filter(|offered| !offered),
        }
    }

    /// The client's SYN and the answer to it.
    fn pair(&self) -> (Option<&Syn>, Option<&Syn>) {
        match self.client() {
            Some((client, _)) => (self.syns[client].as_ref(), self.syn_acks[client.reverse()].as_ref()),
            None => (None, None),
        }
    }

    fn crossed(&self) -> bool {
        self.syns.forward.is_some() && self.syns.reverse.is_some()
    }

    /// Whether the server has acknowledged more than the SYN of `client`, up to `acked`: it had completed the handshake,
    /// though the capture may not show it.
    pub(super) fn was_heard(&self, client: Direction, acked: Option<Position>) -> bool {
        let syn = self.syns[client].as_ref().map_or(0, |syn| syn.payload_len);
        acked.is_some_and(|acked| acked > 1 + Position::from(syn))
    }

    /// How it opened; `client_acked`: the client sent something that only an answer could have allowed; `heard`: see
    /// [`Self::was_heard`].
    pub(super) fn opening(&self, client_acked: bool, heard: bool) -> Opening {
        match self.pair() {
            _ if self.crossed() => Opening::Simultaneous,
            (None, None) => Opening::Midstream,
            (_, Some(_)) if self.ack.is_some() || heard => Opening::Complete,
            (_, Some(_)) => Opening::HalfOpen,
            (Some(_), None) if self.refused => Opening::Refused,
            (Some(_), None) if client_acked => Opening::Complete,
            (Some(_), None) => Opening::NoAnswer,
        }
    }

    /// The details.
    pub(super) fn details(&self) -> Handshake {
        let (syn, answer) = self.pair();
        let (syn, syn_ack) = (syn.map(|syn| syn.moment), answer.map(|answer| answer.moment));
        let between = |from: Option<Moment>, to: Option<Moment>, sent: u8| {
            let span = to?.at.since(from?.at);
            (sent == 1 && span >= Span::ZERO && !self.crossed()).then_some(span)
        };
        Handshake {
            syn,
            syn_ack,
            ack: self.ack,
            // RFC 6298 §3 (Karn): of several, nothing tells which was answered.
            to_server: between(syn, syn_ack, self.asked),
            to_client: between(syn_ack, self.ack, self.answered),
            fast_open: self.fast_open,
        }
    }

    /// What both sides agreed on congestion notification; `None` unless both SYNs were seen.
    pub(super) fn ecn(&self) -> Option<EcnNegotiated> {
        let (syn, answer) = self.pair();
        let (syn, answer) = (syn?.flags, answer?.flags);
        let asks = Flags(Flags::ECE.0 | Flags::CWR.0);
        let bits = Flags(asks.0 | Flags::AE.0);
        // RFC 9768 §3.1.1, table 2: AE, CWR, ECE of a server that agrees are 010, 011, 100 or 110.
        let echoed = [Flags::CWR.0, asks.0, Flags::AE.0, Flags::AE.0 | Flags::CWR.0];
        Some(if syn.contains(bits) && echoed.contains(&(answer.0 & bits.0)) {
            EcnNegotiated::AccEcn
        } else if syn.contains(asks) && answer.0 & asks.0 == Flags::ECE.0 {
            // RFC 3168 §6.1.1
            EcnNegotiated::Ecn
        } else {
            EcnNegotiated::None
        })
    }
}

#[cfg(test)]
mod tests {
    use crate::flow::Direction;
    use crate::tcp::Opening;
    use crate::tcp::conversation::conversation;
    use crate::time::Span;

    /// RFC 9293 §3.5, figure 6.
    #[test]
    fn three_segments_open_it_and_measure_both_ways() {
        let trace = conversation(
            "0.000 > syn 0:1(0) mss 1460 wscale 7
             0.030 < syn 0:1(0) ack 1 mss 1400 wscale 2
             0.031 > 1:1(0) ack 1 win 100",
        );
        let summary = trace.summary();
        assert_eq!((summary.opening, summary.client), (Opening::Complete, Some(Direction::Forward)));
        let handshake = summary.handshake;
        assert_eq!(handshake.to_server, Some(Span::from_millis(30)));
        assert_eq!(handshake.to_client, Some(Span::from_millis(1)));
        assert_eq!(trace.verdict(3).window_scaled, Some(100 << 7));
    }

    /// RFC 6298 §3 (Karn): which of two SYNs was answered is not known.
    #[test]
    fn a_syn_sent_again_gives_no_sample() {
        let trace = conversation(
            "0.000 > syn 0:1(0)
             1.000 > syn 0:1(0)
             1.030 < syn 0:1(0) ack 1
             1.031 > 1:1(0) ack 1",
        );
        let handshake = trace.summary().handshake;
        assert_eq!((handshake.to_server, handshake.to_client), (None, Some(Span::from_millis(1))));
        assert_eq!(trace.client().syn_retransmissions, 1);
    }

    /// RFC 9293 §3.5, figure 7.
    #[test]
    fn syns_that_cross_open_it_without_a_retransmission() {
        let trace = conversation(
            "0.000 > syn 0:1(0)
             0.001 < syn 0:1(0)
             0.002 > syn 0:1(0) ack 1
             0.003 < syn 0:1(0) ack 1",
        );
        assert_eq!(trace.summary().opening, Opening::Simultaneous);
        assert_eq!(trace.client().syn_retransmissions + trace.server().syn_retransmissions, 0);
    }

    /// RFC 7323 §2.2: a shift counts only if both sides offered one.
    #[test]
    fn one_offer_alone_scales_nothing() {
        let trace = conversation(
            "0.000 > syn 0:1(0) wscale 7
             0.030 < syn 0:1(0) ack 1
             0.031 > 1:1(0) ack 1 win 100",
        );
        assert_eq!(trace.verdict(3).window_scaled, Some(100));
    }

    #[test]
    fn what_never_opened_says_why() {
        let opening = |script| conversation(script).summary().opening;
        assert_eq!(opening("0.000 > syn 0:1(0)\n 1.000 > syn 0:1(0)"), Opening::NoAnswer);
        assert_eq!(opening("0.000 > syn 0:1(0)\n 0.030 < rst 0:0(0) ack 1"), Opening::Refused);
        assert_eq!(opening("0.000 > syn 0:1(0)\n 0.030 < syn 0:1(0) ack 1"), Opening::HalfOpen);
        assert_eq!(opening("0.000 > 1:101(100) ack 1"), Opening::Midstream);
    }

    /// Captured in one direction only: what the server acknowledges it can only have got after the handshake.
    #[test]
    fn a_server_that_acknowledges_data_has_completed_the_handshake() {
        let opening = |script: &str| conversation(script).summary().opening;
        let answer = "0.000 < syn 0:1(0) ack 1\n";
        assert_eq!(opening(&format!("{answer}0.070 < 1:1(0) ack 176")), Opening::Complete);
        assert_eq!(opening(&format!("{answer}1.000 < syn 0:1(0) ack 1")), Opening::HalfOpen);
        assert_eq!(opening(&format!("{answer}0.070 < 1:101(100) ack 1")), Opening::HalfOpen);
        // RFC 7413 §4.2.2: the SYN-ACK acknowledges the data of the SYN.
        let fast_open = "0.000 > syn 0:101(100)\n 0.030 < syn 0:1(0) ack 101\n";
        assert_eq!(opening(fast_open), Opening::HalfOpen);
        assert_eq!(opening(&format!("{fast_open}0.031 < 1:1001(1000) ack 101")), Opening::HalfOpen);
    }
}
