//! The packet filter language of pcap-filter(7): parsed once, then matched on the bytes of each frame.
//!
//! ```text
//! text -> tokens -> syntax -> one program for each link type -> a truth for each frame
//! ```
//!
//! A filter looks at exactly the headers at which libpcap's would look: the outermost ones, behind a VLAN tag only
//! after `vlan`, at ports only in first fragments and not behind extension headers of IPv6. What the expression says
//! ([`Filter::parse`]) does not depend on the link type; where the fields are does, so the first frame of each link
//! type makes a program of tests for it. Nothing is allocated after that.

mod error;
mod help;
mod link;
mod lower;
mod names;
mod parse;
mod program;
mod services;
mod syntax;
mod token;

use std::sync::OnceLock;

pub use error::FilterError;
pub use help::HELP;

use crate::capture::{Frame, LinkType};
use error::Fault;
use program::Program;
use syntax::Expression;

/// The link type numbers for which a program is kept.
const LINKTYPES: usize = 290;

/// A packet filter, ready to match.
#[derive(Debug)]
pub struct Filter {
    text: String,
    expression: Option<Expression>,
    programs: Box<[OnceLock<Result<Program, Fault>>]>,
}

impl Filter {
    /// Reads an expression; the empty one selects every frame.
    pub fn parse(text: &str) -> Result<Self, FilterError> {
        let expression = parse::parse(text).map_err(|fault| fault.of(text))?;
        let programs = (0..LINKTYPES).map(|_| OnceLock::new()).collect();
        Ok(Self { text: text.into(), expression, programs })
    }

    /// Whether the frame is selected. Frames of a link type that the filter cannot be asked of are not.
    pub fn matches(&self, frame: &Frame<'_>) -> bool {
        self.accepts(frame.linktype, frame.data, frame.orig_len)
    }

    /// The same for the bytes captured of a frame that was `wire_len` bytes long.
    pub fn accepts(&self, linktype: LinkType, data: &[u8], wire_len: u32) -> bool {
        let Some(expression) = &self.expression else {
            return true;
        };
        self.programs.get(usize::from(linktype.0)).is_some_and(|program| {
            let program = program.get_or_init(|| lower::lower(expression, linktype));
            program.as_ref().is_ok_and(|program| program.accepts(data, wire_len))
        })
    }

    /// Why no frame of this link type is ever selected, if the filter asks for what such frames do not have.
    pub fn refusal(&self, linktype: LinkType) -> Option<FilterError> {
        let fault = lower::lower(self.expression.as_ref()?, linktype).err()?;
        Some(fault.of(&self.text))
    }
}

impl std::str::FromStr for Filter {
    type Err = FilterError;

    fn from_str(text: &str) -> Result<Self, FilterError> {
        Self::parse(text)
    }
}
