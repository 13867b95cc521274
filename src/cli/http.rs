//! `http`: one row an exchange.

use super::args::ListArgs;
use super::run::{Damage, Only, rows};
use crate::app::http::Limits;
use crate::error::Result;
use crate::flow::Key;
use crate::pipeline::{HttpSaid, Listener, Report, Settings, Spoken, Transactions};
use crate::report::fields::{HTTP, Http, Transaction};
use crate::report::rows::{Part, Renderer, Shape};
use crate::tcp::stream::Room;

/// Prints exchanges.
pub fn http(args: ListArgs) -> Result<Damage> {
    rows(args, &HTTP, Settings::default(), Shape::Lines, |renderer, only| Listed { renderer, only })
}

struct Listed {
    renderer: Renderer<Http>,
    only: Only,
}

impl Report for Listed {
    type Part = Part;
    type Row = HttpSaid;

    fn listen(&self, key: &Key) -> Option<Box<dyn Listener<HttpSaid>>> {
        Some(Box::new(Transactions::of(key, Limits::default(), Room::default(), false)?))
    }

    fn spoken(&self, rows: &[Spoken<HttpSaid>]) -> Part {
        let mut part = Part::default();
        for spoken in rows {
            if let HttpSaid::Exchange(exchange) = &spoken.row {
                let (flow, stream, speaker) = (spoken.flow, spoken.stream, &spoken.speaker);
                if self.only.numbers(speaker.key.protocol, flow, stream) {
                    self.renderer.row(&Transaction { flow, stream, speaker, exchange }, &mut part);
                }
            }
        }
        part
    }
}
