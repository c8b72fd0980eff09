// SPDX-License-Identifier: Apache-2.0
package io.sparseland.kernels;

import java.lang.reflect.InvocationTargetException;

/**
 * The inner loop of the Java kernels: one row of weights times a panel of tokens. Two
 * implementations: plain Java, and {@code jdk.incubator.vector} where the JVM was started with
 * {@code --add-modules jdk.incubator.vector}.
 */
interface RowSums {

  /**
   * {@code sums[at + t] = sum over p in [from, to) of values[p] * panel[column(p) * tokens + t]}
   * for t in [0, tokens), summed in the order of p.
   *
   * @param columns column of each p; empty where column(p) is {@code p - from}
   */
  void row(
      float[] values,
      int[] columns,
      int from,
      int to,
      float[] panel,
      int tokens,
      float[] sums,
      int at);

  /** For people: which one it is. */
  String name();

  /** The fastest that this JVM can run. */
  static RowSums best() {
    return Holder.BEST;
  }

  /** Plain Java; the JIT vectorises the loop over tokens. */
  static RowSums plain() {
    return new PlainRowSums();
  }

  /** Looked for once. */
  final class Holder {

    private static final RowSums BEST = find();

    private Holder() {}

    private static RowSums find() {
      if (ModuleLayer.boot().findModule("jdk.incubator.vector").isEmpty()) {
        return plain();
      }
      try {
        // by name: this class cannot be linked without the module
        Class<?> type = Class.forName("io.sparseland.kernels.VectorRowSums");
        return (RowSums) type.getDeclaredConstructor().newInstance();
      } catch (ClassNotFoundException
          | NoSuchMethodException
          | InstantiationException
          | IllegalAccessException
          | InvocationTargetException e) {
        throw new IllegalStateException("VectorRowSums is part of this jar", e);
      }
    }
  }
}
