// SPDX-License-Identifier: Apache-2.0
package io.sparseland.models.files;

import io.sparseland.kernels.format.FormatException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The fp32 initialisers of an ONNX file, by the role they have in its graph.
 *
 * <p>Exporters rename and transpose the matrices of linear layers, but not their biases. So the
 * matrix of a {@code MatMul} whose product meets {@code x.bias} in an {@code Add} is {@code
 * x.weight}, {@code [out, in]} once transposed; all else keeps its name.
 */
final class OnnxWeights {

  private static final int MODEL_GRAPH = 7; // field numbers of onnx.proto
  private static final int GRAPH_NODE = 1;
  private static final int GRAPH_INITIALIZER = 5;
  private static final int NODE_INPUT = 1;
  private static final int NODE_OUTPUT = 2;
  private static final int NODE_OPERATION = 4;
  private static final int TENSOR_DIMS = 1;
  private static final int TENSOR_TYPE = 2;
  private static final int TENSOR_NAME = 8;
  private static final int TENSOR_RAW = 9;
  private static final int FLOAT = 1;

  private final String file;
  private final Map<String, FileTensor> tensors = new LinkedHashMap<>();
  private final List<Node> nodes = new ArrayList<>();

  private record Node(String operation, List<String> inputs, List<String> outputs) {}

  private OnnxWeights(String file) {
    this.file = file;
  }

  /**
   * Reads a file.
   *
   * @param file for messages
   * @throws FormatException if it is no ONNX model with its numbers inside
   */
  static Map<String, FileTensor> read(String file, ByteBuffer bytes) {
    OnnxWeights weights = new OnnxWeights(file);
    WireReader model = new WireReader(file, bytes);
    while (model.next()) {
      if (model.field() == MODEL_GRAPH && model.holdsBytes()) {
        weights.graph(model.message());
      } else {
        model.skip();
      }
    }
    if (weights.tensors.isEmpty()) {
      throw new FormatException(file, FormatException.NOWHERE, "no weights", "an ONNX model");
    }
    return weights.byRole();
  }

  private void graph(WireReader graph) {
    while (graph.next()) {
      switch (graph.field()) {
        case GRAPH_NODE -> nodes.add(node(graph.message()));
        case GRAPH_INITIALIZER -> initializer(graph.message());
        default -> graph.skip();
      }
    }
  }

  private static Node node(WireReader node) {
    List<String> inputs = new ArrayList<>();
    List<String> outputs = new ArrayList<>();
    String operation = "";
    while (node.next()) {
      switch (node.field()) {
        case NODE_INPUT -> inputs.add(node.text());
        case NODE_OUTPUT -> outputs.add(node.text());
        case NODE_OPERATION -> operation = node.text();
        default -> node.skip();
      }
    }
    return new Node(operation, inputs, outputs);
  }

  private void initializer(WireReader tensor) {
    List<Long> shape = new ArrayList<>();
    String name = "";
    long type = 0;
    ByteBuffer raw = null;
    while (tensor.next()) {
      switch (tensor.field()) {
        case TENSOR_DIMS -> shape.addAll(numbers(tensor));
        case TENSOR_TYPE -> type = tensor.number();
        case TENSOR_NAME -> name = tensor.text();
        case TENSOR_RAW -> raw = tensor.bytes();
        default -> tensor.skip();
      }
    }
    if (type != FLOAT) {
      return; // positions and shapes
    }
    long count = FileTensor.count(shape);
    if (raw == null || count * Float.BYTES != raw.remaining()) {
      throw new FormatException(
          file,
          FormatException.NOWHERE,
          "initialiser '%s' of shape %s with %d bytes"
              .formatted(name, shape, raw == null ? 0 : raw.remaining()),
          "four bytes of raw data per number");
    }
    ByteBuffer data = raw;
    tensors.put(name, new FileTensor(file, name, shape, data::asFloatBuffer));
  }

  private static List<Long> numbers(WireReader tensor) {
    if (!tensor.holdsBytes()) {
      return List.of(tensor.number());
    }
    return tensor.packed();
  }

  private Map<String, FileTensor> byRole() {
    Map<String, String> products = new HashMap<>(); // output of a MatMul to its matrix
    for (Node node : nodes) {
      if (node.operation().equals("MatMul") && node.inputs().size() == 2) {
        String matrix = node.inputs().get(1);
        if (tensors.containsKey(matrix) && !node.outputs().isEmpty()) {
          products.put(node.outputs().get(0), matrix);
        }
      }
    }
    Map<String, FileTensor> roles = new LinkedHashMap<>(tensors);
    for (Node node : nodes) {
      if (!node.operation().equals("Add")) {
        continue;
      }
      String bias = node.inputs().stream().filter(tensors::containsKey).findFirst().orElse("");
      String matrix =
          node.inputs().stream()
              .filter(products::containsKey)
              .findFirst()
              .map(products::get)
              .orElse("");
      FileTensor tensor = roles.get(matrix);
      if (bias.endsWith(".bias") && tensor != null && tensor.shape().size() == 2) {
        roles.remove(matrix);
        roles.put(bias.replaceFirst("bias$", "weight"), tensor.transposed());
      }
    }
    return roles;
  }
}
