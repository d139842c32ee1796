//! The Adam optimiser [kingma2015adam].

/// Running moments of a gradient and the step they give.
#[derive(Debug, Clone)]
pub struct Adam {
    first: Vec<f64>,
    second: Vec<f64>,
    steps: i32,
}

const BETA_1: f64 = 0.9;
const BETA_2: f64 = 0.999;
const EPSILON: f64 = 1e-8;

impl Adam {
    /// For `count` parameters.
    pub fn new(count: usize) -> Adam {
        Adam { first: vec![0.0; count], second: vec![0.0; count], steps: 0 }
    }

    /// `theta -= rate * m / (sqrt(v) + 1e-8)` with the bias-corrected running means `m` of `gradient` and `v` of its square.
    pub fn step(&mut self, parameters: &mut [f64], gradient: &[f64], rate: f64) {
        self.steps += 1;
        let correct_1 = 1.0 - BETA_1.powi(self.steps);
        let correct_2 = 1.0 - BETA_2.powi(self.steps);
        let moments = self.first.iter_mut().zip(&mut self.second);
        for ((theta, g), (m, v)) in parameters.iter_mut().zip(gradient).zip(moments) {
            *m = BETA_1 * *m + (1.0 - BETA_1) * g;
            *v = BETA_2 * *v + (1.0 - BETA_2) * g * g;
            *theta -= rate * (*m / correct_1) / ((*v / correct_2).sqrt() + EPSILON);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_step_has_the_size_of_the_rate() {
        let mut theta = [1.0, -2.0];
        Adam::new(2).step(&mut theta, &[3.0, -0.01], 0.1);
        assert!((theta[0] - 0.9).abs() < 1e-6 && (theta[1] + 1.9).abs() < 1e-6, "{theta:?}");
    }

    #[test]
    fn it_finds_the_bottom_of_a_valley() {
        let (mut theta, mut adam) = ([4.0, -3.0], Adam::new(2));
        for k in 0..2000 {
            let gradient = [2.0 * (theta[0] - 1.0), 200.0 * (theta[1] - 2.0)];
            adam.step(&mut theta, &gradient, 0.05 * (1.0 - f64::from(k) / 2000.0));
        }
        assert!((theta[0] - 1.0).abs() < 1e-3 && (theta[1] - 2.0).abs() < 1e-3, "{theta:?}");
    }
}
