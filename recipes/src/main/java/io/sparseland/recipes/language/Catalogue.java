// SPDX-License-Identifier: Apache-2.0
package io.sparseland.recipes.language;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * What the language knows: families of kinds (optimizers, methods, ...), types written as text, and
 * settings that stand among those of their owner.
 *
 * <p>A new method is one line: {@code kind(SparsityMethod.class, "rigl", RigL.class, "{drop:
 * {cosine: 0.3}}")}. The settings are the components of the record, in {@code snake_case}.
 */
public final class Catalogue {

  /**
   * One word of the language.
   *
   * @param name as written in a recipe
   * @param settings the record whose components are the settings
   * @param make turns the bound record into the value
   * @param defaults settings that may be left out, as a YAML mapping in flow style
   */
  record Kind(
      String name, Class<? extends Record> settings, Function<Object, ?> make, String defaults) {}

  /** Settings merged into those of their owner. */
  record Inline(Class<? extends Record> settings, Function<Object, ?> make) {}

  private final Map<Class<?>, Map<String, Kind>> families = new LinkedHashMap<>();
  private final Map<Class<?>, Function<String, ?>> texts = new LinkedHashMap<>();
  private final Map<Class<?>, Inline> inlines = new LinkedHashMap<>();

  /** A kind that is its own settings record. */
  public <T, S extends Record> Catalogue kind(
      Class<T> family, String name, Class<S> settings, String defaults) {
    if (!family.isAssignableFrom(settings)) {
      throw new IllegalArgumentException(settings + " is no " + family);
    }
    return kind(family, name, settings, defaults, family::cast);
  }

  /** A kind that is made from its settings record. */
  public <T, S extends Record> Catalogue kind(
      Class<T> family,
      String name,
      Class<S> settings,
      String defaults,
      Function<? super S, ? extends T> make) {
    Kind kind = new Kind(name, settings, s -> make.apply(settings.cast(s)), defaults);
    families.computeIfAbsent(family, f -> new LinkedHashMap<>()).put(name, kind);
    return this;
  }

  /** A type that is written as one text, such as {@code "2:4"}. */
  public <T> Catalogue text(Class<T> type, Function<String, ? extends T> parse) {
    texts.put(type, parse);
    return this;
  }

  /** A type whose settings stand directly among those of its owner. */
  public <T, S extends Record> Catalogue inline(
      Class<T> type, Class<S> settings, Function<? super S, ? extends T> make) {
    inlines.put(type, new Inline(settings, s -> make.apply(settings.cast(s))));
    return this;
  }

  /** The words of a family, in the order they were added. */
  public Iterable<String> words(Class<?> family) {
    return kinds(family).keySet();
  }

  Map<String, Kind> kinds(Class<?> family) {
    return families.getOrDefault(family, Map.of());
  }

  boolean isFamily(Class<?> type) {
    return families.containsKey(type);
  }

  @Nullable Function<String, ?> textOf(Class<?> type) {
    return texts.get(type);
  }

  @Nullable Inline inlineOf(Class<?> type) {
    return inlines.get(type);
  }
}
