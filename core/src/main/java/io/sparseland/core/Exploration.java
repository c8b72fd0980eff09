// SPDX-License-Identifier: Apache-2.0
package io.sparseland.core;

/**
 * Top-KAST's regulariser: weights that learn but are not used must shrink, or any of them would
 * take a used one's place by chance.
 *
 * <p>With A the mask, B the set that learns (A within B) and d the density of A, a weight counts by
 * {@code c = 1} on A, {@code 1 / d} on B without A, 0 elsewhere; the loss is {@code strength · sum
 * c θ^2 / 2} or {@code strength · sum c |θ|}.
 *
 * @param strength 0 or more
 * @param form of the loss
 * @see <a href="https://arxiv.org/abs/2106.03517">Jayakumar et al. 2021, "Top-KAST: Top-K Always
 *     Sparse Training", section 2.3</a>
 */
public record Exploration(double strength, Form form) {

  /** Form of the loss. */
  public enum Form {
    /** Half the sum of squares. */
    L2,
    /** The sum of absolute values. */
    L1
  }

  /** Checks the strength. */
  public Exploration {
    Check.that(strength >= 0 && strength <= 1e6, "strength is %s, allowed: 0 or more", strength);
  }

  /** {@code strength · c} for a weight that learns. */
  public double factor(boolean used, double density) {
    return used ? strength : strength / density;
  }

  /**
   * The loss.
   *
   * @param weights the stored ones, {@code [out, in]}
   * @param used A
   * @param learning B
   */
  public double loss(float[] weights, Mask used, Mask learning) {
    double density = 1 - used.sparsity();
    double sum = 0;
    for (int i = 0; i < weights.length; i++) {
      if (learning.get(i)) {
        double w = weights[i];
        sum += factor(used.get(i), density) * (form == Form.L1 ? Math.abs(w) : w * w / 2);
      }
    }
    return sum;
  }
}
