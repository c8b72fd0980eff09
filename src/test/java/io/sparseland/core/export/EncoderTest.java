// SPDX-License-Identifier: Apache-2.0
package io.sparseland.core.export;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import io.sparseland.core.Masks;
import io.sparseland.kernels.Kernels;
import io.sparseland.kernels.WeightType;
import io.sparseland.kernels.format.CostTable;
import io.sparseland.kernels.runtime.SparseModel;
import io.sparseland.models.Encoder;
import java.nio.file.Path;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A small encoder of stock DJL blocks from PyTorch to the runtime. */
class EncoderTest {

  private static final Shape TOKENS = new Shape(1, 20, 48);

  @TempDir Path folder;

  @ParameterizedTest
  @CsvSource({"FP32, 2e-5", "BF16, 0.03", "INT8, 0.08"})
  void an_exported_encoder_computes_what_djl_does_at_every_level(WeightType type, double bound) {
    try (NDManager manager = NDManager.newBaseManager("PyTorch")) {
      Block block = Exports.initialised(new Encoder(2, 48, 3, 96).get(), manager, 3, TOKENS);
      Masks masks = Exports.prune(block, 0.8, 4, TOKENS);
      ExportOptions options =
          ExportOptions.named("encoder").withType(type).withProfile(CostTable.of("generic"));
      Path target = folder.resolve("model");
      NDList probe = new NDList(Exports.normal(manager, 5, 2, 20, 48));
      new Exporter().export(block, TOKENS, masks, options, target, probe);

      for (String level : Kernels.levels()) {
        try (SparseModel model = SparseModel.load(target, Kernels.of(level))) {
          for (int batch : new int[] {1, 3}) { // 20 and 60 tokens
            NDArray x = Exports.normal(manager, batch, batch, 20, 48);
            float[] expected = Exports.predict(block, x).singletonOrThrow().toFloatArray();
            float[] found = Exports.run(model, x);
            assertThat(distance(found, expected)).as("%s, %d", level, batch).isLessThan(bound);
          }
        }
      }
    }
  }

  /** Root mean square of the difference over that of the expected values. */
  private static double distance(float[] found, float[] expected) {
    assertThat(found).hasSameSizeAs(expected);
    double difference = 0;
    double size = 0;
    for (int i = 0; i < found.length; i++) {
      difference += Math.pow(found[i] - (double) expected[i], 2);
      size += Math.pow(expected[i], 2);
    }
    return Math.sqrt(difference / size);
  }
}
