//! The dry run before a run: it finds mistakes that would end the run late, and estimates the
//! memory.

use crate::allocator::METER;
use crate::check::bytes;
use crate::error_json::RefusalJson;
use crate::every_second::EverySecond;
use crate::exit::Exit;
use crate::unfinished_run::UnfinishedRun;
use crate::{diagnostics, terminal};
use sdflow::Interrupt;
use sdflow::points::{memory_bytes, memory_limit};
use sdflow_dsl::{Diagnostic, Fault, Listener, Mistake, Outcome, Prepared};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// The dry run ends after this many seconds.
const MOST_SECONDS: u64 = 5;

/// The dry run of a run that may come near the limit of memory ends after this many seconds.
const MOST_SECONDS_FOR_MEMORY: u64 = 10;

/// A dry run loads all data files. Above this size, in bytes, it would delay the run too much.
const MOST_DATA: u64 = 1 << 28;

/// A computation holds about this many copies of its points.
const COPIES: u64 = 4;

/// What a dry run before a run needs to know of the run. As a listener, it tells only of an
/// operation that does not end.
#[derive(Debug, Clone)]
pub struct Stage {
    /// Whether such an end is also told as JSON.
    pub json: bool,
    /// Whether only errors and warnings are printed.
    pub quiet: bool,
    /// Ends the dry run.
    pub interrupt: Interrupt,
    /// The run that would follow, if its folder is open.
    pub unfinished: Option<UnfinishedRun>,
}

impl Stage {
    fn tell(&self, message: &str) {
        if !self.quiet {
            terminal::print_message(message);
        }
    }
}

impl Listener for Stage {
    fn print(&self, _: &str) {}
    fn warn(&self, _: &str) {}
    fn progress(&self, _: &str, _: usize, _: usize, _: &str) {}
    fn row(&self, _: &BTreeMap<String, f64>) {}
    /// Stores and reports the failure, and ends the process: the script cannot be ended otherwise.
    fn abandon(&self, outcome: Outcome) {
        // What else the outcome contains are stand-ins.
        let outcome = Outcome { failure: outcome.failure, ..Outcome::default() };
        let exit = Exit::of_outcome(&outcome);
        if let Some(failure) = &outcome.failure {
            terminal::print_error(failure);
            if self.json {
                terminal::print_json(&RefusalJson::of(failure, exit));
            }
        }
        if let Some(Err(error)) = self.unfinished.as_ref().map(|run| run.store(&outcome)) {
            terminal::print_error(&error);
        }
        std::process::exit(exit.code().into());
    }
}

/// Executes the script as a brief dry run, before anything is computed. Returns the mistake that it
/// finds, which would otherwise end the run late.
///
/// # Errors
/// The run needs more memory than the budget or, without a budget, than most of the machine's
/// memory.
pub fn rehearse(prepared: &Prepared, stage: Stage) -> Result<Option<Diagnostic>, Diagnostic> {
    let found = if is_large(prepared, 1) {
        dry_run(prepared, stage, MOST_SECONDS_FOR_MEMORY, Some(&METER))
    } else if prepared.data_bytes() > MOST_DATA {
        stage.tell("the script is not checked before it starts, because its data files are large");
        return Ok(None);
    } else {
        dry_run(prepared, stage, MOST_SECONDS, None)
    };
    match found {
        Ok(needed) => needed.map_or(Ok(()), |needed| fits(needed, 1)).map(|()| None),
        Err(mistake) => Ok(Some(mistake)),
    }
}

/// Refuses runs if `at_a_time` such runs at the same time need too much memory. The dry run that
/// estimates the memory can take as long as a short run, so it is made only for runs that may come
/// near the limit. Its mistakes are left to the run.
///
/// # Errors
/// The runs need too much memory.
pub fn check_memory(prepared: &Prepared, stage: Stage, at_a_time: u64) -> Result<(), Diagnostic> {
    if !is_large(prepared, at_a_time) {
        return Ok(());
    }
    let needed = dry_run(prepared, stage, MOST_SECONDS_FOR_MEMORY, Some(&METER));
    needed.ok().flatten().map_or(Ok(()), |needed| fits(needed, at_a_time))
}

/// True if `at_a_time` such runs may come near the limit of memory.
fn is_large(prepared: &Prepared, at_a_time: u64) -> bool {
    memory_bytes().is_some_and(|limit| bound(prepared).saturating_mul(at_a_time) >= limit / 4)
}

/// Makes a dry run of at most `seconds`. Returns the memory that a run needs, if a `meter` is given
/// and the dry run came to its end.
fn dry_run(
    prepared: &Prepared,
    stage: Stage,
    seconds: u64,
    meter: Option<&'static dyn sdflow::cost::Meter>,
) -> Result<Option<u64>, Diagnostic> {
    let interrupt = stage.interrupt.below();
    // The other ranks have no part in a dry run.
    let prepared = prepared.clone().alone().stopped_by(interrupt.clone());
    let (passed, finds_memory, watching) = (AtomicU64::new(0), meter.is_some(), stage.clone());
    let waiting = EverySecond::act(move || {
        let passed = passed.fetch_add(1, Ordering::Relaxed) + 1;
        if passed == 2 {
            let what = if finds_memory { "the memory of this run is estimated" } else { "the script is checked" };
            watching.tell(&format!("{what} before it starts"));
        }
        if passed >= seconds {
            interrupt.raise();
        }
    });
    let listener: Arc<dyn Listener> = Arc::new(stage.clone());
    let found = sdflow_dsl::rehearse(&prepared, &listener, meter);
    drop(waiting);
    match found {
        Err(Mistake { error, .. }) if error.kind == Fault::Interrupted => {
            if !stage.interrupt.is_raised() {
                stage.tell(&match finds_memory {
                    true => format!("the memory of this run is not known: the estimate takes more than {seconds} s"),
                    false => format!("the check takes more than {seconds} s, so the rest of the script is not checked"),
                });
            }
            Ok(None)
        }
        Err(Mistake { error, is_doubtful: true, .. }) => {
            terminal::print_message("the run may end as follows, unless the results prevent it:");
            terminal::print_warning(&error);
            Ok(None)
        }
        Err(mistake) => Err(mistake.error),
        Ok(needed) => Ok(finds_memory.then_some(needed)),
    }
}

/// Refuses `at_a_time` runs that need this many bytes each, if this is too much.
fn fits(needed: u64, at_a_time: u64) -> Result<(), Diagnostic> {
    let needed = needed.saturating_mul(at_a_time);
    if memory_bytes().is_none_or(|limit| needed <= limit) {
        return Ok(());
    }
    let runs = if at_a_time > 1 { format!("{at_a_time} runs at a time") } else { "this run".into() };
    Err(diagnostics::usage(
        format!("{runs} would hold {} of memory, more than {}", bytes(needed), memory_limit()),
        "use fewer points or snapshots, or a larger `--memory-budget`; `sdflow-engine check` estimates the memory of \
         a script",
    ))
}

/// Returns a rough bound of the memory of a run from the numbers in its text and its parameters,
/// and from the sizes of its data files. The size of a set of points is taken as the product of the
/// two largest numbers, or of the three largest numbers if snapshots are kept.
pub fn bound(prepared: &Prepared) -> u64 {
    let text = prepared.text();
    let params = prepared.params().values().filter_map(|param| param.value.as_u64());
    let mut numbers: Vec<u64> = numbers(&text).chain(params).collect();
    numbers.sort_unstable_by(|a, b| b.cmp(a));
    let product = |count: usize| numbers.iter().take(count).fold(8, |all: u64, n| all.saturating_mul(*n));
    let kept = if text.contains("snapshots") { product(3) } else { 0 };
    product(2).max(prepared.data_bytes()).saturating_mul(COPIES).max(kept)
}

/// Returns the whole numbers in a script. Numbers of points are whole; a number such as `1e9` is a
/// bound or a tolerance.
fn numbers(text: &str) -> impl Iterator<Item = u64> + '_ {
    let code = text.lines().map(|line| line.split("//").next().unwrap_or(line));
    let words = code.flat_map(|line| line.split(|c: char| !c.is_ascii_alphanumeric() && c != '.' && c != '_'));
    words.filter_map(|word| word.replace('_', "").parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_a_script() {
        let text = "let n = param(\"n\", 1_000_000); // 7000 points\nrun(f, normal(n, 64.0), #{steps: 100, x: 0.5});";
        assert_eq!(numbers(text).collect::<Vec<_>>(), [1_000_000, 100]);
    }
}
