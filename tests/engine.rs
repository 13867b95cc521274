//! The engine's output depends on neither threads nor blocks, and flows end when they should.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

mod support;

use std::fs;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use flowray::capture::{Capture, Options};
use flowray::flow::Key;
use flowray::pipeline::{
    self, Bounds, FlowRow, Lifetime, Listener, Outcome, PacketRows, Report, Services, Settings,
};
use flowray::time::Span;
use support::ip::{Ip, Tcp};
use support::{Record, link, pcap, records};

/// Everything that is known of every row, as text.
struct Text;

impl Report for Text {
    type Part = String;
    type Row = ();

    fn listen(&self, key: &Key) -> Option<Box<dyn Listener<()>>> {
        Some(Box::new(Services::of(key)?))
    }

    fn packets(&self, rows: PacketRows<'_>) -> String {
        let mut text = String::new();
        rows.for_each(|row| text += &format!("{row:?}\n"));
        text
    }

    fn flows(&self, rows: &mut dyn Iterator<Item = FlowRow>) -> String {
        rows.map(|row| format!("{row:?}\n")).collect()
    }
}

fn run(path: &Path, settings: &Settings, block_size: usize) -> (String, Outcome) {
    let mut capture = Capture::open(&[path.to_path_buf()], Options { block_size, ..Options::default() });
    let mut text = String::new();
    let outcome = pipeline::run(&mut capture, settings, &Text, &mut |part: String| {
        text += &part;
        ControlFlow::Continue(())
    })
    .unwrap();
    for error in capture.errors() {
        text += &format!("{error}\n");
    }
    (text, outcome)
}

fn captures() -> Vec<PathBuf> {
    captures_of(&Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/captures"))
}

/// The files of a folder, and of those within it.
fn captures_of(folder: &Path) -> Vec<PathBuf> {
    let mut paths: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths.into_iter().flat_map(|path| if path.is_dir() { captures_of(&path) } else { vec![path] }).collect()
}

#[test]
fn threads_and_blocks_change_nothing() {
    let captures = captures();
    assert!(captures.len() > 50);
    check_threads_and_blocks(&captures, &[(2, 4 << 10), (7, 64 << 10), (3, 256)]);
}

#[test]
#[ignore = "takes many minutes; FLOWRAY_CAPTURES names a folder of captures"]
fn threads_and_blocks_change_nothing_of_other_captures() {
    let folder = std::env::var_os("FLOWRAY_CAPTURES").expect("FLOWRAY_CAPTURES names a folder of captures");
    let captures = captures_of(Path::new(&folder));
    assert!(!captures.is_empty());
    check_threads_and_blocks(&captures, &[(2, 4 << 10), (7, 64 << 10), (2, 4 << 20)]);
}

/// What is said of captures with these threads and blocks is what is said with one thread.
fn check_threads_and_blocks(captures: &[PathBuf], others: &[(usize, usize)]) {
    let plain = Settings { flows: true, hierarchy: true, ..Settings::default() };
    let packets = Settings { packets: true, ..Settings::default() };
    let early = Settings {
        as_completed: Some(Lifetime { after_close: Span::from_millis(5), silence: Span::from_millis(20) }),
        ..plain.clone()
    };
    let bounded =
        Settings { bounds: Bounds { flows: 3, remembered: 2, ..Bounds::default() }, ..plain.clone() };
    let held = Settings { bounds: Bounds { held_rows: 5, ..Bounds::default() }, ..packets.clone() };
    for path in captures {
        for settings in [&plain, &packets, &early, &bounded, &held] {
            let with = |threads| Settings { threads, ..settings.clone() };
            let (expected, _) = run(path, &with(1), 1 << 20);
            for &(threads, block_size) in others {
                let (text, _) = run(path, &with(threads), block_size);
                let different = text.lines().zip(expected.lines()).find(|(one, other)| one != other);
                let name = path.display();
                assert!(text == expected, "{name}: {threads} threads, blocks of {block_size}: {different:?}");
            }
        }
    }
}

/// Where packets are wanted, every segment is analysed when it comes; otherwise those of a young connection are written
/// down first.
#[test]
fn when_a_connection_is_analysed_changes_nothing() {
    let compared: usize = captures().iter().map(|path| check_when_analysed(path)).sum();
    assert!(compared > 100, "{compared}");
}

/// The rows of a capture are the same whenever its connections are analysed. How many there are.
fn check_when_analysed(path: &Path) -> usize {
    let later = Settings { flows: true, samples: true, threads: 2, ..Settings::default() };
    let at_once = Settings { packets: true, ..later.clone() };
    let flows = |settings: &Settings| -> Vec<String> {
        let (text, _) = run(path, settings, 64 << 10);
        text.lines().filter(|line| line.starts_with("FlowRow")).map(Into::into).collect()
    };
    let expected = flows(&at_once);
    assert!(flows(&later) == expected, "{}", path.display());
    expected.len()
}

/// A client and a server.
fn ends() -> (Ip, Ip) {
    (Ip::v4(1, 2), Ip::v4(2, 1))
}

/// A segment of a connection between ports 0.
fn segment(ip: &Ip, seq: u32, ack: u32, flags: u16, payload: &[u8]) -> Vec<u8> {
    link::ethernet(&Tcp { seq, ack, flags, window: 1000, ..Tcp::default() }.packet(ip, payload))
}

/// A request and its answer.
fn exchange() -> [Vec<u8>; 6] {
    let (client, server) = ends();
    let (request, answer) = (b"GET / HTTP/1.1\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    [
        segment(&client, 100, 0, 0x02, b""),
        segment(&server, 300, 101, 0x12, b""),
        segment(&client, 101, 301, 0x10, b""),
        segment(&client, 101, 301, 0x18, request),
        segment(&server, 301, 119, 0x18, answer),
        segment(&client, 119, 339, 0x11, b""),
    ]
}

/// Whichever SYN comes when: the services are found, and the rows are the same whenever the connections are analysed.
#[test]
fn every_kind_of_syn_may_come_between_segments() {
    let (client, server) = ends();
    let whole = exchange();
    let mut spoken = 0;
    for (ip, seqs) in [(&client, [100, 7_000_000]), (&server, [300, 7_000_000])] {
        for (seq, flags) in seqs.into_iter().flat_map(|seq| [(seq, 0x02), (seq, 0x12)]) {
            for place in 0..=whole.len() {
                let mut frames = whole.to_vec();
                frames.insert(place, segment(ip, seq, 301, flags, b""));
                let file = file(&records(1_000_000, frames));
                check_when_analysed(file.path());
                let (text, _) = run(file.path(), &Settings { flows: true, ..Settings::default() }, 64 << 10);
                spoken += usize::from(text.contains("service: Some(\"http\")"));
            }
        }
    }
    assert_eq!(spoken, 56);
}

/// A TCP packet whose header is cut short has no ports, as the segments of a connection between ports 0 say of themselves.
#[test]
fn packets_that_are_no_segments_may_come_between_segments() {
    let (client, _) = ends();
    let whole = exchange();
    for opening in [0, 2] {
        for place in 0..=whole.len() - opening {
            let mut frames = whole[opening..].to_vec();
            frames.insert(place, link::ethernet(&client.packet(6, &[0; 4])));
            let file = file(&records(1_000_000, frames));
            assert_eq!(check_when_analysed(file.path()), 1);
            let (text, _) = run(file.path(), &Settings { flows: true, ..Settings::default() }, 64 << 10);
            assert!(text.contains("service: Some(\"http\")"), "{place} {text}");
        }
    }
}

/// A connection that is long enough to be analysed as it goes on, of a protocol that is known and of one that is not: whatever
/// comes in the midst of it, the rows are the same as where each packet is asked what it is.
#[test]
fn whatever_may_come_in_the_midst_of_a_long_connection() {
    let (client, server) = ends();
    let opening = exchange().into_iter().take(3);
    for first in [&b"SSH-2.0-OpenSSH\r\n"[..], &[0xff; 17]] {
        let mut frames: Vec<_> = opening.clone().collect();
        for round in 0..600 {
            let (at, payload) = (101 + 17 * round, if round == 0 { first } else { &[0xff; 17] });
            frames.push(segment(&client, at, 301, 0x18, payload));
            frames.push(segment(&server, 301, at + 17, 0x10, b""));
        }
        for (ip, seq, flags) in [
            (&client, 7_000_000, 0x02),
            (&server, 7_000_000, 0x12),
            (&client, 101 + 17 * 550, 0x10),
            (&client, 101 + 17 * 550, 0x11),
            (&server, 301, 0x14),
        ] {
            for payload in [&b""[..], b"HTTP/1.1 200 OK\r\n\r\n"] {
                let mut frames = frames.clone();
                frames.insert(3 + 2 * 550, segment(ip, seq, 101 + 17 * 550, flags, payload));
                let file = file(&records(1_000, frames));
                let flows = check_when_analysed(file.path());
                assert_eq!(flows, if flags == 0x02 { 2 } else { 1 });
            }
        }
    }
}

/// A capture in a file of its own.
fn file(records: &[Record]) -> tempfile::NamedTempFile {
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(file.path(), pcap::ethernet(records)).unwrap();
    file
}

/// A datagram of client `client`, `millis` after the beginning.
fn datagram(client: u8, millis: i64) -> Record {
    let ip = Ip::v4(client, 200);
    Record::new(millis * 1_000_000, link::ethernet(&ip.udp(1000, 2000, b"x")))
}

fn rows(file: &tempfile::NamedTempFile, settings: Settings) -> (Vec<FlowRow>, Outcome) {
    struct Rows;
    impl Report for Rows {
        type Part = Vec<FlowRow>;
        type Row = ();
        fn flows(&self, rows: &mut dyn Iterator<Item = FlowRow>) -> Vec<FlowRow> {
            rows.collect()
        }
    }
    let mut capture = Capture::open(&[file.path().to_path_buf()], Options::default());
    let mut all = Vec::new();
    let settings = Settings { flows: true, ..settings };
    let outcome = pipeline::run(&mut capture, &settings, &Rows, &mut |part| {
        all.extend(part);
        ControlFlow::Continue(())
    });
    (all, outcome.unwrap())
}

#[test]
fn a_silent_flow_goes_on_in_a_new_row_of_the_same_stream() {
    let mut records = vec![datagram(1, 0), datagram(2, 100)];
    records.extend((0..40).map(|n| datagram(3, 30_000 * n)));
    records.push(datagram(1, 1_200_000));
    let file = file(&records);
    let (rows, _) = rows(&file, Settings { as_completed: Some(Lifetime::default()), ..Settings::default() });
    let seen: Vec<_> = rows.iter().map(|row| (row.flow, row.stream, row.continued, row.evicted)).collect();
    let expected = [
        (0, Some(0), false, false),
        (1, Some(1), false, false),
        (2, Some(2), false, false),
        (3, Some(0), true, false),
    ];
    assert_eq!(seen, expected);
}

#[test]
fn without_as_completed_idle_time_splits_nothing() {
    let file = file(&[datagram(1, 0), datagram(1, 10_000_000)]);
    assert_eq!(rows(&file, Settings::default()).0.len(), 1);
}

#[test]
fn a_bound_on_flows_evicts_the_least_recently_used() {
    let records: Vec<_> = (0..20_000i64)
        .map(|n| {
            let ip = Ip::v4(1, 2);
            Record::new(n * 1000, link::ethernet(&ip.udp((n % 10_000) as u16 + 1, 53, b"x")))
        })
        .collect();
    let bounds = Bounds { flows: 1000, ..Bounds::default() };
    let (rows, outcome) = rows(&file(&records), Settings { bounds, ..Settings::default() });
    assert_eq!(outcome.evicted, rows.iter().filter(|row| row.evicted).count() as u64);
    assert!(outcome.evicted >= 15_000, "{}", outcome.evicted);
    let packets: u64 = rows.iter().map(|row| row.traffic.forward.packets + row.traffic.reverse.packets).sum();
    assert_eq!(packets, 20_000);
    assert!(rows.iter().skip(10_000).any(|row| row.continued));
}

/// Which of the flows that were ended together are remembered does not depend on how they are hashed.
#[test]
fn what_is_remembered_of_evicted_flows_is_the_same_every_time() {
    let records: Vec<_> = (0..40_000i64)
        .map(|n| {
            let port = (n * n % 4099 % 500) as u16 + 1;
            Record::new(n * 1000, link::ethernet(&Ip::v4(1, 2).udp(port, 53, b"x")))
        })
        .collect();
    let file = file(&records);
    let bounds = Bounds { flows: 100, remembered: 50, ..Bounds::default() };
    let settings = Settings { flows: true, bounds, threads: 2, ..Settings::default() };
    let (first, outcome) = run(file.path(), &settings, 64 << 10);
    assert!(outcome.evicted > 100 && first.contains("continued: true") && first.contains("continued: false"));
    for _ in 0..3 {
        assert!(run(file.path(), &settings, 4 << 10).0 == first);
    }
}

#[test]
fn a_closed_connection_ends_two_minutes_later() {
    let ip = Ip::v4(1, 2);
    let tcp = |flags: u16, millis: i64| {
        let tcp = Tcp { source_port: 1000, destination_port: 80, seq: 1, flags, ..Tcp::default() };
        Record::new(millis * 1_000_000, link::ethernet(&tcp.packet(&ip, b"")))
    };
    let mut records = vec![tcp(0x02, 0), tcp(0x04, 10)];
    records.extend((0..30).map(|n| datagram(3, 10_000 * n)));
    let (rows, _) =
        rows(&file(&records), Settings { as_completed: Some(Lifetime::default()), ..Settings::default() });
    assert_eq!(rows.iter().map(|row| (row.flow, row.evicted)).collect::<Vec<_>>(), [(0, false), (1, false)]);
}

/// A long connection of no known protocol that closed is put aside, analysed, with what its listener remembers. It says the
/// same afterwards as where everything is one block and nothing rests, whether or not it has another packet.
#[test]
fn what_was_put_aside_comes_back_as_it_was() {
    let (client, server) = (Ip::v4(1, 2), Ip::v4(2, 1));
    let connection = |port: u16| {
        let segment =
            |(ip, source_port, destination_port): (&Ip, u16, u16), seq, ack, flags, payload: &[u8]| {
                let tcp =
                    Tcp { source_port, destination_port, seq, ack, flags, window: 1000, ..Tcp::default() };
                link::ethernet(&tcp.packet(ip, payload))
            };
        let (up, down) = ((&client, port, 7777), (&server, 7777, port));
        let mut frames = vec![
            segment(up, 99, 0, 0x02, b""),
            segment(down, 499, 100, 0x12, b""),
            segment(up, 100, 500, 0x10, b""),
        ];
        for n in 0..100 {
            frames.push(segment(up, 100 + 10 * n, 500 + 20 * n, 0x18, b"0123456789"));
            frames.push(segment(down, 500 + 20 * n, 110 + 10 * n, 0x18, b"01234567890123456789"));
        }
        frames.push(segment(up, 1100, 2500, 0x14, b""));
        frames
    };
    let mut records: Vec<_> = [1000, 1001].into_iter().flat_map(connection).collect();
    let late = records[50].clone();
    records.extend((0..2000).map(|n| link::ethernet(&Ip::v4(3, 4).udp(1, 2, &[n as u8]))));
    records.push(late);
    let records: Vec<_> =
        records.into_iter().zip(0..).map(|(frame, n)| Record::new(n * 1_000_000, frame)).collect();
    let file = file(&records);
    let settings = Settings { flows: true, samples: true, threads: 2, ..Settings::default() };
    let (awake, _) = run(file.path(), &settings, 1 << 20);
    let (put_aside, _) = run(file.path(), &settings, 256);
    assert_eq!(awake.lines().count(), 3);
    assert!(awake == put_aside, "{awake}\n{put_aside}");
}
