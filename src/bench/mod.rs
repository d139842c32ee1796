//! Measurements of the engine on this machine.

mod case;
mod case_table;
pub mod command;
mod drift;
mod flow;
mod net;
mod pairwise;
mod sinkhorn;
mod statistics;

pub use case::{BenchCase, Data, Task};
pub use case_table::case_table;
pub use drift::DriftReport;
pub use flow::FlowReport;
pub use net::NetReport;
pub use pairwise::PairwiseReport;
pub use sinkhorn::SinkhornReport;

use sdflow::{Error, Interrupt, Result};

/// Measures one score difference.
///
/// # Errors
/// The case is impossible, threads cannot be started, or an interrupt.
pub fn pairwise(case: &BenchCase, interrupt: &Interrupt) -> Result<PairwiseReport> {
    on_threads(case, || pairwise::measure(case, interrupt))
}

/// Measures one step of a flow.
///
/// # Errors
/// Those of [`pairwise()`].
pub fn flow(case: &BenchCase, interrupt: &Interrupt) -> Result<FlowReport> {
    on_threads(case, || flow::measure(case, interrupt))
}

/// Measures iterations of Sinkhorn's algorithm.
///
/// # Errors
/// Those of [`pairwise()`].
pub fn sinkhorn(case: &BenchCase, interrupt: &Interrupt) -> Result<SinkhornReport> {
    on_threads(case, || sinkhorn::measure(case, interrupt))
}

/// Measures training steps of a net.
///
/// # Errors
/// Those of [`pairwise()`].
pub fn net(case: &BenchCase, interrupt: &Interrupt) -> Result<NetReport> {
    on_threads(case, || net::measure(case, interrupt))
}

/// Measures one step of the flow of drifting models.
///
/// # Errors
/// Those of [`pairwise()`].
pub fn drift(case: &BenchCase, interrupt: &Interrupt) -> Result<DriftReport> {
    on_threads(case, || drift::measure(case, interrupt))
}

fn on_threads<R: Send>(case: &BenchCase, measure: impl FnOnce() -> Result<R> + Send) -> Result<R> {
    case.check()?;
    let threads = case.threads.unwrap_or(0);
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
    let pool = pool.map_err(|e| Error::argument("threads", threads, format!("the system must grant them: {e}")))?;
    pool.install(measure)
}
