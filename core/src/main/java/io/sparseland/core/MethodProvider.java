// SPDX-License-Identifier: Apache-2.0
package io.sparseland.core;

import java.util.List;

/**
 * Brings methods into the catalogue. Found by {@link java.util.ServiceLoader}: a jar with a file
 * {@code META-INF/services/io.sparseland.core.MethodProvider} that names an implementation adds its
 * methods by lying on the class path.
 */
public interface MethodProvider {

  /** The methods, one line each. */
  List<MethodEntry> methods();
}
