//! Each mistake gives a message with its place, a hint, and the right exit code.

use crate::sandbox::Sandbox;
use insta::assert_snapshot;

fn complaint(script: &str) -> String {
    Sandbox::with(script).run("a.rhai").complaint()
}

/// The message of `load` for a file with this content.
fn complaint_about(name: &str, content: &[u8]) -> String {
    let sandbox = Sandbox::with(&format!("let data = load(\"{name}\");\nprint(data.n);\n"));
    sandbox.write(name, content);
    sandbox.run("a.rhai").complaint()
}

fn npy(descr: &str, shape: &str, data: &[u8]) -> Vec<u8> {
    let header = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}");
    let header = format!("{header:<117}\n");
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend((header.len() as u16).to_le_bytes());
    bytes.extend(header.as_bytes());
    bytes.extend(data);
    bytes
}

#[test]
fn syntax_error() {
    assert_snapshot!(complaint("let a = 1;\nlet b = [1, 2;\n"));
}

#[test]
fn comment_without_an_end() {
    assert_snapshot!(complaint("let a = 1; /* one */\nprint(a); /* two\nprint(\"not reached\");\n"));
}

#[test]
fn nested_comment_without_an_end() {
    assert_snapshot!(complaint("let a = 1;\n/* one /* two */\nprint(a); /* three */\n"));
}

/// A run removes its checkpoints at its end.
#[test]
fn folder_of_the_run_itself() {
    assert_snapshot!(complaint("save(normal(3, 2), \"checkpoint/y.npy\");\n"));
}

/// A program that reads standard output finds every error there.
#[test]
fn wrong_options_are_told_as_json() {
    for (words, named) in [
        ("a.rhai --json --threads 0", "--threads"),
        ("a.rhai --json --bogus", "--bogus"),
        ("run --json", "<SCRIPT.rhai>"),
        ("a.rhai --json --max-time 0", "--max-time"),
    ] {
        let done = Sandbox::with("print(1);\n").run(words).code(2);
        let told = crate::sandbox::json(&done.stdout);
        assert_eq!(told["exit_code"], 2, "{words}: {told}");
        assert!(told["error"]["message"].as_str().is_some_and(|message| message.contains(named)), "{words}: {told}");
    }
}

#[test]
fn folder_to_read_that_is_none() {
    let sandbox = Sandbox::with("print(1);\n");
    assert_snapshot!(sandbox.run("a.rhai --allow-read nowhere").complaint());
}

/// The square of this number is infinite, so distances, and all results from them, would also be
/// infinite.
#[test]
fn coordinate_beyond_squares() {
    assert_snapshot!(complaint("let far = points([[1.5, 2.5], [1e200, 3.5]]);\nprint(energy(far, normal(5, 2)));\n"));
}

#[test]
fn covariance_beyond_memory() {
    assert_snapshot!(complaint("let x = normal(3, 60000);\nprint(x.cov());\n"));
}

/// Some editors put a byte order mark at the start of a file.
#[test]
fn byte_order_mark() {
    let sandbox = Sandbox::with("\u{feff}let x = normal(5, 2);\nprint(x.n);\n");
    assert_eq!(sandbox.run("a.rhai").stdout.lines().next(), Some("5"));
}

#[test]
fn misspelt_function() {
    assert_snapshot!(complaint("let y = norml(10, 2);\n"));
}

#[test]
fn misspelt_variable() {
    assert_snapshot!(complaint("let particles = normal(10, 2);\nprint(partcles.n);\n"));
}

#[test]
fn misspelt_option() {
    assert_snapshot!(complaint("let x = normal(20, 2);\nlet flow = sd_flow(x, #{sgima: 0.5});\n"));
}

#[test]
fn wrong_type() {
    assert_snapshot!(complaint("let y = normal(\"ten\", 2);\n"));
}

#[test]
fn wrong_type_of_an_option() {
    assert_snapshot!(complaint("let x = normal(20, 2);\nlet flow = sd_flow(x, #{sigma: \"small\"});\n"));
}

#[test]
fn unknown_data_set() {
    assert_snapshot!(complaint("let target = dataset(\"mons\");\n"));
}

#[test]
fn a_mistake_inside_a_module() {
    let sandbox = Sandbox::with("import \"lib/shapes\" as shapes;\nlet x = shapes::ring(10);\n");
    sandbox.write("lib/shapes.rhai", "fn ring(n) {\n    normal(n, \"two\")\n}\n");
    assert_snapshot!(sandbox.run("a.rhai").complaint());
}

#[test]
fn missing_file() {
    assert_snapshot!(complaint("let data = load(\"nowhere.npy\");\n"));
}

#[test]
fn empty_npy() {
    assert_snapshot!(complaint_about("x.npy", b""));
}

#[test]
fn truncated_npy() {
    assert_snapshot!(complaint_about("x.npy", &npy("<f8", "(4, 2)", &[0; 24])));
}

#[test]
fn object_npy() {
    assert_snapshot!(complaint_about("x.npy", &npy("|O", "(4, 2)", &[0; 64])));
}

#[test]
fn ragged_csv() {
    assert_snapshot!(complaint_about("x.csv", b"1,2\n3,4\n5\n"));
}

#[test]
fn text_in_a_csv() {
    assert_snapshot!(complaint_about("x.csv", b"1,2\n3,four\n"));
}

#[test]
fn a_csv_whose_first_line_may_be_a_header() {
    assert_snapshot!(complaint_about("x.csv", b"0,1\n0.5,1.5\n"));
}

#[test]
fn a_csv_with_a_missing_value() {
    assert_snapshot!(complaint_about("x.csv", b"a,b\n1,NA\n"));
}

#[test]
fn nan_in_the_data() {
    let mut data = [0; 64];
    data[40..48].copy_from_slice(&f64::NAN.to_le_bytes());
    assert_snapshot!(complaint_about("x.npy", &npy("<f8", "(4, 2)", &data)));
}

#[test]
fn dims_that_do_not_match() {
    assert_snapshot!(complaint("let flow = sd_flow(samples(normal(50, 3)));\nlet r = run(flow, normal(50, 2));\n"));
}

#[test]
fn negative_sigma() {
    assert_snapshot!(complaint(
        "let flow = sd_flow(normal(50, 2), #{sigma: -0.5});\nlet r = run(flow, normal(50, 2));\n"
    ));
}

#[test]
fn zero_sigma_with_a_kernel_estimate() {
    assert_snapshot!(complaint("let flow = sd_flow(normal(50, 2), #{sigma: 0});\nlet r = run(flow, normal(50, 2));\n"));
}

#[test]
fn no_points() {
    assert_snapshot!(complaint("let y = normal(0, 2);\n"));
}

#[test]
fn a_parameter_of_the_wrong_type() {
    let sandbox = Sandbox::with("let n = param(\"n\", 10);\nlet y = normal(n, 2);\n");
    assert_snapshot!(sandbox.run("a.rhai -p n=many").complaint());
}

#[test]
fn a_list_where_one_value_is_wanted() {
    let sandbox = Sandbox::with("let n = param(\"n\", 10);\nlet y = normal(n, 2);\n");
    assert_snapshot!(sandbox.run("a.rhai -p n=10,20").complaint());
}

#[test]
fn a_parameter_that_the_script_does_not_declare() {
    let sandbox = Sandbox::with("let n = param(\"particles\", 10);\nlet y = normal(n, 2);\n");
    assert_snapshot!(sandbox.run("a.rhai -p particels=10").complaint());
}

#[test]
fn the_seed_given_twice() {
    assert_snapshot!(Sandbox::with("1").run("a.rhai --seed 1 -p seed=2").complaint());
}

#[test]
fn out_is_a_folder_with_other_things() {
    let sandbox = Sandbox::with("print(1);");
    sandbox.write("thesis/chapter.tex", "x");
    for force in ["", "--force"] {
        let complaint = sandbox.run(&format!("a.rhai --out thesis {force}")).complaint();
        assert_snapshot!("out_is_a_folder_with_other_things", complaint);
    }
}

#[test]
fn out_cannot_be_written() {
    let sandbox = Sandbox::with("print(1);");
    sandbox.write("file", "x");
    assert_snapshot!(sandbox.run("a.rhai --out file/below").complaint());
}

/// The error of a script that cannot be compiled is also one JSON object.
#[test]
fn json_tells_the_error() {
    let done = Sandbox::with("let a = ;\n").run("a.rhai --json").code(3);
    let report = crate::sandbox::json(&done.stdout);
    assert_eq!((report["status"].as_str(), report["exit_code"].as_u64()), (Some("failed"), Some(3)));
    assert_eq!((report["error"]["line"].as_u64(), report["error"]["file"].as_str()), (Some(1), Some("a.rhai")));
}

/// A reader of a pipe without a writer would wait for ever.
#[test]
#[cfg(unix)]
fn a_pipe_is_no_file_of_points_model_script_or_import() {
    for (script, pipe) in [
        ("load(\"f.npy\");", "f.npy"),
        ("load_model(\"f.safetensors\");", "f.safetensors"),
        ("import \"f\" as f;", "f.rhai"),
        ("print(1);", "b.rhai"),
    ] {
        let sandbox = Sandbox::with(script);
        assert!(std::process::Command::new("mkfifo").arg(sandbox.path(pipe)).status().unwrap().success());
        let started = if pipe == "b.rhai" { "b.rhai" } else { "a.rhai" };
        for command in ["", "check "] {
            let done = sandbox.run(&format!("{command}{started}"));
            assert!(done.stderr.contains("it is not a regular file"), "{command}{script}: {}", done.stderr);
        }
    }
}
