//! Options: without an effect, under their old names, and with one value in place of a list.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod stage;

use stage::run;

#[test]
fn options_without_effect_are_warned_of_at_their_place() {
    let x = "let x = normal(20, 2);\nlet g = gaussian(#{dim: 2});\n";
    for (line, column, key) in [
        ("sd_flow(x, gaussian_fit(), #{self_term: \"exclude\"});", 30, "`self_term`"),
        ("sd_flow(g, gaussian_fit(), #{sigma: 0, scaling: \"raw\", noise: \"fixed\"});", 56, "`noise`"),
        ("sd_flow(g, gaussian_fit(), #{precision: \"f64\"});", 30, "`precision`"),
        ("sd_flow(x, #{step: adaptive(1, 0.1), integrator: \"euler\"});", 38, "`integrator`"),
        ("mmd_flow(x, #{step: adaptive(1, 0.1), integrator: \"euler\"});", 39, "`integrator`"),
        ("svgd(g, #{step: adaptive(1, 0.1), integrator: \"euler\"});", 35, "`integrator`"),
        ("pf_ode(g, #{process: \"vp\", rho: 3});", 28, "`rho`"),
        ("pf_ode(g, #{beta_max: 3});", 13, "`beta_max`"),
        ("pf_ode(g, #{tolerance: 0.1});", 13, "`tolerance`"),
        ("reverse_sde(g, #{churn: 3});", 18, "`churn`"),
        ("reverse_sde(g, #{sampler: \"edm\", lambda: 0.5});", 34, "`lambda`"),
        ("predictor_corrector(g, #{corrections: 0, snr: 0.5});", 42, "`snr`"),
        ("run(sd_flow(x), x, #{steps: 3, every: 5});", 32, "`every`"),
        ("fit(affine(), sd_flow(x), g, #{steps: 2, average: 0.5, ema: 0.9});", 42, "`average`"),
        ("regress(affine(), x, x, #{steps: 2, average: 0.5, ema: 0.9});", 37, "`average`"),
    ] {
        let (outcome, _) = run(&format!("{x}{line}"));
        assert_eq!(outcome.failure.as_ref().map(stage::told), None);
        let want = format!("script.rhai:3:{column}: {key} has no effect");
        assert_eq!(outcome.warnings.iter().filter(|w| w.contains(&want)).count(), 1, "{line}: {:?}", outcome.warnings);
    }
    let (outcome, _) = run(&format!("{x}run(sd_flow(x), x, x);"));
    let want = "script.rhai:3:20: nothing is measured against the reference";
    assert_eq!(outcome.warnings.iter().filter(|w| w.contains(want)).count(), 1, "{:?}", outcome.warnings);
    for line in [
        "sd_flow(x, #{self_term: \"exclude\", noise: \"none\", precision: \"f64\"});",
        "sd_flow(x, kde(x), #{step: adaptive(1, 0.1), integrator: \"heun\", precision: \"f64\"});",
        "run(sd_flow(x), x, x, #{steps: 3, every: 3, metrics: [\"energy\"]});",
    ] {
        let (outcome, _) = run(&format!("{x}{line}"));
        assert!(outcome.warnings.iter().all(|w| !w.contains("no effect")), "{line}: {:?}", outcome.warnings);
    }
}

#[test]
fn only_a_map_stands_in_the_place_of_the_options() {
    let x = "let x = normal(20, 2);\n";
    for line in [
        "run(sd_flow(x), x, x, 100);",
        "energy(x, x, 3);",
        "w2(x, x, [1]);",
        "plot(x, \"a.svg\", \"title\");",
        "samples(x, true);",
        "load(\"table.csv\", \",\");",
        "mmd(x, x, 0.5);",
        "sinkhorn(x, x, 0.1);",
        "mmd_flow(x, 0.5);",
        "mlp(3);",
    ] {
        let failure = run(&format!("{x}{line}")).0.failure.unwrap_or_else(|| panic!("it runs: {line}"));
        let told = stage::told(&failure);
        assert!(told.contains("but a map of options, #{..}, is expected"), "{line}: {told}");
    }
    // A condition that does not hold gives `()`.
    let (outcome, _) = run(&format!("{x}energy(x, x, if x.n < 3 {{ #{{floor: false}} }});"));
    assert_eq!(outcome.failure.as_ref().map(stage::told), None);
}

#[test]
fn one_value_is_a_list_of_one() {
    let (outcome, _) = run("let t = table([#{n: 1, energy: 2}]);\nt.plot(\"a.svg\", #{y: \"energy\"});\n\
         let p = dataset(\"moons\").sample(90);\nlet r = run(sd_flow(p), p, p, #{steps: 3, metrics: \"energy\"});\n\
         expect(\"measured\", \"energy\" in r.metrics && load(\"table.csv\", #{columns: \"b\"}).dim == 1);");
    assert_eq!(outcome.failure.as_ref().map(stage::told), None);
    assert!(outcome.checks[0].pass);
}

/// Rhai reserves the word `until`, so it had to be quoted.
#[test]
fn the_old_name_of_an_option_works_with_a_warning() {
    let run_with = |key: &str| {
        run(&format!(
            "let p = dataset(\"moons\").sample(200);\n\
             let r = run(sd_flow(p), p, p, #{{\n  metrics: [\"energy\"], {key}: #{{energy: 1e6}}}});\nprint(r.stop);"
        ))
    };
    for (key, warnings) in [("stop_when", 0), ("\"until\"", 1)] {
        let (outcome, printed) = run_with(key);
        assert_eq!(outcome.failure.as_ref().map(stage::told), None);
        assert_eq!(printed.last().map(String::as_str), Some("converged"), "{key}");
        let told: Vec<_> = outcome.warnings.iter().filter(|w| w.contains("old name")).collect();
        assert_eq!(told.len(), warnings, "{:?}", outcome.warnings);
        assert!(
            told.iter().all(|w| w.contains("script.rhai:3:24: ") && w.ends_with(": write stop_when: ..")),
            "{told:?}"
        );
    }
    let (outcome, _) =
        run("run(sd_flow(normal(9, 2)), normal(9, 2), #{\"until\": #{sigma: 1}, stop_when: #{sigma: 1}});");
    assert!(outcome.failure.unwrap().message.contains("which is also given"));
}

/// The decay of the moving average of a denoiser's and a bridge's parameters was called `average`,
/// which is a share of the steps in `fit`.
#[test]
fn the_old_names_of_a_decay_work_with_a_warning() {
    let small = "hidden: 4, steps: 2, batch: 8";
    for (call, old) in [
        (format!("denoiser(x, #{{ema: 0.5, {small}}})"), false),
        (format!("denoiser(x, #{{average: 0.5, {small}}})"), true),
        (format!("dsb(x, x, #{{average: 0.5, iterations: 1, {small}}})"), true),
        (format!("dsbm(x, x, #{{average: 0.5, iterations: 1, {small}}})"), true),
    ] {
        let (outcome, _) = run(&format!("let x = normal(40, 2);\nlet made = {call};"));
        assert_eq!(outcome.failure.as_ref().map(stage::told), None, "{call}");
        let told = outcome.warnings.iter().filter(|w| w.contains("write ema: ..")).count();
        assert_eq!(told, usize::from(old), "{call}: {:?}", outcome.warnings);
    }
}

#[test]
fn the_old_name_of_a_function_works_with_a_warning() {
    let script = |name: &str| format!("let p = dataset(\"8gaussians\");\nprint(p.{name}(p.sample(200)).len());");
    for (name, warnings) in [("split_by_mode", 0), ("shared_out", 1)] {
        let (outcome, printed) = run(&script(name));
        assert_eq!(outcome.failure.as_ref().map(stage::told), None);
        assert_eq!(printed.last().map(String::as_str), Some("8"), "{name}");
        let told: Vec<_> = outcome.warnings.iter().filter(|w| w.contains("old name")).collect();
        assert_eq!(told.len(), warnings, "{:?}", outcome.warnings);
        assert!(told.iter().all(|w| w.contains("script.rhai:2:9: ") && w.contains("split_by_mode")), "{told:?}");
    }
}

/// A function given as a schedule is sampled into a table when the option is read, and is not
/// called while the flow runs.
#[test]
fn a_schedule_is_sampled_once_into_a_table() {
    let (outcome, _) = stage::run(
        r#"
        let calls = 0;
        let x = normal(40, 2);
        let y = normal(50, 2);
        let flow = |sigma| sd_flow(x, #{sigma: sigma, noise: "none"});
        let sampled = sd_flow(x, #{sigma: |t| { calls += 1; 1.5 - t * t }, noise: "none"});
        let before = calls;
        let r = run(sampled, y, #{steps: 20});
        let again = run(sampled, y, #{steps: 20});
        record(#{before: before, after: calls, distance: (r.points.mean()[0] - run(flow.call("1.5 - t^2"), y, #{steps: 20}).points.mean()[0]).abs()});
        "#,
    );
    assert_eq!(outcome.failure.as_ref().map(stage::told), None);
    let value = |name: &str| outcome.metrics[name].value;
    assert!(value("before") > 100.0 && value("after") == value("before"), "{} {}", value("before"), value("after"));
    assert!(value("distance") < 1e-5, "{}", value("distance"));
}
