//! The logarithm of the absolute Jacobian determinant of the steps of a flow.

use crate::archive::{Archive, Archived};
use crate::number::significant;
use crate::ode::{Divergence, Integrator, MOST_COORDINATES, mean_and_error, move_into};
use crate::{Mat, Points, Result, rng::Stream};

/// A function that evaluates a field at the rows of its first argument.
pub(super) type Field<'a> = dyn FnMut(&Points, &mut Points) -> Result<()> + 'a;

/// `log |det J|` of the steps so far, one value for every point. In up to 8 dimensions, `J` is the
/// derivative of the steps themselves. It is computed by central differences along tangents, which
/// pass through the stages together with the points. In more dimensions, `J` is the derivative of
/// the continuous flow: `d log |det J| / dt = div v` is integrated with the accuracy of the
/// integrator. The divergence uses random directions that are new in each step.
#[derive(Debug)]
pub(super) struct LogDet {
    how: How,
    logs: Vec<f64>,
    before: Vec<f64>,
    /// The variances that the random directions cause: of each logarithm, and last of their mean.
    /// Empty if there are no random directions.
    variances: Vec<f64>,
    variances_before: Vec<f64>,
}

#[derive(Debug)]
enum How {
    Tangents(Tangents),
    Divergence { stream: Stream, steps: u64, divergence: Divergence, rates: Vec<Points> },
}

#[derive(Debug, Default)]
struct Tangents {
    /// The coordinate directions, in the units of the field.
    directions: Vec<Points>,
    /// The derivative of the field along each tangent, by stage and coordinate.
    slopes: Vec<Vec<Points>>,
    tangent: Points,
    place: Points,
    sides: [Points; 2],
}

impl Archived for LogDet {
    fn archive(&mut self, archive: &mut Archive) -> Result<()> {
        archive.part("logs", self.logs.as_mut_slice())?;
        match &mut self.how {
            How::Tangents(_) => Ok(()),
            How::Divergence { steps, .. } => {
                archive.part("variances", self.variances.as_mut_slice())?;
                archive.part("steps", steps)
            }
        }
    }
}

impl LogDet {
    /// Creates the determinant for `n` points in `dim` dimensions.
    pub fn new(n: usize, dim: usize, stream: Stream) -> LogDet {
        let how = if dim <= MOST_COORDINATES {
            How::Tangents(Tangents::default())
        } else {
            How::Divergence { stream, steps: 0, divergence: Divergence::default(), rates: Vec::new() }
        };
        let variances = vec![0.0; if matches!(how, How::Tangents(_)) { 0 } else { n + 1 }];
        LogDet { how, logs: vec![0.0; n], before: vec![0.0; n], variances_before: variances.clone(), variances }
    }

    /// Tells the standard errors that the random directions cause, if there are some.
    pub fn note(&self) -> Option<String> {
        let (of_mean, each) = self.variances.split_last().filter(|(of_mean, _)| **of_mean > 0.0)?;
        let rms = (each.iter().sum::<f64>() / each.len() as f64).sqrt();
        let (each, of_mean) = (significant(rms, 2), significant(of_mean.sqrt(), 2));
        Some(format!(
            "log_det: the divergence is estimated along random directions, new ones in each step: the standard error is \
             {each} nats for a tracer (root mean square) and {of_mean} for the mean over the tracers"
        ))
    }

    pub fn logs(&self) -> &[f64] {
        &self.logs
    }

    /// Evaluates stage `s` at the points `z`. These points lie `place` steps of size `eta` along
    /// the velocity of the stage before. Differences use `by` units of each coordinate.
    pub fn stage(
        &mut self,
        s: usize,
        z: &Points,
        (place, eta): (f64, f64),
        (by, units): (f64, &[f64]),
        field: &mut Field,
    ) -> Result<()> {
        match &mut self.how {
            How::Tangents(tangents) => tangents.stage(s, z, place * eta, (by, units), field),
            How::Divergence { stream, steps, divergence, rates } => {
                if s == 0 {
                    *divergence = Divergence::new(z.dim(), None, stream.at(*steps));
                    *steps += 1;
                }
                let found = divergence.at(z, (by, units), field)?;
                rates.resize_with(rates.len().max(s + 1), Points::default);
                rates[s].copy_from(found);
                Ok(())
            }
        }
    }

    /// Completes the step of size `eta`.
    pub fn end(&mut self, eta: f64, integrator: Integrator) {
        self.before.copy_from_slice(&self.logs);
        self.variances_before.copy_from_slice(&self.variances);
        match &mut self.how {
            How::Tangents(tangents) => tangents.end(eta, integrator, &mut self.logs),
            How::Divergence { rates, divergence, .. } => {
                // The terms of the first stage become those of the whole step.
                let Some((terms, later)) = rates.split_first_mut() else { return };
                let weights = integrator.weights();
                terms.data_mut().iter_mut().for_each(|term| *term *= eta * weights[0]);
                for (weight, rates) in weights[1..].iter().zip(later) {
                    terms.data_mut().iter_mut().zip(rates.data()).for_each(|(term, rate)| *term += eta * weight * rate);
                }
                for ((log, variance), terms) in self.logs.iter_mut().zip(&mut self.variances).zip(terms.iter()) {
                    let (mean, error) = mean_and_error(terms, divergence.shares());
                    *log += mean;
                    *variance += error * error;
                }
                if let Some(of_mean) = self.variances.last_mut() {
                    *of_mean += mean_and_error(&terms.mean(), divergence.shares()).1.powi(2);
                }
            }
        }
    }

    /// Undoes the last step.
    pub fn undo(&mut self) {
        self.logs.copy_from_slice(&self.before);
        self.variances.copy_from_slice(&self.variances_before);
    }
}

impl Tangents {
    fn stage(&mut self, s: usize, z: &Points, ahead: f64, (by, units): (f64, &[f64]), field: &mut Field) -> Result<()> {
        let dim = z.dim();
        if s == 0 {
            self.directions.resize_with(dim, Points::default);
            for (j, direction) in self.directions.iter_mut().enumerate() {
                direction.reshape(z.n(), dim);
                direction.data_mut().fill(0.0);
                direction.data_mut().iter_mut().skip(j).step_by(dim).for_each(|v| *v = units[j]);
            }
        }
        self.slopes.resize_with(self.slopes.len().max(s + 1), Vec::new);
        let (done, rest) = self.slopes.split_at_mut(s);
        rest[0].resize_with(dim, Points::default);
        for (j, slope) in rest[0].iter_mut().enumerate() {
            match done.last() {
                None => self.tangent.copy_from(&self.directions[j]),
                Some(last) => move_into(&self.directions[j], ahead, &last[j], &mut self.tangent),
            }
            for (side, by) in self.sides.iter_mut().zip([by, -by]) {
                move_into(z, by, &self.tangent, &mut self.place);
                field(&self.place, side)?;
            }
            let [up, down] = &self.sides;
            slope.reshape(z.n(), dim);
            let sides = up.data().iter().zip(down.data());
            slope.data_mut().iter_mut().zip(sides).for_each(|(v, (up, down))| *v = (up - down) / (2.0 * by));
        }
        Ok(())
    }

    fn end(&self, eta: f64, integrator: Integrator, logs: &mut [f64]) {
        let dim = self.directions.len();
        let mut matrix = Mat::zeros(dim, dim);
        for (i, log) in logs.iter_mut().enumerate() {
            let mut scale = 0.0;
            for (j, direction) in self.directions.iter().enumerate() {
                let start = direction.row(i);
                scale += start[j].ln();
                for k in 0..dim {
                    let stages = integrator.weights().iter().zip(&self.slopes);
                    let slope: f64 = stages.map(|(weight, slopes)| weight * slopes[j].row(i)[k]).sum();
                    matrix[(k, j)] = start[k] + eta * slope;
                }
            }
            *log += matrix.determinant().abs().ln() - scale;
        }
    }
}
