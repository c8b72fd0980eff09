// SPDX-License-Identifier: Apache-2.0
package io.sparseland.kernels.tuning;

import io.sparseland.kernels.Kernels;
import io.sparseland.kernels.Matrix;
import io.sparseland.kernels.format.CostTable;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * Costs from a table, whatever machine this is: the same table and matrix give the same numbers. In
 * a table without rows for convolutions these have a dense design alone.
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
  public double doubt() {
    return 0;
  }

  @Override
  public SortedMap<String, Double> of(Matrix w, String pattern, int tokens) {
    double weights = (double) w.outputs() * w.inputs();
    if (w.window() != null) {
      String family = CostTable.family(w.window());
      if (table.rows().stream().noneMatch(row -> row.pattern().startsWith(family))) {
        return new TreeMap<>(Map.of(Kernels.DENSE, 1.0));
      }
      pattern = family + pattern;
    }
    return table.costs(w.values().type(), pattern, tokens, weights, w.sparsity());
  }
}
