// SPDX-License-Identifier: Apache-2.0
package io.sparseland.core.graph;

import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import ai.djl.util.Pair;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Dotted names of a block's parameters.
 *
 * <p>A layer's name is the path of its block through {@code getChildren}, without DJL's position
 * prefix, first letters small; siblings with equal names get {@code .0}, {@code .1} in order. A
 * root that owns parameters itself is named after its class. A block with several weights adds the
 * weight's own name. A parameter met twice (shared block, tied weight) keeps its first name; the
 * others are aliases.
 */
final class Names {

  private final Map<String, NamedParameter> byName = new LinkedHashMap<>();
  private final IdentityHashMap<Parameter, String> names = new IdentityHashMap<>();
  private final IdentityHashMap<Object, String> storages = new IdentityHashMap<>();
  private final Map<Class<?>, List<String>> paths = new HashMap<>();

  private Names() {}

  static Names of(Block root) {
    Names names = new Names();
    names.walk(root, "");
    return names;
  }

  Collection<NamedParameter> parameters() {
    return byName.values();
  }

  NamedParameter get(String name) {
    NamedParameter parameter = byName.get(name);
    if (parameter == null) {
      throw new IllegalArgumentException("no parameter '" + name + "'; known: " + byName.keySet());
    }
    return parameter;
  }

  /** The name of a parameter; null when it is not in the tree. */
  @Nullable String nameOf(Parameter parameter) {
    return names.get(parameter);
  }

  /** Path of the only block of a class, else the class's simple name. */
  String describe(Class<?> blockClass) {
    List<String> found = paths.getOrDefault(blockClass, List.of());
    String simple = blockClass.getName().replaceAll(".*[.]", "");
    return found.size() == 1 && !found.get(0).isEmpty()
        ? "'" + found.get(0) + "' (" + simple + ")"
        : simple;
  }

  private void walk(Block block, String path) {
    paths.computeIfAbsent(block.getClass(), k -> new ArrayList<>()).add(path);
    addParameters(block, path);
    Map<String, Integer> total = new HashMap<>();
    List<String> own = new ArrayList<>();
    int position = 0;
    for (Pair<String, Block> child : block.getChildren()) {
      String name = childName(child.getKey(), ++position);
      own.add(name);
      total.merge(name, 1, Integer::sum);
    }
    Map<String, Integer> next = new HashMap<>();
    position = 0;
    for (Pair<String, Block> child : block.getChildren()) {
      String name = own.get(position++);
      if (total.getOrDefault(name, 0) > 1) {
        int index = next.merge(name, 1, Integer::sum) - 1;
        name = name + "." + index;
      }
      walk(child.getValue(), path.isEmpty() ? name : path + "." + name);
    }
  }

  private void addParameters(Block block, String path) {
    List<Pair<String, Parameter>> direct = new ArrayList<>();
    block.getDirectParameters().forEach(direct::add);
    if (direct.isEmpty()) {
      return;
    }
    String layer = path.isEmpty() ? lower(block.getClass().getSimpleName()) : path;
    boolean several = direct.stream().filter(p -> isWeight(p.getValue())).count() > 1;
    for (Pair<String, Parameter> p : direct) {
      String own = p.getKey().replace('.', '_');
      add(
          layer + "." + own,
          several && isWeight(p.getValue()) ? layer + "." + own : layer,
          p.getValue());
    }
  }

  private void add(String name, String layer, Parameter parameter) {
    String first = names.get(parameter);
    if (first == null && parameter.isInitialized()) {
      first = storages.get(parameter.getArray());
    }
    if (first != null) {
      names.putIfAbsent(parameter, first);
      NamedParameter known = get(first);
      List<String> aliases = new ArrayList<>(known.aliases());
      aliases.add(name);
      List<String> layerAliases = new ArrayList<>(known.layerAliases());
      layerAliases.add(layer);
      byName.put(
          first,
          new NamedParameter(first, known.layer(), aliases, layerAliases, known.parameter()));
      return;
    }
    names.put(parameter, name);
    if (parameter.isInitialized()) {
      storages.put(parameter.getArray(), name);
    }
    NamedParameter added = new NamedParameter(name, layer, List.of(), List.of(), parameter);
    if (byName.put(name, added) != null) {
      throw new TraceException("two parameters would be called '" + name + "'");
    }
  }

  private static boolean isWeight(Parameter parameter) {
    return switch (parameter.getType()) {
      case WEIGHT -> true;
      case OTHER -> parameter.getShape() != null && parameter.getShape().dimension() > 1;
      default -> false;
    };
  }

  static String childName(String key, int position) {
    String prefix = String.format(Locale.ROOT, "%02d", position);
    String name = key.startsWith(prefix) ? key.substring(prefix.length()) : key;
    if (name.equals(key) && key.matches("\\d\\d\\D.*")) {
      name = key.substring(2); // a list that was edited keeps the old numbers
    }
    return lower(name.isEmpty() ? key : name.replace('.', '_'));
  }

  private static String lower(String name) {
    return name.isEmpty()
        ? "block"
        : name.substring(0, 1).toLowerCase(Locale.ROOT) + name.substring(1);
  }
}
