//! The spanning tree of the network simplex method, with its flow and its prices.

use super::exact::{Sum, exact_difference, least_difference, least_exact_difference};
use super::plan::Plan;

/// Prices are updated in every pivot, so their rounding errors accumulate. After this many pivots
/// all prices are computed anew.
pub(super) const RENEWAL: usize = 1024;

/// The index that stands for no node.
const NONE: usize = usize::MAX;

/// The spanning tree: rows, columns, and a root that is joined to some of them by arcs of a
/// prohibitive cost. A node stores the flow of the arc to its parent.
///
/// The tree is strongly feasible (arcs without flow point to the root), which prevents cycling
/// among degenerate trees if distances are equal.
pub(super) struct Tree<'a> {
    cost: &'a [f64],
    columns: usize,
    rows: usize,
    node: Vec<Node>,
    /// The leading parts of the prices; `rest` holds the remainders. One f64 is not enough: if the
    /// tree connects near points through far ones, the rounding error of a price can exceed the
    /// distances between the near points.
    price: Vec<f64>,
    /// The remainders of the prices.
    rest: Vec<f64>,
    /// The cost of an arc of the root, or 0 once the root carries no mass.
    prohibitive: f64,
    /// The largest absolute value of a cost.
    largest: f64,
    /// The nodes that a walk has not yet visited; kept to reuse its memory.
    stack: Vec<usize>,
}

#[derive(Clone, Copy)]
struct Node {
    parent: usize,
    depth: usize,
    /// The flow on the arc to the parent.
    flow: u64,
    /// True if the flow runs towards the root.
    up: bool,
    /// The first child.
    child: usize,
    /// The previous sibling.
    before: usize,
    /// The next sibling.
    after: usize,
}

impl<'a> Tree<'a> {
    /// Returns the initial tree, in which all mass passes through the root.
    pub fn star(cost: &'a [f64], rows: &[u64], columns: &[u64]) -> Tree<'a> {
        let largest = cost.iter().fold(0.0_f64, |most, c| most.max(c.abs()));
        let count = rows.len() + columns.len();
        let masses = rows.iter().map(|m| (*m, true)).chain(columns.iter().map(|m| (*m, false)));
        let mut node: Vec<Node> = masses
            .enumerate()
            .map(|(v, (flow, up))| Node {
                parent: count,
                depth: 1,
                flow,
                up,
                child: NONE,
                before: if v == 0 { NONE } else { v - 1 },
                after: if v + 1 == count { NONE } else { v + 1 },
            })
            .collect();
        node.push(Node { parent: NONE, depth: 0, flow: 0, up: true, child: 0, before: NONE, after: NONE });
        let mut tree = Tree {
            cost,
            columns: columns.len(),
            rows: rows.len(),
            node,
            price: vec![0.0; count + 1],
            rest: vec![0.0; count + 1],
            prohibitive: largest.max(f64::MIN_POSITIVE) * count as f64,
            largest,
            stack: Vec::new(),
        };
        tree.set_prices();
        tree
    }

    /// Returns the arc with the most negative reduced cost among the arcs `from..to`, if any is
    /// negative. If `exact` is false, rounded reduced costs choose the arc, and an arc that
    /// improves the plan by less than rounding may be missed. In both cases the returned arc
    /// improves the plan.
    pub fn cheapest(&self, from: usize, to: usize, exact: bool) -> Option<usize> {
        let (mut least, mut found) = (0.0, None);
        let mut at = from;
        while at < to {
            let (row, column) = (at / self.columns, at % self.columns);
            let end = to.min(at - column + self.columns);
            let own = self.price_of(row);
            let (prices, rests) = (&self.price[self.rows + column..], &self.rest[self.rows + column..]);
            let costs = &self.cost[at..end];
            // The vectorised loops find only the least reduced cost, a second loop its arc.
            let best = match exact {
                true => least_exact_difference(costs, (prices, rests), own),
                false => least_difference(costs, prices, own.0),
            };
            if best < least {
                least = best;
                let is_best = |j: &usize| match exact {
                    true => exact_difference(costs[*j], Sum(prices[*j], rests[*j]), own) == best,
                    false => costs[*j] - prices[*j] - own.0 == best,
                };
                found = (0..costs.len()).find(is_best).map(|j| at + j);
            }
            at = end;
        }
        found.filter(|arc| self.reduced_cost(*arc) < -self.tolerance())
    }

    fn price_of(&self, v: usize) -> Sum {
        Sum(self.price[v], self.rest[v])
    }

    fn set_price(&mut self, v: usize, price: Sum) {
        (self.price[v], self.rest[v]) = (price.0, price.1);
    }

    /// Returns the reduced cost of this arc.
    fn reduced_cost(&self, arc: usize) -> f64 {
        let (row, column) = (arc / self.columns, self.rows + arc % self.columns);
        exact_difference(self.cost[arc], self.price_of(row), self.price_of(column))
    }

    /// Returns the size below which a reduced cost is a rounding error of prices, which are sums
    /// along the tree.
    fn tolerance(&self) -> f64 {
        let steps = (self.node.len() + RENEWAL) as f64;
        4.0 * steps * f64::EPSILON * f64::EPSILON * self.largest.max(self.prohibitive)
    }

    /// Returns the cost of the arc between this node and its parent.
    fn cost_of(&self, v: usize) -> f64 {
        let parent = self.node[v].parent;
        match (v.min(parent), v.max(parent)) {
            (_, root) if root + 1 == self.node.len() => self.prohibitive,
            (row, column) => self.cost[row * self.columns + column - self.rows],
        }
    }

    /// Computes prices from the root downwards, so that the reduced cost of every arc of the tree
    /// is 0.
    pub fn set_prices(&mut self) {
        let root = self.node.len() - 1;
        self.set_price(root, Sum(0.0, 0.0));
        let mut child = self.node[root].child;
        while child != NONE && self.node[child].flow == 0 {
            child = self.node[child].after;
        }
        if child == NONE {
            // No mass passes through the root, so all arcs of the root lead up from rows (the tree
            // is strongly feasible). A cycle through the root would take flow from one of these
            // arcs, which has none, so no pivot brings mass back to the root. Their cost now only
            // shifts the prices of all rows by a constant, and the prices of all columns by the
            // opposite constant. A large shift would reduce the precision.
            self.prohibitive = 0.0;
        }
        self.walk(root, |tree, v| {
            if v != root {
                // The prices of a row and a column sum to the cost; the root counts as a column for
                // rows and as a row for columns.
                let parent = tree.node[v].parent;
                let of_parent = if parent == root { Sum(0.0, 0.0) } else { tree.price_of(parent) };
                tree.set_price(v, Sum(tree.cost_of(v), 0.0).plus(of_parent.negative()));
                tree.node[v].depth = tree.node[parent].depth + 1;
            }
        });
    }

    /// Calls `f` for this node and every node below it, parents first.
    fn walk(&mut self, top: usize, mut f: impl FnMut(&mut Tree, usize)) {
        let mut stack = std::mem::take(&mut self.stack);
        stack.push(top);
        while let Some(v) = stack.pop() {
            f(self, v);
            let mut child = self.node[v].child;
            while child != NONE {
                stack.push(child);
                child = self.node[child].after;
            }
        }
        self.stack = stack;
    }

    /// The pivot: the arc enters the tree, and the flow around the cycle that it closes changes as
    /// much as possible. Then an arc of the cycle that carries no flow leaves the tree.
    pub fn pivot(&mut self, arc: usize) {
        let (row, column) = (arc / self.columns, self.rows + arc % self.columns);
        let join = self.meeting(row, column);
        // The additional flow runs around a cycle: along the entering arc from the row to the
        // column, up the tree to the meeting point, and down to the row. Arcs in this direction
        // gain flow, and arcs in the opposite direction lose it. Of the arcs that lose flow, one
        // with the least flow leaves: the last of them along the cycle from the meeting point,
        // which keeps the tree strongly feasible.
        let (mut least, mut out, mut from_row) = (u64::MAX, NONE, false);
        let mut v = row;
        while v != join {
            let Node { parent, flow, up, .. } = self.node[v];
            if up && flow < least {
                (least, out, from_row) = (flow, v, true);
            }
            v = parent;
        }
        v = column;
        while v != join {
            let Node { parent, flow, up, .. } = self.node[v];
            if !up && flow <= least {
                (least, out, from_row) = (flow, v, false);
            }
            v = parent;
        }
        for (start, falls) in [(row, true), (column, false)] {
            let mut v = start;
            while v != join {
                let node = &mut self.node[v];
                node.flow = if node.up == falls { node.flow - least } else { node.flow + least };
                v = node.parent;
            }
        }
        let (inner, outer) = if from_row { (row, column) } else { (column, row) };
        self.hang(inner, outer, out, least, from_row);
    }

    /// Returns the lowest common ancestor of two nodes.
    fn meeting(&self, mut a: usize, mut b: usize) -> usize {
        while a != b {
            let (deep, other) = if self.node[a].depth >= self.node[b].depth { (a, b) } else { (b, a) };
            (a, b) = (self.node[deep].parent, other);
        }
        a
    }

    /// Detaches the subtree of `out`, makes `inner` its root, and attaches it below `outer`.
    fn hang(&mut self, inner: usize, outer: usize, out: usize, flow: u64, up: bool) {
        let (mut v, mut parent, mut link) = (inner, outer, (flow, up));
        loop {
            let old = self.node[v];
            self.unlink(v);
            self.link(v, parent);
            (self.node[v].flow, self.node[v].up) = link;
            if v == out {
                break;
            }
            (v, parent, link) = (old.parent, v, (old.flow, !old.up));
        }
        // The prices of rows and columns change by opposite amounts.
        let both = self.price_of(outer).plus(self.price_of(inner));
        let change = Sum(self.cost_of(inner), 0.0).plus(both.negative());
        let of_rows = if inner < self.rows { change } else { change.negative() };
        let rows = self.rows;
        self.walk(inner, |tree, v| {
            let change = if v < rows { of_rows } else { of_rows.negative() };
            tree.set_price(v, tree.price_of(v).plus(change));
            tree.node[v].depth = tree.node[tree.node[v].parent].depth + 1;
        });
    }

    /// Removes this node from the children of its parent.
    fn unlink(&mut self, v: usize) {
        let Node { parent, before, after, .. } = self.node[v];
        match before {
            NONE => self.node[parent].child = after,
            _ => self.node[before].after = after,
        }
        if after != NONE {
            self.node[after].before = before;
        }
    }

    /// Makes this node the first child of `parent`.
    fn link(&mut self, v: usize, parent: usize) {
        let first = self.node[parent].child;
        (self.node[v].parent, self.node[v].before, self.node[v].after) = (parent, NONE, first);
        if first != NONE {
            self.node[first].before = v;
        }
        self.node[parent].child = v;
    }

    /// Returns the plan that the tree describes, with the prices rounded.
    pub fn plan(mut self) -> Plan {
        let root = self.node.len() - 1;
        let moved = |v: &usize| self.node[*v].parent != root && self.node[*v].flow > 0;
        let (mut paid, mut mass) = (0.0, 0.0);
        for v in (0..root).filter(moved) {
            let flow = self.node[v].flow as f64;
            (paid, mass) = (paid + flow * self.cost_of(v), mass + flow);
        }
        let column_price = self.price[self.rows..root].to_vec();
        self.price.truncate(self.rows);
        Plan { cost: if mass > 0.0 { paid / mass } else { 0.0 }, row_price: self.price, column_price }
    }
}
