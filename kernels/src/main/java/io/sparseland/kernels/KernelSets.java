// SPDX-License-Identifier: Apache-2.0
package io.sparseland.kernels;

import java.util.ArrayList;
import java.util.List;

/** Which kernel sets exist on this machine and which one is taken. */
final class KernelSets {

  private static final String FORCED = "SPARSELAND_ISA";
  private static final JavaKernels JAVA = new JavaKernels();

  private KernelSets() {}

  static List<String> levels() {
    return all().stream().map(KernelSet::name).toList();
  }

  static Kernels best() {
    String forced = System.getenv(FORCED);
    return forced == null || forced.isEmpty()
        ? new CheckedKernels(all().get(0))
        : of(forced, FORCED);
  }

  static Kernels of(String level) {
    return of(level, "level");
  }

  static Kernels of(String level, String source) {
    for (KernelSet set : all()) {
      if (set.name().equals(level)) {
        return new CheckedKernels(set);
      }
    }
    throw new IllegalArgumentException(
        String.format(
            "%s is '%s', this machine has %s (%s)",
            source, level, String.join(", ", levels()), NativeLibrary.status()));
  }

  private static List<KernelSet> all() {
    List<KernelSet> all = new ArrayList<>(NativeLibrary.kernels());
    all.add(JAVA);
    return all;
  }
}
