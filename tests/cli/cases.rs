//! Kinds of inputs that once gave a wrong number, lost a result, hung or crashed: one table of
//! right values, one of warnings, one of refusals, and one of files.
//!
//! Every number stands beside its derivation. A new case is a row here. If the fault lies in one
//! module, the case is also a test in that module.

use crate::sandbox::{Done, Sandbox};

/// A script that prints `name value` in each line, and the right values with their tolerances.
type Right = (&'static str, &'static str, &'static [(&'static str, f64, f64)]);

const RIGHT: &[Right] = &[
    (
        // The points have the distribution 1/2 at 4 and 1/2 at 5. Against the points 0..5:
        // energy = 2 E|x-y| - E|x-x'| - E|y-y'| = 2 * 13/6 - 70/36 - 1/2 = 17/9,
        // w2_gauss^2 = 2^2 + (sqrt(35/12) - 1/2)^2.
        "a reference with weights",
        "let rows = points([[0.0], [1.0], [2.0], [3.0], [4.0], [5.0]]);
        let s = samples(rows, #{weights: [0.0, 0.0, 0.0, 0.0, 1.0, 1.0]});
        print(`same ${energy(points([[4.0], [5.0], [4.0], [5.0]]), s).value}`);
        print(`energy ${energy(rows, s).value}`);
        print(`w2_gauss ${w2_gauss(rows, s).value}`);
        print(`draw ${s.sample(1000).mean()[0]}`);",
        &[("same", 0.0, 1e-12), ("energy", 17.0 / 9.0, 1e-12), ("w2_gauss", 2.336_416_388, 1e-8), ("draw", 4.5, 0.05)],
    ),
    (
        // The best rule between Bernoulli(0.1) and Bernoulli(0.9) is right in 9 of 10 cases.
        "ties in c2st",
        "fn coins(n, ones) { let r = []; for i in 0..n { r.push([if i < ones { 1.0 } else { 0.0 }]); } points(r) }
        let a = coins(400, 40); let b = coins(400, 360);
        print(`one ${c2st(a, b).value}`); print(`other ${c2st(b, a).value}`);",
        &[("one", 0.9, 0.03), ("other", 0.9, 0.03)],
    ),
    (
        // W2 between equal distributions is 0; from one point (1, 2) to (1, 0) and (4, 6) it is
        // sqrt((4 + 25) / 2).
        "w2 of unequal sizes",
        "let x = normal(10, 2); let y = points([[1.0, 0.0], [4.0, 6.0]]); let one = points([[1.0, 2.0]]);
        print(`twice ${w2(x, x.join(x)).value}`); print(`sliced ${sliced_w2(x, x.join(x)).value}`);
        print(`one ${w2(one, y).value}`); print(`swapped ${w2(y, one).value}`);",
        &[
            ("twice", 0.0, 1e-7),
            ("sliced", 0.0, 1e-7),
            ("one", 3.807_886_552_9, 1e-9),
            ("swapped", 3.807_886_552_9, 1e-9),
        ],
    ),
    (
        // (k(0,0) + k(f,f)) / 4 - 2 * k(0,0) / 2 + 1 with k(0,0) = k(f,f) = 1 and k(0,f) = 0.
        "mmd with a fill value",
        "print(`mmd ${mmd(points([[0.0], [1e20]]), points([[0.0], [0.0]]), #{kernel: [1.0]}).value}`);",
        &[("mmd", 0.5, 1e-12)],
    ),
    (
        // In units of the reference a distance does not change with the unit of a column.
        "distances in mixed units",
        "fn stretched(p, k) { let a = p.column(0); let b = p.column(1); let r = []; for i in 0..p.n { r.push([a[i], k * b[i]]); } points(r) }
        let a = normal(200, 2); let b = normal(200, 2);
        let far = |k| energy(stretched(a, k), stretched(b, k), #{units: \"reference\"}).value;
        print(`ratio ${far.call(1e6) / far.call(1.0)}`);",
        &[("ratio", 1.0, 1e-9)],
    ),
    (
        // A point so far away has no weight at the other points.
        "an outlier and the precision of a field",
        "let x = normal(200, 2); let y = normal(200, 2);
        let truth = sd_flow(x, #{sigma: 0.5, noise: \"none\", precision: \"f64\"}).velocity(y);
        for far in [1e4, 1e7, 1e9] { for p in [\"auto\", \"f32\", \"f64\"] {
            let v = sd_flow(x.join(points([[far, far]])), #{sigma: 0.5, noise: \"none\", precision: p}).velocity(y);
            print(`error ${relative_error(v, truth).value}`);
        } }",
        &[("error", 0.0, 1e-4)],
    ),
    (
        // The cloud must have the variances of the data, whose columns differ by 11 powers of ten.
        "a start in standard units, data in small and large units",
        "let z = normal(300, 2); let a = z.column(0); let b = z.column(1); let rows = [];
        for i in 0..300 { rows.push([1e-9 * a[i], 300.0 * b[i]]); }
        let x = points(rows);
        let e = run(sd_flow(samples(x, #{standardise: true})), normal(300, 2), #{steps: 150}).points.cov(); let d = x.cov();
        print(`small ${e[0][0] / d[0][0]}`); print(`large ${e[1][1] / d[1][1]}`);",
        &[("small", 1.0, 0.2), ("large", 1.0, 0.2)],
    ),
    (
        // Two samples of one distribution cannot be told apart: c2st is 1/2.
        "a start far from the data",
        "fn at(p) { let a = p.column(0); let b = p.column(1); let r = []; for i in 0..p.n { r.push([a[i] + 450000.0, b[i] + 5200000.0]); } points(r) }
        let m = dataset(\"moons\", #{noise: 0.05});
        let r = run(sd_flow(at(m.sample(300))), normal(300, 2), at(m.sample(300)), #{steps: 200, metrics: [\"energy\", \"c2st\"]});
        print(`c2st ${r.metrics.c2st.value}`); print(`energy ${r.metrics.energy.value}`);",
        &[("c2st", 0.5, 0.1), ("energy", 0.0, 0.02)],
    ),
    (
        // Gamma(3, 1) has mean 3, and no mass at or below 0.
        "a sampler that starts outside the support",
        "let p = density(1, \"2*log(x[0]) - x[0]\");
        let r = run(langevin(p, #{sampler: \"mala\", step: 0.5}), normal(1000, 1), #{steps: 300});
        let out = 0; for v in r.points.column(0) { if v <= 0.0 { out += 1; } }
        print(`out ${out}`); print(`mean ${r.points.mean()[0]}`);",
        &[("out", 0.0, 0.0), ("mean", 3.0, 0.3)],
    ),
    (
        // Gamma(3, 1) has mean 3 and variance 3.
        "a density on a half-line as the target of sd_flow",
        "let p = density(1, \"2*log(x[0]) - x[0]\");
        let r = run(sd_flow(p, #{sigma: geometric(2.0, 0.1)}), uniform(200, 1, 0.5, 5.0), #{steps: 60});
        print(`mean ${r.points.mean()[0]}`); print(`variance ${r.points.cov()[0][0]}`);",
        &[("mean", 3.0, 0.4), ("variance", 3.0, 0.8)],
    ),
    (
        // The generators must have the mean of the data (here as a difference in standard
        // deviations) and its variance (as a ratio; the kernels smooth it a little).
        "generators in the units of the data",
        "let z = normal(200, 2); let a = z.column(0); let b = z.column(1); let r = [];
        for i in 0..200 { r.push([5000.0 + 1000.0 * a[i], 5000.0 + 1000.0 * b[i]]); }
        let x = points(r); let base = gaussian(#{dim: 2}); let steps = #{steps: 300, batch: 200};
        fn told(what, mean, variance, x) { print(`${what}_mean ${(mean - x.mean()[0]) / 1000.0}`); print(`${what}_variance ${variance / x.cov()[0][0]}`); }
        let g = affine(#{dim: 2}); fit(g, sd_flow(x), base, steps); told(\"affine\", g.mean()[0], g.cov()[0][0], x);
        let g = mlp(#{dim: 2, hidden: 16}); fit(g, sd_flow(x), base, steps); let y = g.sample(500); told(\"mlp\", y.mean()[0], y.cov()[0][0], x);
        let g = affine(#{dim: 2}); distill(g, x, base, #{steps: 200, warm_up: 50, hidden: 16, batch: 200}); told(\"distill\", g.mean()[0], g.cov()[0][0], x);",
        &[
            ("affine_mean", 0.0, 0.15),
            ("affine_variance", 1.0, 0.3),
            ("mlp_mean", 0.0, 0.2),
            ("mlp_variance", 1.0, 0.3),
            ("distill_mean", 0.0, 0.15),
            ("distill_variance", 1.0, 0.3),
        ],
    ),
    (
        // P(|x| < 1.5) = 0.0062 for unit Gaussians at -4 and 4.
        "a trail of particles between modes",
        "let pair = mixture(#{means: [[-4.0, 0.0], [4.0, 0.0]], weights: [0.3, 0.7]});
        let r = run(sd_flow(exact(pair), mixture_fit(#{k: 2})), normal(600, 2), #{steps: 100});
        let between = 0; let right = 0;
        for v in r.points.column(0) { if abs(v) < 1.5 { between += 1; } if v > 0.0 { right += 1; } }
        print(`between ${between / 600.0}`); print(`right ${right / 600.0}`);",
        &[("between", 0.0062, 0.05), ("right", 0.7, 0.06)],
    ),
];

/// A script, a part of what it must warn of, and the files that it must leave.
type Told = (&'static str, &'static str, &'static str, &'static [&'static str]);

const TOLD: &[Told] = &[
    (
        "a sampler that leaves the support",
        "let p = density(1, \"2*log(x[0]) - x[0]\");
        run(langevin(p, #{step: 0.05}), uniform(500, 1, 0.5, 5.0), #{steps: 200});",
        "chains ended outside the target",
        &[],
    ),
    (
        "a noise floor that cannot be measured, after all steps",
        "let u = uniform(100, 2, 0.0, 4.0); let a = u.column(0); let b = u.column(1); let rows = [];
        for i in 0..100 { rows.push([a[i].floor(), b[i].floor()]); }
        let data = points(rows);
        let r = run(sd_flow(data, #{sigma: geometric(5, 0.01)}), normal(200, 2), data, #{steps: 100, metrics: [\"energy\", \"kl_knn\"]});
        save(r.points, \"end.npy\");",
        "the noise floor of kl_knn could not be measured",
        &["samples/end.npy"],
    ),
    (
        "a diffusion of uneven columns",
        "let z = normal(200, 2); let a = z.column(0); let b = z.column(1); let rows = []; for i in 0..200 { rows.push([a[i], 1000.0 * b[i]]); }
        let f = pf_ode(points(rows)); run(f, f.prior(100), #{steps: 20});",
        "standardise the points",
        &[],
    ),
    (
        "a distance in mixed units",
        "let a = normal(200, 2); let r = []; let x = a.column(0); let y = a.column(1);
        for i in 0..200 { r.push([x[i], 1e6 * y[i]]); }
        energy(points(r), points(r));",
        "give `units` the value \"reference\"",
        &[],
    ),
    (
        "a reference that the flow has seen, and pictures of snapshots",
        "let p = dataset(\"moons\").sample(200);
        let r = run(sd_flow(p), normal(200, 2), p, #{steps: 20, snapshots: 4, metrics: [\"energy\"]});
        plot(r, \"curve.svg\"); plot(r.snapshots, \"snap.png\");",
        "the reference is the sample that the flow itself uses",
        &["plots/curve.svg", "plots/snap.png"],
    ),
    (
        "a flow without a step",
        "let p = normal(50, 2); let r = run(sd_flow(p), normal(50, 2), #{steps: 1}); print(r); print(points([[1.0]]));",
        "over 1 step, chosen",
        &[],
    ),
];

/// A script, further words of the command, the exit code, and parts of the error.
type Refused = (&'static str, &'static str, &'static str, i32, &'static [&'static str]);

const REFUSED: &[Refused] = &[
    (
        "mmd without pairs",
        "mmd(points([[0.0, 0.0]]), normal(50, 2), #{kernel: [1.0], unbiased: true});",
        "",
        6,
        &["the points have one point", "needs at least two"],
    ),
    (
        "a mistake after a long run",
        "let r = run(sd_flow(normal(1000, 2)), normal(1000, 2), #{steps: 1000000}); print(r.points.nonsense());",
        "",
        3,
        &["no function `nonsense`"],
    ),
    (
        "a replacement that would fill the memory",
        r#"let s = ""; s.pad(1000000, "a"); s.replace("a", s);"#,
        "",
        3,
        &["larger than the limit of 1048576 bytes"],
    ),
    (
        "a map that grows without an end",
        r#"let s = ""; s.pad(1000000, "x"); let m = #{}; let i = 0; loop { m["k" + i] = s + i; i += 1; }"#,
        "--memory-budget 200MiB",
        3,
        &["the memory budget of 200 MiB"],
    ),
    (
        "a call beyond the memory after a long run",
        "run(sd_flow(normal(1000, 8)), normal(1000, 8), #{steps: 1000000});
        run(sd_flow(normal(1000, 64)), normal(100000, 64), #{steps: 100000, snapshots: 40000});",
        "",
        3,
        &["`snapshots` is 40000, but of the start, 4000000000 x 64 values are more than"],
    ),
    (
        "a metric beyond the budget",
        "w2(normal(6000, 2), normal(6000, 2), #{max_points: 6000});",
        "--memory-budget 200MiB",
        2,
        &["this run would hold about", "more than the memory budget of 200 MiB", "use fewer points"],
    ),
    (
        "sweeps inside sweeps",
        "fn f(d) { sweep(#{a: [1, 2]}, |p| { f(d + 1); #{v: 1} }); } f(0);",
        "",
        3,
        &["nested deeper than the limit of 4 levels", "give one sweep more axes"],
    ),
    (
        "functions that hold functions twice",
        "let f = |x| x.column(0); for i in 0..60 { let a = f; let b = f; f = |x| { a.call(x); b.call(x) }; } density(2, f);",
        "",
        3,
        &["more than 1000000 values", "keep large data in points"],
    ),
    (
        "covariance of a huge dimension",
        "normal(3, 300000).cov();",
        "",
        6,
        &["the covariance of 300000 columns", "1200000 x 300000 values are more than"],
    ),
    (
        "a negative count",
        "sd_flow(normal(10, 2), #{batch: -1});",
        "",
        3,
        &["`batch` is -1, but a whole number of at least 0 is expected"],
    ),
];

/// A file of points by its name and content, the options of `load`, and the means of its columns
/// (exit code 0) or parts of the error (exit code 6).
type File = (&'static str, &'static str, &'static str, Result<&'static [f64], &'static [&'static str]>);

const FILES: &[File] = &[
    ("a header of numbers", "x.csv", "0,1\n0.5,1.5\n2.5,3.5\n", Err(&["line 1", "`header`"])),
    (
        "thousands in the first row",
        "x.csv",
        "\"1,234.5\",2\n3,4\n",
        Err(&["line 1, column 1", "separators of thousands"]),
    ),
    ("rows that begin with a hash", "x.csv", "1,2\n3,4\n#2,5\n", Err(&["line 3, column 1", "`#2`"])),
    ("an index without a name", "x.csv", ",a,b\n0,0.5,1.5\n1,2.5,3.5\n", Ok(&[1.5, 2.5])),
    ("columns in line", "x.txt", "  0.5    1.5\n 10.5   11.5\n", Ok(&[5.5, 6.5])),
    ("a quoted header with a semicolon", "x.csv", "\"a;b\",\"c\"\n0.5,1.5\n2.5,3.5\n", Ok(&[1.5, 2.5])),
    ("one column with a decimal comma", "x.csv", "0,5\n1,5\n2,5\n", Err(&["`separator` or `decimal`"])),
    ("a header with a number among the names", "x.csv", "a,b,3\n1,2,3\n4,5,6\n", Err(&["line 1", "`header`"])),
];

fn run(script: &str, words: &str) -> (Sandbox, Done) {
    let sandbox = Sandbox::with(script);
    let done = sandbox.run(&format!("a.rhai --out out {words}"));
    let said = format!("{}{}", done.stdout, done.stderr);
    assert!(!said.contains("panicked") && !said.contains("internal error") && !said.contains("a bug in"), "{said}");
    (sandbox, done)
}

#[test]
fn numbers_are_right() {
    for (what, script, numbers) in RIGHT {
        let (_sandbox, done) = run(script, "");
        assert_eq!(done.code, 0, "{what}: {}", done.stderr);
        for (name, right, tolerance) in *numbers {
            let of = |line: &str| line.strip_prefix(name)?.strip_prefix(' ')?.parse::<f64>().ok();
            let seen: Vec<f64> = done.stdout.lines().filter_map(of).collect();
            assert!(!seen.is_empty(), "{what}: no `{name}` in {}", done.stdout);
            let near = seen.iter().all(|value| (value - right).abs() <= *tolerance);
            assert!(near, "{what}: `{name}` is {seen:?}, and {right} is right");
        }
    }
}

#[test]
fn warnings_are_given_and_results_kept() {
    for (what, script, told, files) in TOLD {
        let (sandbox, done) = run(script, "");
        assert_eq!(done.code, 0, "{what}: {}", done.stderr);
        let said = format!("{}{}", done.stdout, done.stderr);
        assert!(said.contains(told), "{what}: {said}");
        files.iter().for_each(|file| assert!(sandbox.path("out").join(file).is_file(), "{what}: {file}"));
    }
}

#[test]
fn what_cannot_be_computed_is_refused() {
    for (what, script, words, code, told) in REFUSED {
        let (_sandbox, done) = run(script, words);
        assert_eq!(done.code, *code, "{what}: {}{}", done.stdout, done.stderr);
        told.iter().for_each(|part| assert!(done.stderr.contains(part), "{what}: `{part}` in {}", done.stderr));
    }
}

#[test]
fn files_are_read_as_they_are_meant_or_refused() {
    for (what, name, content, wanted) in FILES {
        let sandbox = Sandbox::with(&format!("let x = load(\"{name}\"); print(`means ${{x.mean()}}`);"));
        sandbox.write(name, content);
        let done = sandbox.run("a.rhai --out out");
        match wanted {
            Ok(means) => {
                assert_eq!(done.code, 0, "{what}: {}", done.stderr);
                let list = done.stdout.lines().find_map(|line| line.strip_prefix("means ["));
                let list = list.and_then(|list| list.strip_suffix(']')).unwrap_or_else(|| panic!("{what}"));
                let seen: Vec<f64> = list.split(", ").map(|value| value.parse().unwrap()).collect();
                assert_eq!(seen, *means, "{what}");
            }
            Err(told) => {
                assert_eq!(done.code, 6, "{what}: {}{}", done.stdout, done.stderr);
                told.iter().for_each(|part| assert!(done.stderr.contains(part), "{what}: `{part}` in {}", done.stderr));
            }
        }
    }
}

/// The checksum of zip files: the polynomial 0xEDB88320, one bit at a time.
fn checksum(bytes: &[u8]) -> u32 {
    let step = |sum: u32| if sum & 1 == 1 { (sum >> 1) ^ 0xEDB8_8320 } else { sum >> 1 };
    let byte = |sum: u32, byte: &u8| (0..8).fold(sum ^ u32::from(*byte), |sum, _| step(sum));
    !bytes.iter().fold(!0, byte)
}

/// A zip file of uncompressed entries, each with a name, its content and its checksum.
fn zip(entries: &[(&str, Vec<u8>, u32)]) -> Vec<u8> {
    let (mut bytes, mut central) = (Vec::new(), Vec::new());
    for (name, content, sum) in entries {
        let at = bytes.len() as u32;
        let length = (content.len() as u32).to_le_bytes();
        let mut common = vec![20, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        common.extend(sum.to_le_bytes());
        common.extend([length, length].concat());
        common.extend([(name.len() as u16).to_le_bytes(), [0, 0]].concat());
        bytes.extend([b"PK\x03\x04".as_slice(), &common, name.as_bytes(), content].concat());
        central
            .extend([b"PK\x01\x02\x14\x00".as_slice(), &common, &[0; 10], &at.to_le_bytes(), name.as_bytes()].concat());
    }
    let (count, at) = ((entries.len() as u16).to_le_bytes(), bytes.len() as u32);
    bytes.extend(&central);
    bytes.extend([b"PK\x05\x06\0\0\0\0".as_slice(), &count, &count].concat());
    bytes.extend([(central.len() as u32).to_le_bytes(), at.to_le_bytes()].concat());
    bytes.extend([0, 0]);
    bytes
}

#[test]
fn damaged_archives_and_old_headers() {
    let sandbox = Sandbox::with("print(`means ${load(param(\"f\", \"old.npy\")).mean()}`);");
    let npy = |header: &str| {
        let padded = format!("{header:<117}\n");
        let values: Vec<u8> = [0.5, 1.5, 2.5, 3.5].iter().flat_map(|value: &f64| value.to_le_bytes()).collect();
        [b"\x93NUMPY\x01\x00\x76\x00".as_slice(), padded.as_bytes(), &values].concat()
    };
    // Python 2 wrote the sizes of large arrays with an `L`.
    sandbox.write("old.npy", npy("{'descr': '<f8', 'fortran_order': False, 'shape': (2L, 2L), }"));
    let done = sandbox.run("a.rhai --out old").code(0);
    assert!(done.stdout.contains("means [1.5, 2.5]"), "{}", done.stdout);
    let array = npy("{'descr': '<f8', 'fortran_order': False, 'shape': (2, 2), }");
    let sum = checksum(&array);
    sandbox.write("whole.npz", zip(&[("x.npy", array.clone(), sum)]));
    let done = sandbox.run("a.rhai --out whole -p f=whole.npz").code(0);
    assert!(done.stdout.contains("means [1.5, 2.5]"), "{}", done.stdout);
    sandbox.write("damaged.npz", zip(&[("x.npy", array.clone(), sum ^ 1)]));
    let done = sandbox.run("a.rhai --out damaged -p f=damaged.npz").code(6);
    assert!(done.stderr.contains("damaged") && done.stderr.contains("hecksum"), "{}", done.stderr);
    sandbox.write("twins.npz", zip(&[("x.npy", array.clone(), sum), ("x.npy", array, sum)]));
    let done = sandbox.run("a.rhai --out twins -p f=twins.npz").code(6);
    assert!(done.stderr.contains("the same name"), "{}", done.stderr);
}

#[test]
fn a_model_of_a_failed_run_is_not_taken_for_that_of_another() {
    let sandbox = Sandbox::with("let g = mlp(#{hidden: 8}); save(g, \"g.safetensors\"); throw \"stopped here\";");
    sandbox.run("a.rhai --out out").code(3);
    sandbox.write("b.rhai", "print(load_model(\"g.safetensors\").sample(2));");
    let done = sandbox.run("b.rhai --out out --force").code(6);
    assert!(done.stderr.contains("there is no file `g.safetensors`"), "{}", done.stderr);
}

/// The environment chooses the instruction set of the pairwise sums, but not that of nets. The
/// record names both.
#[test]
fn the_instructions_of_nets_are_recorded() {
    let sandbox = Sandbox::with("regress(affine(#{dim: 2}), normal(20, 2), normal(20, 2), #{steps: 2});");
    Done::of(sandbox.command("a.rhai --out out").env("SDFLOW_ISA", "scalar")).code(0);
    let record = crate::sandbox::json(&sandbox.read("out/run.json"));
    assert_eq!(record["machine"]["isa"], "scalar");
    assert!(record["machine"]["net_isa"].as_str().is_some_and(|isa| !isa.is_empty()), "{record}");
}
