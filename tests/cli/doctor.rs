//! `doctor`, and the instruction set that the environment forces.

use crate::sandbox::{Done, Sandbox, json};

const NAMES: [&str; 4] = ["scalar", "avx2", "avx512", "amx"];

fn report(words: &str) -> serde_json::Value {
    json(&Sandbox::new().run(&format!("doctor --json {words}")).code(0).stdout)
}

#[test]
fn doctor_describes_the_machine() {
    let shown = Sandbox::new().run("doctor").code(0).stdout;
    for word in ["processor", "cores", "memory", "large pages", "FMA peak", "instruction sets", "backends", "advice"] {
        assert!(shown.lines().any(|line| line.starts_with(word)), "{word}: {shown}");
    }
    let report = report("");
    assert_eq!((report["schema"].as_u64(), report["task"].as_str()), (Some(1), Some("doctor")));
    let names: Vec<&str> = report["isas"].as_array().unwrap().iter().map(|set| set["name"].as_str().unwrap()).collect();
    assert_eq!(names, NAMES);
    for set in report["isas"].as_array().unwrap() {
        assert_eq!(set["available"].as_bool(), Some(set["missing"].is_null()), "{set}");
    }
    assert!(report["fma_peak_gflops"].as_f64().unwrap() > 0.1 && report["cores"].as_u64() >= Some(1));
    let dims: Vec<u64> = report["choices"].as_array().unwrap().iter().map(|row| row["dim"].as_u64().unwrap()).collect();
    assert_eq!(dims, [2, 8, 64, 256, 784]);
}

/// The choice is the same as that of `bench` for the same sizes.
#[test]
fn doctor_names_what_runs() {
    for sizes in ["--n 300 --m 400 --dim 2", "--n 1100 --dim 3 --sigma 0.02 --data mixture25", "--n 300 --dim 40"] {
        let told = report(sizes)["choices"][0].clone();
        let words = format!("bench {sizes} --precision auto --json");
        let ran = json(&Sandbox::new().run(&words).code(0).stdout);
        for key in ["n", "m", "dim", "sigma", "precision", "backend", "centres"] {
            assert_eq!(told[key], ran[key], "{sizes}: {key}");
        }
        assert!(told["isa"] == ran["isa"] || cfg!(not(target_arch = "x86_64")), "{sizes}");
    }
    for (sigma, skip, centres) in [("0.02", true, "many"), ("2", false, "one")] {
        let told = report(&format!("--n 2000 --dim 2 --sigma {sigma} --data mixture25"))["choices"][0].clone();
        assert_eq!((told["skip"].as_bool(), told["centres"].as_str()), (Some(skip), Some(centres)), "{told}");
    }
}

#[test]
fn impossible_sizes_are_refused() {
    for words in ["doctor --n 0", "doctor --sigma -1", "doctor --dim 0 --json", "doctor --data moons", "doctor x"] {
        Sandbox::new().run(words).code(2);
    }
}

#[test]
fn a_folder_that_cannot_be_written_is_advice() {
    let sandbox = Sandbox::new();
    assert!(!sandbox.run("doctor").stdout.contains("run folders cannot be created"));
    sandbox.write("runs", "not a folder");
    let advice = sandbox.run("doctor").code(0).stdout;
    assert!(advice.contains("run folders cannot be created"), "{advice}");
    assert_eq!(std::fs::read_dir(sandbox.path(".")).unwrap().count(), 1);
}

#[test]
fn a_forced_set_runs_and_is_recorded() {
    let sandbox =
        Sandbox::with("let x = normal(50, 2);\nlet r = run(sd_flow(x, #{sigma: 1.0}), normal(50, 2), #{steps: 2});\n");
    let forced = |words: &str| Done::of(sandbox.command(words).env("SDFLOW_ISA", "scalar")).code(0);
    assert_eq!(json(&forced("a.rhai --json").stdout)["machine"]["isa"], "scalar");
    // Nets and matrices choose their own instruction set, which the record names.
    let record = json(&forced("a.rhai --json").stdout);
    let widest = ["avx512", "avx2", "scalar"].into_iter().find(|name| {
        let sets = report("")["isas"].clone();
        sets.as_array().unwrap().iter().any(|set| set["name"] == *name && set["missing"].is_null())
    });
    assert!(record["machine"]["net_isa"] == widest.unwrap() || cfg!(not(target_arch = "x86_64")), "{record}");
    assert!(forced("--version").stdout.trim_end().ends_with("(scalar)"));
    let told = json(&forced("doctor --json").stdout);
    assert_eq!((told["asked"].as_str(), told["isa"].as_str()), (Some("scalar"), Some("scalar")));
    assert!(told["choices"].as_array().unwrap().iter().all(|row| row["isa"] == "scalar"), "{told}");
    // The instruction set is not part of a run's identity: the results of the finished run are
    // printed, with the instruction set by which they were computed.
    let again = sandbox.run("a.rhai").code(0);
    let same = sandbox.run("--version").stdout.trim_end().ends_with("(scalar)");
    assert!(same || again.stderr.contains("already finished with scalar"), "{}", again.stderr);
}

#[test]
fn a_set_that_does_not_exist_is_refused_by_every_command() {
    let sandbox = Sandbox::with("1");
    for words in ["a.rhai", "check a.rhai", "bench", "doctor", "list", "field --particles y --target x --sigma 1 -o v"]
    {
        let done = Done::of(sandbox.command(words).env("SDFLOW_ISA", "avx3")).code(2);
        assert!(
            NAMES.iter().all(|name| done.stderr.contains(name)) && done.stderr.contains("`avx3`"),
            "{}",
            done.stderr
        );
        assert!(done.stdout.is_empty());
    }
    let refused = Done::of(sandbox.command("doctor --json").env("SDFLOW_ISA", "avx3")).code(2);
    assert!(json(&refused.stdout)["error"]["message"].as_str().unwrap().contains("SDFLOW_ISA"));
    Done::of(sandbox.command("a.rhai").env("SDFLOW_ISA", "")).code(0);
}

/// An instruction set that this machine lacks is replaced with a message. An available instruction
/// set is used without a message.
#[test]
fn a_set_that_is_missing_is_warned_of() {
    let sets = report("")["isas"].clone();
    for set in sets.as_array().unwrap() {
        let name = set["name"].as_str().unwrap();
        let warned = |words: &str| {
            let sandbox = Sandbox::with("print(1);");
            Done::of(sandbox.command(words).env("SDFLOW_ISA", name)).code(0).stderr.contains("is used instead")
        };
        if !set["missing"].is_null() {
            eprintln!("{name} is missing here: {}", set["missing"]);
        }
        for words in ["a.rhai", "bench --n 50 --dim 2"] {
            assert_eq!(warned(words), !set["missing"].is_null(), "{name}: {words}");
        }
    }
}
