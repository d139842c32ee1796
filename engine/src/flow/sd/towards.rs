//! The flow towards a target, with the scores that are chosen for the caller.

use super::{SdFlow, SdFlowOptions};
use crate::Result;
use crate::score::ScoreSpec;
use crate::target::Target;
use std::sync::Arc;

impl SdFlow {
    /// The flow towards `target` with the scores that it means by default
    /// ([`ScoreSpec::of_target`], [`ScoreSpec::source`]): its exact score where there is one, else
    /// the kernel estimate of its data; and of the moving cloud the kernel estimate, beside a
    /// closed form in more than 4 dimensions a mixture fit.
    ///
    /// ```
    /// use sdflow::flow::{SdFlow, SdFlowOptions, VelocityField};
    /// use sdflow::target::Gaussian;
    /// use std::sync::Arc;
    /// let flow = SdFlow::towards(Arc::new(Gaussian::ar1(64, 0.9)?), SdFlowOptions::default())?;
    /// assert_eq!(flow.name(), "sd_flow");
    /// # Ok::<(), sdflow::Error>(())
    /// ```
    ///
    /// # Errors
    /// A target with neither a closed form nor data; otherwise as [`SdFlow::new`].
    pub fn towards(target: Arc<dyn Target>, options: SdFlowOptions) -> Result<SdFlow> {
        let target = ScoreSpec::of_target(target)?;
        SdFlow::between(&target, &target.source(), options)
    }

    /// The flow towards `target`, away from `source`, in the units of the target's points where
    /// those are standard units.
    ///
    /// # Errors
    /// As the estimators' constructors and [`SdFlow::new`].
    pub fn between(target: &ScoreSpec, source: &ScoreSpec, options: SdFlowOptions) -> Result<SdFlow> {
        let flow = SdFlow::new(target.estimate()?, source.estimate()?, options)?;
        Ok(match target.units() {
            Some(units) => flow.in_units(units.clone()),
            None => flow,
        })
    }
}
