// SPDX-License-Identifier: Apache-2.0
package io.sparseland.recipes.language;

import java.util.Collection;
import java.util.Comparator;
import java.util.Locale;
import java.util.Optional;
import java.util.TreeSet;
import org.apache.commons.text.similarity.JaroWinklerSimilarity;
import org.apache.commons.text.similarity.LevenshteinDistance;

/** Words of the language: nearest ones, spelling of Java names, quoting. */
public final class Words {

  private Words() {}

  /** The allowed word that {@code found} was probably meant to be, if any is near. */
  public static Optional<String> nearest(String found, Collection<String> allowed) {
    String word = found.toLowerCase(Locale.ROOT).replace('-', '_');
    if (word.length() > 64) {
      return Optional.empty();
    }
    var similarity = new JaroWinklerSimilarity();
    var distance = LevenshteinDistance.getDefaultInstance();
    return allowed.stream()
        .filter(
            a ->
                similarity.apply(word, a) >= 0.8
                    || distance.apply(word, a) <= Math.max(1, a.length() / 3))
        .max(
            Comparator.<String>comparingDouble(a -> similarity.apply(word, a))
                .thenComparing(Comparator.reverseOrder()));
  }

  /** {@code did you mean 'x'? allowed here: a, b}. */
  public static String hint(String found, Collection<String> allowed) {
    String list = "allowed here: " + String.join(", ", new TreeSet<>(allowed));
    return nearest(found, allowed).map(n -> "did you mean '" + n + "'? " + list).orElse(list);
  }

  /** {@code weightDecay} as it is written in a recipe: {@code weight_decay}. */
  public static String key(String javaName) {
    return javaName.replaceAll("([a-z0-9])([A-Z])", "$1_$2").toLowerCase(Locale.ROOT);
  }

  /** A text that fits in a message. */
  static String shorten(String text) {
    String line = text.replace("\n", "\\n").replaceAll("\\p{Cntrl}", "?");
    return line.length() <= 60 ? line : line.substring(0, 57) + "...";
  }
}
