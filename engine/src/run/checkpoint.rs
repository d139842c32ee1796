//! The state of a run in a checkpoint, and the continuation of a run from a checkpoint.

use super::{Driver, Snapshot};
use crate::archive::{Archive, Archived};
use crate::process::{Ending, Observer};
use crate::{Error, Result};

impl Driver<'_, '_> {
    /// Continues from the observer's checkpoint, if there is one. Returns the number of steps
    /// before the checkpoint.
    pub(super) fn resume(&mut self, observer: &mut dyn Observer) -> Result<usize> {
        let Some((step, mut state)) = observer.resume()? else { return Ok(0) };
        let shape = (self.cloud.n(), self.cloud.dim());
        self.archive(&mut state)?;
        state.finish()?;
        if (self.cloud.n(), self.cloud.dim()) != shape || step > self.options.steps {
            let reason = format!(
                "it holds {} points of {} coordinates after {step} steps, but the run moves {} of {} by {} steps",
                self.cloud.n(),
                self.cloud.dim(),
                shape.0,
                shape.1,
                self.options.steps
            );
            return Err(Error::Numeric { what: "the checkpoint".into(), reason });
        }
        self.result.history.iter().for_each(|row| observer.row(row));
        Ok(step)
    }

    /// Writes a checkpoint if one is due. This function is called before every step and after the
    /// last step. Returns true if the run should end here because an end was requested.
    pub(super) fn pause(&mut self, step: usize, observer: &mut dyn Observer) -> Result<bool> {
        let ends = self.pairwise.interrupt().end_requested();
        let own = self.options.checkpoint_every.is_some_and(|every| step.is_multiple_of(every));
        if step > 0 && (ends || own || observer.checkpoint_due(step, self.options.steps)) {
            let mut state = Archive::writer();
            self.archive(&mut state)?;
            observer.keep_checkpoint(step, self.options.steps, state)?;
        }
        if ends {
            self.result.ending = Ending::Interrupted { step };
        }
        Ok(ends)
    }

    /// Adds the work since the start to the statistics.
    pub(super) fn count_work(&mut self) {
        self.result.stats.nfe = self.stepper.evaluations();
        self.result.stats.pairs = self.pairwise.work().pairs() - self.pairs_before;
    }
}

impl Archived for Driver<'_, '_> {
    fn archive(&mut self, archive: &mut Archive) -> Result<()> {
        self.count_work();
        archive.part("cloud", &mut self.cloud)?;
        archive.part("stepper", &mut self.stepper)?;
        archive.part("history", &mut self.result.history)?;
        archive.part("snapshots", &mut self.result.snapshots)?;
        archive.part("unmeasured", &mut self.unmeasured)?;
        archive.part("work", &mut self.result.stats)?;
        archive.part("grid", &mut self.grid)?;
        if archive.is_reader() {
            self.pairwise.work().add_earlier(self.result.stats.pairs);
        }
        self.dynamics.archive(archive)
    }
}

impl Archived for Snapshot {
    fn archive(&mut self, archive: &mut Archive) -> Result<()> {
        archive.part("step", &mut self.step)?;
        archive.part("points", &mut self.points)
    }
}
