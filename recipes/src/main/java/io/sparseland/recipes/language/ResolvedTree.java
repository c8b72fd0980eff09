// SPDX-License-Identifier: Apache-2.0
package io.sparseland.recipes.language;

import io.sparseland.recipes.language.Node.Field;
import io.sparseland.recipes.language.Node.Fields;
import io.sparseland.recipes.language.Node.Items;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;

/** What a recipe says once short forms are written out and defaults are filled in. */
final class ResolvedTree {

  private final IdentityHashMap<Node, Node> replaced = new IdentityHashMap<>();
  private final IdentityHashMap<Node, List<Field>> filled = new IdentityHashMap<>();

  /** A short form, written out. */
  void replace(Node node, Fields written) {
    replaced.put(node, written);
  }

  /** A setting left out of a mapping. */
  void fill(Fields fields, Field standard) {
    filled.computeIfAbsent(fields, f -> new ArrayList<>()).add(standard);
  }

  /** The node with everything in it resolved. */
  Node of(Node node) {
    Node shown = replaced.getOrDefault(node, node);
    if (shown instanceof Items items) {
      return new Items(items.place(), items.items().stream().map(this::of).toList());
    }
    if (shown instanceof Fields fields) {
      List<Field> all = new ArrayList<>(fields.fields());
      all.addAll(filled.getOrDefault(shown, List.of()));
      return new Fields(
          fields.place(),
          all.stream().map(f -> new Field(f.place(), f.key(), of(f.value()))).toList());
    }
    return shown;
  }
}
