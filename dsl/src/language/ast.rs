//! The parts of a script: its calls with their arguments and literal maps, its imports, its
//! functions.
//!
//! Rhai's syntax tree is walked once. The parts of the tree that errors, parameters and `check`
//! need are kept as plain data.

use rhai::{AST, ASTNode, Dynamic, Expr, FnCallExpr, Position, Stmt};
use std::collections::{BTreeMap, BTreeSet};

/// A call of a function or method.
#[derive(Debug, Clone)]
pub struct Site {
    /// The function's name.
    pub name: String,
    /// The place of the name.
    pub position: Position,
    /// True for `module::name(..)`.
    pub qualified: bool,
    /// True for `x.name(..)`; the receiver is not among `args`.
    pub method: bool,
    /// True for an operator such as `+`.
    pub operator: bool,
    /// The arguments as written.
    pub args: Vec<Arg>,
}

/// An argument as written.
#[derive(Debug, Clone)]
pub struct Arg {
    /// The place of its first character.
    pub position: Position,
    /// Its value, if it is a literal.
    pub literal: Option<Dynamic>,
    /// Its keys, if it is a literal map.
    pub keys: Option<Vec<Pair>>,
    /// True for a quotient of two whole numbers, which Rhai rounds towards 0.
    pub whole_quotient: bool,
}

/// A key of a literal map.
#[derive(Debug, Clone)]
pub struct Pair {
    /// The key.
    pub name: String,
    /// The place of the key.
    pub position: Position,
    /// Its value as written.
    pub value: Arg,
}

/// An `import`.
#[derive(Debug, Clone)]
pub struct Import {
    /// The path, if it is a literal.
    pub path: Option<String>,
    /// The place of the path.
    pub position: Position,
}

/// The syntax of a script, as found by the walk.
#[derive(Debug, Clone, Default)]
pub struct Syntax {
    /// All calls in order.
    pub calls: Vec<Site>,
    /// All properties read or written, `x.name`.
    pub properties: Vec<(String, Position)>,
    /// All imports in order.
    pub imports: Vec<Import>,
    /// Names of the script's functions with their numbers of parameters.
    pub functions: BTreeMap<String, BTreeSet<usize>>,
    /// Variables that are declared or used.
    pub variables: BTreeSet<String>,
    /// Keys of literal maps, and properties that are assigned.
    pub keys: BTreeSet<String>,
    /// Places of quotients of whole numbers with a remainder, which Rhai rounds towards 0.
    pub quotients: Vec<Position>,
    /// Places of operators inside a check (`expect(..)`).
    pub claimed: Vec<Position>,
}

impl Syntax {
    /// Walks a script.
    pub fn of(ast: &AST) -> Syntax {
        let mut syntax = Syntax::default();
        for function in ast.iter_functions() {
            syntax.functions.entry(function.name.to_string()).or_default().insert(function.params.len());
        }
        ast.walk(&mut |path: &[ASTNode]| {
            if let Some(node) = path.last() {
                syntax.visit(node);
                if let ASTNode::Expr(Expr::FnCall(call, position)) = node
                    && call.is_operator_call()
                    && path.iter().any(is_claim)
                {
                    syntax.claimed.push(*position);
                }
            }
            true
        });
        // Rhai visits closures in no fixed order.
        syntax.calls.sort_by_key(|site| site.position);
        syntax.properties.sort_by_key(|property| property.1);
        syntax
    }

    /// Returns the call whose name is at `position`; if there are several, the innermost call.
    pub fn call_at(&self, position: Position) -> Option<&Site> {
        self.calls.iter().rev().find(|c| c.position == position)
    }

    /// Adds the syntax of another file.
    pub fn extend(&mut self, other: Syntax) {
        self.calls.extend(other.calls);
        self.properties.extend(other.properties);
        self.imports.extend(other.imports);
        for (name, arities) in other.functions {
            self.functions.entry(name).or_default().extend(arities);
        }
        self.variables.extend(other.variables);
        self.keys.extend(other.keys);
        self.quotients.extend(other.quotients);
        self.claimed.extend(other.claimed);
    }

    fn visit(&mut self, node: &ASTNode) {
        match node {
            ASTNode::Stmt(Stmt::FnCall(call, position)) => self.call(call, *position, false),
            ASTNode::Expr(Expr::FnCall(call, position)) => self.call(call, *position, false),
            ASTNode::Expr(Expr::MethodCall(call, position)) => self.call(call, *position, true),
            ASTNode::Expr(Expr::Property(property, position)) => {
                self.properties.push((property.2.to_string(), *position));
            }
            ASTNode::Expr(Expr::Map(map, _)) => {
                self.keys.extend(map.0.iter().map(|(key, _)| key.name.to_string()));
            }
            ASTNode::Expr(Expr::Variable(variable, ..)) => {
                self.variables.insert(variable.1.to_string());
            }
            ASTNode::Stmt(Stmt::Assignment(assigned)) => self.keys.extend(last_property(&assigned.1.lhs)),
            ASTNode::Stmt(Stmt::Var(declared, ..)) => {
                self.variables.insert(declared.0.name.to_string());
            }
            ASTNode::Stmt(Stmt::Import(import, position)) => {
                let path = match &import.0 {
                    Expr::StringConstant(path, _) => Some(path.to_string()),
                    _ => None,
                };
                let position = if import.0.position().is_none() { *position } else { import.0.position() };
                self.imports.push(Import { path, position });
            }
            _ => {}
        }
    }

    fn call(&mut self, call: &FnCallExpr, position: Position, method: bool) {
        if call.is_operator_call() && remainder(call) {
            self.quotients.extend(call.args.first().map(start));
        }
        self.calls.push(Site {
            name: call.name.to_string(),
            position,
            qualified: call.is_qualified(),
            method,
            operator: call.is_operator_call(),
            args: call.args.iter().map(arg).collect(),
        });
    }
}

/// Returns the last property in `x.y.name`.
fn last_property(expr: &Expr) -> Option<String> {
    match expr {
        Expr::Dot(parts, ..) | Expr::Index(parts, ..) => last_property(&parts.rhs),
        Expr::Property(property, _) => Some(property.2.to_string()),
        _ => None,
    }
}

/// True for `expect(..)`.
fn is_claim(node: &ASTNode) -> bool {
    match node {
        ASTNode::Stmt(Stmt::FnCall(call, _)) | ASTNode::Expr(Expr::FnCall(call, _)) => call.name == "expect",
        _ => false,
    }
}

fn arg(expr: &Expr) -> Arg {
    let keys = match expr {
        Expr::Map(map, _) => {
            let pair = |(key, value): &(rhai::Ident, Expr)| Pair {
                name: key.name.to_string(),
                position: key.pos,
                value: arg(value),
            };
            Some(map.0.iter().map(pair).collect())
        }
        _ => None,
    };
    Arg { position: start(expr), literal: literal(expr), keys, whole_quotient: whole_quotient(expr) }
}

/// Returns the place of the first character of an expression. For an operation it is the place of
/// the left operand.
fn start(expr: &Expr) -> Position {
    let own = expr.start_position();
    match expr {
        Expr::FnCall(call, _) if call.is_operator_call() => {
            let operands = call.args.iter().map(start).filter(|p| !p.is_none());
            operands.chain([own]).min().unwrap_or(own)
        }
        _ => own,
    }
}

/// Returns the value of a literal, including a minus sign before a number.
fn literal(expr: &Expr) -> Option<Dynamic> {
    if let Expr::FnCall(call, _) = expr
        && call.is_operator_call()
        && call.name == "-"
        && let [operand] = call.args.as_slice()
    {
        let value = operand.get_literal_value(None)?;
        return value.as_int().map(|i| (-i).into()).or_else(|_| value.as_float().map(|x| (-x).into())).ok();
    }
    match expr {
        Expr::FnCall(..) => None,
        _ => expr.get_literal_value(None),
    }
}

fn whole_quotient(expr: &Expr) -> bool {
    match expr {
        Expr::FnCall(call, _) if call.is_operator_call() => remainder(call) || call.args.iter().any(whole_quotient),
        _ => false,
    }
}

/// True for a quotient of two whole numbers that is not a whole number.
fn remainder(call: &FnCallExpr) -> bool {
    match call.args.as_slice() {
        [Expr::IntegerConstant(a, _), Expr::IntegerConstant(b, _)] => call.name == "/" && *b != 0 && a % b != 0,
        _ => false,
    }
}
