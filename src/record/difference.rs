//! The difference between two runs.

use super::Record;

impl Record {
    /// Returns a description of a difference between this run and the run `there`, which has
    /// another identity.
    pub fn difference(&self, there: &Record) -> String {
        let differs = |what: &str, there: &dyn ToString, here: &dyn ToString| {
            let (there, here) = (there.to_string(), here.to_string());
            (there != here).then(|| format!("there {what} is {there}, here it is {here}"))
        };
        let names = self.params.keys().chain(there.params.keys());
        let param = |name: &String| {
            let value =
                |record: &Record| record.params.get(name).map_or("absent".into(), |param| param.value.to_string());
            differs(&format!("`{name}`"), &value(there), &value(self))
        };
        let usual = [
            differs("the script", &there.script.display(), &self.script.display()),
            differs("the seed", &there.seed, &self.seed),
            differs("`--quick`", &there.quick, &self.quick),
            differs("the version of the engine", &there.engine.version, &self.engine.version),
        ];
        let found = usual.into_iter().flatten().next().or_else(|| {
            // A run that is being computed does not know all its parameters yet.
            names.filter(|name| self.params.contains_key(*name)).find_map(param)
        });
        found.unwrap_or_else(|| "its script, or a file that it reads, has changed".into())
    }
}
