//! The thin binary: arguments, run, exit status.

use std::process::ExitCode;

fn main() -> ExitCode {
    flowray::cli::main()
}
