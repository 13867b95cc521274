//! From bytes to JSON: the same lines for one thread and many, for small blocks and large; every line is a JSON object;
//! every frame is accounted for.

use std::ops::ControlFlow;

use flowray::capture::{Capture, Options};
use flowray::pipeline::{FlowRow, PacketRows, Report, Settings, run};
use flowray::report::fields::{FLOWS, Flows, PACKETS, Packets};
use flowray::report::machine::JsonRows;

pub fn check(bytes: &[u8]) {
    super::file(bytes, |path| {
        let travel = |block_size, threads| {
            let mut capture =
                Capture::open(&[path.to_path_buf()], Options { block_size, ..Options::default() });
            let lines =
                Lines { flows: JsonRows::new(FLOWS.fields()), packets: JsonRows::new(PACKETS.fields()) };
            let settings =
                Settings { threads, packets: true, flows: true, hierarchy: true, ..Settings::default() };
            let mut out = Vec::new();
            let outcome = run(&mut capture, &settings, &lines, &mut |part: Vec<u8>| {
                out.extend(part);
                ControlFlow::Continue(())
            });
            let counts = outcome.expect("no error of its own").counts;
            let stopped: u64 = counts.stopped.values().sum();
            assert_eq!(counts.decoded + stopped, counts.chosen.packets, "frames unaccounted for");
            assert_eq!(
                counts.hierarchy.values().map(|amount| amount.packets).sum::<u64>(),
                counts.chosen.packets
            );
            (out, counts.read)
        };
        let one = travel(1 << 20, 1);
        let other = travel(64, 2);
        assert_eq!(one.1, other.1);
        assert!(one.0 == other.0, "the output depends on threads or blocks");
        let text = std::str::from_utf8(&one.0).expect("UTF-8");
        let mut packets = 0;
        for line in text.lines() {
            let row: serde_json::Value = serde_json::from_str(line).expect("JSON");
            packets += u64::from(row.get("captured_length").is_some());
        }
        assert_eq!(packets, one.1.packets, "a row a frame");
    });
}

struct Lines {
    flows: JsonRows<Flows>,
    packets: JsonRows<Packets>,
}

impl Report for Lines {
    type Part = Vec<u8>;
    type Row = ();

    fn flows(&self, rows: &mut dyn Iterator<Item = FlowRow>) -> Vec<u8> {
        let mut out = Vec::new();
        for row in rows {
            self.flows.row(&row, &mut out);
            out.push(b'\n');
        }
        out
    }

    fn packets(&self, rows: PacketRows<'_>) -> Vec<u8> {
        let mut out = Vec::new();
        rows.for_each(|row| {
            self.packets.row(row, &mut out);
            out.push(b'\n');
        });
        out
    }
}
