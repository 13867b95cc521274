//! `info`: what kind of file it is.

use std::io::{self, BufWriter};

use super::args::{Choice, RowArgs};
use super::options::{self, Request};
use super::run::{Damage, stdout};
use crate::error::Result;
use crate::report::fields::INFO;
use crate::report::human::{Clock, TimeFormat};
use crate::report::rows::{Part, Renderer, Shape};

/// Prints what the files are.
pub fn info(args: &RowArgs) -> Result<Damage> {
    let request = Request::new(&args.common, &Choice::default())?;
    let look = request.look;
    let query = options::query(&args.select, &INFO, look.format)?;
    let (mut capture, _, begin) = request.open();
    while let Some(block) = capture.next_block() {
        capture.recycle(block);
    }
    // The instants are what people want to know of a file: dates, unless they ask for something else.
    let time = if look.time == TimeFormat::Relative { TimeFormat::Utc } else { look.time };
    let clock = Clock::new(time, begin);
    let out = BufWriter::new(io::stdout());
    let (renderer, mut sheet) =
        Renderer::new(query, look.format, Shape::Cards, look.terminal, clock, out).map_err(stdout)?;
    let mut part = Part::default();
    for file in capture.files() {
        renderer.row(file, &mut part);
    }
    sheet.take(part).and_then(|_| sheet.finish()).map_err(stdout)?;
    Ok(capture.into_errors())
}
