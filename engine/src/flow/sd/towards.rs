//! The flow towards a target, with scores that are chosen automatically.

use super::{SdFlow, SdFlowOptions};
use crate::Result;
use crate::score::ScoreSpec;
use crate::target::Target;
use std::sync::Arc;

impl SdFlow {
    /// Creates the flow towards `target` with its default scores ([`ScoreSpec::of_target`],
    /// [`ScoreSpec::source`]). The score of the target is its exact score if there is one,
    /// otherwise the kernel estimate from the data of the target. The score of the moving cloud is
    /// the kernel estimate if the score of the target is a kernel estimate. Otherwise it is
    /// [`ScoreSpec::Auto`].
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
    /// The target has neither a closed form nor data, or an error of [`SdFlow::new`].
    pub fn towards(target: Arc<dyn Target>, options: SdFlowOptions) -> Result<SdFlow> {
        let target = ScoreSpec::of_target(target)?;
        SdFlow::between(&target, &target.source(), options)
    }

    /// Creates the flow towards `target`, away from `source`. If the target has standard units, the
    /// flow works in them.
    ///
    /// # Errors
    /// Errors of the constructors of the estimators and of [`SdFlow::new`].
    pub fn between(target: &ScoreSpec, source: &ScoreSpec, options: SdFlowOptions) -> Result<SdFlow> {
        let flow = SdFlow::new(target.estimate()?, source.estimate()?, options)?;
        Ok(match target.units() {
            Some(units) => flow.in_units(units.clone()),
            None => flow,
        })
    }
}
