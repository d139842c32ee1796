//! Information of the operating system about the machine, and causes of slowness.

use crate::machine;
use sdflow::pairwise::Isa;
use serde::Serialize;
use std::fs::{self, File};
use std::path::Path;

/// The memory in MB below which a warning says that large runs do not fit. A run of 16,384 points
/// in 784 dimensions needs a quarter of this memory.
const SMALL_MB: f64 = 2000.0;

/// Whether the system provides memory in pages of 2 MB.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum LargePages {
    /// For all memory.
    Always,
    /// If a program requests them, as the engine does.
    Advised,
    /// Never.
    Never,
    /// The system does not report it.
    Unknown,
}

/// Memory of the machine in MB; None where unknown.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct SystemMemory {
    pub total_mb: Option<f64>,
    pub available_mb: Option<f64>,
}

/// Reads the setting of Linux for transparent large pages.
pub fn large_pages() -> LargePages {
    let text = fs::read_to_string("/sys/kernel/mm/transparent_hugepage/enabled").unwrap_or_default();
    match text.split(['[', ']']).nth(1) {
        Some("always") => LargePages::Always,
        Some("madvise") => LargePages::Advised,
        Some("never") => LargePages::Never,
        _ => LargePages::Unknown,
    }
}

/// Reads the memory of the machine, within the limit of the control group.
pub fn memory() -> SystemMemory {
    let text = fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let of = |name: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
        Some(line.split_whitespace().next()?.parse::<f64>().ok()? * 1024.0 / 1e6)
    };
    let limit = fs::read_to_string("/sys/fs/cgroup/memory.max").ok();
    let limit = limit.and_then(|text| Some(text.trim().parse::<f64>().ok()? / 1e6)).unwrap_or(f64::INFINITY);
    let within = |mb: Option<f64>| mb.map(|mb| mb.min(limit));
    SystemMemory { total_mb: within(of("MemTotal")), available_mb: within(of("MemAvailable")) }
}

/// Returns the number of cores that this process may use.
pub fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// Returns the causes of slowness, each with advice.
pub fn advice(asked: Isa, cores: usize, pages: LargePages) -> Vec<String> {
    let mut advice = Vec::new();
    advice.extend(machine::replacement_warning(asked));
    if asked != Isa::Auto && asked.resolved() != Isa::Auto.resolved() {
        let best = machine::isa_name(Isa::Auto.resolved());
        advice.push(format!("{} keeps the engine from using {best}: unset it for full speed", machine::SWITCH));
    }
    if cores == 1 {
        advice.push("this process may use only one core: give it more for faster runs".into());
    }
    if cfg!(target_arch = "x86_64")
        && let Some(why) = Isa::Avx2.missing()
    {
        advice.push(format!("no AVX2 ({why}): expect a tenth of the usual speed; use a newer processor"));
    }
    if pages == LargePages::Never {
        let file = "/sys/kernel/mm/transparent_hugepage/enabled";
        advice.push(format!("large pages are off: large runs take up to 1.2 times as long; write `madvise` to {file}"));
    }
    if memory().available_mb.is_some_and(|mb| mb < SMALL_MB) {
        advice.push(format!("less than {SMALL_MB:.0} MB of memory is available: use few points and dimensions"));
    }
    if cfg!(debug_assertions) {
        advice.push("this is a debug build: build with `cargo build --release` before you measure".into());
    }
    if let Err(reason) = writable() {
        advice.push(format!(
            "run folders cannot be created here ({reason}): change to another folder, or give `--out DIR`"
        ));
    }
    advice
}

/// Checks that the default folder of runs can be written, by creating and removing a file.
fn writable() -> Result<(), String> {
    let runs = Path::new("runs");
    let folder = if fs::symlink_metadata(runs).is_ok() { runs } else { Path::new(".") };
    let probe = folder.join(format!(".sdflow-doctor-{}", std::process::id()));
    File::create_new(&probe).and_then(|_| fs::remove_file(&probe)).map_err(|e| e.to_string())
}
