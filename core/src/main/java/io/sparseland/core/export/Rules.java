// SPDX-License-Identifier: Apache-2.0
package io.sparseland.core.export;

import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The table of operations that can be exported: method name of {@code NDArray} or {@code NDArrayEx}
 * to rule. A new operation is a line in one family; a new family is a line here.
 */
final class Rules {

  private static final Map<String, Rule> TABLE = table();

  private Rules() {}

  /** The rule for a method, or null. */
  static @Nullable Rule find(String method) {
    return TABLE.get(method);
  }

  /** Names of all methods that have a rule, sorted. */
  static List<String> names() {
    return List.copyOf(TABLE.keySet());
  }

  private static Map<String, Rule> table() {
    Map<String, Rule> table = new TreeMap<>();
    for (Map<String, Rule> family :
        List.of(
            UnaryRules.all(),
            BinaryRules.all(),
            MovementRules.all(),
            IndexRules.all(),
            ReduceRules.all(),
            ProductRules.all(),
            PoolRules.all(),
            NormRules.all())) {
      family.forEach(
          (name, rule) -> {
            if (table.put(name, rule) != null) {
              throw new IllegalStateException("two rules for " + name);
            }
          });
    }
    return table;
  }
}
