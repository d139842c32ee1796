//! The cells of a sweep: every combination of the values of the axes, each with the identity of its
//! run.

use super::axis::{self, Axis, MOST};
use crate::args::Zip;
use crate::diagnostics::usage;
pub use sdflow_dsl::cells::SEED;
use sdflow_dsl::{Diagnostic, Prepared, Request};

/// The plan of a sweep: its axes and cells.
#[derive(Debug)]
pub struct SweepPlan {
    /// Groups of axes that vary independently; the first varies slowest.
    pub groups: Vec<Group>,
    /// The cells in order.
    pub cells: Vec<Cell>,
}

/// Axes that vary together; most groups have one axis.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group(pub Vec<Axis>);

/// One run of the sweep.
#[derive(Debug)]
pub struct Cell {
    /// The number of the cell, from 1, in the order of the plan.
    pub number: usize,
    /// The axes with the values of this cell.
    pub values: Vec<(String, String)>,
    pub prepared: Prepared,
}

impl Group {
    /// Returns the number of values of each axis.
    pub fn len(&self) -> usize {
        self.0.first().map_or(0, |axis| axis.values.len())
    }

    /// True if the group contains this axis.
    pub fn has(&self, name: &str) -> bool {
        self.0.iter().any(|axis| axis.name == name)
    }
}

impl Cell {
    /// Returns the values of the cell as text: "dim=2, sigma=0.1".
    pub fn name(&self) -> String {
        assignments(&self.values)
    }

    /// Returns the values of the axes without the seed.
    pub fn place(&self) -> Vec<(String, String)> {
        self.values.iter().filter(|(name, _)| name != SEED).cloned().collect()
    }
}

/// Returns values as text: "dim=2, sigma=0.1".
pub fn assignments(values: &[(String, String)]) -> String {
    values.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join(", ")
}

impl SweepPlan {
    /// Plans the sweep for the values of `-p` and `--zip`; `request` contains everything else.
    ///
    /// # Errors
    /// The script does not compile; an axis or zip is malformed; a name is not declared; a value
    /// has the wrong type; two cells are equal; there are more than [`MOST`] cells.
    pub fn of(request: Request, params: &[(String, String)], zips: &[Zip]) -> Result<SweepPlan, Diagnostic> {
        let groups = group_axes(axes(params)?, zips)?;
        let count = groups.iter().try_fold(1usize, |n, group| n.checked_mul(group.len())).filter(|n| *n <= MOST);
        let Some(count) = count else {
            let message = format!("the sweep has more than {MOST} cells, which is the limit");
            return Err(usage(message, "give fewer values, or vary axes together with `--zip`"));
        };
        let first = sdflow_dsl::prepare(&Request { params: values(&groups, 0), ..request })?;
        let cell = |index: usize| {
            let values = values(&groups, index);
            let prepared = first.with_params(values.clone())?;
            Ok(Cell { number: index + 1, values, prepared })
        };
        let cells = (0..count).map(cell).collect::<Result<Vec<_>, Diagnostic>>()?;
        check_distinct(&cells)?;
        Ok(SweepPlan { groups, cells })
    }

    /// Returns the hash of the identities of all cells.
    pub fn identity(&self) -> String {
        sdflow_dsl::hash_all(self.cells.iter().map(|cell| cell.prepared.identity()))
    }

    /// Returns all axes in order.
    pub fn axes(&self) -> impl Iterator<Item = &Axis> {
        self.groups.iter().flat_map(|group| &group.0)
    }
}

fn axes(params: &[(String, String)]) -> Result<Vec<Axis>, Diagnostic> {
    let mut axes: Vec<Axis> = Vec::new();
    for (name, text) in params {
        if axes.iter().any(|axis| axis.name == *name) {
            let all: Vec<&str> = params.iter().filter(|(n, _)| n == name).map(|(_, text)| text.as_str()).collect();
            return Err(usage(
                format!("axis `{name}` is given twice, as {}", all.join(" and as ")),
                format!("write -p {name}={}", all.join(",")),
            ));
        }
        axes.push(axis::axis(name, text)?);
    }
    Ok(axes)
}

/// Groups the axes: the axes of each zip form one group, in the place of the first of these axes.
fn group_axes(axes: Vec<Axis>, zips: &[Zip]) -> Result<Vec<Group>, Diagnostic> {
    let names: Vec<String> = axes.iter().map(|axis| axis.name.clone()).collect();
    let mut zipped: Vec<&String> = Vec::new();
    for name in zips.iter().flat_map(|zip| &zip.0) {
        if !names.contains(name) {
            let near = sdflow::nearest(name, names.iter().map(String::as_str));
            let hint =
                near.map_or_else(|| format!("give it with -p {name}=.."), |near| format!("did you mean `{near}`?"));
            return Err(usage(format!("`--zip` names `{name}`, which is not an axis"), hint));
        }
        if zipped.contains(&name) {
            return Err(usage(
                format!("`--zip` names `{name}` twice"),
                "name all axes that vary together once: --zip a,b,c",
            ));
        }
        zipped.push(name);
    }
    let mut groups: Vec<Group> = Vec::new();
    for axis in axes {
        let zip = zips.iter().find(|zip| zip.0.contains(&axis.name));
        match groups.iter_mut().find(|group| zip.is_some_and(|zip| zip.0.iter().any(|name| group.has(name)))) {
            Some(group) => group.0.push(axis),
            None => groups.push(Group(vec![axis])),
        }
    }
    match groups.iter().find(|group| group.0.iter().any(|axis| axis.values.len() != group.len())) {
        None => Ok(groups),
        Some(group) => {
            let lengths = group.0.iter().map(|axis| format!("`{}` has {}", axis.name, axis.values.len()));
            let message = format!("zipped axes differ in length: {} values", lengths.collect::<Vec<_>>().join(", "));
            Err(usage(message, "give each the same number of values, or omit `--zip` for all combinations"))
        }
    }
}

/// Returns the values of the `index`-th cell; the last group varies fastest.
fn values(groups: &[Group], index: usize) -> Vec<(String, String)> {
    let mut rest = index;
    let mut values: Vec<Vec<(String, String)>> = Vec::new();
    for group in groups.iter().rev() {
        let at = rest % group.len();
        rest /= group.len();
        values.push(group.0.iter().map(|axis| (axis.name.clone(), axis.values[at].clone())).collect());
    }
    values.into_iter().rev().flatten().collect()
}

/// Checks that no two cells are the same run.
fn check_distinct(cells: &[Cell]) -> Result<(), Diagnostic> {
    let mut seen = std::collections::HashMap::new();
    for cell in cells {
        if let Some(before) = seen.insert(cell.prepared.identity(), cell.number) {
            let message = format!("cells {before} and {} are the same: {}", cell.number, cell.name());
            return Err(usage(message, "give each value of an axis once"));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(params: &[(&str, &str)], zips: &[&[&str]]) -> Result<Vec<String>, String> {
        let params: Vec<_> = params.iter().map(|(n, v)| (n.to_string(), v.to_string())).collect();
        let zips: Vec<_> = zips.iter().map(|zip| Zip(zip.iter().map(|n| n.to_string()).collect())).collect();
        let groups = axes(&params).and_then(|axes| group_axes(axes, &zips)).map_err(|e| e.message)?;
        let count = groups.iter().map(Group::len).product();
        Ok((0..count).map(|i| assignments(&values(&groups, i))).collect())
    }

    #[test]
    fn all_combinations_the_last_axis_fastest() {
        let cells = plan(&[("a", "1,2"), ("b", "x,y")], &[]).unwrap();
        assert_eq!(cells, ["a=1, b=x", "a=1, b=y", "a=2, b=x", "a=2, b=y"]);
        assert_eq!(plan(&[], &[]).unwrap(), [""]);
    }

    #[test]
    fn zipped_axes_advance_together() {
        let cells = plan(&[("a", "1,2"), ("b", "x,y"), ("c", "3,4")], &[&["a", "c"]]).unwrap();
        assert_eq!(cells, ["a=1, c=3, b=x", "a=1, c=3, b=y", "a=2, c=4, b=x", "a=2, c=4, b=y"]);
        let wrong = |params: &[(&str, &str)], zips: &[&[&str]]| plan(params, zips).unwrap_err();
        assert!(wrong(&[("a", "1,2"), ("b", "1,2,3")], &[&["a", "b"]]).contains("`a` has 2, `b` has 3 values"));
        assert!(wrong(&[("a", "1")], &[&["a", "b"]]).contains("`b`, which is not an axis"));
        assert!(wrong(&[("a", "1"), ("b", "1")], &[&["a", "b"], &["a", "b"]]).contains("`a` twice"));
        assert!(wrong(&[("a", "1"), ("a", "2")], &[]).contains("given twice, as 1 and as 2"));
    }
}
