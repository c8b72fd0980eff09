// SPDX-License-Identifier: Apache-2.0
package io.sparseland.kernels.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.sparseland.kernels.ElementType;
import io.sparseland.kernels.Kernels;
import io.sparseland.kernels.Tensor;
import io.sparseland.kernels.WeightType;
import io.sparseland.kernels.format.ModelContent;
import io.sparseland.kernels.format.ModelDirectory;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Model directories as past versions wrote them; never written again, readable for ever. */
class GoldenModelTest {

  private static final Path V1 =
      Path.of(System.getProperty("sparseland.root", "."), "src/test/resources/golden/v1");

  private static final Path V2 = V1.resolveSibling("v2");

  static Stream<String> levels() {
    return Kernels.levels().stream();
  }

  @ParameterizedTest
  @MethodSource("levels")
  void version_1_gives_its_known_outputs(String level) throws IOException {
    Tensor x = Tensor.allocate(ElementType.FLOAT32, 2, 4, 6, 6);
    for (int i = 0; i < x.size(); i++) {
      x.floats().put(i, (i * 37 % 101 - 50) / 50f);
    }
    Tensor ids = Tensor.allocate(ElementType.INT64, 2, 5);
    for (int i = 0; i < ids.size(); i++) {
      ids.bytes().asLongBuffer().put(i, i * 3 % 11);
    }
    List<String> expected = Files.readAllLines(V1.resolveSibling("v1-expected.txt")); // from fp64

    compare(V1, level, List.of(x, ids), expected);
  }

  /** int8 and bf16, masked and dense, two designs a layer; x [11, 24]. */
  @ParameterizedTest
  @MethodSource("levels")
  void version_2_gives_its_known_outputs(String level) throws IOException {
    Tensor x = Tensor.allocate(ElementType.FLOAT32, 11, 24);
    for (int i = 0; i < x.size(); i++) {
      x.floats().put(i, (i * 37 % 101 - 50) / 50f);
    }
    // from fp64, with int8 layers computed as docs/format.md says
    List<String> expected = Files.readAllLines(V2.resolveSibling("v2-expected.txt"));

    compare(V2, level, List.of(x), expected);
  }

  @Test
  void version_1_is_still_read() {
    ModelContent content = ModelDirectory.read(V1);

    assertThat(content.provenance().name()).isEqualTo("golden");
    assertThat(content.tensors())
        .allSatisfy(tensor -> assertThat(tensor.data().type()).isEqualTo(WeightType.FP32))
        .extracting(tensor -> tensor.choice().designs())
        .contains("dense", "csr")
        .containsOnly("dense", "csr");
  }

  @Test
  void version_2_is_written_as_it_was(@TempDir Path folder) throws IOException {
    Path again = folder.resolve("again");

    ModelDirectory.write(again, ModelDirectory.read(V2), "{}");

    for (String file : List.of("sparseland.json", "weights.safetensors", "report.json")) {
      assertThat(Files.mismatch(again.resolve(file), V2.resolve(file))).as(file).isEqualTo(-1);
    }
  }

  @Test
  void designs_that_the_kernels_lack_are_replaced_and_told() {
    try (SparseModel model = SparseModel.load(V2, Kernels.of("java"))) {
      assertThat(model.notes())
          .contains(
              "tensor 'a': runs by 'csr', since the java kernels cannot run 'block4': there is no"
                  + " such design",
              "tensor 'e': runs by 'dense', since the java kernels cannot run 'onednn': there is"
                  + " no such design");
    }
  }

  private static void compare(
      Path directory, String level, List<Tensor> inputs, List<String> expected) {
    try (SparseModel model = SparseModel.load(directory, Kernels.of(level))) {
      int line = 0;
      for (Tensor output : model.run(inputs)) {
        for (float value : output.toArray()) {
          // numbers of order 1 through a dozen operations: far above rounding, far below a mistake
          assertThat((double) value)
              .isCloseTo(Double.parseDouble(expected.get(line++)), within(1e-4));
        }
      }
      assertThat(line).isEqualTo(expected.size());
    }
  }
}
