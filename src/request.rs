//! The request to run a script, built from arguments and environment.

use crate::args::ScriptArgs;
use crate::diagnostics::usage;
use crate::machine;
use sdflow::Interrupt;
use sdflow::pairwise::PairwiseOptions;
use sdflow_dsl::{Diagnostic, Request};
use std::path::PathBuf;

/// Environment variables with this prefix set parameters. The rest of the variable's name is the
/// name of the parameter in upper case.
const PREFIX: &str = "SDFLOW_P_";

/// The endings of files of data.
const DATA: [&str; 6] = ["csv", "tsv", "npy", "npz", "png", "safetensors"];

/// Builds the request from `args` and the environment; `interrupt` stops the run.
///
/// # Errors
/// A folder of `--allow-read` does not exist; the script is a file of data; the seed is given
/// twice, or is not a whole number; the instruction set does not exist.
pub fn request(args: &ScriptArgs, interrupt: &Interrupt) -> Result<Request, Diagnostic> {
    let mut environment: Vec<(String, String)> = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.to_str()?.strip_prefix(PREFIX)?.to_string(), value.into_string().ok()?)))
        .collect();
    environment.sort();
    if let Some(folder) = args.allow_read.iter().find(|folder| !folder.is_dir()) {
        let message = format!("`--allow-read {}` names no folder", folder.display());
        return Err(usage(message, "give a folder that exists"));
    }
    let ending = args.script.extension().map(|ending| ending.to_string_lossy().to_lowercase()).unwrap_or_default();
    if DATA.contains(&ending.as_str()) {
        let message = format!("{} holds data, not a script", args.script.display());
        let name = args.script.file_name().unwrap_or_default().to_string_lossy();
        let load = if ending == "safetensors" { "load_model" } else { "load" };
        return Err(usage(message, format!("write a script beside it that begins with `let x = {load}({name:?});`")));
    }
    let from_line = args.params.iter().any(|(name, _)| name == "seed");
    if args.seed.is_some() && from_line {
        return Err(usage("the seed is given twice", "give either `--seed N` or `-p seed=N`"));
    }
    let from_environment = environment.iter().find(|(name, _)| name == "SEED").filter(|_| !from_line);
    let seed = match (args.seed, from_environment) {
        (Some(seed), _) => seed,
        (None, Some((_, text))) => text.parse().map_err(|_| {
            usage(format!("{PREFIX}SEED is `{text}`, but the seed is a whole number"), "unset it, or give `--seed N`")
        })?,
        (None, None) => 0,
    };
    Ok(Request {
        script: args.script.clone(),
        params: args.params.clone(),
        environment,
        seed,
        quick: args.quick,
        folder: PathBuf::new(),
        allow_read: args.allow_read.clone(),
        pairwise: PairwiseOptions { isa: machine::requested_isa()?, ..PairwiseOptions::default() },
        checkpoints: None,
        interrupt: interrupt.clone(),
        ranks: None,
    })
}
