//! The distribution in which a bridge ends.

use super::potential::check_source;
use super::{Bridge, Coupling};
use crate::rng::Stream;
use crate::target::Target;
use crate::{Points, Result};
use std::sync::Arc;

/// The end of a bridge that starts from a source. A sample of the end is a sample of the source
/// that was moved by the plan. The end has no density in closed form.
#[derive(Debug, Clone)]
pub struct EndTarget {
    bridge: Arc<dyn Bridge>,
    source: Arc<dyn Target>,
}

impl EndTarget {
    /// Creates the distribution.
    ///
    /// # Errors
    /// The dimensions differ, or the bridge has no exact plan.
    pub fn new(bridge: Arc<dyn Bridge>, source: Arc<dyn Target>) -> Result<EndTarget> {
        check_source(source.as_ref(), bridge.dim())?;
        bridge.expect_plan()?;
        Ok(EndTarget { bridge, source })
    }
}

impl Target for EndTarget {
    fn name(&self) -> String {
        format!("the end of {}", self.bridge.name())
    }

    fn dim(&self) -> usize {
        self.bridge.dim()
    }

    fn sample(&self, n: usize, stream: Stream) -> Result<Points> {
        let start = self.source.sample(n, stream.label("start"))?;
        let mut end = Points::default();
        let plan: &dyn Coupling = self.bridge.expect_plan()?;
        plan.draw(&start, stream.label("plan"), &mut end)?;
        Ok(end)
    }
}
