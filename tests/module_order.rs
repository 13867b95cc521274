//! Modules use only modules above them: the order is that of `src/lib.rs`.

#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::Path;

#[test]
fn imports_flow_one_way() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let order: Vec<String> = fs::read_to_string(root.join("lib.rs"))
        .unwrap()
        .lines()
        .filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';').map(String::from))
        .collect();
    assert!(order.len() > 8, "the modules of lib.rs were not found");
    let mut wrong = Vec::new();
    for (place, module) in order.iter().enumerate() {
        for file in files(&root, module) {
            let text = fs::read_to_string(&file).unwrap();
            for (number, line) in text.lines().enumerate() {
                for used in line.split("crate::").skip(1) {
                    let used = used.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap();
                    if order.iter().position(|other| other == used).is_some_and(|other| other > place) {
                        wrong.push(format!("{}:{}: {module} uses {used}", file.display(), number + 1));
                    }
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn files(root: &Path, module: &str) -> Vec<std::path::PathBuf> {
    let (file, folder) = (root.join(format!("{module}.rs")), root.join(module));
    let mut found: Vec<_> = file.exists().then_some(file).into_iter().collect();
    let mut folders: Vec<_> = folder.exists().then_some(folder).into_iter().collect();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push(path);
            }
        }
    }
    found
}
