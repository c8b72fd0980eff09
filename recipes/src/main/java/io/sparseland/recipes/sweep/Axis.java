// SPDX-License-Identifier: Apache-2.0
package io.sparseland.recipes.sweep;

import io.sparseland.recipes.language.Node;
import io.sparseland.recipes.language.Node.Fields;
import io.sparseland.recipes.language.Node.Form;
import io.sparseland.recipes.language.Node.Items;
import io.sparseland.recipes.language.Node.Scalar;
import io.sparseland.recipes.language.NodeText;
import io.sparseland.recipes.language.Overrides;
import io.sparseland.recipes.language.Place;
import io.sparseland.recipes.language.RecipeException;
import io.sparseland.recipes.language.YamlReader;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;

/**
 * One dimension of a grid: a setting, and the values it takes.
 *
 * @param path of keys, as in {@code --set}
 * @param values YAML nodes
 */
record Axis(String path, List<Node> values) {

  private static final String SPARSITY = "sparsity";

  /**
   * Reads {@code steps.0.prune=[{wanda: {sparsity: 0.5}}, {magnitude: {sparsity: 0.5}}]}, or {@code
   * steps.0.prune=@FILE} with the list in a YAML file.
   *
   * @throws RecipeException naming the argument
   * @throws IOException if the file cannot be read
   */
  static Axis parse(String argument) throws IOException {
    Place place = Place.of("--over " + argument);
    int equals = argument.indexOf('=');
    if (equals < 1) {
      throw new RecipeException(
          place, "needs PATH=[VALUE, VALUE, ...]", "for example seed=[1, 2, 3]");
    }
    String text = argument.substring(equals + 1);
    Node value =
        text.startsWith("@")
            ? YamlReader.read(Path.of(text.substring(1)))
            : Overrides.value("--over " + argument, text);
    if (!(value instanceof Items items) || items.items().isEmpty()) {
      throw new RecipeException(
          place, "needs a list of values, found " + value.describe(), "for example seed=[1, 2, 3]");
    }
    return new Axis(argument.substring(0, equals), items.items());
  }

  /** The {@code --set} argument of a value. */
  String set(Node value) {
    return path + "=" + NodeText.json(value);
  }

  /** A value as a table shows it: {@code wanda sparsity=0.5}. */
  static String label(Node value) {
    return label(value, false);
  }

  /** Whether the values are numbers, so that they are points of a line rather than lines. */
  boolean isNumeric() {
    return values.stream().allMatch(v -> v instanceof Scalar s && s.form() == Form.NUMBER);
  }

  /** What tells a line of the chart from others: the value without its sparsity. */
  static String line(Node value) {
    return label(value, true);
  }

  private static String label(Node value, boolean withoutSparsity) {
    if (value instanceof Scalar scalar) {
      return scalar.text();
    }
    if (value instanceof Items items) {
      return items.items().stream()
          .map(item -> label(item, withoutSparsity))
          .collect(Collectors.joining(" + "));
    }
    return ((Fields) value)
        .fields().stream()
            .filter(field -> !withoutSparsity || !field.key().equals(SPARSITY))
            .map(field -> label(field, withoutSparsity))
            .collect(Collectors.joining(" "));
  }

  private static String label(Node.Field field, boolean withoutSparsity) {
    String inner = label(field.value(), withoutSparsity);
    if (field.value() instanceof Scalar) {
      return field.key() + "=" + inner;
    }
    return inner.isEmpty() ? field.key() : field.key() + " " + inner;
  }
}
