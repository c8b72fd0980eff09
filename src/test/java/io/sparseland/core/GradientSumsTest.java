// SPDX-License-Identifier: Apache-2.0
package io.sparseland.core;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.nn.LambdaBlock;
import ai.djl.nn.SequentialBlock;
import ai.djl.nn.core.Linear;
import ai.djl.training.loss.Loss;
import io.sparseland.pruners.Grasp;
import io.sparseland.pruners.Snip;
import io.sparseland.pruners.SynFlow;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The worked case of algorithms/post-training.md section 13. */
class GradientSumsTest {

  private static final Shape SHAPE = new Shape(2, 3);

  private NDManager manager;
  private Block block;
  private List<Layer> layers;

  @BeforeEach
  void open() {
    manager = NDManager.newBaseManager();
    block =
        new SequentialBlock()
            .add(Linear.builder().setUnits(2).optBias(false).build())
            .add(new LambdaBlock(x -> new NDList(x.head().maximum(0))))
            .add(Linear.builder().setUnits(2).optBias(false).build());
    block.initialize(manager, DataType.FLOAT32, SHAPE);
    layers = Layers.of(block, SHAPE);
    set(layers.get(0), .5f, -.4f, .3f, -.2f, .6f, .1f);
    set(layers.get(1), .7f, -.5f, .2f, .9f);
  }

  @AfterEach
  void close() {
    manager.close();
  }

  @Test
  void gradients_are_those_of_the_specification() {
    Map<String, Evidence> evidence = collect(Statistic.GRADIENT);

    assertNear(evidence, 0, Statistic.GRADIENT, 1e-5, -.137, -.0685, -.274, .29608, .02057, .71356);
    assertNear(evidence, 1, Statistic.GRADIENT, 1e-5, -.234, -.1741, .2025, -.06952);
  }

  @Test
  void snip_keeps_what_the_specification_says() {
    assertThat(kept(new Snip(), collect(Statistic.GRADIENT))).isEqualTo("1010011100");
  }

  @Test
  void the_hessian_times_the_gradient_is_that_of_the_specification() {
    Map<String, Evidence> evidence = collect(Statistic.HESSIAN_GRADIENT);

    // fp32 gradients of size 0.5 over a step of 3e-3: about 1e-4
    assertNear(
        evidence,
        0,
        Statistic.HESSIAN_GRADIENT,
        1e-3,
        -0.307396,
        -0.153698,
        -0.614792,
        1.135489,
        0.524509,
        2.312155);
    assertNear(
        evidence, 1, Statistic.HESSIAN_GRADIENT, 1e-3, -0.547866, -0.675831, 0.548125, 0.603353);
    assertThat(kept(new Grasp(), evidence)).isEqualTo("0000110111");
  }

  @Test
  void a_measurement_leaves_every_weight_as_it_was() {
    List<float[]> before = layers.stream().map(Scores::weights).toList();

    collect(Statistic.HESSIAN_GRADIENT);
    collect(Statistic.SYNAPTIC_FLOW);

    for (int l = 0; l < 2; l++) {
      assertThat(Scores.weights(layers.get(l))).isEqualTo(before.get(l));
    }
  }

  @Test
  void synaptic_flow_is_conserved() {
    Map<String, Evidence> evidence = collect(Statistic.SYNAPTIC_FLOW);

    assertNear(evidence, 0, Statistic.SYNAPTIC_FLOW, 1e-6, .45, .36, .27, .28, .84, .14);
    assertNear(evidence, 1, Statistic.SYNAPTIC_FLOW, 1e-6, .84, .45, .24, .81);
  }

  @Test
  void synflow_in_five_rounds_is_that_of_the_specification() {
    Map<Layer, Mask> masks = Map.of();
    List<Long> pruned = new ArrayList<>();
    for (int round = 1; round <= 5; round++) {
      double sparsity = round == 5 ? 0.6 : 1 - Math.pow(0.4, round / 5.0);
      Map<Layer, Mask> present = masks;
      Map<String, Evidence> evidence = collect(Statistic.SYNAPTIC_FLOW);
      masks =
          Pruner.of(new SynFlow())
              .prune(layers, l -> requireNonNull(evidence.get(l.name())), sparsity, present::get);
      Masks.of(masks).apply(layers);
      pruned.add(masks.values().stream().mapToLong(m -> m.size() - m.kept()).sum());
    }

    assertThat(pruned).containsExactly(1L, 3L, 4L, 5L, 6L);
    assertThat(bits(masks)).isEqualTo("1000101001");
  }

  @Test
  void fisher_blocks_are_means_of_products_of_masked_gradients() {
    List<Calibrator.Labelled> data = new ArrayList<>();
    List<float[]> gradients = new ArrayList<>();
    Layer layer = layers.get(0);
    java.util.BitSet keep = new java.util.BitSet();
    keep.set(0, 6);
    keep.clear(1);
    Mask mask = Mask.of(layer.geometry(), Pattern.unstructured(), keep);
    for (int k = 0; k < 37; k++) { // more than are gathered at once
      Calibrator.Labelled one =
          new Calibrator.Labelled(
              new NDList(manager.randomNormal(SHAPE)),
              new NDList(manager.randomNormal(new Shape(2, 2))));
      data.add(one);
      float[] g =
          requireNonNull(
                  Calibrator.collect(
                          block, List.of(one), how(l -> null), Set.of(Statistic.GRADIENT), layers)
                      .get(layer.name()))
              .get(Statistic.GRADIENT)
              .toFloatArray();
      g[1] = 0;
      gradients.add(g);
    }

    Evidence evidence =
        requireNonNull(
            Calibrator.collect(
                    block,
                    data,
                    how(l -> l.equals(layer) ? mask : null),
                    Set.of(Statistic.FISHER),
                    layers)
                .get(layer.name()));

    float[] blocks = evidence.get(Statistic.FISHER).toFloatArray(); // [2, 4, 4], padded
    assertThat(evidence.samples(Statistic.FISHER)).isEqualTo(37);
    for (int i = 0; i < 8; i++) {
      for (int j = 0; j < 4; j++) {
        int other = i / 4 * 4 + j;
        double expected = 0;
        for (float[] g : gradients) {
          expected += i < 6 && other < 6 ? g[i] * g[other] / 37.0 : 0;
        }
        assertThat(blocks[i * 4 + j]).isCloseTo((float) expected, within(1e-5f));
      }
    }
  }

  private Map<String, Evidence> collect(Statistic statistic) {
    NDArray x = manager.create(new float[] {1, .5f, 2, .3f, 1.2f, -.4f}, SHAPE);
    NDArray t = manager.create(new float[] {1, 0, 0, 1}, new Shape(2, 2));
    return Calibrator.collect(
        block,
        List.of(new Calibrator.Labelled(new NDList(x), new NDList(t))),
        how(l -> null),
        Set.of(statistic),
        layers);
  }

  private static Calibrator.Gradients how(
      java.util.function.Function<Layer, @org.jspecify.annotations.Nullable Mask> present) {
    return new Calibrator.Gradients(new HalfSquares(), 4, 1, present);
  }

  /** {@code 0.5 |y - t|^2}, mean over examples. */
  private static final class HalfSquares extends Loss {
    HalfSquares() {
      super("half-squares");
    }

    @Override
    public NDArray evaluate(NDList labels, NDList predictions) {
      NDArray y = predictions.singletonOrThrow();
      return y.sub(labels.singletonOrThrow()).square().sum().div(2 * y.getShape().get(0));
    }
  }

  private String kept(Criterion criterion, Map<String, Evidence> evidence) {
    return bits(
        Pruner.of(criterion).prune(layers, l -> requireNonNull(evidence.get(l.name())), 0.5));
  }

  private String bits(Map<Layer, Mask> masks) {
    StringBuilder text = new StringBuilder();
    layers.forEach(l -> text.append(Fixtures.bits(requireNonNull(masks.get(l))).replace(" ", "")));
    return text.toString();
  }

  private static void set(Layer layer, float... values) {
    layer.parameter().getArray().stopGradient().toByteBuffer(true).asFloatBuffer().put(values);
  }

  private void assertNear(
      Map<String, Evidence> evidence,
      int layer,
      Statistic statistic,
      double tolerance,
      double... expected) {
    float[] found =
        requireNonNull(evidence.get(layers.get(layer).name())).get(statistic).toFloatArray();
    assertThat(found).hasSize(expected.length);
    for (int i = 0; i < found.length; i++) {
      assertThat((double) found[i]).isCloseTo(expected[i], within(tolerance));
    }
  }
}
