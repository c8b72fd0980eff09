// SPDX-License-Identifier: Apache-2.0
package io.sparseland.recipes.language;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import io.sparseland.recipes.language.Node.Fields;
import io.sparseland.recipes.language.Node.Form;
import io.sparseland.recipes.language.Node.Items;
import io.sparseland.recipes.language.Node.Scalar;
import java.io.IOException;
import java.io.StringWriter;

/** Writes nodes as JSON, which is YAML too. */
public final class NodeText {

  private NodeText() {}

  /** One line of JSON; numbers as they were written, unless JSON does not know that form. */
  public static String json(Node node) {
    StringWriter text = new StringWriter();
    try (JsonGenerator out = new JsonFactory().createGenerator(text)) {
      write(node, out);
    } catch (IOException e) {
      throw new IllegalStateException(e); // writing to a string
    }
    return text.toString();
  }

  /** Writes a node where {@code out} stands. */
  public static void write(Node node, JsonGenerator out) throws IOException {
    if (node instanceof Fields fields) {
      out.writeStartObject();
      for (Node.Field field : fields.fields()) {
        out.writeFieldName(field.key());
        write(field.value(), out);
      }
      out.writeEndObject();
    } else if (node instanceof Items items) {
      out.writeStartArray();
      for (Node item : items.items()) {
        write(item, out);
      }
      out.writeEndArray();
    } else if (node instanceof Scalar scalar) {
      scalar(scalar, out);
    }
  }

  private static void scalar(Scalar scalar, JsonGenerator out) throws IOException {
    if (scalar.form() == Form.NULL) {
      out.writeNull();
    } else if (scalar.form() == Form.BOOLEAN && scalar.text().matches("true|false")) {
      out.writeBoolean(scalar.text().equals("true"));
    } else if (scalar.form() == Form.NUMBER
        && scalar.text().matches("-?(0|[1-9]\\d*)(\\.\\d+)?([eE][-+]?\\d+)?")) {
      out.writeNumber(scalar.text());
    } else {
      out.writeString(scalar.text());
    }
  }
}
