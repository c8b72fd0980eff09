// SPDX-License-Identifier: Apache-2.0
package io.sparseland.models;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.Shape;

/**
 * Rotary positions: pair {@code i} of a head at position {@code p} is turned by the angle {@code p
 * · base^(-2i / width)}.
 *
 * @param width numbers of one head; even
 * @param base of the angles, 10000 in the paper
 * @param pairs which two numbers of a head turn together
 * @see <a href="https://arxiv.org/abs/2104.09864">Su et al. 2021, "RoFormer: Enhanced Transformer
 *     with Rotary Position Embedding", eq. 34</a>
 */
public record Rotary(int width, double base, Pairs pairs) {

  /** Which two numbers of a head turn together. */
  public enum Pairs {
    /** Number i and number i + width / 2, as Hugging Face stores Llama. */
    HALVES,
    /** Numbers 2i and 2i + 1, as in the paper and in llama2.c. */
    NEIGHBOURS
  }

  /** Checks the numbers. */
  public Rotary {
    if (width < 2 || width % 2 != 0) {
      throw new IllegalArgumentException(
          "a head has width " + width + "; rotary positions need an even one");
    }
    if (!(base > 0 && base < Double.POSITIVE_INFINITY)) {
      throw new IllegalArgumentException("rotary base " + base + " must be above 0 and finite");
    }
  }

  /** Cosines of all angles, row-major {@code [positions, width / 2]}. */
  float[] cosines(int positions) {
    float[] table = new float[positions * width / 2];
    for (int i = 0; i < table.length; i++) {
      table[i] = (float) Math.cos(angle(i));
    }
    return table;
  }

  /** Sines of all angles, row-major {@code [positions, width / 2]}. */
  float[] sines(int positions) {
    float[] table = new float[positions * width / 2];
    for (int i = 0; i < table.length; i++) {
      table[i] = (float) Math.sin(angle(i));
    }
    return table;
  }

  private double angle(int index) {
    int half = width / 2;
    int position = index / half;
    return position * Math.pow(base, -2.0 * (index % half) / width);
  }

  /**
   * Turns queries or keys.
   *
   * @param x {@code [batch, time, heads, width]}
   * @param cosines {@code [time, 1, width / 2]}
   * @param sines the same shape
   * @return the shape of x
   */
  NDArray turn(NDArray x, NDArray cosines, NDArray sines) {
    Shape shape = x.getShape();
    boolean halves = pairs == Pairs.HALVES;
    long half = width / 2;
    NDArray paired =
        x.reshape(
            new Shape(shape.get(0), shape.get(1), shape.get(2))
                .addAll(halves ? new Shape(2, half) : new Shape(half, 2)));
    NDArray first = paired.get(new NDIndex(halves ? ":,:,:,0" : ":,:,:,:,0"));
    NDArray second = paired.get(new NDIndex(halves ? ":,:,:,1" : ":,:,:,:,1"));
    NDArray a = first.mul(cosines).sub(second.mul(sines)); // [batch, time, heads, width / 2]
    NDArray b = second.mul(cosines).add(first.mul(sines));
    return a.stack(b, halves ? 3 : 4).reshape(shape);
  }
}
