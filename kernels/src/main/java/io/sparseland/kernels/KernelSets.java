// SPDX-License-Identifier: Apache-2.0
package io.sparseland.kernels;

import java.util.ArrayList;
import java.util.List;

/** Which kernel sets exist on this machine and which one is taken. */
final class KernelSets {

  private static final String FORCED = "SPARSELAND_ISA";
  private static final String JAVA = "java";

  private KernelSets() {}

  static List<String> levels() {
    List<String> levels = new ArrayList<>(NativeLibrary.levels());
    levels.add(JAVA);
    return List.copyOf(levels);
  }

  static Kernels of(String level) {
    return of(level, "level");
  }

  static Kernels best() {
    String forced = System.getenv(FORCED);
    if (forced == null || forced.isEmpty()) {
      return of(levels().get(0), "level");
    }
    return of(forced, FORCED);
  }

  static Kernels of(String level, String source) {
    List<String> levels = levels();
    Check.that(
        levels.contains(level),
        "%s is '%s', this machine has %s (%s)",
        source,
        level,
        String.join(", ", levels),
        NativeLibrary.status());
    return new CheckedKernels(new JavaKernels());
  }
}
