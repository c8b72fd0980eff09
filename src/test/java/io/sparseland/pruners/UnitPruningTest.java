// SPDX-License-Identifier: Apache-2.0
package io.sparseland.pruners;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.training.ParameterStore;
import io.sparseland.core.Calibration;
import io.sparseland.core.Calibrator;
import io.sparseland.core.Criterion;
import io.sparseland.core.Evidence;
import io.sparseland.core.Fixtures;
import io.sparseland.core.Layer;
import io.sparseland.core.LayerOutcome;
import io.sparseland.core.Layers;
import io.sparseland.core.Mask;
import io.sparseland.core.Reconstruction;
import io.sparseland.core.Scores;
import io.sparseland.core.Statistic;
import io.sparseland.core.UnitPruning;
import io.sparseland.core.graph.Graph;
import io.sparseland.core.graph.Tracer;
import io.sparseland.models.Encoder;
import io.sparseland.pruners.Fluctuation.Metric;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Whole units and heads of a small encoder: width 12, 3 heads of 4, 20 hidden units. */
class UnitPruningTest {

  private static final Shape SHAPE = new Shape(6, 5, 12);
  private static final Fluctuation FLAP = new Fluctuation(Metric.WIFV, true, true);

  private NDManager manager;
  private Block block;
  private Graph graph;
  private NDArray x;

  @BeforeEach
  void open() {
    manager = NDManager.newBaseManager();
    manager.getEngine().setRandomSeed(3);
    block = new Encoder(2, 12, 3, 20).get();
    block.initialize(manager, DataType.FLOAT32, SHAPE);
    graph = Tracer.trace(block, SHAPE);
    x = manager.randomNormal(SHAPE);
  }

  @AfterEach
  void close() {
    manager.close();
  }

  @Test
  void head_scores_are_those_of_the_specification() {
    // Two heads of width 2 with column metrics [.2, .3, .9, .6] in one row of ones.
    Layer output = Fixtures.linear(manager, "output", 1, 4, 1, 1, 1, 1);
    Fluctuation ifv = new Fluctuation(Metric.IFV, true, true);

    assertThat(ifv.units(output, variances(.2, .3, .9, .6), 2))
        .containsExactly(new double[] {-0.737459, 0.737459}, within(1e-6));
    assertThat(ifv.units(output, variances(.1, .15, .4, .25), 2))
        .containsExactly(new double[] {-0.698926, 0.698926}, within(1e-6));
    assertThat(ifv.units(output, variances(3, .5, 2, .4), 1))
        .containsExactly(new double[] {1.217406, -0.778341, 0.419107, -0.858171}, within(1e-6));
  }

  @Test
  void a_scaled_and_shifted_metric_scores_alike() {
    Layer back = Fixtures.linear(manager, "back", 1, 4, 1, 1, 1, 1);
    Fluctuation ifv = new Fluctuation(Metric.IFV, true, true);

    assertThat(ifv.units(back, variances(2 * 3 + 7, 2 * .5 + 7, 2 * 2 + 7, 2 * .4 + 7), 1))
        .containsExactly(ifv.units(back, variances(3, .5, 2, .4), 1), within(1e-9));
  }

  @Test
  void rows_and_columns_of_a_unit_go_together_and_the_budget_is_kept() {
    Map<Layer, LayerOutcome> outcomes = prune(FLAP, true, List.of(), dense(), 0.3);

    long kept = outcomes.values().stream().mapToLong(o -> o.mask().kept()).sum();
    long all = outcomes.keySet().stream().mapToLong(l -> l.geometry().size()).sum();
    // the dearest unit is a head: 12 · 4 columns and three times 4 rows of 12
    assertThat((double) kept).isCloseTo(0.7 * all, within(4 * 48 / 2.0 + 1e-6));
    outcomes.forEach(
        (layer, outcome) -> {
          if (layer.name().endsWith("back")) {
            Mask made = mask(outcomes, layer.name().replace("back", "hidden"));
            for (int u = 0; u < 20; u++) {
              assertThat(made.get(12 * u)).isEqualTo(outcome.mask().get(u));
              assertThat(made.get(12 * u + 11)).isEqualTo(outcome.mask().get(11 * 20 + u));
            }
          } else if (layer.name().endsWith("output")) {
            for (String maker : List.of("query", "key", "value")) {
              Mask made = mask(outcomes, layer.name().replace("output", maker));
              for (int c = 0; c < 12; c++) {
                assertThat(made.get(12 * c)).isEqualTo(outcome.mask().get(c / 4 * 4));
              }
            }
          }
        });
  }

  @Test
  void the_pruned_weights_of_makers_do_not_matter() {
    Map<Layer, LayerOutcome> outcomes = prune(new Wanda(), false, List.of(), inOrder(), 0.4);
    float[] pruned = forward();
    outcomes.forEach(
        (layer, outcome) -> { // anything may stand in the rows of units that nobody reads
          if (!layer.name().endsWith("output") && !layer.name().endsWith("back")) {
            var live = layer.weight().toByteBuffer(true).asFloatBuffer();
            for (int i = 0; i < outcome.mask().size(); i++) {
              if (!outcome.mask().get(i)) {
                live.put(i, 5);
              }
            }
          }
        });

    assertThat(forward()).containsExactly(pruned, within(1e-5f));
    assertThat(outcomes.values().stream().filter(o -> o.mask().kept() < o.mask().size()))
        .hasSize(12);
  }

  @Test
  void uniform_takes_the_same_share_of_every_layer() {
    Map<Layer, LayerOutcome> outcomes = prune(new Magnitude(), false, List.of(), dense(), 0.34);

    outcomes.forEach(
        (layer, outcome) -> {
          int units = layer.name().endsWith("back") || layer.name().endsWith("hidden") ? 20 : 3;
          int gone = (int) (0.34 * units); // 6 units, 1 head
          assertThat(outcome.mask().kept())
              .isEqualTo(outcome.mask().size() / units * (units - gone));
        });
  }

  @Test
  void the_mean_output_of_a_reader_stays_with_compensation_and_moves_without() {
    double[] dense = meanOfLastReader();
    double[] without = meanAfter(List.of());
    double[] with = meanAfter(List.of(new BiasCompensation()));

    assertThat(distance(with, dense)).isLessThan(1e-6);
    assertThat(distance(without, dense)).isGreaterThan(1e-3);
  }

  @Test
  void nothing_changes_at_sparsity_0() {
    float[] before = forward();

    prune(FLAP, true, List.of(new BiasCompensation()), dense(), 0);

    assertThat(forward()).containsExactly(before, within(1e-6f));
  }

  @Test
  void a_second_round_takes_more_and_gives_nothing_back() {
    Map<Layer, LayerOutcome> first = prune(FLAP, false, List.of(), dense(), 0.2);
    Map<Layer, LayerOutcome> second =
        run(FLAP, false, List.of(), dense(), 0.5, layer -> mask(first, layer.name()));

    second.forEach(
        (layer, outcome) -> {
          Mask before = mask(first, layer.name());
          assertThat(outcome.mask().isSubsetOf(before)).isTrue();
          int units = before.size() % 20 == 0 ? 20 : 3;
          if (units == 20) {
            assertThat(outcome.mask().kept()).isEqualTo(before.size() / 2);
          }
        });
  }

  @Test
  void units_chosen_are_those_of_a_slow_reference() {
    Map<String, double[]> variances = slowVariances();
    Map<Layer, LayerOutcome> outcomes = prune(FLAP, false, List.of(), dense(), 0.35);

    outcomes.forEach(
        (layer, outcome) -> {
          if (layer.name().endsWith("back")) {
            float[] w = Scores.weights(layer);
            double[] v = variances.getOrDefault(layer.name(), new double[0]);
            double[] wifv = new double[20];
            for (int i = 0; i < w.length; i++) {
              wifv[i % 20] += (double) w[i] * w[i] * v[i % 20];
            }
            double[] sorted = wifv.clone();
            java.util.Arrays.sort(sorted);
            for (int u = 0; u < 20; u++) { // floor(0.35 · 20) = 7 go
              assertThat(outcome.mask().get(u)).isEqualTo(wifv[u] >= sorted[7]);
            }
          }
        });
  }

  @Test
  void layers_that_read_no_units_are_refused() {
    List<Layer> makers = Layers.of(graph).stream().filter(l -> l.name().endsWith("query")).toList();
    UnitPruning method = new UnitPruning(new Magnitude(), false, List.of(), dense(), 0);

    assertThatThrownBy(() -> method.run(graph, makers, List.of(), Map.of(), 0.5, layer -> null))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("query")
        .hasMessageContaining("reads hidden units or attention heads");
  }

  private double[] meanAfter(List<Reconstruction> reconstructions) {
    close();
    open();
    // only the last layer, so that its input stays what it was
    List<Layer> last =
        linear().stream()
            .filter(l -> l.name().contains("1") && l.name().matches(".*(hidden|back)"))
            .toList();
    run(FLAP, false, reconstructions, dense(), 0.5, layer -> null, last);
    return meanOfLastReader();
  }

  /** Mean over tokens of the last {@code back}'s output, bias included. */
  private double[] meanOfLastReader() {
    List<Layer> all = linear();
    Layer back = all.get(all.size() - 1);
    double[] means = new double[12];
    float[][] bias = new float[1][];
    graph.parameters().stream()
        .filter(p -> p.layer().equals(back.name()) && p.parameter() != back.parameter())
        .forEach(p -> bias[0] = p.parameter().getArray().toFloatArray());
    Evidence inputs =
        Calibrator.collect(block, batches(), java.util.Set.of(Statistic.INPUT_MEAN), List.of(back))
            .get(back.name());
    double[] mean =
        java.util.Objects.requireNonNull(inputs).get(Statistic.INPUT_MEAN).toDoubleArray();
    float[] w = Scores.weights(back);
    for (int o = 0; o < 12; o++) {
      means[o] = bias[0].length == 0 ? 0 : bias[0][o];
      for (int i = 0; i < 20; i++) {
        means[o] += w[20 * o + i] * mean[i];
      }
    }
    return means;
  }

  private Map<String, double[]> slowVariances() {
    Map<String, double[]> variances = new LinkedHashMap<>();
    io.sparseland.core.graph.Capture.forward(
        block,
        new ParameterStore(manager, false),
        new NDList(x),
        (name, weight, input, use) -> {
          float[] all = input.toFloatArray();
          int in = (int) input.getShape().get(2);
          double[] v = new double[in];
          for (int c = 0; c < in; c++) {
            double mean = 0;
            for (int t = 0; t < 30; t++) {
              mean += all[t * in + c] / 30.0;
            }
            for (int t = 0; t < 30; t++) {
              v[c] += (all[t * in + c] - mean) * (all[t * in + c] - mean) / 29;
            }
          }
          variances.put(name, v);
        });
    return variances;
  }

  private Map<Layer, LayerOutcome> prune(
      Criterion criterion,
      boolean adaptive,
      List<Reconstruction> reconstructions,
      Calibration calibration,
      double sparsity) {
    return run(criterion, adaptive, reconstructions, calibration, sparsity, layer -> null);
  }

  private Map<Layer, LayerOutcome> run(
      Criterion criterion,
      boolean adaptive,
      List<Reconstruction> reconstructions,
      Calibration calibration,
      double sparsity,
      Function<Layer, @Nullable Mask> present) {
    return run(criterion, adaptive, reconstructions, calibration, sparsity, present, linear());
  }

  private Map<Layer, LayerOutcome> run(
      Criterion criterion,
      boolean adaptive,
      List<Reconstruction> reconstructions,
      Calibration calibration,
      double sparsity,
      Function<Layer, @Nullable Mask> present,
      List<Layer> layers) {
    UnitPruning method = new UnitPruning(criterion, adaptive, reconstructions, calibration, 1);
    Map<String, Evidence> before =
        method.needsBefore().isEmpty()
            ? Map.of()
            : Calibrator.collect(
                block, batches(), method.needsBefore(), method.measured(graph, layers));
    return method.run(graph, layers, batches(), before, sparsity, present);
  }

  private List<Layer> linear() {
    return Layers.of(graph).stream().filter(l -> l.geometry().size() > 12).toList();
  }

  private List<Calibrator.Batch> batches() {
    return List.of(Calibrator.Batch.of(new NDList(x)));
  }

  private static Mask mask(Map<Layer, LayerOutcome> outcomes, String name) {
    return outcomes.entrySet().stream()
        .filter(e -> e.getKey().name().equals(name))
        .findFirst()
        .orElseThrow()
        .getValue()
        .mask();
  }

  private float[] forward() {
    return block
        .forward(new ParameterStore(manager, false), new NDList(x), false)
        .singletonOrThrow()
        .toFloatArray();
  }

  private Evidence variances(double... values) {
    return Evidence.of(Map.of(Statistic.INPUT_VARIANCE, manager.create(values)), 9);
  }

  private static Calibration dense() {
    return Calibration.dense();
  }

  private static Calibration inOrder() {
    return Calibration.sequential();
  }

  private static double distance(double[] a, double[] b) {
    double most = 0;
    for (int i = 0; i < a.length; i++) {
      most = Math.max(most, Math.abs(a[i] - b[i]));
    }
    return most;
  }
}
