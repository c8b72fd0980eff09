// SPDX-License-Identifier: Apache-2.0
package io.sparseland.kernels.tuning;

import io.sparseland.kernels.Matrix;
import io.sparseland.kernels.format.CostTable;
import java.util.SortedMap;

/**
 * Costs from a table, whatever machine this is: the same table and matrix give the same numbers.
 *
 * @param table the profile
 */
public record Profile(CostTable table) implements Costs {

  @Override
  public String source() {
    return "profile '" + table.name() + "'";
  }

  @Override
  public String unit() {
    return "dense = 1";
  }

  @Override
  public SortedMap<String, Double> of(Matrix w, String pattern, int tokens) {
    double weights = (double) w.outputs() * w.inputs();
    return table.costs(w.values().type(), pattern, tokens, weights, w.sparsity());
  }
}
