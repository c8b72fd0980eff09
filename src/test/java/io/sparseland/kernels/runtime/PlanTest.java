// SPDX-License-Identifier: Apache-2.0
package io.sparseland.kernels.runtime;

import static io.sparseland.kernels.ElementType.FLOAT32;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.sparseland.kernels.Activation;
import io.sparseland.kernels.BinaryOp;
import io.sparseland.kernels.Kernels;
import io.sparseland.kernels.Tensor;
import io.sparseland.kernels.Threads;
import io.sparseland.kernels.format.KernelChoice;
import io.sparseland.kernels.format.ModelContent;
import io.sparseland.kernels.format.Provenance;
import io.sparseland.kernels.format.StoredTensor;
import io.sparseland.kernels.graph.ModelGraph;
import io.sparseland.kernels.graph.Node;
import io.sparseland.kernels.graph.Op;
import io.sparseland.kernels.graph.Port;
import io.sparseland.kernels.graph.Size;
import java.nio.FloatBuffer;
import java.nio.LongBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** What the planner makes of graphs: layouts, conversions, fused steps. */
class PlanTest {

  private static final int WIDTH = 24;
  private static final Size BATCH = Size.symbol("batch");
  private static final List<Size> TOKENS = List.of(BATCH, Size.of(5), Size.of(WIDTH));

  private final Random random = new Random(5);
  private final List<StoredTensor> tensors = new ArrayList<>();

  @Test
  void values_between_sparse_layers_lie_in_panels_and_sums_are_part_of_the_layer() {
    ModelContent content = feedForward(true);

    assertThat(labels(content, 20, true))
        .containsExactly(
            "convert FLOAT32[20, 5, 24] PANELS",
            "linear FLOAT32[20, 5, 48] PANELS",
            "linear+residual FLOAT32[20, 5, 24] PANELS",
            "layer_norm FLOAT32[20, 5, 24] PANELS",
            "linear FLOAT32[20, 5, 24] ROWS");
  }

  @Test
  void few_tokens_dense_layers_and_a_switch_keep_rows() {
    ModelContent sparse = feedForward(true);
    ModelContent dense = feedForward(false);
    List<String> inRows =
        List.of(
            "linear FLOAT32[3, 5, 48] ROWS",
            "linear+residual FLOAT32[3, 5, 24] ROWS",
            "layer_norm FLOAT32[3, 5, 24] ROWS",
            "linear FLOAT32[3, 5, 24] ROWS");

    assertThat(labels(sparse, 3, true)).isEqualTo(inRows);
    assertThat(labels(sparse, 20, false)).noneMatch(label -> label.endsWith("PANELS"));
    assertThat(labels(dense, 20, true)).noneMatch(label -> label.endsWith("PANELS"));
  }

  @Test
  void results_do_not_depend_on_the_layout_or_on_threads() {
    ModelContent content = feedForward(true);
    int before = Threads.count();
    try (SparseModel panels = SparseModel.of(content, Kernels.best(), true);
        SparseModel rows = SparseModel.of(content, Kernels.best(), false)) {
      for (int batch : new int[] {1, 3, 4, 7, 20, 33}) {
        float[] x = numbers(batch * 5 * WIDTH);
        Threads.set(1);
        float[] one = panels.run(x, batch);
        Threads.set(3);
        float[] three = panels.run(x, batch);
        float[] expected = rows.run(x, batch);
        assertThat(three).isEqualTo(one);
        for (int i = 0; i < one.length; i++) {
          assertThat(one[i]).isCloseTo(expected[i], within(1e-5f));
        }
      }
    } finally {
      Threads.set(before);
    }
  }

  @Test
  void a_value_that_others_need_in_rows_is_converted_once() {
    String w = weight(WIDTH, WIDTH, true);
    List<Node> nodes =
        List.of(
            node("a", linear(w), "x"),
            node("b", linear(w), "a"),
            node("c", linear(w), "a"),
            node("d", new Op.Binary(BinaryOp.MUL), "b", "c"),
            node("turned", new Op.Transpose(List.of(1, 0, 2)), "a"),
            node("again", new Op.Transpose(List.of(1, 0, 2)), "a"));
    List<Size> turned = List.of(Size.of(5), BATCH, Size.of(WIDTH));
    ModelContent content =
        content(
            nodes,
            new Port("d", FLOAT32, TOKENS),
            new Port("turned", FLOAT32, turned),
            new Port("again", FLOAT32, turned));

    assertThat(labels(content, 20, true))
        .containsExactly(
            "linear FLOAT32[20, 5, 24] PANELS",
            "linear FLOAT32[20, 5, 24] PANELS",
            "linear FLOAT32[20, 5, 24] PANELS",
            "binary FLOAT32[20, 5, 24] PANELS",
            "convert FLOAT32[20, 5, 24] ROWS",
            "transpose FLOAT32[5, 20, 24] ROWS",
            "transpose FLOAT32[5, 20, 24] ROWS",
            "convert FLOAT32[20, 5, 24] ROWS");
  }

  @Test
  void transposes_around_a_product_become_the_order_in_which_it_reads() {
    List<Integer> heads = List.of(0, 2, 1, 3);
    Op split = new Op.Reshape(List.of(BATCH, Size.of(5), Size.of(3), Size.of(8)));
    List<Node> nodes =
        List.of(
            node("split", split, "x"),
            node("q", new Op.Transpose(heads), "split"),
            node("k", new Op.Transpose(List.of(0, 2, 3, 1)), "split"),
            node("scores", new Op.MatMul(), "q", "k"),
            node("v", new Op.Transpose(heads), "split"),
            node("mixed", new Op.MatMul(), "scores", "v"),
            node("back", new Op.Transpose(heads), "mixed"),
            node("y", new Op.Reshape(TOKENS), "back"));
    ModelContent content = content(nodes, new Port("y", FLOAT32, TOKENS));

    assertThat(labels(content, 2, true))
        .containsExactly(
            "reshape FLOAT32[2, 5, 3, 8] ROWS",
            "turned matmul FLOAT32[2, 3, 5, 5] ROWS",
            "turned matmul FLOAT32[2, 5, 3, 8] ROWS");
    float[] x = numbers(2 * 5 * WIDTH);
    try (SparseModel model = SparseModel.of(content, Kernels.best())) {
      float[] y = model.run(x, 2);
      for (int i = 0; i < y.length; i++) {
        assertThat((double) y[i]).isCloseTo(mixed(x, i), within(1e-4));
      }
    }
  }

  @Test
  void a_sum_stays_a_sum_when_the_layer_is_read_twice_or_is_an_output() {
    String w = weight(WIDTH, WIDTH, false);
    List<Node> nodes =
        List.of(
            node("a", linear(w), "x"),
            node("sum", new Op.Binary(BinaryOp.ADD), "a", "x"),
            node("twice", new Op.Binary(BinaryOp.ADD), "a", "sum"),
            node("b", linear(w), "twice"),
            node("last", new Op.Binary(BinaryOp.ADD), "b", "b"));
    ModelContent content = content(nodes, new Port("last", FLOAT32, TOKENS));

    assertThat(labels(content, 2, true))
        .extracting(label -> label.substring(0, label.indexOf(' ')))
        .containsExactly("linear", "binary", "binary", "linear", "binary");
  }

  @Test
  void a_profile_tells_calls_and_time_of_each_kind_of_step() {
    ModelContent content = feedForward(true);
    Profile profile = new Profile();
    try (Weights weights = new Weights(content, Kernels.best())) {
      Execution execution = new Execution(plan(content, weights, 4, true), profile);
      Tensor x = Tensor.of(numbers(4 * 5 * WIDTH), 4, 5, WIDTH);
      execution.run(List.of(x), List.of(Tensor.allocate(FLOAT32, 4, 5, WIDTH)));
      execution.run(List.of(x), List.of(Tensor.allocate(FLOAT32, 4, 5, WIDTH)));
    }

    assertThat(profile.toString().lines())
        .hasSize(5)
        .allMatch(line -> line.contains("2 calls"))
        .anyMatch(line -> line.endsWith("layer_norm FLOAT32[4, 5, 24] PANELS"));
  }

  /** The product of a token's head with the scores of its batch, in fp64. */
  private static double mixed(float[] x, int index) {
    int feature = index % WIDTH;
    int token = index / WIDTH % 5;
    int first = index / WIDTH / 5 * 5;
    int head = feature / 8 * 8;
    double sum = 0;
    for (int other = 0; other < 5; other++) {
      double score = 0;
      for (int i = head; i < head + 8; i++) {
        score += x[(first + token) * WIDTH + i] * (double) x[(first + other) * WIDTH + i];
      }
      sum += score * x[(first + other) * WIDTH + feature];
    }
    return sum;
  }

  /** {@code linear(norm(x + linear(gelu(linear(x)))))}. */
  private ModelContent feedForward(boolean sparse) {
    Op wide =
        new Op.Linear(
            weight(2 * WIDTH, WIDTH, sparse), Optional.of(vector(2 * WIDTH)), Activation.GELU);
    List<Node> nodes =
        List.of(
            node("wide", wide, "x"),
            node("narrow", linear(weight(WIDTH, 2 * WIDTH, sparse)), "wide"),
            node("sum", new Op.Binary(BinaryOp.ADD), "x", "narrow"),
            node("norm", new Op.LayerNorm(vector(WIDTH), vector(WIDTH), 1e-5f), "sum"),
            node("y", linear(weight(WIDTH, WIDTH, sparse)), "norm"));
    return content(nodes, new Port("y", FLOAT32, TOKENS));
  }

  private ModelContent content(List<Node> nodes, Port... outputs) {
    ModelGraph graph =
        new ModelGraph(List.of(new Port("x", FLOAT32, TOKENS)), nodes, List.of(outputs));
    List<StoredTensor> stored = List.copyOf(tensors);
    tensors.clear();
    return new ModelContent(graph, stored, new Provenance("plan", "", 0, Map.of()));
  }

  private static List<String> labels(ModelContent content, int batch, boolean panels) {
    try (Weights weights = new Weights(content, Kernels.best())) {
      return plan(content, weights, batch, panels).labels();
    }
  }

  private static Plan plan(ModelContent content, Weights weights, long batch, boolean panels) {
    Map<String, Long> symbols = Map.of("batch", batch);
    return new Plan(
        content.graph(),
        content.graph().infer(content.shapes(), symbols),
        new Steps(Kernels.best(), weights, symbols),
        panels);
  }

  private static Op linear(String weight) {
    return new Op.Linear(weight, Optional.empty(), Activation.NONE);
  }

  private String weight(int n, int k, boolean sparse) {
    String name = "w" + tensors.size();
    if (!sparse) {
      tensors.add(StoredTensor.dense(name, List.of(n, k), FloatBuffer.wrap(numbers(n * k))));
      return name;
    }
    long[] mask = new long[(n * k + 63) / 64];
    for (int i = 0; i < n * k; i += 3) {
      mask[i / 64] |= 1L << (i % 64);
    }
    FloatBuffer kept = FloatBuffer.wrap(numbers((n * k + 2) / 3));
    tensors.add(
        new StoredTensor(
            name,
            List.of(n, k),
            "unstructured",
            LongBuffer.wrap(mask),
            kept,
            KernelChoice.sparse("test")));
    return name;
  }

  private String vector(int n) {
    String name = "v" + tensors.size();
    tensors.add(StoredTensor.dense(name, List.of(n), FloatBuffer.wrap(numbers(n))));
    return name;
  }

  private float[] numbers(int count) {
    float[] values = new float[count];
    for (int i = 0; i < count; i++) {
      values[i] = (float) random.nextGaussian() / 4;
    }
    return values;
  }

  private static Node node(String output, Op op, String... inputs) {
    return new Node(output, op, List.of(inputs), "");
  }
}
