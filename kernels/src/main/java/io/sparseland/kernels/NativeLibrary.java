// SPDX-License-Identifier: Apache-2.0
package io.sparseland.kernels;

import java.util.List;

/** The native library with the fast kernels: whether it is loaded, and why not. */
public final class NativeLibrary {

  private NativeLibrary() {}

  /** One line for people: what was loaded, or why nothing was. */
  public static String status() {
    return "native kernels: not built";
  }

  /** Levels of the loaded library that this CPU can run, fastest first; empty without a library. */
  static List<String> levels() {
    return List.of();
  }
}
