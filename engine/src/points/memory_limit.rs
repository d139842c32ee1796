//! The largest number of values of a set of points.

use crate::{Error, Result};
use std::path::Path;
use std::sync::LazyLock;

/// The largest number of values of a set of points on any machine.
const MOST: usize = 1 << 30;

/// Bytes of memory that this process may use: those of the machine, or fewer if its control group
/// has a limit. None if the system does not report them.
static MEMORY: LazyLock<Option<u64>> = LazyLock::new(|| machine().into_iter().chain(control_groups()).min());

fn machine() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/meminfo").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    Some(1024 * line.split_whitespace().next()?.parse::<u64>().ok()?)
}

/// Returns the limits of the control group of this process and of the groups that contain it, in
/// both versions of the file format.
fn control_groups() -> Vec<u64> {
    let text = std::fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
    let groups = text.lines().filter_map(|line| {
        let mut parts = line.splitn(3, ':').skip(1);
        let (controllers, path) = (parts.next()?, parts.next()?);
        match controllers {
            "" => Some(("/sys/fs/cgroup", "memory.max", path)),
            _ if controllers.split(',').any(|name| name == "memory") => {
                Some(("/sys/fs/cgroup/memory", "memory.limit_in_bytes", path))
            }
            _ => None,
        }
    });
    // The word `max`, or a number beyond all memory, means no limit.
    let limits = groups.flat_map(|(root, file, path)| {
        Path::new(path).ancestors().map(move |group| {
            let folder = Path::new(root).join(group.strip_prefix("/").unwrap_or(group));
            std::fs::read_to_string(folder.join(file)).ok()?.trim().parse().ok()
        })
    });
    limits.flatten().collect()
}

/// Returns why `n` points in `dim` dimensions do not fit into memory: "2^30 values are .., the
/// limit". None if they fit. A set uses at most half of the memory, because computations on it need
/// as much again.
pub fn no_room(n: usize, dim: usize) -> Option<String> {
    beyond(n, dim, *MEMORY)
}

fn beyond(n: usize, dim: usize, memory: Option<u64>) -> Option<String> {
    let half = memory.map_or(usize::MAX, |bytes| usize::try_from(bytes / 16).unwrap_or(usize::MAX));
    let limit = MOST.min(half);
    if n.checked_mul(dim).is_some_and(|values| values <= limit) {
        return None;
    }
    let whose = if half < MOST { "half of this machine's memory" } else { "the limit" };
    Some(format!("{n} x {dim} values are more than {limit}, {whose}"))
}

/// The number of `dim` x `dim` matrices that a computation with a covariance holds at once.
const MATRICES: usize = 4;

/// # Errors
/// Checks that covariances of so many coordinates fit into memory.
pub fn check_matrix(dim: usize) -> Result<()> {
    let Some(why) = no_room(MATRICES.saturating_mul(dim), dim) else { return Ok(()) };
    let reason = format!("{MATRICES} matrices are held at once, and {why}");
    Err(Error::Numeric { what: format!("the covariance of {dim} columns"), reason })
}

/// True if this process uses nearly all of the machine's memory; false if the system does not
/// report it. Costs some microseconds.
pub fn is_memory_short() -> bool {
    let resident = || {
        let text = std::fs::read_to_string("/proc/self/status").ok()?;
        let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
        line.split_whitespace().next()?.parse::<u64>().ok()
    };
    MEMORY.zip(resident()).is_some_and(|(memory, kilobytes)| kilobytes > memory / 1024 / 10 * 9)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_smaller_limit_counts_and_is_named() {
        assert_eq!(beyond(1 << 20, 1 << 10, None), None);
        assert!(beyond((1 << 20) + 1, 1 << 10, None).is_some_and(|why| why.ends_with("1073741824, the limit")));
        let small = Some(16 << 20);
        assert_eq!(beyond(1 << 10, 1 << 10, small), None);
        assert!(
            beyond((1 << 10) + 1, 1 << 10, small)
                .is_some_and(|why| why == "1025 x 1024 values are more than 1048576, half of this machine's memory")
        );
        assert!(beyond(usize::MAX, usize::MAX, None).is_some());
        assert!(!is_memory_short());
    }
}
