// SPDX-License-Identifier: Apache-2.0
package io.sparseland.recipes.language;

import io.sparseland.recipes.language.Node.Field;
import io.sparseland.recipes.language.Node.Fields;
import io.sparseland.recipes.language.Node.Items;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Changes from the command line: {@code --set steps.0.train.epochs=3}.
 *
 * <p>A path of keys; items of a list by index from 0 or by the {@code id} of a step; the value is
 * YAML in flow style, so whole mappings can be exchanged. Keys that are not there yet are added.
 */
public final class Overrides {

  private Overrides() {}

  /**
   * The tree with every override applied, in order.
   *
   * @throws RecipeException if a path leads nowhere or a value is not YAML
   */
  public static Node apply(Node root, List<String> overrides) {
    Mistakes mistakes = new Mistakes();
    for (String override : overrides) {
      String source = "--set " + override;
      int equals = override.indexOf('=');
      if (equals < 1) {
        mistakes.add(Place.of(source), "needs PATH=VALUE", "for example steps.0.train.epochs=3");
        continue;
      }
      try {
        Node value = YamlReader.value(source, override.substring(equals + 1));
        List<String> path = List.of(override.substring(0, equals).split("\\.", -1));
        root = replace(root, path, 0, value);
      } catch (RecipeException e) {
        e.mistakes().forEach(m -> mistakes.add(m.place(), m.message(), m.hint()));
      }
    }
    mistakes.throwIfAny();
    return root;
  }

  /**
   * A value in YAML flow style.
   *
   * @param source the argument it is part of, for messages
   * @throws RecipeException if it is not YAML
   */
  public static Node value(String source, String text) {
    return YamlReader.value(source, text);
  }

  private static Node replace(Node node, List<String> path, int depth, Node value) {
    if (depth == path.size()) {
      return value;
    }
    String step = path.get(depth);
    Place place = value.place();
    if (step.isEmpty() || depth >= YamlReader.MAX_DEPTH) {
      throw new RecipeException(
          place, "'" + String.join(".", path) + "' is not a path", "for example a.0.b=1");
    }
    if (node instanceof Items items) {
      int index = index(items, step, path, place);
      List<Node> changed = new ArrayList<>(items.items());
      changed.set(index, replace(changed.get(index), path, depth + 1, value));
      return new Items(items.place(), List.copyOf(changed));
    }
    if (node instanceof Fields fields) {
      List<Field> changed = new ArrayList<>();
      boolean found = false;
      for (Field field : fields.fields()) {
        boolean here = field.key().equals(step);
        found |= here;
        changed.add(
            here
                ? new Field(field.place(), step, replace(field.value(), path, depth + 1, value))
                : field);
      }
      if (!found) {
        Node empty = new Fields(place, List.of());
        changed.add(new Field(place, step, replace(empty, path, depth + 1, value)));
      }
      return new Fields(fields.place(), List.copyOf(changed));
    }
    // A word such as `allocation: erk`, or nothing: becomes a mapping with the new key.
    return replace(new Fields(place, List.of()), path, depth, value);
  }

  private static int index(Items items, String step, List<String> path, Place place) {
    if (step.matches("\\d{1,6}")) {
      int index = Integer.parseInt(step);
      if (index < items.items().size()) {
        return index;
      }
    }
    List<String> ids = items.items().stream().map(Overrides::id).toList();
    if (ids.contains(step) && !step.isEmpty()) {
      return ids.indexOf(step);
    }
    List<String> allowed = new ArrayList<>();
    IntStream.range(0, ids.size()).forEach(i -> allowed.add(Integer.toString(i)));
    ids.stream().filter(id -> !id.isEmpty()).forEach(allowed::add);
    throw new RecipeException(
        place,
        "no item '" + step + "' in '" + String.join(".", path) + "'",
        allowed.isEmpty() ? "the list is empty" : "the items are: " + String.join(", ", allowed));
  }

  private static String id(Node item) {
    return item instanceof Fields fields
            && fields.field("id").map(Field::value).orElse(null) instanceof Node.Scalar id
        ? id.text()
        : "";
  }
}
