//! Measurements around a call: pairs, evaluations, seconds and bytes.

use super::known::KnownCosts;
use crate::Result;
use crate::pairwise::{Pairwise, PairwiseOptions};
use std::sync::OnceLock;
use std::time::Instant;

/// Counts the bytes that a process has allocated. A program that installs a counting allocator
/// passes such a counter; the engine has none.
pub trait Meter: Send + Sync + std::fmt::Debug {
    /// Returns the bytes in use.
    fn now(&self) -> u64;

    /// Returns the largest number of bytes in use since the last [`Meter::restart`].
    fn peak(&self) -> u64;

    /// Resets the peak to the bytes in use.
    fn restart(&self);
}

/// What a gauge is asked for. The less it is asked for, the less time it spends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Asked {
    /// All numbers of a [`Cost`](super::Cost).
    #[default]
    Cost,
    /// The bytes; other numbers are rough.
    Memory,
    /// Only the errors of the computation; all numbers are meaningless.
    Errors,
}

/// The measured cost of a call.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct Measured {
    pub pairs: f64,
    pub evaluations: f64,
    pub seconds: f64,
    /// The largest number of bytes in use during the call, minus the bytes in use before the call.
    pub bytes: f64,
}

/// Returns the seconds since a fixed moment of the process.
fn seconds() -> f64 {
    static BEGUN: OnceLock<Instant> = OnceLock::new();
    BEGUN.get_or_init(Instant::now).elapsed().as_secs_f64()
}

/// Measures pairs, evaluations, seconds and bytes of calls.
#[derive(Debug, Clone, Copy)]
pub struct Gauge<'a> {
    pairwise: &'a Pairwise,
    meter: Option<&'a dyn Meter>,
    known: Option<&'a KnownCosts>,
    asked: Asked,
    watch: fn() -> f64,
}

impl<'a> Gauge<'a> {
    /// Creates a gauge of the work of `pairwise` and, with a `meter`, of memory.
    pub fn new(pairwise: &'a Pairwise, meter: Option<&'a dyn Meter>) -> Gauge<'a> {
        Gauge { pairwise, meter, known: None, asked: Asked::Cost, watch: seconds }
    }

    /// Returns a gauge that measures the cost of each metric once and keeps it in `known`.
    pub fn remembering(self, known: &'a KnownCosts) -> Gauge<'a> {
        Gauge { known: Some(known), ..self }
    }

    /// Returns a gauge that is asked for this.
    pub fn asked_for(self, asked: Asked) -> Gauge<'a> {
        Gauge { asked, ..self }
    }

    /// Returns the costs of metrics that are known.
    pub(super) fn known(&self) -> Option<&'a KnownCosts> {
        self.known
    }

    /// Returns what the gauge is asked for.
    pub(super) fn asked(&self) -> Asked {
        self.asked
    }

    /// Returns a gauge that reads the time from `watch`, so that a test decides how long its work
    /// takes.
    #[cfg(test)]
    pub(super) fn timed_by(self, watch: fn() -> f64) -> Gauge<'a> {
        Gauge { watch, ..self }
    }

    /// Returns the clock, which returns the seconds since a fixed moment.
    pub(super) fn watch(&self) -> fn() -> f64 {
        self.watch
    }

    /// Returns the engine of a run.
    pub fn pairwise(&self) -> &'a Pairwise {
        self.pairwise
    }

    /// Returns an engine with new counters and without the buffers of earlier calls. With those
    /// buffers, their bytes would be missing in the measurement of the next call.
    pub(super) fn engine(&self) -> Pairwise {
        Pairwise::new(self.pairwise.options().clone(), self.pairwise.interrupt().clone())
    }

    /// Does the same as [`Gauge::engine`], but the engine evaluates every pair. If it skipped
    /// blocks, the count would not be a polynomial in the sizes.
    pub(super) fn every_pair(&self) -> Pairwise {
        let engine = self.engine();
        engine.with(PairwiseOptions { skip: false, ..engine.options().clone() })
    }

    /// Returns the cost and the result of `act`, which works with `engine`.
    pub(super) fn measure<T>(&self, engine: &Pairwise, act: impl FnOnce() -> Result<T>) -> Result<(Measured, T)> {
        self.measure_since(self.bytes_in_use(), engine, act)
    }

    /// Returns the bytes in use; 0 without a meter.
    pub(super) fn bytes_in_use(&self) -> u64 {
        self.meter.map_or(0, Meter::now)
    }

    /// Does the same as [`Gauge::measure`], for a part of some work that began with `held` bytes in
    /// use.
    pub(super) fn measure_since<T>(
        &self,
        held: u64,
        engine: &Pairwise,
        act: impl FnOnce() -> Result<T>,
    ) -> Result<(Measured, T)> {
        if let Some(meter) = self.meter {
            meter.restart();
        }
        let (pairs, begun) = (engine.work().pairs(), (self.watch)());
        let made = act()?;
        let seconds = (self.watch)() - begun;
        let pairs = (engine.work().pairs() - pairs) as f64;
        let bytes = self.meter.map_or(0, |meter| meter.peak().saturating_sub(held)) as f64;
        Ok((Measured { pairs, evaluations: 0.0, seconds, bytes }, made))
    }

    /// Does the same as [`Gauge::measure`]. A quick call is made three times, because the first
    /// call warms caches and buffers, and another process may interrupt any of them. The quickest
    /// call counts.
    pub(super) fn quickest<T>(&self, engine: &Pairwise, mut act: impl FnMut() -> Result<T>) -> Result<(Measured, T)> {
        // One call may be slow because another process interrupted it, so this is a limit of the
        // total time of the calls.
        const ENOUGH: f64 = 0.1;
        let (mut best, mut made) = self.measure(engine, &mut act)?;
        let mut spent = best.seconds;
        for _ in 1..3 {
            if spent > ENOUGH || self.asked != Asked::Cost {
                break;
            }
            drop(made);
            let (next, again) = self.measure(engine, &mut act)?;
            spent += next.seconds;
            best = Measured { seconds: best.seconds.min(next.seconds), bytes: best.bytes.max(next.bytes), ..next };
            made = again;
        }
        Ok((best, made))
    }

    /// Returns the bytes; None without a meter.
    pub(super) fn known_bytes(&self, bytes: f64) -> Option<u64> {
        self.meter.map(|_| super::extrapolate::whole(bytes))
    }
}
