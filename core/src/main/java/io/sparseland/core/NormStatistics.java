// SPDX-License-Identifier: Apache-2.0
package io.sparseland.core;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDScope;
import ai.djl.ndarray.types.DataType;
import io.sparseland.core.graph.Graph;
import io.sparseland.core.graph.NormStages;
import io.sparseland.core.graph.Stage;
import io.sparseland.core.graph.StagedRun;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Running statistics of batch norms, measured anew: pruning changes what a norm sees, and its
 * statistics are of the model before.
 *
 * <p>Norm after norm in forward order, each on what the earlier ones give with their new
 * statistics: {@code mean = sum x / n} and {@code variance = sum (x - mean)^2 / (n - 1)} of each
 * channel over all examples and places, in fp64. So they are exactly those of the whole data,
 * however it is split into batches; a moving average over training batches tends to them. Weights,
 * scales and shifts stay as they are. Every operation runs once; activations of all batches at one
 * place of the network are in memory at a time.
 */
public final class NormStatistics {

  private NormStatistics() {}

  /**
   * Measures and writes into the live parameters.
   *
   * @param graph of the model, masks and all
   * @param batches inputs; they stay the caller's
   * @return how many norms there are
   * @throws IllegalArgumentException if there is no batch, or a norm sees fewer than two values of
   *     a channel or one that is not finite
   */
  public static int recompute(Graph graph, List<NDList> batches) {
    Check.that(!batches.isEmpty(), "there is no batch to measure batch norms on");
    List<Stage> norms = NormStages.of(graph);
    List<StagedRun> runs = new ArrayList<>();
    try {
      batches.forEach(batch -> runs.add(new StagedRun(graph, batch, java.util.Map.of())));
      for (Stage norm : norms) {
        Torch.withoutGradients(() -> measure(graph, norm, runs));
      }
    } finally {
      runs.forEach(StagedRun::close);
    }
    return norms.size();
  }

  private static void measure(Graph graph, Stage norm, List<StagedRun> runs) {
    NDArray mean = NormStages.mean(graph, norm).parameter().getArray();
    int channels = Math.toIntExact(mean.size());
    Moments moments = new Moments(channels);
    long rows = 0;
    for (StagedRun run : runs) {
      run.advance(norm);
      try (NDScope scope = new NDScope()) {
        scope.suppressNotUsedWarning();
        NDArray input = run.array(norm.uses().get(0).input());
        NDArray values = rows(input, NormStages.axis(graph, norm), channels);
        moments.add(0, values, values);
        rows += values.getShape().get(0);
      }
    }
    String layer = norm.uses().get(0).layer();
    Check.that(rows > 1, "batch norm %s sees one value of each channel only", layer);
    double[] means = moments.sums();
    double[] variances = moments.squares();
    for (int c = 0; c < channels; c++) {
      means[c] /= rows;
      variances[c] /= rows - 1;
    }
    write(layer, mean, means);
    write(layer, NormStages.variance(graph, norm).parameter().getArray(), variances);
  }

  /** {@code [n, channels]} in fp64. */
  private static NDArray rows(NDArray input, int axis, int channels) {
    int rank = input.getShape().dimension();
    int[] last =
        IntStream.concat(IntStream.range(0, rank).filter(d -> d != axis), IntStream.of(axis))
            .toArray();
    return input.toType(DataType.FLOAT64, false).transpose(last).reshape(-1, channels);
  }

  private static void write(String layer, NDArray array, double[] values) {
    Check.that(
        array.getDataType() == DataType.FLOAT32 && !array.getDevice().isGpu(),
        "batch norm %s is %s on %s, allowed: float32 on the CPU",
        layer,
        array.getDataType(),
        array.getDevice());
    try (NDScope scope = new NDScope()) {
      scope.suppressNotUsedWarning();
      FloatBuffer live = array.stopGradient().toByteBuffer(true).asFloatBuffer();
      for (int c = 0; c < values.length; c++) {
        float value = (float) values[c];
        Check.that(Float.isFinite(value), "batch norm %s, channel %d: %s", layer, c, values[c]);
        live.put(c, value);
      }
    }
  }
}
