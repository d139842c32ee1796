//! The documents describe the project as it is.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // A test and its helpers may fail by panicking.

use std::fs::read_to_string;

fn text(name: &str) -> String {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(name);
    read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

/// The command in the code block of the README's section on tests.
fn test_command() -> String {
    let readme = text("README.md");
    let section = readme.split("## Tests").nth(1).expect("the README has a section on tests");
    section.lines().skip_while(|line| !line.starts_with("```")).nth(1).expect("a command in a code block").to_string()
}

#[test]
fn the_readme_and_the_checks_run_the_same_tests() {
    let command = test_command();
    assert!(command.starts_with("cargo test"), "{command}");
    assert!(text(".ci/run").lines().any(|line| line == format!("step {command}")), ".ci/run does not run `{command}`");
}

#[test]
fn links_between_documents_lead_somewhere() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let of_root = ["README.md", "CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md", "python/README.md"];
    let of_book = pages_of_the_book().into_iter().chain(["SUMMARY.md".into()]).map(|page| format!("docs/{page}"));
    for name in of_root.map(String::from).into_iter().chain(of_book) {
        let text = text(&name);
        let folder = root.join(&name).parent().unwrap().to_path_buf();
        for target in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let file = target.split('#').next().unwrap_or_default();
            assert!(target.starts_with("http") || folder.join(file).exists(), "{name} links to {target}");
        }
    }
}

/// Returns the pages that the contents of the book list.
fn pages_of_the_book() -> Vec<String> {
    let contents = text("docs/SUMMARY.md");
    contents.split("](").skip(1).filter_map(|rest| Some(rest.split_once(')')?.0.to_string())).collect()
}

/// Every page of docs is in the book.
#[test]
fn the_book_has_all_pages() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let files = std::fs::read_dir(root.join("docs")).unwrap().map(|entry| entry.unwrap().file_name());
    let is_page = |name: &String| name.ends_with(".md") && name != "SUMMARY.md";
    let mut pages: Vec<String> = files.map(|name| name.into_string().unwrap()).filter(is_page).collect();
    let mut listed = pages_of_the_book();
    pages.sort();
    listed.sort();
    assert_eq!(pages, listed);
}

/// The calls of the page on methods are correct, and its citations are listed.
#[test]
fn the_methods_are_those_of_the_language() {
    let (page, listed) = (text("docs/methods.md"), text("REFERENCES.bib"));
    let scripts: Vec<&str> = page.lines().filter_map(|line| line.strip_prefix("In a script: `")).collect();
    assert!(scripts.len() > 10);
    for script in scripts {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("a.rhai"), format!("{};", script.trim_end_matches(['`', ';']))).unwrap();
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_sdflow-engine"));
        let checked = command.args(["check", "a.rhai"]).current_dir(folder.path()).output().unwrap();
        assert!(checked.status.success(), "{script}: {}", String::from_utf8_lossy(&checked.stderr));
    }
    let keys = page.split('[').skip(1).filter_map(|rest| rest.split(']').next()).flat_map(|all| all.split([',', '\n']));
    let keys: Vec<&str> = keys.map(str::trim).filter(|key| is_key(key)).collect();
    assert!(keys.len() > 50);
    for key in keys {
        assert!(listed.contains(&format!("{{{key},")), "{key}");
    }
}

/// The limits in SECURITY.md are those of the interpreter.
#[test]
fn the_limits_of_scripts_are_those_of_the_code() {
    let (promised, code) = (text("SECURITY.md"), text("dsl/src/language/limits.rs"));
    let code = code + &text("dsl/src/context/watchdog.rs");
    for (constant, words) in [
        ("DEADLINE: u32 = 20;", "| time of a single operation of the interpreter | 20 seconds;"),
        ("SOON: u32 = 3;", "; 3 seconds after a signal or the end of `--max-time` |"),
        ("OPERATIONS: u64 = 50_000_000;", "| operations of the interpreter | 50 million |"),
        ("CALLS: usize = 64;", "| depth of calls, depth of an expression | 64 |"),
        ("SWEEPS: usize = 4;", "| sweeps, one inside the other | 4 |"),
        ("DEPTH: usize = 64;", "| depth of calls, depth of an expression | 64 |"),
        ("STRING: usize = 1 << 20;", "| 1 MiB, "),
        ("ARRAY: usize = 100_000;", " 100,000 elements, "),
        ("MAP: usize = 10_000;", " 10,000 keys "),
        ("VARIABLES: usize = 10_000;", "| variables alive | 10,000 |"),
        ("PRINTED: usize = 4 << 20;", "printed beyond 4 MB"),
        ("LOOK: u64 = 1024;", "every 1,024 operations"),
    ] {
        assert!(code.contains(constant) && promised.contains(words), "{constant} {words}");
    }
}

#[test]
fn versions_agree() {
    assert!(text("CITATION.cff").contains(&format!("\nversion: {}\n", env!("CARGO_PKG_VERSION"))));
}

/// Keys in square brackets in doc comments, such as `\[weber2023score\]`, are entries of
/// REFERENCES.bib.
#[test]
fn every_source_that_is_cited_is_listed() {
    let listed = text("REFERENCES.bib");
    let mut unknown = Vec::new();
    for file in ["engine/src", "dsl/src", "src"].into_iter().flat_map(rust_files) {
        let text = read_to_string(&file).unwrap();
        for line in text.lines().filter(|line| line.trim_start().starts_with("//")) {
            let keys =
                line.split('[').skip(1).filter_map(|rest| rest.split(']').next()).flat_map(|all| all.split(", "));
            // Rustdoc would take a key in plain brackets for a link, so brackets are escaped in
            // doc comments.
            let keys = keys.map(|key| key.trim_end_matches('\\'));
            for key in keys.filter(|key| is_key(key) && !listed.contains(&format!("{{{key},"))) {
                unknown.push(format!("{}: {key}", file.display()));
            }
        }
    }
    assert_eq!(unknown, Vec::<String>::new());
}

/// Each entry of the bibliography ends with the bracket that closes it.
#[test]
fn every_entry_of_the_bibliography_is_closed() {
    for entry in text("REFERENCES.bib").split("\n@").skip(1) {
        let count = |bracket: char| entry.chars().filter(|c| *c == bracket).count();
        assert_eq!(count('{'), count('}'), "{entry}");
        assert!(entry.trim_end().ends_with("\n}"), "{entry}");
    }
}

/// True for letters, a year and letters: `weber2023score`.
fn is_key(text: &str) -> bool {
    let digits: String = text.chars().skip_while(char::is_ascii_lowercase).take_while(char::is_ascii_digit).collect();
    let plain = text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
    plain && digits.len() == 4 && text.starts_with(|c: char| c.is_ascii_lowercase())
}

fn rust_files(folder: &str) -> Vec<std::path::PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            match path.is_dir() {
                true => folders.push(path),
                false if path.extension().is_some_and(|ending| ending == "rs") => found.push(path),
                false => {}
            }
        }
    }
    found
}
