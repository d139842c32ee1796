//! Forward and backward passes over shards of a batch.

use super::Mlp;
use super::activation::{add, add_rows, add_to_rows, multiply};
use crate::simd::Real;
use faer::{Accum, MatMut, MatRef};
use rayon::prelude::*;
use std::ops::Range;

/// The number of rows that pass through the net at a time. Their values stay in the cache, and
/// products still run at full speed.
const ROWS: usize = 128;

/// The largest number of partial gradients. Their number, and therefore the order of the sum,
/// depends only on the number of rows.
const SHARDS: usize = 16;

/// Buffers of passes, which later passes reuse. They serve any net and batch, and grow as needed.
#[derive(Debug, Clone, Default)]
pub struct Workspace<T> {
    shards: Vec<Shard<T>>,
    /// The number of shards of the last pass.
    used: usize,
}

/// The buffers of one part of the batch: the values of `ROWS` rows, and the gradient summed over
/// all rows of the part.
#[derive(Debug, Clone, Default)]
struct Shard<T> {
    /// The output and the derivative of every hidden layer.
    values: Vec<[Vec<T>; 2]>,
    output: Vec<T>,
    /// Gradients with respect to the output of one layer and the output of the next layer.
    behind: [Vec<T>; 2],
    gradient: Vec<T>,
    loss: f64,
}

/// The destinations of the gradients of a backward pass; each may be left out.
#[derive(Debug, Default)]
pub struct Gradients<'a, T> {
    /// The gradient of the parameters.
    pub parameters: Option<&'a mut [T]>,
    /// The gradient of the input, rows x input_dim.
    pub input: Option<&'a mut [T]>,
}

impl<T: Real> Mlp<T> {
    /// Writes the value of the net at every row of `input` into `output`, rows x dim.
    pub(crate) fn forward(&self, input: &[T], output: &mut [T], work: &mut Workspace<T>) {
        let (width, dim) = (self.input_dim(), self.dim());
        let rows = input.len() / width;
        let part = work.divide(self, rows);
        let parts = input.par_chunks(part * width).zip(output.par_chunks_mut(part * dim)).zip(&mut work.shards);
        parts.for_each(|((input, output), shard)| {
            for (input, output) in input.chunks(ROWS * width).zip(output.chunks_mut(ROWS * dim)) {
                shard.forward(self, input);
                output.copy_from_slice(&shard.output[..output.len()]);
            }
        });
    }

    /// Returns the sum over all rows of a loss, and writes its gradients. `loss` receives a range
    /// of rows and the output of the net for these rows. It returns the value of the loss and
    /// overwrites the output with the derivative. The order of every sum depends only on the number
    /// of rows.
    pub(crate) fn gradient(
        &self,
        input: &[T],
        loss: impl Fn(Range<usize>, &mut [T]) -> f64 + Sync,
        mut to: Gradients<T>,
        work: &mut Workspace<T>,
    ) -> f64 {
        let width = self.input_dim();
        let rows = input.len() / width;
        let part = work.divide(self, rows);
        if rows == 0 {
            if let Some(sum) = to.parameters {
                sum.fill(T::default());
            }
            return 0.0;
        }
        let learns = to.parameters.is_some();
        let mut slopes: [Option<&mut [T]>; SHARDS] = Default::default();
        if let Some(input) = &mut to.input {
            slopes.iter_mut().zip(input.chunks_mut(part * width)).for_each(|(slot, chunk)| *slot = Some(chunk));
        }
        let parts = input.par_chunks(part * width).zip(&mut slopes).zip(&mut work.shards).enumerate();
        parts.for_each(|(k, ((input, slopes), shard))| {
            shard.loss = 0.0;
            if learns {
                shard.gradient.resize(self.parameters().len(), T::default());
                shard.gradient.fill(T::default());
            }
            for (i, input) in input.chunks(ROWS * width).enumerate() {
                let count = input.len() / width;
                let first = k * part + i * ROWS;
                shard.forward(self, input);
                shard.loss += loss(first..first + count, &mut shard.output[..count * self.dim()]);
                let slope = slopes.as_mut().map(|s| &mut s[i * ROWS * width..][..count * width]);
                shard.backward(self, input, learns, slope);
            }
        });
        if let Some(sum) = to.parameters {
            work.sum_gradients(sum);
        }
        work.shards[..work.used].iter().map(|shard| shard.loss).sum()
    }
}

impl<T: Real> Workspace<T> {
    /// Prepares shards for `rows` rows. Returns the number of rows of each shard; the last shard
    /// may have fewer.
    fn divide(&mut self, net: &Mlp<T>, rows: usize) -> usize {
        let blocks = rows.div_ceil(ROWS).max(1);
        let part = blocks.div_ceil(blocks.min(SHARDS));
        self.used = blocks.div_ceil(part);
        if self.shards.len() < self.used {
            self.shards.resize_with(self.used, Shard::default);
        }
        self.shards[..self.used].iter_mut().for_each(|shard| shard.fit(net));
        part * ROWS
    }

    /// The addresses of the buffers.
    #[cfg(test)]
    pub(super) fn places(&self) -> Vec<*const T> {
        let of = |s: &Shard<T>| [&s.output, &s.behind[0], &s.behind[1], &s.gradient].map(|b| b.as_ptr());
        self.shards.iter().flat_map(of).collect()
    }

    fn sum_gradients(&self, sum: &mut [T]) {
        const CHUNK: usize = 4096;
        sum.par_chunks_mut(CHUNK).enumerate().for_each(|(k, sum)| {
            let part = k * CHUNK..k * CHUNK + sum.len();
            sum.copy_from_slice(&self.shards[0].gradient[part.clone()]);
            self.shards[1..self.used].iter().for_each(|shard| add(sum, &shard.gradient[part.clone()]));
        });
    }
}

impl<T: Real> Shard<T> {
    fn fit(&mut self, net: &Mlp<T>) {
        let hidden = &net.widths()[1..net.layers()];
        self.values.resize_with(hidden.len(), Default::default);
        let grow = |buffer: &mut Vec<T>, length: usize| {
            if buffer.len() < length {
                buffer.resize(length, T::default());
            }
        };
        for (values, width) in self.values.iter_mut().zip(hidden) {
            values.iter_mut().for_each(|v| grow(v, ROWS * width));
        }
        let widest = net.widths().iter().max().copied().unwrap_or(0);
        self.behind.iter_mut().for_each(|b| grow(b, ROWS * widest));
        grow(&mut self.output, ROWS * net.dim());
    }

    fn forward(&mut self, net: &Mlp<T>, input: &[T]) {
        let rows = input.len() / net.input_dim();
        let last = net.layers() - 1;
        for layer in 0..last {
            let (before, here) = self.values.split_at_mut(layer);
            let size = rows * net.widths()[layer + 1];
            let [value, slope] = &mut here[0];
            let (value, slope) = (&mut value[..size], &mut slope[..size]);
            let from = before.last().map_or(input, |[value, _]| &value[..rows * net.widths()[layer]]);
            product(net, layer, from, slope);
            net.activation().apply(net.bias(layer), value, slope);
            if net.skips(layer) {
                add(value, from);
            }
        }
        let from = self.values.last().map_or(input, |[value, _]| &value[..rows * net.widths()[last]]);
        let output = &mut self.output[..rows * net.dim()];
        product(net, last, from, output);
        add_to_rows(output, net.bias(last));
    }

    /// Runs the backward pass from the derivative in `output`. Adds the gradient of the parameters
    /// to `gradient`, and writes the gradient of the input to `to_input`.
    fn backward(&mut self, net: &Mlp<T>, input: &[T], learns: bool, to_input: Option<&mut [T]>) {
        let rows = input.len() / net.input_dim();
        let [mut here, mut next] = self.behind.each_mut();
        let size = rows * net.dim();
        here[..size].copy_from_slice(&self.output[..size]);
        for layer in (0..net.layers()).rev() {
            let (width, out) = (net.widths()[layer], net.widths()[layer + 1]);
            let skips = net.skips(layer);
            if skips {
                next[..rows * width].copy_from_slice(&here[..rows * out]);
            }
            let slopes = &mut here[..rows * out];
            if layer + 1 < net.layers() {
                multiply(slopes, &self.values[layer][1][..rows * out]);
            }
            if learns {
                let from = if layer == 0 { input } else { &self.values[layer - 1][0][..rows * width] };
                let from = MatRef::from_row_major_slice(from, rows, width);
                let behind = MatRef::from_row_major_slice(slopes, rows, out);
                let weight = &mut self.gradient[net.weight_range(layer)];
                let weight = MatMut::from_row_major_slice_mut(weight, out, width);
                T::multiply(weight, Accum::Add, behind.transpose(), from);
                add_rows(&mut self.gradient[net.bias_range(layer)], slopes);
            }
            if layer == 0 && to_input.is_none() {
                return;
            }
            let accum = if skips { Accum::Add } else { Accum::Replace };
            let to = MatMut::from_row_major_slice_mut(&mut next[..rows * width], rows, width);
            T::multiply(to, accum, MatRef::from_row_major_slice(slopes, rows, out), net.weight(layer));
            std::mem::swap(&mut here, &mut next);
        }
        if let Some(to_input) = to_input {
            to_input.copy_from_slice(&here[..to_input.len()]);
        }
    }
}

/// `to = from W^T`
fn product<T: Real>(net: &Mlp<T>, layer: usize, from: &[T], to: &mut [T]) {
    let (width, out) = (net.widths()[layer], net.widths()[layer + 1]);
    let rows = to.len() / out;
    let from = MatRef::from_row_major_slice(from, rows, width);
    T::multiply(MatMut::from_row_major_slice_mut(to, rows, out), Accum::Replace, from, net.weight(layer).transpose());
}

#[cfg(test)]
mod tests;
