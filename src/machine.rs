//! What this program runs on.

use sdflow::pairwise::Isa;

/// The processor's name, or its architecture where the system does not tell.
pub fn cpu() -> String {
    let text = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let name = text.lines().find_map(|line| line.strip_prefix("model name")?.split_once(':'));
    name.map_or_else(|| std::env::consts::ARCH.into(), |(_, name)| name.trim().to_string())
}

/// The instruction set in use, by name.
pub fn isa() -> String {
    match Isa::Auto.resolved() {
        Isa::Auto if cfg!(target_arch = "aarch64") => "neon".into(),
        Isa::Auto => "portable".into(),
        isa => format!("{isa:?}").to_lowercase(),
    }
}
