// SPDX-License-Identifier: Apache-2.0
package io.sparseland.core;

import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;
import java.util.regex.Pattern;

/**
 * Which layers a step works on.
 *
 * <p>A name is a glob over dotted layer names ({@code *} any characters, {@code ?} one), or {@code
 * first} or {@code last}: the first or last linear layer or convolution. A tied weight is found by
 * any of its names. A layer is selected if its type is in {@code types}, one of {@code names}
 * matches (an empty list: all do) and none of {@code except} does.
 *
 * @param types allowed types; empty: linear layers and convolutions
 * @param names globs, one of which must match; empty: all layers
 * @param except globs, none of which may match
 */
public record Selector(Set<LayerType> types, List<String> names, List<String> except) {

  private static final Set<LayerType> PRUNABLE =
      Collections.unmodifiableSet(EnumSet.of(LayerType.LINEAR, LayerType.CONVOLUTION));

  /** Copies the collections. */
  public Selector {
    types = types.isEmpty() ? PRUNABLE : Collections.unmodifiableSet(EnumSet.copyOf(types));
    names = List.copyOf(names);
    except = List.copyOf(except);
  }

  /**
   * A layer that is left alone.
   *
   * @param reason a phrase such as "matches except: last"
   */
  public record Exclusion(Layer layer, String reason) {}

  /**
   * All layers, in their order, in two lists.
   *
   * @param selected never empty
   * @param excluded with reasons
   */
  public record Selection(List<Layer> selected, List<Exclusion> excluded) {}

  /** Linear layers and convolutions except the last one, which is usually the classifier. */
  public static Selector defaults() {
    return new Selector(PRUNABLE, List.of(), List.of("last"));
  }

  /** All linear layers and convolutions. */
  public static Selector all() {
    return new Selector(PRUNABLE, List.of(), List.of());
  }

  /** The selected layers of {@link #resolve}. */
  public List<Layer> select(List<Layer> all) {
    return resolve(all).selected();
  }

  /**
   * Splits layers into selected and excluded ones.
   *
   * @param all in forward order
   * @throws IllegalArgumentException for a name that matches nothing, with near names, or if
   *     nothing is selected, with the reasons
   */
  public Selection resolve(List<Layer> all) {
    List<Rule> wanted = rules("names", names, all);
    List<Rule> unwanted = rules("except", except, all);
    List<Layer> selected = new ArrayList<>();
    List<Exclusion> excluded = new ArrayList<>();
    for (Layer layer : all) {
      String reason = reason(layer, wanted, unwanted);
      if (reason.isEmpty()) {
        selected.add(layer);
      } else {
        excluded.add(new Exclusion(layer, reason));
      }
    }
    Check.that(
        !selected.isEmpty(),
        "no layer is selected: %s",
        all.isEmpty()
            ? "the model has none"
            : String.join(
                "; ", excluded.stream().map(e -> e.layer().name() + " " + e.reason()).toList()));
    return new Selection(List.copyOf(selected), List.copyOf(excluded));
  }

  private record Rule(String text, Predicate<Layer> matches) {}

  private String reason(Layer layer, List<Rule> wanted, List<Rule> unwanted) {
    if (!types.contains(layer.type())) {
      return "is of type " + layer.type() + ", wanted: " + types;
    }
    if (!wanted.isEmpty() && wanted.stream().noneMatch(rule -> rule.matches().test(layer))) {
      return "matches none of names: " + names;
    }
    return unwanted.stream()
        .filter(rule -> rule.matches().test(layer))
        .findFirst()
        .map(rule -> "matches except: " + rule.text())
        .orElse("");
  }

  private static List<Rule> rules(String key, List<String> texts, List<Layer> all) {
    List<Rule> rules = new ArrayList<>();
    for (String text : texts) {
      Predicate<Layer> matches = matcher(text, all);
      if (all.stream().noneMatch(matches)) {
        List<String> known = new ArrayList<>(List.of("first", "last"));
        all.forEach(layer -> known.addAll(namesOf(layer)));
        throw new IllegalArgumentException(
            "%s: '%s' matches no layer%s".formatted(key, text, NearNames.hint(text, known)));
      }
      rules.add(new Rule(text, matches));
    }
    return rules;
  }

  private static Predicate<Layer> matcher(String text, List<Layer> all) {
    List<Layer> prunable = all.stream().filter(l -> PRUNABLE.contains(l.type())).toList();
    if ((text.equals("first") || text.equals("last")) && !prunable.isEmpty()) {
      Layer end = prunable.get(text.equals("first") ? 0 : prunable.size() - 1);
      return end::equals;
    }
    Pattern pattern = glob(text);
    return layer -> namesOf(layer).stream().anyMatch(name -> pattern.matcher(name).matches());
  }

  private static List<String> namesOf(Layer layer) {
    List<String> names = new ArrayList<>(List.of(layer.name()));
    names.addAll(layer.aliases());
    return names;
  }

  private static Pattern glob(String text) {
    StringBuilder regex = new StringBuilder();
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      regex.append(c == '*' ? ".*" : c == '?' ? "." : Pattern.quote(String.valueOf(c)));
    }
    return Pattern.compile(regex.toString());
  }
}
