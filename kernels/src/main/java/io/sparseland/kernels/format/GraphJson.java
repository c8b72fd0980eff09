// SPDX-License-Identifier: Apache-2.0
package io.sparseland.kernels.format;

import com.fasterxml.jackson.core.JsonGenerator;
import io.sparseland.kernels.ElementType;
import io.sparseland.kernels.graph.ModelGraph;
import io.sparseland.kernels.graph.Node;
import io.sparseland.kernels.graph.Op;
import io.sparseland.kernels.graph.Port;
import io.sparseland.kernels.graph.Size;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** A graph as JSON. */
final class GraphJson {

  private static final int MAX_NODES = 100_000;

  private GraphJson() {}

  static void write(JsonGenerator json, ModelGraph graph) throws IOException {
    json.writeStartObject();
    ports(json, "inputs", graph.inputs());
    json.writeArrayFieldStart("nodes");
    for (Node node : graph.nodes()) {
      json.writeStartObject();
      json.writeStringField("output", node.output());
      OpJson.write(json, node.op());
      json.writeArrayFieldStart("inputs");
      for (String input : node.inputs()) {
        json.writeString(input);
      }
      json.writeEndArray();
      json.writeStringField("layer", node.layer());
      json.writeEndObject();
    }
    json.writeEndArray();
    ports(json, "outputs", graph.outputs());
    json.writeEndObject();
  }

  static ModelGraph read(Json json) {
    Json.Fields fields = json.fields();
    List<Port> inputs = readPorts(fields.take("inputs"));
    Json nodes = fields.take("nodes");
    List<Node> read = new ArrayList<>();
    if (nodes.list().size() > MAX_NODES) {
      throw nodes.fault(nodes.list().size() + " nodes", "at most " + MAX_NODES);
    }
    for (Json node : nodes.list()) {
      read.add(readNode(node));
    }
    List<Port> outputs = readPorts(fields.take("outputs"));
    fields.end();
    try {
      return new ModelGraph(inputs, read, outputs);
    } catch (IllegalArgumentException e) {
      throw json.fault(String.valueOf(e.getMessage()), "a sound graph");
    }
  }

  private static Node readNode(Json json) {
    Json.Fields fields = json.fields();
    Op op;
    try {
      op = OpJson.read(fields);
    } catch (IllegalArgumentException e) {
      throw json.fault(String.valueOf(e.getMessage()), "a sound operation");
    }
    List<String> inputs = fields.take("inputs").list().stream().map(Json::string).toList();
    String output = fields.take("output").string();
    String layer = fields.take("layer").string();
    fields.end();
    return new Node(output, op, inputs, layer);
  }

  private static void ports(JsonGenerator json, String name, List<Port> ports) throws IOException {
    json.writeArrayFieldStart(name);
    for (Port port : ports) {
      json.writeStartObject();
      json.writeStringField("name", port.name());
      json.writeStringField("type", port.type().name().toLowerCase(Locale.ROOT));
      json.writeFieldName("shape");
      sizes(json, port.shape());
      json.writeEndObject();
    }
    json.writeEndArray();
  }

  private static List<Port> readPorts(Json json) {
    List<Port> ports = new ArrayList<>();
    for (Json port : json.list()) {
      Json.Fields fields = port.fields();
      ports.add(
          new Port(
              fields.take("name").string(),
              fields.take("type").constant(ElementType.class),
              readSizes(fields.take("shape"))));
      fields.end();
    }
    return ports;
  }

  static void sizes(JsonGenerator json, List<Size> sizes) throws IOException {
    json.writeStartArray();
    for (Size size : sizes) {
      size(json, size);
    }
    json.writeEndArray();
  }

  static void size(JsonGenerator json, Size size) throws IOException {
    if (size.isConstant()) {
      json.writeNumber(size.constant());
      return;
    }
    json.writeStartObject();
    for (Map.Entry<String, Long> term : size.terms().entrySet()) {
      json.writeNumberField(term.getKey(), term.getValue());
    }
    json.writeEndObject();
  }

  static List<Size> readSizes(Json json) {
    return json.list().stream().map(GraphJson::readSize).toList();
  }

  static Size readSize(Json json) {
    if (!json.isObject()) {
      return Size.of(json.whole(Long.MIN_VALUE, Long.MAX_VALUE));
    }
    Map<String, Long> terms = new LinkedHashMap<>();
    json.fields()
        .rest()
        .forEach(
            (product, coefficient) ->
                terms.put(product, coefficient.whole(Long.MIN_VALUE, Long.MAX_VALUE)));
    Size size;
    try {
      size = Size.ofTerms(terms);
    } catch (IllegalArgumentException | ArithmeticException e) {
      throw json.fault(String.valueOf(e.getMessage()), "a sum of products of symbols");
    }
    if (size.isConstant() || !size.terms().equals(terms)) {
      throw json.fault(
          "the size " + terms,
          "a number, or terms that are not 0 with the symbols of each in order");
    }
    return size;
  }
}
