//! The laws that the fuzz targets check, for every seed and every capture in `testdata`, on every ordinary run.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

#[path = "../fuzz/laws/mod.rs"]
mod laws;
mod support;

use std::fs;
use std::path::Path;

#[test]
fn every_law_holds_for_its_seeds() {
    let mut broken = 0;
    for (name, law) in laws::ALL {
        let folder = root().join("fuzz/seeds").join(name);
        for path in files(&folder) {
            broken += u32::from(!holds(name, law, &path, &fs::read(&path).unwrap()));
        }
        for length in [0, 1, 2, 3, 50, 400, 3000] {
            let bytes = support::random::Random(length as u64).bytes(length);
            broken += u32::from(!holds(name, law, Path::new("random bytes"), &bytes));
        }
    }
    assert_eq!(broken, 0);
}

#[test]
fn every_law_holds_for_every_capture() {
    let mut broken = 0;
    for path in files(&root().join("testdata/captures")) {
        let bytes = fs::read(&path).unwrap();
        if bytes.len() > 20_000 {
            continue;
        }
        for (name, law) in laws::ALL {
            broken += u32::from(!holds(name, law, &path, &bytes));
        }
    }
    assert_eq!(broken, 0);
}

#[test]
fn laws_of_files_hold_for_damaged_captures() {
    let paths = files(&root().join("testdata/captures"));
    let mut broken = 0;
    for number in 0..150 {
        let mut random = support::random::Random(number);
        let mut pick = || fs::read(&paths[random.below(paths.len() as u64) as usize]).unwrap();
        let (mut bytes, other) = (pick(), pick());
        bytes.truncate(20_000);
        support::mutate::mutate(&mut bytes, &other[..other.len().min(20_000)], &mut random);
        for (name, law) in laws::ALL.iter().filter(|(name, _)| ["containers", "journey"].contains(name)) {
            let made = format!("damaged capture {number}");
            broken += u32::from(!holds(name, *law, Path::new(&made), &bytes));
        }
    }
    assert_eq!(broken, 0);
}

/// Whether the law holds; if not, says so at once, so that all that are broken are heard of.
fn holds(name: &str, law: laws::Law, path: &Path, bytes: &[u8]) -> bool {
    let holds = std::panic::catch_unwind(|| law(bytes)).is_ok();
    if !holds {
        eprintln!("broken: {name}, {}", path.display());
    }
    holds
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn files(folder: &Path) -> Vec<std::path::PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let mut files: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}
