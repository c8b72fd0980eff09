// SPDX-License-Identifier: Apache-2.0
package io.sparseland.kernels.runtime;

import io.sparseland.kernels.Layout;
import io.sparseland.kernels.Tensor;
import io.sparseland.kernels.graph.Port;
import io.sparseland.kernels.graph.Size;
import io.sparseland.kernels.graph.ValueType;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Values of the symbols of a graph, found from the shapes of its inputs. */
final class Binding {

  private Binding() {}

  /**
   * Solves the symbols and checks every input.
   *
   * @throws IllegalArgumentException naming the input, what was found and what is allowed
   */
  static Map<String, Long> of(List<Port> ports, List<Tensor> inputs) {
    if (inputs.size() != ports.size()) {
      throw new IllegalArgumentException(
          "found %d inputs; allowed: %d, %s"
              .formatted(inputs.size(), ports.size(), ports.stream().map(Binding::text).toList()));
    }
    Map<String, Long> symbols = new TreeMap<>();
    for (int i = 0; i < ports.size(); i++) {
      Port port = ports.get(i);
      Tensor input = inputs.get(i);
      if (input.type() != port.type()
          || input.layout() != Layout.ROWS
          || input.rank() != port.shape().size()) {
        throw misfit(port, input, "");
      }
      for (int axis = 0; axis < input.rank(); axis++) {
        Size size = port.shape().get(axis);
        if (size.isSymbol()) {
          long value = input.dimension(axis);
          Long known = symbols.putIfAbsent(size.toString(), value);
          if (known != null && known != value) {
            throw misfit(port, input, " with %s = %d as before".formatted(size, known));
          }
        }
      }
    }
    for (int i = 0; i < ports.size(); i++) {
      Port port = ports.get(i);
      int[] allowed = new ValueType(port.type(), port.shape()).at(symbols);
      if (!Arrays.equals(allowed, inputs.get(i).shape())) {
        throw misfit(port, inputs.get(i), symbols.isEmpty() ? "" : " with " + symbols);
      }
    }
    return symbols;
  }

  private static IllegalArgumentException misfit(Port port, Tensor input, String known) {
    return new IllegalArgumentException(
        "input '%s': found %s; allowed: %s%s%s"
            .formatted(port.name(), input, port.type(), port.shape(), known));
  }

  private static String text(Port port) {
    return "'%s' %s%s".formatted(port.name(), port.type(), port.shape());
  }
}
