// SPDX-License-Identifier: Apache-2.0
package io.sparseland.recipes.language;

import com.fasterxml.jackson.core.JsonLocation;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import com.fasterxml.jackson.dataformat.yaml.YAMLParser;
import io.sparseland.recipes.language.Node.Field;
import io.sparseland.recipes.language.Node.Fields;
import io.sparseland.recipes.language.Node.Form;
import io.sparseland.recipes.language.Node.Items;
import io.sparseland.recipes.language.Node.Scalar;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.yaml.snakeyaml.error.Mark;
import org.yaml.snakeyaml.error.MarkedYAMLException;

/**
 * Reads the subset of YAML that a recipe may use: mappings with unique text keys, lists, scalars.
 *
 * <p>One document of at most {@value #MAX_BYTES} bytes, nested at most {@value #MAX_DEPTH} deep; no
 * anchors, aliases, tags or merge keys. Reading works on the parser's events, so that a file built
 * to exhaust memory or stack is refused before anything is built from it.
 */
public final class YamlReader {

  /** The longest recipe. */
  public static final int MAX_BYTES = 256 * 1024;

  /** The deepest nesting. */
  public static final int MAX_DEPTH = 64;

  private static final YAMLFactory FACTORY = new YAMLFactory();

  private final String source;
  private final boolean lines;
  private final List<String> text;
  private final YAMLParser parser;
  private final Mistakes mistakes;

  private YamlReader(
      String source, boolean lines, String text, YAMLParser parser, Mistakes mistakes) {
    this.source = source;
    this.lines = lines;
    this.text = List.of(text.split("\\R", -1));
    this.parser = parser;
    this.mistakes = mistakes;
  }

  /**
   * Reads a file.
   *
   * @throws RecipeException with every duplicate key, alias, anchor and tag, or the first place
   *     that is not YAML
   * @throws IOException if the file cannot be read
   */
  public static Node read(Path file) throws IOException {
    String source = file.toString();
    byte[] bytes;
    try (InputStream in = Files.newInputStream(file)) {
      bytes = in.readNBytes(MAX_BYTES + 1);
    }
    if (bytes.length > MAX_BYTES) {
      throw new RecipeException(
          new Place(source, 1, 1),
          "the recipe is longer than " + MAX_BYTES / 1024 + " KiB",
          "recipes are short: keep data in files of its own");
    }
    try {
      String text = StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
      return read(source, text, true);
    } catch (CharacterCodingException e) {
      throw new RecipeException(new Place(source, 1, 1), "the recipe is not UTF-8 text", "");
    }
  }

  /** Reads a value given on the command line; its place is {@code source} without lines. */
  static Node value(String source, String text) {
    if (text.length() > MAX_BYTES) {
      throw new RecipeException(Place.of(source), "the value is too long", "");
    }
    return read(source, text, false);
  }

  /** Reads a text as if it were the file {@code source}. */
  public static Node parse(String source, String text) {
    return read(source, text, true);
  }

  static Node read(String source, String text, boolean lines) {
    Mistakes mistakes = new Mistakes();
    try (YAMLParser parser = FACTORY.createParser(text)) {
      YamlReader reader = new YamlReader(source, lines, text, parser, mistakes);
      JsonToken first = parser.nextToken();
      if (first == null) {
        throw new RecipeException(reader.at(1, 1), "the recipe is empty", "");
      }
      Node root = reader.node(first, 0);
      if (parser.nextToken() != null) {
        mistakes.add(reader.here(), "a second document; a recipe is one document");
      }
      mistakes.throwIfAny();
      return root;
    } catch (JsonProcessingException e) {
      throw notYaml(source, lines, text, e);
    } catch (IOException e) {
      throw new IllegalStateException(e); // reading from a string
    }
  }

  private Node node(JsonToken token, int depth) throws IOException {
    Place place = here();
    if (depth >= MAX_DEPTH) {
      mistakes.add(place, "nested deeper than " + MAX_DEPTH + " levels");
      mistakes.throwIfAny();
    }
    if (parser.isCurrentAlias()) {
      mistakes.add(place, "alias '*" + parser.getText() + "'", "write the value out");
    } else if (anchored()) {
      mistakes.add(place, "anchor '" + wordHere() + "'", "recipes have no anchors");
    }
    if (parser.getTypeId() != null) {
      mistakes.add(place, "tag '" + parser.getTypeId() + "'", "recipes have no tags");
    }
    return switch (token) {
      case START_OBJECT -> fields(place, depth);
      case START_ARRAY -> items(place, depth);
      case VALUE_NULL -> new Scalar(place, Form.NULL, parser.getText());
      case VALUE_TRUE, VALUE_FALSE -> new Scalar(place, Form.BOOLEAN, parser.getText());
      case VALUE_NUMBER_INT, VALUE_NUMBER_FLOAT -> new Scalar(place, Form.NUMBER, parser.getText());
      default -> new Scalar(place, Form.TEXT, parser.getText());
    };
  }

  /** Jackson tells of anchors on mappings and lists only; those of scalars begin the token. */
  private boolean anchored() throws IOException {
    return parser.getObjectId() != null || wordHere().startsWith("&");
  }

  /** The source from the current token to the next space. */
  private String wordHere() {
    JsonLocation location = parser.currentTokenLocation();
    String line = text.get(Math.min(location.getLineNr(), text.size()) - 1);
    return line.substring(Math.min(location.getColumnNr() - 1, line.length())).split("\\s", 2)[0];
  }

  private Items items(Place place, int depth) throws IOException {
    List<Node> items = new ArrayList<>();
    for (JsonToken t = next(); t != JsonToken.END_ARRAY; t = next()) {
      items.add(node(t, depth + 1));
    }
    return new Items(place, List.copyOf(items));
  }

  private Fields fields(Place place, int depth) throws IOException {
    List<Field> fields = new ArrayList<>();
    Map<String, Place> seen = new HashMap<>();
    while (next() != JsonToken.END_OBJECT) {
      String key = parser.getText();
      Place at = here();
      if (anchored() || parser.getTypeId() != null || parser.isCurrentAlias()) {
        mistakes.add(at, "an anchor, alias or tag on key '" + key + "'", "write plain keys");
      }
      Node value = node(next(), depth + 1);
      Place before = seen.putIfAbsent(key, at);
      if (before != null) {
        mistakes.add(
            at,
            "duplicate key '" + Words.shorten(key) + "'",
            before.line() == 0 ? "" : "first on line " + before.line());
      } else if (key.equals("<<")) {
        mistakes.add(at, "merge key '<<'", "write the values out");
      } else {
        fields.add(new Field(at, key, value));
      }
    }
    return new Fields(place, List.copyOf(fields));
  }

  private JsonToken next() throws IOException {
    JsonToken token = parser.nextToken();
    if (token == null) {
      mistakes.add(here(), "the recipe ends in the middle of a value");
      mistakes.throwIfAny();
      throw new IllegalStateException();
    }
    return token;
  }

  private Place here() {
    JsonLocation location = parser.currentTokenLocation();
    return at(location.getLineNr(), location.getColumnNr());
  }

  private Place at(int line, int column) {
    return lines ? new Place(source, line, column) : Place.of(source);
  }

  private static RecipeException notYaml(
      String source, boolean lines, String text, JsonProcessingException e) {
    int line = e.getLocation() == null ? 1 : e.getLocation().getLineNr();
    int column = e.getLocation() == null ? 1 : e.getLocation().getColumnNr();
    String problem = e.getOriginalMessage();
    if (e.getCause() instanceof MarkedYAMLException marked && marked.getProblemMark() != null) {
      Mark mark = marked.getProblemMark();
      line = mark.getLine() + 1;
      column = mark.getColumn() + 1;
      problem = marked.getProblem();
    }
    String hint = "";
    String[] all = text.split("\n", -1);
    if (line <= all.length && all[line - 1].matches(".*:\\s*[<>]=?\\s*[0-9.].*")) {
      hint = "put a comparison in quotes: \">= 0.9\"";
    }
    String message = "not valid YAML: " + Words.shorten(problem.split("\n", -1)[0]);
    return new RecipeException(
        lines ? new Place(source, line, column) : Place.of(source), message, hint);
  }
}
