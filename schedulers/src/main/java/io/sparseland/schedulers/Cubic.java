// SPDX-License-Identifier: Apache-2.0
package io.sparseland.schedulers;

import io.sparseland.core.Schedule;

/**
 * {@code to + (from - to) (1 - u)^3} with {@code u = (step - begin) / (end - begin)} held in [0,
 * 1]: prune much while the network has much to spare.
 *
 * @param from value up to {@code begin}, 0 to 1
 * @param to value from {@code end} on, 0 to 1
 * @param begin last step at {@code from}
 * @param end first step at {@code to}, after {@code begin}
 * @see <a href="https://arxiv.org/abs/1710.01878">Zhu and Gupta 2017, "To prune, or not to prune",
 *     eq. 1</a>
 */
public record Cubic(double from, double to, long begin, long end) implements Schedule {

  /** Checks values and order. */
  public Cubic {
    Ramps.check(from, to, begin, end);
  }

  /**
   * PST's warm-up: at {@code from} for the first {@code head} of the training, at {@code to} for
   * the last {@code tail} of it; 0.1 and 0.3 there.
   *
   * @param steps of the whole training
   * @see <a href="https://arxiv.org/abs/2205.11005">Li et al. 2022, "Parameter-Efficient Sparsity
   *     for Large Language Models Fine-Tuning"</a>
   */
  public static Cubic warmedUp(double from, double to, double head, double tail, long steps) {
    return new Cubic(from, to, Math.round(head * steps), steps - Math.round(tail * steps));
  }

  @Override
  public double at(long step) {
    double left = 1 - Ramps.done(step, begin, end);
    return left == 1 ? from : to + (from - to) * left * left * left;
  }
}
