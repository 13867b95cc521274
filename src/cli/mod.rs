//! The command line: one file a command.

use std::io::Write;
use std::ops::ControlFlow;
use std::process::ExitCode;

use crate::capture::{Capture, Options};
use crate::pipeline::{FlowRow, PacketRows, Report, Settings, run};
use crate::report::fields::{FLOWS, Flows, HANDSHAKES, PACKETS, Packets};
use crate::report::machine::JsonRows;

/// Runs the program: for now `flows`, `handshakes` and `packets`, with `-o jsonl`.
pub fn main() -> ExitCode {
    let mut words: Vec<String> =
        std::env::args().skip(1).filter(|word| word != "-o" && word != "jsonl").collect();
    let command = if words.is_empty() { String::new() } else { words.remove(0) };
    let paths: Vec<_> = words.into_iter().map(Into::into).collect();
    let rows = if command == "handshakes" { &HANDSHAKES } else { &FLOWS };
    let lines = Lines { flows: JsonRows::new(rows.fields()), packets: JsonRows::new(PACKETS.fields()) };
    let mut capture = Capture::open(&paths, Options::default());
    let settings =
        Settings { packets: command == "packets", flows: command != "packets", ..Settings::default() };
    let mut give = |part: Vec<u8>| match std::io::stdout().write_all(&part) {
        Ok(()) => ControlFlow::Continue(()),
        Err(_) => ControlFlow::Break(()),
    };
    let ran = match command.as_str() {
        "flows" | "handshakes" | "packets" => run(&mut capture, &settings, &lines, &mut give),
        _ => return ExitCode::from(2),
    };
    capture.errors().iter().for_each(|error| eprintln!("flowray: {error}"));
    if ran.is_err() || !capture.errors().is_empty() { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

struct Lines {
    flows: JsonRows<Flows>,
    packets: JsonRows<Packets>,
}

impl Report for Lines {
    type Part = Vec<u8>;
    type Row = ();

    fn flows(&self, rows: &[FlowRow]) -> Vec<u8> {
        let mut out = Vec::new();
        for row in rows {
            self.flows.row(row, &mut out);
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
