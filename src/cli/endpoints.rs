//! `endpoints`: one row a host, or what else flows have in common.

use std::ops::ControlFlow;

use clap::{Args, ValueEnum};

use super::args::ListArgs;
use super::only::Only;
use super::run::{Damage, Gathering, tell_reached};
use crate::error::Result;
use crate::pipeline::{FlowRow, Report, Settings};
use crate::report::endpoints::{By, Fold};
use crate::report::fields::ENDPOINTS;

/// What `endpoints` takes.
#[derive(Args, Clone, Debug)]
pub struct EndpointArgs {
    /// What flows are added up by; by host and DSCP each flow counts at both of its sides
    #[arg(long, value_name = "WHAT", value_enum, default_value_t)]
    pub by: Grouping,
    #[command(flatten)]
    pub list: ListArgs,
}

/// What flows are added up by.
#[derive(Clone, Copy, Debug, Default, ValueEnum)]
#[value(rename_all = "snake_case")]
pub enum Grouping {
    /// Each host
    #[default]
    Host,
    /// Two hosts, whoever is the client
    Pair,
    /// The transport protocol and the server's port
    ServerPort,
    /// The application protocol that the bytes showed
    Service,
    /// The VLAN ids passed
    Vlan,
    /// The DSCP values that a side of a flow sent
    Dscp,
}

impl Grouping {
    const fn by(self) -> By {
        match self {
            Self::Host => By::Host,
            Self::Pair => By::Pair,
            Self::ServerPort => By::ServerPort,
            Self::Service => By::Service,
            Self::Vlan => By::Vlan,
            Self::Dscp => By::Dscp,
        }
    }

    /// The fields that say what the flows of a row have in common.
    const fn columns(self) -> &'static [&'static str] {
        match self {
            Self::Host => &["host"],
            Self::Pair => &["host", "peer"],
            Self::ServerPort => &["protocol", "server_port"],
            Self::Service => &["service"],
            Self::Vlan => &["vlans"],
            Self::Dscp => &["dscp"],
        }
    }
}

struct Grouped {
    by: Grouping,
    most: usize,
    only: Only,
}

impl Report for Grouped {
    type Part = Option<Fold>;
    type Row = ();

    fn asks_for_services(&self) -> bool {
        matches!(self.by, Grouping::Service)
    }

    fn flows(&self, rows: &mut dyn Iterator<Item = FlowRow>) -> Option<Fold> {
        let mut fold = Fold::new(self.by.by(), self.most);
        rows.filter(|row| self.only.flow(row)).for_each(|row| fold.on_flow(&row));
        Some(fold)
    }
}

/// Prints groups of flows.
pub fn endpoints(args: EndpointArgs) -> Result<Damage> {
    let EndpointArgs { by, list } = args;
    // Of the fields that groupings have, a table shows those of this one.
    let of_any = |name: &str| Grouping::value_variants().iter().any(|one| one.columns().contains(&name));
    let usual = |name: &str| !of_any(name) || by.columns().contains(&name);
    let gathering = Gathering::new(list, &ENDPOINTS, usual)?;
    let most = gathering.request.bounds.groups;
    let mut fold = Fold::new(by.by(), most);
    let mut give = |part: Option<Fold>| {
        part.into_iter().for_each(|part| fold.merge(part));
        ControlFlow::Continue(())
    };
    let wanted = Settings { flows: true, samples: true, ..Settings::default() };
    let mut input = gathering.open();
    gathering.read(&mut input, &wanted, &Grouped { by, most, only: gathering.only.clone() }, &mut give)?;
    tell_reached(&gathering.request, fold.reached());
    gathering.print(input, |renderer, part| {
        fold.into_rows().iter().for_each(|row| {
            renderer.row(row, part);
        })
    })
}
