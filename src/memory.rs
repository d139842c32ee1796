//! The memory of a run, estimated before the run starts.

use crate::allocator::METER;
use crate::check::{Prints, bytes};
use crate::every_second::EverySecond;
use crate::{diagnostics, terminal};
use sdflow::Interrupt;
use sdflow::points::{memory_bytes, memory_limit};
use sdflow_dsl::{Diagnostic, Fault, Listener, Prepared};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// The estimate ends after this many seconds.
const MOST_SECONDS: u64 = 10;

/// A computation holds about this many copies of its points.
const COPIES: u64 = 4;

/// Refuses a run if `at_a_time` such runs at the same time need more memory than the budget or,
/// without a budget, than most of the machine's memory. A dry run estimates the memory. It can take
/// as long as a short run, so it is made only for runs that may come near the limit.
///
/// # Errors
/// The run needs too much memory, or the dry run has found a mistake.
pub fn check(prepared: &Prepared, at_a_time: u64) -> Result<(), Diagnostic> {
    let Some(limit) = memory_bytes() else { return Ok(()) };
    if bound(prepared).saturating_mul(at_a_time) < limit / 4 {
        return Ok(());
    }
    let interrupt = Interrupt::default();
    let prepared = prepared.clone().stopped_by(interrupt.clone());
    let (seconds, late) = (AtomicU64::new(0), interrupt.clone());
    let waiting = EverySecond::act(move || match seconds.fetch_add(1, Ordering::Relaxed) + 1 {
        2 => terminal::print_message("the memory of this run is estimated before it starts"),
        MOST_SECONDS => late.raise(),
        _ => {}
    });
    let listener: Arc<dyn Listener> = Arc::new(Prints { json: false, quiet: true });
    let found = sdflow_dsl::estimate_memory(&prepared, &listener, &METER);
    drop(waiting);
    let needed = match found {
        Err(error) if error.kind == Fault::Interrupted => {
            let message = format!("the memory of this run is not known: the estimate takes more than {MOST_SECONDS} s");
            terminal::print_message(&message);
            return Ok(());
        }
        found => found?.saturating_mul(at_a_time),
    };
    if needed <= limit {
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
