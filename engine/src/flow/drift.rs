//! The field of drifting models \[deng2026drifting\]: a difference of two kernel-weighted means.

mod columns;
mod data;
mod option;

use super::aim::uneven;
use super::{Aim, Clock, FieldAt, Readings, Role, Scales, VelocityField};
use crate::archive::{Archive, Archived};
use crate::number::number;
use crate::ode::StepReport;
use crate::options::at_least;
use crate::pairwise::{Kernel, KernelSoftmax, SoftmaxMean, Values, mean_distance};
use crate::points::{equal_points, shares};
use crate::score::SelfTerm;
use crate::{Error, Points, Result, Rule, Subject};
use columns::{Columns, log_of_sum, log_sums};
use data::Data;
pub use option::{DriftFlowOptions, Normalisation, TemperatureScale, Temperatures};
use std::mem;
use std::sync::Arc;

/// The velocity is the mean of the target's points minus the mean of the cloud. Both means are
/// weighted by a kernel around the particle that moves. This is mean shift towards the target and
/// away from the cloud.
///
/// With `normalisation` "row" the velocity is `v(z) = sum_j softmax_j(log k(z, x_j)) x_j - sum_l
/// softmax_l(log k(z, y_l)) y_l`. With a Gaussian kernel of bandwidth `h`, it is `h^2` times the
/// score difference of the smoothed distributions. With another kernel it differs from the flow of
/// `mmd_flow` with normalised weighting, which follows the difference of the gradients of the log
/// kernel densities. In `mmd_flow` the slope of the kernel weights an offset `x_j - z`; here the
/// kernel itself does.
///
/// With "joint" the weight of a pair is `A = k / sqrt(row sum * column sum)`. Rows are the
/// particles, and columns are all points of the target and of the cloud. The velocity is `M_x M_y`
/// times the difference of the two means with these weights. `M_x` and `M_y` are the sums of a
/// particle's weights over the target and over the cloud.
///
/// Cost of a velocity: two pairwise passes per temperature, or with "joint" four (five for
/// tracers), and one more if the column sums of the target differ by a factor of 400 or more.
/// Memory `O(n + m)`.
#[derive(Debug)]
pub struct DriftFlow {
    target: Data,
    /// The points of the target that this step uses; None if it uses all.
    batch: Option<Data>,
    kernels: Vec<Kernel>,
    /// The unit of the temperatures.
    unit: f64,
    options: DriftFlowOptions,
    /// The root mean square of the field of each temperature at the cloud.
    roots: Vec<f64>,
    /// The effective sample sizes of the means over the target and over the cloud in the last
    /// velocity of the cloud, averaged over its particles and over the temperatures. They are 0
    /// before the first velocity.
    ess: [f64; 2],
    means: [SoftmaxMean; 2],
    part: Points,
    /// Buffer: the points of the target with one more column.
    extended: Points,
}

impl DriftFlow {
    /// Creates the flow towards the points `target`. They are shared, not copied.
    ///
    /// # Errors
    /// The kernel is unknown or has values that are not positive, a temperature is not positive, or
    /// the mean distance of the target's points is 0.
    pub fn new(target: impl Into<Arc<Points>>, options: DriftFlowOptions) -> Result<DriftFlow> {
        let target = target.into();
        at_least(&[("batch_target", options.batch_target.unwrap_or(1), 1)])?;
        let (unit, kernels) = kernels(&options, &target)?;
        let (means, part, extended) = (Default::default(), Points::default(), Points::default());
        let target = Data { points: target, logs: None };
        let (batch, roots, ess) = (None, Vec::new(), [0.0; 2]);
        Ok(DriftFlow { target, batch, kernels, unit, options, roots, ess, means, part, extended })
    }

    /// Sets the weights of the target's points in proportion to `weights`. They also count in the
    /// mean distance between the points. The weights are divided by their mean. With
    /// [`Normalisation::Joint`], a weight of 2 is therefore not the same as a point that is given
    /// twice.
    ///
    /// # Errors
    /// A weight is negative or not finite, none is positive, or their number is not that of the
    /// points.
    pub fn with_weights(mut self, weights: &[f64]) -> Result<DriftFlow> {
        let n = self.target.points.n();
        let shares = shares(weights, n, "weights")?;
        let equal = equal_points(&self.target.points, &shares, n);
        // If one point has nearly all the mass, the unit of the unweighted points remains.
        if let Ok(found) = kernels(&self.options, &equal) {
            (self.unit, self.kernels) = found;
        }
        self.target.logs = Some(shares.iter().map(|w| (n as f64 * w).ln()).collect());
        Ok(self)
    }

    /// Writes the field of one temperature.
    fn field(&mut self, kernel: Kernel, at: &FieldAt, leave_out_self: bool, out: &mut Points) -> Result<()> {
        let FieldAt { z, cloud, pairwise, .. } = *at;
        let data = self.batch.as_ref().unwrap_or(&self.target);
        let columns = match self.options.normalisation {
            Normalisation::Row => None,
            Normalisation::Joint => Some(Columns::of(kernel, (&data.points, cloud), leave_out_self, pairwise)?),
        };
        let logs = |own: &Option<Vec<f64>>, column: &[f64]| -> Vec<f64> {
            let own = |j: usize| own.as_ref().map_or(0.0, |logs| logs[j]);
            column.iter().enumerate().map(|(j, c)| own(j) - 0.5 * c).collect()
        };
        let of_target = columns.as_ref().map(|columns| logs(&data.logs, &columns.target));
        let of_cloud = columns.as_ref().map(|columns| logs(&None, &columns.cloud));
        let softmax = |log_weights, leave_out_self| KernelSoftmax { kernel, log_weights, leave_out_self };
        let to_target = softmax(of_target.as_deref().or(data.logs.as_deref()), false);
        let to_cloud = softmax(of_cloud.as_deref(), leave_out_self);
        let [target, own] = &mut self.means;
        let roots = columns.as_ref().and_then(Columns::roots);
        let values = match &roots {
            Some(roots) => Values::Of(data.with_column(roots, &mut self.extended)),
            None => Values::Own,
        };
        pairwise.kernel_softmax_mean(z, &data.points, values, &to_target, target)?;
        pairwise.kernel_softmax_mean(z, cloud, Values::Own, &to_cloud, own)?;
        out.reshape(z.n(), z.dim());
        for (i, (x, y)) in target.mean.iter().zip(own.mean.iter()).enumerate() {
            out.row_mut(i).iter_mut().zip(x.iter().zip(y)).for_each(|(v, (x, y))| *v = x - y);
        }
        if let Some(columns) = columns {
            let most = columns.most();
            // The kernel of two particles is symmetric. At the cloud, the row sums are therefore
            // the column sums.
            let own_sums = match at.role {
                Role::Cloud => columns.cloud,
                Role::Tracer => log_sums(kernel, (z, cloud), None, pairwise)?,
            };
            let rows = match &roots {
                // The weights times the roots of the column sums add up to the row sum.
                Some(_) => {
                    let sums = target.mean.iter().map(|row| row[row.len() - 1].ln());
                    sums.zip(&target.log_sum).map(|(mean, sum)| mean + sum + 0.5 * most).collect()
                }
                None => log_sums(kernel, (z, &data.points), data.logs.as_deref(), pairwise)?,
            };
            let rows = rows.into_iter().zip(own_sums).map(|(a, b)| log_of_sum(a, b)).collect::<Vec<f64>>();
            for (i, row) in rows.iter().enumerate() {
                let both = (target.log_sum[i] + own.log_sum[i] - row).exp();
                out.row_mut(i).iter_mut().for_each(|v| *v *= both);
            }
        }
        if at.role == Role::Cloud {
            let share = 1.0 / (self.kernels.len() * z.n()) as f64;
            for (ess, means) in self.ess.iter_mut().zip(&self.means) {
                *ess += share * means.ess.iter().sum::<f64>();
            }
        }
        Ok(())
    }

    /// Writes the field of all temperatures at `at.z`. At the cloud, and with several temperatures,
    /// it also finds the root mean square of the field of each.
    fn fields(&mut self, at: &FieldAt, out: &mut Points) -> Result<()> {
        let exclude = self.options.self_term.map_or(at.clock.fresh, |term| term == SelfTerm::Exclude);
        let leave_out_self = exclude && at.role == Role::Cloud;
        if leave_out_self && at.cloud.n() == 1 {
            return Err(Error::argument("self_term", "\"exclude\"", "at least 2 particles are needed for it"));
        }
        if at.role == Role::Cloud {
            self.ess = [0.0; 2];
        }
        if let [kernel] = self.kernels[..] {
            return self.field(kernel, at, leave_out_self, out);
        }
        out.reshape(at.z.n(), at.z.dim());
        out.data_mut().fill(0.0);
        let mut part = mem::take(&mut self.part);
        if at.role == Role::Cloud {
            self.roots.clear();
        }
        for k in 0..self.kernels.len() {
            self.field(self.kernels[k], at, leave_out_self, &mut part)?;
            if at.role == Role::Cloud {
                self.roots.push(root_mean_square(&part));
            }
            if self.roots[k] > 0.0 {
                let share = 1.0 / self.roots[k];
                out.data_mut().iter_mut().zip(part.data()).for_each(|(v, p)| *v += share * p);
            }
        }
        self.part = part;
        // The mean of the fields in units of their root mean squares, times the mean of these root
        // mean squares.
        let count = self.roots.len() as f64;
        let size = self.roots.iter().sum::<f64>() / (count * count);
        out.data_mut().iter_mut().for_each(|v| *v *= size);
        Ok(())
    }
}

/// Returns the kernel of this name and bandwidth.
fn named(name: &str, h: f64) -> Result<Kernel> {
    let positive = || Kernel::all(1.0).into_iter().filter(Kernel::is_positive);
    let found = positive().find(|kernel| kernel.name() == name);
    found.map(|kernel| kernel.with_bandwidth(h)).ok_or_else(|| {
        let known: Vec<String> = positive().map(|kernel| format!("\"{}\"", kernel.name())).collect();
        let want = format!("one of {} is expected", known.join(", "));
        Error::argument("kernel", format!("\"{name}\""), want)
    })
}

fn root_mean_square(points: &Points) -> f64 {
    let data = points.data();
    (data.iter().map(|v| v * v).sum::<f64>() / data.len() as f64).sqrt()
}

/// Returns the unit of the temperatures and the kernel of each temperature, for these points of the
/// target.
fn kernels(options: &DriftFlowOptions, points: &Points) -> Result<(f64, Vec<Kernel>)> {
    let unit = match options.scale {
        TemperatureScale::None => 1.0,
        TemperatureScale::Distance => mean_distance(points).ok_or_else(|| Error::Numeric {
            what: "the scale \"distance\" of `drift_flow`".into(),
            reason: "its points coincide, so that their mean distance is 0; use scale \"none\"".into(),
        })?,
    };
    let temperatures = options.temperature.list();
    if temperatures.is_empty() {
        return Err(Error::argument("temperature", "[]", "a list of temperatures needs at least one"));
    }
    let kernel = |temperature: &f64| {
        if !(*temperature > 0.0 && temperature.is_finite()) {
            let name = if temperatures.len() > 1 { "temperature[..]" } else { "temperature" };
            return Err(Error::argument(name, temperature, Rule::Positive));
        }
        named(&options.kernel, temperature * unit)
    };
    Ok((unit, temperatures.iter().map(kernel).collect::<Result<Vec<Kernel>>>()?))
}

impl VelocityField for DriftFlow {
    fn name(&self) -> &'static str {
        "drift_flow"
    }

    fn prepare(&mut self, cloud: &Points, _clock: &Clock, last: Option<&StepReport>) -> Result<Vec<String>> {
        if last.is_some() {
            return Ok(Vec::new());
        }
        cloud.check_dim(Subject::argument("start"), self.target.points.dim(), "the target")?;
        let bandwidths: Vec<String> = self.kernels.iter().map(|kernel| number(kernel.bandwidth())).collect();
        let told = format!(
            "temperature: bandwidth {}; the mean distance between two points of the target is {}",
            bandwidths.join(", "),
            number(self.unit)
        );
        Ok(if self.options.scale == TemperatureScale::Distance { vec![told] } else { Vec::new() })
    }

    fn velocity(&mut self, at: &FieldAt, out: &mut Points) -> Result<()> {
        let stream = at.clock.randomness("target batch");
        self.batch = self.options.batch_target.and_then(|batch| self.target.draw(batch, stream));
        if at.role == Role::Tracer && self.kernels.len() > 1 && self.roots.is_empty() {
            let (mut own, cloud) = (Points::default(), at.cloud);
            self.fields(&FieldAt { z: cloud, role: Role::Cloud, ..*at }, &mut own)?;
        }
        self.fields(at, out)
    }

    fn scales(&self, _cloud: &Points, _clock: &Clock) -> Scales<'_> {
        let resolution = self.kernels.iter().map(Kernel::bandwidth).fold(f64::INFINITY, f64::min);
        Scales { step: 1.0, resolution, units: None, aim: Aim::Points(&self.target.points) }
    }

    fn readings(&mut self, _at: &FieldAt) -> Result<Readings> {
        let readings = vec![("ess_target", self.ess[0]), ("ess_cloud", self.ess[1])];
        Ok(if self.ess[0] > 0.0 { readings } else { Vec::new() })
    }

    fn warnings(&self) -> Vec<String> {
        uneven(Some(&self.target.points)).into_iter().collect()
    }
}

impl Archived for DriftFlow {
    fn archive(&mut self, archive: &mut Archive) -> Result<()> {
        archive.part("ess_target", &mut self.ess[0])?;
        archive.part("ess_cloud", &mut self.ess[1])
    }
}

#[cfg(test)]
mod tests;
