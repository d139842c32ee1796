//! A sweep continues from its finished cells after any kind of interruption.
#![cfg(unix)]

use crate::sandbox::{Done, Sandbox, json};
use crate::sweep::{SMALL, swept, timeless};
use std::collections::BTreeMap;
use std::process::Stdio;
use std::time::{Duration, Instant};

const WORDS: &str = "sweep a.rhai --out out --quiet -p n=int:20:27 -p seed=int:1:4";

/// The records of finished cells, byte by byte. A cell that was computed again would contain
/// another time.
fn finished(sandbox: &Sandbox) -> BTreeMap<String, String> {
    let cells = std::fs::read_dir(sandbox.path("out/cells")).into_iter().flatten().flatten();
    let read = |folder: std::path::PathBuf| std::fs::read_to_string(folder.join("run.json")).ok();
    let named = cells.map(|entry| (entry.file_name().to_string_lossy().into_owned(), entry.path()));
    let records = named.filter_map(|(name, path)| Some((name, read(path)?)));
    records.filter(|(_, text)| text.contains("\"status\": \"done\"")).collect()
}

#[test]
fn kills_at_any_moment_lose_no_finished_cell() {
    let (whole, done) = swept(SMALL, "-p n=int:20:27 -p seed=int:1:4");
    done.code(0);
    let alone = {
        let fresh = Sandbox::with(SMALL);
        let begun = Instant::now();
        fresh.run(WORDS).code(0);
        begun.elapsed()
    };
    let sandbox = Sandbox::with(SMALL);
    let mut before = BTreeMap::new();
    for kill in 1..=6u32 {
        let mut child = sandbox.command(WORDS).stderr(Stdio::null()).spawn().unwrap();
        // The moments of the kills reach from before the first cell to near the end.
        std::thread::sleep(alone * (kill * 5 % 7) / 9);
        child.kill().unwrap();
        child.wait().unwrap();
        let after = finished(&sandbox);
        assert!(before.iter().all(|(name, text)| after.get(name) == Some(text)), "kill {kill} lost a finished cell");
        before = after;
    }
    sandbox.run(WORDS).code(0);
    let after = finished(&sandbox);
    assert!(after.len() == 32 && before.iter().all(|(name, text)| after.get(name) == Some(text)));
    assert_eq!(timeless(&sandbox), timeless(&whole));
}

#[test]
fn ctrl_c_keeps_what_exists() {
    let endless =
        SMALL.replace("steps: 10,", "steps: if n > 100 { 1000000000 } else { 10 },").replace("every: 5", "every: 500");
    let sandbox = Sandbox::with(&endless);
    let words = "sweep a.rhai --out out -p n=20,21,200,201,202 --jobs 1";
    let child = sandbox.command(words).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let begun = Instant::now();
    while !(finished(&sandbox).len() == 2 && std::fs::read_dir(sandbox.path("out/cells")).unwrap().count() == 3) {
        assert!(begun.elapsed() < Duration::from_secs(60), "the endless cell was not begun within a minute");
        std::thread::sleep(Duration::from_millis(20));
    }
    std::thread::sleep(Duration::from_millis(300));
    let sent = std::process::Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(sent.success());
    let asked = Instant::now();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(asked.elapsed() < Duration::from_secs(10));
    let status: Vec<String> = timeless(&sandbox).iter().map(|row| row["status"].clone()).collect();
    assert_eq!(status, ["done", "done", "stopped", "pending", "pending"]);
    let folder = &timeless(&sandbox)[2]["folder"];
    assert_eq!(json(&sandbox.read(&format!("out/{folder}/run.json")))["status"], "stopped");
    Done::of(&mut sandbox.command("sweep a.rhai --out out -p n=20,21")).code(0);
}
