// SPDX-License-Identifier: Apache-2.0
package io.sparseland.core.export;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import java.io.IOException;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.util.List;

/** The {@code report.json} of an export: errors, bytes, layers. */
final class ReportJson {

  private ReportJson() {}

  static String of(Comparison.Difference difference, long bytesDense, List<LayerReport> layers) {
    StringWriter text = new StringWriter();
    try (JsonGenerator json = new JsonFactory().createGenerator(text).useDefaultPrettyPrinter()) {
      json.writeStartObject();
      json.writeNumberField("max_abs_error", difference.maxAbs());
      json.writeNumberField("max_relative_error", difference.maxRelative());
      json.writeNumberField("tolerance", Comparison.TOLERANCE);
      json.writeNumberField("bytes_dense", bytesDense);
      json.writeArrayFieldStart("layers");
      for (LayerReport layer : layers) {
        write(json, layer);
      }
      json.writeEndArray();
      json.writeEndObject();
    } catch (IOException e) {
      throw new UncheckedIOException(e); // a StringWriter does not fail
    }
    return text.append('\n').toString();
  }

  private static void write(JsonGenerator json, LayerReport layer) throws IOException {
    json.writeStartObject();
    json.writeStringField("layer", layer.layer());
    json.writeStringField("operation", layer.operation());
    json.writeFieldName("shape");
    int[] shape = layer.shape().stream().mapToInt(n -> n).toArray();
    json.writeArray(shape, 0, shape.length);
    json.writeNumberField("kept", layer.kept());
    json.writeNumberField("sparsity", layer.sparsity());
    json.writeStringField("pattern", layer.pattern());
    json.writeStringField("kernel", layer.kernel());
    json.writeStringField("reason", layer.reason());
    json.writeEndObject();
  }
}
