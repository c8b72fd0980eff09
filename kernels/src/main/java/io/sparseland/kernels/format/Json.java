// SPDX-License-Identifier: Apache-2.0
package io.sparseland.kernels.format;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import java.io.CharArrayReader;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A strictly read JSON value that knows where it stands: every wrong type, missing or unknown field
 * is a {@link FormatException} with file, place and path. Memory is bounded by the limits on
 * document, tokens and depth.
 */
final class Json {

  static final int MAX_DOCUMENT_BYTES = 64 << 20;
  private static final int MAX_TOKENS = 8_000_000;

  private static final JsonFactory FACTORY =
      JsonFactory.builder()
          .streamReadConstraints(
              StreamReadConstraints.builder()
                  .maxNestingDepth(16)
                  .maxNameLength(4096)
                  .maxNumberLength(64)
                  .maxStringLength(1 << 20)
                  .maxDocumentLength(MAX_DOCUMENT_BYTES)
                  .maxTokenCount(MAX_TOKENS)
                  .build())
          .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
          .disable(JsonFactory.Feature.CANONICALIZE_FIELD_NAMES)
          .build();

  private final String file;
  private final @Nullable Json parent;
  private final Object key; // name in the parent object, or index in the parent array
  private final long offset;
  private final Object value; // Map, List, String, Number (its text), Boolean, or NULL

  private record Numeral(String text, boolean whole) {}

  private enum Literal {
    NULL
  }

  private Json(JsonParser parser, String file, @Nullable Json parent, Object key)
      throws IOException {
    this.file = file;
    this.parent = parent;
    this.key = key;
    this.offset = parser.currentTokenLocation().getCharOffset();
    this.value =
        switch (parser.currentToken()) {
          case START_OBJECT -> members(parser);
          case START_ARRAY -> items(parser);
          case VALUE_STRING -> parser.getText();
          case VALUE_NUMBER_INT -> new Numeral(parser.getText(), true);
          case VALUE_NUMBER_FLOAT -> new Numeral(parser.getText(), false);
          case VALUE_TRUE -> true;
          case VALUE_FALSE -> false;
          default -> Literal.NULL;
        };
  }

  /** Parses a whole document. */
  static Json parse(String file, byte[] bytes) {
    try {
      CharBuffer text = StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes));
      CharArrayReader reader = new CharArrayReader(text.array(), 0, text.limit());
      try (JsonParser parser = FACTORY.createParser(reader)) {
        if (parser.nextToken() == null) {
          throw new FormatException(file, 0, "nothing", "a JSON value");
        }
        Json json = new Json(parser, file, null, "");
        JsonToken more = parser.nextToken();
        if (more != null) {
          throw new FormatException(
              file, parser.currentTokenLocation().getCharOffset(), more.toString(), "the end");
        }
        return json;
      }
    } catch (JsonProcessingException e) {
      long offset = e.getLocation() == null ? 0 : e.getLocation().getCharOffset();
      throw new FormatException(file, offset, e.getOriginalMessage(), "strict JSON", e);
    } catch (CharacterCodingException e) {
      throw new FormatException(file, FormatException.NOWHERE, "malformed UTF-8", "UTF-8", e);
    } catch (IOException e) {
      throw new AssertionError("memory does no input or output", e);
    }
  }

  private Map<String, Json> members(JsonParser parser) throws IOException {
    Map<String, Json> members = new LinkedHashMap<>();
    while (parser.nextToken() == JsonToken.FIELD_NAME) {
      String name = parser.currentName();
      parser.nextToken();
      members.put(name, new Json(parser, file, this, name));
    }
    return members;
  }

  private List<Json> items(JsonParser parser) throws IOException {
    List<Json> items = new ArrayList<>();
    while (parser.nextToken() != JsonToken.END_ARRAY) {
      items.add(new Json(parser, file, this, items.size()));
    }
    return items;
  }

  /** The members of an object. */
  Fields fields() {
    if (value instanceof Map<?, ?> members) {
      Map<String, Json> fields = new LinkedHashMap<>();
      members.forEach((name, member) -> fields.put((String) name, (Json) member));
      return new Fields(fields);
    }
    throw fault("an object");
  }

  /** The items of an array. */
  List<Json> list() {
    if (value instanceof List<?> items) {
      return items.stream().map(item -> (Json) item).toList();
    }
    throw fault("an array");
  }

  String string() {
    if (value instanceof String text) {
      return text;
    }
    throw fault("a string");
  }

  boolean bool() {
    if (value instanceof Boolean flag) {
      return flag;
    }
    throw fault("true or false");
  }

  boolean isWhole() {
    return value instanceof Numeral number && number.whole();
  }

  boolean isObject() {
    return value instanceof Map;
  }

  long whole(long least, long most) {
    if (isWhole()) {
      try {
        long number = Long.parseLong(((Numeral) value).text());
        if (number >= least && number <= most) {
          return number;
        }
      } catch (NumberFormatException e) {
        throw fault("a whole number from " + least + " to " + most);
      }
    }
    throw fault("a whole number from " + least + " to " + most);
  }

  int integer() {
    return (int) whole(Integer.MIN_VALUE, Integer.MAX_VALUE);
  }

  /** A finite number. */
  double number() {
    if (value instanceof Numeral number && Double.isFinite(Double.parseDouble(number.text()))) {
      return Double.parseDouble(number.text());
    }
    throw fault("a finite number");
  }

  /** A finite number, or the strings "inf" and "-inf". */
  float float32() {
    if (value instanceof Numeral number) {
      float result = Float.parseFloat(number.text());
      if (Float.isFinite(result)) {
        return result;
      }
    } else if ("inf".equals(value)) {
      return Float.POSITIVE_INFINITY;
    } else if ("-inf".equals(value)) {
      return Float.NEGATIVE_INFINITY;
    }
    throw fault("a number in the range of fp32, \"inf\" or \"-inf\"");
  }

  /** A constant of an enumeration by its name in small letters. */
  <E extends Enum<E>> E constant(Class<E> type) {
    List<String> names = new ArrayList<>();
    for (E constant : type.getEnumConstants()) {
      String name = constant.name().toLowerCase(Locale.ROOT);
      if (name.equals(value)) {
        return constant;
      }
      names.add(name);
    }
    throw fault("one of " + names);
  }

  FormatException fault(String allowed) {
    return fault(describe(), allowed);
  }

  FormatException fault(String found, String allowed) {
    return new FormatException(file, offset, found + path(), allowed);
  }

  private String path() {
    StringBuilder path = new StringBuilder();
    for (Json at = this; at != null && at.parent != null; at = at.parent) {
      path.insert(0, at.key instanceof Integer index ? "[" + index + "]" : "." + at.key);
    }
    return path.isEmpty() ? "" : " in '" + path.substring(path.charAt(0) == '.' ? 1 : 0) + "'";
  }

  private String describe() {
    if (value instanceof Map) {
      return "an object";
    } else if (value instanceof List) {
      return "an array";
    } else if (value instanceof Numeral number) {
      return number.text();
    } else if (value instanceof String text) {
      return "\"" + text.substring(0, Math.min(60, text.length())) + "\"";
    }
    return value == Literal.NULL ? "null" : value.toString();
  }

  /** The members of an object, each to be taken once. */
  final class Fields {
    private final Map<String, Json> rest;

    private Fields(Map<String, Json> members) {
      rest = members;
    }

    /** Takes a member that must be there. */
    Json take(String name) {
      Json member = rest.remove(name);
      if (member == null) {
        throw fault("no field '" + name + "'", "an object that has it");
      }
      return member;
    }

    /** Takes a member that may be missing. */
    @Nullable Json optional(String name) {
      return rest.remove(name);
    }

    /** Takes all that is left. */
    Map<String, Json> rest() {
      Map<String, Json> all = new LinkedHashMap<>(rest);
      rest.clear();
      return all;
    }

    /** Refuses what was not taken. */
    void end() {
      if (!rest.isEmpty()) {
        Json first = rest.values().iterator().next();
        throw first.fault("the unknown field '" + first.key + "'", "only the fields of the format");
      }
    }

    FormatException fault(String found, String allowed) {
      return Json.this.fault(found, allowed);
    }
  }
}
