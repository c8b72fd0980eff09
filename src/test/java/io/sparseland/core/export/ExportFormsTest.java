// SPDX-License-Identifier: Apache-2.0
package io.sparseland.core.export;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Activation;
import ai.djl.nn.Block;
import ai.djl.nn.Blocks;
import ai.djl.nn.SequentialBlock;
import ai.djl.nn.convolutional.Conv2d;
import ai.djl.nn.core.Linear;
import io.sparseland.core.Masks;
import io.sparseland.kernels.Kernels;
import io.sparseland.kernels.WeightType;
import io.sparseland.kernels.format.CostTable;
import io.sparseland.kernels.format.KernelChoice;
import io.sparseland.kernels.format.ModelDirectory;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Types of weights, and the choice of kernels by measurement or profile. */
class ExportFormsTest {

  private static final double DOUBT = 0.5; // microseconds

  private static final Shape IMAGE = new Shape(1, 1, 12, 12);

  @TempDir Path folder;

  private final NDManager manager = NDManager.newBaseManager("PyTorch");
  private final Block block =
      new SequentialBlock()
          .add(Conv2d.builder().setKernelShape(new Shape(3, 3)).setFilters(4).build())
          .add(Activation::relu)
          .add(Blocks.batchFlattenBlock())
          .add(Linear.builder().setUnits(60).build())
          .add(Activation::relu)
          .add(Linear.builder().setUnits(10).build());

  @AfterEach
  void close() {
    manager.close();
  }

  private ExportResult export(String name, ExportOptions options) {
    Exports.initialised(block, manager, 3, IMAGE);
    Masks masks = Exports.prune(block, 0.9, 4, IMAGE);
    NDList probe = new NDList(Exports.normal(manager, 5, 3, 1, 12, 12));
    return new Exporter().export(block, IMAGE, masks, options, folder.resolve(name), probe);
  }

  private static ExportOptions generic() {
    return ExportOptions.named("forms").withProfile(CostTable.of("generic"));
  }

  @ParameterizedTest
  @CsvSource({"BF16, 1e-6, 0.01", "INT8, 1e-4, 0.05"})
  void weights_of_linear_layers_take_the_type_and_all_else_stays_fp32(
      WeightType type, double least, double most) throws IOException {
    ExportResult plain = export("plain", generic());
    ExportResult result = export("typed", generic().withType(type));

    assertThat(ModelDirectory.read(folder.resolve("typed")).tensors())
        .extracting(tensor -> tensor.name(), tensor -> tensor.data().type())
        .containsExactly(
            tuple("conv2d", WeightType.FP32),
            tuple("conv2d.bias", WeightType.FP32),
            tuple("linear.0", type),
            tuple("linear.0.bias", WeightType.FP32),
            tuple("linear.1", type),
            tuple("linear.1.bias", WeightType.FP32));
    // two layers: a fraction of a per cent with bf16, a few with int8, and never nothing
    assertThat(result.maxRelativeError()).isBetween(least, most);
    assertThat(plain.maxRelativeError()).isLessThan(least);
    assertThat(result.bytesSparse()).isLessThan(plain.bytesSparse());
    assertThat(result.layers())
        .extracting(LayerReport::layer, LayerReport::type)
        .containsExactly(
            tuple("conv2d", WeightType.FP32), tuple("linear.0", type), tuple("linear.1", type));
    assertThat(result.layers().get(0).reason())
        .endsWith("fp32: convolutions are not stored in other types yet");
    assertThat(Files.readString(folder.resolve("typed/report.json")))
        .contains("\"type\" : \"" + type.name().toLowerCase(java.util.Locale.ROOT) + "\"")
        .contains("\"tolerance\" : " + Comparison.tolerance(type))
        .contains("\"max_relative_error\"");
  }

  @Test
  void two_exports_with_a_profile_have_equal_bytes() throws IOException {
    for (WeightType type : WeightType.values()) {
      export(type + "-1", generic().withType(type));
      export(type + "-2", generic().withType(type));

      for (String file : List.of("sparseland.json", "weights.safetensors", "report.json")) {
        Path first = folder.resolve(type + "-1").resolve(file);
        Path second = folder.resolve(type + "-2").resolve(file);
        assertThat(Files.mismatch(first, second)).as("%s %s", type, file).isEqualTo(-1);
      }
    }
  }

  @Test
  void without_a_profile_designs_are_measured_and_the_cheapest_is_taken() throws IOException {
    ExportResult result = export("model", ExportOptions.named("measured"));

    for (LayerReport layer : result.layers().subList(1, 3)) {
      assertThat(layer.design().unit()).isEqualTo("microseconds");
      Map<Integer, SortedMap<String, Double>> costs = layer.design().costs();
      assertThat(costs).containsKeys(1, 32, 128);
      assertThat(costs.get(1)).containsKeys(Kernels.DENSE, layer.design().choice().decode());
      assertThat(layer.design().choice().decode())
          .isEqualTo(cheapest(requireNonNull(costs.get(1)), DOUBT));
      assertThat(layer.design().choice().batch())
          .isEqualTo(
              cheapest(
                  perToken(requireNonNull(costs.get(32)), requireNonNull(costs.get(128))),
                  DOUBT / 32 + DOUBT / 128));
      assertThat(layer.reason()).startsWith("measured: ").contains("1 token ", "x dense");
    }
    assertThat(Files.readString(folder.resolve("model/report.json")))
        .contains("\"unit\" : \"microseconds\"", "\"ratio_to_dense\"", "\"tokens\" : 32");
    assertThat(Files.readString(folder.resolve("model/sparseland.json")))
        .doesNotContain("x dense"); // times stand in the report alone
  }

  /** A token of 32 counts as much as one of 128. */
  private static SortedMap<String, Double> perToken(
      SortedMap<String, Double> of32, SortedMap<String, Double> of128) {
    SortedMap<String, Double> sum = new TreeMap<>(of32);
    sum.replaceAll((design, cost) -> cost / 32 + requireNonNull(of128.get(design)) / 128);
    return sum;
  }

  /** A sparse design must be faster than 1.1 times and the doubt. */
  private static String cheapest(SortedMap<String, Double> costs, double doubt) {
    return costs.entrySet().stream()
        .min(
            Comparator.comparingDouble(
                design ->
                    KernelChoice.DENSE.contains(design.getKey())
                        ? design.getValue()
                        : 1.1 * design.getValue() + doubt))
        .orElseThrow()
        .getKey();
  }

  @Test
  void a_layer_that_would_be_slower_sparse_runs_dense_and_the_report_says_so() {
    CostTable slow = new CostTable("slow", "made up", List.of(row(1), row(32)));

    ExportResult result = export("model", ExportOptions.named("slow").withProfile(slow));

    LayerReport layer = result.layers().get(1);
    assertThat(layer.dense()).isTrue();
    assertThat(layer.reason())
        .isEqualTo(
            "profile 'slow': no sparse design is faster; 1 token 1.00x dense, 32 tokens 1.00x"
                + " dense, 128 tokens 1.00x dense");
  }

  private static CostTable.Row row(int tokens) {
    SortedMap<String, List<Double>> costs = new TreeMap<>();
    costs.put("dense", List.of(1.0));
    costs.put("csr", List.of(1.01));
    return new CostTable.Row(WeightType.FP32, "unstructured", tokens, 10, 10, List.of(0.9), costs);
  }
}
