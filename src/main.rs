//! The command line of sdflow.
fn main() {}
