//! The cases of `bench --matrix`, which are those of docs/performance.md.

use super::case::{BenchCase, Data};
use sdflow::pairwise::{Isa, Precision};

/// Returns every size, dimension, precision and kind of data of the table. An instruction set
/// without matrix units has no bfloat16 cases.
pub fn case_table(isa: Isa, threads: Option<usize>) -> Vec<BenchCase> {
    let of = |n: usize, dim: usize, precision: Precision| BenchCase {
        n,
        m: n,
        dim,
        precision,
        isa,
        threads,
        ..BenchCase::default()
    };
    let mut cases = Vec::new();
    if matches!(isa, Isa::Auto | Isa::Amx) {
        cases.extend([64, 256, 784].map(|dim| of(16_384, dim, Precision::Bf16x3)));
        cases.push(of(16_384, 256, Precision::Bf16x6));
    }
    for dim in [2, 3, 8, 64, 256, 784] {
        cases.push(of(4096, dim, Precision::F32));
        cases.push(of(16_384, dim, Precision::F32));
    }
    cases.extend([2, 64].map(|dim| of(4096, dim, Precision::F64)));
    for dim in [2usize, 16] {
        for skip in [true, false] {
            let sigma = Some(0.02 * (dim as f64).sqrt());
            cases.push(BenchCase { data: Data::Mixture25, sigma, skip, ..of(16_384, dim, Precision::F32) });
        }
    }
    cases
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_filters_the_table() {
        let (all, narrow) = (case_table(Isa::Auto, None), case_table(Isa::Avx2, Some(1)));
        assert_eq!(all.len() - narrow.len(), 4);
        assert!(narrow.iter().all(|case| case.isa == Isa::Avx2 && case.threads == Some(1)));
    }
}
