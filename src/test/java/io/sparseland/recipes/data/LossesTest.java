// SPDX-License-Identifier: Apache-2.0
package io.sparseland.recipes.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.GradientCollector;
import io.sparseland.training.NextToken;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class LossesTest {

  private NDManager manager;

  @BeforeEach
  void open() {
    manager = NDManager.newBaseManager("PyTorch");
  }

  @AfterEach
  void close() {
    manager.close();
  }

  @Test
  void the_next_token_is_predicted_from_every_place_but_the_last() {
    NDArray logits = manager.create(new float[] {0, 1, 2, 0, 9, 9}, new Shape(1, 3, 2));
    NDArray next = manager.create(new long[] {1, 0}, new Shape(1, 2));

    float loss = new NextToken().evaluate(new NDList(next), new NDList(logits)).getFloat();

    // -log(e / (1 + e)) = 0.313262 and -log(e^2 / (e^2 + 1)) = 0.126928
    assertThat(loss).isCloseTo((0.313262f + 0.126928f) / 2, within(1e-5f));
  }

  @Test
  void outer_products_of_noise_gradients_are_the_gauss_newton_matrix_of_the_direction() {
    int seeds = 8; // neighbouring seeds must not give neighbouring noise
    int rows = 2000;
    NDArray f = manager.create(new float[] {3, 4}, new Shape(1, 2)).repeat(0, rows);
    f.setRequiresGradient(true);
    double[] products = new double[3];

    for (int seed = 0; seed < seeds; seed++) {
      float[] gradient = gradient(f, seed); // of a mean over the rows
      for (int r = 0; r < rows; r++) {
        double a = rows * (double) gradient[2 * r];
        double b = rows * (double) gradient[2 * r + 1];
        products[0] += a * a / (seeds * rows);
        products[1] += a * b / (seeds * rows);
        products[2] += b * b / (seeds * rows);
      }
    }

    // J = (I - u u^T) / |f| with u = (0.6, 0.8), |f| = 5: J J = ((0.64, -0.48), (-0.48, 0.36)) / 25
    assertThat(products)
        .containsExactly(new double[] {0.0256, -0.0192, 0.0144}, within(0.05 * 0.0256));
  }

  @Test
  void a_label_fixes_the_noise() {
    NDArray f = manager.create(new float[] {3, 4}, new Shape(1, 2));
    f.setRequiresGradient(true);

    assertThat(gradient(f, 1)).isEqualTo(gradient(f, 1)).isNotEqualTo(gradient(f, 2));
  }

  private float[] gradient(NDArray f, long seed) {
    try (GradientCollector collector = Engine.getEngine("PyTorch").newGradientCollector()) {
      collector.zeroGradients();
      NDArray label = manager.create(new long[] {seed});
      collector.backward(new OutputNoise().evaluate(new NDList(label), new NDList(f)));
    }
    return f.getGradient().toFloatArray();
  }
}
