// SPDX-License-Identifier: Apache-2.0
package io.sparseland.core.export;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.training.ParameterStore;
import io.sparseland.core.Layers;
import io.sparseland.core.Masks;
import io.sparseland.core.graph.TraceInput;
import io.sparseland.kernels.ElementType;
import io.sparseland.kernels.Tensor;
import io.sparseland.kernels.format.CostTable;
import io.sparseland.kernels.runtime.SparseModel;
import io.sparseland.models.Attention;
import io.sparseland.models.Bert;
import io.sparseland.models.CifarResNet;
import io.sparseland.models.Decoder;
import io.sparseland.models.Rotary;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Models of token ids run in the runtime at any batch and length. */
class LanguageModelExportTest {

  private static final int VOCABULARY = 50;

  @TempDir Path folder;

  static Stream<Arguments> models() {
    return Stream.of(
        Arguments.of("decoder of halves", decoder(Rotary.Pairs.HALVES, true)),
        Arguments.of("decoder of neighbours", decoder(Rotary.Pairs.NEIGHBOURS, false)),
        Arguments.of("encoder", new Bert(VOCABULARY, 16, 2, 48, 3, 80, Bert.Output.MEAN)),
        Arguments.of("masked LM", new Bert(VOCABULARY, 16, 1, 48, 3, 80, Bert.Output.VOCABULARY)));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("models")
  void an_exported_model_computes_what_djl_does(String name, Supplier<Block> model) {
    try (NDManager manager = NDManager.newBaseManager("PyTorch")) {
      Block block = Exports.initialised(model.get(), manager, 3, new Shape(1, 8));
      Masks masks = Exports.prune(Layers.of(block, new Shape(1, 8)), 0.6, 4);
      TraceInput input = TraceInput.of(new Shape(2, 8), DataType.INT64).symbol(1, "time");
      ExportOptions options = ExportOptions.named("tiny").withProfile(CostTable.of("generic"));
      Path target = folder.resolve("model");
      NDList probe = new NDList(ids(manager, 1, 2, 9));
      new Exporter().export(block, input, masks, options, target, probe);

      try (SparseModel sparse = SparseModel.load(target)) {
        for (int length : new int[] {1, 5, 16}) {
          NDArray ids = ids(manager, length, 3, length);
          assertClose(run(sparse, ids), Exports.predict(block, ids).head().toFloatArray());
        }
      }
    }
  }

  @ParameterizedTest
  @EnumSource(Rotary.Pairs.class)
  void a_key_value_cache_gives_the_logits_of_whole_passes(Rotary.Pairs pairs) {
    try (NDManager manager = NDManager.newBaseManager("PyTorch")) {
      Decoder decoder = decoder(pairs, true);
      Block block = Exports.initialised(decoder.get(), manager, 3, new Shape(1, 8));
      Masks masks = Exports.prune(Layers.of(block, new Shape(1, 8)), 0.6, 4);
      masks.apply(Layers.of(block, new Shape(1, 8)));
      List<TraceInput> inputs = new ArrayList<>();
      inputs.add(TraceInput.of(new Shape(2, 4), DataType.INT64).symbol(1, "time"));
      for (Shape shape : decoder.cacheShapes(2, 6)) {
        inputs.add(TraceInput.of(shape).symbol(2, "past"));
      }
      ExportOptions options = ExportOptions.named("tiny").withProfile(CostTable.of("generic"));
      NDList probe = new NDList(ids(manager, 1, 2, 3));
      decoder.cacheShapes(2, 5).forEach(s -> probe.add(Exports.normal(manager, 5, s.getShape())));
      new Exporter().export(block, inputs, masks, options, folder.resolve("model"), probe);

      NDArray ids = ids(manager, 7, 1, 12);
      float[] whole = Exports.predict(block, ids).head().get(0).toFloatArray();
      try (SparseModel sparse = SparseModel.load(folder.resolve("model"))) {
        NDList cache = decoder.emptyCache(manager, 1);
        List<Tensor> exported = new ArrayList<>();
        cache.forEach(a -> exported.add(Tensor.allocate(ElementType.FLOAT32, 1, 3, 1, 8)));
        int at = 0;
        for (int more : new int[] {5, 1, 1, 4, 1}) { // any number of tokens at once
          NDArray fed = ids.get(new NDIndex(":,{}:{}", at, at + more));
          NDList in = new NDList(fed);
          in.addAll(cache);
          NDList out = block.forward(new ParameterStore(manager, false), in, false);
          float[] expected = Arrays.copyOfRange(whole, at * VOCABULARY, (at + more) * VOCABULARY);
          assertClose(out.get(0).toFloatArray(), expected);
          cache = out.subNDList(1);

          List<Tensor> given = new ArrayList<>(List.of(tensor(fed)));
          given.addAll(exported);
          List<Tensor> made = sparse.run(given);
          assertClose(made.get(0).toArray(), expected);
          exported.clear();
          exported.addAll(made.subList(1, made.size()));
          at += more;
        }
        assertThat(cache.get(0).getShape()).isEqualTo(new Shape(1, 3, 13, 8));
      }
    }
  }

  @Test
  void a_residual_network_of_option_a_computes_what_djl_does() {
    try (NDManager manager = NDManager.newBaseManager("PyTorch")) {
      Shape shape = new Shape(2, 3, 32, 32);
      Block block = Exports.initialised(new CifarResNet(1, 10).get(), manager, 3, shape);
      Masks masks = Exports.prune(block, 0.6, 4, shape);
      ExportOptions options = ExportOptions.named("tiny").withProfile(CostTable.of("generic"));
      Path target = folder.resolve("model");
      NDArray x = Exports.normal(manager, 5, 2, 3, 32, 32);
      new Exporter().export(block, shape, masks, options, target, new NDList(x));

      try (SparseModel sparse = SparseModel.load(target)) {
        assertClose(Exports.run(sparse, x), Exports.predict(block, x).head().toFloatArray());
      }
    }
  }

  private static Decoder decoder(Rotary.Pairs pairs, boolean tied) {
    Attention attention = new Attention(6, 3, new Rotary(8, 10_000, pairs));
    return new Decoder(VOCABULARY, 16, 2, 48, 80, attention, 1e-5f, tied);
  }

  private static NDArray ids(NDManager manager, long seed, int batch, int length) {
    long[] ids = new Random(seed).longs((long) batch * length, 0, VOCABULARY).toArray();
    return manager.create(ids, new Shape(batch, length));
  }

  private static float[] run(SparseModel model, NDArray ids) {
    return model.run(List.of(tensor(ids))).get(0).toArray();
  }

  private static Tensor tensor(NDArray ids) {
    int batch = (int) ids.getShape().get(0);
    int length = (int) ids.getShape().get(1);
    Tensor input = Tensor.allocate(ElementType.INT64, batch, length);
    input.bytes().asLongBuffer().put(ids.toLongArray());
    return input;
  }

  /** Outputs are of size 1 to 10: fp32 sums over 80 products and two layers, 1e-3 is ample. */
  private static void assertClose(float[] found, float[] expected) {
    assertThat(found).hasSameSizeAs(expected);
    for (int i = 0; i < found.length; i++) {
      assertThat(found[i]).as("index " + i).isCloseTo(expected[i], within(1e-3f));
    }
  }
}
