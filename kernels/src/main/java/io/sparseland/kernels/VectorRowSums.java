// SPDX-License-Identifier: Apache-2.0
package io.sparseland.kernels;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/**
 * The sums of two vectors of tokens stay in registers over the whole row; one fused multiply-add a
 * term, so the bits differ from {@link PlainRowSums} within the same bound. Compiled apart from all
 * else and loaded only where {@code jdk.incubator.vector} is present.
 */
final class VectorRowSums implements RowSums {

  private static final VectorSpecies<Float> SPECIES = FloatVector.SPECIES_PREFERRED;
  private static final int LANES = SPECIES.length();

  @Override
  public void row(
      float[] values,
      int[] columns,
      int from,
      int to,
      float[] panel,
      int tokens,
      float[] sums,
      int at) {
    boolean sparse = columns.length > 0;
    int t = 0;
    for (; t + 2 * LANES <= tokens; t += 2 * LANES) {
      FloatVector first = FloatVector.zero(SPECIES);
      FloatVector second = FloatVector.zero(SPECIES);
      for (int p = from; p < to; p++) {
        int in = (sparse ? columns[p] : p - from) * tokens + t;
        FloatVector w = FloatVector.broadcast(SPECIES, values[p]);
        first = w.fma(FloatVector.fromArray(SPECIES, panel, in), first);
        second = w.fma(FloatVector.fromArray(SPECIES, panel, in + LANES), second);
      }
      first.intoArray(sums, at + t);
      second.intoArray(sums, at + t + LANES);
    }
    for (; t + LANES <= tokens; t += LANES) {
      FloatVector sum = FloatVector.zero(SPECIES);
      for (int p = from; p < to; p++) {
        int in = (sparse ? columns[p] : p - from) * tokens + t;
        FloatVector x = FloatVector.fromArray(SPECIES, panel, in);
        sum = x.fma(FloatVector.broadcast(SPECIES, values[p]), sum);
      }
      sum.intoArray(sums, at + t);
    }
    for (; t < tokens; t++) {
      float sum = 0;
      for (int p = from; p < to; p++) {
        sum = Math.fma(values[p], panel[(sparse ? columns[p] : p - from) * tokens + t], sum);
      }
      sums[at + t] = sum;
    }
  }

  @Override
  public String name() {
    return "Java vectors of " + SPECIES.vectorBitSize() + " bits";
  }
}
