//! Typical mistakes and their messages, with the cause, the place and the hint.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod stage;

use sdflow_dsl::{Outcome, Request, execute, prepare};
use std::sync::Arc;

/// The messages of a script.
fn said(script: &str) -> String {
    // A hint may name a file of the folder above, which is therefore empty.
    let above = tempfile::tempdir().unwrap();
    let folder = above.path().join("here");
    std::fs::create_dir(&folder).unwrap();
    stage::data(&folder);
    let request = Request { quick: false, ..stage::request(&folder, script) };
    let outcome = match prepare(&request) {
        Ok(prepared) => execute(&prepared, Arc::new(stage::Heard::default())),
        Err(failure) => Outcome { failure: Some(failure), ..Outcome::default() },
    };
    let failure = outcome.failure.unwrap_or_else(|| panic!("it runs: {script}"));
    stage::told(&failure).replace(&folder.display().to_string(), "HERE")
}

fn all(scripts: &[&str]) -> String {
    scripts.iter().map(|s| format!("{s}\n\n{}\n----\n", said(s))).collect()
}

#[test]
fn of_writing() {
    insta::assert_snapshot!(all(&[
        "let x = normal(10 2);",
        "let x = normal(10, 2)\nlet y = 1;",
        "let x = .5;",
        "let x = uniform(10, 2, 0, .5);",
        "let default = 1;",
        "let new = 3;",
        "let x = normal(10, 2;",
        "let text = \"open;\n",
        "fn f(x) { x + 1",
        "let o = #{key: 1, key: 2};",
        "let x = 3 +;",
        "let x = if true { 1 };;\nlet y = True;",
    ]));
}

#[test]
fn of_names() {
    insta::assert_snapshot!(all(&[
        "let x = norml(10, 2);",
        "let x = normal(10, 2);\nprint(y.n);",
        "let points = normal(10, 2);\nprint(point.n);",
        "let x = normal(10, 2);\nprint(x.dims);",
        "let x = normal(10, 2);\nprint(x.mean);",
        "let x = normal(10, 2);\nprint(x.n());",
        "let scale = 2.0;\nfn f(x) { x * scale }\nf(1.0);",
        "let o = #{sigma: 1.0};\nprint(o.sgima);",
        "let x = load(\"table.csv\", #{colums: [\"a\"]});",
        "let x = load(\"table.csv\", #{\n  header: true,\n  kye: 3,\n});",
        "let o = #{kye: 3};\nlet x = load(\"x.npy\", o);",
        "let x = normal;",
    ]));
}

#[test]
fn of_values() {
    insta::assert_snapshot!(all(&[
        "let x = normal(10, 2);\nlet y = x[0];",
        "let x = normal(10, 2);\nlet y = 2.0 * x;",
        "print('hello');",
        "let n = 3;\nlet y = exp(-1 / n);",
        "let y = hypot(3, 4);",
        "let y = lg(4);",
        "let x = normal(10, 2);\nlet y = x.column(2);",
        "let x = normal(10, 2);\nlet y = x.column(\"a\");",
        "let x = load(\"table.csv\", #{columns: [\"a\", \"b\"]});\nlet y = x.column(\"c\");",
        "let x = normal(10, 2);\nlet r = run(sd_flow(x, #{sigma: |t| 1 / 0}), x);",
        "let x = normal(10, 2);\nlet r = run(sd_flow(x, #{sigma: |t| normal(0, 2)}), x);",
    ]));
}

#[test]
fn of_arguments() {
    insta::assert_snapshot!(all(&[
        "let x = normal(10);",
        "let x = normal(10, 2, 3);",
        "let x = normal(\"10\", 2);",
        "let x = normal(10.0, 2);",
        "let x = normal(2 + 0.5, 2);",
        "let x = normal(0, 2);",
        "let x = normal(1 << 40, 1 << 40);",
        "let x = uniform(10, 2, 1, 0);",
        "let x = uniform(10, 2, 0, 1/2);",
        "let x = points([[1, 2], [3]]);",
        "let x = points([[1, 2], \"a\"]);",
        "let x = points([[1, 0.0/0.0]]);",
        "let x = normal(10, 2);\nlet y = x.rows(5, 20000);",
        "let x = normal(10, 2);\nlet y = x.rows(5, 5);",
        "let x = normal(10, 2) + 1;",
        "let s = \"a\";\ns.cov();",
        "let x = load(\"table.csv\", #{header: 3});",
        "let x = load(\"table.csv\", #{columns: normal(3, 2)});",
        "let x = load(\"x.npy\", #{key: ()});",
        "let x = load(\"x.npy\", #{flatten: 1});",
        "expect(\"it holds\", 1);",
        "threshold(\"energy\", \"=\", 1);",
        "threshold(\"energi\", \"<\", 1);\nrecord(#{energy: 1});",
        "fn f(a, b) { a + b }\nf(1);",
        "fn f(x) { x }\nlet z = 5;\nz.f();",
        "param(\"a\", [1]);",
        "let name = \"a\";\nlet a = param(name, 1);",
        "let s = param(\"seed\", 1);",
        "threshold(\"energy\", \"<\", 1);",
        "throw \"enough\";",
        "let a = [1, 2];\na[5];",
        "let x = 10 / 0;",
        "let c = normal(10, 2).cov();\nc[5];",
        "let x = normal(10, 2);\nx.n = 4;",
        "normal(10, 2).divide(0);",
        "let a = param(\"a\", 1) + param(\"a\", 2);",
        "relative_error([1, 2], [0, 0]);",
        "plot([], \"a.svg\");",
        "sd_flow(normal(10, 2), #{sigma: geometric(1, -1)});",
        "sd_flow(normal(10, 2), #{step: adaptive(1, 2)});",
        "let x = normal(10, 2);\nrun(mmd_flow(x), x, x, #{steps: 1, metrics: [#{metric: \"mmd\", kernel: 0}]});",
    ]));
}

#[test]
fn of_experiments() {
    insta::assert_snapshot!(all(&[
        "let p = dataset(\"mons\");",
        "let p = dataset(\"moons\", #{style: \"torch\"});",
        "let p = gaussian(#{std: 1});",
        "let p = gaussian(#{dim: 2, mean: [1, 2, 3]});",
        "let p = gaussian(#{dim: 2, std: -1});",
        "let p = gaussian(#{dim: 2, std: 1/2});",
        "let p = gaussian(#{dim: 2, std: \"wide\"});",
        "let p = gaussian(#{dim: 2.0});",
        "let p = ar1(1.5, #{dim: 3});",
        "let p = ar1(0.5);",
        "let p = dataset(\"moons\").log_density(normal(2, 2));",
        "let f = sd_flow(dataset(\"moons\"));",
        "let f = sd_flow(normal(10, 2), #{sgima: 1});",
        "let f = sd_flow(normal(10, 2), #{sigma: -1});",
        "let f = sd_flow(normal(10, 2), #{sigma: 0});",
        "let f = sd_flow(normal(10, 2), #{sigma: \"big\"});",
        "let f = sd_flow(normal(10, 2), #{sigma: cosine(1)});",
        "let f = sd_flow(normal(10, 2), #{sigma: |t| 0.0 / 0.0});",
        "let f = sd_flow(normal(10, 2), #{noise: \"frsh\"});",
        "let f = sd_flow(normal(10, 2), #{batch_target: 2.5});",
        "let f = sd_flow(kde(), normal(10, 2));",
        "let f = mmd_flow(normal(10, 2), #{kernel: imq(-1)});",
        "let f = mmd_flow(normal(10, 2), #{kernel: \"mean\"});",
        "let f = mmd_flow(normal(10, 2), #{weighting: \"normalized\"});",
        "let f = svgd(normal(10, 2));",
        "let f = svgd(kde());",
        "let f = langevin(density(1, \"-x0^2\"));",
        "let f = langevin(normal(10, 2), #{sigma: 1, sampler: \"mala\", step: 0.1});",
        "let f = langevin(gaussian(#{dim: 2}), #{smapler: \"ula\"});",
        "let f = pf_ode(samples(normal(10, 2), #{standardise: true}));",
        "let f = pf_ode(normal(10, 2), #{sigma_max: 0.1, sigma_min: 1});",
        "let f = pf_ode(normal(10, 2), #{sampler: \"eulr\"});",
        "let f = pf_ode(normal(10, 2), #{sigma_max: \"wide\"});",
        "let f = reverse_sde(normal(10, 2), #{lambda: 2});",
        "let y = sd_flow(normal(10, 2)).prior(10);",
        "let r = fit(affine(#{dim: 2}), pf_ode(normal(10, 2)), gaussian(#{dim: 2}));",
        "let r = run(sd_flow(normal(10, 2)), normal(10, 3));",
        "let r = run(sd_flow(normal(10, 2)), normal(10, 2), #{steps: 0});",
        "let r = run(sd_flow(normal(10, 2)), normal(10, 2), #{metrics: [\"energy\"]});",
        "let r = run(sd_flow(normal(10, 2)), normal(10, 2), normal(10, 2), #{metrics: [\"enrgy\"]});",
        "let r = run(sd_flow(normal(10, 2)), normal(10, 2), normal(10, 2), #{metrics: [#{metric: \"mmd\", kernl: 1}]});",
        "let r = run(normal(10, 2), normal(10, 2));",
        "let f = sd_flow(points([[0, 0]]), #{scaling: \"raw\", sigma: 0.01, step: 1e300, noise: \"none\"});\n\
         let r = run(f, normal(10, 2), #{steps: 20});",
        "let e = energy(normal(10, 2), normal(10, 3));",
        "let e = energy(normal(10, 2));",
        "let e = mmd(normal(10, 2), normal(10, 2), #{kernel: \"mean\"});",
        "let e = mode_weights(normal(10, 2), normal(10, 2));",
        "plot(normal(10, 2), \"a.jpg\");",
        "plot(normal(10, 5), \"a.svg\", #{image_width: 3});",
        "plot([normal(10, 2), 3], \"a.svg\");",
        "let t = table([#{a: 1}, 2]);",
        "let t = table([#{energy: 1}]);\nplot(t, \"a.svg\", #{x: \"enrgy\"});",
        "let g = affine(#{dim: 0});",
        "let r = fit(affine(#{dim: 2}), sd_flow(normal(10, 2)), normal(10, 2));",
        "let r = distill(affine(#{dim: 2}), kde(), gaussian(#{dim: 2}));",
        "let r = distill(affine(#{dim: 2}), normal(10, 3), gaussian(#{dim: 2}));",
        "let r = distill(affine(#{dim: 2}), normal(10, 2), gaussian(#{dim: 3}));",
        "let r = distill(affine(#{dim: 2}), normal(10, 2), normal(10, 2));",
        "let r = distill(affine(#{dim: 2}), normal(10, 2), gaussian(#{dim: 2}), #{score_update: 3});",
        "let r = distill(affine(#{dim: 2}), normal(10, 2), gaussian(#{dim: 2}), #{weight: \"dmd2\"});",
        "let r = distill(affine(#{dim: 2}), normal(10, 2), gaussian(#{dim: 2}), #{sigma_min: 30});",
    ]));
}

#[test]
fn of_files() {
    insta::assert_snapshot!(all(&[
        "let x = load(\"missing.npy\");",
        "let x = load(\"/etc/passwd\");",
        "let x = load(\"../secret.npy\");",
        "save(normal(10, 2), \"../out.npy\");",
        "save(normal(10, 2), \"/tmp/out.npy\");",
        "save(normal(10, 2), \"out.xyz\");",
        "import \"missing\" as m;",
        "import \"../other\" as m;",
        "import \"/etc/passwd\" as m;",
        "let name = \"a\";\nimport name as m;",
    ]));
}

#[test]
fn of_measure() {
    insta::assert_snapshot!(all(&[
        "fn f(n) { f(n + 1) }\nf(0);",
        "let s = \"x\";\nloop { s += s; }",
        "let a = [];\nloop { a.push(1); }",
        "loop { }",
        &format!("let x = {}1{};", "(".repeat(200), ")".repeat(200)),
        &format!("let x = {}1;", "-".repeat(200)),
        &format!("let x = {}1{};", "[".repeat(200), "]".repeat(200)),
    ]));
}

#[test]
fn depth_of_any_kind_is_refused() {
    for (open, close) in [
        ("(", ")"),
        ("[", "]"),
        ("- ", ""),
        ("!", ""),
        ("{", "}"),
        ("if true {", "}"),
        ("#{a: ", "}"),
        ("f(", ")"),
        ("|x| ", ""),
        ("1 + (", ")"),
        ("`${", "}`"),
    ] {
        said(&format!("fn f(x) {{ x }}\nlet x = {}1{};", open.repeat(3000), close.repeat(3000)));
    }
    let chain = |link: &str| format!("fn f(x) {{ x }}\nlet x = 1;\nx{};", link.repeat(3000));
    for link in ["[0]", ".a", " + y", ".b()"] {
        said(&chain(link));
    }
}

#[test]
fn in_imports_the_place_is_in_the_import() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("parts")).unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    write("parts/base.rhai", "// bases\nfn start(n) {\n    let x = normal(n, 2);\n    x.rows(0, \"a\")\n}\n");
    write("parts/deep.rhai", "import \"parts/base\" as base;\nfn begin(n) {\n    base::start(n)\n}\n");
    write("syntax.rhai", "fn f(x) {\n    x +\n}\n");
    write("names.rhai", "fn f(x) {\n\n    x + nromal(1, 2)\n}\n");
    write("option.rhai", "fn f(x) {\n    load(\"x.npy\", #{key: \"a\",\n         flaten: true})\n}\n");
    write("loop.rhai", "import \"loop\" as l;\n");
    let mut text = String::new();
    for script in [
        "import \"parts/deep\" as deep;\nlet x = deep::begin(5);",
        "import \"parts/base\" as base;\nlet x = base::strat(5);",
        "import \"syntax\" as s;",
        "import \"names\" as names;\nnames::f(1);",
        "import \"option\" as option;\nlet x = 1;\noption::f(1);",
        "import \"loop\" as l;",
    ] {
        let (outcome, _) = stage::run_in(folder.path(), script);
        let told = stage::told(&outcome.failure.expect("the script must fail"));
        text += &format!("{script}\n\n{}\n----\n", told.replace(&format!("{}/", folder.path().display()), ""));
    }
    insta::assert_snapshot!(text);
}
