// SPDX-License-Identifier: Apache-2.0
package io.sparseland.core.export;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.nn.Block;
import ai.djl.training.ParameterStore;
import io.sparseland.core.Torch;
import io.sparseland.core.graph.Graph;
import io.sparseland.core.graph.InputSpec;
import io.sparseland.core.graph.TraceInput;
import io.sparseland.kernels.ElementType;
import io.sparseland.kernels.Tensor;
import io.sparseland.kernels.WeightType;
import io.sparseland.kernels.graph.Size;
import io.sparseland.kernels.runtime.SparseModel;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/**
 * Compares the outputs of an exported model with those of the DJL block, on the probe batch and on
 * a second batch size.
 *
 * <p>Bound: {@code max|y - y'| <= t (1 + max|y|)} for each output. The graph itself is compared as
 * fp32, with t = 1e-4. Both sides sum in fp32 in different orders. A dot product of random terms is
 * then off by up to about {@code 8 · 2^-24} of its magnitude ({@code reliability} of the kernels:
 * their alarm), two of them by {@code 1e-6}; errors of layers add up, so a hundred layers, the
 * depth of the deepest networks here, stay below {@code 1e-4} of the largest output. A wrong
 * operation, weight or mask is off by orders of magnitude more.
 *
 * <p>A model with other weights is compared a second time, with t = 0.03 for bf16 and 0.2 for int8.
 * bf16 changes each weight and each input by up to {@code 2^-9} of its size; the errors are
 * independent, so a dot product is off by about {@code 2^-9 sqrt(2)}, 0.3 %, of the size of its
 * terms, and a hundred layers by {@code sqrt(100)} times that, 3 %. int8 rounds to steps of the
 * largest weight of a row over 127; with the largest at four standard deviations that is an error
 * of {@code 4 / (127 sqrt(12))}, 0.9 %, for weights as for inputs, 1.3 % for both, 13 % for a
 * hundred layers.
 */
final class Comparison {

  /** Largest allowed difference, in units of one plus the largest output element. */
  static final double TOLERANCE = 1e-4;

  /** The same by the type of the weights. */
  static double tolerance(WeightType type) {
    return switch (type) {
      case FP32 -> TOLERANCE;
      case BF16 -> 0.03;
      case INT8 -> 0.2;
    };
  }

  /** One batch with what DJL makes of it. */
  private record Case(List<Tensor> inputs, List<float[]> expected) {}

  /** Largest differences over all cases; relative to the largest element of the output. */
  record Difference(double maxAbs, double maxRelative) {}

  private final List<Case> cases = new ArrayList<>();

  private Comparison() {}

  /**
   * Runs the block on the probe, and on its first example alone (or, when that is the probe, on two
   * copies) if the batch size may vary.
   */
  static Comparison prepare(Block block, Graph graph, NDList probe, NDManager manager) {
    Comparison comparison = new Comparison();
    comparison.add(block, probe, manager);
    if (graph.symbols().contains(TraceInput.BATCH)) {
      NDList other = new NDList();
      for (int i = 0; i < probe.size(); i++) {
        other.add(resized(graph.inputs().get(i), probe.get(i), manager));
      }
      comparison.add(block, other, manager);
    }
    return comparison;
  }

  private static NDArray resized(InputSpec input, NDArray array, NDManager manager) {
    int axis = input.shape().indexOf(Size.symbol(TraceInput.BATCH));
    NDArray copy = copy(array, manager);
    if (axis < 0) {
      return copy;
    }
    return copy.size(axis) > 1 ? copy.split(copy.size(axis), axis).get(0) : copy.concat(copy, axis);
  }

  private static NDArray copy(NDArray array, NDManager manager) {
    NDArray copy = array.duplicate();
    copy.attach(manager);
    return copy;
  }

  private void add(Block block, NDList batch, NDManager manager) {
    List<Tensor> inputs = batch.stream().map(Comparison::tensor).toList();
    NDList copies = new NDList();
    batch.forEach(array -> copies.add(copy(array, manager)));
    NDList outputs =
        Torch.withoutGradients(
            () -> block.forward(new ParameterStore(manager, false), copies, false));
    cases.add(new Case(inputs, outputs.stream().map(NDArray::toFloatArray).toList()));
  }

  private static Tensor tensor(NDArray array) {
    ElementType type =
        switch (array.getDataType()) {
          case INT32 -> ElementType.INT32;
          case INT64 -> ElementType.INT64;
          default -> ElementType.FLOAT32;
        };
    int[] shape = Arrays.stream(array.getShape().getShape()).mapToInt(Math::toIntExact).toArray();
    Tensor tensor = Tensor.allocate(type, shape);
    ByteBuffer bytes = array.toByteBuffer().order(ByteOrder.nativeOrder());
    tensor.bytes().put(bytes);
    return tensor;
  }

  /**
   * Runs the model on every case.
   *
   * @throws ExportException if an output differs by more than the bound, or is not finite
   */
  Difference check(SparseModel model, double tolerance) {
    double maxAbs = 0;
    double maxRelative = 0;
    for (Case one : cases) {
      List<Tensor> outputs = model.run(one.inputs());
      if (outputs.size() != one.expected().size()) {
        throw new ExportException(outputs.size() + " outputs; DJL gives " + one.expected().size());
      }
      for (int i = 0; i < outputs.size(); i++) {
        Difference difference =
            compare(i, outputs.get(i).toArray(), one.expected().get(i), tolerance);
        maxAbs = Math.max(maxAbs, difference.maxAbs());
        maxRelative = Math.max(maxRelative, difference.maxRelative());
      }
    }
    return new Difference(maxAbs, maxRelative);
  }

  static Difference compare(int output, float[] found, float[] expected, double tolerance) {
    if (found.length != expected.length) {
      throw new ExportException(
          "output %d has %d elements; DJL gives %d"
              .formatted(output, found.length, expected.length));
    }
    double largest = 0;
    double difference = 0;
    int worst = 0;
    for (int i = 0; i < found.length; i++) {
      if (!Float.isFinite(found[i]) || !Float.isFinite(expected[i])) {
        throw new ExportException(
            "element %d of output %d is %s, DJL gives %s; allowed: finite numbers"
                .formatted(i, output, found[i], expected[i]));
      }
      largest = Math.max(largest, Math.abs(expected[i]));
      if (Math.abs((double) found[i] - expected[i]) > difference) {
        difference = Math.abs((double) found[i] - expected[i]);
        worst = i;
      }
    }
    if (difference > tolerance * (1 + largest)) {
      throw new ExportException(
          String.format(
              Locale.ROOT,
              "the exported model does not compute what DJL computes: element %d of output %d is"
                  + " %s, DJL gives %s; allowed difference: %.3g",
              worst,
              output,
              found[worst],
              expected[worst],
              tolerance * (1 + largest)));
    }
    return new Difference(difference, largest == 0 ? difference : difference / largest);
  }
}
