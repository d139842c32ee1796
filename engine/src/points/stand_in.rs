//! A few points in place of many: what a dry run holds.

use super::Points;

impl Points {
    /// The number of points that these stand for: their own number, unless [`Points::standing_for`] said otherwise.
    pub fn count(&self) -> usize {
        self.stands_for.unwrap_or(self.n())
    }

    /// The same points in place of `count`. A copy of them stands for as many; a part of them stands for itself.
    pub fn standing_for(mut self, count: usize) -> Points {
        self.stands_for = (count != self.n()).then_some(count);
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn copies_stand_for_as_many_and_parts_for_themselves() {
        let points = Points::zeros(4, 2).standing_for(1000);
        let mut copy = Points::default();
        copy.copy_from(&points);
        assert_eq!((points.n(), points.count(), copy.count()), (4, 1000, 1000));
        assert_eq!((points.rows(1..3).count(), points.select(&[0]).count()), (2, 1));
        copy.reshape(7, 2);
        assert_eq!((copy.count(), Points::zeros(4, 2).standing_for(4)), (7, Points::zeros(4, 2)));
    }
}
