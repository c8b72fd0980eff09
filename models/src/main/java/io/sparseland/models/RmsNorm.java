// SPDX-License-Identifier: Apache-2.0
package io.sparseland.models;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.AbstractBlock;
import ai.djl.nn.Parameter;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;
import org.jspecify.annotations.Nullable;

/**
 * {@code y = x / sqrt(mean(x²) + epsilon) · weight} over the last axis of {@code [batch, time,
 * width]}.
 *
 * @see <a href="https://arxiv.org/abs/1910.07467">Zhang and Sennrich 2019, "Root Mean Square Layer
 *     Normalization", eq. 4</a>
 */
final class RmsNorm extends AbstractBlock {

  private static final int[] LAST = {2};

  private final Parameter weight; // [width]
  private final float epsilon;

  RmsNorm(int width, float epsilon) {
    this.epsilon = epsilon;
    weight =
        addParameter(
            Parameter.builder()
                .setName("weight")
                .setType(Parameter.Type.GAMMA)
                .optShape(new Shape(width))
                .build());
  }

  @Override
  protected NDList forwardInternal(
      ParameterStore parameters,
      NDList inputs,
      boolean training,
      @Nullable PairList<String, Object> settings) {
    NDArray x = inputs.singletonOrThrow();
    NDArray root = x.square().mean(LAST, true).add(epsilon).sqrt(); // [batch, time, 1]
    return new NDList(x.div(root).mul(parameters.getValue(weight, x.getDevice(), training)));
  }

  @Override
  public Shape[] getOutputShapes(Shape[] inputs) {
    return new Shape[] {inputs[0]};
  }
}
