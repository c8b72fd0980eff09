// SPDX-License-Identifier: Apache-2.0
package io.sparseland.models.files;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import io.sparseland.kernels.format.FormatException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Optional;

/** A JSON object of a file, with errors that name file and key. */
record JsonFile(String file, JsonObject object) {

  private static final long MOST_BYTES = 16 << 20;

  static JsonFile read(Path path) throws IOException {
    String file = path.toString();
    if (!Files.isRegularFile(path)) {
      throw new NoSuchFileException(file);
    }
    if (Files.size(path) > MOST_BYTES) {
      throw new FormatException(file, 0, Files.size(path) + " bytes", "at most " + MOST_BYTES);
    }
    try {
      return new JsonFile(file, JsonParser.parseString(Files.readString(path)).getAsJsonObject());
    } catch (JsonParseException | IllegalStateException | StackOverflowError e) {
      throw new FormatException(file, FormatException.NOWHERE, "no JSON object", "one", e);
    }
  }

  Optional<JsonElement> find(String key) {
    return Optional.ofNullable(object.get(key)).filter(value -> !value.isJsonNull());
  }

  JsonFile inside(String key) {
    JsonElement value = find(key).orElseThrow(() -> missing(key));
    if (!value.isJsonObject()) {
      throw wrong(key, value, "an object");
    }
    return new JsonFile(file, value.getAsJsonObject());
  }

  int size(String key) {
    double value = number(key);
    if (value != Math.rint(value) || value < 0 || value > Integer.MAX_VALUE) {
      throw wrong(key, object.get(key), "a whole number from 0 to 2147483647");
    }
    return (int) value;
  }

  int size(String key, int otherwise) {
    return find(key).isPresent() ? size(key) : otherwise;
  }

  double number(String key) {
    JsonElement value = find(key).orElseThrow(() -> missing(key));
    if (!value.isJsonPrimitive() || !value.getAsJsonPrimitive().isNumber()) {
      throw wrong(key, value, "a number");
    }
    return value.getAsDouble();
  }

  String text(String key) {
    JsonElement value = find(key).orElseThrow(() -> missing(key));
    if (!value.isJsonPrimitive() || !value.getAsJsonPrimitive().isString()) {
      throw wrong(key, value, "a text");
    }
    return value.getAsString();
  }

  boolean flag(String key, boolean otherwise) {
    JsonElement value = find(key).orElse(null);
    if (value == null) {
      return otherwise;
    }
    if (!value.isJsonPrimitive() || !value.getAsJsonPrimitive().isBoolean()) {
      throw wrong(key, value, "true or false");
    }
    return value.getAsBoolean();
  }

  /** Refuses a setting that our blocks do not have; one that is left out has this value too. */
  void must(String key, Object only) {
    JsonElement value = find(key).orElse(null);
    if (value != null && !value.getAsString().equals(only.toString())) {
      throw wrong(key, value, only.toString());
    }
  }

  private FormatException missing(String key) {
    return new FormatException(file, FormatException.NOWHERE, "no '" + key + "'", "one");
  }

  private FormatException wrong(String key, JsonElement found, String allowed) {
    return new FormatException(
        file, FormatException.NOWHERE, "'%s': %s".formatted(key, found), allowed);
  }
}
