// SPDX-License-Identifier: Apache-2.0
package io.sparseland.kernels;

import java.nio.FloatBuffer;
import java.nio.LongBuffer;
import org.jspecify.annotations.Nullable;

/** A matrix for the Java kernels: row-major values, with columns and row starts when sparse. */
final class JavaWeights implements PackedWeights {

  private final int outputs;
  private final int inputs;
  private final @Nullable ConvShape window;
  private final WeightType type;
  private final String design;
  private final long bytes;
  private volatile @Nullable Data data;

  /**
   * Values, those of INT8 as whole numbers; {@code columns} and {@code starts} are empty for a
   * dense matrix, {@code scales} for all types but INT8.
   */
  @SuppressWarnings("ArrayRecordComponent") // never compared, never leaves the package
  record Data(float[] values, int[] columns, int[] starts, float[] scales) {

    Data(float[] values) {
      this(values, new int[0], new int[0], new float[0]);
    }

    int begin(int row, int inputs) {
      return starts.length > 0 ? starts[row] : row * inputs;
    }

    int column(int row, int place, int inputs) {
      return starts.length > 0 ? columns[place] : place - row * inputs;
    }
  }

  JavaWeights(Matrix w, String design) {
    this.outputs = w.outputs();
    this.inputs = w.inputs();
    this.window = w.window();
    this.type = w.values().type();
    this.design = design;
    Data packed = design.equals(Kernels.SPARSE) ? sparse(w) : dense(w);
    this.bytes =
        4L
            * (packed.values().length
                + packed.columns().length
                + packed.starts().length
                + packed.scales().length);
    this.data = packed;
  }

  private static Data dense(Matrix w) {
    float[] values = new float[w.outputs() * w.inputs()];
    LongBuffer mask = w.mask();
    int at = 0;
    for (int i = 0; i < values.length; i++) {
      if (mask == null || (mask.get(i / 64) >>> (i % 64) & 1) != 0) {
        values[i] = w.values().get(at++);
      }
    }
    return new Data(values, new int[0], new int[0], scales(w));
  }

  private static Data sparse(Matrix w) {
    float[] values = new float[w.values().count()];
    int[] columns = new int[values.length];
    int[] starts = new int[w.outputs() + 1];
    LongBuffer mask = w.mask();
    int at = 0;
    for (int row = 0; row < w.outputs(); row++) {
      for (int column = 0; column < w.inputs(); column++) {
        int i = row * w.inputs() + column;
        if (mask == null || (mask.get(i / 64) >>> (i % 64) & 1) != 0) {
          columns[at] = column;
          values[at] = w.values().get(at);
          at++;
        }
      }
      starts[row + 1] = at;
    }
    return new Data(values, columns, starts, scales(w));
  }

  private static float[] scales(Matrix w) {
    FloatBuffer scales = w.values().scales();
    float[] copy = new float[scales == null ? 0 : scales.limit()];
    if (scales != null) {
      scales.get(copy);
    }
    return copy;
  }

  /** The contents, which a running call keeps alive. */
  Data data() {
    Data current = data;
    if (current == null) {
      throw new IllegalStateException("the weights are closed");
    }
    return current;
  }

  @Override
  public int outputs() {
    return outputs;
  }

  @Override
  public int inputs() {
    return inputs;
  }

  @Override
  public @Nullable ConvShape window() {
    return window;
  }

  @Override
  public WeightType type() {
    return type;
  }

  @Override
  public String design(int tokens) {
    return design;
  }

  @Override
  public long bytes() {
    return bytes;
  }

  @Override
  public void close() {
    data = null;
  }
}
