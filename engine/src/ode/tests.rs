use super::{Integrator, RungeKutta};
use crate::Points;

/// Returns the error at t = 1 for y' = -y + sin(3t), y(0) = 1, after `steps` steps.
fn error(integrator: Integrator, steps: usize) -> f64 {
    let mut stepper = RungeKutta::default();
    let mut cloud = Points::from_rows(&[[1.0]]).unwrap();
    for k in 0..steps {
        let mut field = |y: &Points, stage: f64, v: &mut Points| {
            let t = (k as f64 + stage) / steps as f64;
            v.reshape(1, 1);
            v.data_mut()[0] = -y.data()[0] + (3.0 * t).sin();
            Ok(())
        };
        stepper.advance(&mut cloud, 1.0 / steps as f64, integrator, &mut field).unwrap();
    }
    let exact = |t: f64| 0.1 * (3.0 * t).sin() - 0.3 * (3.0 * t).cos() + 1.3 * (-t).exp();
    (cloud.data()[0] - exact(1.0)).abs()
}

#[test]
fn declared_orders_by_regression() {
    for (integrator, order) in [(Integrator::Euler, 1.0), (Integrator::Heun, 2.0), (Integrator::Rk4, 4.0)] {
        let steps = [32, 64, 128, 256];
        let logs: Vec<(f64, f64)> = steps.iter().map(|&k| ((k as f64).ln(), error(integrator, k).ln())).collect();
        let mean = |f: fn(&(f64, f64)) -> f64| logs.iter().map(f).sum::<f64>() / logs.len() as f64;
        let (x, y) = (mean(|l| l.0), mean(|l| l.1));
        let slope = logs.iter().map(|l| (l.0 - x) * (l.1 - y)).sum::<f64>()
            / logs.iter().map(|l| (l.0 - x).powi(2)).sum::<f64>();
        assert!((slope + order).abs() < 0.15, "{integrator:?}: slope {slope}, order {order}");
    }
}

#[test]
fn adaptive_steps_shrink_where_the_field_is_stiff() {
    let mut stepper = RungeKutta::default();
    let mut cloud = Points::from_rows(&[[1.0]]).unwrap();
    let mut stiff = |y: &Points, _: f64, v: &mut Points| {
        v.copy_from(y);
        v.data_mut()[0] *= -50.0;
        Ok(())
    };
    for _ in 0..200 {
        let report = stepper.adapt(&mut cloud, (1.0, 1e-4), 0.01, &mut stiff).unwrap();
        assert!(report.eta <= 0.2, "a step of {} would be unstable", report.eta);
    }
    assert!(cloud.data()[0].abs() < 0.01);
}

#[test]
fn an_embedded_step_keeps_its_tolerance_where_the_field_is_uneven() {
    // For y' = -y / (0.01 + c), y(1) = 0.01 / 1.01; the solution is steep at first.
    for tolerance in [1e-3, 1e-6, 1e-9] {
        let (mut stepper, mut cloud) = (RungeKutta::default(), Points::from_rows(&[[1.0]]).unwrap());
        let mut field = |y: &Points, c: f64, v: &mut Points| {
            v.copy_from(y);
            v.data_mut()[0] *= -1.0 / (0.01 + c);
            Ok(())
        };
        stepper.reach(&mut cloud, tolerance, &mut field).unwrap();
        let error = (cloud.data()[0] - 0.01 / 1.01).abs();
        assert!(error < 10.0 * tolerance, "{tolerance}: {error} after {} evaluations", stepper.evaluations());
        stepper.undo(&mut cloud);
        assert_eq!(cloud.data(), [1.0]);
    }
}

#[test]
fn the_embedded_pair_has_order_five() {
    // Without rejections, all parts have the same size.
    let error = |parts: usize| {
        let (mut stepper, mut cloud) = (RungeKutta::default(), Points::from_rows(&[[1.0]]).unwrap());
        for k in 0..parts {
            let mut field = |y: &Points, c: f64, v: &mut Points| {
                v.copy_from(y);
                v.data_mut()[0] *= ((k as f64 + c) / parts as f64).cos() / parts as f64;
                Ok(())
            };
            stepper.reach(&mut cloud, 1.0, &mut field).unwrap();
        }
        assert_eq!(stepper.evaluations(), 7 * parts as u64);
        (cloud.data()[0] - 1f64.sin().exp()).abs()
    };
    let order = (error(4) / error(16)).ln() / 4f64.ln();
    assert!((order - 5.0).abs() < 0.4, "{order}");
}
