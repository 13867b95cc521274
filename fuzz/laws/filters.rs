//! The two languages: an error points into the text, and what parses can be asked of any frame.

use flowray::capture::LinkType;
use flowray::filter::Filter;
use flowray::report::Condition;
use flowray::report::fields::FLOWS;

/// The first line is an expression, the rest a frame.
pub fn check(bytes: &[u8]) {
    let end = bytes.iter().position(|&byte| byte == b'\n').unwrap_or(bytes.len());
    let Ok(text) = std::str::from_utf8(&bytes[..end]) else { return };
    let frame = bytes.get(end + 1..).unwrap_or_default();
    match Filter::parse(text) {
        Ok(filter) => {
            for linktype in [0, 1, 101, 113, 276] {
                let linktype = LinkType(linktype);
                let accepted = filter.accepts(linktype, frame, frame.len() as u32);
                assert!(!accepted || filter.refusal(linktype).is_none(), "refused, and yet accepts");
                let _ = filter.accepts(linktype, &frame[..frame.len() / 2], frame.len() as u32);
            }
        }
        Err(error) => {
            assert!(text.get(..error.at).is_some(), "an error beside the text");
            assert!(error.to_string().contains(&error.message));
        }
    }
    if let Err(mistake) = Condition::parse(text, FLOWS.fields()) {
        assert!(!mistake.show(text).is_empty());
    }
}
