//! The cost of future work, as numbers.

/// The cost of future work.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Cost {
    /// The number of all steps.
    pub steps: u64,
    /// Evaluations of the velocity.
    pub nfe: u64,
    /// Pairs evaluated in the steps of the flow.
    pub flow_pairs: u64,
    /// All pairs, including those of measurements and noise floors.
    pub pairs: u64,
    /// Seconds on this machine.
    pub seconds: f64,
    /// The largest number of bytes in use, minus the bytes in use before; None without a meter.
    pub bytes: Option<u64>,
    /// True if the numbers depend on what the run finds (`stop_when`, an adaptive step).
    pub varies: bool,
}
