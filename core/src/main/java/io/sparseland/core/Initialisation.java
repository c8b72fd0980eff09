// SPDX-License-Identifier: Apache-2.0
package io.sparseland.core;

import java.util.Arrays;

/**
 * Weights at the start of sparse training: He's {@code N(0, 2 / fan_in)} makes units too quiet when
 * most of their inputs are cut.
 *
 * @see <a href="https://arxiv.org/abs/2010.03533">Evci et al. 2020, "Gradient Flow in Sparse Neural
 *     Networks and How Lottery Tickets Win", section 3.1</a>
 */
public enum Initialisation {
  /** What the model has; as in RigL's main results. */
  KEEP,
  /** {@code N(0, 2 / (fan_in · density))} in each layer. */
  LAYER,
  /** {@code N(0, 2 / active inputs)} for each output; one without inputs gets 0. */
  UNIT;

  /** Standard deviation of each output's weights; {@code [out]}, 0 where nothing is kept. */
  public double[] deviations(Mask mask) {
    Geometry g = mask.geometry();
    double[] active = new double[g.out()];
    mask.keptSet().stream().forEach(i -> active[i / g.in()]++);
    if (this == LAYER) {
      Arrays.fill(active, mask.kept() / (double) g.out()); // fan_in · density
    } else if (this == KEEP) {
      throw new IllegalStateException("weights that are kept have no deviation to draw with");
    }
    return Arrays.stream(active).map(inputs -> inputs == 0 ? 0 : Math.sqrt(2 / inputs)).toArray();
  }

  /**
   * Weights {@code [out, in]}, 0 outside the mask; fixed by seed and name.
   *
   * @param name of the layer
   */
  public float[] draw(Mask mask, long seed, String name) {
    double[] deviations = deviations(mask);
    CounterRandom random = CounterRandom.of(seed, name + "/initial", 0);
    float[] weights = new float[mask.size()];
    int in = mask.geometry().in();
    mask.keptSet().stream()
        .forEach(i -> weights[i] = (float) (deviations[i / in] * random.normal(i)));
    return weights;
  }
}
