// SPDX-License-Identifier: Apache-2.0
package io.sparseland.kernels.runtime;

import static java.util.Objects.requireNonNull;

import io.sparseland.kernels.ConvShape;
import io.sparseland.kernels.ElementType;
import io.sparseland.kernels.JavaWorkers;
import io.sparseland.kernels.Kernels;
import io.sparseland.kernels.Matrix;
import io.sparseland.kernels.PackedWeights;
import io.sparseland.kernels.Tensor;
import io.sparseland.kernels.WeightType;
import io.sparseland.kernels.format.KernelChoice;
import io.sparseland.kernels.format.ModelContent;
import io.sparseland.kernels.format.StoredTensor;
import io.sparseland.kernels.graph.Node;
import io.sparseland.kernels.graph.Op;
import java.nio.FloatBuffer;
import java.nio.LongBuffer;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The stored tensors of a model in the form that the kernels take: matrices packed (sparse ones
 * straight from mask and values, never expanded), all else as off-heap tensors.
 */
final class Weights implements AutoCloseable {

  private static final Logger LOGGER = LoggerFactory.getLogger(Weights.class);

  private final Kernels kernels;
  private final Map<Key, PackedWeights> packed = new ConcurrentHashMap<>();
  private final Map<String, Tensor> tensors = new HashMap<>();
  private final Collection<String> notes = new ConcurrentLinkedQueue<>();

  /** A tensor under one window: convolutions that share it may have several. */
  private record Key(String tensor, @Nullable ConvShape window) {
    static Key of(Op op, String tensor) {
      return new Key(tensor, op instanceof Op.Conv2d conv ? conv.shape() : null);
    }
  }

  Weights(ModelContent content, Kernels kernels) {
    this.kernels = kernels;
    Map<String, StoredTensor> stored =
        content.tensors().stream()
            .collect(Collectors.toMap(StoredTensor::name, Function.identity()));
    Set<Key> matrices = new LinkedHashSet<>();
    for (Node node : content.graph().nodes()) {
      for (String name : node.op().tensors()) {
        StoredTensor tensor = stored.get(name);
        if (tensor == null) {
          throw new IllegalArgumentException(node + ": tensor '" + name + "' does not exist");
        }
        if (isMatrix(node.op(), name)) {
          matrices.add(Key.of(node.op(), name));
        } else {
          tensors.computeIfAbsent(name, key -> expand(tensor));
        }
      }
    }
    try {
      List<Key> tasks = List.copyOf(matrices);
      JavaWorkers.run(
          tasks.size(),
          i -> {
            Key key = tasks.get(i);
            packed.put(key, pack(requireNonNull(stored.get(key.tensor())), key.window()));
          });
    } catch (RuntimeException | Error e) {
      close();
      throw e;
    }
    notes().forEach(note -> LOGGER.info("{}", note));
  }

  /** Designs of the file that could not be used, one line each, in order of their text. */
  List<String> notes() {
    return notes.stream().distinct().sorted().toList();
  }

  /** A matrix of a linear layer, or of a convolution with this window. */
  PackedWeights packed(String name, @Nullable ConvShape window) {
    PackedWeights weights = packed.get(new Key(name, window));
    if (weights == null) {
      throw new IllegalStateException("weight '" + name + "' was not packed");
    }
    return weights;
  }

  /** Name of the design by which a weight multiplies this many tokens. */
  String design(String name, int tokens) {
    return packed.entrySet().stream()
        .filter(entry -> entry.getKey().tensor().equals(name))
        .map(entry -> entry.getValue().design(tokens))
        .min(String::compareTo)
        .orElseThrow(() -> new IllegalStateException("weight '" + name + "' was not packed"));
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

  /**
   * Packs for the designs that the file names. One that these kernels lack or that refuses is
   * replaced, which is noted: by the general one of its kind, else by any, else by fp32.
   */
  private PackedWeights pack(StoredTensor tensor, @Nullable ConvShape window) {
    Matrix plain = tensor.matrix();
    Matrix matrix = window == null ? plain : plain.under(window);
    if (window != null && matrix.values().type() != WeightType.FP32) {
      notes.add("tensor '%s': convolutions run as fp32".formatted(tensor.name()));
      return kernels.pack(matrix.expanded(), Kernels.DENSE);
    }
    KernelChoice choice = tensor.choice();
    if (window != null) {
      return kernels.pack(matrix, possible(tensor.name(), matrix, choice.batch()));
    }
    String decode = possible(tensor.name(), matrix, choice.decode());
    String batch = possible(tensor.name(), matrix, choice.batch());
    if (decode.isEmpty() || batch.isEmpty()) {
      notes.add(
          "tensor '%s': the %s kernels have no design for %s; it runs as fp32"
              .formatted(tensor.name(), kernels.name(), matrix.values().type()));
      return kernels.pack(matrix.expanded(), Kernels.DENSE);
    }
    return kernels.pack(matrix, decode, batch, choice.batchFrom());
  }

  /** The design itself, or one that takes its place; "" when none takes the matrix. */
  private String possible(String name, Matrix matrix, String design) {
    boolean dense = KernelChoice.DENSE.contains(design);
    List<String> candidates =
        List.of(
            design, dense ? Kernels.DENSE : Kernels.SPARSE, dense ? Kernels.SPARSE : Kernels.DENSE);
    for (String candidate : candidates) {
      if (kernels.designs().contains(candidate) && kernels.refuses(matrix, candidate).isEmpty()) {
        if (!candidate.equals(design)) {
          notes.add(
              "tensor '%s': runs by '%s', since the %s kernels cannot run '%s': %s"
                  .formatted(name, candidate, kernels.name(), design, why(matrix, design)));
        }
        return candidate;
      }
    }
    return "";
  }

  private String why(Matrix matrix, String design) {
    return kernels.designs().contains(design)
        ? kernels.refuses(matrix, design).orElse("")
        : "there is no such design";
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
}
