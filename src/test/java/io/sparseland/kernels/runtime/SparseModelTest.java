// SPDX-License-Identifier: Apache-2.0
package io.sparseland.kernels.runtime;

import static io.sparseland.kernels.ElementType.FLOAT32;
import static io.sparseland.kernels.ElementType.INT64;
import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sparseland.kernels.Activation;
import io.sparseland.kernels.BinaryOp;
import io.sparseland.kernels.Kernels;
import io.sparseland.kernels.Tensor;
import io.sparseland.kernels.UnaryOp;
import io.sparseland.kernels.format.ModelContent;
import io.sparseland.kernels.format.ModelDirectory;
import io.sparseland.kernels.format.Provenance;
import io.sparseland.kernels.format.StoredTensor;
import io.sparseland.kernels.graph.ModelGraph;
import io.sparseland.kernels.graph.Node;
import io.sparseland.kernels.graph.Op;
import io.sparseland.kernels.graph.Port;
import io.sparseland.kernels.graph.Size;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class SparseModelTest {

  private static final Size BATCH = Size.symbol("batch");

  static Stream<String> levels() {
    return Kernels.levels().stream();
  }

  @ParameterizedTest
  @MethodSource("levels")
  void a_layer_computes_what_its_equation_says(String level) {
    // relu([1 2] * [[1 -1] [0 2]]' + [0.5 -5]) = relu([-1 + 0.5, 4 - 5])
    try (SparseModel model = SparseModel.of(twoByTwo(), Kernels.of(level))) {
      assertThat(model.kernels()).isEqualTo(level);
      assertThat(model.run(new float[] {1, 2}, 1)).containsExactly(0, 0);
      assertThat(model.run(new float[] {3, 1, 0, 4}, 2)).containsExactly(2.5f, 0, 0, 3);
    }
  }

  @ParameterizedTest
  @MethodSource("levels")
  void random_graphs_agree_with_a_slow_interpreter_in_fp64(String level) {
    int[] batches = {1, 2, 3, 7};
    for (int seed = 0; seed < 60; seed++) {
      agree(RandomModel.of(seed, 4 + seed % 20), Kernels.of(level), batches[seed % 4], seed);
    }
  }

  @ParameterizedTest
  @MethodSource("levels")
  void any_batch_size_runs_on_one_model(String level) {
    ModelContent content = RandomModel.of(11, 15);
    for (int batch : new int[] {1, 2, 3, 7, 64, 1}) {
      agree(content, Kernels.of(level), batch, batch);
    }
  }

  @Test
  @Tag("ci")
  void many_random_graphs_agree_with_a_slow_interpreter_in_fp64() {
    for (int seed = 1000; seed < 3000; seed++) {
      agree(RandomModel.of(seed, 3 + seed % 40), Kernels.best(), 1 + seed % 5, seed);
    }
  }

  @Test
  void rows_do_not_depend_on_the_batch_they_are_in() {
    ModelContent content = RandomModel.of(29, 12);
    Kernels kernels = Kernels.of("java");
    try (SparseModel model = SparseModel.of(content, kernels)) {
      List<Tensor> all = inputs(5, 1);
      float[] together = model.run(all).get(0).toArray();
      Tensor x = Tensor.allocate(FLOAT32, 1, 4, 6, 6);
      x.floats().put(all.get(0).floats().slice(3 * 144, 144));
      Tensor ids = Tensor.allocate(INT64, 1, 5);
      ids.bytes().asLongBuffer().put(all.get(1).bytes().asLongBuffer().slice(15, 5));

      float[] alone = model.run(List.of(x, ids)).get(0).toArray();

      int width = alone.length;
      assertThat(Arrays.copyOfRange(together, 3 * width, 4 * width)).isEqualTo(alone);
    }
  }

  @Test
  void a_stored_model_gives_the_same_bits_as_the_one_in_memory(@TempDir Path folder) {
    ModelContent content = RandomModel.of(7, 20);
    Path directory = folder.resolve("model");
    ModelDirectory.write(directory, content, "{}");

    try (SparseModel memory = SparseModel.of(content, Kernels.best());
        SparseModel stored = SparseModel.load(directory)) {
      assertThat(bits(stored.run(inputs(3, 1)))).isEqualTo(bits(memory.run(inputs(3, 1))));
      assertThat(stored.content()).isEqualTo(content);
    }
  }

  @Test
  void eight_threads_get_the_bits_of_one() throws Exception {
    ModelContent content = RandomModel.of(17, 14);
    int[] batches = {1, 2, 3, 7};
    try (SparseModel model = SparseModel.of(content, Kernels.best())) {
      List<List<ByteBuffer>> expected = new ArrayList<>();
      for (int batch : batches) {
        expected.add(bits(model.run(inputs(batch, batch))));
      }

      inThreads(
          8,
          thread -> {
            for (int i = 0; i < 1000; i++) {
              int which = (i + thread) % batches.length;
              List<ByteBuffer> result = bits(model.run(inputs(batches[which], batches[which])));
              assertThat(result).isEqualTo(expected.get(which));
            }
          });

      assertThat(model.busyExecutions()).isZero();
      assertThat(model.idleExecutions()).isBetween(1, 64);
    }
  }

  @Test
  void executions_are_kept_and_bounded() {
    try (SparseModel model = SparseModel.of(twoByTwo(), Kernels.of("java"))) {
      long before = model.residentBytes();
      for (int i = 0; i < 1000; i++) {
        model.run(new float[2], 1);
      }
      assertThat(model.idleExecutions()).isEqualTo(1);
      for (int batch = 1; batch <= 200; batch++) {
        model.run(new float[2 * batch], batch);
      }
      int most = Math.max(8, 2 * Runtime.getRuntime().availableProcessors());
      assertThat(model.idleExecutions()).isEqualTo(most);
      assertThat(model.residentBytes() - before).isLessThanOrEqualTo(most * 2048L);
    }
  }

  @Test
  void the_pool_lets_go_the_binding_used_least_recently() {
    ExecutionPool pool = new ExecutionPool(2, Long.MAX_VALUE);
    Execution a = use(pool, 1);
    Execution b = use(pool, 2);
    assertThat(use(pool, 1)).isSameAs(a);
    use(pool, 3);

    assertThat(use(pool, 1)).isSameAs(a);
    assertThat(use(pool, 2)).isNotSameAs(b);
    assertThat(pool.idleCount()).isEqualTo(2);
    assertThat(pool.busyCount()).isZero();
  }

  @Test
  void closing_waits_for_running_calls_and_refuses_later_ones() throws Exception {
    SparseModel model = SparseModel.of(RandomModel.of(3, 12), Kernels.best());
    List<ByteBuffer> expected = bits(model.run(inputs(2, 2)));
    AtomicBoolean closed = new AtomicBoolean();
    CountDownLatch running = new CountDownLatch(4);

    inThreads(
        5,
        thread -> {
          if (thread == 4) {
            running.await();
            model.close();
            closed.set(true);
            assertThat(model.busyExecutions()).isZero();
            return;
          }
          assertThat(bits(model.run(inputs(2, 2)))).isEqualTo(expected);
          running.countDown();
          while (true) {
            try {
              assertThat(bits(model.run(inputs(2, 2)))).isEqualTo(expected);
            } catch (IllegalStateException e) {
              assertThat(e).hasMessage("model 'random' is closed");
              return;
            }
          }
        });

    assertThat(closed).isTrue();
    model.close();
    assertThatIllegalStateException().isThrownBy(() -> model.run(inputs(1, 1)));
    assertThat(model.idleExecutions()).isZero();
    assertThat(model.inputs()).hasSize(2);
  }

  @Test
  void wrong_inputs_are_named_with_what_was_found_and_what_is_allowed() {
    try (SparseModel model = SparseModel.of(RandomModel.of(1, 5), Kernels.of("java"))) {
      Tensor x = Tensor.allocate(FLOAT32, 2, 4, 6, 6);
      Tensor ids = Tensor.allocate(INT64, 2, 5);

      refused(model, List.of(x), "found 1 inputs; allowed: 2");
      refused(
          model,
          List.of(Tensor.allocate(FLOAT32, 2, 4, 6, 7), ids),
          "input 'x': found FLOAT32[2, 4, 6, 7]; allowed: FLOAT32[batch, 4, 6, 6]");
      refused(
          model,
          List.of(Tensor.allocate(FLOAT32, 2, 144), ids),
          "input 'x': found FLOAT32[2, 144]; allowed: FLOAT32[batch, 4, 6, 6]");
      refused(
          model,
          List.of(x, Tensor.allocate(FLOAT32, 2, 5)),
          "input 'ids': found FLOAT32[2, 5]; allowed: INT64[batch, 5]");
      refused(
          model,
          List.of(x, Tensor.allocate(INT64, 3, 5)),
          "input 'ids': found INT64[3, 5]; allowed: INT64[batch, 5] with batch = 2 as before");
      assertThatIllegalArgumentException()
          .isThrownBy(() -> model.run(new float[1], 1))
          .withMessageContaining("allowed here: one FLOAT32 input");
      ids.bytes().asLongBuffer().put(0, 11);
      assertThatThrownBy(() -> model.run(List.of(x, ids)))
          .isInstanceOf(IndexOutOfBoundsException.class);
      assertThat(model.busyExecutions()).isZero();
    }
  }

  @Test
  void results_go_into_given_tensors_of_the_right_kind() {
    try (SparseModel model = SparseModel.of(twoByTwo(), Kernels.of("java"))) {
      List<Tensor> x = List.of(Tensor.of(new float[] {0, 4}, 1, 2));
      Tensor y = Tensor.allocate(FLOAT32, 1, 2);

      model.run(x, List.of(y));

      assertThat(y.toArray()).containsExactly(0, 3);
      Tensor readOnly = Tensor.wrap(readOnly(y), FLOAT32, 1, 2);
      for (List<Tensor> bad :
          List.of(
              List.<Tensor>of(),
              List.of(Tensor.allocate(FLOAT32, 2, 1)),
              List.of(Tensor.allocate(INT64, 1, 2)),
              List.of(readOnly))) {
        assertThatIllegalArgumentException()
            .isThrownBy(() -> model.run(x, bad))
            .withMessageContaining("allowed: ");
      }
    }
  }

  @Test
  void an_input_or_a_constant_can_be_an_output_and_inputs_stay_as_they_are() {
    List<Size> shape = List.of(BATCH, Size.of(2));
    ModelContent content =
        new ModelContent(
            new ModelGraph(
                List.of(new Port("x", FLOAT32, shape)),
                List.of(
                    node("flat", new Op.Reshape(List.of(BATCH.times(2))), "x"),
                    node("neg", new Op.Unary(UnaryOp.NEG, 0, 0), "flat"),
                    node("abs", new Op.Unary(UnaryOp.ABS, 0, 0), "neg"),
                    node("unused", new Op.Unary(UnaryOp.EXP, 0, 0), "abs"),
                    node("c", new Op.Constant("c"))),
                List.of(
                    new Port("x", FLOAT32, shape),
                    new Port("neg", FLOAT32, List.of(BATCH.times(2))),
                    new Port("abs", FLOAT32, List.of(BATCH.times(2))),
                    new Port("c", FLOAT32, List.of(Size.of(1))))),
            List.of(StoredTensor.dense("c", List.of(1), FloatBuffer.wrap(new float[] {9}))),
            new Provenance("views", "", 0, Map.of()));
    try (SparseModel model = SparseModel.of(content, Kernels.of("java"))) {
      Tensor x = Tensor.of(new float[] {1, -2}, 1, 2);

      assertThat(model.run(List.of(x)).stream().map(Tensor::toArray))
          .containsExactly(
              new float[] {1, -2}, new float[] {-1, 2}, new float[] {1, 2}, new float[] {9});
      assertThat(x.toArray()).containsExactly(1, -2);
    }
  }

  @Test
  void a_chain_of_element_wise_operations_lives_in_one_buffer() {
    List<Node> nodes = new ArrayList<>();
    nodes.add(node("v0", new Op.Unary(UnaryOp.ABS, 0, 0), "x"));
    for (int i = 1; i < 10; i++) {
      nodes.add(node("v" + i, new Op.BinaryScalar(BinaryOp.ADD, 1, false), "v" + (i - 1)));
    }
    List<Size> shape = List.of(BATCH, Size.of(16));
    ModelContent content =
        new ModelContent(
            new ModelGraph(
                List.of(new Port("x", FLOAT32, shape)),
                nodes,
                List.of(new Port("v9", FLOAT32, shape))),
            List.of(),
            new Provenance("chain", "", 0, Map.of()));
    try (SparseModel model = SparseModel.of(content, Kernels.of("java"))) {
      assertThat(model.run(new float[160], 10)).containsOnly(9f);
      assertThat(model.residentBytes()).isEqualTo(640);
    }
  }

  /** [batch, 2] to relu(x * [[1 -1] [0 2]]' + [0.5 -5]). */
  static ModelContent twoByTwo() {
    List<Size> shape = List.of(BATCH, Size.of(2));
    Op linear = new Op.Linear("w", Optional.of("b"), Activation.RELU);
    return new ModelContent(
        new ModelGraph(
            List.of(new Port("x", FLOAT32, shape)),
            List.of(node("y", linear, "x")),
            List.of(new Port("y", FLOAT32, shape))),
        List.of(
            StoredTensor.dense("w", List.of(2, 2), FloatBuffer.wrap(new float[] {1, -1, 0, 2})),
            StoredTensor.dense("b", List.of(2), FloatBuffer.wrap(new float[] {0.5f, -5}))),
        new Provenance("two by two", "", 0, Map.of()));
  }

  /**
   * Compares with fp64: a chain of at most 40 Lipschitz operations on sums of at most 72 terms
   * loses a few hundred units of 2^-24; 1e-4 of the largest number is far above that, far below a
   * mistake.
   */
  private static void agree(ModelContent content, Kernels kernels, int batch, int seed) {
    List<Tensor> inputs = inputs(batch, seed);
    Map<String, Array> expected =
        new Reference(content)
            .run(
                Map.of("x", doubles(inputs.get(0)), "ids", longs(inputs.get(1))),
                Map.of("batch", (long) batch));
    double scale =
        expected.values().stream()
            .flatMapToDouble(array -> Arrays.stream(array.values()))
            .map(Math::abs)
            .max()
            .orElse(0);
    try (SparseModel model = SparseModel.of(content, kernels)) {
      List<Tensor> results = model.run(inputs);
      for (int i = 0; i < results.size(); i++) {
        Array wanted = requireNonNull(expected.get(content.graph().outputs().get(i).name()));
        float[] found = results.get(i).toArray();
        assertThat(results.get(i).shape()).isEqualTo(wanted.shape());
        for (int j = 0; j < found.length; j++) {
          if (!(Math.abs(found[j] - wanted.values()[j]) <= 1e-4 * scale)) {
            throw new AssertionError(
                "seed %d, batch %d, output %d, element %d: %s instead of %s (largest %s)%n%s"
                    .formatted(
                        seed, batch, i, j, found[j], wanted.values()[j], scale, content.graph()));
          }
        }
      }
    }
  }

  private static List<Tensor> inputs(int batch, long seed) {
    Random random = new Random(seed);
    Tensor x = Tensor.allocate(FLOAT32, batch, 4, 6, 6);
    FloatBuffer floats = x.floats();
    while (floats.hasRemaining()) {
      floats.put((float) random.nextGaussian());
    }
    Tensor ids = Tensor.allocate(INT64, batch, 5);
    for (int i = 0; i < ids.size(); i++) {
      ids.bytes().asLongBuffer().put(i, random.nextInt(11));
    }
    return List.of(x, ids);
  }

  private static Array doubles(Tensor tensor) {
    double[] values = new double[tensor.size()];
    for (int i = 0; i < values.length; i++) {
      values[i] = tensor.floats().get(i);
    }
    return new Array(tensor.shape(), values);
  }

  private static Array longs(Tensor tensor) {
    double[] values = new double[tensor.size()];
    for (int i = 0; i < values.length; i++) {
      values[i] = tensor.bytes().asLongBuffer().get(i);
    }
    return new Array(tensor.shape(), values);
  }

  private static List<ByteBuffer> bits(List<Tensor> tensors) {
    return tensors.stream().map(Tensor::bytes).toList();
  }

  private static ByteBuffer readOnly(Tensor tensor) {
    return tensor.bytes().asReadOnlyBuffer().order(ByteOrder.nativeOrder());
  }

  private static Execution use(ExecutionPool pool, long batch) {
    ModelContent content = twoByTwo();
    Map<String, Long> symbols = Map.of("batch", batch);
    Kernels kernels = Kernels.of("java");
    Execution execution =
        pool.borrow(
            symbols,
            () ->
                new Execution(
                    new Plan(
                        content.graph(),
                        content.graph().infer(content.shapes(), symbols),
                        new Steps(kernels, new Weights(content, kernels), symbols),
                        true),
                    null));
    assertThat(pool.busyCount()).isEqualTo(1);
    pool.giveBack(symbols, execution);
    return execution;
  }

  private static void refused(SparseModel model, List<Tensor> inputs, String message) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> model.run(inputs))
        .withMessageStartingWith(message);
  }

  private static Node node(String output, Op op, String... inputs) {
    return new Node(output, op, List.of(inputs), "");
  }

  private interface Task {
    void run(int thread) throws Exception;
  }

  private static void inThreads(int count, Task task) throws Exception {
    ExecutorService threads = Executors.newFixedThreadPool(count);
    try {
      List<Future<?>> futures = new ArrayList<>();
      for (int i = 0; i < count; i++) {
        int thread = i;
        futures.add(
            threads.submit(
                () -> {
                  task.run(thread);
                  return null;
                }));
      }
      for (Future<?> future : futures) {
        future.get();
      }
    } finally {
      threads.shutdownNow();
    }
  }
}
