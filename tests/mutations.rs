//! Sound captures, thousands of damaged ones, and all beginnings of small ones, through every command: no panic, no run over ten seconds or 256 MiB, valid
//! JSON, and every packet and stream byte accounted for.
//!
//! Made from the captures of a folder with a fixed seed, so that a failure can be repeated:
//!
//! ```text
//! cargo build --release
//! FLOWRAY_MUTATE=testdata/captures FLOWRAY_BINARY=target/release/flowray cargo test --test mutations -- --ignored --nocapture
//! ```
//!
//! `FLOWRAY_MUTATIONS` is how many (default 20,000), `FLOWRAY_SEED` another seed, `FLOWRAY_SMALL` how many bytes a small capture has at most
//! (default 200). A capture that fails is kept and named.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod support;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use support::mutate::mutate;
use support::random::Random;

const LIMIT: Duration = Duration::from_secs(10);
/// Address space that a run may have, in KiB: far above what is promised, to catch what grows without bound.
const ADDRESS_SPACE: u64 = 3 << 20;
/// Memory that a run may have, in KiB, where `time` is there to tell it.
const PEAK: u64 = 256 << 10;
const TIME: &str = "/usr/bin/time";
const FORMS: [&str; 5] = ["table", "jsonl", "json", "csv", "tsv"];

#[test]
fn a_few_damaged_captures_do_no_harm() {
    let captures = captures(&Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/captures"));
    let failures: Vec<String> = (0..60).flat_map(|number| damaged(&captures, 1, number)).collect();
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
#[ignore = "takes many minutes; see above"]
fn many_damaged_captures_do_no_harm() {
    let (count, seed) = (setting("FLOWRAY_MUTATIONS", 20_000), setting("FLOWRAY_SEED", 1));
    let captures = captures(&folder());
    let failures = all(count, &|number| damaged(&captures, seed, number));
    println!("{count} captures made from {}, {} failures", captures.len(), failures.len());
    assert!(failures.is_empty());
}

#[test]
#[ignore = "takes many minutes; see above"]
fn every_beginning_of_a_small_capture_does_no_harm() {
    let small = setting("FLOWRAY_SMALL", 200);
    let captures: Vec<_> = captures(&folder())
        .into_iter()
        .map(|path| (fs::read(&path).unwrap(), path))
        .filter(|(bytes, _)| bytes.len() as u64 <= small)
        .collect();
    // Each as often as it has beginnings, which are told apart by their lengths.
    let beginnings: Vec<(usize, usize)> = captures
        .iter()
        .enumerate()
        .flat_map(|(index, (bytes, _))| (0..bytes.len()).map(move |len| (index, len)))
        .collect();
    let failures = all(beginnings.len() as u64, &|number| {
        let (index, len) = beginnings[number as usize];
        let (bytes, path) = &captures[index];
        let name = path.file_name().unwrap().to_string_lossy();
        harm(&bytes[..len], path, &format!("{name}-{len}"), number)
    });
    println!("{} beginnings of {} captures, {} failures", beginnings.len(), captures.len(), failures.len());
    assert!(!beginnings.is_empty() && failures.is_empty());
}

#[test]
#[ignore = "takes many minutes; see above"]
fn every_capture_does_no_harm_in_every_form() {
    let captures = captures(&folder());
    let forms = FORMS.len() as u64;
    let failures = all(captures.len() as u64 * forms, &|number| {
        let path = &captures[(number / forms) as usize];
        harm(&fs::read(path).unwrap(), path, &path.file_name().unwrap().to_string_lossy(), number % forms)
    });
    println!("{} captures in {forms} forms, {} failures", captures.len(), failures.len());
    assert!(!captures.is_empty() && failures.is_empty());
}

fn folder() -> PathBuf {
    PathBuf::from(std::env::var("FLOWRAY_MUTATE").expect("FLOWRAY_MUTATE names a folder of captures"))
}

fn setting(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).map_or(otherwise, |text| text.parse().unwrap())
}

/// What went wrong with the captures that `one` makes and runs of the numbers below `count`, on all cores.
fn all(count: u64, one: &(dyn Fn(u64) -> Vec<String> + Sync)) -> Vec<String> {
    let next = AtomicU64::new(0);
    let work = || {
        let mut failures = Vec::new();
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            if number >= count {
                return failures;
            }
            failures.extend(one(number).into_iter().inspect(|failure| println!("{failure}")));
        }
    };
    let threads = std::thread::available_parallelism().map_or(2, usize::from);
    std::thread::scope(|scope| {
        let running: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        running.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    })
}

/// Makes the damaged capture `number` and runs every command on it; what went wrong.
fn damaged(captures: &[PathBuf], seed: u64, number: u64) -> Vec<String> {
    let mut random = Random(seed << 32 | number);
    let mut pick = || &captures[random.below(captures.len() as u64) as usize];
    let (path, other) = (pick(), pick());
    let mut bytes = fs::read(path).unwrap();
    mutate(&mut bytes, &fs::read(other).unwrap(), &mut random);
    harm(&bytes, path, &format!("{seed}-{number}"), number)
}

/// Runs every command on `bytes`, which were made from `path`, in the form of that number; what went wrong.
fn harm(bytes: &[u8], path: &Path, name: &str, number: u64) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("damaged");
    fs::write(&file, bytes).unwrap();
    let form = FORMS[(number % 5) as usize];
    let streams = folder.path().join("streams");
    // What is no table of rows has neither CSV nor TSV.
    let separated = matches!(form, "csv" | "tsv");
    let layers: &[&str] = &["packets", "--layers", "-o", form];
    let runs: [&[&str]; 6] = [
        &["summary", "-o", if separated { "json" } else { form }],
        if separated { &["packets", "-o", form] } else { layers },
        &["flows", "-o", form],
        &["handshakes", "-o", form],
        &["http", "-o", form],
        &["stream", "--all", "--out", streams.to_str().unwrap()],
    ];
    let known = known();
    runs.iter()
        .filter(|words| known.contains(&words[0].to_owned()))
        .filter_map(|words| run(words, &file).err().map(|why| format!("{}: {why}", words.join(" "))))
        .map(|why| {
            let kept = std::env::temp_dir().join(format!("flowray-mutation-{name}"));
            fs::write(&kept, bytes).unwrap();
            format!("{} (from {}, kept as {})", why, path.display(), kept.display())
        })
        .collect()
}

fn run(words: &[&str], file: &Path) -> Result<(), String> {
    let begun = Instant::now();
    let timed: &[&str] = if Path::new(TIME).exists() { &[TIME, "-f", "%M"] } else { &[] };
    let output = Command::new("sh")
        .args(["-c", &format!("ulimit -v {ADDRESS_SPACE}; exec \"$@\""), "sh"])
        .args(timed)
        .arg(binary())
        .args(words)
        .arg(file)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    let (said, peak) = match said.trim_end().rsplit_once('\n').unwrap_or(("", said.trim_end())) {
        (before, kib) if !timed.is_empty() => (before.to_owned(), kib.parse().unwrap_or(u64::MAX)),
        _ => (said.into_owned(), 0),
    };
    let said = said.replace("Command exited with non-zero status 1", "");
    if !matches!(output.status.code(), Some(0 | 1)) || said.contains("panicked") {
        return Err(format!("{}: {said}", output.status));
    }
    if peak > PEAK {
        return Err(format!("took {peak} KiB"));
    }
    if output.status.code() == Some(1) && said.trim().is_empty() {
        return Err("exit status 1 without a word".into());
    }
    if begun.elapsed() > LIMIT {
        return Err(format!("took {:?}", begun.elapsed()));
    }
    let Ok(text) = std::str::from_utf8(&output.stdout) else { return Err("no UTF-8".into()) };
    let documents: Vec<&str> = match words.last() {
        Some(&"jsonl") => text.lines().collect(),
        Some(&"json") => vec![text],
        _ => Vec::new(),
    };
    for document in documents {
        let value =
            serde_json::from_str::<serde_json::Value>(document).map_err(|why| format!("no JSON: {why}"))?;
        for law in ["packets_accounted", "streams_accounted"] {
            if words[0] == "summary" && value["soundness"][law] != serde_json::Value::Bool(true) {
                return Err(format!("not {law}"));
            }
        }
    }
    Ok(())
}

fn binary() -> PathBuf {
    std::env::var_os("FLOWRAY_BINARY").map_or_else(|| env!("CARGO_BIN_EXE_flowray").into(), PathBuf::from)
}

/// The commands that there are.
fn known() -> &'static [String] {
    static KNOWN: std::sync::OnceLock<Vec<String>> = std::sync::OnceLock::new();
    KNOWN.get_or_init(|| {
        let help = Command::new(binary()).arg("--help").output().unwrap();
        let text = String::from_utf8(help.stdout).unwrap();
        text.lines().filter_map(|line| line.split_whitespace().next().map(String::from)).collect()
    })
}

fn captures(folder: &Path) -> Vec<PathBuf> {
    let mut folders = vec![folder.to_path_buf()];
    let mut captures = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            match fs::metadata(&path) {
                Ok(found) if found.is_dir() => folders.push(path),
                Ok(found) if found.len() < 2 << 20 => captures.push(path),
                _ => {}
            }
        }
    }
    captures.sort();
    captures
}
