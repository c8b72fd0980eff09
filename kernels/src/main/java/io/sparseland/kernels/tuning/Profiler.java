// SPDX-License-Identifier: Apache-2.0
package io.sparseland.kernels.tuning;

import io.sparseland.kernels.ConvShape;
import io.sparseland.kernels.Kernels;
import io.sparseland.kernels.Matrix;
import io.sparseland.kernels.WeightType;
import io.sparseland.kernels.format.CostTable;
import io.sparseland.kernels.format.KernelChoice;
import java.nio.FloatBuffer;
import java.nio.LongBuffer;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.DoubleFunction;
import java.util.function.LongConsumer;

/** Measures the rows of a {@link CostTable} on this machine, with random matrices. */
public final class Profiler {

  private static final int ROUNDS = 21;
  private static final int COLD_ROUNDS = 9;
  private static final double REFUSED = 10; // what no design costs that is worth a choice
  private static final int COLD_WEIGHTS = 1 << 19; // from here on one token meets cold weights

  private final Grid grid;
  private final DesignTimer warm;
  private final DesignTimer cold;

  /**
   * What is measured: every combination.
   *
   * @param types of weights
   * @param tokens at once
   * @param shapes outputs and inputs
   * @param sparsities shares of pruned weights
   * @param convolutions of fp32, each with every pattern of convolutions
   */
  public record Grid(
      List<WeightType> types,
      List<Integer> tokens,
      List<List<Integer>> shapes,
      List<Double> sparsities,
      List<Conv> convolutions) {

    private static final List<String> CONV_PATTERNS = List.of(CostTable.UNSTRUCTURED, "4x1");

    /** A convolution with stride 1 and as many output pixels as input pixels. */
    public record Conv(int kernel, int outputs, int channels, int pixels) {}

    /** Copies the lists. */
    public Grid {
      types = List.copyOf(types);
      tokens = List.copyOf(tokens);
      shapes = List.copyOf(shapes);
      sparsities = List.copyOf(sparsities);
      convolutions = List.copyOf(convolutions);
    }

    /** What a profile that is shipped has. */
    public static Grid full(List<WeightType> types) {
      return new Grid(
          types,
          List.of(1, 8, 32, 128),
          List.of(List.of(256, 256), List.of(1536, 768)),
          List.of(0.0, 0.5, 0.7, 0.8, 0.9, 0.95, 0.99),
          List.of(
              new Conv(3, 64, 64, 3136),
              new Conv(3, 256, 256, 196),
              new Conv(1, 256, 64, 3136),
              new Conv(1, 256, 1024, 196)));
    }

    /** Half a minute. */
    public static Grid quick(List<WeightType> types) {
      return new Grid(
          types,
          List.of(1, 32),
          List.of(List.of(768, 768)),
          List.of(0.0, 0.5, 0.8, 0.9, 0.95),
          List.of(new Conv(3, 128, 128, 784), new Conv(1, 128, 512, 784)));
    }

    /** Number of rows. */
    public long rows() {
      return types.stream().mapToLong(t -> patterns(t).size()).sum() * tokens.size() * shapes.size()
          + (long) convolutions.size() * CONV_PATTERNS.size();
    }

    private static List<String> patterns(WeightType type) {
      return switch (type) {
        case FP32 -> List.of(CostTable.UNSTRUCTURED, "4x1", "4x4", "16x1");
        case BF16 -> List.of(CostTable.UNSTRUCTURED, "4x1", "4x4", "16x2");
        case INT8 -> List.of(CostTable.UNSTRUCTURED, "4x1", "4x4", "16x4");
      };
    }
  }

  /** A profiler of kernels. */
  public Profiler(Kernels kernels, Grid grid) {
    this.grid = grid;
    this.warm = new DesignTimer(kernels, ROUNDS, false);
    this.cold = new DesignTimer(kernels, COLD_ROUNDS, true);
  }

  /**
   * Measures every row.
   *
   * @param done is told how many rows are done
   */
  public CostTable measure(String name, String machine, LongConsumer done) {
    List<CostTable.Row> rows = new ArrayList<>();
    for (WeightType type : grid.types()) {
      for (String pattern : Grid.patterns(type)) {
        for (List<Integer> shape : grid.shapes()) {
          for (int tokens : grid.tokens()) {
            rows.add(row(type, pattern, shape.get(0), shape.get(1), tokens));
            done.accept(rows.size());
          }
        }
      }
    }
    for (Grid.Conv conv : grid.convolutions()) {
      for (String pattern : Grid.CONV_PATTERNS) {
        rows.add(row(conv, pattern));
        done.accept(rows.size());
      }
    }
    return new CostTable(name, machine, rows);
  }

  private CostTable.Row row(WeightType type, String pattern, int outputs, int inputs, int tokens) {
    DesignTimer timer = tokens == 1 && outputs * inputs >= COLD_WEIGHTS ? cold : warm;
    DoubleFunction<Matrix> matrix = s -> random(pattern, outputs, inputs, s).as(type);
    return new CostTable.Row(
        type, pattern, tokens, outputs, inputs, grid.sparsities(), costs(timer, matrix, tokens));
  }

  private CostTable.Row row(Grid.Conv conv, String pattern) {
    ConvShape window = ConvShape.square(conv.kernel(), 1, conv.kernel() / 2);
    int inputs = conv.channels() * conv.kernel() * conv.kernel();
    DoubleFunction<Matrix> matrix = s -> random(pattern, conv.outputs(), inputs, s).under(window);
    return new CostTable.Row(
        WeightType.FP32,
        CostTable.family(window) + pattern,
        conv.pixels(),
        conv.outputs(),
        inputs,
        grid.sparsities(),
        costs(warm, matrix, conv.pixels()));
  }

  private SortedMap<String, List<Double>> costs(
      DesignTimer timer, DoubleFunction<Matrix> matrix, int tokens) {
    SortedMap<String, List<Double>> costs = new TreeMap<>();
    for (int i = 0; i < grid.sparsities().size(); i++) {
      Matrix w = matrix.apply(grid.sparsities().get(i));
      List<DesignTimer.Times> all = timer.timeFinal(w, tokens);
      double dense =
          all.stream()
              .filter(times -> KernelChoice.DENSE.contains(times.design()))
              .mapToDouble(DesignTimer.Times::median)
              .min()
              .orElseGet(() -> all.get(0).median());
      for (DesignTimer.Times times : all) {
        costs
            .computeIfAbsent(times.design(), key -> refused(grid.sparsities().size()))
            .set(i, times.median() / dense);
      }
    }
    return costs;
  }

  /** Costs of a design that has refused all so far. */
  private static List<Double> refused(int count) {
    return new ArrayList<>(Collections.nCopies(count, REFUSED));
  }

  /** Blocks kept at random, the pattern {@code RxC} or single weights; always the same. */
  static Matrix random(String pattern, int outputs, int inputs, double sparsity) {
    String[] block =
        pattern.equals(CostTable.UNSTRUCTURED) ? new String[] {"1", "1"} : pattern.split("x");
    int rows = Integer.parseInt(block[0]);
    int columns = Integer.parseInt(block[1]);
    Random random = new Random(17);
    int across = inputs / columns;
    boolean[] keep = new boolean[outputs / rows * across];
    for (int i = 0; i < keep.length; i++) {
      keep[i] = random.nextDouble() >= sparsity;
    }
    long[] mask = new long[(outputs * inputs + 63) / 64];
    float[] values = new float[outputs * inputs];
    int kept = 0;
    for (int i = 0; i < values.length; i++) {
      if (keep[i / inputs / rows * across + i % inputs / columns]) {
        mask[i / 64] |= 1L << (i % 64);
        values[kept++] = (float) random.nextGaussian();
      }
    }
    return Matrix.sparse(outputs, inputs, LongBuffer.wrap(mask), FloatBuffer.wrap(values, 0, kept));
  }
}
