// SPDX-License-Identifier: Apache-2.0
package io.sparseland.core.export;

import ai.djl.engine.Engine;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import io.sparseland.core.Layers;
import io.sparseland.core.Masks;
import io.sparseland.core.Torch;
import io.sparseland.core.graph.Graph;
import io.sparseland.core.graph.NamedParameter;
import io.sparseland.core.graph.TraceInput;
import io.sparseland.core.graph.Tracer;
import io.sparseland.kernels.Kernels;
import io.sparseland.kernels.WeightType;
import io.sparseland.kernels.format.ModelContent;
import io.sparseland.kernels.format.ModelDirectory;
import io.sparseland.kernels.format.Provenance;
import io.sparseland.kernels.runtime.SparseModel;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.UnaryOperator;

/**
 * Writes a block with its masks as a model directory: trace, lower, fold, round to the type of the
 * weights, choose kernels, compare, write, read back, compare again.
 *
 * <p>Everything that can be refused is refused before the first byte is written; if reading back
 * then differs, what was written is removed.
 */
public final class Exporter {

  static final List<UnaryOperator<Draft>> REWRITES =
      List.of(Tidy::removeDead, Tidy::mergePairs, FoldAffine::apply, FuseActivation::apply);

  /** Creates an exporter; it holds no state. */
  public Exporter() {}

  /** Exports a block of one fp32 input whose first dimension is the batch. */
  public ExportResult export(
      Block block, Shape input, Masks masks, ExportOptions options, Path target, NDList probe) {
    return export(block, List.of(TraceInput.of(input)), masks, options, target, probe);
  }

  /** Exports a block of one described input. */
  public ExportResult export(
      Block block,
      TraceInput input,
      Masks masks,
      ExportOptions options,
      Path target,
      NDList probe) {
    return export(block, List.of(input), masks, options, target, probe);
  }

  /**
   * Exports a block.
   *
   * @param block initialised; not changed, except by {@link ExportOptions.Masking#APPLY}
   * @param inputs its inputs, with the dimensions that may vary
   * @param masks masks by layer name; a layer without one stays dense
   * @param target the directory to make; refused if it exists and is not empty
   * @param probe a batch to compare on, as the block takes it
   * @throws IllegalArgumentException if masks do not fit the block's layers, or the target exists
   * @throws io.sparseland.core.graph.TraceException if the block cannot be traced
   * @throws ExportException if the runtime lacks an operation, masked weights are not zero, or the
   *     outputs differ by more than the bound stated at {@code Comparison}
   */
  public ExportResult export(
      Block block,
      List<TraceInput> inputs,
      Masks masks,
      ExportOptions options,
      Path target,
      NDList probe) {
    Graph graph = Tracer.trace(block, inputs.toArray(TraceInput[]::new));
    Map<String, MaskedLayer> masked = MaskedLayer.match(graph, Layers.of(graph), masks);
    if (options.masking() == ExportOptions.Masking.APPLY) {
      masks.apply(masked.values().stream().map(MaskedLayer::layer).toList());
    }
    masked.values().forEach(MaskedLayer::verify);
    try (NDManager manager = NDManager.newBaseManager(Torch.ENGINE)) {
      Comparison comparison = Comparison.prepare(block, graph, probe, manager);
      Draft draft = Lowering.lower(graph, masked, manager).simplified(REWRITES);
      WeightType type = options.form().type();
      if (type != WeightType.FP32) {
        checkPlain(draft, options, comparison);
      }
      Assembly assembly = Assembly.of(draft, masked, options.form());
      ModelContent content =
          new ModelContent(draft.graph(), assembly.tensors(), provenance(options));
      double tolerance = Comparison.tolerance(type);
      Comparison.Difference before = check(content, comparison, tolerance);
      String report = ReportJson.of(before, type, bytesDense(graph), assembly.layers());
      ModelDirectory.write(target, content, report);
      Comparison.Difference after = checkWritten(target, comparison, tolerance);
      return new ExportResult(
          target,
          after.maxAbs(),
          after.maxRelative(),
          bytesDense(graph),
          Written.bytes(target),
          assembly.layers());
    }
  }

  /** Compares the graph as fp32, so that the wider bound of another type hides no mistake. */
  private static void checkPlain(Draft draft, ExportOptions options, Comparison comparison) {
    ModelContent plain =
        new ModelContent(draft.graph(), Assembly.plain(draft), provenance(options));
    check(plain, comparison, Comparison.TOLERANCE);
  }

  private static Comparison.Difference check(
      ModelContent content, Comparison comparison, double tolerance) {
    try (SparseModel model = SparseModel.of(content, Kernels.best())) {
      return comparison.check(model, tolerance);
    }
  }

  private static Comparison.Difference checkWritten(
      Path target, Comparison comparison, double tolerance) {
    boolean same = false;
    try (SparseModel model = SparseModel.load(target)) {
      Comparison.Difference difference = comparison.check(model, tolerance);
      same = true;
      return difference;
    } finally {
      if (!same) {
        Written.delete(target);
      }
    }
  }

  private static long bytesDense(Graph graph) {
    return graph.parameters().stream()
        .map(NamedParameter::parameter)
        .mapToLong(parameter -> parameter.getShape().size() * Float.BYTES)
        .sum();
  }

  private static Provenance provenance(ExportOptions options) {
    Map<String, String> versions = new TreeMap<>();
    versions.put(
        "sparseland",
        Optional.ofNullable(Exporter.class.getPackage().getImplementationVersion())
            .orElse("development"));
    versions.put("djl", Engine.getDjlVersion());
    versions.put("pytorch", Engine.getEngine(Torch.ENGINE).getVersion());
    versions.put("java", Runtime.version().toString());
    return new Provenance(options.name(), options.recipeHash(), options.seed(), versions);
  }
}
