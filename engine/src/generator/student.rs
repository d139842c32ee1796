//! The generator that is trained, and where its inputs come from.

use super::Generator;
use super::standard_units::Units;
use crate::rng::Stream;
use crate::target::Target;
use crate::{Points, Result};

/// A generator in standard units, and the base from which its inputs are drawn.
pub(super) struct Student<'a> {
    pub generator: &'a mut dyn Generator,
    pub base: &'a dyn Target,
    pub batch: usize,
    pub units: Units,
}

impl Student<'_> {
    /// Draws `n` points of the base in standard units.
    pub fn inputs(&self, n: usize, stream: Stream) -> Result<Points> {
        let mut u = self.base.sample(n, stream)?;
        if let Some(map) = &self.units.inputs {
            map.undo_in_place(&mut u);
        }
        Ok(u)
    }

    /// Draws a minibatch of the base into `u`, in standard units. Writes the points of the
    /// generator into `y`, in the caller's units.
    pub fn draw(&mut self, stream: Stream, u: &mut Points, y: &mut Points) -> Result<()> {
        *u = self.inputs(self.batch, stream)?;
        self.generator.forward(u, y)?;
        if let Some(map) = &self.units.outputs {
            map.apply_in_place(y);
        }
        Ok(())
    }
}
