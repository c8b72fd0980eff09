// SPDX-License-Identifier: Apache-2.0
package io.sparseland.kernels;

import java.util.List;
import java.util.stream.IntStream;

/**
 * A tensor seen with its axes in another order: axis i is axis {@code permutation[i]} of the
 * tensor. Nothing is moved.
 *
 * @param permutation each axis once
 */
public record Turned(Tensor tensor, List<Integer> permutation) {

  /** Checks the permutation. */
  public Turned {
    permutation = List.copyOf(permutation);
    boolean[] seen = new boolean[tensor.rank()];
    boolean good = permutation.size() == seen.length;
    for (int axis : permutation) {
      good = good && axis >= 0 && axis < seen.length && !seen[axis];
      if (good) {
        seen[axis] = true;
      }
    }
    Check.that(good, "permutation %s of %s, allowed is each axis once", permutation, tensor);
  }

  /** The tensor as it is. */
  public static Turned of(Tensor tensor) {
    return new Turned(tensor, IntStream.range(0, tensor.rank()).boxed().toList());
  }

  /** The sizes in this order. */
  int[] shape() {
    int[] shape = new int[tensor.rank()];
    for (int i = 0; i < shape.length; i++) {
      shape[i] = tensor.dimension(permutation.get(i));
    }
    return shape;
  }

  /** From one element to the next along each axis in this order. */
  int[] steps() {
    int[] steps = new int[tensor.rank()];
    for (int i = 0; i < steps.length; i++) {
      steps[i] = Shapes.product(tensor, permutation.get(i) + 1, steps.length);
    }
    return steps;
  }
}
