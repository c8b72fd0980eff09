// SPDX-License-Identifier: Apache-2.0
package io.sparseland.kernels;

import java.nio.FloatBuffer;
import java.nio.LongBuffer;
import org.jspecify.annotations.Nullable;

/** A matrix for the Java kernels: row-major values, with columns and row starts when sparse. */
final class JavaWeights implements PackedWeights {

  private final int outputs;
  private final int inputs;
  private final int groups;
  private final boolean sparse;
  private final long bytes;
  private volatile @Nullable Data data;

  /** Values; {@code columns} and {@code starts} are empty for a dense matrix. */
  @SuppressWarnings("ArrayRecordComponent") // never compared, never leaves the package
  record Data(float[] values, int[] columns, int[] starts) {}

  private JavaWeights(int outputs, int inputs, int groups, Data data) {
    this.outputs = outputs;
    this.inputs = inputs;
    this.groups = groups;
    this.data = data;
    this.sparse = data.starts().length > 0;
    this.bytes = 4L * (data.values().length + data.columns().length + data.starts().length);
  }

  static JavaWeights dense(int outputs, int inputs, int groups, FloatBuffer values) {
    float[] copy = new float[outputs * inputs];
    values.get(copy);
    return new JavaWeights(outputs, inputs, groups, new Data(copy, new int[0], new int[0]));
  }

  static JavaWeights sparse(
      int outputs, int inputs, int groups, LongBuffer mask, FloatBuffer nonzeros) {
    float[] values = new float[nonzeros.remaining()];
    nonzeros.get(values);
    int[] columns = new int[values.length];
    int[] starts = new int[outputs + 1];
    int at = 0;
    for (int word = 0; word < mask.remaining(); word++) {
      for (long bits = mask.get(word); bits != 0; bits &= bits - 1) {
        int index = word * 64 + Long.numberOfTrailingZeros(bits);
        columns[at++] = index % inputs;
        starts[index / inputs + 1]++;
      }
    }
    for (int row = 0; row < outputs; row++) {
      starts[row + 1] += starts[row];
    }
    return new JavaWeights(outputs, inputs, groups, new Data(values, columns, starts));
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
  public int groups() {
    return groups;
  }

  @Override
  public boolean sparse() {
    return sparse;
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
