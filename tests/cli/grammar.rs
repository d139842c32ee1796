//! Subcommands, flags, help, completions.

use crate::sandbox::Sandbox;
use insta::assert_snapshot;

#[test]
fn an_unknown_word_is_an_unknown_command_with_a_suggestion() {
    assert_snapshot!(Sandbox::new().run("feild --sigma 1").complaint());
}

#[test]
fn a_script_that_does_not_exist_is_still_a_script() {
    assert_snapshot!(Sandbox::new().run("nowhere.rhai").complaint());
}

#[test]
fn bad_flags_leave_with_2() {
    let sandbox = Sandbox::with("1");
    for words in [
        "a.rhai --thread 2",
        "a.rhai --threads 0",
        "a.rhai --seed -1",
        "a.rhai -p dim",
        "a.rhai -p 1x=2",
        "run",
        "list nonsense",
        "doc nonsense",
    ] {
        let done = sandbox.run(words).code(2);
        assert!(done.stdout.is_empty() && !done.stderr.is_empty(), "{words}");
    }
}

#[test]
fn a_seed_that_is_none_and_data_in_place_of_a_script_are_explained() {
    let sandbox = Sandbox::with("1");
    std::fs::write(sandbox.path("own.csv"), "age,income\n30,41000\n").unwrap();
    for (words, told) in [
        ("a.rhai --seed x", "a seed is a whole number from 0 to 18446744073709551615"),
        ("a.rhai --seed 1.5", "a seed is a whole number"),
        ("own.csv", "own.csv holds data, not a script"),
        ("check own.csv", "`let x = load(\"own.csv\");`"),
    ] {
        let said = sandbox.run(words).code(2).stderr;
        assert!(said.contains(told), "{words}: {said}");
    }
}

#[test]
fn help_and_version_go_to_standard_output() {
    let help = Sandbox::new().run("--help").code(0).stdout;
    assert!(
        [
            "run",
            "sweep",
            "7 cells of a sweep failed",
            "check",
            "findings",
            "field",
            "bench",
            "doctor",
            "list",
            "doc",
            "completions"
        ]
        .iter()
        .all(|word| help.contains(word)),
        "{help}"
    );
    let version = Sandbox::new().run("--version").code(0).stdout;
    let isas = ["scalar", "avx2", "avx512", "amx", "neon"];
    assert!(
        isas.iter().any(|isa| version.trim_end().ends_with(&format!("{} ({isa})", env!("CARGO_PKG_VERSION")))),
        "{version}"
    );
}

#[test]
fn completions_name_the_commands() {
    for shell in ["bash", "zsh", "fish"] {
        let script = Sandbox::new().run(&format!("completions {shell}")).code(0).stdout;
        assert!(script.contains("field") && script.contains("--self-term") || script.contains("self-term"), "{shell}");
    }
}

#[test]
fn every_name_that_list_shows_has_a_page() {
    let sandbox = Sandbox::new();
    let list = sandbox.run("list").code(0).stdout;
    let names: Vec<&str> = list.lines().filter_map(|line| line.strip_prefix("  ")).collect();
    assert!(names.len() > 30, "{list}");
    assert!(sandbox.run("doc sd_flow").code(0).stdout.contains("sigma"));
    // `list` shows methods with their owner.
    assert!(sandbox.run("doc points.standardise").code(0).stdout.contains("points.standardise"));
    assert!(sandbox.run("doc flow.standardise").code(2).stderr.contains("there is no name"));
    let near = sandbox.run("doc sd_flo").code(2).stderr;
    assert!(near.contains("did you mean `sd_flow`?"), "{near}");
}

#[test]
fn doc_prints_names_of_data_sets_words_and_citations() {
    let sandbox = Sandbox::new();
    let page = |name: &str| sandbox.run(&format!("doc {name}")).code(0).stdout;
    let datasets = page("dataset");
    assert!(datasets.contains("\nNames\n  8gaussians: eight Gaussians on a circle"), "{datasets}");
    assert!(datasets.contains("\n  moons: ") && datasets.contains("\nExample\n"), "{datasets}");
    assert_eq!(page("cloud"), "cloud\n    all particles of a run at one moment\n");
    assert!(page("Reading").starts_with("reading\n    the result of a metric"));
    let sigma = page("sigma");
    assert!(sigma.starts_with("sigma, noise level\n") && sigma.contains("an option of `sd_flow`"), "{sigma}");
    let cited = page("weber2023score");
    assert!(cited.starts_with("@") && cited.contains("weber2023score") && !cited.contains("\n@"), "{cited}");
    let option = sandbox.run("doc batch_target").code(2).stderr;
    assert!(option.contains("is not a function, but an option of `sd_flow`"), "{option}");
}

#[test]
fn a_reader_that_leaves_early_is_no_error() {
    use std::process::Stdio;
    let mut child =
        Sandbox::new().command("doc --markdown").stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn check_finds_mistakes_without_running() {
    let sandbox = Sandbox::with(
        "let n = param(\"n\", 100);\nprint(\"never\");\nlet y = norml(n, 2);\nlet f = sd_flow(y, #{sgima: 0.5});\n",
    );
    let done = sandbox.run("check a.rhai");
    assert!(done.stdout.is_empty() && !sandbox.path("runs").exists());
    assert_snapshot!(done.complaint());
}

#[test]
fn check_tells_what_a_script_takes_and_leaves() {
    let sandbox = Sandbox::with("let n = param(\"n\", 100);\nlet x = load(\"x.npy\");\nplot(x, \"x.svg\");\n");
    sandbox.points("x.npy", &sdflow::Points::zeros(20, 2));
    assert_snapshot!(sandbox.run("check a.rhai -p n=7").code(0).stdout);
}
