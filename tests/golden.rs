//! What the program prints, compared with what was reviewed and committed.
//!
//! Every file `testdata/golden/NAME.COMMAND[.VARIANT].txt|json|jsonl|csv|tsv` is a case: the standard output of
//! `flowray COMMAND NAME.*` (`-o` as the extension says) in `testdata/captures`. What VARIANT adds to the command line
//! stands in `testdata/golden/variants`; a number needs no line there. A case that prints anything on standard error or ends with
//! another status than 0 has both in a file with `.err` behind its name.
//!
//! To add a case: make an empty file of the right name, run `FLOWRAY_BLESS=1 cargo test --test golden`, and
//! review what was written like code.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod support;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use support::ip::Ip;
use support::{Record, link, pcap};

#[test]
fn output_is_as_reviewed() {
    let (variants, captures) = (variants(), captures());
    let bless = std::env::var_os("FLOWRAY_BLESS").is_some();
    let mut wrong = String::new();
    for path in files(&folder("golden")) {
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        if name == "variants" || name.ends_with(".err") {
            continue;
        }
        let arguments = arguments(&name, &variants, &captures);
        let (printed, ending) = run(&arguments, &[]);
        let beside = path.with_file_name(format!("{name}.err"));
        if bless {
            fs::write(&path, &printed).unwrap();
            match ending.as_str() {
                "" => drop(fs::remove_file(beside)),
                _ => fs::write(beside, &ending).unwrap(),
            }
            continue;
        }
        let expected = (fs::read_to_string(&path).unwrap(), fs::read_to_string(beside).unwrap_or_default());
        let differences = difference(&expected.0, &printed) + &difference(&expected.1, &ending);
        if !differences.is_empty() {
            wrong += &format!("\n=== {name}: flowray {}\n{differences}", arguments.join(" "));
        }
    }
    assert!(wrong.is_empty(), "{wrong}\nIf this is right: FLOWRAY_BLESS=1 cargo test --test golden");
}

/// The output depends neither on the number of threads nor on the size of the blocks that are read.
#[test]
fn output_is_the_same_for_every_number_of_threads_and_every_block_size() {
    let (variants, captures) = (variants(), captures());
    for path in files(&folder("golden")) {
        let name = path.file_name().unwrap().to_str().unwrap();
        if name == "variants" || name.ends_with(".err") {
            continue;
        }
        let arguments = arguments(name, &variants, &captures);
        let alone = run(&arguments, &["-j", "1"]);
        for options in [["-j", "7", "--block-size", "4096"], ["-j", "2", "--block-size", "4194304"]] {
            assert!(
                run(&arguments, &options) == alone,
                "flowray {} {}",
                arguments.join(" "),
                options.join(" ")
            );
        }
    }
}

/// The intervals of a rate are as wide for a capture read in one piece as in many: those of 60 that end a little before a round
/// number of seconds are where it shows.
#[test]
fn a_summary_is_the_same_however_many_blocks_its_frames_came_in() {
    let records: Vec<Record> = (0..100_i64)
        .map(|number| Record::new(number * 5_999_900_000 / 99, link::ethernet(&Ip::v4(1, 2).udp(1, 2, b"x"))))
        .collect();
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(file.path(), pcap::ethernet(&records)).unwrap();
    let arguments = ["summary", "-o", "json", file.path().to_str().unwrap()].map(str::to_owned);
    let whole = run(&arguments, &[]);
    assert!(whole.0.contains(r#""packets":100"#), "{}", whole.0);
    assert_eq!(run(&arguments, &["--block-size", "4096"]), whole);
}

/// Every `$ flowray ...` in the README prints what stands below it; `...` stands for lines left out.
#[test]
fn the_examples_of_the_readme_are_real() {
    let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).unwrap();
    let mut lines = text.lines().peekable();
    let mut examples = 0;
    while let Some(line) = lines.next() {
        let Some(command) = line.trim_start().strip_prefix("$ flowray ") else { continue };
        let mut expected = Vec::new();
        while let Some(line) = lines.next_if(|line| line.starts_with("    ") && !line.contains("$ flowray "))
        {
            expected.push(line.trim());
        }
        let (printed, _) = run(&split(command), &[]);
        let mut printed = printed.lines().map(str::trim);
        let mut skip = false;
        for line in expected {
            match line {
                "..." => skip = true,
                _ if skip => skip = !printed.any(|one| one == line),
                _ => assert_eq!(printed.next(), Some(line), "flowray {command}"),
            }
            assert!(!skip || line == "...", "flowray {command} does not print {line}");
        }
        examples += 1;
    }
    assert!(examples > 0);
}

/// The words of a command line; those in single quotes may hold blanks.
fn split(command: &str) -> Vec<String> {
    let parts = command.split('\'').enumerate();
    let words = parts.flat_map(|(place, part)| match place % 2 {
        0 => part.split_whitespace().map(String::from).collect(),
        _ => vec![part.to_owned()],
    });
    words.collect()
}

/// The command line of a case.
fn arguments(
    name: &str,
    variants: &BTreeMap<String, Vec<String>>,
    captures: &BTreeMap<String, String>,
) -> Vec<String> {
    let parts: Vec<&str> = name.split('.').collect();
    let (capture, command, variant, form) = match parts[..] {
        [capture, command, form] => (capture, command, None, form),
        [capture, command, variant, form] => (capture, command, Some(variant), form),
        _ => panic!("{name} is not NAME.COMMAND[.VARIANT].FORM"),
    };
    let mut arguments = vec![command.to_owned()];
    for word in variant.into_iter().flat_map(|variant| variant.split('+')) {
        match variants.get(word) {
            Some(more) => arguments.extend(more.iter().cloned()),
            None if word.bytes().all(|byte| byte.is_ascii_digit()) => arguments.insert(1, word.into()),
            None => panic!("{name}: golden/variants does not know {word}"),
        }
    }
    if form != "txt" {
        arguments.extend(["-o".into(), form.into()]);
    }
    arguments.push(captures.get(capture).unwrap_or_else(|| panic!("{name}: no capture {capture}")).clone());
    arguments
}

/// Standard output; and what stands in the file beside: exit status and standard error, nothing if both are as they should be.
fn run(arguments: &[String], options: &[&str]) -> (String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_flowray"))
        .args(arguments)
        .args(options)
        .current_dir(folder("captures"))
        .env_clear()
        .envs([("TZ", "UTC"), ("COLUMNS", "120"), ("NO_COLOR", "1"), ("LC_ALL", "C.UTF-8")])
        .output()
        .unwrap();
    let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
    let said = text(output.stderr);
    let ending = match output.status.code() {
        Some(0) if said.is_empty() => String::new(),
        Some(status) => format!("exit status {status}\n{said}"),
        None => format!("{}\n{said}", output.status),
    };
    (text(output.stdout), ending)
}

/// The lines in which two texts differ, with one line before and behind them.
fn difference(expected: &str, got: &str) -> String {
    if expected == got {
        return String::new();
    }
    let (old, new): (Vec<_>, Vec<_>) = (expected.lines().collect(), got.lines().collect());
    let same =
        |pairs: &mut dyn Iterator<Item = (&&str, &&str)>| pairs.take_while(|(one, two)| one == two).count();
    let before = same(&mut old.iter().zip(&new));
    let left = old.len().min(new.len()) - before;
    let behind = same(&mut old.iter().rev().zip(new.iter().rev())).min(left);
    let mut lines = vec![format!("@ line {}", before + 1)];
    lines.extend(old[..before].last().map(|line| format!("  {line}")));
    lines.extend(old[before..old.len() - behind].iter().map(|line| format!("- {line}")));
    lines.extend(new[before..new.len() - behind].iter().map(|line| format!("+ {line}")));
    lines.extend(old[old.len() - behind..].first().map(|line| format!("  {line}")));
    lines.join("\n") + "\n"
}

fn variants() -> BTreeMap<String, Vec<String>> {
    let text = fs::read_to_string(folder("golden").join("variants")).unwrap();
    text.lines()
        .filter_map(|line| line.split_once(':'))
        .map(|(name, words)| (name.into(), words.split_whitespace().map(String::from).collect()))
        .collect()
}

/// The captures' file names by their names up to the first dot.
fn captures() -> BTreeMap<String, String> {
    let mut captures = BTreeMap::new();
    for path in files(&folder("captures")) {
        let file = path.file_name().unwrap().to_str().unwrap().to_owned();
        let name = file.split('.').next().unwrap().to_owned();
        captures.entry(name).or_insert(file);
    }
    captures
}

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata").join(name)
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut files: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

#[test]
fn a_difference_shows_the_lines_that_differ() {
    assert_eq!(difference("a\nb\nc\nd\n", "a\nx\ny\nc\nd\n"), "@ line 2\n  a\n- b\n+ x\n+ y\n  c\n");
    assert_eq!(difference("a\n", "a\na\n"), "@ line 2\n  a\n+ a\n");
    assert_eq!(difference("a", "a"), "");
}
