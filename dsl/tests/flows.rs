//! Flows from scripts: the parts of samples that they use, their starts, and the messages where
//! this is impossible.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod stage;

use stage::{holds, run};

fn fails(script: &str) -> String {
    let (outcome, _) = run(script);
    outcome.failure.as_ref().map(stage::told).unwrap_or_else(|| panic!("{script} did not fail"))
}

/// Only `sd_flow` works in the units of samples: other flows refuse them.
#[test]
fn units_of_their_own_are_refused_where_they_would_be_ignored() {
    let x = "let x = samples(normal(50, 2), #{standardise: true});\n";
    for call in
        ["mmd_flow(x)", "sinkhorn_flow(x)", "drift_flow(x)", "sinkhorn(x, x)", "gan_flow(x)", "ratio(x)", "denoiser(x)"]
    {
        let said = fails(&format!("{x}let f = {call};"));
        assert!(said.contains("works in standard units") && said.contains("x.standardise()"), "{call}: {said}");
    }
}

#[test]
fn the_mmd_flow_keeps_the_weights_of_samples() {
    holds(
        "let x = points([[-2.0], [2.0]]);
         let y = points([[0.0]]);
         for weighting in [\"plain\", \"normalised\"] {
             let v = mmd_flow(samples(x, #{weights: [1, 3]}), #{kernel: 2.0, weighting: weighting}).velocity(y);
             let even = mmd_flow(x, #{kernel: 2.0, weighting: weighting}).velocity(y);
             expect(weighting, v.mean()[0] > 0.3 && abs(even.mean()[0]) < 1e-6);
         }",
    );
}

#[test]
fn the_samplers_of_a_denoiser_begin_and_end_where_it_has_learned() {
    holds(
        "let d = denoiser(normal(200, 2), #{hidden: 8, steps: 30});
         for flow in [pf_ode(d), reverse_sde(d), predictor_corrector(d)] {
             let r = run(flow, flow.prior(50), #{steps: 4});
             expect(\"finished\", r.stop == \"finished\");
         }
         let far = run(sd_flow(d), uniform(50, 2, 900.0, 901.0), #{steps: 4});
         expect(\"from afar\", far.stop == \"finished\");",
    );
}

/// `-dy/dsigma = -z sigma / (sigma^2 + 1)` of a standard normal, at its first level.
#[test]
fn the_velocity_of_a_sampler_does_not_hang_on_steps() {
    holds(
        "let v = pf_ode(gaussian(#{dim: 1}), #{sigma_max: 3, sigma_min: 0.1}).velocity(points([[2.0]]));
         expect(\"in sigma\", abs(v.mean()[0] + 2.0 * 3 / 10) < 1e-6);",
    );
}

/// The error estimate of Heun's method controls adaptive steps, so every flow refuses any other
/// method with them.
#[test]
fn an_adaptive_step_of_another_method_is_refused_by_every_flow() {
    let target = "let x = normal(30, 2);\nlet p = gaussian(#{dim: 2});\n";
    let flows = ["sd_flow(x", "mmd_flow(x", "sinkhorn_flow(x", "drift_flow(x", "svgd(p", "gan_flow(x"];
    for call in flows.map(|flow| format!("{flow}, #{{OPTIONS}})")) {
        let with = |options: &str| format!("{target}let f = {};", call.replace("OPTIONS", options));
        let said = fails(&with("step: adaptive(1.0, 0.01), integrator: \"rk4\""));
        assert!(said.contains("adaptive steps use \"heun\""), "{call}: {said}");
        let (outcome, _) = run(&with("step: adaptive(1.0, 0.01), integrator: \"heun\""));
        assert!(outcome.failure.is_none(), "{call}");
        assert!(fails(&with("step: -1")).contains("`step`"), "{call}");
    }
}

#[test]
fn what_has_no_answer_names_its_cause() {
    for (script, part) in [
        ("pf_ode(gaussian(#{dim: 2}), #{sigma_max: 1e160}).prior(5);", "`sigma_max`"),
        ("langevin(banana(), #{sampler: \"mala\", sigma: 0.5});", "leave `sigma` out"),
        ("pf_ode(points([[1.0, 2.0], [1.0, 2.0]]));", "its points coincide"),
        ("sd_flow(normal(10, 2)).prior(10);", "has no distribution to start from"),
    ] {
        let said = fails(script);
        assert!(said.contains(part), "{script}: {said}");
    }
    let (outcome, _) = run("let f = gan_flow(normal(50, 2), #{discriminator: #{features: \"linear\", hidden: 5}});");
    let said = format!("{:?}", outcome.warnings);
    assert!(said.contains("`hidden` has no effect"), "{said}");
}

/// With default options, a flow of points in other units ends at the same points in these units.
/// Units are powers of two, so that few values are rounded differently.
#[test]
fn defaults_hold_in_all_units() {
    let moved = |flow: &&str| format!("run({flow}, start, #{{steps: 8}}).points");
    let flows = [
        "sd_flow(x)",
        "sd_flow(g)",
        "mmd_flow(x)",
        "mmd_flow(x, #{kernel: energy_kernel()})",
        "sinkhorn_flow(x)",
        "sliced_flow(x)",
        "drift_flow(x)",
        "gan_flow(x)",
        "gan_flow(g)",
        "pf_ode(x)",
        "pf_ode(g)",
        "svgd(g)",
        "langevin(g)",
        "smc(g)",
    ];
    let net = "hidden: 4, steps: 5";
    let bridges = [
        "gaussian_bridge(g, y)".into(),
        "sinkhorn_bridge(x, y)".into(),
        "light_sb(x, y, #{steps: 20})".into(),
        format!("dsb(x, y, #{{iterations: 1, {net}}})"),
        format!("dsbm(x, y, #{{iterations: 1, {net}}})"),
    ];
    let bridges = bridges.iter().map(|bridge| format!("{bridge}.sample(start, #{{steps: 20}})"));
    let script = |points: &str, unit: f64| {
        format!(
            "let u = {unit:e};
             let g = gaussian(#{{mean: [u, 0.0], std: u}});
             let x = g.sample(60);
             let y = gaussian(#{{mean: [-u, u], std: 0.5 * u}}).sample(60);
             let start = gaussian(#{{mean: [0.0, 0.0], std: 1.5 * u}}).sample(50);
             let end = {points};
             let c = end.cov();
             print(`${{end.mean()[0] / u}} ${{end.mean()[1] / u}} ${{c[0][0] / u / u}} ${{c[1][1] / u / u}}`);"
        )
    };
    for points in flows.iter().map(moved).chain(bridges) {
        let found = |unit: f64| -> Vec<f64> {
            let (outcome, said) = run(&script(&points, unit));
            assert!(outcome.failure.is_none(), "{points}: {:?}", outcome.failure.as_ref().map(stage::told));
            said.last().unwrap().split(' ').map(|value| value.parse().unwrap()).collect()
        };
        let want = found(1.0);
        for exponent in [-60, -20, 20, 60] {
            let seen = found(f64::from(exponent).exp2());
            let is_same = seen.iter().zip(&want).all(|(a, b)| (a - b).abs() <= 1e-3 * (1.0 + b.abs()));
            assert!(is_same, "{points} in units of 2^{exponent}: {seen:?}, but {want:?}");
        }
    }
}
