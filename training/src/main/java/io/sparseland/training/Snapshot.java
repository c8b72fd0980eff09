// SPDX-License-Identifier: Apache-2.0
package io.sparseland.training;

import ai.djl.Model;
import ai.djl.ndarray.NDArray;
import ai.djl.nn.Parameter;
import ai.djl.util.Pair;
import io.sparseland.core.Check;
import java.util.ArrayList;
import java.util.List;

/** All parameters of a model at one moment: to go back to, or to be averaged. */
public final class Snapshot {

  private final List<float[]> values; // one array a parameter, in the block's order

  private Snapshot(List<float[]> values) {
    this.values = values;
  }

  /** What a model holds now; running statistics of batch norms too. */
  public static Snapshot of(Model model) {
    List<float[]> values = new ArrayList<>();
    for (Pair<String, Parameter> each : model.getBlock().getParameters()) {
      values.add(each.getValue().getArray().toFloatArray());
    }
    return new Snapshot(values);
  }

  /** Puts it back; masks are the caller's. */
  public void restore(Model model) {
    int i = 0;
    for (Pair<String, Parameter> each : model.getBlock().getParameters()) {
      NDArray array = each.getValue().getArray();
      Check.that(
          i < values.size() && values.get(i).length == array.size(),
          "parameter '%s' is not that of the snapshot",
          each.getKey());
      array.toByteBuffer(true).asFloatBuffer().put(values.get(i++)); // a live view
    }
  }

  /**
   * The mean of several: a soup. Weights that are 0 in all stay exactly 0.
   *
   * @see <a href="https://arxiv.org/abs/2306.16788">Zimmer et al. 2023, "Sparse Model Soups", alg.
   *     1</a>
   */
  public static Snapshot mean(List<Snapshot> several) {
    Check.that(!several.isEmpty(), "no snapshots to average");
    List<float[]> means = new ArrayList<>();
    for (int p = 0; p < several.get(0).values.size(); p++) {
      float[] mean = new float[several.get(0).values.get(p).length];
      for (int i = 0; i < mean.length; i++) {
        double sum = 0;
        for (Snapshot each : several) {
          sum += each.values.get(p)[i];
        }
        mean[i] = (float) (sum / several.size());
      }
      means.add(mean);
    }
    return new Snapshot(means);
  }
}
