//! HTTP through the whole program: however the bytes are cut, ordered and repeated they say the same; faulty ones end in a row
//! with an error or in none, and cost no neighbour.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod support;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

use support::conversation::{ACK, FIN, PSH, SYN};
use support::ip::{Ip, Tcp};
use support::random::Random;
use support::{link, pcap, records};

const CLIENT: (u8, u16) = (1, 40_000);
const SERVER: (u8, u16) = (2, 80);

/// Where each segment begins, and how long it is.
type Pieces = Vec<(usize, usize)>;

/// A connection in which the client says `asked`, and then the server `answered`, in segments that `cut` makes.
fn talk(port: u16, asked: &[u8], answered: &[u8], cut: &mut dyn FnMut(&[u8]) -> Pieces) -> Vec<Vec<u8>> {
    let mut id = 0;
    let mut frame = |from_client: bool, flags: u16, seq: u32, ack: u32, payload: &[u8]| {
        id += 1;
        let ip = if from_client { Ip::v4(CLIENT.0, SERVER.0) } else { Ip::v4(SERVER.0, CLIENT.0) };
        let (source_port, destination_port) = if from_client { (port, SERVER.1) } else { (SERVER.1, port) };
        let tcp = Tcp { source_port, destination_port, seq, ack, flags, window: 65_000, ..Tcp::default() };
        link::ethernet(&tcp.packet(&ip.id(id), payload))
    };
    let (client_end, server_end) = (1001 + asked.len() as u32, 5001 + answered.len() as u32);
    let mut frames = vec![
        frame(true, SYN, 1000, 0, &[]),
        frame(false, SYN | ACK, 5000, 1001, &[]),
        frame(true, ACK, 1001, 5001, &[]),
    ];
    for (at, len) in cut(asked) {
        frames.push(frame(true, PSH | ACK, 1001 + at as u32, 5001, &asked[at..at + len]));
    }
    frames.push(frame(false, ACK, 5001, client_end, &[]));
    for (at, len) in cut(answered) {
        frames.push(frame(false, PSH | ACK, 5001 + at as u32, client_end, &answered[at..at + len]));
    }
    frames.push(frame(true, ACK, client_end, server_end, &[]));
    frames.push(frame(false, FIN | ACK, server_end, client_end, &[]));
    frames.push(frame(true, FIN | ACK, client_end, server_end + 1, &[]));
    frames.push(frame(false, ACK, server_end + 1, client_end + 1, &[]));
    frames
}

fn whole(bytes: &[u8]) -> Pieces {
    (0..bytes.len()).step_by(1400).map(|at| (at, (bytes.len() - at).min(1400))).collect()
}

/// The rows of a capture, and its bodies by the names of their files.
fn heard(frames: Vec<Vec<u8>>, folder: &Path) -> (String, BTreeMap<String, Vec<u8>>) {
    let (file, saved) = (folder.join("talk.pcap"), folder.join("bodies"));
    fs::write(&file, pcap::ethernet(&records(1_000_000, frames))).unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_flowray"))
        .args(["http", "-q", "-o", "csv", "--save", saved.to_str().unwrap()])
        .args([
            "--fields",
            "flow,number,method,target,status,request_body_bytes,response_body_bytes,complete,error",
        ])
        .arg(&file)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let mut bodies = BTreeMap::new();
    for entry in saved.read_dir().into_iter().flatten() {
        let entry = entry.unwrap();
        bodies.insert(entry.file_name().into_string().unwrap(), fs::read(entry.path()).unwrap());
    }
    let _ = fs::remove_dir_all(saved);
    (String::from_utf8(output.stdout).unwrap(), bodies)
}

#[test]
fn any_segmentation_order_and_repetition_says_the_same() {
    let asked = b"GET /one HTTP/1.1\r\nHost: h\r\n\r\nPOST /two HTTP/1.1\r\nHost: h\r\nContent-Length: 11\r\n\r\nhello\r\nGET!GET /three HTTP/1.1\r\nHost: h\r\n\r\n";
    let mut answered = b"HTTP/1.1 200 OK\r\nContent-Length: 3000\r\n\r\n".to_vec();
    answered.extend(Random(7).bytes(3000));
    answered.extend(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nHTTP/\r\n10;x=y\r\n1.1 200 OK\r\n\r\nab\r\n0\r\nA: b\r\n\r\n");
    answered.extend(b"HTTP/1.1 204 No Content\r\n\r\n");
    let folder = tempfile::tempdir().unwrap();
    let expected = heard(talk(CLIENT.1, asked, &answered, &mut whole), folder.path());
    assert_eq!(expected.0.lines().count(), 4, "{}", expected.0);
    assert_eq!(expected.0.matches(",true,").count(), 3, "{}", expected.0);
    assert_eq!(expected.1.len(), 3, "{:?}", expected.1.keys());
    for seed in 0..40 {
        let mut random = Random(seed);
        let mut cut = |bytes: &[u8]| {
            let mut pieces = Vec::new();
            let (mut at, longest) = (0, 1 + random.below(700));
            while at < bytes.len() {
                let len = (1 + random.below(longest) as usize).min(bytes.len() - at);
                pieces.push((at, len));
                at += len;
            }
            for again in 0..pieces.len() {
                if random.once_in(4) {
                    // Sent again, with some of what is behind it.
                    let (at, len) = pieces[again];
                    pieces.push((at, (len + random.below(50) as usize).min(bytes.len() - at)));
                }
            }
            random.shuffle(&mut pieces);
            pieces
        };
        let frames = talk(CLIENT.1, asked, &answered, &mut cut);
        assert_eq!(heard(frames, folder.path()), expected, "seed {seed}");
    }
}

/// What `http` with these words says of these frames on standard error. What it printed is in `printed`.
fn http(frames: Vec<Vec<u8>>, words: &[&str], folder: &Path) -> String {
    let file = folder.join("talk.pcap");
    fs::write(&file, pcap::ethernet(&records(1_000_000, frames))).unwrap();
    let output =
        Command::new(env!("CARGO_BIN_EXE_flowray")).arg("http").args(words).arg(&file).output().unwrap();
    assert!(output.status.success());
    fs::write(folder.join("printed"), &output.stdout).unwrap();
    String::from_utf8(output.stderr).unwrap()
}

#[test]
fn only_bodies_of_chosen_exchanges_are_saved() {
    let asked = b"GET /one HTTP/1.1\r\nHost: h\r\n\r\nGET /two HTTP/1.1\r\nHost: h\r\n\r\n";
    let answered =
        b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\noneHTTP/1.1 404 No\r\nContent-Length: 3\r\n\r\ntwo";
    let folder = tempfile::tempdir().unwrap();
    for (condition, expected) in [
        ("status = 404", &["http_0_2_response.bin"][..]),
        ("target = '/one'", &["http_0_1_response.bin"]),
        ("status = 500", &[]),
        ("status > 0", &["http_0_1_response.bin", "http_0_2_response.bin"]),
    ] {
        let saved = folder.path().join("bodies");
        let words = ["--save", saved.to_str().unwrap(), "--where", condition];
        http(talk(CLIENT.1, asked, answered, &mut whole), &words, folder.path());
        let mut names: Vec<_> = saved
            .read_dir()
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        assert_eq!(names, expected, "{condition}");
        fs::remove_dir_all(saved).unwrap();
    }
}

#[test]
fn bodies_that_an_archive_leaves_out_are_named() {
    let folder = tempfile::tempdir().unwrap();
    for (len, left_out) in [(1 << 20, false), ((1 << 20) + 1, true)] {
        let mut answered = format!("HTTP/1.1 200 OK\r\nContent-Length: {len}\r\n\r\n").into_bytes();
        answered.extend(vec![b'x'; len]);
        let har = folder.path().join(format!("{len}.har"));
        let words = ["--har-bodies", "--har", har.to_str().unwrap()];
        let asked = b"GET / HTTP/1.1\r\nHost: h\r\n\r\n";
        let said = http(talk(CLIENT.1, asked, &answered, &mut whole), &words, folder.path());
        assert_eq!(said.contains("1 bodies are not in the archive"), left_out, "{said}");
    }
}

#[test]
fn segments_that_say_otherwise_than_before_are_told() {
    let answered = b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\none";
    let asked = b"GET / HTTP/1.1\r\nHost: h\r\n\r\n";
    let folder = tempfile::tempdir().unwrap();
    let sound = talk(CLIENT.1, asked, answered, &mut whole);
    let mut frames = sound.clone();
    let mut other = frames[3].clone();
    *other.last_mut().unwrap() ^= 1;
    // Its checksum is wrong now, which nobody looks at.
    frames.insert(4, other);
    let out = folder.path().join("streams");
    let streams = |frames: &[Vec<u8>], words: &[&str]| {
        let file = folder.path().join("streams.pcap");
        fs::write(&file, pcap::ethernet(&records(1_000_000, frames.to_vec()))).unwrap();
        let output = Command::new(env!("CARGO_BIN_EXE_flowray"))
            .arg("stream")
            .args(words)
            .arg(&file)
            .output()
            .unwrap();
        let _ = fs::remove_dir_all(&out);
        String::from_utf8(output.stderr).unwrap()
    };
    let all = ["--all", "--out", out.to_str().unwrap()];
    let expected = "1 segment had other content for bytes that came before: the first copy counts";
    assert!(http(frames.clone(), &[], folder.path()).contains(expected));
    assert!(streams(&frames, &all).contains(expected));
    assert!(streams(&frames, &["--as", "text", "0"]).contains(expected));
    assert!(
        streams(&frames, &["--overlap", "last", "0"]).contains("the last copy before it was acknowledged")
    );
    assert_eq!(http(sound.clone(), &[], folder.path()), "");
    assert_eq!(streams(&sound, &all), "");
}

/// Heads that never end, of many connections at once: what is kept of all together is bounded, and no neighbour is lost.
#[test]
fn what_is_kept_of_all_connections_is_bounded_and_told() {
    let talks: Vec<_> = (0..20)
        .map(|number| {
            let head = format!("GET /{number} HTTP/1.1\r\n{}", "A: bcdefghijk\r\n".repeat(3000));
            talk(10_000 + number, head.as_bytes(), b"", &mut whole)
        })
        .collect();
    let longest = talks.iter().map(Vec::len).max().unwrap();
    let mut frames: Vec<_> =
        (0..longest).flat_map(|turn| talks.iter().filter_map(move |talk| talk.get(turn).cloned())).collect();
    let (get, ok): (&[u8], &[u8]) =
        (b"GET /sound HTTP/1.1\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    let sound = talk(50_000, get, ok, &mut whole);
    // Amid them, while much is kept.
    frames.splice(600..600, sound);
    let folder = tempfile::tempdir().unwrap();
    let rows = |words: &[&str]| {
        let said = http(
            frames.clone(),
            &[&["-o", "csv", "--fields", "target,status,error"], words].concat(),
            folder.path(),
        );
        let printed = fs::read_to_string(folder.path().join("printed")).unwrap();
        (printed, said)
    };
    let (free, said) = rows(&[]);
    assert_eq!((said.as_str(), free.contains("crowded")), ("", false));
    for words in
        [&["--max-messages", "512K"][..], &["--max-messages", "512K", "-j", "3"], &["--max-memory", "64M"]]
    {
        let (bounded, said) = rows(words);
        assert!(said.contains("--max-messages was reached: "), "{said}");
        let crowded: Vec<_> = bounded.lines().filter(|row| row.ends_with(",,crowded")).collect();
        assert_eq!(crowded.len(), 20, "{bounded}");
        assert!(bounded.lines().any(|row| row == "/sound,200,"), "{bounded}");
    }
}

/// What the rows say of a faulty connection beside a sound one, after the flow: all but the first column.
fn of_faulty(asked: &[u8], answered: &[u8]) -> Vec<String> {
    let sound = talk(
        50_000,
        b"GET /sound HTTP/1.1\r\nHost: h\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
        &mut whole,
    );
    let mut faulty = talk(CLIENT.1, asked, answered, &mut whole);
    faulty.extend(sound);
    let folder = tempfile::tempdir().unwrap();
    let (rows, _) = heard(faulty, folder.path());
    assert!(rows.lines().any(|row| row == "1,1,GET,/sound,200,0,0,true,"), "the neighbour is there: {rows}");
    rows.lines().filter_map(|row| row.strip_prefix("0,")).map(Into::into).collect()
}

#[test]
fn faults_end_in_a_row_with_an_error_or_in_none() {
    let get: &[u8] = b"GET / HTTP/1.1\r\nHost: h\r\n\r\n";
    let ok: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
    let bomb = [b"GET / HTTP/1.1\r\n".as_slice(), &b"A: b\r\n".repeat(40_000), b"\r\n"].concat();
    let chunks = |size: &str| {
        format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{size}\r\nabc\r\n0\r\n\r\n")
            .into_bytes()
    };
    let post = |fields: &str| format!("POST / HTTP/1.1\r\nHost: h\r\n{fields}\r\n\r\nabc").into_bytes();
    for (what, asked, answered, error) in [
        ("a header bomb", bomb, ok.to_vec(), "head_too_large"),
        ("a chunk size that overflows", get.to_vec(), chunks("fffffffffffffffffffff"), "bad_chunk"),
        ("a negative chunk size", get.to_vec(), chunks("-3"), "bad_chunk"),
        ("a negative length", post("Content-Length: -3"), ok.to_vec(), "bad_length"),
        (
            "two lengths that disagree",
            post("Content-Length: 3\r\nContent-Length: 4"),
            ok.to_vec(),
            "conflicting_lengths",
        ),
        (
            "both codings of length",
            post("Content-Length: 3\r\nTransfer-Encoding: chunked"),
            ok.to_vec(),
            "length_and_chunked",
        ),
        ("an answer without a request", Vec::new(), ok.to_vec(), "no_request"),
    ] {
        let rows = of_faulty(&asked, &answered);
        assert!(!rows.is_empty() && rows[0].contains(error), "{what}: {rows:?}");
    }
    let binary = Random(3).bytes(5000);
    assert_eq!(of_faulty(&binary, &binary), Vec::<String>::new(), "binary on port 80");
}

/// Which connections let go what they keep is the same in every run, though what flows are looked up by is not.
#[test]
fn a_bound_that_connections_share_is_reached_in_the_same_way_in_every_run() {
    let talks = (0..150).map(|number| {
        let head = format!("GET /{number} HTTP/1.1\r\n{}\r\n", "A: bcdefghijk\r\n".repeat(number % 7 * 100));
        talk(10_000 + number as u16, head.as_bytes(), b"HTTP/1.1 204 None\r\n\r\n", &mut whole)
    });
    let talks: Vec<_> = talks.collect();
    let longest = talks.iter().map(Vec::len).max().unwrap();
    let frames: Vec<_> =
        (0..longest).flat_map(|turn| talks.iter().filter_map(move |talk| talk.get(turn).cloned())).collect();
    let folder = tempfile::tempdir().unwrap();
    let words = ["-o", "csv", "--fields", "target,status,error", "--max-messages", "1M"];
    let printed = || {
        let said = http(frames.clone(), &words, folder.path());
        (fs::read_to_string(folder.path().join("printed")).unwrap(), said)
    };
    let first = printed();
    let crowded = first.0.matches("crowded").count();
    assert!((10..140).contains(&crowded), "{crowded}");
    for _ in 0..3 {
        assert!(printed() == first);
    }
}
