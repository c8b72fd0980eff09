// SPDX-License-Identifier: Apache-2.0
package io.sparseland.core;

import java.net.URI;
import java.util.regex.Pattern;

/**
 * A method's line in the catalogue.
 *
 * @param name its word in recipes: small letters, digits, underscores
 * @param type the record whose components are its settings; a {@link Criterion} or a {@link
 *     SparsityMethod}
 * @param tags the four tags
 * @param paper where it is described
 */
public record MethodEntry(String name, Class<? extends Record> type, MethodTags tags, URI paper) {

  private static final Pattern NAME = Pattern.compile("[a-z][a-z0-9_]*");

  /** Checks name and type. */
  public MethodEntry {
    Check.that(
        NAME.matcher(name).matches(),
        "method name is '%s', allowed: small letters, digits and underscores",
        name);
    Check.that(
        Criterion.class.isAssignableFrom(type) || SparsityMethod.class.isAssignableFrom(type),
        "method %s is a %s, allowed: a Criterion or a SparsityMethod",
        name,
        type.getName());
  }

  /** Whether it scores weights, rather than trains sparse. */
  public boolean isCriterion() {
    return Criterion.class.isAssignableFrom(type);
  }
}
