//! `report.html`: what a run writes about itself.

use crate::sandbox::Sandbox;
use crate::sweep::rows;

const SCRIPT: &str = "// A note with <script>alert(1)</script>\n\
    let n = param(\"n\", 100);\n\
    let x = dataset(\"moons\").sample(n);\n\
    let r = run(sd_flow(x), normal(n, 2), dataset(\"moons\"), #{steps: 20, metrics: [\"energy\"]});\n\
    let s = run(sd_flow(normal(50, 5)), normal(50, 5), #{steps: 3});\n\
    plot(#{target: x, particles: r.points}, \"moved.svg\");\n\
    save(table([#{a: 1, b: \"x & y\"}]), \"some.csv\");\n\
    expect(\"few <steps>\", r.stats.steps == 20);\n\
    conclude(\"The moons </script> are reached.\");\n";

fn page(sandbox: &Sandbox) -> String {
    std::fs::read_to_string(sandbox.path("out/report.html")).unwrap()
}

#[test]
fn a_run_writes_a_page_that_needs_no_network() {
    let sandbox = Sandbox::with(SCRIPT);
    let done = sandbox.run("a.rhai --out out -p n=90").code(0);
    assert!(done.stdout.contains("out/report.html"), "{}", done.stdout);
    let page = page(&sandbox);
    for part in [
        "<h1>a <span class=\"status good\">done</span></h1>",
        "few &lt;steps&gt;",
        "The moons &lt;/script&gt; are reached.",
        "sdflow-engine a.rhai -p n=90",
        "command line",
        "x &amp; y",
        "data:image/svg+xml;base64,",
        "&lt;script&gt;alert(1)&lt;/script&gt;",
        "Weber, Romann M.",
        "default-src 'none'",
        "noise floor",
        "\"what\":\"run sd_flow\"",
        "principal axis 1",
        "<nav><a href=\"#checks\">Checks</a>",
    ] {
        assert!(page.contains(part), "the page does not contain {part}");
    }
    // Nothing is loaded: the only addresses are those in the comment of the vendored library.
    assert!(!page.contains("src=\"http") && !page.contains("href=\"http") && !page.contains("@import"));
    assert_eq!(page.matches("<script>").count() + page.matches("<script ").count(), page.matches("</script>").count());
    assert!(page.len() < 600_000, "{}", page.len());
}

#[test]
fn the_code_of_a_page_is_small() {
    let sandbox = Sandbox::with("print(1);");
    sandbox.run("a.rhai --out out").code(0);
    assert!(page(&sandbox).len() < 150_000);
}

#[test]
fn the_report_can_be_left_out_and_written_again() {
    let sandbox = Sandbox::with(SCRIPT);
    sandbox.run("a.rhai --out out --no-report").code(0);
    assert!(!sandbox.path("out/report.html").exists());
    let done = sandbox.run("report out").code(0);
    assert_eq!(done.stdout.trim(), "out/report.html");
    let first = page(&sandbox);
    sandbox.run("report out").code(0);
    assert_eq!(page(&sandbox), first);
    let done = sandbox.run("report nowhere").code(6);
    assert!(done.stderr.contains("there is no folder `nowhere`"), "{}", done.stderr);
}

#[test]
fn a_run_that_failed_has_a_page_as_well() {
    let sandbox = Sandbox::with("let x = normal(10, 2);\nexpect(\"never\", false);\nthrow \"my <reason>\";");
    sandbox.run("a.rhai --out out").code(3);
    let page = page(&sandbox);
    assert!(page.contains("<span class=\"status bad\">failed</span>") && page.contains("my &lt;reason&gt;"));
    assert!(page.contains("<span class=\"status bad\">fails</span> never"));
}

#[test]
fn damaged_files_of_a_run_are_left_out() {
    let sandbox = Sandbox::with(SCRIPT);
    sandbox.run("a.rhai --out out").code(0);
    let film = std::fs::read_to_string(sandbox.path("out/films/0.json")).unwrap();
    let short = film.replacen("\"frames\":\"", "\"frames\":\"AAAA", 1);
    for (file, text) in [
        ("films/0.json", "{\"frames\": \"</script>"),
        ("films/1.json", &short),
        ("metrics.jsonl", "{\n"),
        ("tables/some.csv", "\u{0}\""),
    ] {
        std::fs::write(sandbox.path("out").join(file), text).unwrap();
    }
    std::fs::remove_file(sandbox.path("out/plots/moved.svg")).unwrap();
    sandbox.run("report out").code(0);
    let page = page(&sandbox);
    assert!(page.contains("The film films/0.json is left out.") && page.contains("The film films/1.json is left out."));
    assert!(
        !page.contains('\u{0}') && page.contains("\"films\":[]}") && page.contains("plots/moved.svg cannot be read")
    );
}

#[test]
fn names_that_a_script_chooses_cannot_end_the_data() {
    let sandbox = Sandbox::with(
        "let r = run(sd_flow(normal(9, 2)), normal(9, 2), #{steps: 3});\nrecord(#{\"<!--<script>\": 1.0});",
    );
    sandbox.run("a.rhai --out out").code(0);
    let page = page(&sandbox);
    assert!(!page.contains("<!--"), "a comment begins");
}

#[test]
fn a_diverged_run_says_so_and_an_early_end_is_filmed() {
    let script =
        "let r = run(svgd(density(1, \"x[0]^4\"), #{step: 1.0}), normal(50, 1), #{steps: 1000}); print(r.stop);";
    let sandbox = Sandbox::with(script);
    sandbox.run("a.rhai --out out").code(0);
    let page = page(&sandbox);
    assert!(page.contains("<span class=\"status bad\">diverged</span>"), "{}", &page[..2000]);
    let film = std::fs::read_to_string(sandbox.path("out/films/0.json")).unwrap();
    let film: serde_json::Value = serde_json::from_str(&film).unwrap();
    assert!(film["steps"].as_array().unwrap().len() >= 3, "{}", film["steps"]);
}

#[test]
fn many_runs_have_their_first_and_last_film() {
    let script = "for i in 1..8 { run(sd_flow(normal(9, 2)), normal(9, 2), #{steps: i}); }";
    let sandbox = Sandbox::with(script);
    sandbox.run("a.rhai --out out").code(0);
    let run = |film: usize| {
        let text = std::fs::read_to_string(sandbox.path("out/films").join(format!("{film}.json"))).unwrap();
        serde_json::from_str::<serde_json::Value>(&text).unwrap()["run"].as_u64().unwrap()
    };
    assert_eq!([0, 1, 2, 3].map(run), [1, 2, 3, 7]);
    assert!(page(&sandbox).contains("Only some of the runs were filmed"));
}

/// A run that was cut off and went on has the frames from before, and so have the runs that were
/// finished then.
#[test]
fn a_run_that_went_on_has_the_films_of_an_undisturbed_one() {
    let script = "let x = normal(30, 2);
        for steps in [40, 60000] { run(sd_flow(x), normal(30, 2), #{steps: steps}); }";
    let (whole, cut) = (Sandbox::with(script), Sandbox::with(script));
    whole.run("a.rhai --out out").code(0);
    cut.run("a.rhai --out out --max-time 0.5s").code(130);
    cut.run("a.rhai --out out").code(0);
    for film in ["out/films/0.json", "out/films/1.json"] {
        assert!(whole.read(film) == cut.read(film), "{film}");
    }
}

/// The means over seeds on the page of a sweep are those of its table.
#[test]
fn a_sweep_over_seeds_has_means() {
    let sandbox = Sandbox::with(
        "let n = param(\"n\", 50);
        let p = dataset(\"moons\");
        record(#{energy: energy(normal(n, 2), p)});",
    );
    sandbox.run("sweep a.rhai -p n=50,60 -p seed=1,2,3 --out s --quiet").code(0);
    let page = std::fs::read_to_string(sandbox.path("s/report.html")).unwrap();
    assert!(page.contains("Means over seeds"));
    let rows = rows(&sandbox.read("s/table.csv"));
    for n in ["50", "60"] {
        let energies: Vec<f64> =
            rows.iter().filter(|row| row["n"] == n).map(|row| row["energy"].parse().unwrap()).collect();
        assert_eq!(energies.len(), 3);
        let mean = energies.iter().sum::<f64>() / 3.0;
        let spread = (energies.iter().map(|energy| (energy - mean).powi(2)).sum::<f64>() / 2.0).sqrt();
        let told = sdflow::number::estimate(mean, spread / 3f64.sqrt());
        assert!(page.contains(&format!("<td>{n}</td><td>3</td><td>{told}</td>")), "{told}: {page}");
    }
}

#[test]
fn a_sweep_has_a_page_and_past_runs_are_listed() {
    let sandbox = Sandbox::with(SCRIPT);
    sandbox.run("sweep a.rhai -p n=60,80 --out runs/s --quiet").code(0);
    let sweep = std::fs::read_to_string(sandbox.path("runs/s/report.html")).unwrap();
    assert!(sweep.contains("2 cells: 2 done.") && sweep.contains("data:image/svg+xml"), "{}", &sweep[..300]);
    assert!(!sweep.contains("Means over seeds"));
    assert!(sandbox.run("runs runs/s").code(6).stderr.contains("its cells stand in runs/s/table.csv"));
    sandbox.run("a.rhai -p n=70 --seed 3 --out runs/one --quiet").code(0);
    sandbox.run("a.rhai --out runs/two --quiet").code(0);
    let list = sandbox.run("runs").code(0).stdout;
    assert!(list.contains("n = 70, seed = 3") && list.contains("runs/two") && !list.contains("runs/s "), "{list}");
    // Files and other folders are no runs; a damaged record is named.
    std::fs::write(sandbox.path("runs/notes.txt"), "x").unwrap();
    std::fs::create_dir_all(sandbox.path("runs/other/inner")).unwrap();
    std::fs::create_dir(sandbox.path("runs/torn")).unwrap();
    std::fs::write(sandbox.path("runs/torn/run.json"), "{\"schema\"").unwrap();
    let told = sandbox.run("runs").code(0).stderr;
    assert_eq!(told.trim(), "runs/torn/run.json is left out: it cannot be read");
    assert!(sandbox.run("runs runs/one").code(6).stderr.contains("runs/one is the folder of one run"));
    let sorted = sandbox.run("runs --sort energy --json").code(0).stdout;
    let rows: Vec<serde_json::Value> = serde_json::from_str(&sorted).unwrap();
    let energy = |i: usize| rows[i]["metrics"]["energy"]["value"].as_f64().unwrap();
    assert!(rows.len() == 2 && energy(0) <= energy(1));
    sandbox.run("runs --html list.html --status done").code(0);
    let page = std::fs::read_to_string(sandbox.path("list.html")).unwrap();
    assert!(page.contains("<a href=\"runs/one/report.html\">"), "{page}");
    assert!(sandbox.run("runs --sort enrgy").code(2).stderr.contains("did you mean `energy`"));
    assert!(sandbox.run("runs nowhere").code(6).stderr.contains("cannot read the folder nowhere"));
    assert!(sandbox.run("runs --script other").code(0).stderr.contains("there are no such runs"));
}
