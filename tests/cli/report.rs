//! `report.html`: what a run writes about itself.

use crate::sandbox::Sandbox;

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
    assert!(done.stderr.contains("there is no folder nowhere"), "{}", done.stderr);
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
    for (file, text) in
        [("films/0.json", "{\"frames\": \"</script>"), ("metrics.jsonl", "{\n"), ("tables/some.csv", "\u{0}\"")]
    {
        std::fs::write(sandbox.path("out").join(file), text).unwrap();
    }
    std::fs::remove_file(sandbox.path("out/plots/moved.svg")).unwrap();
    sandbox.run("report out").code(0);
    let page = page(&sandbox);
    assert!(page.contains("The film films/0.json is left out.") && page.contains("plots/moved.svg cannot be read"));
}
