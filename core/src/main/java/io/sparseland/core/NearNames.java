// SPDX-License-Identifier: Apache-2.0
package io.sparseland.core;

import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Collectors;

/** Finds what was probably meant by a misspelt name. */
public final class NearNames {

  private static final int MOST = 3;

  private NearNames() {}

  /** The three names nearest by edit distance, nearest first. */
  public static List<String> of(String wrong, Collection<String> known) {
    return known.stream()
        .distinct()
        .sorted(
            Comparator.<String>comparingInt(name -> distance(wrong, name))
                .thenComparing(Comparator.naturalOrder()))
        .limit(MOST)
        .toList();
  }

  /** {@code "; nearest: 'a', 'b'"} for the end of a message, empty when nothing is known. */
  public static String hint(String wrong, Collection<String> known) {
    return known.isEmpty()
        ? ""
        : of(wrong, known).stream().collect(Collectors.joining("', '", "; nearest: '", "'"));
  }

  /** Levenshtein distance. */
  private static int distance(String a, String b) {
    int[] row = new int[b.length() + 1];
    for (int j = 0; j <= b.length(); j++) {
      row[j] = j;
    }
    for (int i = 1; i <= a.length(); i++) {
      int diagonal = row[0];
      row[0] = i;
      for (int j = 1; j <= b.length(); j++) {
        int replaced = diagonal + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1);
        diagonal = row[j];
        row[j] = Math.min(replaced, 1 + Math.min(row[j], row[j - 1]));
      }
    }
    return row[b.length()];
  }
}
