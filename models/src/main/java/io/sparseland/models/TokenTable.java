// SPDX-License-Identifier: Apache-2.0
package io.sparseland.models;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.ndarray.types.SparseFormat;
import ai.djl.nn.AbstractBlock;
import ai.djl.nn.Parameter;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;
import org.jspecify.annotations.Nullable;

/** One row per id: {@code [...]} ids to {@code [..., width]}. */
final class TokenTable extends AbstractBlock {

  private final Parameter weight; // [rows, width]
  private final int width;

  TokenTable(int rows, int width) {
    this.width = width;
    weight =
        addParameter(
            Parameter.builder()
                .setName("weight")
                .setType(Parameter.Type.WEIGHT)
                .optShape(new Shape(rows, width))
                .build());
  }

  @Override
  protected NDList forwardInternal(
      ParameterStore parameters,
      NDList inputs,
      boolean training,
      @Nullable PairList<String, Object> settings) {
    NDArray ids = inputs.singletonOrThrow().toType(DataType.INT64, false);
    NDArray table = parameters.getValue(weight, ids.getDevice(), training);
    return ids.getNDArrayInternal().embedding(ids, table, SparseFormat.DENSE);
  }

  /** {@code x · tableᵀ}: {@code [..., width]} to {@code [..., rows]}. */
  NDArray scores(ParameterStore parameters, NDArray x, boolean training) {
    NDArray table = parameters.getValue(weight, x.getDevice(), training);
    return x.getNDArrayInternal().linear(x, table, null).singletonOrThrow();
  }

  @Override
  public Shape[] getOutputShapes(Shape[] inputs) {
    return new Shape[] {inputs[0].add(width)};
  }
}
