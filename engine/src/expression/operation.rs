//! The operations of a formula: their values and derivatives.

/// The names of functions of one or two arguments, and of sums over an index.
pub const FUNCTIONS: &[&str] = &[
    "exp",
    "expm1",
    "log",
    "log1p",
    "sqrt",
    "sin",
    "cos",
    "tanh",
    "atan",
    "abs",
    "sigmoid",
    "softplus",
    "pow",
    "min",
    "max",
    "logsumexp",
    "sum",
];

/// True if there is a function of this name.
pub fn is_function(name: &str) -> bool {
    FUNCTIONS.contains(&name)
}

/// A function of one argument.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Unary {
    Negate,
    Exp,
    Expm1,
    Log,
    Log1p,
    Sqrt,
    Sin,
    Cos,
    Tanh,
    Atan,
    Abs,
    Sigmoid,
    Softplus,
    /// A power with an integer exponent other than 0.
    Power(i32),
}

impl Unary {
    /// Returns the function called `name`.
    pub fn from_name(name: &str) -> Option<Unary> {
        Some(match name {
            "exp" => Unary::Exp,
            "expm1" => Unary::Expm1,
            "log" => Unary::Log,
            "log1p" => Unary::Log1p,
            "sqrt" => Unary::Sqrt,
            "sin" => Unary::Sin,
            "cos" => Unary::Cos,
            "tanh" => Unary::Tanh,
            "atan" => Unary::Atan,
            "abs" => Unary::Abs,
            "sigmoid" => Unary::Sigmoid,
            "softplus" => Unary::Softplus,
            _ => return None,
        })
    }

    #[inline(always)]
    pub fn value(self, u: f64) -> f64 {
        match self {
            Unary::Negate => -u,
            Unary::Exp => u.exp(),
            Unary::Expm1 => u.exp_m1(),
            Unary::Log => u.ln(),
            Unary::Log1p => u.ln_1p(),
            Unary::Sqrt => u.sqrt(),
            Unary::Sin => u.sin(),
            Unary::Cos => u.cos(),
            Unary::Tanh => u.tanh(),
            Unary::Atan => u.atan(),
            Unary::Abs => u.abs(),
            Unary::Sigmoid => sigmoid(u),
            Unary::Softplus => u.max(0.0) + (-u.abs()).exp().ln_1p(),
            Unary::Power(n) => u.powi(n),
        }
    }

    /// Returns the derivative at `u`; `f` is the value at `u`.
    #[inline(always)]
    pub fn slope(self, u: f64, f: f64) -> f64 {
        match self {
            Unary::Negate => -1.0,
            Unary::Exp => f,
            Unary::Expm1 => u.exp(),
            Unary::Log => 1.0 / u,
            Unary::Log1p => 1.0 / (1.0 + u),
            Unary::Sqrt => 0.5 / f,
            Unary::Sin => u.cos(),
            Unary::Cos => -u.sin(),
            Unary::Tanh => 1.0 - f * f,
            Unary::Atan => 1.0 / (1.0 + u * u),
            Unary::Abs if u == 0.0 => 0.0,
            Unary::Abs => u.signum(),
            Unary::Sigmoid => f * sigmoid(-u),
            Unary::Softplus => sigmoid(u),
            Unary::Power(n) => f64::from(n) * u.powi(n - 1),
        }
    }
}

/// A function of two arguments.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Binary {
    Add,
    Subtract,
    Multiply,
    Divide,
    Power,
    Min,
    Max,
    LogAddExp,
}

impl Binary {
    #[inline(always)]
    pub fn value(self, u: f64, v: f64) -> f64 {
        match self {
            Binary::Add => u + v,
            Binary::Subtract => u - v,
            Binary::Multiply => u * v,
            Binary::Divide => u / v,
            Binary::Power => u.powf(v),
            Binary::Min => u.min(v),
            Binary::Max => u.max(v),
            // Equal arguments are handled first, because the difference of two infinities is NaN.
            Binary::LogAddExp if u == v => u + std::f64::consts::LN_2,
            Binary::LogAddExp => u.max(v) + (-(u - v).abs()).exp().ln_1p(),
        }
    }

    /// Returns both partial derivatives at `(u, v)`; `f` is the value at `(u, v)`.
    #[inline(always)]
    pub fn slopes(self, u: f64, v: f64, f: f64) -> (f64, f64) {
        match self {
            Binary::Add => (1.0, 1.0),
            Binary::Subtract => (1.0, -1.0),
            Binary::Multiply => (v, u),
            Binary::Divide => (1.0 / v, -f / v),
            Binary::Power => (v * u.powf(v - 1.0), if f == 0.0 { 0.0 } else { f * u.ln() }),
            Binary::Min => share(f == u),
            Binary::Max => share(f == u),
            Binary::LogAddExp if u == v => (0.5, 0.5),
            Binary::LogAddExp => (sigmoid(u - v), sigmoid(v - u)),
        }
    }
}

fn share(first: bool) -> (f64, f64) {
    if first { (1.0, 0.0) } else { (0.0, 1.0) }
}

fn sigmoid(u: f64) -> f64 {
    if u >= 0.0 {
        1.0 / (1.0 + (-u).exp())
    } else {
        let e = u.exp();
        e / (1.0 + e)
    }
}
