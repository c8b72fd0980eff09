// SPDX-License-Identifier: Apache-2.0
package io.sparseland.core;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.NDScope;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import io.sparseland.core.graph.LayerUse;
import io.sparseland.core.graph.Patches;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Running sums of one layer in fp64, from which its {@link Evidence} is made. */
final class LayerSums implements AutoCloseable {

  private static final long PIECE_BYTES = 64L << 20; // of unfolded convolution inputs at once

  private final Layer layer;
  private final Set<Statistic> needs;
  private final NDManager manager;
  private final @Nullable NDArray[] grams; // of each group [in, in]
  private final Moments moments;
  private double[] squares = new double[0]; // [groups * in]
  private final @Nullable NDArray[] wanted; // of each group [in, its outputs]
  private double wantedSquares;
  private long rows;
  private @Nullable LayerSums sameInputs;

  LayerSums(Layer layer, Set<Statistic> needs) {
    Geometry g = layer.geometry();
    this.layer = layer;
    this.needs = needs;
    this.manager = layer.parameter().getArray().getManager().newSubManager();
    this.grams = new NDArray[g.groups()];
    this.wanted = new NDArray[g.groups()];
    this.moments = new Moments(g.groups() * g.in());
  }

  /** Takes the statistics of inputs from a layer that sees the same ones. */
  void inputsOf(LayerSums other) {
    sameInputs = other;
  }

  /**
   * Adds a batch of inputs.
   *
   * @param counted 1 for each token that counts and 0 for padding, in the order of the tokens;
   *     null: all count
   * @param wanted the output, bias left out, that the layer should have for them, {@code [tokens,
   *     out]} or in the form of a convolution's output; null without {@link
   *     Statistic#WANTED_OUTPUT}
   */
  void addInput(NDArray input, LayerUse use, @Nullable NDArray counted, @Nullable NDArray wanted) {
    Geometry g = layer.geometry();
    if (use.type() == LayerType.CONVOLUTION) {
      addConvolution(input, use, wanted);
      return;
    }
    NDArray tokens = tokens(input, counted, g.in()); // [tokens, in]
    rows += tokens.getShape().get(0);
    if (sameInputs == null) {
      if (needs.contains(Statistic.INPUT_MEAN_SQUARE)) {
        squares = add(squares, tokens.square().sum(new int[] {0}).toDoubleArray());
      }
      addRows(0, tokens, counted == null ? input : tokens);
    }
    if (wanted != null) {
      addWanted(0, tokens, tokens(wanted, counted, g.out()));
    }
  }

  private void addConvolution(NDArray input, LayerUse use, @Nullable NDArray wanted) {
    Geometry g = layer.geometry();
    rows += Patches.positions(input, g, use);
    if (needs.contains(Statistic.INPUT_MEAN_SQUARE)) {
      squares = add(squares, Patches.sumOfSquares(input, g, use).toDoubleArray());
    }
    if (!needs.contains(Statistic.INPUT_GRAM) && !needsMoments() && wanted == null) {
      return;
    }
    NDArray outputs = wanted == null ? null : positions(wanted, g.out());
    long[] seen = new long[g.groups()];
    Patches.forEach(
        input,
        g,
        use,
        PIECE_BYTES,
        (group, piece) -> {
          NDArray patches = fp64(piece);
          addRows(group, patches, patches);
          long from = seen[group];
          seen[group] += piece.getShape().get(0);
          if (outputs != null) {
            int share = g.out() / g.groups();
            addWanted(
                group,
                patches,
                outputs.get(
                    "%d:%d,%d:%d"
                        .formatted(from, seen[group], group * share, (group + 1) * share)));
          }
        });
  }

  /** A convolution's output as {@code [positions, out]}, fp64. */
  private static NDArray positions(NDArray output, int out) {
    Shape shape = output.getShape();
    NDArray flat = output.reshape(shape.get(0), out, -1); // [N, out, positions]
    return fp64(flat.transpose(0, 2, 1).reshape(-1, out));
  }

  /** Rows of inputs that count, fp64 {@code [tokens, in]}. */
  static NDArray tokens(NDArray input, @Nullable NDArray counted, int in) {
    NDArray rows = input.reshape(-1, in);
    if (counted != null && counted.size() == rows.getShape().get(0)) {
      rows = rows.get(counted.reshape(-1).toType(DataType.BOOLEAN, true));
    }
    return fp64(rows);
  }

  private static NDArray fp64(NDArray array) {
    return array.toType(DataType.FLOAT64, false);
  }

  private boolean needsMoments() {
    return needs.contains(Statistic.INPUT_MEAN)
        || needs.contains(Statistic.INPUT_VARIANCE)
        || needs.contains(Statistic.INPUT_SEQUENCE_VARIANCE);
  }

  private void addRows(int group, NDArray rows, NDArray sequences) {
    if (needs.contains(Statistic.INPUT_GRAM)) {
      grams[group] = accumulate(grams[group], rows.transpose().matMul(rows));
    }
    if (needsMoments()) {
      moments.add(group * layer.geometry().in(), rows, sequences);
    }
  }

  private void addWanted(int group, NDArray inputs, NDArray outputs) {
    wanted[group] = accumulate(wanted[group], inputs.transpose().matMul(outputs));
    wantedSquares += outputs.square().sum().toDoubleArray()[0];
  }

  private NDArray accumulate(@Nullable NDArray sum, NDArray more) {
    if (sum != null) {
      sum.addi(more);
      return sum;
    }
    NDArray first = more.duplicate();
    first.attach(manager);
    NDScope.unregister(first);
    return first;
  }

  /** What has been measured; this may be closed afterwards. */
  Evidence evidence() {
    Geometry g = layer.geometry();
    Shape columns = g.groups() == 1 ? new Shape(g.in()) : new Shape(g.groups(), g.in());
    LayerSums inputs = sameInputs == null ? this : sameInputs;
    Map<Statistic, Measured.Values> values = new LinkedHashMap<>();
    for (Statistic statistic : needs) {
      if (!statistic.ofInputs()) {
        continue;
      }
      Check.that(rows > 0, "layer %s was not used by the calibration data", layer.name());
      Measured.Values measured =
          switch (statistic) {
            case INPUT_MEAN_SQUARE -> means(statistic, inputs.squares, rows, columns);
            case INPUT_GRAM -> means(statistic, inputs.gram(), rows, columns.add(g.in()));
            case INPUT_MEAN -> means(statistic, inputs.moments.sums(), rows, columns);
            case INPUT_VARIANCE ->
                means(statistic, inputs.moments.squares(), Math.max(1, rows - 1), columns);
            case INPUT_SEQUENCE_VARIANCE ->
                means(statistic, inputs.moments.within(), rows, columns);
            case WANTED_OUTPUT -> means(statistic, wanted(), rows, new Shape(g.in(), g.out()));
            case WANTED_SQUARE -> means(statistic, new double[] {wantedSquares}, rows, new Shape());
            default -> throw new IllegalStateException(statistic + " is not of inputs");
          };
      values.put(statistic, measured);
    }
    return new Measured(layer, values);
  }

  private double[] wanted() {
    Geometry g = layer.geometry();
    int share = g.out() / g.groups();
    double[] all = new double[g.in() * g.out()];
    for (int group = 0; group < wanted.length; group++) {
      NDArray sum = wanted[group];
      if (sum == null) {
        throw new IllegalArgumentException("layer " + layer.name() + " has no wanted outputs");
      }
      double[] part = sum.toDoubleArray();
      for (int i = 0; i < g.in(); i++) {
        System.arraycopy(part, i * share, all, i * g.out() + group * share, share);
      }
    }
    return all;
  }

  private double[] gram() {
    int in = layer.geometry().in();
    double[] all = new double[grams.length * in * in];
    for (int g = 0; g < grams.length; g++) {
      NDArray gram = grams[g];
      if (gram != null) {
        System.arraycopy(gram.toDoubleArray(), 0, all, g * in * in, in * in);
      }
    }
    return all;
  }

  private Measured.Values means(Statistic statistic, double[] sums, long count, Shape shape) {
    double[] means = new double[sums.length];
    for (int i = 0; i < sums.length; i++) {
      means[i] = sums[i] / count;
    }
    Measured.checkFinite(statistic, layer, means);
    return new Measured.Values(means, shape, count);
  }

  private static double[] add(double[] sums, double[] more) {
    double[] result = sums.length == 0 ? new double[more.length] : sums;
    for (int i = 0; i < more.length; i++) {
      result[i] += more[i];
    }
    return result;
  }

  @Override
  public void close() {
    manager.close();
  }
}
