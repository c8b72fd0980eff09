// SPDX-License-Identifier: Apache-2.0
package io.sparseland.recipes.run;

/**
 * Dense DJL/PyTorch {@code Predictor} against the exported model on the same inputs, called in
 * turns.
 *
 * @param batch examples per call
 * @param threads of both
 * @param latencyDenseMs median, milliseconds per call
 * @param latencySparseMs the same of the exported model
 * @param spreadDenseMs from the first to the third quartile
 * @param spreadSparseMs the same of the exported model
 * @param speedup dense over sparse median
 * @param rounds measured
 * @param kernels of the exported model
 */
public record BenchRow(
    int batch,
    int threads,
    double latencyDenseMs,
    double latencySparseMs,
    double spreadDenseMs,
    double spreadSparseMs,
    double speedup,
    int rounds,
    String kernels) {}
