//! Points in a checkpoint.

use super::Points;
use crate::Result;
use crate::archive::{Archive, Archived, damaged};

impl Archived for Points {
    fn archive(&mut self, archive: &mut Archive) -> Result<()> {
        let mut dim = self.dim();
        dim.archive(archive)?;
        let values = archive.length(self.data().len(), size_of::<f64>())?;
        if dim.checked_mul(values / dim.max(1)) != Some(values) {
            return Err(damaged(format!("it holds {values} values in {dim} columns"), "whole rows are expected"));
        }
        self.reshape(values / dim.max(1), dim);
        self.data_mut().iter_mut().try_for_each(|value| value.archive(archive))
    }
}
