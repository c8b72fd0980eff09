// SPDX-License-Identifier: Apache-2.0
package io.sparseland.kernels.runtime;

import io.sparseland.kernels.ElementType;
import io.sparseland.kernels.Kernels;
import io.sparseland.kernels.PackedWeights;
import io.sparseland.kernels.Tensor;
import io.sparseland.kernels.format.ModelContent;
import io.sparseland.kernels.format.StoredTensor;
import io.sparseland.kernels.graph.Node;
import io.sparseland.kernels.graph.Op;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.LongBuffer;
import java.util.HashMap;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;

/**
 * The stored tensors of a model in the form that the kernels take: matrices packed (sparse ones
 * straight from mask and values, never expanded), all else as off-heap tensors.
 */
final class Weights implements AutoCloseable {

  private final Map<String, PackedWeights> packed = new HashMap<>();
  private final Map<String, Tensor> tensors = new HashMap<>();

  Weights(ModelContent content, Kernels kernels) {
    Map<String, StoredTensor> stored =
        content.tensors().stream()
            .collect(Collectors.toMap(StoredTensor::name, Function.identity()));
    try {
      for (Node node : content.graph().nodes()) {
        for (String name : node.op().tensors()) {
          StoredTensor tensor = stored.get(name);
          if (tensor == null) {
            throw new IllegalArgumentException(node + ": tensor '" + name + "' does not exist");
          }
          if (isMatrix(node.op(), name)) {
            packed.computeIfAbsent(name, key -> pack(tensor, groups(node.op()), kernels));
          } else {
            tensors.computeIfAbsent(name, key -> expand(tensor));
          }
        }
      }
    } catch (RuntimeException | Error e) {
      close();
      throw e;
    }
  }

  /** A matrix of a linear layer or a convolution. */
  PackedWeights packed(String name) {
    PackedWeights weights = packed.get(name);
    if (weights == null) {
      throw new IllegalStateException("weight '" + name + "' was not packed");
    }
    return weights;
  }

  /** Any other tensor. */
  Tensor tensor(String name) {
    Tensor tensor = tensors.get(name);
    if (tensor == null) {
      throw new IllegalStateException("tensor '" + name + "' was not loaded");
    }
    return tensor;
  }

  /** Memory held, in bytes. */
  long bytes() {
    return packed.values().stream().mapToLong(PackedWeights::bytes).sum()
        + tensors.values().stream().mapToLong(t -> (long) t.size() * t.type().bytes()).sum();
  }

  @Override
  public void close() {
    packed.values().forEach(PackedWeights::close);
  }

  private static boolean isMatrix(Op op, String name) {
    return (op instanceof Op.Linear linear && linear.weight().equals(name))
        || (op instanceof Op.Conv2d conv && conv.weight().equals(name));
  }

  private static int groups(Op op) {
    return op instanceof Op.Conv2d conv ? conv.shape().groups() : 1;
  }

  private static PackedWeights pack(StoredTensor tensor, int groups, Kernels kernels) {
    int outputs = tensor.shape().get(0);
    int inputs = tensor.elements() / outputs;
    LongBuffer mask = tensor.mask();
    if (mask != null && tensor.choice().isSparse()) {
      return kernels.packSparse(outputs, inputs, groups, direct(mask), direct(tensor.values()));
    }
    FloatBuffer values = mask == null ? direct(tensor.values()) : expand(tensor).floats();
    return kernels.packDense(outputs, inputs, groups, values);
  }

  private static Tensor expand(StoredTensor tensor) {
    int[] shape = tensor.shape().stream().mapToInt(n -> n).toArray();
    Tensor dense = Tensor.allocate(ElementType.FLOAT32, shape);
    FloatBuffer target = dense.floats();
    FloatBuffer values = tensor.values();
    LongBuffer mask = tensor.mask();
    if (mask == null) {
      target.put(values);
      return dense;
    }
    for (int word = 0; word < mask.limit(); word++) {
      for (long bits = mask.get(word); bits != 0; bits &= bits - 1) {
        target.put(word * 64 + Long.numberOfTrailingZeros(bits), values.get());
      }
    }
    return dense;
  }

  /** The buffer itself when native code can read it, else a copy that it can. */
  private static FloatBuffer direct(FloatBuffer values) {
    if (values.isDirect() && values.order() == ByteOrder.nativeOrder()) {
      return values;
    }
    ByteBuffer copy = ByteBuffer.allocateDirect(Math.multiplyExact(4, values.remaining()));
    return copy.order(ByteOrder.nativeOrder()).asFloatBuffer().put(values).flip();
  }

  private static LongBuffer direct(LongBuffer words) {
    if (words.isDirect() && words.order() == ByteOrder.nativeOrder()) {
      return words;
    }
    ByteBuffer copy = ByteBuffer.allocateDirect(Math.multiplyExact(8, words.remaining()));
    return copy.order(ByteOrder.nativeOrder()).asLongBuffer().put(words).flip();
  }
}
