//! The end of a run of a flow or of a training: its record, its advice, and the time that functions
//! of the script took.

use crate::call::Call;
use crate::context::Ending;
use crate::language::Fail;
use crate::value::Done;
use rhai::Dynamic;
use sdflow::Points;
use sdflow::number::counted;
use sdflow::process::{self, Stats};
use std::path::{Path, PathBuf};

/// If functions of the script take a larger share of a run's time than this, a warning says so.
const MUCH: f64 = 0.1;

/// Adds a result to the record of the run.
pub fn record_result(call: &Call, done: Done, dim: usize, advice: String) -> Result<Dynamic, Fail> {
    let context = call.context;
    let ending = Ending { reason: done.ending.reason().into(), advice };
    if matches!(done.ending, process::Ending::Diverged { .. }) {
        context.mark_divergence(&ending.advice, call.native.call_position());
    }
    context.record_time("flow", (done.stats.flow_seconds - seconds_in_script(call, &done.stats)).max(0.0));
    context.record_time("metrics", done.stats.metric_seconds);
    // As in `bench`, each pair takes two products of length `dim`, and each product takes a
    // multiplication and an addition per coordinate.
    context.record_pairs(done.stats.flow_pairs, 4.0 * dim as f64);
    context.record_ending(ending, done.stats.steps, done.stats.nfe);
    match done.ending {
        process::Ending::Interrupted { .. } => {
            save_interrupted(call, &done.points)?;
            Err(sdflow::Error::Interrupted.into())
        }
        _ => Ok(Dynamic::from(done)),
    }
}

/// Saves the points of an interrupted process, if there is a run folder.
fn save_interrupted(call: &Call, points: &Points) -> Result<(), Fail> {
    let Some(path) = rescue(call, "interrupted.npy", "samples")? else { return Ok(()) };
    sdflow::io::save_npy(&path, points).map_err(|e| call.place(e))?;
    call.context.record_file(&path);
    Ok(())
}

/// Saves the model of an interrupted training with `save`, if there is a run folder.
pub fn save_interrupted_model(call: &Call, save: impl FnOnce(&Path) -> sdflow::Result<()>) -> Result<(), Fail> {
    let Some(path) = rescue(call, "interrupted.safetensors", "models")? else { return Ok(()) };
    save(&path).map_err(|e| call.place(e))?;
    call.context.record_file(&path);
    Ok(())
}

/// Returns the path for a file that the script did not ask for; None if there is no run folder, and
/// in a dry run.
fn rescue(call: &Call, name: &str, section: &str) -> Result<Option<PathBuf>, Fail> {
    if call.context.mode.writes() { call.context.sandbox.rescue(name, section) } else { Ok(None) }
}

/// Returns a sentence of advice on the ending of this flow; `told` says whether there are also
/// warnings.
pub fn advice(ending: &process::Ending, flow: &str, told: bool) -> String {
    use process::Ending::{Converged, Diverged, Finished, Interrupted};
    match ending {
        Finished => "The last step was taken; the metrics say how good the result is.".into(),
        Converged { step } => format!("All thresholds of `stop_when` were met after {}.", counted(*step, "step")),
        Diverged { step } if told => {
            format!(
                "In step {step} points became infinite or NaN; see the warnings for the cause, or make `step` smaller."
            )
        }
        Diverged { step } if flow == "sd_flow" => format!(
            "In step {step} points became infinite or NaN; make `step` smaller, `sigma` larger, or use `scaling: \"denoiser\"`."
        ),
        Diverged { step } => format!("In step {step} points became infinite or NaN; make `step` smaller."),
        Interrupted { step } => {
            format!("It was stopped after {}; the results so far are kept.", counted(*step, "step"))
        }
    }
}

/// Returns the seconds that the steps and readings of a run spent in functions of the script. They
/// are recorded, and a large share gives a warning.
fn seconds_in_script(call: &Call, stats: &Stats) -> f64 {
    let context = call.context;
    let inside = context.callbacks.take_seconds();
    let total = stats.flow_seconds + stats.metric_seconds;
    if inside <= 0.0 {
        return 0.0;
    }
    context.record_time("callbacks", inside);
    if inside > MUCH * total {
        // The share is not given exactly, so that the cells of a sweep do not give many slightly
        // different warnings.
        let share = match context.is_cell() {
            true => "more than 10".into(),
            false => format!("{:.0}", 100.0 * (inside / total).min(1.0)),
        };
        let hint = "write the density as a formula in a string: it is computed natively on all cores";
        let fail = Fail::script(format!("functions of the script took {share} % of the run's time")).hint(hint);
        context.caution(&fail, call.native.call_position());
    }
    inside
}
