// SPDX-License-Identifier: Apache-2.0
package io.sparseland.training;

/**
 * Where a run stands.
 *
 * @param step batches completed, from 1
 * @param steps batches of the whole run
 * @param epoch the current epoch, from 0
 * @param loss mean loss of the batch just completed
 */
public record TrainProgress(long step, long steps, int epoch, double loss) {}
