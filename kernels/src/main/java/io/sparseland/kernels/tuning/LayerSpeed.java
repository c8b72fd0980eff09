// SPDX-License-Identifier: Apache-2.0
package io.sparseland.kernels.tuning;

import io.sparseland.kernels.Kernels;
import io.sparseland.kernels.Matrix;
import io.sparseland.kernels.format.KernelChoice;
import io.sparseland.kernels.format.StoredTensor;
import io.sparseland.kernels.graph.Node;
import io.sparseland.kernels.graph.Op;
import io.sparseland.kernels.runtime.SparseModel;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;

/**
 * Whether the layers of a model are slower than dense: each design that runs in turns with the
 * dense ones on the same matrix.
 */
public final class LayerSpeed {

  /** A smaller ratio is slower than dense. */
  public static final double SLOWER = 0.97;

  private static final int ROUNDS = 15;
  private static final int AGAIN = 5;

  private final Kernels kernels;

  /** Of kernels, those that the models were loaded for. */
  public LayerSpeed(Kernels kernels) {
    this.kernels = kernels;
  }

  /**
   * One layer.
   *
   * @param tensor its weight
   * @param tokens multiplied at once; of a convolution output pixels
   * @param design what runs it
   * @param ratio of the fastest dense design's time to its own, median of the rounds; 1 when it is
   *     dense itself
   * @param rounds measured: a ratio that was slower than dense counts after five times as many
   * @param slower whether the ratio is below {@value LayerSpeed#SLOWER}
   */
  public record Row(
      String tensor, int tokens, String design, double ratio, int rounds, boolean slower) {}

  /** Measures every masked linear layer, and every masked convolution on one image. */
  public List<Row> measure(SparseModel model, List<Integer> tokens) {
    long bytes =
        model.content().tensors().stream()
            .mapToLong(t -> (long) t.kept() * t.data().type().bytes())
            .sum();
    Map<String, Op> readers = new HashMap<>(); // of weights
    for (Node node : model.content().graph().nodes()) {
      if (node.op() instanceof Op.Linear linear) {
        readers.putIfAbsent(linear.weight(), linear);
      } else if (node.op() instanceof Op.Conv2d conv) {
        readers.putIfAbsent(conv.weight(), conv);
      }
    }
    Map<String, List<Integer>> shapes = new HashMap<>();
    model.content().tensors().forEach(tensor -> shapes.put(tensor.name(), tensor.shape()));
    Map<String, Integer> pixels = OutputPixels.of(model.content().graph(), shapes);
    List<Row> rows = new ArrayList<>();
    for (StoredTensor tensor : model.content().tensors()) {
      Op reader = readers.get(tensor.name());
      if (!tensor.masked() || reader == null) {
        continue;
      }
      if (reader instanceof Op.Conv2d conv) {
        int m = pixels.getOrDefault(tensor.name(), 1);
        Matrix w = tensor.matrix().under(conv.shape());
        rows.add(row(tensor.name(), w, m, model.design(tensor.name(), m), false));
        continue;
      }
      for (int m : tokens) {
        String design = model.design(tensor.name(), m);
        boolean cold = m == 1 && bytes > Measured.CACHE_BYTES;
        rows.add(row(tensor.name(), tensor.matrix(), m, design, cold));
      }
    }
    return rows;
  }

  private Row row(String name, Matrix w, int tokens, String design, boolean cold) {
    if (KernelChoice.DENSE.contains(design)) {
      return new Row(name, tokens, design, 1, 0, false);
    }
    int rounds = ROUNDS;
    double ratio = ratio(w, tokens, design, rounds, cold);
    if (ratio < SLOWER) {
      rounds *= AGAIN;
      ratio = ratio(w, tokens, design, rounds, cold);
    }
    return new Row(name, tokens, design, ratio, rounds, ratio < SLOWER);
  }

  private double ratio(Matrix w, int tokens, String design, int rounds, boolean cold) {
    Predicate<String> compared = d -> d.equals(design) || KernelChoice.DENSE.contains(d);
    List<DesignTimer.Times> all = new DesignTimer(kernels, rounds, cold).time(w, tokens, compared);
    return all.stream()
        .filter(times -> times.design().equals(design))
        .findFirst()
        .flatMap(
            own ->
                all.stream()
                    .filter(times -> !times.design().equals(design))
                    .min(Comparator.comparingDouble(DesignTimer.Times::median))
                    .map(dense -> ratio(dense, own)))
        .orElse(1.0); // nothing dense to compare with
  }

  /** Median of the pairs of one round each; of single times where one was not timed in rounds. */
  static double ratio(DesignTimer.Times dense, DesignTimer.Times own) {
    if (dense.seconds().size() != own.seconds().size()) {
      return dense.median() / own.median();
    }
    List<Double> pairs = new ArrayList<>();
    for (int i = 0; i < own.seconds().size(); i++) {
      pairs.add(dense.seconds().get(i) / own.seconds().get(i));
    }
    return new DesignTimer.Times("ratio", pairs).median();
  }
}
