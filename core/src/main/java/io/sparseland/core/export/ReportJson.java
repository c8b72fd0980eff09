// SPDX-License-Identifier: Apache-2.0
package io.sparseland.core.export;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import io.sparseland.kernels.WeightType;
import io.sparseland.kernels.tuning.DesignChoice;
import java.io.IOException;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SortedMap;

/** The {@code report.json} of an export: errors, bytes, layers. */
final class ReportJson {

  private ReportJson() {}

  static String of(
      Comparison.Difference difference,
      WeightType type,
      long bytesDense,
      List<LayerReport> layers) {
    StringWriter text = new StringWriter();
    try (JsonGenerator json = new JsonFactory().createGenerator(text).useDefaultPrettyPrinter()) {
      json.writeStartObject();
      json.writeNumberField("max_abs_error", difference.maxAbs());
      json.writeNumberField("max_relative_error", difference.maxRelative());
      json.writeNumberField("tolerance", Comparison.tolerance(type));
      json.writeStringField("type", type.name().toLowerCase(Locale.ROOT));
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
    json.writeStringField("type", layer.type().name().toLowerCase(Locale.ROOT));
    json.writeStringField("kernel", layer.kernel());
    json.writeStringField("reason", layer.reason());
    costs(json, layer.design());
    json.writeEndObject();
  }

  /**
   * For each number of tokens what the designs cost, in the unit, and dense over the chosen one.
   */
  private static void costs(JsonGenerator json, DesignChoice design) throws IOException {
    json.writeStringField("unit", design.unit());
    json.writeArrayFieldStart("costs");
    for (Map.Entry<Integer, SortedMap<String, Double>> costs : design.costs().entrySet()) {
      json.writeStartObject();
      json.writeNumberField("tokens", costs.getKey());
      Double ratio = design.ratios().get(costs.getKey());
      if (ratio != null) {
        number(json, "ratio_to_dense", ratio);
      }
      json.writeObjectFieldStart("designs");
      for (Map.Entry<String, Double> cost : costs.getValue().entrySet()) {
        number(json, cost.getKey(), cost.getValue());
      }
      json.writeEndObject();
      json.writeEndObject();
    }
    json.writeEndArray();
  }

  private static void number(JsonGenerator json, String name, double value) throws IOException {
    json.writeFieldName(name);
    json.writeNumber(String.format(Locale.ROOT, "%.4f", value));
  }
}
