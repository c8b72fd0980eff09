// SPDX-License-Identifier: Apache-2.0
package io.sparseland.recipes.run;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;

/** Records as JSON: {@code snake_case}, indented. */
public final class Json {

  private static final ObjectMapper MAPPER =
      JsonMapper.builder()
          .propertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE)
          .enable(SerializationFeature.INDENT_OUTPUT)
          .build();

  private Json() {}

  /** The document, without a line end after it. */
  public static String write(Object value) {
    try {
      return MAPPER.writeValueAsString(value);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException(e); // our own records
    }
  }

  /** The tree of a JSON text of ours. */
  public static com.fasterxml.jackson.databind.JsonNode read(String text)
      throws JsonProcessingException {
    return MAPPER.readTree(text);
  }
}
