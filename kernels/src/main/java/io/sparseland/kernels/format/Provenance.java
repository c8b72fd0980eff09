// SPDX-License-Identifier: Apache-2.0
package io.sparseland.kernels.format;

import java.util.Collections;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * Where a model comes from.
 *
 * @param name name of the model
 * @param recipeHash SHA-256 of the recipe, hex, or ""
 * @param seed seed of the run
 * @param versions versions by component, such as sparseland, djl, pytorch
 */
public record Provenance(String name, String recipeHash, long seed, Map<String, String> versions) {

  /** Copies the versions, sorted. */
  public Provenance {
    SortedMap<String, String> sorted = new TreeMap<>(versions);
    versions = Collections.unmodifiableSortedMap(sorted);
  }
}
