//! `fields`: what every field is.

use std::io::{self, BufWriter};

use serde_json::{Map, json};

use super::args::FieldsArgs;
use super::options::{self, Look};
use super::run::{Damage, print, stdout};
use crate::error::{Error, Result};
use crate::report::fields::{Describe, FIELDS, json_schema, schemas};
use crate::report::human::Clock;
use crate::report::nearest;
use crate::report::rows::{Part, Renderer, Shape};

/// Prints the fields of every command, or of one.
pub fn fields(args: &FieldsArgs) -> Result<Damage> {
    let wanted = wanted(args.command.as_deref())?;
    if args.schema {
        return schema(&wanted, args.command.is_some());
    }
    let look = Look::new(args.show);
    let query = options::query(&args.select, &FIELDS, look.format)?;
    let out = BufWriter::new(io::stdout());
    let (renderer, mut sheet) =
        Renderer::new(query, look.format, Shape::Wrapped, look.terminal, Clock::default(), out)
            .map_err(stdout)?;
    let mut part = Part::default();
    for field in wanted.iter().flat_map(|schema| schema.describe()) {
        renderer.row(&field, &mut part);
    }
    sheet.take(part).and_then(|_| sheet.finish()).map_err(stdout)?;
    Ok(Damage::new())
}

fn wanted(command: Option<&str>) -> Result<Vec<&'static dyn Describe>> {
    let all = schemas();
    let Some(command) = command else { return Ok(all.to_vec()) };
    let found = all.into_iter().find(|schema| schema.command() == command);
    found.map(|schema| vec![schema]).ok_or_else(|| {
        let commands = || schemas().into_iter().map(|schema| schema.command());
        let hint = match nearest(command, commands()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("there are {}", commands().collect::<Vec<_>>().join(", ")),
        };
        Error::Usage(format!("fields: no rows are printed by `{command}`; {hint}"))
    })
}

/// One schema, or an object of all by their command.
fn schema(wanted: &[&dyn Describe], one: bool) -> Result<Damage> {
    let document = match wanted {
        [schema] if one => json_schema(*schema),
        _ => {
            let all: Map<_, _> =
                wanted.iter().map(|schema| (schema.command().into(), json_schema(*schema))).collect();
            json!(all)
        }
    };
    print(&format!("{document:#}\n"))
}
