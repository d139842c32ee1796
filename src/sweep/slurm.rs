//! The sweep as a Slurm array job: one shard per task.

use crate::quote::for_shell;
use std::ffi::OsString;

/// The largest number of tasks if the user gives none.
const TASKS: usize = 100;

/// Returns the job script for the command line `words` and a sweep of `cells` cells. `tasks` is the
/// number of tasks, or 0 if the user gave none. Each task computes its shard; the last line says
/// how to write the table.
pub fn script(words: &[OsString], name: &str, cells: usize, tasks: u16, threads: Option<u16>) -> String {
    let tasks = if tasks == 0 { cells.min(TASKS) } else { usize::from(tasks).min(cells) }.max(1);
    let own = |word: &&OsString| {
        let word = word.to_string_lossy();
        word != "--slurm" && !word.starts_with("--slurm=")
    };
    let command: Vec<String> = words.iter().filter(own).map(|word| for_shell(&word.to_string_lossy())).collect();
    let command = command.join(" ");
    let plain: String = name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
    format!(
        "#!/bin/bash\n\
         #SBATCH --job-name=sweep-{plain}\n\
         #SBATCH --array=1-{tasks}\n\
         #SBATCH --cpus-per-task={}\n\
         #SBATCH --output=sweep-{plain}-%A-%a.log\n\
         # {cells} cells in {tasks} tasks: submit this from the folder where it was printed; submit it again to compute what is missing.\n\
         {command} --quiet --shard \"$SLURM_ARRAY_TASK_ID/{tasks}\"\n\
         # When all tasks have ended, write the table: {command}",
        threads.unwrap_or(1)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_task_per_cell_up_to_a_hundred() {
        let words = ["sdflow-engine", "sweep", "a b.rhai", "--slurm"].map(OsString::from);
        let of = |cells, tasks| script(&words, "a b", cells, tasks, None);
        assert!(of(7, 0).contains("--array=1-7\n") && of(1000, 0).contains("--array=1-100\n"));
        assert!(of(1000, 8).contains("--array=1-8\n") && of(3, 8).contains("--array=1-3\n"));
        let command = "sdflow-engine sweep 'a b.rhai'";
        let text = of(7, 0);
        assert!(text.contains(&format!("\n{command} --quiet --shard \"$SLURM_ARRAY_TASK_ID/7\"\n")), "{text}");
        assert!(text.ends_with(&format!(": {command}")) && text.contains("--job-name=sweep-a-b\n"), "{text}");
    }
}
