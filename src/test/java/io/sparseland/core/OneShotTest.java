// SPDX-License-Identifier: Apache-2.0
package io.sparseland.core;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.nn.LambdaBlock;
import ai.djl.nn.SequentialBlock;
import ai.djl.nn.convolutional.Conv2d;
import ai.djl.nn.core.Linear;
import ai.djl.training.ParameterStore;
import io.sparseland.core.graph.Graph;
import io.sparseland.core.graph.Tracer;
import io.sparseland.models.Encoder;
import io.sparseland.pruners.BiasCompensation;
import io.sparseland.pruners.LeastSquares;
import io.sparseland.pruners.Magnitude;
import io.sparseland.pruners.SparseGpt;
import io.sparseland.pruners.Wanda;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class OneShotTest {

  private static final Shape SHAPE = new Shape(4, 6, 16);

  private NDManager manager;

  @BeforeEach
  void open() {
    manager = NDManager.newBaseManager();
    manager.getEngine().setRandomSeed(5);
  }

  @AfterEach
  void close() {
    manager.close();
  }

  @Test
  void a_layer_is_scored_on_what_the_layers_before_it_give_now() {
    Block block = encoder();
    Graph graph = Tracer.trace(block, SHAPE);
    List<Layer> layers = linear(graph);
    List<Calibrator.Batch> batches = batches();

    Map<Layer, LayerOutcome> outcomes =
        run(
            new OneShot(Pruner.of(new Wanda()), List.of(), Calibration.sequential()),
            graph,
            layers,
            batches);

    // the last layer's own weights are pruned too, but its inputs come from all others
    Layer last = layers.get(layers.size() - 1);
    Evidence now =
        requireNonNull(
            Calibrator.collect(block, batches, Set.of(Statistic.INPUT_MEAN_SQUARE), layers)
                .get(last.name()));
    float[] weights = Scores.weights(last);
    float[] squares = now.get(Statistic.INPUT_MEAN_SQUARE).toFloatArray();
    Mask mask = requireNonNull(outcomes.get(last)).mask();
    int in = last.geometry().in();
    for (int row = 0; row < last.geometry().out(); row++) {
      double least = Double.POSITIVE_INFINITY;
      for (int c = 0; c < in; c++) {
        if (mask.get(row * in + c)) {
          least = Math.min(least, Math.abs(weights[row * in + c]) * Math.sqrt(squares[c]));
        }
      }
      for (int c = 0; c < in; c++) {
        if (!mask.get(row * in + c)) {
          assertThat(dense(last)[row * in + c] * Math.sqrt(squares[c]))
              .isLessThanOrEqualTo(least + 1e-6);
        }
      }
    }
  }

  private final Map<String, float[]> dense = new java.util.HashMap<>();

  private double[] dense(Layer layer) {
    float[] kept = requireNonNull(dense.get(layer.name()));
    double[] wide = new double[kept.length];
    for (int i = 0; i < kept.length; i++) {
      wide[i] = Math.abs(kept[i]);
    }
    return wide;
  }

  @Test
  void every_step_up_lowers_the_error_of_the_models_output() {
    double wanda = lost(new Wanda(), List.of(), Calibration.sequential());
    double refit = lost(new Wanda(), List.of(new LeastSquares(0.01)), Calibration.sequential());
    double towards = lost(new Wanda(), List.of(new LeastSquares(0.01)), Calibration.towardsDense());

    assertThat(List.of(wanda, refit, towards))
        .isSortedAccordingTo(java.util.Comparator.reverseOrder());
    assertThat(towards).isLessThan(0.9 * refit);
  }

  @Test
  void reconstructions_report_a_smaller_error_than_the_mask_alone() {
    Graph graph = Tracer.trace(encoder(), SHAPE);

    Map<Layer, LayerOutcome> outcomes =
        run(
            new OneShot(
                Pruner.of(SparseGpt.defaults()),
                List.of(new LeastSquares(0.01)),
                Calibration.towardsDense()),
            graph,
            linear(graph),
            batches());

    assertThat(outcomes.values())
        .allSatisfy(
            o -> {
              assertThat(o.errorBefore()).isBetween(0.0, 2.0);
              assertThat(o.errorAfter()).isBetween(0.0, o.errorBefore());
              assertThat(o.mask().sparsity()).isEqualTo(0.5);
            });
    outcomes.forEach(
        (layer, outcome) -> {
          float[] weights = Scores.weights(layer);
          for (int i = 0; i < weights.length; i++) {
            if (!outcome.mask().get(i)) {
              assertThat(Float.floatToRawIntBits(weights[i])).isZero();
            }
          }
        });
  }

  @Test
  void the_error_before_a_reconstruction_is_that_of_the_outputs_themselves() {
    Block block = Linear.builder().setUnits(3).build();
    block.initialize(manager, DataType.FLOAT32, new Shape(6, 4));
    Graph graph = Tracer.trace(block, new Shape(6, 4));
    NDArray x = manager.randomNormal(new Shape(6, 4));
    float[] before = forward(block, x);

    Map<Layer, LayerOutcome> outcomes =
        run(
            new OneShot(Pruner.of(new SparseGpt(0.01, 4)), List.of(), Calibration.sequential()),
            graph,
            Layers.of(graph),
            List.of(Calibrator.Batch.of(new NDList(x))));

    float[] after = forward(block, x); // the bias is zero at the start
    double lost = 0;
    double all = 0;
    for (int i = 0; i < before.length; i++) {
      lost += Math.pow(before[i] - after[i], 2);
      all += Math.pow(before[i], 2);
    }
    assertThat(outcomes.values().iterator().next().errorAfter())
        .isCloseTo(lost / all, within(1e-5));
  }

  @Test
  void weights_towards_the_dense_outputs_are_those_of_the_specification() {
    // post-training.md section 4: Xd = X0, Xs = X0 with column 3 halved
    Layer layer = Fixtures.linear(manager, "w0", 3, 4, Fixtures.w0());
    float[][] x = Fixtures.x0();
    float[] w = Fixtures.w0();
    double[] gram = new double[16];
    double[] cross = new double[12];
    for (float[] row : x) {
      double[] seen = {row[0], row[1], row[2], row[3] / 2.0};
      for (int i = 0; i < 4; i++) {
        for (int j = 0; j < 4; j++) {
          gram[4 * i + j] += seen[i] * seen[j] / 6;
          for (int o = 0; o < 3; o++) {
            cross[3 * i + o] += seen[i] * row[j] * w[4 * o + j] / 6;
          }
        }
      }
    }
    Evidence evidence =
        Evidence.of(
            Map.of(
                Statistic.INPUT_GRAM,
                manager.create(gram, new Shape(4, 4)),
                Statistic.WANTED_OUTPUT,
                manager.create(cross, new Shape(4, 3))),
            6);

    NDArray found = DenseTarget.weight(layer, evidence, 0.01);

    double[] expected = {
      0.917698, -1.123369, 0.681249, 1.527567, -0.704425, 0.380842, 1.504688, -0.381892, 0.075665,
      0.394633, -0.574217, -2.100405
    };
    assertThat(found.toDoubleArray()).containsExactly(expected, within(1e-5));
  }

  @Test
  void convolutions_are_refitted_towards_the_dense_outputs_too() {
    double plain = lostByConvolutions(Calibration.sequential());
    double towards = lostByConvolutions(Calibration.towardsDense());

    assertThat(towards).isLessThan(plain);
  }

  private double lostByConvolutions(Calibration calibration) {
    manager.getEngine().setRandomSeed(9);
    Block block =
        new SequentialBlock()
            .add(conv(8, 1))
            .add(new LambdaBlock(l -> new NDList(l.head().maximum(0))))
            .add(conv(8, 2))
            .add(new LambdaBlock(l -> new NDList(l.head().maximum(0))))
            .add(conv(6, 2));
    Shape shape = new Shape(8, 4, 7, 7);
    block.initialize(manager, DataType.FLOAT32, shape);
    Graph graph = Tracer.trace(block, shape);
    NDArray x = manager.randomNormal(shape);
    float[] before = forward(block, x);
    run(
        new OneShot(Pruner.of(new Magnitude()), List.of(new LeastSquares(0.01)), calibration),
        graph,
        Layers.of(graph),
        List.of(Calibrator.Batch.of(new NDList(x))));
    return distance(before, forward(block, x));
  }

  private static Block conv(int filters, int groups) {
    return Conv2d.builder()
        .setKernelShape(new Shape(3, 3))
        .optPadding(new Shape(1, 1))
        .optGroups(groups)
        .setFilters(filters)
        .build();
  }

  @Test
  void bias_compensation_gives_the_mean_output_back() {
    Block block = Linear.builder().setUnits(5).build();
    block.initialize(manager, DataType.FLOAT32, new Shape(40, 8));
    Graph graph = Tracer.trace(block, new Shape(40, 8));
    NDArray x = manager.randomNormal(new Shape(40, 8)).add(1);
    float[] before = mean(block, x);

    run(
        new OneShot(
            Pruner.of(new Magnitude()), List.of(new BiasCompensation()), Calibration.sequential()),
        graph,
        Layers.of(graph),
        List.of(Calibrator.Batch.of(new NDList(x))));

    assertThat(mean(block, x)).containsExactly(before, within(1e-5f));
  }

  private float[] mean(Block block, NDArray x) {
    return block
        .forward(new ParameterStore(manager, false), new NDList(x), false)
        .head()
        .mean(new int[] {0})
        .toFloatArray();
  }

  @Test
  void a_layer_without_bias_cannot_be_compensated() {
    Block block = Linear.builder().setUnits(5).optBias(false).build();
    block.initialize(manager, DataType.FLOAT32, new Shape(4, 8));
    Graph graph = Tracer.trace(block, new Shape(4, 8));
    OneShot shot =
        new OneShot(
            Pruner.of(new Magnitude()), List.of(new BiasCompensation()), Calibration.sequential());
    List<Calibrator.Batch> data =
        List.of(Calibrator.Batch.of(new NDList(manager.randomNormal(new Shape(4, 8)))));

    assertThatThrownBy(() -> run(shot, graph, Layers.of(graph), data))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("layer linear has no bias");
  }

  @Test
  void no_sparsity_changes_nothing_but_rounding() {
    Block block = encoder();
    Graph graph = Tracer.trace(block, SHAPE);
    NDArray x = batches().get(0).data().head();
    float[] before = forward(block, x);

    new OneShot(
            Pruner.of(SparseGpt.defaults()),
            List.of(new LeastSquares(0.01)),
            Calibration.towardsDense())
        .run(graph, linear(graph), batches(), Map.of(), 0, layer -> null);

    assertThat(forward(block, x)).containsExactly(before, within(1e-4f));
  }

  @Test
  void no_data_is_refused() {
    Graph graph = Tracer.trace(encoder(), SHAPE);
    OneShot shot = new OneShot(Pruner.of(new Wanda()), List.of(), Calibration.sequential());

    assertThatThrownBy(() -> run(shot, graph, linear(graph), List.of()))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("there is no calibration batch");
  }

  private double lost(Criterion criterion, List<Reconstruction> then, Calibration calibration) {
    manager.getEngine().setRandomSeed(5);
    Block block = encoder();
    Graph graph = Tracer.trace(block, SHAPE);
    NDArray test = manager.randomNormal(new Shape(64, 6, 16)).add(0.5);
    float[] before = forward(block, test);
    run(new OneShot(Pruner.of(criterion), then, calibration), graph, linear(graph), batches());
    return distance(before, forward(block, test));
  }

  private static double distance(float[] one, float[] other) {
    double sum = 0;
    for (int i = 0; i < one.length; i++) {
      sum += Math.pow(one[i] - other[i], 2);
    }
    return sum / one.length;
  }

  private Map<Layer, LayerOutcome> run(
      OneShot shot, Graph graph, List<Layer> layers, List<Calibrator.Batch> batches) {
    return shot.run(graph, layers, batches, Map.of(), 0.5, layer -> null);
  }

  private Block encoder() {
    Block block = new Encoder(2, 16, 4, 32).get();
    block.initialize(manager, DataType.FLOAT32, SHAPE);
    for (Layer layer : Layers.of(block, SHAPE)) {
      dense.put(layer.name(), Scores.weights(layer));
    }
    return block;
  }

  private List<Calibrator.Batch> batches() {
    manager.getEngine().setRandomSeed(6);
    return List.of(
        Calibrator.Batch.of(new NDList(manager.randomNormal(new Shape(40, 6, 16)).add(0.5))),
        Calibrator.Batch.of(new NDList(manager.randomNormal(new Shape(24, 6, 16)).add(0.5))));
  }

  private static List<Layer> linear(Graph graph) {
    return Layers.of(graph).stream().filter(l -> l.type() == LayerType.LINEAR).toList();
  }

  private float[] forward(Block block, NDArray x) {
    return Torch.withoutGradients(
        () ->
            block
                .forward(new ParameterStore(manager, false), new NDList(x), false)
                .head()
                .toFloatArray());
  }
}
