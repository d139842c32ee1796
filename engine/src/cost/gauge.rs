//! What is read around a call: pairs, evaluations, seconds, bytes.

use crate::Result;
use crate::pairwise::{Pairwise, PairwiseOptions};
use std::sync::OnceLock;
use std::time::Instant;

/// Counts the bytes that a process holds. The binary that installs a counting allocator hands one
/// over; the engine has none.
pub trait Meter: Send + Sync + std::fmt::Debug {
    /// Bytes held now.
    fn now(&self) -> u64;

    /// Most bytes held at once since the last [`Meter::restart`].
    fn peak(&self) -> u64;

    /// Forgets the peak: from now on it is counted anew.
    fn restart(&self);
}

/// What a call took.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct Measured {
    pub pairs: f64,
    pub evaluations: f64,
    pub seconds: f64,
    /// Most bytes held at once besides those held before.
    pub bytes: f64,
}

/// Seconds since a moment that is the same for all who ask.
fn seconds() -> f64 {
    static BEGUN: OnceLock<Instant> = OnceLock::new();
    BEGUN.get_or_init(Instant::now).elapsed().as_secs_f64()
}

/// Reads the counters.
#[derive(Debug, Clone, Copy)]
pub struct Gauge<'a> {
    pairwise: &'a Pairwise,
    meter: Option<&'a dyn Meter>,
    watch: fn() -> f64,
}

impl<'a> Gauge<'a> {
    /// A gauge of the work that `pairwise` does and, with a `meter`, of memory.
    pub fn new(pairwise: &'a Pairwise, meter: Option<&'a dyn Meter>) -> Gauge<'a> {
        Gauge { pairwise, meter, watch: seconds }
    }

    /// The same, with time read from `watch`: a test says how long its work takes, whatever else
    /// the machine does.
    #[cfg(test)]
    pub(super) fn timed_by(self, watch: fn() -> f64) -> Gauge<'a> {
        Gauge { watch, ..self }
    }

    /// The engine of a run.
    pub fn pairwise(&self) -> &'a Pairwise {
        self.pairwise
    }

    /// An engine that counts anew, with no buffer of a call before: what those hold would be
    /// missing in the next one's bytes.
    pub(super) fn engine(&self) -> Pairwise {
        Pairwise::new(self.pairwise.options().clone(), self.pairwise.interrupt().clone())
    }

    /// [`Gauge::engine`] evaluating every pair: with blocks left out, the count would be no
    /// polynomial of the sizes.
    pub(super) fn every_pair(&self) -> Pairwise {
        let engine = self.engine();
        engine.with(PairwiseOptions { skip: false, ..engine.options().clone() })
    }

    /// What `act` takes, which works with `engine`, and its result.
    pub(super) fn measured<T>(&self, engine: &Pairwise, act: impl FnOnce() -> Result<T>) -> Result<(Measured, T)> {
        self.measured_since(self.held(), engine, act)
    }

    /// Bytes held now; 0 where they are not counted.
    pub(super) fn held(&self) -> u64 {
        self.meter.map_or(0, Meter::now)
    }

    /// [`Gauge::measured`] of a part of something that began when `held` bytes were held.
    pub(super) fn measured_since<T>(
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

    /// [`Gauge::measured`] of the quicker of two calls, where they are quick: the first warms
    /// caches and buffers.
    pub(super) fn twice<T>(&self, engine: &Pairwise, mut act: impl FnMut() -> Result<T>) -> Result<(Measured, T)> {
        const SLOW: f64 = 5e-3;
        let (first, made) = self.measured(engine, &mut act)?;
        if first.seconds > SLOW {
            return Ok((first, made));
        }
        drop(made);
        let (second, made) = self.measured(engine, &mut act)?;
        let (seconds, bytes) = (first.seconds.min(second.seconds), first.bytes.max(second.bytes));
        Ok((Measured { seconds, bytes, ..second }, made))
    }

    /// Bytes, where they are counted.
    pub(super) fn known(&self, bytes: f64) -> Option<u64> {
        self.meter.map(|_| super::extrapolate::whole(bytes))
    }
}
