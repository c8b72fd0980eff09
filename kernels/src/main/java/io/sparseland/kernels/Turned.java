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
    Check.that(
        IntStream.range(0, tensor.rank())
            .boxed()
            .toList()
            .equals(permutation.stream().sorted().toList()),
        "permutation %s of %s",
        permutation,
        tensor);
  }

  /** The tensor as it is. */
  public static Turned of(Tensor tensor) {
    return new Turned(tensor, IntStream.range(0, tensor.rank()).boxed().toList());
  }

  /** The sizes in this order. */
  int[] shape() {
    return permutation.stream().mapToInt(tensor::dimension).toArray();
  }

  /** From one element to the next along each axis in this order. */
  int[] steps() {
    return permutation.stream()
        .mapToInt(axis -> Shapes.product(tensor, axis + 1, tensor.rank()))
        .toArray();
  }
}
