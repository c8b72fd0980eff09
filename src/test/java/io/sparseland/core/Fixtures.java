// SPDX-License-Identifier: Apache-2.0
package io.sparseland.core;

import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Parameter;
import java.util.Arrays;

/** The fixtures of algorithms/post-training.md section 0, and readable masks. */
public final class Fixtures {

  private static final float[] WEIGHTS = {
    0.9f, -1.2f, 0.7f, 0.8f, -0.7f, 0.4f, 1.5f, -0.2f, 0.1f, 0.5f, -0.6f, -1.1f
  };

  private static final float[][] INPUTS = {
    {1.0f, 0.2f, -0.5f, 2.0f},
    {0.5f, -0.1f, 1.5f, -1.0f},
    {-1.5f, 0.3f, 0.5f, 0.5f},
    {2.0f, -0.4f, 1.0f, 0.0f},
    {0.0f, 0.6f, -1.0f, 1.5f},
    {1.0f, 0.1f, 2.0f, -0.5f}
  };

  private Fixtures() {}

  /** Weights, 3 x 4. */
  public static float[] w0() {
    return WEIGHTS.clone();
  }

  /** Inputs, 6 tokens x 4. */
  public static float[][] x0() {
    return Arrays.stream(INPUTS).map(float[]::clone).toArray(float[][]::new);
  }

  /** Rows of 0 and 1, set apart by spaces. */
  public static String bits(Mask mask) {
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < mask.size(); i++) {
      if (i > 0 && i % mask.geometry().in() == 0) {
        text.append(' ');
      }
      text.append(mask.get(i) ? '1' : '0');
    }
    return text.toString();
  }

  /** Numbers set apart by commas. */
  public static float[] flat(String text) {
    String[] parts = text.split(",", -1);
    float[] values = new float[parts.length];
    for (int i = 0; i < parts.length; i++) {
      values[i] = Float.parseFloat(parts[i].strip());
    }
    return values;
  }

  /** A linear layer on an own parameter. */
  public static Layer linear(NDManager manager, String name, int out, int in, float... weights) {
    return layer(
        manager, name, LayerType.LINEAR, Geometry.linear(out, in), new Shape(out, in), weights);
  }

  /** A layer on an own parameter. */
  public static Layer layer(
      NDManager manager,
      String name,
      LayerType type,
      Geometry geometry,
      Shape shape,
      float... weights) {
    Parameter parameter = Parameter.builder().setName(name).setType(Parameter.Type.WEIGHT).build();
    parameter.setArray(manager.create(weights, shape));
    return Layer.of(name, type, geometry, parameter);
  }

  /** Weights with many ties and exact zeros. */
  public static float[] tied(java.util.Random random, int size) {
    float[] values = new float[size];
    for (int i = 0; i < size; i++) {
      values[i] = (random.nextInt(7) - 3) / 4f;
    }
    return values;
  }
}
