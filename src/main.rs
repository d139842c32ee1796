//! The command `sdflow-engine`.

use std::process::ExitCode;

fn main() -> ExitCode {
    ExitCode::from(sdflow_engine::main_with(std::env::args_os().collect()))
}
