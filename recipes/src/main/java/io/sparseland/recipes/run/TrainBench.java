// SPDX-License-Identifier: Apache-2.0
package io.sparseland.recipes.run;

/**
 * A training step with masks against the same without, in turns.
 *
 * @param batch examples per step
 * @param threads of both
 * @param plainMs median, milliseconds per step
 * @param maskedMs the same with masks
 * @param ratio masked over plain median
 * @param steps measured of each
 */
public record TrainBench(
    int batch, int threads, double plainMs, double maskedMs, double ratio, int steps) {}
