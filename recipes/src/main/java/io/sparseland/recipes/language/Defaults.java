// SPDX-License-Identifier: Apache-2.0
package io.sparseland.recipes.language;

import io.sparseland.recipes.language.Catalogue.Kind;
import io.sparseland.recipes.language.Node.Field;
import io.sparseland.recipes.language.Node.Fields;
import io.sparseland.recipes.language.Node.Scalar;
import java.lang.reflect.RecordComponent;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What stands for a setting that is left out, found from the mappings around it. */
final class Defaults {

  private final Deque<Surrounding> surroundings = new ArrayDeque<>();

  /** How the mapping being bound is called in messages, and its defaults. */
  record Shown(String owner, Map<String, Node> defaults) {}

  private record Surrounding(Fields fields, Shown shown) {}

  /** The defaults that the catalogue gives for a kind. */
  static Map<String, Node> of(Kind kind) {
    Map<String, Node> defaults = new HashMap<>();
    if (YamlReader.value("defaults of '" + kind.name() + "'", kind.defaults())
        instanceof Fields fields) {
      fields.fields().forEach(f -> defaults.put(f.key(), f.value()));
    }
    return defaults;
  }

  /** What follows is bound inside that mapping. */
  void enter(Fields fields, Shown shown) {
    surroundings.push(new Surrounding(fields, shown));
  }

  /** The mapping entered last is done. */
  void leave() {
    surroundings.pop();
  }

  /** Of a component: its kind's default before its annotation's; null if it has neither. */
  @Nullable Node of(RecordComponent component, String key, Shown shown) {
    Node standard = shown.defaults().get(key);
    Default annotation = component.getAnnotation(Default.class);
    if (standard == null && annotation != null) {
      standard = YamlReader.value("default of '" + key + "'", annotation.value());
    }
    return standard == null ? null : inherited(standard);
  }

  /** A default of {@code ^until} is what the nearest surrounding mapping says for {@code until}. */
  private Node inherited(Node standard) {
    if (standard instanceof Scalar scalar && scalar.text().startsWith("^")) {
      String key = scalar.text().substring(1);
      for (Surrounding around : surroundings) {
        Node node =
            around.fields().field(key).map(Field::value).orElse(around.shown().defaults().get(key));
        if (node != null) {
          return node;
        }
      }
    }
    return standard;
  }
}
