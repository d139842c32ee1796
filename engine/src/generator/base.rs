//! The base of a generator: the one that is chosen if none is given, and how its tails compare with
//! those of the target.

use super::Generator;
use super::mlp::FEW;
use crate::flow::{Aim, Clock, VelocityField};
use crate::number::{counted, significant};
use crate::points::median;
use crate::rng::Stream;
use crate::score::without_stray;
use crate::target::{Gaussian, Labelled, StudentT, Target};
use crate::{Error, Points, Result, Subject};
use std::sync::Arc;

/// A value is out of range if its distance from the median of its column is above this multiple of
/// the median distance: three standard deviations of a normal distribution.
const RANGE: f64 = 3.0 * 1.4826;

/// The share of values out of range of a normal distribution.
const NORMAL: f64 = 0.0027;

/// The share of values out of range of Student's t exceeds [`NORMAL`] by about this number over the
/// degrees of freedom: by 0.119 over 3, and by 0.083 over 10.
const STUDENT: f64 = 0.11;

/// The tails of the target are heavier than those of the base if its share of values out of range
/// is larger by this much.
const HEAVIER: f64 = 0.01;

/// A column has heavy tails only if its kurtosis is above this number; that of a normal
/// distribution is 3. Two separate modes of similar weight have a smaller one, although many values
/// are out of range.
const PEAKED: f64 = 5.0;

/// The tails of a column fall off: more values lie out of range by up to this factor than between
/// this factor and its square. A small separate mode has most of its values further out.
const SHELL: f64 = 1.5;

/// The share of values out of range of the base with the heaviest tails that is chosen.
const HEAVIEST: f64 = NORMAL + STUDENT / LEAST_DOF;

/// The range of the degrees of freedom that are chosen.
const LEAST_DOF: f64 = 3.0;
const MOST_DOF: f64 = 10.0;

/// Points of the target, at most, and of the base that are compared.
const ROWS: usize = 4096;

/// Returns the base that suits a generator and the target of a field, and a sentence about the
/// choice. It is standard normal. If the target has heavier tails, the base of an affine generator,
/// and that of a net with more than four outputs, is Student's t. Its 3 to 10 degrees of freedom
/// follow from the share `s` of the target's values that are further than three robust standard
/// deviations from the median of their column: `0.11 / (s - 0.0027)`. The tails are heavier if this
/// share exceeds that of a normal distribution by 0.01. For a field with labels, the base is
/// standard normal with these labels. The cost is that of sorting 4,096 points by each coordinate.
///
/// # Errors
/// The generator has too few inputs for the labels.
pub fn usual_base(generator: &dyn Generator, field: &dyn VelocityField) -> Result<(Arc<dyn Target>, String)> {
    let stream = Stream::new(0).label("tails");
    let labels = aim(generator, field, stream).labels();
    let (inputs, columns) = (generator.input_dim(), labels.unwrap_or(0));
    if inputs <= columns {
        let want = format!("one column for each of {}, and at least one more", counted(columns, "label"));
        return Err(Error::shape(Subject::argument("generator"), counted(inputs, "input"), want));
    }
    let normal = Gaussian::isotropic(vec![0.0; inputs - columns], 1.0)?;
    let (base, why): (Arc<dyn Target>, _) = match (labels, heavier_tails(generator, field, &normal, stream)) {
        (Some(labels), _) => (Arc::new(Labelled::new(Arc::new(normal), labels)?), String::new()),
        (None, None) => (Arc::new(normal), String::new()),
        (None, Some(tails)) => {
            (Arc::new(StudentT::new(normal, tails.dof)?), format!(", because {}", tails.of_target()))
        }
    };
    let note = format!("base: {}{why}", base.name());
    Ok((base, note))
}

/// The tails of a target that are heavier than those of the base.
pub(super) struct HeavierTails {
    /// The shares of values out of range.
    target: f64,
    base: f64,
    /// The degrees of freedom of Student's t with about such tails.
    dof: f64,
}

impl HeavierTails {
    fn of_target(&self) -> String {
        format!(
            "{} % of the target's values are further than three robust standard deviations from the median of their \
             column",
            percent(self.target)
        )
    }

    /// Returns a sentence with advice.
    pub fn advice(&self) -> String {
        format!(
            "tails: {}, of the base's {} %; a base with such tails fits better, for example Student's t distribution \
             with {} degrees of freedom",
            self.of_target(),
            percent(self.base),
            self.dof
        )
    }
}

fn percent(share: f64) -> String {
    significant(100.0 * share, 2)
}

/// Returns the target of a field.
fn aim<'a>(generator: &dyn Generator, field: &'a dyn VelocityField, stream: Stream) -> Aim<'a> {
    field.scales(&Points::zeros(1, generator.dim()), &Clock::at(0, 1, stream)).aim
}

/// Compares the tails of the target of a field with those of a base. Returns None if those of the
/// target are not heavier, or if the target or the base has no sample. For a net with at most four
/// outputs the tails of the base matter little, and the result is None too.
pub(super) fn heavier_tails(
    generator: &dyn Generator,
    field: &dyn VelocityField,
    base: &dyn Target,
    stream: Stream,
) -> Option<HeavierTails> {
    if generator.layers().len() > 1 && generator.dim() <= FEW {
        return None;
    }
    let target = aim(generator, field, stream).some_points(ROWS, stream.label("target"))?;
    // A finite sample draws each of its points once.
    let rows = base.finite_sample().map_or(ROWS, |sample| ROWS.min(sample.n()));
    let base = base.sample(rows, stream.label("base")).ok()?;
    compare(&without_stray(&target), &base)
}

fn compare(target: &Points, base: &Points) -> Option<HeavierTails> {
    let (of_target, of_base) = (OutOfRange::of(target), OutOfRange::of(base));
    // No base with heavier tails than the heaviest is advised.
    (of_target.share.min(HEAVIEST) > of_base.share + HEAVIER).then(|| HeavierTails {
        target: of_target.share,
        base: of_base.share,
        dof: (STUDENT / (of_target.share_of_heavy - NORMAL)).round().clamp(LEAST_DOF, MOST_DOF),
    })
}

/// The values out of range in columns with heavy tails.
struct OutOfRange {
    /// Their share of the values of all columns.
    share: f64,
    /// Their share of the values of the columns with heavy tails; NaN if there is none.
    share_of_heavy: f64,
}

impl OutOfRange {
    /// A column with more than half of its values at its median has none out of range.
    fn of(points: &Points) -> OutOfRange {
        let share = |j: usize| {
            let column: Vec<f64> = points.iter().map(|row| row[j]).collect();
            let middle = median(column.clone());
            let distances: Vec<f64> = column.iter().map(|x| (x - middle).abs()).collect();
            let range = RANGE * median(distances.clone());
            let beyond = |factor: f64| distances.iter().filter(|distance| **distance > factor * range).count();
            let (out, further, furthest) = (beyond(1.0), beyond(SHELL), beyond(SHELL * SHELL));
            let falls_off = out - further > further - furthest;
            (range > 0.0 && kurtosis(&column) > PEAKED && falls_off).then(|| out as f64 / points.n() as f64)
        };
        let heavy: Vec<f64> = (0..points.dim()).filter_map(share).collect();
        let sum = heavy.iter().sum::<f64>();
        OutOfRange { share: sum / points.dim().max(1) as f64, share_of_heavy: sum / heavy.len() as f64 }
    }
}

/// Returns the fourth central moment in units of the squared variance.
fn kurtosis(values: &[f64]) -> f64 {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let moment = |k: i32| values.iter().map(|x| (x - mean).powi(k)).sum::<f64>() / n;
    moment(4) / moment(2).powi(2)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flow::SdFlow;
    use crate::generator::{Affine, AffineOptions, MlpGenerator, MlpOptions};
    use crate::score::{Estimate, Kde};
    use crate::target::dataset;

    fn student(dim: usize, dof: f64) -> StudentT {
        StudentT::new(Gaussian::isotropic(vec![0.0; dim], 1.0).unwrap(), dof).unwrap()
    }

    fn drawn(dim: usize, dof: f64) -> Points {
        student(dim, dof).sample(4000, Stream::new(1)).unwrap()
    }

    /// The share of values beyond three standard deviations of a normal distribution, for Student's
    /// t with 3 degrees of freedom, is 2 (1 - F(3.4020)) = 0.0424 (SciPy): the range is the same
    /// multiple of the upper quartile. A normal column is not peaked.
    #[test]
    fn shares_out_of_range_are_those_of_the_distributions() {
        let share = |points: &Points| OutOfRange::of(points).share;
        assert_eq!(share(&Stream::new(2).normal(4000, 8)), 0.0);
        assert!((share(&drawn(8, 3.0)) - 0.0424).abs() < 0.006);
        assert_eq!(share(&Points::zeros(10, 2)), 0.0);
        // Tails of half of the columns are recognised as what they are.
        let (mut half, heavy) = (Stream::new(2).normal(4000, 4), drawn(2, 3.0));
        (0..4000).for_each(|i| half.row_mut(i)[..2].copy_from_slice(heavy.row(i)));
        let found = OutOfRange::of(&half);
        assert!((found.share - 0.0212).abs() < 0.004 && (found.share_of_heavy - 0.0424).abs() < 0.008);
    }

    #[test]
    fn only_a_target_with_heavier_tails_gives_advice() {
        let normal = Stream::new(2).normal(4000, 2);
        let said = compare(&drawn(2, 3.0), &normal).unwrap().advice();
        assert!(said.contains("Student's t distribution with 3 degrees"), "{said}");
        assert!(compare(&drawn(2, 3.0), &drawn(2, 3.0)).is_none());
        for name in ["8gaussians", "moons", "checkerboard", "25gaussians"] {
            let data = dataset(name, &Default::default()).unwrap().sample(4000, Stream::new(3)).unwrap();
            assert!(compare(&data, &normal).is_none(), "{name}");
        }
        // Two modes of unequal weight: two fifths of the values are far from the median.
        let modes =
            Points::new((0..1000).map(|i| f64::from(i % 5 / 3) + 0.01 * f64::from(i % 7)).collect(), 1, "modes");
        assert!(compare(&modes.unwrap(), &Stream::new(2).normal(4000, 1)).is_none());
        // Ten modes in the corners of a simplex, and a mode with a tenth of the weight.
        let mut corners = Stream::new(2).normal(4000, 10);
        (0..4000).for_each(|i| corners.row_mut(i)[i % 10] += 8.0);
        assert!(compare(&corners, &Stream::new(3).normal(4000, 10)).is_none());
        // A base with the heaviest tails that are chosen is not criticised.
        for dof in [1.0, 2.0] {
            assert!(compare(&drawn(8, dof), &drawn(8, 3.0)).is_none(), "{dof}");
            assert_eq!(compare(&drawn(8, dof), &Stream::new(3).normal(4000, 8)).unwrap().dof, 3.0);
        }
    }

    /// The degrees of freedom are found from 1,000 points.
    #[test]
    fn a_usual_base_has_the_tails_of_the_target() {
        let net = |dim: usize| MlpGenerator::new(&MlpOptions { dim, ..MlpOptions::default() }, Stream::new(4)).unwrap();
        let towards = |target: Points| {
            SdFlow::new(
                Estimate::Kernel(Box::new(Kde::of(target))),
                Estimate::Kernel(Box::new(Kde::of_cloud())),
                Default::default(),
            )
            .unwrap()
        };
        let chosen = |net: &dyn Generator, flow: &SdFlow| usual_base(net, flow).unwrap();
        for (dof, range) in [(2.0, 3.0..=3.0), (3.0, 3.0..=4.0), (5.0, 4.0..=7.0)] {
            for dim in [8, 32] {
                let data = student(dim, dof).sample(1000, Stream::new(5)).unwrap();
                let (base, note) = chosen(&net(dim), &towards(data));
                let said = note.split_once("with ").unwrap().1.split_once(" degrees").unwrap().0;
                assert!(range.contains(&said.parse::<f64>().unwrap()), "{dof} in {dim}: {note}");
                assert!(base.dim() == dim && note.contains("% of the target's values"), "{note}");
            }
        }
        let (base, note) = chosen(&net(8), &towards(Stream::new(6).normal(1000, 8)));
        assert_eq!(
            (base.name(), note),
            ("a Gaussian in 8 dimensions".into(), "base: a Gaussian in 8 dimensions".into())
        );
        // A net of few outputs has a normal base, an affine generator has not.
        let heavy = towards(drawn(2, 3.0));
        assert!(chosen(&net(2), &heavy).0.name().contains("Gaussian"));
        let affine = Affine::new(&AffineOptions::default(), Stream::new(7)).unwrap();
        assert!(chosen(&affine, &heavy).0.name().contains("Student"));
        // The far values of a sample without weight do not count.
        let both = [drawn(2, 3.0).into_data(), Stream::new(8).normal(4000, 2).into_data()].concat();
        let with_far = Points::new(both, 2, "points").unwrap();
        let weights: Vec<f64> = (0..8000).map(|i| if i < 4000 { 1e-9 } else { 1.0 }).collect();
        let weighted = Kde::of(with_far).with_weights(&weights).unwrap();
        let cloud = Estimate::Kernel(Box::new(Kde::of_cloud()));
        let weighted = SdFlow::new(Estimate::Kernel(Box::new(weighted)), cloud, Default::default()).unwrap();
        assert!(chosen(&affine, &weighted).0.name().contains("Gaussian"));
        // The distribution of an exact score is known without points.
        let exact = SdFlow::towards(Arc::new(student(8, 3.0)), Default::default()).unwrap();
        assert!(chosen(&net(8), &exact).0.name().contains("with 3 degrees"));
    }
}
