// SPDX-License-Identifier: Apache-2.0
package io.sparseland.pruners;

import static io.sparseland.core.Fixtures.bits;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDManager;
import io.sparseland.core.Evidence;
import io.sparseland.core.Fixtures;
import io.sparseland.core.Layer;
import io.sparseland.core.Pattern;
import io.sparseland.core.Pruner;
import io.sparseland.core.Scores;
import io.sparseland.core.Statistic;
import io.sparseland.pruners.Fluctuation.Metric;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The worked case of algorithms/post-training.md section 9. */
class FluctuationTest {

  private NDManager manager;

  @BeforeEach
  void open() {
    manager = NDManager.newBaseManager();
  }

  @AfterEach
  void close() {
    manager.close();
  }

  @Test
  void metrics_of_columns_are_those_of_the_specification() {
    assertColumns(Metric.IFV, 1.4, 0.117667, 1.341667, 1.341667);
    assertColumns(Metric.WIFV, 1.834, 0.217683, 4.159167, 2.535750);
    double root = Math.sqrt(6); // the specification has norms, not means over the 6 tokens
    assertColumns(Metric.WIFN, 1.652103 / root, 0.572975 / root, 2.760837 / root, 1.948718 / root);
  }

  @Test
  void the_quietest_column_goes_as_a_whole() {
    Pruner pruner = Pruner.of(new Fluctuation(Metric.WIFV, true, true)).with(Pattern.channel());

    assertThat(bits(pruner.solve(layer(), evidence(), 9, null).mask())).isEqualTo("1011 1011 1011");
  }

  @Test
  void standardised_scores_are_those_of_the_specification() {
    // one row, so that weights are the metric: [1, .2, .5, .7]
    Layer mlp = Fixtures.linear(manager, "down", 1, 4, 1, 1, 1, 1);
    Evidence variances =
        Evidence.of(
            Map.of(Statistic.INPUT_VARIANCE, manager.create(new double[] {1, .2, .5, .7})), 9);

    float[] scores = Scores.of(new Fluctuation(Metric.IFV, true, true), mlp, variances);

    assertThat(scores)
        .containsExactly(new float[] {1.188177f, -1.188177f, -0.297044f, 0.297044f}, within(1e-6f));
  }

  @Test
  void equal_columns_are_all_average() {
    Layer mlp = Fixtures.linear(manager, "down", 1, 3, 1, 1, 1);
    Evidence variances =
        Evidence.of(Map.of(Statistic.INPUT_VARIANCE, manager.create(new double[] {2, 2, 2})), 9);

    assertThat(Scores.of(new Fluctuation(Metric.IFV, true, true), mlp, variances))
        .containsExactly(0, 0, 0);
  }

  private void assertColumns(Metric metric, double... expected) {
    float[] scores = Scores.of(new Fluctuation(metric, false, true), layer(), evidence());
    for (int j = 0; j < 4; j++) {
      for (int row = 0; row < 3; row++) {
        assertThat(3.0 * scores[4 * row + j]).isCloseTo(expected[j], within(1e-5));
      }
    }
  }

  private Layer layer() {
    return Layerwise.w0(manager);
  }

  private Evidence evidence() {
    double[] variances = {1.4, 0.353 / 3, 1.341667, 1.341667};
    double[] squares = {8.5 / 6, .67 / 6, 8.75 / 6, 7.75 / 6};
    return Evidence.of(
        Map.of(
            Statistic.INPUT_VARIANCE, manager.create(variances),
            Statistic.INPUT_MEAN_SQUARE, manager.create(squares)),
        6);
  }
}
