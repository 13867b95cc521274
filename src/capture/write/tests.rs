use std::sync::{Arc, Mutex};

use super::*;
use crate::capture::{Capture, Options};

/// What is written, to be looked at afterwards.
#[derive(Clone, Default)]
struct Shared(Arc<Mutex<Vec<u8>>>);

impl Write for Shared {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn inputs(names: &[&str]) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/captures");
    names.iter().map(|name| folder.join(name)).collect()
}

/// Writes all frames of the inputs again.
fn copy(inputs: &[PathBuf], format: WriteFormat) -> Result<Vec<u8>> {
    let shared = Shared::default();
    let mut writer = Writer::new(Path::new("copy.pcap"), format, Box::new(shared.clone()));
    let mut capture = Capture::open(inputs, Options::default());
    while let Some(block) = capture.next_block() {
        for frame in block.frames() {
            writer.frame(&frame, capture.files())?;
        }
    }
    writer.finish(capture.files())?;
    let bytes = shared.0.lock().unwrap().clone();
    Ok(bytes)
}

/// What must not change of the frames: time, lengths, link type, interface, options, bytes.
fn frames(inputs: &[PathBuf]) -> Vec<String> {
    let mut capture = Capture::open(inputs, Options::default());
    let mut found = Vec::new();
    while let Some(block) = capture.next_block() {
        for frame in block.frames() {
            let (at, fine) = (frame.at, frame.fine_clock);
            found.push(format!(
                "{at:?} {fine} {} {} {:?} {:?} {:?}",
                frame.orig_len,
                frame.linktype.0,
                frame.fcs_len(),
                frame.options,
                frame.data
            ));
        }
    }
    assert!(capture.errors().is_empty(), "{:?}", capture.errors());
    found
}

fn read_back(bytes: &[u8]) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("copy");
    std::fs::write(&path, bytes).unwrap();
    (folder, path)
}

#[test]
fn a_copy_has_the_same_frames() {
    use WriteFormat::{Pcap, Pcapng};
    let cases: &[(&[&str], WriteFormat)] = &[
        (&["handshake.pcap"], Pcap),
        (&["handshake.pcap"], Pcapng),
        (&["pcap-big-endian.pcap"], Pcap),
        (&["pcap-big-endian.pcap"], Pcapng),
        (&["pcap-big-endian-nanoseconds.pcap"], Pcap),
        (&["pcap-big-endian-nanoseconds.pcap"], Pcapng),
        (&["snaplen-96.pcap"], Pcap),
        (&["linktype-sll.pcap"], Pcapng),
        (&["handshake.pcap", "dns.pcap"], Pcap),
        (&["handshake.pcap", "dns.pcap"], Pcapng),
        (&["handshake.pcap", "linktype-ipv4.pcap"], Pcapng),
        (&["pcapng-interfaces.pcapng"], Pcapng),
        (&["pcapng-sections.pcapng"], Pcapng),
        (&["pcapng-simple.pcapng"], Pcapng),
        (&["pcapng-simple-snaplen.pcapng"], Pcapng),
        (&["pcapng-metadata.pcapng"], Pcapng),
        (&["pcapng-tsresol-2-20.pcapng"], Pcapng),
        (&["pcapng-big-endian-offset.pcapng"], Pcapng),
        (&["hostile-metadata.pcapng"], Pcapng),
        (&["empty.pcap"], Pcap),
        (&["empty.pcap"], Pcapng),
    ];
    for (names, format) in cases {
        let inputs = inputs(names);
        let copied = copy(&inputs, *format).unwrap();
        let (_folder, path) = read_back(&copied);
        assert_eq!(frames(&[path]), frames(&inputs), "{names:?} {format:?}");
    }
}

#[test]
fn pcapng_keeps_what_sections_and_interfaces_say_of_themselves() {
    let inputs = inputs(&["pcapng-metadata.pcapng"]);
    let (_folder, path) = read_back(&copy(&inputs, WriteFormat::Pcapng).unwrap());
    let described = |inputs: &[PathBuf]| {
        let mut capture = Capture::open(inputs, Options::default());
        while capture.next_block().is_some() {}
        let sections = capture.files().iter().flat_map(|file| &file.sections);
        let said = sections.map(|one| {
            (
                one.big_endian,
                one.options.clone(),
                one.interfaces.iter().map(|one| one.options.clone()).collect::<Vec<_>>(),
            )
        });
        said.collect::<Vec<_>>()
    };
    assert_eq!(described(&[path]), described(&inputs));
}

#[test]
fn what_pcap_cannot_hold_is_refused() {
    let cases: &[(&[&str], &str)] =
        &[(&["handshake.pcap", "linktype-ipv4.pcap"], "its frames have several link types; name it .pcapng")];
    for (names, why) in cases {
        let message = copy(&inputs(names), WriteFormat::Pcap).unwrap_err().to_string();
        assert_eq!(message, format!("copy.pcap: cannot be written as pcap: {why}"));
    }
}

#[test]
fn the_name_tells_the_format() {
    for (name, format) in [
        ("a.pcapng", WriteFormat::Pcapng),
        ("a.PcapNG", WriteFormat::Pcapng),
        ("a.pcap", WriteFormat::Pcap),
        ("a", WriteFormat::Pcap),
        ("-", WriteFormat::Pcap),
    ] {
        assert_eq!(WriteFormat::of(Path::new(name)), format, "{name}");
    }
}

#[cfg(unix)]
#[test]
fn an_input_is_never_overwritten() {
    let folder = tempfile::tempdir().unwrap();
    let input = folder.path().join("input.pcap");
    std::fs::write(&input, b"kept").unwrap();
    let (hard, soft) = (folder.path().join("hard.pcap"), folder.path().join("soft.pcap"));
    std::fs::hard_link(&input, &hard).unwrap();
    std::os::unix::fs::symlink(&input, &soft).unwrap();
    for name in [&input, &hard, &soft, &folder.path().join("./input.pcap")] {
        let refused = Writer::create(name, WriteFormat::Pcap, std::slice::from_ref(&input));
        assert!(matches!(refused.map(|_| ()), Err(Error::Usage(_))), "{}", name.display());
    }
    assert_eq!(std::fs::read(&input).unwrap(), b"kept");
    assert!(Writer::create(&folder.path().join("new.pcap"), WriteFormat::Pcap, &[input]).is_ok());
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_an_error() {
    let mut writer = Writer::create(Path::new("/dev/full"), WriteFormat::Pcap, &[]).unwrap();
    let mut capture = Capture::open(&inputs(&["handshake.pcap"]), Options::default());
    let block = capture.next_block().unwrap();
    let frame = block.frames().next().unwrap();
    writer.frame(&frame, capture.files()).unwrap();
    assert!(matches!(writer.finish(capture.files()), Err(Error::Output { .. })));
}
