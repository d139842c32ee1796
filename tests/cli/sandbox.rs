//! A folder for each test, in which the command runs.

use assert_cmd::cargo::cargo_bin_cmd;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A temporary folder with files.
pub struct Sandbox(tempfile::TempDir);

/// The result of a command.
pub struct Done {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Sandbox {
    /// A sandbox without files.
    pub fn new() -> Sandbox {
        Sandbox(tempfile::tempdir().unwrap())
    }

    /// A sandbox with this script as `a.rhai`.
    pub fn with(script: &str) -> Sandbox {
        let sandbox = Sandbox::new();
        sandbox.write("a.rhai", script);
        sandbox
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
    }

    pub fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap_or_else(|e| panic!("{name}: {e}"))
    }

    /// Writes points as `.npy`.
    pub fn points(&self, name: &str, points: &sdflow::Points) {
        sdflow::io::save_npy(&self.path(name), points).unwrap();
    }

    /// The command with these arguments, not started yet.
    pub fn command(&self, words: &str) -> Command {
        let path = cargo_bin_cmd!("sdflow-engine").get_program().to_owned();
        let mut command = Command::new(path);
        command
            .args(words.split_whitespace())
            .current_dir(self.0.path())
            .env("NO_COLOR", "1")
            .env_remove("SDFLOW_P_N")
            .env_remove("SDFLOW_ISA");
        command
    }

    /// Runs the command with these arguments to its end.
    pub fn run(&self, words: &str) -> Done {
        Done::of(&mut self.command(words))
    }

    /// The only run folder.
    pub fn run_folder(&self) -> PathBuf {
        let mut folders = std::fs::read_dir(self.path("runs")).unwrap().map(|entry| entry.unwrap().path());
        let folder = folders.next().unwrap();
        assert_eq!(folders.next(), None);
        folder
    }

    /// `run.json` in the only run folder.
    pub fn record(&self) -> serde_json::Value {
        json(&std::fs::read_to_string(self.run_folder().join("run.json")).unwrap())
    }
}

impl Done {
    pub fn of(command: &mut Command) -> Done {
        let output = command.output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        Done { code: output.status.code().unwrap_or(-1), stdout: text(output.stdout), stderr: text(output.stderr) }
    }

    /// Standard error followed by the exit code, for snapshots.
    pub fn complaint(&self) -> String {
        assert!(!self.stderr.contains("panicked") && !self.stderr.contains("internal error"), "{}", self.stderr);
        format!("{}exit code {}", self.stderr, self.code)
    }

    /// Panics if the exit code is not `want`.
    pub fn code(self, want: i32) -> Done {
        assert_eq!(self.code, want, "\nstdout: {}\nstderr: {}", self.stdout, self.stderr);
        self
    }
}

/// Parses the whole of `text` as JSON.
pub fn json(text: &str) -> serde_json::Value {
    serde_json::from_str(text).unwrap_or_else(|e| panic!("{e}: {text}"))
}

/// Everything below `folder`, sorted, relative to it.
pub fn listing(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                found.push(path.strip_prefix(folder).unwrap().to_string_lossy().into_owned());
            }
        }
    }
    found.sort();
    found
}
