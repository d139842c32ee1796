//! Clipping of a chart to its frame.

use super::super::scale::Scale;
use super::super::spot::Spot;
use super::layout::Area;

/// The rectangle between both axes, which frames the data.
pub(super) struct Frame {
    /// The horizontal and the vertical scale.
    pub scales: [Scale; 2],
    /// The rectangle in pixels.
    pub inner: Area,
}

impl Frame {
    /// Returns the position of a spot: on both axes, 0 to 1 is inside the frame.
    fn fractions(&self, spot: Spot) -> [f64; 2] {
        [self.scales[0].fraction(spot[0]), self.scales[1].fraction(spot[1])]
    }

    fn spot(&self, fractions: [f64; 2]) -> Spot {
        [self.scales[0].value(fractions[0]), self.scales[1].value(fractions[1])]
    }

    /// Returns the value at an end of an axis: the lower end for the fraction 0, the upper end for
    /// 1.
    pub fn end(&self, axis: usize, fraction: f64) -> f64 {
        self.scales[axis].value(fraction)
    }

    /// True if the spot is inside the frame.
    pub fn holds(&self, spot: Spot) -> bool {
        self.fractions(spot).iter().all(|f| (-1e-9..=1.0 + 1e-9).contains(f))
    }

    /// Returns the nearest position inside the frame.
    pub fn nearest(&self, spot: Spot) -> (f64, f64) {
        let inside = self.spot(self.fractions(spot).map(|f| f.clamp(0.0, 1.0)));
        (inside[0], inside[1])
    }

    /// Returns the free ends of both barbs of an arrow. The barbs are a third as long as the arrow,
    /// but at most 5 pixels.
    pub fn barbs(&self, from: Spot, to: Spot) -> [Spot; 2] {
        let (a, b) = (self.fractions(from), self.fractions(to));
        let size = [self.inner.width, self.inner.height];
        let back = [(a[0] - b[0]) * size[0], (a[1] - b[1]) * size[1]];
        let length = back[0].hypot(back[1]);
        let share = (5.0f64).min(length / 3.0) / length.max(1e-9);
        [0.45f64, -0.45].map(|angle| {
            let (sin, cos) = angle.sin_cos();
            let (x, y) = (back[0] * cos - back[1] * sin, back[0] * sin + back[1] * cos);
            self.spot([b[0] + share * x / size[0], b[1] + share * y / size[1]])
        })
    }

    /// Returns the pieces of a line that are inside the frame.
    pub fn clip(&self, spots: &[Spot]) -> Vec<Vec<Spot>> {
        if spots.iter().all(|s| self.holds(*s)) {
            return vec![spots.to_vec()];
        }
        let mut pieces: Vec<Vec<Spot>> = Vec::new();
        let mut joined = false;
        for pair in spots.windows(2) {
            let (a, b) = (self.fractions(pair[0]), self.fractions(pair[1]));
            let Some((from, to)) = inside(a, b) else {
                joined = false;
                continue;
            };
            let at = |t: f64| self.spot([a[0] + t * (b[0] - a[0]), a[1] + t * (b[1] - a[1])]);
            match pieces.last_mut().filter(|_| joined) {
                Some(piece) => piece.push(at(to)),
                None => pieces.push(vec![at(from), at(to)]),
            }
            joined = to == 1.0;
        }
        pieces
    }
}

/// Returns the part of the segment from `a` to `b` that is inside the unit square, as fractions of
/// the segment (Liang-Barsky algorithm).
fn inside(a: [f64; 2], b: [f64; 2]) -> Option<(f64, f64)> {
    let (mut from, mut to) = (0.0f64, 1.0f64);
    for i in 0..2 {
        let step = b[i] - a[i];
        if step == 0.0 {
            if !(0.0..=1.0).contains(&a[i]) {
                return None;
            }
            continue;
        }
        let (enter, leave) = (-a[i] / step, (1.0 - a[i]) / step);
        from = from.max(enter.min(leave));
        to = to.min(enter.max(leave));
    }
    (from < to).then_some((from, to))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plot::Axis;
    use crate::plot::extent::Extent;

    #[test]
    fn a_line_is_cut_at_the_frame() {
        let scale = Scale::new(&Axis { range: Some((0.0, 10.0)), ..Axis::default() }, Extent::NONE, 5.0);
        let inner = Area { left: 0.0, top: 0.0, width: 1.0, height: 1.0 };
        let frame = Frame { scales: [scale.clone(), scale], inner };
        let pieces = frame.clip(&[[-5.0, 5.0], [5.0, 5.0], [5.0, 15.0], [8.0, 15.0], [8.0, 2.0]]);
        let rounded: Vec<Vec<Spot>> = pieces.iter().map(|p| p.iter().map(|s| s.map(f64::round)).collect()).collect();
        assert_eq!(rounded, [vec![[0.0, 5.0], [5.0, 5.0], [5.0, 10.0]], vec![[8.0, 10.0], [8.0, 2.0]]]);
        assert!(frame.clip(&[[-5.0, 0.0], [0.0, 15.0]]).is_empty());
        assert_eq!(frame.nearest([-3.0, 12.0]), (0.0, 10.0));
    }
}
