// SPDX-License-Identifier: Apache-2.0
package io.sparseland.recipes.data;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.training.loss.Loss;
import java.util.SplittableRandom;

/**
 * For models whose output is a vector that should stay as it is, and that have no labels: {@code
 * mean over the batch of <f / |f|, e>} with {@code e} standard normal.
 *
 * <p>Its gradients are {@code J^T e}, so their outer products are those of the Gauss-Newton matrix
 * {@code J^T J} of {@code 0.5 |f / |f| - dense|^2} in expectation. That loss itself has no gradient
 * at the dense model. The label is the seed of a batch's noise.
 */
final class OutputNoise extends Loss {

  OutputNoise() {
    super("OutputNoise");
  }

  @Override
  public NDArray evaluate(NDList labels, NDList predictions) {
    NDArray f = predictions.singletonOrThrow(); // [batch, width]
    SplittableRandom random = new SplittableRandom(labels.singletonOrThrow().getLong());
    float[] noise = new float[Math.toIntExact(f.size())];
    for (int i = 0; i < noise.length; i++) {
      noise[i] = (float) random.nextGaussian();
    }
    NDArray unit = f.div(f.square().sum(new int[] {1}, true).sqrt());
    return unit.mul(f.getManager().create(noise, f.getShape())).sum().div(f.getShape().get(0));
  }
}
