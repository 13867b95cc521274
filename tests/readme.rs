//! The examples in README.md print what the README says.
//!
//! An example is a line `    $ flowray ...`, and below it what is printed, up to an empty line. They run in
//! `testdata/captures`, through a shell. `FLOWRAY_BLESS=1` writes what is printed into the README; `...` stands for what is
//! left out, and such an example is only looked for line by line.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![cfg(unix)]

use std::fs;
use std::path::Path;
use std::process::Command;

const PROMPT: &str = "    $ flowray ";

fn printed(command: &str) -> Vec<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let program = Path::new(env!("CARGO_BIN_EXE_flowray")).parent().unwrap();
    let path = format!("{}:{}", program.display(), std::env::var("PATH").unwrap_or_default());
    let output = Command::new("sh")
        .args(["-c", command])
        .current_dir(root.join("testdata/captures"))
        .env("PATH", path)
        .env("TZ", "UTC")
        .output()
        .unwrap();
    assert!(output.status.success(), "{command}: {}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().map(|line| format!("    {line}").trim_end().to_owned()).collect()
}

#[test]
fn examples_print_what_the_readme_says() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    let text = fs::read_to_string(&path).unwrap();
    let bless = std::env::var_os("FLOWRAY_BLESS").is_some();
    let (mut written, mut examples) = (Vec::new(), 0);
    let mut lines = text.lines().peekable();
    while let Some(line) = lines.next() {
        written.push(line.to_owned());
        let Some(arguments) = line.strip_prefix(PROMPT) else { continue };
        examples += 1;
        let mut shown = Vec::new();
        while let Some(line) = lines.next_if(|line| !line.is_empty()) {
            shown.push(line.to_owned());
        }
        let printed = printed(&format!("flowray {arguments}"));
        if shown.iter().any(|line| line.trim() == "...") {
            for line in shown.iter().filter(|line| line.trim() != "...") {
                assert!(printed.contains(&line.trim_end().to_owned()), "flowray {arguments}: {line}");
            }
            written.extend(shown);
        } else if bless {
            written.extend(printed);
        } else {
            assert_eq!(shown, printed, "flowray {arguments}");
        }
    }
    assert!(examples >= 6, "{examples}");
    if bless {
        fs::write(path, written.join("\n") + "\n").unwrap();
    }
}
