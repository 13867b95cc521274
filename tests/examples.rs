//! Every example in the help and in the README works as it is written.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

const FLOWRAY: &str = env!("CARGO_BIN_EXE_flowray");

/// A capture of several connections, as the examples need it.
const CAPTURE: &str = "linux-page-nxdomain-sender.pcap";

/// Examples that have no end or need something else than captures.
const LEFT_OUT: [&str; 1] = ["tcpdump "];

/// What `flowray` prints with these arguments.
fn help(arguments: &[&str]) -> String {
    String::from_utf8(Command::new(FLOWRAY).args(arguments).output().unwrap().stdout).unwrap()
}

/// The examples of a help text: the lines that begin with the program, without what is said of them. They are set in by two
/// or four spaces, and forms of usage by more.
fn examples_of(help: &str) -> Vec<String> {
    let lines = help.lines().filter_map(|line| line.strip_prefix("    ").or(line.strip_prefix("  ")));
    let examples = lines.filter(|line| line.starts_with("flowray ") || line.starts_with("tcpdump "));
    examples.map(|line| line.split("  ").next().unwrap().into()).collect()
}

/// The examples of the README: in its tables and blocks. What it shows with its output is compared elsewhere.
fn examples_of_readme() -> Vec<String> {
    let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).unwrap();
    let blocks = text.lines().filter_map(|line| line.strip_prefix("    ")).map(Into::into);
    let quoted = text.lines().filter(|line| line.starts_with('|')).flat_map(|line| {
        let line = line.replace("\\|", "|");
        line.split('`').skip(1).step_by(2).map(String::from).collect::<Vec<_>>()
    });
    let about_files =
        |example: &String| example.contains("capture") || example.starts_with("flowray fields ");
    blocks.chain(quoted).filter(|line: &String| line.starts_with("flowray ")).filter(about_files).collect()
}

/// A folder with the captures that the examples speak of.
fn folder() -> tempfile::TempDir {
    let captures = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/captures");
    let folder = tempfile::tempdir().unwrap();
    let bytes = fs::read(captures.join(CAPTURE)).unwrap();
    let at = |name: &str| folder.path().join(name);
    fs::write(at("capture.pcap"), &bytes).unwrap();
    fs::write(at("capture.pcapng"), &bytes).unwrap();
    fs::write(at("capture.pcapng.zst"), zstd::encode_all(&bytes[..], 1).unwrap()).unwrap();
    fs::create_dir(at("captures")).unwrap();
    fs::write(at("captures/one.pcap"), &bytes).unwrap();
    folder
}

fn shell(folder: &Path, command: &str) -> Output {
    let programs = Path::new(FLOWRAY).parent().unwrap().display();
    let path = format!("{programs}:{}", std::env::var("PATH").unwrap());
    Command::new("sh").args(["-c", command]).current_dir(folder).env("PATH", path).output().unwrap()
}

/// Whether the programs that `command` calls behind flowray are there, with what they import.
fn can_run(folder: &Path, command: &str) -> bool {
    let needs = |tool: &str, probe: &str| !command.contains(tool) || shell(folder, probe).status.success();
    needs("| jq", "jq --version")
        && needs("| mlr", "mlr --version")
        && needs("duckdb", "duckdb --version")
        && needs("python", "python -c 'import pandas'")
}

#[test]
fn examples_work_as_they_are_written() {
    let mut examples = examples_of_readme();
    let readme = examples.len();
    examples.extend(examples_of(&help(&["--help"])));
    let commands = help(&["--help"]);
    let (_, commands) = commands.split_once("Commands:\n").unwrap();
    // Lines further in go on with the one before.
    let lines = commands.lines().take_while(|line| line.starts_with("  "));
    for command in lines.filter(|line| !line.starts_with("   ")) {
        let name = command.split_whitespace().next().unwrap();
        let found = examples_of(&help(&["help", name]));
        assert!(!found.is_empty(), "`flowray help {name}` has no example");
        examples.extend(found);
    }
    for topic in ["fields", "filter", "where"] {
        examples.extend(examples_of(&help(&["help", topic])));
    }
    assert!(readme > 15 && examples.len() > readme + 35, "{readme} {}", examples.len());
    for example in examples.iter().filter(|example| !LEFT_OUT.iter().any(|start| example.starts_with(start)))
    {
        let folder = folder();
        let example = example.replace("/etc/bash_completion.d/", "");
        let whole = can_run(folder.path(), &example);
        let command = if whole { example.as_str() } else { example.split(['|', '&']).next().unwrap() };
        let output = shell(folder.path(), command);
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{command}: {} {said}", output.status);
    }
}
