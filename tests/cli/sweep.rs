//! Sweeps: axes, the table, failing cells, shards, and finished cells that are not computed again.

use crate::sandbox::{Done, Sandbox, json, listing};
use insta::assert_snapshot;
use std::collections::BTreeMap;
use std::path::Path;

/// Moves a few particles; the metrics depend on every parameter and on the seed.
pub const SMALL: &str = r#"
let n = param("n", 40);
let sigma = param("sigma", 0.3);
let word = param("word", "x");
let target = gaussian(#{dim: 2, mean: [1.0, 0.0], std: 0.5});
let result = run(sd_flow(target, gaussian_fit(), #{sigma: sigma}), normal(n, 2), #{steps: 10, every: 5});
print(`moved ${n} ${word}`);
record(#{distance: energy(result.points, target.sample(40)), letters: word.len()});
expect("all, moved", result.points.n == n);
"#;

/// A sandbox with a script, and its sweep with these arguments into `out`.
pub fn swept(script: &str, words: &str) -> (Sandbox, Done) {
    let sandbox = Sandbox::with(script);
    let done = sandbox.run(&format!("sweep a.rhai --out out {words}"));
    (sandbox, done)
}

/// The table as rows of named cells.
pub fn rows(csv: &str) -> Vec<BTreeMap<String, String>> {
    let mut reader = csv::Reader::from_reader(csv.as_bytes());
    let header = reader.headers().unwrap().clone();
    let named = |row: csv::StringRecord| header.iter().map(String::from).zip(row.iter().map(String::from)).collect();
    reader.records().map(|row| named(row.unwrap())).collect()
}

/// The rows of `out/table.csv` without their times.
pub fn timeless(sandbox: &Sandbox) -> Vec<BTreeMap<String, String>> {
    let mut rows = rows(&sandbox.read("out/table.csv"));
    rows.iter_mut().for_each(|row| drop(row.remove("wall_s")));
    rows
}

fn column(rows: &[BTreeMap<String, String>], name: &str) -> Vec<String> {
    rows.iter().map(|row| row[name].clone()).collect()
}

#[test]
fn a_row_per_cell_in_the_order_of_the_plan() {
    let (sandbox, done) = swept(SMALL, r#"-p n=20,30 -p sigma=log:0.1:1:3 -p word="a,b",c --zip n,word --jobs 2"#);
    done.code(0);
    let rows = timeless(&sandbox);
    assert_eq!(column(&rows, "cell"), ["1", "2", "3", "4", "5", "6"]);
    assert_eq!(column(&rows, "n"), ["20", "20", "20", "30", "30", "30"]);
    assert_eq!(column(&rows, "sigma"), ["0.1", "0.316227766017", "1", "0.1", "0.316227766017", "1"]);
    assert_eq!(column(&rows, "word"), ["a,b", "a,b", "a,b", "c", "c", "c"]);
    assert_eq!(column(&rows, "letters"), ["3", "3", "3", "1", "1", "1"]);
    let header = sandbox.read("out/table.csv").lines().next().unwrap().to_string();
    assert_snapshot!(header);
    let constant =
        [("seed", "0"), ("status", "done"), ("stop", "finished"), ("exit_code", "0"), ("check: all, moved", "true")];
    for row in &rows {
        assert!(constant.iter().all(|(name, value)| row[*name] == *value), "{row:?}");
        assert!(row["distance"].parse::<f64>().unwrap() > 0.0 && row["distance_se"].parse::<f64>().unwrap() > 0.0);
    }
    let lines: Vec<_> = sandbox.read("out/table.jsonl").lines().map(json).collect();
    assert_eq!(lines.len(), 6);
    assert_eq!(
        (&lines[3]["word"], &lines[3]["n"], &lines[3]["check: all, moved"]),
        (&"c".into(), &30.into(), &true.into())
    );
    assert_eq!(lines[3]["distance"].as_f64(), rows[3]["distance"].parse().ok());
}

#[test]
fn a_cell_is_the_run_that_run_makes() {
    let (sandbox, done) = swept(SMALL, "-p n=20,30 -p seed=int:1:2 --jobs 1");
    done.code(0);
    sandbox.run("a.rhai -p n=30 --seed 2 --no-report").code(0);
    let alone = sandbox.run_folder();
    let cell = sandbox.path("out/cells").join(alone.file_name().unwrap());
    assert_eq!(listing(&cell), listing(&alone));
    for name in ["metrics.csv", "metrics.jsonl", "script.rhai", "log.txt"] {
        let read = |folder: &Path| std::fs::read_to_string(folder.join(name)).unwrap();
        assert_eq!(read(&cell), read(&alone), "{name}");
    }
    let record = |folder: &Path| json(&std::fs::read_to_string(folder.join("run.json")).unwrap());
    assert_eq!(record(&cell)["metrics"], record(&alone)["metrics"]);
    assert_eq!(record(&cell)["identity"], record(&alone)["identity"]);
}

#[test]
fn the_same_bytes_for_any_number_of_jobs() {
    let of = |words: &str| {
        let (sandbox, done) = swept(SMALL, &format!("-p n=int:20:26:2 -p seed=1,2,3 {words}"));
        done.code(0);
        timeless(&sandbox)
    };
    let one = of("--jobs 1 --threads 1");
    assert!(one.len() == 12 && of("--jobs 2") == one && of("--jobs 1 --threads 2") == one && of("") == one);
}

#[test]
fn the_same_command_again_computes_nothing() {
    let (sandbox, done) = swept(SMALL, "-p n=20,30 -p seed=1,2");
    let first = done.code(0);
    let table = sandbox.read("out/table.csv");
    let again = sandbox.run("sweep a.rhai --out out -p n=20,30 -p seed=1,2").code(0);
    assert_eq!(sandbox.read("out/table.csv"), table);
    assert_eq!(first.stdout.lines().skip(1).collect::<Vec<_>>(), again.stdout.lines().skip(1).collect::<Vec<_>>());
    // A larger plan uses the finished cells; --force computes all cells again.
    sandbox.run("sweep a.rhai --out out -p n=20,30 -p seed=1,2,3").code(0);
    let grown = rows(&sandbox.read("out/table.csv"));
    assert_eq!((grown.len(), &grown[0]), (6, &rows(&table)[0]));
    sandbox.run("sweep a.rhai --out out -p n=20,30 -p seed=1,2 --force").code(0);
    let forced = rows(&sandbox.read("out/table.csv"));
    assert!(forced[0]["wall_s"] != grown[0]["wall_s"] && forced[0]["distance"] == grown[0]["distance"]);
}

#[test]
fn the_summary_names_the_best_and_the_picture() {
    let (sandbox, done) = swept(SMALL, "-p n=20,30 -p sigma=0.1,1 -p seed=1,2 --best distance");
    let told = done.code(0).stdout;
    for words in [
        "a: 8 cells in ",
        ": 8 done\n",
        "smallest distance, mean over 2 seeds ± its standard error between seeds, and noise floor",
        "sigma=1",
        "out/table.csv",
        "out/sweep.svg",
    ] {
        assert!(told.contains(words), "{words}: {told}");
    }
    let picture = sandbox.read("out/sweep.svg");
    assert!([">n<", ">sigma<", ">distance<"].iter().all(|word| picture.contains(word)), "a heat map");
    let (sandbox, done) = swept(SMALL, "-p n=20,30,40 -p seed=1,2 -p word=a,b --best max:letters --json");
    let report = json(&done.code(0).stdout);
    assert_eq!(
        (&report["status"], &report["cells"]["done"], &report["metric"]),
        (&"done".into(), &12.into(), &"letters".into())
    );
    assert_eq!((report["best"][0]["mean"].as_f64(), report["best"][0]["seeds"].as_u64()), (Some(1.0), Some(2)));
    assert!(sandbox.read("out/sweep.svg").contains("word=b"), "one curve per word");
    let (_, done) = swept(SMALL, "-p n=20 --best distnce");
    assert!(done.code(0).stderr.contains("did you mean `distance`?"));
}

#[test]
fn names_that_collide_keep_their_columns() {
    let script = "let status = param(\"status\", 1); let energy = param(\"energy\", 2.5);\nrecord(#{energy: energy * 2, cell: -1});";
    let (sandbox, done) = swept(script, "-p status=3,4");
    done.code(0);
    let rows = timeless(&sandbox);
    assert_eq!(
        (column(&rows, "param_status"), column(&rows, "status")),
        (vec!["3".to_string(), "4".into()], vec!["done".to_string(); 2])
    );
    assert_eq!(
        (&rows[0]["energy"], &rows[0]["metric_energy"], &rows[0]["metric_cell"]),
        (&"2.5".into(), &"5".into(), &"-1".into())
    );
}

/// Fails for n = 2 while the file is missing. The file is not part of the identity, because its
/// name is computed.
const FAILING: &str =
    "let n = param(\"n\", 1);\nif n == 2 { let x = load(`x${1}.npy`); }\nrecord(#{n: n});\nexpect(\"small\", n < 4);";

#[test]
fn failed_cells_stop_nothing_and_leave_with_7() {
    let (sandbox, done) = swept(FAILING, "-p n=int:1:4 --jobs 1");
    let done = done.code(7);
    assert!(done.stderr.contains("cell 2 (n=2) failed: there is no file `x1.npy`"), "{}", done.stderr);
    assert!(
        done.stdout.contains("4 cells in ") && done.stdout.contains(": 3 done, 1 failed, 1 with a failed check\n"),
        "{}",
        done.stdout
    );
    let rows = timeless(&sandbox);
    assert_eq!(column(&rows, "status"), ["done", "failed", "done", "done"]);
    assert_eq!(column(&rows, "exit_code"), ["0", "6", "0", "4"]);
    assert!(rows[1]["error"].contains("x1.npy") && rows[1]["metric_n"].is_empty());
    // The cell stays failed until it is requested again.
    sandbox.points("x1.npy", &sdflow::Points::zeros(3, 2));
    sandbox.run("sweep a.rhai --out out -p n=int:1:4").code(7);
    assert_eq!(timeless(&sandbox), rows);
    sandbox.run("sweep a.rhai --out out -p n=int:1:4 --retry-failed").code(4);
    assert_eq!(column(&timeless(&sandbox), "status"), ["done"; 4]);
    sandbox.run("sweep a.rhai --out out -p n=int:1:3").code(0);
}

#[test]
fn fail_fast_begins_no_further_cell() {
    let (sandbox, done) = swept(FAILING, "-p n=int:1:9 --jobs 1 --fail-fast");
    assert!(done.code(7).stdout.contains("1 done, 1 failed, 7 not computed"));
    assert_eq!(column(&timeless(&sandbox), "status")[..3], ["done", "failed", "pending"]);
    sandbox.run("sweep a.rhai --out out -p n=int:1:9").code(7);
    assert_eq!(column(&timeless(&sandbox), "status")[2], "done");
}

#[test]
fn shards_together_are_the_whole() {
    let words = "-p n=int:20:24 -p seed=1,2";
    let (whole, done) = swept(SMALL, words);
    done.code(0);
    // The shards run one after another in separate folders, then at the same time in one folder.
    let mut apart: Vec<_> = (1..=3)
        .flat_map(|i| {
            let (sandbox, done) = swept(SMALL, &format!("{words} --shard {i}/3"));
            done.code(0);
            timeless(&sandbox)
        })
        .collect();
    apart.sort_by_key(|row| row["cell"].parse::<usize>().unwrap());
    assert_eq!(apart, timeless(&whole));

    let sandbox = Sandbox::with(SMALL);
    let start =
        |i: usize| sandbox.command(&format!("sweep a.rhai --out out {words} --quiet --shard {i}/3")).spawn().unwrap();
    let mut shards: Vec<_> = (1..=3).map(start).collect();
    assert!(shards.iter_mut().all(|shard| shard.wait().unwrap().success()));
    assert_eq!(timeless(&sandbox), timeless(&whole));
    let before = sandbox.read("out/table.csv");
    sandbox.run(&format!("sweep a.rhai --out out {words}")).code(0);
    assert_eq!(sandbox.read("out/table.csv"), before);
}

#[cfg(unix)]
#[test]
fn the_array_job_computes_the_same_sweep() {
    let words = ["-p", "n=int:20:24", "-p", "word=\"it's, a\",b"];
    let (whole, job) = (Sandbox::with(SMALL), Sandbox::with(SMALL));
    Done::of(whole.command("sweep a.rhai --out out").args(words)).code(0);
    let script = Done::of(job.command("sweep a.rhai --out out --slurm=3").args(words)).code(0).stdout;
    assert!(
        script.starts_with("#!/bin/bash\n#SBATCH ") && script.contains("--array=1-3\n") && !job.path("out").exists()
    );
    job.write("job.sh", &script);
    for task in 1..=3 {
        let mut task_of = std::process::Command::new("bash");
        task_of.arg("job.sh").env("SLURM_ARRAY_TASK_ID", task.to_string()).current_dir(job.path(""));
        Done::of(&mut task_of).code(0);
    }
    let gather = script.trim_end().rsplit("write the table: ").next().unwrap();
    Done::of(std::process::Command::new("bash").args(["-c", gather]).current_dir(job.path(""))).code(0);
    assert_eq!(timeless(&job), timeless(&whole));
}

#[test]
fn mistakes_are_told_before_anything_runs() {
    let told: Vec<String> = [
        "-p sigm=1,2",
        "-p n=20,many",
        "-p n=int:5:1",
        "-p sigma=log:0:1:3",
        "-p sigma=lin:1:2:0",
        "-p sigma=lin:one:2:3",
        "-p n=20 -p n=30",
        "-p n=20,20",
        "-p n=1,2 -p sigma=1,2,3 --zip n,sigma",
        "-p n=1,2 --zip n,sigm",
        "-p n=int:1:1000 -p seed=int:1:1000",
        "-p seed=1,x",
    ]
    .iter()
    .map(|words| {
        let (sandbox, done) = swept(SMALL, words);
        assert!(done.code == 2 && done.stdout.is_empty() && !sandbox.path("out").exists(), "{words}");
        format!("$ sweep a.rhai {words}\n{}", done.complaint())
    })
    .collect();
    assert_snapshot!(told.join("\n\n"));
}

#[test]
fn a_cell_beyond_the_memory_is_told_before_the_first_cell() {
    let script = "let n = param(\"n\", 10); w2(normal(n, 2), normal(n, 2), #{max_points: 6000});";
    let (sandbox, done) = swept(script, "-p n=10,6000 --jobs 1 --memory-budget 200MiB");
    let complaint = done.complaint();
    assert!(done.code == 2 && complaint.contains("more than the memory budget of 200 MiB"), "{complaint}");
    let files = listing(&sandbox.path("out"));
    assert!(!files.iter().any(|file| file.ends_with("run.json")), "{files:?}");
}

#[test]
fn run_sends_lists_and_ranges_to_sweep() {
    let sandbox = Sandbox::with(SMALL);
    for words in ["-p n=1,2", "-p sigma=lin:0:1:3", "-p word=a,b", "-p word=int:1:3", "-p seed=int:1:5", "-p seed=1,2"]
    {
        let done = sandbox.run(&format!("a.rhai {words}")).code(2);
        assert!(done.stderr.contains("sdflow-engine sweep SCRIPT -p "), "{words}: {}", done.stderr);
    }
}

#[test]
fn a_folder_with_other_things_is_left_alone() {
    let sandbox = Sandbox::with(SMALL);
    sandbox.write("b.rhai", "let n = param(\"n\", 1);");
    sandbox.write("thesis/chapter.tex", "x");
    let refused = |words: &str| sandbox.run(words).code(2).stderr;
    assert!(refused("sweep a.rhai -p n=1 --out thesis --force").contains("it holds chapter.tex"));
    sandbox.run("sweep b.rhai -p n=1,2 --out out").code(0);
    assert!(refused("sweep a.rhai -p n=20 --out out").contains("out holds a sweep of b.rhai"));
}
