// SPDX-License-Identifier: Apache-2.0
package io.sparseland.kernels.format;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Lets the n-th operation on the disk fail, counted from 0. */
final class FailAt implements AtomicFiles.Hook {

  private final int n;
  private final List<AtomicFiles.Step> steps = new ArrayList<>();

  FailAt(int n) {
    this.n = n;
  }

  @Override
  public void before(AtomicFiles.Step step, Path path) throws IOException {
    steps.add(step);
    if (steps.size() == n + 1) {
      throw new IOException("no space left on device");
    }
  }

  /** The operation that failed. */
  AtomicFiles.Step failed() {
    return steps.get(n);
  }
}
