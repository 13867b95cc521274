//! The command line: one file a command.
//!
//! [`args`] has the words as they are written, `options` what they ask for; commands see only that.

mod args;
mod bounds;
mod carve;
mod endpoints;
mod fields;
mod flow;
mod flows;
mod help;
mod http;
mod info;
mod inputs;
mod interrupt;
mod only;
mod options;
mod packets;
mod progress;
mod run;
mod stream;
mod summary;
mod timeline;

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{CommandFactory, Parser};

use crate::error::{Error, Result};
use args::{Cli, Command};
use run::Damage;

/// Exit status for input that was damaged or unreadable, and for what was not found.
const DAMAGED: u8 = 1;
/// Exit status for a command line that asks for something impossible.
const USAGE: u8 = 2;

/// Runs the program with the arguments of the process.
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Help is printed like any report: a closed pipe is no failure.
            let _ = error.print();
            return ExitCode::from(if error.use_stderr() { USAGE } else { 0 });
        }
    };
    match answer(cli) {
        Ok(damage) => {
            damage.iter().for_each(tell);
            ExitCode::from(match (interrupt::happened(), damage.is_empty()) {
                (true, _) => interrupt::INTERRUPTED,
                (false, true) => 0,
                (false, false) => DAMAGED,
            })
        }
        Err(error) if is_closed_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            tell(&error);
            ExitCode::from(if matches!(error, Error::Usage(_)) { USAGE } else { DAMAGED })
        }
    }
}

fn answer(cli: Cli) -> Result<Damage> {
    match (cli.command, cli.summary) {
        (Some(Command::Summary(args)), _) => summary::summary(&args),
        (None, args) => {
            commands_come_first(&args.common.files)?;
            summary::summary(&args)
        }
        (Some(Command::Packets(args)), _) => packets::packets(args),
        (Some(Command::Flow(args)), _) => flow::flow(args),
        (Some(Command::Flows(args)), _) => flows::flows(args),
        (Some(Command::Handshakes(args)), _) => flows::handshakes(args),
        (Some(Command::Timeline(args)), _) => timeline::timeline(args),
        (Some(Command::Endpoints(args)), _) => endpoints::endpoints(args),
        (Some(Command::Http(args)), _) => http::http(args),
        (Some(Command::Stream(args)), _) => stream::stream(args),
        (Some(Command::Info(args)), _) => info::info(&args),
        (Some(Command::Fields(args)), _) => fields::fields(&args),
        (Some(Command::Help(args)), _) => help::help(&args),
        (Some(Command::Completions(args)), _) => help::completions(&args),
    }
}

/// Refuses what looks like a command with options before it, where every word is a file.
fn commands_come_first(files: &[PathBuf]) -> Result<()> {
    let missing: Vec<_> = files.iter().filter(|file| !file.exists()).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let cli = Cli::command();
    let mut names = cli.get_subcommands().map(clap::Command::get_name);
    match names.find(|name| missing.iter().any(|file| file.as_os_str() == *name)) {
        Some(name) => Err(Error::Usage(format!(
            "`{name}` is a command, and taken for a file where options stand before it: write `flowray {name}` first"
        ))),
        None => Ok(()),
    }
}

/// One message on standard error; where nobody listens, nothing can be done about it.
fn tell(error: &Error) {
    let _ = writeln!(io::stderr(), "flowray: {error}");
}

fn is_closed_pipe(error: &Error) -> bool {
    matches!(error, Error::Output { source, .. } if source.kind() == io::ErrorKind::BrokenPipe)
}
