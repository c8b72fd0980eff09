// SPDX-License-Identifier: Apache-2.0
package io.sparseland.recipes.run;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import io.sparseland.core.Evidence;
import io.sparseland.core.Layer;
import io.sparseland.core.Layers;
import io.sparseland.core.Masks;
import io.sparseland.core.Pattern;
import io.sparseland.core.Pruner;
import io.sparseland.core.Selector;
import io.sparseland.core.Torch;
import io.sparseland.core.export.ExportOptions;
import io.sparseland.core.export.Exporter;
import io.sparseland.core.graph.TraceInput;
import io.sparseland.kernels.format.CostTable;
import io.sparseland.kernels.runtime.SparseModel;
import io.sparseland.models.Decoder;
import io.sparseland.models.files.Llama2cFile;
import io.sparseland.models.files.RealModels;
import io.sparseland.models.text.LanguageModel;
import io.sparseland.pruners.Magnitude;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Tag("models")
class ExportedTextTest {

  private static final int[] START = {1};

  @TempDir Path folder;

  @ParameterizedTest
  @ValueSource(strings = {"unstructured", "2:4"})
  void a_pruned_story_teller_tells_the_same_200_tokens_in_the_runtime(String pattern)
      throws IOException {
    Llama2cFile file =
        Llama2cFile.open(
            RealModels.find("stories260k/stories260K.bin"),
            RealModels.find("stories260k/tok512.bin"));
    try (NDManager manager = NDManager.newBaseManager(Torch.ENGINE)) {
      Block block = file.block();
      block.initialize(manager, DataType.FLOAT32, new Shape(1, 8));
      List<Layer> layers = Selector.all().select(Layers.of(block, new Shape(1, 8)));
      Masks masks =
          Masks.of(
              Pruner.of(new Magnitude())
                  .with(Pattern.parse(pattern))
                  .prune(layers, layer -> Evidence.none(), 0.5));
      masks.apply(layers);
      TraceInput input = TraceInput.of(new Shape(2, 8), DataType.INT64).symbol(1, "time");
      NDList probe = new NDList(manager.create(new long[] {1, 403, 407, 261}, new Shape(1, 4)));
      ExportOptions options = ExportOptions.named("story").withProfile(CostTable.of("generic"));
      new Exporter().export(block, input, masks, options, folder.resolve("m"), probe);

      int[] told =
          Torch.withoutGradients(() -> new LanguageModel(block, manager).greedy(START, 200));

      try (SparseModel sparse = SparseModel.load(folder.resolve("m"))) {
        LanguageModel exported = new LanguageModel(new ExportedBlock(sparse), manager);
        assertThat(exported.greedy(START, 200)).isEqualTo(told);
      }
      Decoder decoder = file.decoder();
      NDList cache = decoder.emptyCache(manager, 1);
      assertThat(
              Torch.withoutGradients(
                  () -> new LanguageModel(block, manager).greedy(START, 200, cache)))
          .isEqualTo(told);
      List<TraceInput> inputs = new ArrayList<>(List.of(input));
      decoder.cacheShapes(2, 6).forEach(s -> inputs.add(TraceInput.of(s).symbol(2, "past")));
      decoder.cacheShapes(1, 3).forEach(s -> probe.add(manager.randomNormal(s)));
      new Exporter().export(block, inputs, masks, options, folder.resolve("cached"), probe);
      try (SparseModel sparse = SparseModel.load(folder.resolve("cached"))) {
        LanguageModel exported = new LanguageModel(new ExportedBlock(sparse), manager);
        assertThat(exported.greedy(START, 200, cache)).isEqualTo(told);
      }
    }
  }
}
