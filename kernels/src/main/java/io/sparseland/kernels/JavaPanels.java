// SPDX-License-Identifier: Apache-2.0
package io.sparseland.kernels;

/** {@link Layout#PANELS} in plain Java. */
final class JavaPanels {

  private JavaPanels() {}

  static void convert(int m, int k, Tensor x, Tensor y) {
    JavaWorkers.run(panels(m), p -> write(y, m, k, p, read(x, m, k, p)));
  }

  static int panels(int m) {
    return (m + Layout.PANEL - 1) / Layout.PANEL;
  }

  /** Panel p of [m, k] as [k][width]; padding is 0 where the tensor has none. */
  static float[] read(Tensor x, int m, int k, int p) {
    int width = Layout.width(m, p);
    float[] panel = new float[k * width];
    if (x.layout() == Layout.PANELS) {
      x.floats().get(p * Layout.PANEL * k, panel);
      return panel;
    }
    float[] rows = new float[tokens(m, p) * k];
    x.floats().get(p * Layout.PANEL * k, rows);
    for (int i = 0; i < rows.length; i++) {
      panel[i % k * width + i / k] = rows[i];
    }
    return panel;
  }

  /** Writes panel p of [m, k], given as [k][width]. */
  static void write(Tensor y, int m, int k, int p, float[] panel) {
    if (y.layout() == Layout.PANELS) {
      y.floats().put(p * Layout.PANEL * k, panel);
      return;
    }
    int width = Layout.width(m, p);
    float[] rows = new float[tokens(m, p) * k];
    for (int i = 0; i < rows.length; i++) {
      rows[i] = panel[i % k * width + i / k];
    }
    y.floats().put(p * Layout.PANEL * k, rows);
  }

  private static int tokens(int m, int p) {
    return Math.min(Layout.PANEL, m - p * Layout.PANEL);
  }
}
