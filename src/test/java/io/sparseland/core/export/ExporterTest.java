// SPDX-License-Identifier: Apache-2.0
package io.sparseland.core.export;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.tuple;

import ai.djl.basicmodelzoo.cv.classification.MobileNetV2;
import ai.djl.basicmodelzoo.cv.classification.ResNetV1;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Activation;
import ai.djl.nn.Block;
import ai.djl.nn.Blocks;
import ai.djl.nn.LambdaBlock;
import ai.djl.nn.ParallelBlock;
import ai.djl.nn.SequentialBlock;
import ai.djl.nn.convolutional.Conv2d;
import ai.djl.nn.core.Embedding;
import ai.djl.nn.core.Linear;
import ai.djl.nn.norm.BatchNorm;
import ai.djl.nn.norm.Dropout;
import ai.djl.nn.pooling.Pool;
import ai.djl.nn.transformer.TransformerEncoderBlock;
import io.sparseland.core.Mask;
import io.sparseland.core.Masks;
import io.sparseland.core.graph.TraceInput;
import io.sparseland.kernels.format.CostTable;
import io.sparseland.kernels.format.FormatException;
import io.sparseland.kernels.format.ModelDirectory;
import io.sparseland.kernels.format.StoredTensor;
import io.sparseland.kernels.graph.Op;
import io.sparseland.kernels.runtime.SparseModel;
import java.io.IOException;
import java.nio.LongBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ExporterTest {

  private static final Masks NO_MASKS = new Masks(Map.of());

  // fp32 sums of a few hundred terms in two orders: 8 * 2^-24 of the largest output, twice, per
  // layer
  private static final double SMALL = 1e-5;

  @TempDir Path folder;

  private final NDManager manager = NDManager.newBaseManager("PyTorch");

  @AfterEach
  void close() {
    manager.close();
  }

  private static SequentialBlock mlp() {
    return new SequentialBlock()
        .add(Blocks.batchFlattenBlock(20))
        .add(Linear.builder().setUnits(64).build())
        .add(Activation::relu)
        .add(Linear.builder().setUnits(48).build())
        .add(Activation.geluBlock())
        .add(Linear.builder().setUnits(5).build());
  }

  private static SequentialBlock lenet() {
    return new SequentialBlock()
        .add(Conv2d.builder().setKernelShape(new Shape(5, 5)).setFilters(6).build())
        .add(Activation::tanh)
        .add(Pool.avgPool2dBlock(new Shape(2, 2), new Shape(2, 2)))
        .add(Conv2d.builder().setKernelShape(new Shape(5, 5)).setFilters(16).build())
        .add(Activation::relu)
        .add(Pool.maxPool2dBlock(new Shape(2, 2), new Shape(2, 2)))
        .add(Blocks.batchFlattenBlock())
        .add(Linear.builder().setUnits(30).build())
        .add(Activation::sigmoid)
        .add(Linear.builder().setUnits(10).build());
  }

  private ExportResult export(Block block, Masks masks, Shape shape, NDArray probe) {
    return new Exporter()
        .export(
            block,
            shape,
            masks,
            ExportOptions.named("test").withProfile(CostTable.of("generic")),
            folder.resolve("model"),
            new NDList(probe));
  }

  private ExportResult pruned(Block block, double sparsity, Shape shape) {
    Exports.initialised(block, manager, 3, shape);
    Masks masks = Exports.prune(block, sparsity, 4, shape);
    long[] batch = shape.getShape().clone();
    batch[0] = 3;
    return export(block, masks, shape, Exports.normal(manager, 5, batch));
  }

  private void assertSameAs(Block block, NDArray input) {
    float[] expected = Exports.predict(block, input).head().toFloatArray();
    try (SparseModel model = SparseModel.load(folder.resolve("model"))) {
      Comparison.Difference difference =
          Comparison.compare(0, Exports.run(model, input), expected, Comparison.TOLERANCE);

      assertThat(difference.maxRelative()).isLessThan(SMALL);
    }
  }

  private List<Class<?>> operations() {
    return ModelDirectory.read(folder.resolve("model")).graph().nodes().stream()
        .<Class<?>>map(node -> node.op().getClass())
        .toList();
  }

  @Test
  void an_mlp_is_stored_sparse_and_computes_the_same_at_any_batch_size() {
    Block block = mlp();
    ExportResult result = pruned(block, 0.9, new Shape(1, 4, 5));

    assertThat(result.maxRelativeError()).isLessThan(SMALL);
    assertThat(result.layers())
        .extracting(LayerReport::layer, LayerReport::kernel, LayerReport::pattern)
        .containsExactly(
            tuple("linear.0", "csr", "unstructured"),
            tuple("linear.1", "csr", "unstructured"),
            tuple("linear.2", "csr", "unstructured"));
    // 20*64 + 64 + 64*48 + 48 + 48*5 + 5 parameters
    assertThat(result.bytesDense()).isEqualTo(4 * 4709);
    for (int batch : new int[] {1, 2, 7}) {
      assertSameAs(block, Exports.normal(manager, 6, batch, 4, 5));
    }
  }

  @Test
  void activations_are_fused_into_the_layers_before_them() {
    pruned(mlp(), 0.5, new Shape(1, 4, 5));

    assertThat(operations())
        .containsExactly(Op.Reshape.class, Op.Linear.class, Op.Linear.class, Op.Linear.class);
  }

  @Test
  void a_convolutional_net_with_pooling_computes_the_same() {
    Block block = lenet();
    ExportResult result = pruned(block, 0.9, new Shape(1, 1, 28, 28));

    assertThat(result.maxRelativeError()).isLessThan(SMALL);
    assertThat(result.bytesSparse()).isLessThan(result.bytesDense());
    assertSameAs(block, Exports.normal(manager, 6, 5, 1, 28, 28));
  }

  @Test
  void batch_norm_is_folded_into_a_convolution_and_the_mask_stays() {
    Block block =
        new SequentialBlock()
            .add(
                Conv2d.builder()
                    .setKernelShape(new Shape(3, 3))
                    .setFilters(8)
                    .optBias(false)
                    .build())
            .add(BatchNorm.builder().build())
            .add(Activation::relu);
    Shape shape = new Shape(1, 4, 6, 6);
    Exports.initialised(block, manager, 3, shape);
    Masks masks = Exports.prune(block, 0.8, 4, shape);
    export(block, masks, shape, Exports.normal(manager, 5, 2, 4, 6, 6));

    assertThat(operations()).containsExactly(Op.Conv2d.class);
    StoredTensor weight = ModelDirectory.read(folder.resolve("model")).tensors().get(0);
    assertThat(words(weight)).isEqualTo(mask(masks, "conv2d").words());
    assertSameAs(block, Exports.normal(manager, 6, 1, 4, 6, 6));
  }

  @Test
  void batch_norm_is_folded_into_a_linear_layer_on_either_axis() {
    Block block =
        new SequentialBlock()
            .add(Linear.builder().setUnits(6).build())
            .add(BatchNorm.builder().optAxis(2).build())
            .add(Linear.builder().setUnits(6).optBias(false).build())
            .add(BatchNorm.builder().optAxis(2).build());
    pruned(block, 0.5, new Shape(1, 3, 4));

    assertThat(operations()).containsExactly(Op.Linear.class, Op.Linear.class);
    assertSameAs(block, Exports.normal(manager, 6, 4, 3, 4));
  }

  @Test
  void batch_norm_without_a_layer_before_it_stays() {
    Block block =
        new SequentialBlock()
            .add(BatchNorm.builder().build())
            .add(Linear.builder().setUnits(6).build());
    pruned(block, 0.5, new Shape(1, 4));

    assertThat(operations()).containsExactly(Op.ChannelAffine.class, Op.Linear.class);
  }

  @Test
  void a_layer_used_twice_is_not_folded() {
    Linear shared = Linear.builder().setUnits(4).build();
    Block block =
        new SequentialBlock()
            .add(shared)
            .add(BatchNorm.builder().build())
            .add(Activation::relu)
            .add(shared);
    pruned(block, 0.5, new Shape(1, 4));

    assertThat(operations())
        .containsExactly(Op.Linear.class, Op.ChannelAffine.class, Op.Unary.class, Op.Linear.class);
    assertSameAs(block, Exports.normal(manager, 6, 4, 4));
  }

  @Test
  void a_residual_block_with_a_lambda_computes_the_same() {
    Block block =
        new SequentialBlock()
            .add(Linear.builder().setUnits(32).build())
            .add(
                new ParallelBlock(
                    outputs -> new NDList(outputs.get(0).head().add(outputs.get(1).head())),
                    List.of(
                        new SequentialBlock()
                            .add(Linear.builder().setUnits(32).build())
                            .add(Activation::relu),
                        Blocks.identityBlock())))
            .add(Dropout.builder().optRate(0.5f).build());
    pruned(block, 0.9, new Shape(1, 16));

    assertSameAs(block, Exports.normal(manager, 6, 5, 16));
  }

  @Test
  void a_transformer_encoder_computes_the_same() {
    Block block = new TransformerEncoderBlock(32, 4, 64, 0.1f, Activation::gelu);
    ExportResult result = pruned(block, 0.9, new Shape(1, 7, 32));

    assertThat(result.layers().stream().filter(layer -> layer.kernel().equals("csr"))).hasSize(6);
    assertSameAs(block, Exports.normal(manager, 6, 2, 7, 32));
  }

  @Test
  void an_embedding_takes_ids_and_any_length() {
    Block block =
        new SequentialBlock()
            .add(new Table())
            .add(x -> new NDList(x.head().mean(new int[] {1})))
            .add(Linear.builder().setUnits(3).build());
    TraceInput ids = TraceInput.of(new Shape(1, 4), DataType.INT64).symbol(1, "seq");
    block.initialize(manager, DataType.FLOAT32, new Shape(1, 4));
    NDArray probe = manager.create(new long[] {0, 1, 9, 3, 2, 5}, new Shape(2, 3));

    ExportResult result =
        new Exporter()
            .export(
                block,
                ids,
                NO_MASKS,
                ExportOptions.named("ids"),
                folder.resolve("model"),
                new NDList(probe));

    assertThat(result.maxRelativeError()).isLessThan(SMALL);
    assertThat(result.layers())
        .extracting(LayerReport::operation)
        .containsExactly("embedding", "linear");
  }

  /** Ten rows of eight. */
  private static final class Table extends ai.djl.nn.AbstractBlock {
    private final ai.djl.nn.Parameter table =
        addParameter(
            ai.djl.nn.Parameter.builder()
                .setName("embedding")
                .setType(ai.djl.nn.Parameter.Type.WEIGHT)
                .optShape(new Shape(10, 8))
                .build());

    @Override
    protected NDList forwardInternal(
        ai.djl.training.ParameterStore store,
        NDList inputs,
        boolean training,
        ai.djl.util.PairList<String, Object> params) {
      NDArray ids = inputs.head();
      NDArray weight = store.getValue(table, ids.getDevice(), training);
      return Embedding.embedding(ids, weight, ai.djl.ndarray.types.SparseFormat.DENSE);
    }

    @Override
    public Shape[] getOutputShapes(Shape[] inputs) {
      return new Shape[] {inputs[0].add(8)};
    }
  }

  @Test
  @Tag("slow")
  void resnet50_computes_the_same() {
    Block block =
        ResNetV1.builder()
            .setImageShape(new Shape(3, 32, 32))
            .setNumLayers(50)
            .setOutSize(10)
            .build();
    ExportResult result = pruned(block, 0.9, new Shape(1, 3, 32, 32));

    assertThat(operations()).doesNotContain(Op.ChannelAffine.class);
    assertThat(result.maxRelativeError()).isLessThan(Comparison.TOLERANCE);
    assertThat(result.bytesSparse()).isLessThan(result.bytesDense() / 5);
  }

  @Test
  @Tag("slow")
  void mobilenet_computes_the_same() {
    Block block = MobileNetV2.builder().setOutSize(10).build();
    ExportResult result = pruned(block, 0.9, new Shape(1, 3, 64, 64));

    assertThat(operations()).doesNotContain(Op.ChannelAffine.class);
    assertThat(result.maxRelativeError()).isLessThan(Comparison.TOLERANCE);
  }

  @Test
  void an_operation_that_cannot_be_lowered_leaves_nothing() {
    Block block =
        new SequentialBlock()
            .add(Linear.builder().setUnits(4).build())
            .add(
                new LambdaBlock(
                    x -> new NDList(x.head().argSort(1).toType(DataType.FLOAT32, false))));
    Shape shape = new Shape(1, 4);
    Exports.initialised(block, manager, 3, shape);

    assertThatThrownBy(() -> export(block, NO_MASKS, shape, Exports.normal(manager, 5, 2, 4)))
        .isInstanceOf(ExportException.class)
        .hasMessageContaining("argSort");
    assertThat(folder).isEmptyDirectory();
  }

  @Test
  void a_masked_weight_that_is_not_zero_is_refused() {
    Block block = mlp();
    Shape shape = new Shape(1, 20);
    Exports.initialised(block, manager, 3, shape);
    Masks masks = Exports.prune(block, 0.5, 4, shape);
    var weight = block.getParameters().values().get(0);
    int pruned = firstPruned(masks, "linear.0");
    Exports.live(weight).put(pruned, 0.25f);

    assertThatThrownBy(() -> export(block, masks, shape, Exports.normal(manager, 5, 2, 20)))
        .isInstanceOf(ExportException.class)
        .hasMessageContaining("layer 'linear.0': weight " + pruned)
        .hasMessageContaining("0.25");
    assertThat(folder).isEmptyDirectory();
  }

  private static Mask mask(Masks masks, String layer) {
    return Objects.requireNonNull(masks.byLayer().get(layer));
  }

  private static long[] words(StoredTensor tensor) {
    LongBuffer mask = Objects.requireNonNull(tensor.mask());
    long[] words = new long[mask.remaining()];
    mask.get(words);
    return words;
  }

  private static int firstPruned(Masks masks, String layer) {
    Mask mask = mask(masks, layer);
    int index = 0;
    while (mask.get(index)) {
      index++;
    }
    return index;
  }

  @Test
  void masks_are_applied_where_asked_for() {
    Block block = mlp();
    Shape shape = new Shape(1, 20);
    Exports.initialised(block, manager, 3, shape);
    Masks masks = Exports.prune(block, 0.5, 4, shape);
    var weight = block.getParameters().values().get(0);
    int pruned = firstPruned(masks, "linear.0");
    Exports.live(weight).put(pruned, 0.25f);

    new Exporter()
        .export(
            block,
            shape,
            masks,
            ExportOptions.named("test").withMasking(ExportOptions.Masking.APPLY),
            folder.resolve("model"),
            new NDList(Exports.normal(manager, 5, 2, 20)));

    assertThat(Exports.live(weight).get(pruned)).isZero();
  }

  @Test
  void a_kept_zero_stays_kept() {
    Block block = Linear.builder().setUnits(2).optBias(false).build();
    Shape shape = new Shape(1, 3);
    Exports.initialised(block, manager, 3, shape);
    Masks masks = Exports.prune(block, 0, 4, shape);
    Exports.live(block.getParameters().values().get(0)).put(1, 0);

    export(block, masks, shape, Exports.normal(manager, 5, 2, 3));

    StoredTensor weight = ModelDirectory.read(folder.resolve("model")).tensors().get(0);
    assertThat(weight.kept()).isEqualTo(6);
    assertThat(words(weight)).containsExactly(0b111111);
  }

  @Test
  void a_mask_of_no_layer_is_refused() {
    Block block = mlp();
    Shape shape = new Shape(1, 20);
    Exports.initialised(block, manager, 3, shape);
    Masks masks =
        new Masks(Map.of("dense.7", mask(Exports.prune(block, 0.5, 4, shape), "linear.0")));

    assertThatThrownBy(() -> export(block, masks, shape, Exports.normal(manager, 5, 2, 20)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("dense.7")
        .hasMessageContaining("linear.0");
  }

  @Test
  void a_weight_that_is_not_finite_is_refused() {
    Block block = mlp();
    Shape shape = new Shape(1, 20);
    Exports.initialised(block, manager, 3, shape);
    Exports.live(block.getParameters().values().get(0)).put(5, Float.NaN);

    assertThatThrownBy(() -> export(block, NO_MASKS, shape, Exports.normal(manager, 5, 2, 20)))
        .isInstanceOf(ExportException.class)
        .hasMessageContaining("'linear.0.weight': element 5 is NaN");
    assertThat(folder).isEmptyDirectory();
  }

  @Test
  void a_target_that_holds_something_is_refused_and_kept() throws IOException {
    Files.createDirectory(folder.resolve("model"));
    Files.writeString(folder.resolve("model/mine.txt"), "mine");
    Block block = mlp();

    assertThatThrownBy(() -> pruned(block, 0.5, new Shape(1, 20)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("model");
    assertThat(folder.resolve("model/mine.txt")).hasContent("mine");
  }

  @Test
  void a_damaged_mask_is_found_at_load() throws IOException {
    pruned(mlp(), 0.9, new Shape(1, 20));
    Path file = folder.resolve("model/weights.safetensors");
    byte[] bytes = Files.readAllBytes(file);
    bytes[bytes.length / 2] ^= 1;
    Files.write(file, bytes);

    assertThatThrownBy(() -> SparseModel.load(folder.resolve("model")))
        .isInstanceOf(FormatException.class)
        .hasMessageContaining("weights.safetensors");
  }

  @Test
  void says_where_the_model_comes_from() {
    Block block = mlp();
    Shape shape = new Shape(1, 20);
    Exports.initialised(block, manager, 3, shape);
    new Exporter()
        .export(
            block,
            shape,
            NO_MASKS,
            ExportOptions.named("mine").fromRecipe("ab12", 17),
            folder.resolve("model"),
            new NDList(Exports.normal(manager, 5, 1, 20)));

    var provenance = ModelDirectory.read(folder.resolve("model")).provenance();
    assertThat(provenance.name()).isEqualTo("mine");
    assertThat(provenance.recipeHash()).isEqualTo("ab12");
    assertThat(provenance.seed()).isEqualTo(17);
    assertThat(provenance.versions()).containsKeys("sparseland", "djl", "pytorch", "java");
    assertThat(ModelDirectory.report(folder.resolve("model"))).contains("max_abs_error");
  }
}
