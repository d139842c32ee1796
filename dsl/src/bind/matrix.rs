//! Matrices: covariances, read by entry or compared as a whole.

use crate::call::{Call, Entry, function};
use crate::language::{Fail, Kind, Type, arg};
use crate::value::{Cloud, Matrix, number};
use rhai::Array;

/// The types that are compared number by number, or point by point.
const COMPARED: Type = Type::OneOf(&[Type::Array, Type::Matrix, Type::Points]);

pub const ENTRIES: &[Entry] = &[
    function("norm", Kind::Metric, &[arg("values", Type::OneOf(&[Type::Array, Type::Matrix]))], Type::Number, |call| {
        Ok(length(&flat(call, 0)?).into())
    })
    .about(
        "The root of the sum of squares of all numbers in an array or a matrix: the length of a \
         vector, or the Frobenius norm of a matrix.",
    )
    .example("print(norm([3, 4]));"),
    function(
        "relative_error",
        Kind::Metric,
        &[arg("a", COMPARED), arg("b", COMPARED)],
        Type::OneOf(&[Type::Number, Type::Reading]),
        |call| {
            if call.arg(0)?.is::<Cloud>() {
                return super::field::relative_error_of_fields(call);
            }
            let (a, b) = (flat(call, 0)?, flat(call, 1)?);
            if a.len() != b.len() {
                let message = format!("holds {} numbers", a.len());
                return Err(call.bad(0, message, &format!("`b` holds {}", b.len())));
            }
            if length(&b) == 0.0 && !call.unknown {
                return Err(call.bad(
                    1,
                    "is 0 throughout",
                    "a relative error needs a value that is not 0: use `norm` of the difference",
                ));
            }
            let difference: Vec<f64> = a.iter().zip(&b).map(|(a, b)| a - b).collect();
            Ok((length(&difference) / length(&b)).into())
        },
    )
    .returned("a number, or a reading for sets of points")
    .about(
        "`norm(a - b) / norm(b)` of two arrays or matrices of the same shape. For two sets of \
         points, such as the velocities of two flows, the result has a standard error over the \
         points.",
    )
    .example(
        "print(relative_error([1.0, 2.1], [1, 2]));\n\
         let p = gaussian(#{dim: 2});\n\
         let y = normal(500, 2);\n\
         let exact_field = sd_flow(p, exact(gaussian(#{dim: 2, std: 2})), #{sigma: \
         0.5}).velocity(y);\n\
         print(relative_error(sd_flow(p, gaussian_fit(), #{sigma: 0.5}).velocity(y), \
         exact_field));",
    ),
    function("trace", Kind::Metric, &[], Type::Number, |call| {
        let matrix: Matrix = call.receiver()?;
        Ok((0..matrix.0.nrows().min(matrix.0.ncols())).map(|i| matrix.0[(i, i)]).sum::<f64>().into())
    })
    .of(Type::Matrix)
    .about("The sum of the diagonal. For a covariance it is the mean squared distance from the mean.")
    .example("print(normal(100, 3).cov().trace());"),
];

/// Returns all numbers of argument `i`, an array of numbers or of such arrays.
fn flat(call: &Call, i: usize) -> Result<Vec<f64>, Fail> {
    fn collect(array: &Array, into: &mut Vec<f64>) -> bool {
        array.iter().all(|value| match (number(value), value.read_lock::<Array>()) {
            (Some(x), _) => {
                into.push(x);
                true
            }
            (None, Some(inner)) => collect(&inner, into),
            _ => false,
        })
    }
    if let Some(matrix) = call.arg(i)?.clone().try_cast::<Matrix>() {
        let row = |r| (0..matrix.0.ncols()).map(move |c| (r, c));
        return Ok((0..matrix.0.nrows()).flat_map(row).map(|at| matrix.0[at]).collect());
    }
    let mut all = Vec::new();
    match collect(&call.array(i)?, &mut all) {
        true => Ok(all),
        false => Err(call.bad(
            i,
            "holds values of another type",
            "a matrix, an array of numbers or an array of such arrays is expected",
        )),
    }
}

/// Returns the root of the sum of squares; NaN if a value is NaN. In units of a power of 2 near the
/// largest value no square overflows, and no digit is lost.
fn length(values: &[f64]) -> f64 {
    let most = values.iter().fold(0.0, |most: f64, x| most.max(x.abs()));
    if values.iter().any(|x| x.is_nan()) {
        f64::NAN
    } else if most == 0.0 || most.is_infinite() {
        most
    } else {
        let unit = 2f64.powi(most.log2() as i32);
        unit * values.iter().map(|x| (x / unit).powi(2)).sum::<f64>().sqrt()
    }
}
