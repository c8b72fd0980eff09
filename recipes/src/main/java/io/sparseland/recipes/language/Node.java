// SPDX-License-Identifier: Apache-2.0
package io.sparseland.recipes.language;

import java.util.List;
import java.util.Optional;

/** A piece of a recipe with its place: a scalar, a list of items, or fields. */
public sealed interface Node {

  /** Where the piece begins. */
  Place place();

  /** In an error message: what kind of piece this is, with its text. */
  String describe();

  /** An equal node that is not the same object. */
  static Node copy(Node node) {
    if (node instanceof Fields fields) {
      return new Fields(fields.place(), fields.fields());
    }
    if (node instanceof Items items) {
      return new Items(items.place(), items.items());
    }
    Scalar scalar = (Scalar) node;
    return new Scalar(scalar.place(), scalar.form(), scalar.text());
  }

  /** What a scalar looks like in YAML; quoted text is always {@code TEXT}. */
  enum Form {
    TEXT,
    NUMBER,
    BOOLEAN,
    NULL
  }

  /** A single value. */
  record Scalar(Place place, Form form, String text) implements Node {
    @Override
    public String describe() {
      return switch (form) {
        case TEXT -> "the text '" + Words.shorten(text) + "'";
        case NUMBER -> "the number " + Words.shorten(text);
        case BOOLEAN -> "'" + text + "'";
        case NULL -> "nothing";
      };
    }
  }

  /** A list. */
  record Items(Place place, List<Node> items) implements Node {
    @Override
    public String describe() {
      return "a list";
    }
  }

  /** A mapping; keys are unique. */
  record Fields(Place place, List<Field> fields) implements Node {

    /** The field of that key. */
    public Optional<Field> field(String key) {
      return fields.stream().filter(f -> f.key().equals(key)).findFirst();
    }

    @Override
    public String describe() {
      return "a mapping";
    }
  }

  /** One key and its value. */
  record Field(Place place, String key, Node value) {}
}
