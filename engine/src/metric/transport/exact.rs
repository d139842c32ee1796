//! Prices as sums of two numbers, and the search for the least reduced cost.

/// The number of values that vector instructions compare at a time.
const LANES: usize = 16;

/// Returns the smaller number.
#[inline(always)]
fn lesser(a: f64, b: f64) -> f64 {
    if b < a { b } else { a }
}

/// Returns the smallest `c - p - own` over these costs `c` and prices `p`, rounded.
pub fn least_difference(costs: &[f64], prices: &[f64], own: f64) -> f64 {
    let (costs, prices) = (costs.as_chunks::<LANES>(), prices[..costs.len()].as_chunks::<LANES>());
    let mut lanes = [f64::INFINITY; LANES];
    for (c, p) in costs.0.iter().zip(prices.0) {
        for (lane, (c, p)) in lanes.iter_mut().zip(c.iter().zip(p)) {
            *lane = lesser(*lane, c - p - own);
        }
    }
    let rest = costs.1.iter().zip(prices.1).map(|(c, p)| c - p - own);
    lanes.into_iter().chain(rest).fold(f64::INFINITY, lesser)
}

/// Returns the smallest `c - p - own` over these costs `c` and prices `p`. The prices are sums of
/// two numbers.
pub fn least_exact_difference(costs: &[f64], (prices, rests): (&[f64], &[f64]), own: Sum) -> f64 {
    let (prices, rests) = (&prices[..costs.len()], &rests[..costs.len()]);
    let (costs, prices, rests) = (costs.as_chunks::<LANES>(), prices.as_chunks::<LANES>(), rests.as_chunks::<LANES>());
    let mut lanes = [f64::INFINITY; LANES];
    for ((c, p), rest) in costs.0.iter().zip(prices.0).zip(rests.0) {
        for (lane, ((c, p), rest)) in lanes.iter_mut().zip(c.iter().zip(p).zip(rest)) {
            *lane = lesser(*lane, exact_difference(*c, Sum(*p, *rest), own));
        }
    }
    let last = costs.1.iter().zip(prices.1).zip(rests.1);
    let last = last.map(|((c, p), rest)| exact_difference(*c, Sum(*p, *rest), own));
    lanes.into_iter().chain(last).fold(f64::INFINITY, lesser)
}

/// A number as the sum of a rounded number and its rounding error \[dekker1971floating\].
#[derive(Clone, Copy)]
pub struct Sum(pub f64, pub f64);

impl Sum {
    /// Returns the sum of two numbers without rounding.
    #[inline(always)]
    fn of(a: f64, b: f64) -> Sum {
        let sum = a + b;
        let part = sum - a;
        Sum(sum, (a - (sum - part)) + (b - part))
    }

    /// Returns the sum of this number and `other`.
    pub fn plus(self, other: Sum) -> Sum {
        let Sum(sum, error) = Sum::of(self.0, other.0);
        Sum::of(sum, error + self.1 + other.1)
    }

    /// Returns minus this number.
    pub fn negative(self) -> Sum {
        Sum(-self.0, -self.1)
    }
}

/// Returns `c - p - q`. With the relative rounding error `eps` of one number, the error is of the
/// order of `eps` times the result or, if that is larger, of `eps^2` times the prices.
#[inline(always)]
pub fn exact_difference(c: f64, p: Sum, q: Sum) -> f64 {
    let Sum(sum, error) = Sum::of(p.0, q.0);
    (c - sum) - (error + (p.1 + q.1))
}
