//! The machine: processor, cores, instruction set.

use crate::diagnostics::usage;
use sdflow::pairwise::Isa;
use sdflow_dsl::Diagnostic;
use std::sync::{LazyLock, OnceLock};

/// The environment variable that forces the instruction set of the pairwise engine.
pub const SWITCH: &str = "SDFLOW_ISA";

/// Returns the name of the processor, or its architecture if the name is unknown.
pub fn cpu() -> String {
    static NAME: LazyLock<String> = LazyLock::new(read_cpu_name);
    NAME.clone()
}

/// The number of ranks that may use the same cores.
static SHARERS: OnceLock<usize> = OnceLock::new();

/// Makes [`cores`] divide the cores by this number of ranks.
pub fn share_cores(ranks: usize) {
    let _ = SHARERS.set(ranks.max(1));
}

/// Returns the number of cores that this process may use: its share if other ranks may use the same
/// cores.
pub fn cores() -> usize {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    (cores / sharers()).max(1)
}

/// Returns the number of ranks that may use the cores of this process.
pub fn sharers() -> usize {
    SHARERS.get().copied().unwrap_or(1)
}

/// Returns the name of this machine.
#[cfg(feature = "mpi")]
pub fn host() -> String {
    std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default().trim().into()
}

/// Returns the list of the cores to which this process is bound, such as "0-3,8".
#[cfg(feature = "mpi")]
pub fn allowed_cores() -> String {
    let text = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let list = text.lines().find_map(|line| line.strip_prefix("Cpus_allowed_list:"));
    list.unwrap_or_default().trim().into()
}

fn read_cpu_name() -> String {
    let text = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let name = text.lines().find_map(|line| line.strip_prefix("model name")?.split_once(':'));
    name.map_or_else(|| std::env::consts::ARCH.into(), |(_, name)| name.trim().to_string())
}

/// Returns the instruction set that the environment asks for; `auto` if it asks for none.
///
/// # Errors
/// The environment names an instruction set that does not exist.
pub fn requested_isa() -> Result<Isa, Diagnostic> {
    let Some(word) = std::env::var_os(SWITCH).filter(|word| !word.is_empty()) else { return Ok(Isa::Auto) };
    let all = [Isa::Auto].into_iter().chain(Isa::ALL);
    all.clone().find(|isa| word == isa.name()).ok_or_else(|| {
        let names: Vec<&str> = all.map(Isa::name).collect();
        let message = format!("{SWITCH} is `{}`, but it must be one of {}", word.to_string_lossy(), names.join(", "));
        usage(message, format!("unset {SWITCH}, or set for example `{SWITCH}=avx2`"))
    })
}

/// Returns the name of the instruction set that the pairwise sums use.
pub fn isa() -> &'static str {
    isa_name(requested_isa().unwrap_or_default().resolved())
}

/// Returns the name of an instruction set that is in use.
pub fn isa_name(isa: Isa) -> &'static str {
    match isa {
        Isa::Auto if cfg!(target_arch = "aarch64") => "neon",
        Isa::Auto => "portable",
        isa => isa.name(),
    }
}

/// Returns the name of the instruction set of nets and matrices: the widest vector instructions of
/// this machine, without its matrix units. The environment does not change it, because the library
/// of matrix products chooses it.
pub fn net_isa() -> &'static str {
    match Isa::Auto.resolved() {
        Isa::Amx => isa_name(Isa::Avx512),
        widest => isa_name(widest),
    }
}

/// Returns the warning that `asked` is replaced by another set; None if it is available.
pub fn replacement_warning(asked: Isa) -> Option<String> {
    let why = asked.missing()?;
    Some(format!("this machine cannot run {}: {why}; {} is used instead", asked.name(), isa_name(asked.resolved())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_is_replaced_by_what_runs() {
        for isa in Isa::ALL {
            let said = replacement_warning(isa);
            assert_eq!(said.is_some(), !Isa::available().contains(&isa), "{said:?}");
            assert!(said.is_none_or(|text| text.contains(isa.name()) && text.ends_with("is used instead")));
        }
        assert_eq!(replacement_warning(Isa::Auto), None);
    }
}
