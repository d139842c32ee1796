//! Effects of the system on a run: unusual names, limits, another process, long silent work.

use crate::sandbox::{Done, Sandbox, json};
use std::process::Stdio;
use std::time::{Duration, Instant};

/// True if the text has a character that controls a terminal.
fn steers(text: &str) -> bool {
    text.chars().any(|c| c.is_control() && c != '\n')
}

/// A name that would clear the screen and imitate a line of the program.
#[cfg(unix)]
#[test]
fn control_characters_of_names_are_escaped_in_every_message() {
    const NAME: &str = "a\u{1b}[2J\u{7}\r.rhai";
    let escaped = "a\\u{1b}[2J\\u{7}\\r";
    let sandbox = Sandbox::new();
    sandbox.write(NAME, "print(\"\\x1b[2Jgone\");\nload(\"b\\x1b[2J\\nok.csv\");\n");
    sandbox.write("fine.rhai", "print(1);\n");
    sandbox.write("full\u{1b}[2J/other\u{9b}", "");
    let run = |words: &[&str]| Done::of(sandbox.command("").args(words));
    let tried = [
        (run(&["run", NAME]), escaped, 6),
        (run(&["check", NAME]), escaped, 6),
        (run(&["sweep", NAME, "-p", "n=1,2"]), escaped, 2),
        (run(&["run", "no\u{1b}[2J.rhai"]), "no\\u{1b}[2J", 6),
        (run(&["run", "fine.rhai", "--out", "full\u{1b}[2J"]), "full\\u{1b}[2J", 2),
        (run(&["run", "fine.rhai", "--allow-read", "no\u{1b}[2J"]), "no\\u{1b}[2J", 2),
        (run(&["run", "fine.rhai", "--no\u{1b}[2J\u{7}"]), "unexpected argument '--no", 2),
        (run(&["compare", "no\u{1b}[2J", "fine.rhai"]), "no\\u{1b}[2J", 6),
        (
            run(&[
                "field",
                "--particles",
                "no\u{1b}[2J.npy",
                "--target",
                "no\u{1b}[2J.npy",
                "--sigma",
                "1",
                "-o",
                "v.npy",
            ]),
            "no\\u",
            6,
        ),
    ];
    for (done, shown, code) in tried {
        assert!(!steers(&done.stdout) && !steers(&done.stderr), "{:?} {:?}", done.stdout, done.stderr);
        assert!(done.stderr.contains(shown), "{shown}: {}", done.stderr);
        assert_eq!(done.code, code, "{}", done.stderr);
    }
    let run = run(&["run", "--no-check", NAME]);
    assert!(run.stdout.contains("\\u{1b}[2Jgone") && run.stderr.contains("b\\u{1b}[2J\\nok.csv"), "{}", run.stderr);
    let log = sandbox.run_folder().join("log.txt");
    assert!(!steers(&std::fs::read_to_string(log).unwrap()));
}

/// Without a handler, the signal of the limit on file sizes would end the process before anything
/// is recorded.
#[cfg(unix)]
#[test]
fn a_limit_on_the_size_of_files_is_an_error() {
    let sandbox = Sandbox::with("save(normal(40000, 2), \"big.npy\");\n");
    let command = sandbox.command("");
    let mut shell = std::process::Command::new("bash");
    shell.current_dir(sandbox.path(".")).args(["-c", "ulimit -f 64 && exec \"$0\" a.rhai --json"]);
    let done = Done::of(shell.arg(command.get_program())).code(6);
    assert!(done.stderr.contains("cannot write") && done.stderr.contains("File too large"), "{}", done.stderr);
    assert_eq!(json(&done.stdout)["status"], "failed");
    assert_eq!(sandbox.record()["exit_code"], 6);
}

/// The same run in two processes: the message tells the user of the second process to wait.
#[test]
fn a_busy_folder_is_named_with_what_to_do() {
    let sandbox = Sandbox::with("let i = 0;\nprint(\"begun\");\nloop { i += 1; }\n");
    let mut first =
        sandbox.command("a.rhai --no-check --out here").stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut line = String::new();
    std::io::BufRead::read_line(&mut std::io::BufReader::new(first.stdout.as_mut().unwrap()), &mut line).unwrap();
    assert_eq!(line, "begun\n");
    let second = sandbox.run("a.rhai --out here").code(6);
    first.kill().unwrap();
    first.wait().unwrap();
    let told = "error: another process is computing this run in here\nhelp: wait until it has ended";
    assert!(second.stderr.starts_with(told), "{}", second.stderr);
}

/// No part of a run is silent for long, even if it reports no progress.
#[test]
fn silent_work_is_told_of() {
    let sandbox = Sandbox::with("let x = normal(100000, 64);\nmemorisation(normal(100000, 64), x, x);\n");
    let begun = Instant::now();
    let log = sandbox.path("here/log.txt");
    let mut run = sandbox.command("a.rhai --out here").stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let told = || std::fs::read_to_string(&log).unwrap_or_default();
    while !told().contains("computing, 1")
        && begun.elapsed() < Duration::from_secs(60)
        && run.try_wait().unwrap().is_none()
    {
        std::thread::sleep(Duration::from_millis(100));
    }
    run.kill().unwrap();
    run.wait().unwrap();
    assert!(told().contains("computing, 1") && told().contains(" s so far"), "{:?} {}", begun.elapsed(), told());
}
