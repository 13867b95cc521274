//! Rows for tests.

use crate::decode::Address;
use crate::flow::{Direction, Key, Pair, Traffic};
use crate::pipeline::{FlowRow, ResponseStats};
use crate::tcp::{Opening, RttFigures, RttStats, Summary};
use crate::time::{Span, Timestamp};

/// A TCP flow to port 80, whose client sent `lost` segments again and 1000 times as many bytes.
pub fn flow(flow: u64, lost: u64) -> FlowRow {
    let (client, server) = ((Address::v4([10, 0, 0, 1]), 40_000), (Address::v4([10, 0, 0, 2]), 80));
    let (key, direction) = Key::new(6, client, server);
    let mut tcp = Summary { client: Some(direction), opening: Opening::Complete, ..Summary::default() };
    tcp.halves[direction].loss.retransmitted_segments = lost as u32;
    tcp.halves[direction].data_segments = 100;
    let rtt = |millis| RttFigures {
        min: Span::from_millis(millis),
        p95: Span::from_millis(millis * 2),
        ..RttFigures::default()
    };
    tcp.halves[direction].rtt = RttStats { samples: 90, figures: Some(rtt(30)) };
    let at = |millis| Some(Timestamp::from_nanos(1_700_000_000_000_000_000) + Span::from_millis(millis));
    let mut traffic = Pair::<Traffic>::default();
    traffic[direction] = Traffic {
        packets: 120,
        wire_bytes: lost * 1000,
        payload_bytes: lost * 900,
        header_bytes: lost * 80,
        ..Traffic::default()
    };
    traffic[Direction::Reverse] = Traffic { packets: 60, ..Traffic::default() };
    FlowRow {
        file: None,
        flow,
        stream: Some(flow),
        key,
        client: direction,
        client_inferred: false,
        continued: false,
        evicted: false,
        service: Some("http"),
        vlans: Vec::new(),
        tunnels: Vec::new(),
        first_packet: 1,
        start: at(0),
        end: at(1500),
        fine_clock: false,
        icmp_errors: 0,
        icmp_error: None,
        traffic,
        responses: Pair::<ResponseStats>::default(),
        tcp: Some(Box::new(tcp)),
        samples: None,
    }
}
