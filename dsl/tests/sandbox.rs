//! The limits on what a script may use, read and write. The message names the limit that was
//! reached, and a remedy.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod stage;

use sdflow_dsl::{Fault, execute, prepare};
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

/// The message and the hint of a script that must fail, in one line.
fn refused_in(folder: &Path, script: &str) -> String {
    let (outcome, _) = stage::run_in(folder, script);
    let failure = outcome.failure.unwrap_or_else(|| panic!("it runs: {script}"));
    assert_ne!(failure.kind, Fault::Internal, "{}", failure.message);
    assert!(failure.place.is_some(), "{script}: {}", failure.message);
    format!("{}; {}", failure.message, failure.hint.unwrap_or_else(|| panic!("no hint: {script}")))
}

fn refused(script: &str) -> String {
    refused_in(tempfile::tempdir().unwrap().path(), script)
}

#[test]
fn what_grows_without_end_meets_a_limit_that_is_named() {
    for (script, limit, hint) in [
        ("loop { }", "limit of 50 million operations", "instead of looping over points"),
        ("fn f(n) { f(n + 1) }\nf(0);", "deeper than the limit of 64 levels", "use a loop"),
        ("let s = \"x\";\nloop { s += s; }", "a string is larger than the limit of 1048576 bytes", "`load` a file"),
        ("let a = [1];\nloop { a += a; }", "an array is larger than the limit of 100000 elements", "`load` a file"),
        ("let a = [];\na.pad(1000000, 0);", "an array is larger than the limit of 100000 elements", "`load` a file"),
        ("let a = [1];\nloop { a = [a, a]; }", "an array is larger than the limit of 100000 elements", "`load` a file"),
        (
            "let m = #{};\nfor i in 0..20000 { let one = #{}; one[`k${i}`] = i; m += one; }",
            "a map is larger than the limit of 10000 keys",
            "`load` a file",
        ),
    ] {
        let told = refused(script);
        assert!(told.contains(limit) && told.contains(hint), "{script}: {told}");
    }
}

/// Rhai does not measure a map that grows key by key; the limit on operations ends the script
/// before memory runs out.
#[test]
fn a_map_that_grows_key_by_key_ends_too() {
    let begun = Instant::now();
    let told = refused("let m = #{};\nlet i = 0;\nloop { m[`k${i}`] = i; i += 1; }");
    assert!(told.contains("50 million operations") || told.contains("of this machine's memory"), "{told}");
    assert!(begun.elapsed().as_secs() < 300);
}

/// No signal would end a script that sleeps.
#[test]
fn a_script_does_not_sleep() {
    for script in ["sleep(1000000);", "sleep(1e6);"] {
        let told = refused(script);
        assert!(told.contains("a script cannot sleep; leave the line out"), "{told}");
    }
}

/// A number of points that no machine can hold is refused at once, before anything is allocated.
#[test]
fn giant_points_are_refused_before_they_are_made() {
    let begun = Instant::now();
    for script in [
        "normal(1000000000, 1000);",
        "uniform(1000000000, 1000, 0, 1);",
        "dataset(\"moons\").sample(1000000000000);",
        "normal(9223372036854775807, 9223372036854775807);",
        "affine(#{dim: 100}).sample(1000000000000);",
        "affine(#{dim: 1000000});",
        "fit(affine(#{dim: 2}), sd_flow(gaussian(#{dim: 2}), gaussian_fit()), gaussian(#{dim: 2}), #{batch: 1000000000000});",
    ] {
        let folder = tempfile::tempdir().unwrap();
        let mut request = stage::request(folder.path(), script);
        request.quick = false;
        let outcome = execute(&prepare(&request).unwrap(), Arc::new(stage::Heard::default()));
        let failure = outcome.failure.unwrap_or_else(|| panic!("it runs: {script}"));
        assert_eq!(failure.kind, Fault::Script, "{script}: {}", failure.message);
        assert!(failure.message.contains("more than") || failure.message.contains("at most"), "{}", failure.message);
    }
    assert!(begun.elapsed().as_secs() < 20);
}

#[test]
fn scripts_are_read_below_their_folder_only() {
    let outside = tempfile::tempdir().unwrap();
    std::fs::write(outside.path().join("part.rhai"), "fn f() { 1 }").unwrap();
    let absolute = format!("import \"{}\" as part;", outside.path().join("part.rhai").display());
    for script in [absolute.as_str(), "import \"../part\" as part;", "import \"a/../../part\" as part;"] {
        let told = refused(script);
        assert!(told.contains("not a path below the script's folder") && told.contains("without `..`"), "{told}");
    }
}

#[test]
fn files_are_written_below_the_run_folder_only() {
    for name in ["/tmp/x.npy", "../x.npy", "a/../../x.npy"] {
        let told = refused(&format!("save(normal(5, 2), \"{name}\");"));
        assert!(told.contains("is not a path inside the run folder") && told.contains("\"plots/x.svg\""), "{told}");
    }
}

#[test]
fn files_are_read_where_it_is_allowed_only() {
    let (folder, outside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    stage::data(outside.path());
    let file = outside.path().join("x.npy");
    let script = format!("print(load(\"{}\").n);", file.display());
    let told = refused_in(folder.path(), &script);
    let allow = format!("--allow-read {}", outside.path().canonicalize().unwrap().display());
    assert!(told.contains("outside the folders that a script may read") && told.contains(&allow), "{told}");
    let mut request = stage::request(folder.path(), &script);
    request.allow_read = vec![outside.path().into()];
    assert_eq!(execute(&prepare(&request).unwrap(), Arc::new(stage::Heard::default())).failure, None);
}

#[test]
#[cfg(unix)]
fn links_that_lead_out_are_told() {
    let (folder, outside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    stage::data(outside.path());
    std::fs::write(outside.path().join("part.rhai"), "fn f() { 1 }").unwrap();
    std::fs::create_dir_all(folder.path().join("run")).unwrap();
    let link = |from: &str, to: &Path| std::os::unix::fs::symlink(to, folder.path().join(from)).unwrap();
    link("secret.csv", &outside.path().join("table.csv"));
    link("part.rhai", &outside.path().join("part.rhai"));
    link("run/samples", outside.path());
    for (script, words) in [
        ("load(\"secret.csv\");", "--allow-read"),
        ("import \"part\" as part;", "copy the file here"),
        ("save(normal(5, 2), \"new.npy\");", "through a link; remove the link"),
    ] {
        let told = refused_in(folder.path(), script);
        assert!(told.contains(words), "{told}");
    }
    assert!(!outside.path().join("new.npy").exists());
    let mut request = stage::request(folder.path(), "print(load(\"secret.csv\").dim);");
    request.allow_read = vec![outside.path().into()];
    assert_eq!(execute(&prepare(&request).unwrap(), Arc::new(stage::Heard::default())).failure, None);
}

/// The printed text is limited, and a warning gives the number of lines that were left out.
#[test]
fn printing_without_end_is_cut_and_counted() {
    let script = "let line = \"0123456789\";\nfor i in 0..10 { line += line; }\nfor i in 0..1000 { print(line); }";
    let (outcome, printed) = stage::run(script);
    assert_eq!(outcome.failure, None);
    let (shown, all) = (printed.iter().map(|line| line.len() + 1).sum::<usize>(), 1000 * 10_241);
    assert!(shown <= (4 << 20) + 10_241, "{shown}");
    let cut = format!("{} lines, {} bytes, of `print` were dropped", 1000 - printed.len(), all - shown);
    let [first, last] = outcome.warnings.as_slice() else { panic!("{:?}", outcome.warnings) };
    assert!(first.contains("limit of 4 MB") && first.contains("`save`") && *last == cut, "{:?}", outcome.warnings);
}

/// Rhai's own functions, the sources of a script and its files also have limits.
#[test]
fn no_single_call_takes_all_time_or_memory() {
    for (script, told) in [
        ("sleep(100000);", "a script cannot sleep"),
        ("let s = \"\"; s.pad(1000000, \"a\"); s.replace(\"a\", s);", "a string is larger than the limit"),
    ] {
        let found = refused(script);
        assert!(found.contains(told), "{script}: {found}");
    }
}

#[test]
fn a_source_of_more_than_16_megabytes_is_refused_unread() {
    let folder = tempfile::tempdir().unwrap();
    let request = stage::request(folder.path(), "");
    let file = std::fs::File::create(&request.script).unwrap();
    file.set_len(1 << 40).unwrap();
    let failure = prepare(&request).unwrap_err();
    assert!(failure.message.contains("1099511627776 bytes") && failure.kind == Fault::Data, "{}", failure.message);
}
