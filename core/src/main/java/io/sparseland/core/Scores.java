// SPDX-License-Identifier: Apache-2.0
package io.sparseland.core;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDScope;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;

/** Calls a criterion as it has to be called. */
public final class Scores {

  private Scores() {}

  /**
   * The scores of a layer, row-major over {@code [out, in]}.
   *
   * @throws IllegalArgumentException naming the layer, if the scores have another shape, or the
   *     layer and the index of a score that is not finite
   */
  public static float[] of(Criterion criterion, Layer layer, Evidence evidence) {
    try (NDScope scope = new NDScope()) {
      NDArray scores = criterion.score(layer, evidence);
      Geometry geometry = layer.geometry();
      Check.that(
          scores.getShape().equals(new Shape(geometry.out(), geometry.in())),
          "%s scored layer %s with shape %s, allowed: (%d, %d)",
          criterion,
          layer.name(),
          scores.getShape(),
          geometry.out(),
          geometry.in());
      float[] values = scores.toType(DataType.FLOAT32, false).toFloatArray();
      scope.suppressNotUsedWarning();
      for (int i = 0; i < values.length; i++) {
        if (!Float.isFinite(values[i])) {
          throw new IllegalArgumentException(
              "%s: score of layer %s at index %d is %s, allowed: finite numbers"
                  .formatted(criterion, layer.name(), i, values[i]));
        }
      }
      return values;
    }
  }

  /** A copy of the weights of a layer, row-major over {@code [out, in]}. */
  public static float[] weights(Layer layer) {
    try (NDScope scope = new NDScope()) {
      scope.suppressNotUsedWarning();
      return layer.weight().toType(DataType.FLOAT32, false).toFloatArray();
    }
  }
}
