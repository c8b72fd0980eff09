// SPDX-License-Identifier: Apache-2.0
package io.sparseland.core.export;

import io.sparseland.core.Mask;
import io.sparseland.core.export.Operand.Stored;
import io.sparseland.core.export.Operand.Value;
import io.sparseland.kernels.graph.Node;
import io.sparseland.kernels.graph.Op;
import io.sparseland.kernels.graph.Size;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Collects nodes and stored tensors during lowering. */
final class Emitter {

  private final List<Node> nodes = new ArrayList<>();
  private final Map<String, Weight> weights = new LinkedHashMap<>();
  private final Map<String, String> layers;
  private final Map<String, MaskedLayer> masked;

  /**
   * @param layers dotted layer name by dotted parameter name
   * @param masked layers with a mask by dotted parameter name
   */
  Emitter(Map<String, String> layers, Map<String, MaskedLayer> masked) {
    this.layers = layers;
    this.masked = masked;
  }

  List<Node> nodes() {
    return nodes;
  }

  Map<String, Weight> weights() {
    return weights;
  }

  /** Appends a node; the value is named after the operation. */
  Value emit(Op op, List<Value> inputs, List<Size> shape, String layer) {
    String name = op.kind() + '.' + nodes.size();
    nodes.add(new Node(name, op, inputs.stream().map(Value::name).toList(), layer));
    boolean ids =
        (op instanceof Op.Reshape
                || op instanceof Op.Transpose
                || op instanceof Op.Slice
                || op instanceof Op.Concat)
            && inputs.stream().anyMatch(Value::integral);
    return new Value(name, shape, ids);
  }

  /** Stores an array in its own shape and gives the tensor's name. */
  String store(Stored stored) {
    return store(stored, Arrays.stream(stored.array().getShape().getShape()).toArray());
  }

  /**
   * Stores an array under another shape of the same size. The name is that of the parameter; of a
   * masked one that of its layer, to which the file appends {@code .values} and {@code .mask}.
   */
  String store(Stored stored, long... shape) {
    MaskedLayer layer = masked.get(stored.name());
    if (layer != null) {
      String name = layer.layer().name();
      return store(name, name, stored.floats(), layer.mask(), shape);
    }
    String name = stored.name().isEmpty() ? "constant" : stored.name();
    return store(name, layers.getOrDefault(name, ""), stored.floats(), null, shape);
  }

  /** Stores values without a mask. */
  String store(String name, String layer, float[] values, long... shape) {
    return store(name, layer, values, null, shape);
  }

  /** Stores values; the name gets a number if it is taken by others. */
  private String store(
      String name, String layer, float[] values, @Nullable Mask mask, long... shape) {
    List<Integer> sizes = Arrays.stream(shape).mapToObj(Math::toIntExact).toList();
    for (int i = 0; ; i++) {
      String candidate = i == 0 ? name : name + '.' + i;
      Weight known = weights.get(candidate);
      if (known == null) {
        weights.put(candidate, new Weight(candidate, sizes, values, layer, mask));
        return candidate;
      }
      if (known.shape().equals(sizes) && Arrays.equals(known.values(), values)) {
        return candidate;
      }
    }
  }
}
