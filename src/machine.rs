//! The machine: processor, cores, instruction set.

use crate::diagnostics::usage;
use sdflow::pairwise::Isa;
use sdflow_dsl::Diagnostic;
use std::sync::LazyLock;

/// The environment variable that forces the instruction set of the pairwise engine.
pub const SWITCH: &str = "SDFLOW_ISA";

/// Returns the name of the processor, or its architecture if the name is unknown.
pub fn cpu() -> String {
    static NAME: LazyLock<String> = LazyLock::new(read_cpu_name);
    NAME.clone()
}

/// Returns the number of cores that this process may use.
pub fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// Returns the number of cores of the machine, of which this process may use some; the number that
/// it may use if the system does not tell.
pub fn cores_online() -> usize {
    let text = std::fs::read_to_string("/sys/devices/system/cpu/online").unwrap_or_default();
    count_listed(text.trim()).unwrap_or_else(cores)
}

/// Returns how many numbers a list such as "0-3,8" has.
fn count_listed(list: &str) -> Option<usize> {
    let count = |range: &str| {
        let (first, last) = range.split_once('-').unwrap_or((range, range));
        let (first, last): (usize, usize) = (first.parse().ok()?, last.parse().ok()?);
        (last + 1).checked_sub(first)
    };
    list.split(',').map(count).sum()
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

    #[test]
    fn lists_of_cores_are_counted() {
        assert_eq!(["0", "0-3", "0-3,8,10-11"].map(count_listed), [Some(1), Some(4), Some(7)]);
        assert_eq!(["", "x", "3-1"].map(count_listed), [None; 3]);
    }
}
