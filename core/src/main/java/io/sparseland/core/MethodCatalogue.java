// SPDX-License-Identifier: Apache-2.0
package io.sparseland.core;

import java.util.Collection;
import java.util.Collections;
import java.util.List;
import java.util.ServiceLoader;
import java.util.TreeMap;

/** All methods on the class path, by name. */
public final class MethodCatalogue {

  private final TreeMap<String, MethodEntry> byName = new TreeMap<>();

  private MethodCatalogue(Iterable<MethodProvider> providers) {
    for (MethodProvider provider : providers) {
      for (MethodEntry entry : provider.methods()) {
        MethodEntry other = byName.putIfAbsent(entry.name(), entry);
        Check.that(
            other == null,
            "two methods are called '%s': %s and %s",
            entry.name(),
            other == null ? "" : other.type().getName(),
            entry.type().getName());
      }
    }
  }

  /** Asks every {@link MethodProvider} on the class path. */
  public static MethodCatalogue load() {
    return new MethodCatalogue(ServiceLoader.load(MethodProvider.class));
  }

  /** The methods of given providers. */
  public static MethodCatalogue of(List<MethodProvider> providers) {
    return new MethodCatalogue(providers);
  }

  /** All methods, by name. */
  public Collection<MethodEntry> methods() {
    return Collections.unmodifiableCollection(byName.values());
  }

  /**
   * A method by name.
   *
   * @throws IllegalArgumentException if there is none, with near names
   */
  public MethodEntry get(String name) {
    MethodEntry entry = byName.get(name);
    if (entry == null) {
      throw new IllegalArgumentException(
          "no method is called '" + name + "'" + NearNames.hint(name, byName.keySet()));
    }
    return entry;
  }
}
