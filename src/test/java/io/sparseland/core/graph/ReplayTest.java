// SPDX-License-Identifier: Apache-2.0
package io.sparseland.core.graph;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.basicmodelzoo.cv.classification.MobileNetV2;
import ai.djl.basicmodelzoo.cv.classification.ResNetV1;
import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Activation;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import ai.djl.nn.SequentialBlock;
import ai.djl.nn.core.Linear;
import ai.djl.nn.recurrent.LSTM;
import ai.djl.nn.transformer.BertBlock;
import ai.djl.nn.transformer.TransformerEncoderBlock;
import ai.djl.training.GradientCollector;
import ai.djl.training.ParameterStore;
import io.sparseland.core.Torch;
import java.lang.management.GarbageCollectorMXBean;
import java.lang.management.ManagementFactory;
import java.lang.ref.Cleaner;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** The replayed graph against the block it was traced from: same bits, same gradients. */
class ReplayTest {

  private NDManager manager;

  @BeforeEach
  void open() {
    Engine.getEngine("PyTorch").setRandomSeed(11);
    manager = NDManager.newBaseManager("PyTorch");
  }

  @AfterEach
  void close() {
    manager.close();
  }

  @Test
  void mlp_with_batch_norm_and_dropout() {
    Graph graph = equal(BlockZoo.mlp(), new Shape(2, 3, 4), new Shape(5, 3, 4));
    assertThat(graph.sameInTraining()).isTrue();
  }

  @Test
  void convolutions_and_pooling() {
    equal(BlockZoo.lenet5(), new Shape(1, 1, 12, 12), new Shape(7, 1, 12, 12));
  }

  @Test
  void residual_branches_lambdas_and_grouped_convolutions() {
    Graph graph = equal(BlockZoo.residual(), new Shape(2, 4, 6, 6), new Shape(3, 4, 6, 6));
    assertThat(graph.operations())
        .extracting(Operation::name)
        .contains("add", "minimum", "maximum", "sum", "div");
  }

  @Test
  void transformer_encoder_at_other_batches_and_lengths() {
    Block block = initialised(encoder(), new Shape(1, 5, 8));
    Graph graph = Tracer.trace(block, TraceInput.of(new Shape(1, 5, 8)).symbol(1, "seq"));
    assertThat(graph.toString()).contains("[batch, 2, seq, seq]");
    for (Shape shape : List.of(new Shape(1, 5, 8), new Shape(3, 9, 8), new Shape(2, 1, 8))) {
      sameOutputs(block, graph, shape);
    }
    sameGradients(block, graph, new Shape(2, 6, 8));
  }

  @Test
  void a_recurrent_block_whose_first_state_depends_on_the_batch() {
    equal(
        LSTM.builder().setNumLayers(2).setStateSize(4).optBatchFirst(true).build(),
        new Shape(2, 6, 3),
        new Shape(5, 6, 3));
  }

  @Test
  void a_block_that_moves_arrays_between_managers_with_several_inputs() {
    BertBlock block = BertBlock.builder().nano().setTokenDictionarySize(20).build();
    Shape shape = new Shape(1, 128);
    block.initialize(manager, DataType.FLOAT32, shape, shape, shape);
    TraceInput ids = TraceInput.of(shape, DataType.INT64);
    Graph graph = Tracer.trace(block, ids.named("ids"), ids.named("types"), ids.named("mask"));
    assertThat(graph.inputs()).extracting(InputSpec::name).containsExactly("ids", "types", "mask");
    NDList x = new NDList();
    for (int i = 0; i < 3; i++) {
      x.add(manager.randomInteger(0, 2, new Shape(2, 128), DataType.INT64));
    }
    NDList expected = forward(block, x);
    assertThat(bits(forward(new GraphBlock(graph), x))).isEqualTo(bits(expected));
    NDList captured =
        Torch.withoutGradients(
            () ->
                Capture.forward(
                    block,
                    new ParameterStore(manager, false),
                    x,
                    (layer, weight, input, use) -> assertThat(layer).isNotEmpty()));
    assertThat(bits(captured)).isEqualTo(bits(expected));
  }

  @Test
  void hand_written_indices_in_place_steps_and_other_operations_in_training() {
    NDArray scale = manager.create(new float[] {1, 2, 3, 4, 5, 6});
    Block block = new BlockZoo.Handmade(scale);
    block.initialize(manager, DataType.FLOAT32, new Shape(1, 4, 6));
    Graph graph = Tracer.trace(block, TraceInput.of(new Shape(1, 4, 6)).symbol(1, "seq"));
    assertThat(graph.sameInTraining()).isFalse();
    assertThat(graph.trainingOperations()).hasSize(graph.operations().size() + 1);
    for (Shape shape : List.of(new Shape(1, 4, 6), new Shape(3, 7, 6))) {
      sameOutputs(block, graph, shape);
    }
    NDArray x = random(new Shape(2, 3, 6));
    assertThat(bits(forward(new GraphBlock(graph), x, true)))
        .isEqualTo(bits(forward(block, x, true)));
  }

  @Test
  void a_tied_table_is_one_parameter() {
    Block block = initialised(new BlockZoo.Tied(), new Shape(1, 3));
    Graph graph =
        Tracer.trace(block, TraceInput.of(new Shape(1, 3), DataType.INT64).symbol(1, "seq"));
    NDArray ids = manager.create(new long[] {0, 6, 3, 1, 2, 2, 5, 4}, new Shape(2, 4));
    assertThat(bits(forward(new GraphBlock(graph), ids, false)))
        .isEqualTo(bits(forward(block, ids, false)));
    assertThat(gradients(new GraphBlock(graph), graph, ids))
        .isEqualTo(uncollected(() -> gradients(block, graph, ids)));
  }

  @Test
  @Tag("slow")
  void resnet_50_of_the_model_zoo() {
    Block block =
        ResNetV1.builder()
            .setImageShape(new Shape(3, 32, 32))
            .setNumLayers(50)
            .setOutSize(10)
            .build();
    Graph graph = equal(block, new Shape(2, 3, 32, 32), new Shape(3, 3, 32, 32));
    assertThat(graph.operations()).hasSize(173);
  }

  @Test
  @Tag("slow")
  void mobilenet_v2_of_the_model_zoo() {
    Block block = MobileNetV2.builder().setOutSize(10).build();
    Graph graph = equal(block, new Shape(2, 3, 64, 64), new Shape(1, 3, 64, 64));
    assertThat(graph.operations()).hasSize(192);
  }

  private static Block encoder() {
    return new TransformerEncoderBlock(8, 2, 16, 0.1f, Activation::gelu);
  }

  private Graph equal(Block block, Shape shape, Shape other) {
    initialised(block, shape);
    Graph graph = Tracer.trace(block, shape);
    sameOutputs(block, graph, shape);
    sameOutputs(block, graph, other);
    sameGradients(block, graph, shape);
    sameOutputs(block, graph, other); // running statistics moved along
    return graph;
  }

  private void sameOutputs(Block block, Graph graph, Shape shape) {
    NDArray x = random(shape);
    assertThat(bits(forward(new GraphBlock(graph), x, false)))
        .isEqualTo(bits(forward(block, x, false)));
    assertThat(new GraphBlock(graph).getOutputShapes(new Shape[] {shape}))
        .containsExactly(forward(block, x, false).getShapes());
  }

  @Test
  void gradients_do_not_depend_on_a_garbage_collection_before_backward() {
    Block block =
        initialised(
            new SequentialBlock()
                .add(Linear.builder().setUnits(6).build())
                .add(Activation::relu6)
                .add(x -> new NDList(x.head().mul(3).div(2).pow(2)))
                .add(Linear.builder().setUnits(2).build()),
            new Shape(4, 5));
    Graph graph = Tracer.trace(block, new Shape(4, 5));
    NDArray x = random(new Shape(4, 5));
    Map<String, List<FloatBuffer>> expected = uncollected(() -> gradients(block, graph, x));

    assertThat(gradients(new GraphBlock(graph), graph, x, ReplayTest::collectAndReuse))
        .isEqualTo(expected);
  }

  private void sameGradients(Block block, Graph graph, Shape shape) {
    NDArray x = random(shape);
    Map<String, List<FloatBuffer>> expected = uncollected(() -> gradients(block, graph, x));
    assertThat(expected.values().stream().flatMap(List::stream))
        .anyMatch(g -> g.mismatch(FloatBuffer.allocate(g.capacity())) >= 0);
    assertThat(gradients(new GraphBlock(graph), graph, x)).isEqualTo(expected);
  }

  /**
   * A result of a run without a garbage collection. The engine frees the numbers of {@code
   * x.minimum(6)} in a block before backward reads them, so a collection changes the gradients of
   * an original block (a replayed one holds them).
   */
  private static <T> T uncollected(Supplier<T> run) {
    for (int attempt = 0; attempt < 50; attempt++) {
      long before = collections();
      T result = run.get();
      if (collections() == before) {
        return result;
      }
    }
    throw new AssertionError("a garbage collection in each of 50 runs");
  }

  private static long collections() {
    return ManagementFactory.getGarbageCollectorMXBeans().stream()
        .mapToLong(GarbageCollectorMXBean::getCollectionCount)
        .sum();
  }

  /** Collects garbage, and has other values written where freed buffers were. */
  private static void collectAndReuse() {
    CountDownLatch cleaned = new CountDownLatch(1);
    Cleaner.create().register(new Object(), cleaned::countDown);
    do {
      System.gc();
    } while (!await(cleaned));
    for (int i = 0; i < 10_000; i++) {
      ByteBuffer.allocateDirect(Float.BYTES).order(ByteOrder.nativeOrder()).putFloat(-1e3f);
    }
  }

  private static boolean await(CountDownLatch latch) {
    try {
      return latch.await(100, TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  private Map<String, List<FloatBuffer>> gradients(Block block, Graph graph, NDArray x) {
    return gradients(block, graph, x, () -> {});
  }

  private Map<String, List<FloatBuffer>> gradients(
      Block block, Graph graph, NDArray x, Runnable beforeBackward) {
    Engine.getEngine("PyTorch").setRandomSeed(5); // dropout
    Map<String, List<FloatBuffer>> found = new LinkedHashMap<>();
    try (NDManager sub = manager.newSubManager();
        GradientCollector collector = Engine.getEngine("PyTorch").newGradientCollector()) {
      x.attach(sub);
      NDList y = block.forward(new ParameterStore(sub, false), new NDList(x), true);
      beforeBackward.run();
      collector.backward(y.head().square().mean());
      x.attach(manager);
    }
    for (NamedParameter p : graph.parameters()) {
      Parameter parameter = p.parameter();
      if (parameter.requiresGradient()) {
        found.put(p.name(), bits(new NDList(parameter.getArray().getGradient())));
        Torch.zeroGradient(parameter.getArray());
      }
    }
    return found;
  }

  private <B extends Block> B initialised(B block, Shape shape) {
    block.initialize(manager, DataType.FLOAT32, shape);
    return block;
  }

  private NDArray random(Shape shape) {
    return manager.randomNormal(shape);
  }

  private NDList forward(Block block, NDList inputs) {
    return Torch.withoutGradients(
        () -> block.forward(new ParameterStore(manager, false), inputs, false));
  }

  private NDList forward(Block block, NDArray x, boolean training) {
    return Torch.withoutGradients(
        () -> block.forward(new ParameterStore(manager, false), new NDList(x), training));
  }

  /** The values bit for bit, but for the sign of zero: a gradient added to zeros loses it. */
  private static List<FloatBuffer> bits(NDList arrays) {
    List<FloatBuffer> bits = new ArrayList<>();
    for (NDArray array : arrays) {
      float[] values = array.toFloatArray();
      for (int i = 0; i < values.length; i++) {
        values[i] += 0f;
      }
      bits.add(FloatBuffer.wrap(values));
    }
    return bits;
  }
}
