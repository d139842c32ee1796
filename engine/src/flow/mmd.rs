//! The gradient flow of the maximum mean discrepancy [arbel2019maximum].

use super::{Clock, Flow, FlowPairs, Integrator, Scaling};
use crate::pairwise::{KernelSum, KernelSums, Kernels, Pairwise, Part};
use crate::{Points, Result, schedule::Schedule};

crate::options! {
    /// Options of `mmd_flow`.
    pub struct MmdFlowOptions {
        /// The kernel, a list of kernels (their velocities are averaged), or "median" for a Gaussian kernel whose
        /// bandwidth is the median distance within the target.
        kernel: Kernels = Kernels::Median,
        /// Step size: a number, a schedule, or `adaptive(largest, smallest)`.
        step: Schedule = Schedule::Constant { value: 1.0 },
        /// "denoiser": velocities in units of the squared bandwidth; "raw": the gradient itself.
        scaling: Scaling = Scaling::Denoiser,
        /// "euler", "heun" or "rk4".
        integrator: Integrator = Integrator::Euler,
    }
}

/// `v(z) = E_p[grad_z k(z, x)] - E_q[grad_z k(z, y)]`. Unlike the score difference it is not divided by the smoothed
/// densities, and dies where they are small. Cost: two pairwise passes per kernel.
#[derive(Debug)]
pub struct MmdFlow {
    target: Points,
    kernels: Vec<crate::pairwise::Kernel>,
    options: MmdFlowOptions,
    sums: KernelSums,
}

impl MmdFlow {
    /// The flow towards the points `target`.
    ///
    /// # Errors
    /// A kernel without a positive bandwidth, or a step out of range.
    pub fn new(target: Points, options: MmdFlowOptions) -> Result<MmdFlow> {
        options.step.check("step", 0.0..=f64::INFINITY)?;
        let kernels = options.kernel.resolve(&target)?;
        Ok(MmdFlow { target, kernels, options, sums: KernelSums::default() })
    }
}

impl Flow for MmdFlow {
    fn name(&self) -> &'static str {
        "mmd_flow"
    }

    fn dim(&self) -> Option<usize> {
        Some(self.target.dim())
    }

    fn prepare(&mut self, start: &Points, _clock: &Clock) -> Result<Vec<String>> {
        start.check_dim("the start", self.target.dim(), "the target")?;
        Ok(match self.options.kernel {
            Kernels::Median => {
                vec![format!("kernel: bandwidth {:.3}, the median distance", self.kernels[0].bandwidth())]
            }
            _ => Vec::new(),
        })
    }

    fn velocity(&mut self, cloud: &Points, _clock: &Clock, pairwise: &Pairwise, out: &mut Points) -> Result<()> {
        out.reshape(cloud.n(), cloud.dim());
        out.data_mut().fill(0.0);
        for kernel in &self.kernels {
            let units = match self.options.scaling {
                Scaling::Denoiser => kernel.bandwidth().powi(2),
                Scaling::Raw => 1.0,
            };
            for (sources, sign) in [(&self.target, 1.0), (cloud, -1.0)] {
                let sum = KernelSum {
                    kernel: *kernel,
                    part: Part::Slope,
                    weights: None,
                    values: Some(sources),
                    leave_out_self: false,
                };
                pairwise.kernel_sum(cloud, sources, &sum, &mut self.sums)?;
                let scale = sign * units / (sources.n() * self.kernels.len()) as f64;
                for i in 0..cloud.n() {
                    let (z, moment, mass) = (cloud.row(i), self.sums.moment.row(i), self.sums.mass[i]);
                    let pairs = z.iter().zip(moment);
                    out.row_mut(i).iter_mut().zip(pairs).for_each(|(v, (z, m))| *v += scale * (mass * z - m));
                }
            }
        }
        Ok(())
    }

    fn pairs(&self, cloud: usize) -> FlowPairs {
        let velocity = self.kernels.len() * cloud * (self.target.count() + cloud);
        FlowPairs { velocity: velocity as u64, readings: 0 }
    }

    fn step_size(&self) -> &Schedule {
        &self.options.step
    }

    fn integrator(&self) -> Integrator {
        self.options.integrator
    }

    fn resolution(&self, _cloud: &Points, _clock: &Clock) -> f64 {
        self.kernels.iter().map(|k| k.bandwidth()).fold(f64::INFINITY, f64::min)
    }
}
