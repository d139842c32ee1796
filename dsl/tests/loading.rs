//! The decisions of `load` about a table are reported and recorded. If it cannot decide, the error
//! names the option to give.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod stage;

use sdflow_dsl::{Diagnostic, Outcome};
use stage::run_in;

/// Runs a script beside `t.csv` with this content.
fn with_table(content: &str, script: &str) -> (Outcome, Vec<String>) {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("t.csv"), content).unwrap();
    run_in(folder.path(), script)
}

fn refused(content: &str, script: &str) -> Diagnostic {
    with_table(content, script).0.failure.unwrap()
}

#[test]
fn what_was_decided_is_told_once_and_recorded() {
    let text = ",a,b\n0,0.5,1.5\n1,2.5,3.5\n2,4.5,5.5\n";
    // The means of 0.5, 2.5, 4.5 and of 1.5, 3.5, 5.5.
    let (outcome, heard) = with_table(text, "load(\"t.csv\"); print(load(\"t.csv\").mean());");
    assert_eq!(outcome.failure, None);
    let note = "load: 3 rows, columns a, b; the unnamed first column was taken as the row index and left out (t.csv)";
    assert_eq!(outcome.notes, [note]);
    assert_eq!(heard, [note, "[2.5, 3.5]"]);
}

#[test]
fn coordinates_have_the_names_of_the_header() {
    let text = "a,b\n1,2\n3,4.5\n5,7\n";
    let (outcome, heard) = with_table(text, "print(load(\"t.csv\").column(\"b\"));");
    assert_eq!((outcome.failure, heard), (None, vec!["[2.0, 4.5, 7.0]".to_string()]));
    let turned =
        "let x = load(\"t.csv\"); let y = load(\"t.csv\", #{columns: [\"b\", \"a\"]}); let o = #{floor: false};";
    let (outcome, _) = with_table(text, &format!("{turned} w2(x, y, o); sliced_w2(x, x, o); w2(x, normal(3, 2), o);"));
    let [warning] = outcome.warnings.as_slice() else { panic!("{:?}", outcome.warnings) };
    assert!(
        warning.contains("`w2` takes coordinates by their position") && warning.contains("`a` has another"),
        "{warning}"
    );
    let labels = "load(\"t.csv\", #{columns: [\"b\"]}).split_by_label(load(\"t.csv\", #{columns: [\"a\"]}));";
    let (outcome, _) = with_table(text, labels);
    assert_eq!((outcome.failure, outcome.warnings.len()), (None, 0));
}

#[test]
fn an_ordinary_table_is_read_without_a_word() {
    for text in ["x,y\n1,2\n3,4.5\n", "1.5 2\n3 4\n", "1;2\n3;4\n", "1\t-2\r\n3\t4\r\n", "x\n1\n2\n"] {
        let (outcome, heard) = with_table(text, "load(\"t.csv\");");
        assert_eq!((outcome.failure, outcome.notes.len(), heard.len()), (None, 0, 0), "{text:?}");
    }
}

#[test]
fn what_cannot_be_decided_is_refused_with_the_options_that_decide() {
    let load = "load(\"t.csv\");";
    for (text, hint) in [
        ("0,1\n0.5,1.5\n", "write `#{header: true}` or `#{header: false}`"),
        ("1,5\n2,5\n3,25\n", "write `#{separator: \",\"}` or `#{decimal: \",\"}`"),
        ("1,234;5\n", "write `#{decimal: \",\"}`"),
        (",a\n0.5,1\n1.5,2\n", "write `#{columns: [0, 1]}` or `#{columns: [1]}`"),
        ("a,b\n1,\n2,3\n", "correct that cell, or leave rows with missing values out: `#{missing: \"drop\"}`"),
    ] {
        let failure = refused(text, load);
        assert_eq!(failure.hint.as_deref(), Some(hint), "{text:?}: {}", failure.message);
        assert_eq!(failure.place.unwrap().column, 6, "{text:?}");
    }
}

#[test]
fn the_options_that_decide_are_options_of_the_script() {
    for (text, options, mean) in [
        ("0,1\n0.5,1.5\n", "header: true", "[0.5, 1.5]"),
        ("0,1\n0.5,1.5\n", "header: false", "[0.25, 1.25]"),
        ("1,5\n2,5\n", "separator: \",\"", "[1.5, 5.0]"),
        ("1,5\n2,5\n", "decimal: \",\"", "[2.0]"),
        ("1\t2\n3\t4\n", "separator: \"\\t\", decimal: \"auto\"", "[2.0, 3.0]"),
        ("1  2\n3 4\n", "separator: \" \", header: \"auto\"", "[2.0, 3.0]"),
        (",a\n0.5,1\n1.5,2\n", "columns: [0, 1]", "[1.0, 1.5]"),
        (",a\n0.5,1\n1.5,2\n", "columns: [1]", "[1.5]"),
        ("a,b\n1,\n2,3\n", "missing: \"drop\"", "[2.0, 3.0]"),
    ] {
        let (outcome, heard) = with_table(text, &format!("print(load(\"t.csv\", #{{{options}}}).mean());"));
        assert_eq!(outcome.failure, None, "{text:?}, {options}");
        assert_eq!(heard.last().map(String::as_str), Some(mean), "{text:?}, {options}");
    }
    let failure = refused("1,2\n", "load(\"t.csv\", #{separator: \"|\"});");
    assert!(failure.message.contains("`separator`") || failure.message.contains("|"), "{}", failure.message);
}

/// A flow towards the rows of a file moves particles to the same bytes as towards the points in
/// memory.
#[test]
fn a_flow_towards_a_file_is_that_towards_its_points() {
    let folder = tempfile::tempdir().unwrap();
    let points = sdflow::rng::Stream::new(1).normal(300, 5);
    sdflow::io::save_npy(&folder.path().join("rows.npy"), &points).unwrap();
    let script = "
        let start = normal(50, 5);
        for data in [mapped(\"rows.npy\"), load(\"rows.npy\")] {
            for options in [#{noise: \"none\"}, #{sigma: geometric(3, 0.3), noise: \"none\", scaling: \"raw\", step: 0.1}] {
                let mean = run(sd_flow(data, options), start, #{steps: 4}).points.mean();
                print(`${mean[0]} ${mean[1]} ${mean[2]} ${mean[3]} ${mean[4]}`);
            }
        }
        print(mapped(\"rows.npy\").dim);
        print(mapped(\"rows.npy\").sample(300).n);
        print(energy(load(\"rows.npy\"), mapped(\"rows.npy\").sample(300)).value);
        print(run(sd_flow(kde(mapped(\"rows.npy\"))), start, #{steps: 1}).points.n);";
    let (outcome, heard) = run_in(folder.path(), script);
    assert_eq!(outcome.failure, None);
    let said: Vec<&String> = heard.iter().filter(|line| !line.starts_with("sigma")).collect();
    assert_eq!((said[0], said[1]), (said[2], said[3]), "{heard:?}");
    assert!(said[0] != said[1]);
    assert_eq!(said[4..].iter().map(|line| line.as_str()).collect::<Vec<_>>()[..2], ["5", "300"]);
    assert!(said[6].parse::<f64>().unwrap() < 1e-12, "the sample is a permutation of all rows");
    assert_eq!(said[7], "50");
}

#[test]
fn a_file_whose_rows_cannot_be_read_is_refused_at_its_name() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("rows.npy"), "1,2\n").unwrap();
    let (outcome, _) = run_in(folder.path(), "mapped(\"rows.npy\");");
    let failure = outcome.failure.unwrap();
    assert!(failure.message.contains("rows.npy") && failure.place.unwrap().column == 8, "{}", failure.message);
}
