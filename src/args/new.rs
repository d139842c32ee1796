//! The flags of `new`.

use clap::Args;
use std::path::PathBuf;

/// The arguments of `new`.
#[derive(Debug, Args)]
pub struct NewArgs {
    /// The name of the script, with or without .rhai
    #[arg(value_name = "NAME", required_unless_present = "list")]
    pub name: Option<PathBuf>,
    /// The template to copy; `--list` shows them
    #[arg(long, value_name = "T", default_value = "flow")]
    pub template: String,
    /// List the templates
    #[arg(long)]
    pub list: bool,
}
