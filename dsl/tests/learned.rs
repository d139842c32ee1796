//! Nets from scripts: scores that are learned, ratios, adversarial flows, generators, and models in
//! files.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod stage;

use sdflow_dsl::{Fault, Request, check, execute, prepare};
use stage::{holds, run, run_in};

fn fails(script: &str) -> String {
    let (outcome, _) = run(script);
    outcome.failure.as_ref().map(stage::told).unwrap_or_else(|| panic!("{script} did not fail"))
}

#[test]
fn a_generator_with_an_infinite_result_is_refused() {
    let failure = fails("mlp(#{dim: 5}).apply(points([[1e140, 0, 0, 0, 0]]));");
    assert!(failure.contains("generator's result holds") && failure.contains("row 0"), "{failure}");
}

/// Without a base, the one of the generator is kept, and otherwise one is chosen and told.
#[test]
fn fit_chooses_a_base_if_none_is_given() {
    let noted = |script: &str| run(script).0.notes.into_iter().find(|note| note.starts_with("base"));
    let notes =
        noted("let r = fit(affine(), sd_flow(normal(50, 2)), #{steps: 2}); expect(\"steps\", r.points.dim == 2);");
    assert_eq!(notes.unwrap(), "base: a Gaussian in 2 dimensions");
    let notes = noted("fit(affine(#{dim: 6}), sd_flow(student_t(#{dim: 6, dof: 3}).sample(500)), #{steps: 2});");
    assert!(notes.as_ref().is_some_and(|note| note.contains("a Student t with ")), "{notes:?}");
    for kept in [
        "let g = affine(); fit(g, sd_flow(normal(50, 2)), gaussian(#{dim: 2, std: 2.0}), #{steps: 2});",
        "let g = affine().with_base(gaussian(#{dim: 2, std: 2.0}));",
    ] {
        let again = "fit(g, sd_flow(normal(50, 2)), #{steps: 2});";
        assert_eq!(noted(&format!("{kept} {again}")), None);
    }
    let labelled = "let p = normal(40, 2); let flow = by_label([sd_flow(p), sd_flow(p), sd_flow(p)]); \
                    let g = mlp(#{dim: 2, dim_in: 6}); fit(g, flow, #{steps: 2, batch: 30});";
    assert_eq!(noted(labelled).unwrap(), "base: a Gaussian in 3 dimensions with 3 labels");
    let narrow = fails(&labelled.replace("dim_in: 6", "dim_in: 3"));
    assert!(narrow.contains("3 inputs") && narrow.contains("3 labels"), "{narrow}");
}

#[test]
fn a_quadratic_ratio_carries_one_gaussian_to_another() {
    // Raw steps at sigma 0: the exact flow, up to the sampling error of 512 points.
    holds(
        "let p = gaussian(#{dim: 2, mean: [2, -1], std: 0.8});
         let r = run(sd_flow(ratio(p, #{features: \"quadratic\", ridge: 1e-4}), #{sigma: 0.5, step: 1.0}), normal(500, 2), #{steps: 30});
         let m = r.points.mean();
         let c = r.points.cov();
         print(`${m} ${c[0][0]} ${c[1][1]}`);
         expect(\"mean\", abs(m[0] - 2) < 0.15 && abs(m[1] + 1) < 0.15);
         expect(\"variance\", abs(c[0][0] / 0.64 - 1) < 0.3 && abs(c[1][1] / 0.64 - 1) < 0.3);",
    );
}

#[test]
fn an_adversarial_flow_with_the_difference_s_own_loss_does_the_same() {
    holds(
        "let p = gaussian(#{dim: 2, mean: [2, -1], std: 0.8});
         let flow = gan_flow(p.sample(500), #{loss: \"log_ratio\", sigma: 0.5, scaling: \"denoiser\", step: 1,
                             discriminator: #{features: \"quadratic\", ridge: 1e-4}});
         let r = run(flow, normal(500, 2), #{steps: 30});
         let m = r.points.mean();
         print(`${m}`);
         expect(\"mean\", abs(m[0] - 2) < 0.15 && abs(m[1] + 1) < 0.15);",
    );
}

#[test]
fn a_generator_is_distilled_from_a_denoiser_and_trained_in_place() {
    holds(
        "let p = gaussian(#{dim: 2, mean: [2, -1], std: 0.8});
         let g = affine(#{dim: 2});
         let before = energy(g.sample(500), p);
         let r = distill(g, denoiser(p, #{hidden: 32}), gaussian(#{dim: 2}), #{rate: 0.08, hidden: 32, every: 10});
         expect(\"nearer\", energy(g.sample(500), p) < 0.2 * before);
         expect(\"a result\", r.stop == \"finished\" && r.points.n == 512 && r.stats.nfe == 30 && r.history.n == 4);
         expect(\"quick\", r.history.column(\"source_loss\").len() == 4);",
    );
}

#[test]
fn models_are_saved_and_come_back() {
    let (outcome, _) = holds(
        "let g = mlp(#{dim: 2, dim_in: 3, hidden: 16, residual: true});
         save(g, \"g.safetensors\");
         let h = load_model(\"g.safetensors\");
         expect(\"the same law\", energy(g.sample(500), h.sample(500)) < 0.05);
         let a = affine(#{dim: 3, dim_in: 2});
         save(a, \"deep/a.safetensors\");
         let b = load_model(\"deep/a.safetensors\");
         for i in 0..3 { expect(\"covariance\", abs(a.cov()[i][i] - b.cov()[i][i]) < 1e-5); }
         let d = denoiser(normal(200, 2), #{hidden: 8, steps: 10});
         save(d, \"d.safetensors\");
         let r = run(sd_flow(load_model(\"d.safetensors\"), #{sigma: 0.7}), normal(50, 2), #{steps: 2});
         let q = run(sd_flow(d, #{sigma: 0.7}), normal(50, 2), #{steps: 2});
         expect(\"runs\", r.stop == \"finished\" && q.stop == \"finished\");",
    );
    let files: Vec<String> = outcome.files.iter().map(|f| f.display().to_string()).collect();
    assert_eq!(files, ["models/g.safetensors", "deep/a.safetensors", "models/d.safetensors"]);
}

#[test]
fn mistakes_are_told_with_their_place() {
    for (script, words) in [
        ("sd_flow(ratio(normal(50, 2)), kde());", &["whole score difference", "sd_flow(ratio(target))"][..]),
        ("sd_flow(kde(normal(50, 2)), ratio(normal(50, 2)));", &["whole score difference"]),
        ("pf_ode(ratio(normal(50, 2)));", &["difference of two scores"]),
        ("pf_ode(denoiser(#{steps: 3}));", &["describes the moving cloud"]),
        ("sd_flow(denoiser(#{steps: 3}));", &["describes the moving cloud"]),
        (
            "gan_flow(normal(50, 2), #{discriminator: #{hiden: 3}});",
            &["`discriminator` has no option `hiden`", "did you mean `hidden`?"],
        ),
        ("gan_flow(normal(50, 2), #{discriminator: 3});", &["a map of options (features, "]),
        (
            "gan_flow(normal(50, 2), #{discriminator: #{features: \"quadratc\"}});",
            &["`discriminator.features` is \"quadratc\", but one of \"linear\", ", "did you mean \"quadratic\"?"],
        ),
        (
            "gan_flow(normal(50, 2), #{discriminator: #{steps: 2.5}});",
            &["`discriminator.steps` is a number (2.5), but a whole number"],
        ),
        ("gan_flow(normal(50, 2), #{loss: \"saturated\"});", &["did you mean \"saturating\"?"]),
        ("denoiser(normal(50, 2), #{steps: 2, sigma_min: 3, sigma_max: 1});", &["`sigma_min` is 3"]),
        ("denoiser(#{sigma_max: 1});", &["`sigma_min` too"]),
        ("mlp(#{dim: 2}).mean();", &["closed-form moments", "sample(10000)"]),
        ("mlp(#{layers: 0});", &["`layers` is 0", "at least 1"]),
        ("save(denoiser(#{hidden: 4}), \"d.safetensors\");", &["a set of points, a table or a model"]),
        ("save(mlp(), \"g.npy\");", &["ends in .safetensors"]),
        ("load_model(\"no.safetensors\");", &["no file `no.safetensors`"]),
        ("load_model(\"../out.safetensors\");", &["out.safetensors"]),
        ("save(mlp(), \"g.safetensors\");\nload_model(\"g.safetensors\", #{activation: \"tanh\"});", &["leave it out"]),
        (
            "let d = denoiser(normal(99, 2), #{steps: 3, hidden: 4, sigma_max: 1});\nrun(sd_flow(d, #{sigma: 9}), normal(9, 2));",
            &["`sigma` is 9", "another `sigma_max`"],
        ),
    ] {
        let told = fails(script);
        assert!(words.iter().all(|word| told.contains(word)), "{script}\n{told}");
    }
}

#[test]
fn a_hostile_model_is_a_fault_of_the_data() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("evil.safetensors"), [0xff; 20]).unwrap();
    let (outcome, _) = run_in(folder.path(), "load_model(\"evil.safetensors\");");
    let failure = outcome.failure.unwrap();
    assert_eq!(failure.kind, Fault::Data);
    assert!(failure.message.contains("evil.safetensors, header"), "{}", failure.message);
}

#[test]
fn a_dry_run_counts_the_training_and_does_not_do_it() {
    let folder = tempfile::tempdir().unwrap();
    let script = "let p = dataset(\"moons\");
        let d = denoiser(p, #{steps: 1000000});
        let r = run(sd_flow(d, denoiser(#{steps: 2000000})), normal(500, 2), #{steps: 10});
        let q = run(sd_flow(ratio(p, #{steps: 3000000})), normal(500, 2), #{steps: 10});
        let f = run(gan_flow(p, #{discriminator: #{steps: 4000000}}), normal(500, 2), #{steps: 10});
        let g = mlp();
        fit(g, sd_flow(p.sample(500)), gaussian(#{dim: 2}), #{steps: 5000000});
        distill(g, d, gaussian(#{dim: 2}), #{steps: 6000000, warm_up: 7000000});
        save(g, \"g.safetensors\");
        let h = load_model(\"g.safetensors\");
        h.sample(10);";
    let report = |script: &str| {
        let request = Request { quick: false, ..stage::request(folder.path(), script) };
        check(&request, &stage::nobody(), None)
    };
    // The dry run finds a mistake after the training, on the model that would have been saved.
    let mistaken = report(&script.replace("sample(10)", "sample(\"ten\")"));
    let [error] = mistaken.errors.as_slice() else { panic!("{:?}", mistaken.errors) };
    assert!(error.message.contains("whole number") && error.place.as_ref().unwrap().line == 11, "{error:?}");
    let report = report(script);
    for (what, steps) in [
        ("train denoiser", 1_000_000),
        ("train denoiser", 2_000_000),
        ("train ratio", 3_000_000),
        ("train gan_flow", 4_000_000),
        ("fit sd_flow", 5_000_000),
        ("distill", 6_000_000),
        ("train distill", 7_000_000),
    ] {
        let found = report.works.iter().find(|work| work.what == what && work.cost.steps == steps);
        assert!(found.is_some_and(|work| work.cost.seconds > 0.0), "{what}: {:?}", report.works);
    }
}

#[test]
fn options_that_do_nothing_are_warned_of() {
    for (script, key) in [
        ("ratio(normal(50, 2), #{features: \"linear\", hidden: 4});", "hidden"),
        ("ratio(normal(50, 2), #{ridge: 0.1});", "ridge"),
        ("denoiser(#{ema: 0.9});", "ema"),
        ("denoiser(#{average: 0.9});", "ema"),
        ("denoiser(normal(50, 2), #{steps: 2, follow: 3});", "follow"),
    ] {
        let (outcome, _) = run(script);
        assert!(outcome.failure.is_none(), "{script}");
        let told: Vec<_> = outcome.warnings.iter().map(|w| format!("{w:?}")).collect();
        assert!(told.iter().any(|w| w.contains(&format!("`{key}` has no effect"))), "{script}: {told:?}");
    }
}

#[test]
fn a_flow_s_map_is_carried_learned_saved_and_applied() {
    let (_, said) = holds(
        "let target = gaussian(#{mean: [2.0, -1.0], cov: [[1.0, 0.6], [0.6, 1.0]]});
         let start = normal(400, 2);
         let held = normal(100, 2);
         let flow = sd_flow(target, gaussian_fit(), #{sigma: 0.7, noise: \"none\", step: 0.5, integrator: \"heun\"});
         let r = run(flow, start, #{steps: 60, carry: held, log_det: true});
         // This flow's map is affine.
         let map = affine(#{dim: 2});
         let t = regress(map, start, r.points);
         save(map, \"map.safetensors\");
         let again = load_model(\"map.safetensors\").apply(held);
         expect(\"the map of new points\", relative_error(again, r.carried) < 1e-6);
         expect(\"one step\", t.stats.steps == 1 && t.history.n == 1);
         // p(start) / |det J| is the density at the end, which is near the target's.
         let base = gaussian(#{dim: 2});
         let logs = base.log_density(held);
         let wanted = target.log_density(r.carried);
         let worst = 0.0;
         for i in 0..held.n {
             let off = logs[i] - r.log_det[i] - wanted[i];
             if off.abs() > worst { worst = off.abs(); }
         }
         expect(\"a log density for each\", r.log_det.len() == 100);
         expect(\"the log density\", worst < 0.6);
         let net = mlp(#{hidden: 32, layers: 2});
         let residual = regress(net, start, r.points).history.column(\"residual\");
         expect(\"a net learns it too\", residual[residual.len() - 1] < 0.6 * residual[0]);
         print(net.sample(7).n);",
    );
    assert_eq!(said.last().unwrap(), "7");
}

#[test]
fn what_cannot_be_carried_or_regressed_is_told() {
    let flow = "let f = sd_flow(normal(50, 2), #{sigma: 0.5});\n";
    let told = |rest: &str| fails(&format!("{flow}{rest}"));
    insta::assert_snapshot!(
        [
            told("run(f, normal(20, 2), #{steps: 2, carry: normal(5, 3)});"),
            told("run(f, normal(20, 2), #{steps: 2, carry: 3});"),
            told("run(f, normal(20, 2), #{steps: 2, carry: gaussian(#{dim: 2})});"),
            told("run(langevin(gaussian(#{dim: 2})), normal(20, 2), #{steps: 2, carry: normal(5, 2)});"),
            told("let r = run(f, normal(20, 2), #{steps: 2});\nprint(r.carried);"),
            told("let r = run(f, normal(20, 2), #{steps: 2, carry: normal(5, 2)});\nprint(r.log_det);"),
            told("regress(affine(), normal(5, 2), normal(4, 2));"),
            told("regress(affine(), normal(5, 3), normal(5, 2));"),
            told("regress(mlp(), normal(5, 2), normal(5, 2), #{batch: 0});"),
            told("affine().apply(normal(5, 3));"),
        ]
        .join("\n")
    );
}

#[test]
fn a_flow_that_flies_apart_beside_a_net_has_diverged() {
    let net = "hidden: 8, layers: 1, steps: 5";
    for flow in [
        format!("gan_flow(x, #{{step: 1e38, discriminator: #{{{net}}}}})"),
        format!("sd_flow(ratio(x, #{{{net}}}), #{{step: 1e39}})"),
        "sd_flow(ratio(x, #{features: \"quadratic\"}), #{step: 1e200})".into(),
        format!("sd_flow(x, denoiser(#{{{net}}}), #{{step: 1e200, scaling: \"raw\"}})"),
    ] {
        holds(&format!(
            "let x = normal(100, 2);
             let r = run({flow}, normal(50, 2), #{{steps: 20}});
             print(`${{r.stop}} ${{r.points.mean()}}`);
             expect(\"diverged\", r.stop == \"diverged\");"
        ));
    }
}

#[test]
fn a_generator_whose_training_diverges_can_still_be_saved() {
    let (outcome, _) = holds(
        "let x = normal(100, 2);
         let base = gaussian(#{dim: 2});
         let g = mlp(#{hidden: 8});
         let d = denoiser(x, #{hidden: 8, steps: 5});
         let stops = [fit(g, sd_flow(x), base, #{rate: 1e200}).stop];
         save(g, \"fit.safetensors\");
         stops.push(distill(g, d, base, #{rate: 1e200, warm_up: 5, hidden: 8}).stop);
         save(g, \"distill.safetensors\");
         stops.push(regress(g, x, normal(100, 2), #{rate: 1e200}).stop);
         save(g, \"regress.safetensors\");
         for name in [\"fit\", \"distill\", \"regress\"] {
             let y = load_model(name + \".safetensors\").with_base(base).sample(50);
             expect(name, energy(y, x) < 1e30);
         }
         expect(\"diverged\", stops == [\"diverged\", \"diverged\", \"diverged\"]);",
    );
    assert_eq!(outcome.files.len(), 3);
}

#[test]
fn a_generator_whose_training_is_interrupted_is_kept() {
    for train in [
        "fit(g, sd_flow(normal(20, 2)), gaussian(#{dim: 2}), #{steps: 100000000, batch: 8});",
        "regress(g, normal(50, 2), normal(50, 2), #{steps: 100000000, batch: 8});",
    ] {
        let folder = tempfile::tempdir().unwrap();
        let text = format!("let g = mlp(#{{hidden: 8}});\n{train}");
        let request = Request { quick: false, ..stage::request(folder.path(), &text) };
        let interrupt = request.interrupt.clone();
        let watch = std::thread::spawn(move || {
            std::thread::sleep(std::time::Duration::from_millis(300));
            interrupt.raise();
        });
        let outcome = execute(&prepare(&request).unwrap(), stage::nobody());
        watch.join().unwrap();
        assert_eq!(outcome.failure.unwrap().kind, Fault::Interrupted);
        let files: Vec<String> = outcome.files.iter().map(|f| f.display().to_string()).collect();
        assert_eq!(files, ["models/interrupted.safetensors", "samples/interrupted.npy"], "{train}");
        let net = sdflow::generator::load(&folder.path().join("run").join(&files[0]), &Default::default());
        assert!(net.is_ok(), "{train}: {net:?}");
    }
}

/// A file has the name of a base that is not standard normal, but not its parameters. Without them
/// the points would be wrong.
#[test]
fn a_loaded_generator_asks_for_a_base_that_is_not_standard_normal() {
    let train = |base: &str| {
        format!(
            "let x = normal(200, 2); let g = affine(#{{dim: 2}}); fit(g, sd_flow(x), {base}, #{{steps: 3}}); \
             save(g, \"g.safetensors\"); let back = load_model(\"g.safetensors\");"
        )
    };
    let ran = |text: String| stage::run(&text).0;
    assert!(ran(format!("{} back.sample(10);", train("gaussian(#{dim: 2})"))).failure.is_none());
    for base in ["student_t(#{dim: 2, dof: 5})", "gaussian(#{mean: [1, 0], cov: [[1, 0], [0, 1]]})"] {
        let failure = ran(format!("{} back.sample(10);", train(base))).failure.unwrap();
        let failure = stage::told(&failure);
        assert!(failure.contains("with_base"), "{failure}");
        let given = format!(
            "{} let same = back.with_base({base}); expect(\"samples\", same.sample(10).n == 10); \
             let u = normal(50, 2); expect(\"same map\", w2(same.apply(u), g.apply(u)) < 0.001);",
            train(base)
        );
        let outcome = ran(given);
        assert!(outcome.failure.is_none() && outcome.checks.iter().all(|check| check.pass), "{:?}", outcome.failure);
    }
    let wide = ran("let g = affine(#{dim: 2}).with_base(gaussian(#{dim: 3}));".into());
    let wide = stage::told(&wide.failure.unwrap());
    assert!(wide.contains("3 dimensions"), "{wide}");
}
