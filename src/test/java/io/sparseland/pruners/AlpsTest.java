// SPDX-License-Identifier: Apache-2.0
package io.sparseland.pruners;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDManager;
import io.sparseland.core.Evidence;
import io.sparseland.core.Fixtures;
import io.sparseland.core.Layer;
import io.sparseland.core.Pattern;
import io.sparseland.core.Pruner;
import io.sparseland.core.Solution;
import java.util.Random;
import org.apache.commons.math3.linear.RealMatrix;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class AlpsTest {

  private NDManager manager;

  @BeforeEach
  void open() {
    manager = NDManager.newBaseManager();
  }

  @AfterEach
  void close() {
    manager.close();
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5})
  void beats_sparsegpt_even_with_the_best_weights_on_its_mask(long seed) {
    Random random = new Random(seed);
    Layer layer = Fixtures.linear(manager, "w", 16, 32, Layerwise.weights(random, 512));
    double[][] x = Layerwise.inputs(random, 200, 32);
    Evidence evidence = Layerwise.gram(manager, x);
    RealMatrix h = Layerwise.hessian(x, 0.01);

    Solution alps = Pruner.of(new Alps(0.01, 300)).solve(layer, evidence, 154, null);

    Solution swept = Pruner.of(SparseGpt.defaults()).solve(layer, evidence, 154, null);
    Solution refit = new LeastSquares(0.01).rebuild(layer, swept, evidence);
    assertThat(alps.mask().kept()).isEqualTo(154);
    assertThat(Layerwise.loss(layer, alps.masked(), h))
        .isLessThan(Layerwise.loss(layer, refit.masked(), h));
  }

  @Test
  void the_first_number_of_a_pattern_is_what_stays() {
    Random random = new Random(7);
    Layer layer = Fixtures.linear(manager, "w", 4, 16, Layerwise.weights(random, 64));
    Evidence evidence = Layerwise.gram(manager, Layerwise.inputs(random, 90, 16));

    Solution found =
        Pruner.of(new Alps(0.01, 300)).with(Pattern.nm(1, 4)).solve(layer, evidence, 16, null);

    assertThat(found.mask().pattern()).isEqualTo(Pattern.nm(1, 4));
    assertThat(found.mask().kept()).isEqualTo(16);
  }

  @Test
  void without_anything_to_prune_the_weights_stay() {
    Random random = new Random(8);
    Layer layer = Fixtures.linear(manager, "w", 4, 8, Layerwise.weights(random, 32));
    Evidence evidence = Layerwise.gram(manager, Layerwise.inputs(random, 50, 8));

    Solution found = Pruner.of(new Alps(0.01, 300)).solve(layer, evidence, 32, null);

    assertThat(found.masked().toDoubleArray())
        .containsExactly(Layerwise.doubles(layer), within(1e-9));
  }
}
