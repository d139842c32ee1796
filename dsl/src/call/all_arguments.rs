//! Checks of the arguments of every call.

use super::Call;
use crate::language::{Fail, OPTIONS};
use crate::value::columns_of;

impl Call<'_> {
    /// Checks that the argument in the place of the options is a map; `()` stands for no options.
    pub(super) fn check_options(&self) -> Result<(), Fail> {
        let takes_options = self.signature.args.last().is_some_and(|arg| arg.name == OPTIONS.name);
        let before = usize::from(self.signature.receiver.is_some()) + self.signature.args.len().saturating_sub(1);
        match self.args.last() {
            Some(last) if takes_options && self.len() > before && !last.is_map() && !last.is_unit() => {
                Err(self.wrong(self.len() - 1, "a map of options, #{..},"))
            }
            _ => Ok(()),
        }
    }

    /// Warns if two arguments name a coordinate alike but have it at different places: coordinates
    /// are taken by position.
    pub(super) fn warn_of_columns(&self) {
        let is_data = |i: &usize| self.signature.argument(*i) != Some("labels");
        let named: Vec<_> = (0..self.len()).filter(is_data).map(|i| columns_of(&self.args[i])).collect();
        let places = |of: &[String], name: &String| of.iter().position(|known| known == name);
        for [first, other] in named.array_windows() {
            let moved = |name: &&String| places(other, name).is_some_and(|j| places(first, name) != Some(j));
            if let Some(name) = first.iter().find(moved) {
                self.context.warn_once(&format!(
                    "`{}` takes coordinates by their position, but `{name}` has another position in other points: give the \
                     columns in one order",
                    self.signature.name
                ));
            }
        }
    }
}
