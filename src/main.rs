//! The thin binary: arguments, run, exit status.

use std::process::ExitCode;

/// Flows come and go by the million, on one thread and the other: that is what it is good at.
#[cfg(feature = "mimalloc")]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    flowray::cli::main()
}
